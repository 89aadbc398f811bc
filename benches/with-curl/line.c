#include "line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    UPLOAD_BUFFER = 512 * 1024, /* the fastest of 64 KiB to 2 MiB */
    DOWNLOAD_BUFFER = 256 * 1024,
    IN_MEMORY = 64 * 1024, /* smaller bodies are put together before they are sent */
    ATTEMPTS = 4,
    FIRST_PAUSE = 200 /* milliseconds; each one more is four times as long */
};

void open_line(struct line *line, const char *ca_file)
{
    CURL *easy = line->easy = curl_easy_init();
    memset(&line->reply, 0, sizeof line->reply);
    if (!easy)
        fail("curl_easy_init");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_V4);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "with-curl");
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, 300L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)DOWNLOAD_BUFFER);
    if (strcmp(ca_file, "-") != 0)
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
}

void close_line(struct line *line)
{
    curl_easy_cleanup(line->easy);
    free(line->reply.data);
}

struct curl_slist *with_header(struct curl_slist *headers, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    headers = curl_slist_append(headers, text);
    if (!headers)
        fail("no memory");
    return headers;
}

const char *header(const struct line *line, const char *name)
{
    struct curl_header *found;
    CURLHcode code = curl_easy_header(line->easy, name, 0, CURLH_HEADER, -1, &found);
    return code == CURLHE_OK ? found->value : NULL;
}

static long status_of(const struct line *line)
{
    long status = 0;
    curl_easy_getinfo(line->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* What is sent. */

static void rewind_body(struct body *body)
{
    body->head_sent = body->tail_sent = 0;
    body->sent = 0;
    sum_begin(&body->sum, body->sum.kind);
}

/* Fills the whole buffer, so that the body leaves in large writes. */
static size_t read_body(char *buffer, size_t size, size_t n, void *user)
{
    struct body *body = user;
    size_t room = size * n, filled, take;

    take = body->head.len - body->head_sent;
    filled = take < room ? take : room;
    if (filled > 0)
        memcpy(buffer, body->head.data + body->head_sent, filled);
    body->head_sent += filled;
    while (filled < room && body->sent < body->len) {
        uint64_t left = body->len - body->sent;
        ssize_t got;
        take = left < room - filled ? (size_t)left : room - filled;
        got = pread(body->fd, buffer + filled, take, (off_t)(body->offset + body->sent));
        if (got <= 0)
            return CURL_READFUNC_ABORT;
        sum_add(&body->sum, buffer + filled, (size_t)got);
        body->sent += (uint64_t)got;
        filled += (size_t)got;
    }
    if (body->sent < body->len || filled == room)
        return filled;
    if (body->tail_sent == 0 && body->finish)
        body->finish(body);
    take = body->tail_len - body->tail_sent;
    take = take < room - filled ? take : room - filled;
    memcpy(buffer + filled, body->tail + body->tail_sent, take);
    body->tail_sent += take;
    return filled + take;
}

/* libcurl asks for it when a connection that was kept turns out to be closed. */
static int seek_body(void *user, curl_off_t offset, int origin)
{
    if (offset != 0 || origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    rewind_body(user);
    return CURL_SEEKFUNC_OK;
}

static void set_body(CURL *easy, struct body *body, int is_post)
{
    curl_off_t len = (curl_off_t)(body->head.len + body->len + body->tail_len);
    curl_easy_setopt(easy, is_post ? CURLOPT_POST : CURLOPT_UPLOAD, 1L);
    if (is_post)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(easy, is_post ? CURLOPT_POSTFIELDSIZE_LARGE : CURLOPT_INFILESIZE_LARGE, len);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, body);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_body);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, body);
}

/* What arrives. */

static size_t collect(char *data, size_t size, size_t n, void *user)
{
    struct text *text = user;
    memcpy(text_room(text, size * n), data, size * n);
    text->len += size * n;
    text->data[text->len] = 0;
    return size * n;
}

static size_t store(char *data, size_t size, size_t n, void *user)
{
    struct piece *piece = user;
    size_t len = size * n, done = 0;
    long status = piece->at == piece->start ? status_of(piece->line) : 206;
    if (status != 206 && (status != 200 || !piece->is_whole_answer))
        return status >= 400 ? len : 0;
    if (piece->at + len > piece->end)
        return 0;
    while (done < len) {
        ssize_t put = pwrite(piece->fd, data + done, len - done, (off_t)(piece->at + done));
        if (put <= 0)
            return 0;
        done += (size_t)put;
    }
    sum_add(&piece->sum, data, len);
    piece->at += len;
    return len;
}

/* Attempts. */

static int may_be_repeated(const struct line *line, CURLcode code, const struct request *request)
{
    switch (code) {
    case CURLE_OK:
        /* libcurl takes a head for whole that ends in the middle. */
        return status_of(line) >= 500 || (request->marker && !header(line, request->marker));
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        return 1;
    default:
        return 0;
    }
}

static CURLcode attempt(struct line *line, struct request *request, int is_in_memory)
{
    line->reply.len = 0;
    if (request->body && !is_in_memory)
        rewind_body(request->body);
    if (request->piece) {
        request->piece->at = request->piece->start;
        request->piece->line = line;
        sum_begin(&request->piece->sum, request->piece->sum.kind);
    }
    return curl_easy_perform(line->easy);
}

void perform(struct line *line, struct request *request)
{
    CURL *easy = line->easy;
    int is_post = strcmp(request->method, "POST") == 0, attempts = 1;
    useconds_t pause = FIRST_PAUSE * 1000;
    struct text whole = {0};
    CURLcode code;
    long status;

    /* Also forgets a body of the request before. */
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (request->body) {
        struct body *body = request->body;
        size_t len = body->head.len + body->len + body->tail_len;
        if (is_post && len <= IN_MEMORY) {
            rewind_body(body);
            whole.len = read_body(text_room(&whole, len), 1, len, body);
            curl_easy_setopt(easy, CURLOPT_POST, 1L);
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, whole.data);
        } else {
            set_body(easy, body, is_post);
        }
        request->headers = with_header(request->headers, "Expect:");
    }
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, request->piece ? store : collect);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA,
                     request->piece ? (void *)request->piece : (void *)&line->reply);
    for (;;) {
        code = attempt(line, request, whole.data != NULL);
        if (attempts++ == ATTEMPTS || !may_be_repeated(line, code, request))
            break;
        usleep(pause);
        pause *= 4;
    }
    if (code != CURLE_OK)
        fail(curl_easy_strerror(code));
    status = status_of(line);
    if (status < 200 || status > 299)
        fail("the server refuses");
    if (request->marker && !header(line, request->marker))
        fail("the answer is of something else");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(request->headers);
    free(whole.data);
    if (request->body) {
        free(request->body->head.data);
        sum_end(&request->body->sum);
    }
}
