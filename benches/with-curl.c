/* The jobs of the benchmark as a program does them by hand, with libcurl and OpenSSL.
 *
 *     with-curl SCHEME HOST:PORT CA_FILE JOB COUNT WORKERS SHA COS_PATH LOCAL_PATH
 *
 * It sends the same requests as libcos, signed and checked, on connections that are kept. What
 * libcos does besides (retries, resuming, progress, cancelling, options) it leaves out. */
#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA_CTX: its state is part of the protocol */
#include <curl/curl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEY "EXAMPLE_SECRET_KEY"
#define MIB (1024 * 1024)

enum {
    SLICE_THRESHOLD = 8 * MIB,
    SLICE = MIB,
    PIECE = 8 * MIB,
    IN_MEMORY = 64 * 1024,      /* smaller forms are put together before they are sent */
    UPLOAD_BUFFER = 512 * 1024, /* the fastest of 64 KiB to 2 MiB */
    DOWNLOAD_BUFFER = 256 * 1024,
    HASH_BUFFER = 64 * 1024 /* the fastest of 64 to 256 KiB */
};

static const char *scheme, *host, *ca_file, *cos_path, *local_path;
static int workers, with_sha;

/* A reply, or a growing buffer for anything else. */
struct text {
    char *data;
    size_t len, room;
};

/* One connection. */
struct line {
    CURL *easy;
    struct text reply;
};

/* A form: text fields, the content, then the digest of the content if wanted. */
struct form {
    char boundary[40];
    struct text head;
    size_t head_sent;
    int fd;
    uint64_t offset, len, at;
    EVP_MD_CTX *sha;
    char tail[256];
    size_t tail_len, tail_sent;
};

static void fail(const char *what)
{
    fprintf(stderr, "with-curl: %s\n", what);
    exit(EXIT_FAILURE);
}

static char *room_for(struct text *text, size_t more)
{
    if (text->len + more + 1 > text->room) {
        text->room = (text->len + more + 1) * 2;
        text->data = realloc(text->data, text->room);
        if (!text->data)
            fail("no memory");
    }
    return text->data + text->len;
}

static void append(struct text *text, const char *format, ...)
{
    va_list arguments;
    int len;
    va_start(arguments, format);
    len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    va_start(arguments, format);
    vsnprintf(room_for(text, (size_t)len), (size_t)len + 1, format, arguments);
    va_end(arguments);
    text->len += (size_t)len;
}

static size_t collect(char *data, size_t size, size_t n, void *user)
{
    struct text *text = user;
    memcpy(room_for(text, size * n), data, size * n);
    text->len += size * n;
    text->data[text->len] = 0;
    return size * n;
}

/* A signature for `file_id`; `out` has room for 1024. */
static void sign(const char *file_id, char *out)
{
    unsigned char message[700];
    unsigned len = 20;
    time_t now = time(NULL);
    int plain = snprintf((char *)message + 20, sizeof message - 20,
                         "a=1250000000&k=EXAMPLE_SECRET_ID&e=%ld&t=%ld&r=%ld&f=%s&b=bench",
                         (long)now + 300, (long)now, random() % 1000000000, file_id);
    HMAC(EVP_sha1(), KEY, sizeof KEY - 1, message + 20, (size_t)plain, message, &len);
    EVP_EncodeBlock((unsigned char *)out, message, plain + 20);
}

static void open_line(struct line *line)
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

static void close_line(struct line *line)
{
    curl_easy_cleanup(line->easy);
    free(line->reply.data);
}

static void perform(struct line *line, long expected_status)
{
    long status = 0;
    CURLcode code = curl_easy_perform(line->easy);
    if (code != CURLE_OK)
        fail(curl_easy_strerror(code));
    curl_easy_getinfo(line->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != expected_status)
        fail("unexpected status");
}

/* A control request; its reply is in line->reply. */
static void control(struct line *line, const char *query, const char *content_type)
{
    struct curl_slist *headers = NULL;
    char url[1024], file_id[512], header[1100] = "Authorization: ";
    snprintf(file_id, sizeof file_id, "/1250000000/bench%s", cos_path);
    snprintf(url, sizeof url, "%s://%s/files/v2%s%s", scheme, host, file_id, query);
    sign(file_id, header + strlen(header));
    headers = curl_slist_append(headers, header);
    if (content_type) {
        headers = curl_slist_append(headers, content_type);
        headers = curl_slist_append(headers, "Expect:");
    }
    line->reply.len = 0;
    curl_easy_setopt(line->easy, CURLOPT_URL, url);
    curl_easy_setopt(line->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(line->easy, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(line->easy, CURLOPT_WRITEDATA, &line->reply);
    perform(line, 200);
    curl_easy_setopt(line->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (!line->reply.len || !strstr(line->reply.data, "\"code\":0"))
        fail("unexpected reply");
}

static void get(struct line *line, const char *query)
{
    curl_easy_setopt(line->easy, CURLOPT_HTTPGET, 1L);
    control(line, query, NULL);
}

/* Copies the text behind `name` in a reply up to `end`. */
static int field(const struct line *line, const char *name, char end, char *out, size_t room)
{
    const char *at = strstr(line->reply.data, name);
    const char *stop = at ? strchr(at + strlen(name), end) : NULL;
    size_t len;
    if (!stop)
        return 0;
    at += strlen(name);
    len = (size_t)(stop - at);
    if (len >= room)
        return 0;
    memcpy(out, at, len);
    out[len] = 0;
    return 1;
}

/* Forms. */

static void hex(const unsigned char *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t i;
    for (i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = 0;
}

static void start_form(struct form *form)
{
    memset(form, 0, sizeof *form);
    snprintf(form->boundary, sizeof form->boundary, "%08lx%08lx%08lx%08lx", random(), random(),
             random(), random());
}

static void add_field(struct form *form, const char *name, const char *value)
{
    append(&form->head, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
           form->boundary, name, value);
}

static void add_number(struct form *form, const char *name, uint64_t number)
{
    char value[24];
    snprintf(value, sizeof value, "%lu", (unsigned long)number);
    add_field(form, name, value);
}

static void add_content(struct form *form, int fd, uint64_t offset, uint64_t len)
{
    append(&form->head, "--%s\r\nContent-Disposition: form-data; name=\"filecontent\"; "
           "filename=\"data\"\r\nContent-Type: application/octet-stream\r\n\r\n", form->boundary);
    form->fd = fd;
    form->offset = offset;
    form->len = len;
}

static void make_tail(struct form *form)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    char sha[41], sha_field[160] = "";
    if (form->sha) {
        if (form->at == form->len)
            EVP_DigestFinal_ex(form->sha, digest, NULL);
        hex(digest, 20, sha);
        snprintf(sha_field, sizeof sha_field,
                 "--%s\r\nContent-Disposition: form-data; name=\"sha\"\r\n\r\n%s\r\n",
                 form->boundary, sha);
    }
    form->tail_len = (size_t)snprintf(form->tail, sizeof form->tail, "%s%s--%s--\r\n",
                                      form->len ? "\r\n" : "", sha_field, form->boundary);
}

/* Fills the whole buffer, so that the body leaves in large writes. */
static size_t read_form(char *buffer, size_t size, size_t n, void *user)
{
    struct form *form = user;
    size_t room = size * n, filled = 0, take;

    take = form->head.len - form->head_sent;
    take = take < room ? take : room;
    memcpy(buffer, form->head.data + form->head_sent, take);
    form->head_sent += take;
    filled = take;
    while (filled < room && form->at < form->len) {
        uint64_t left = form->len - form->at;
        ssize_t got;
        take = left < room - filled ? (size_t)left : room - filled;
        got = pread(form->fd, buffer + filled, take, (off_t)(form->offset + form->at));
        if (got <= 0)
            return CURL_READFUNC_ABORT;
        if (form->sha)
            EVP_DigestUpdate(form->sha, buffer + filled, (size_t)got);
        form->at += (uint64_t)got;
        filled += (size_t)got;
    }
    if (form->at < form->len || filled == room)
        return filled;
    if (form->tail_sent == 0)
        make_tail(form);
    take = form->tail_len - form->tail_sent;
    take = take < room - filled ? take : room - filled;
    memcpy(buffer + filled, form->tail + form->tail_sent, take);
    form->tail_sent += take;
    return filled + take;
}

static void post(struct line *line, struct form *form)
{
    struct text whole = {0};
    char content_type[100];
    curl_off_t len;

    if (form->at == form->len && form->len)
        fail("a form is sent once");
    make_tail(form);
    len = (curl_off_t)(form->head.len + form->len + form->tail_len);
    snprintf(content_type, sizeof content_type, "Content-Type: multipart/form-data; boundary=%s",
             form->boundary);
    curl_easy_setopt(line->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(line->easy, CURLOPT_POSTFIELDSIZE_LARGE, len);
    if (len <= IN_MEMORY) {
        whole.len = read_form(room_for(&whole, (size_t)len), 1, (size_t)len, form);
        curl_easy_setopt(line->easy, CURLOPT_POSTFIELDS, whole.data);
    } else {
        curl_easy_setopt(line->easy, CURLOPT_POSTFIELDS, NULL);
        curl_easy_setopt(line->easy, CURLOPT_READFUNCTION, read_form);
        curl_easy_setopt(line->easy, CURLOPT_READDATA, form);
    }
    control(line, "", content_type);
    free(whole.data);
    free(form->head.data);
}

/* Uploads. */

struct upload {
    int fd;
    uint64_t size;
    char sha[41], session[128];
    atomic_ulong next;
};

static void upload_whole(struct line *line, struct upload *upload)
{
    struct form form;
    start_form(&form);
    add_field(&form, "op", "upload");
    add_field(&form, "biz_attr", "");
    add_field(&form, "insertOnly", "0");
    add_content(&form, upload->fd, 0, upload->size);
    if (with_sha) {
        form.sha = EVP_MD_CTX_new();
        EVP_DigestInit_ex(form.sha, EVP_sha1(), NULL);
    }
    post(line, &form);
    EVP_MD_CTX_free(form.sha);
}

/* The digest of the file, and `uploadparts`: the state of SHA-1 after each slice. */
static void digest_file(struct upload *upload, struct text *parts)
{
    unsigned char digest[20], *buffer = malloc(HASH_BUFFER);
    char datasha[41];
    SHA_CTX sha;
    uint64_t at = 0;

    SHA1_Init(&sha);
    while (at < upload->size) {
        uint64_t start = at, end = upload->size - at < SLICE ? upload->size : at + SLICE;
        while (at < end) {
            size_t take = end - at < HASH_BUFFER ? (size_t)(end - at) : HASH_BUFFER;
            ssize_t got = pread(upload->fd, buffer, take, (off_t)at);
            if (got <= 0)
                fail("the file can't be read");
            SHA1_Update(&sha, buffer, (size_t)got);
            at += (uint64_t)got;
        }
        if (at < upload->size) {
            uint32_t state[5] = {sha.h0, sha.h1, sha.h2, sha.h3, sha.h4};
            hex((unsigned char *)state, sizeof state, datasha);
        } else {
            SHA1_Final(digest, &sha);
            hex(digest, sizeof digest, datasha);
        }
        append(parts, "%s{\"offset\":%lu,\"datalen\":%lu,\"datasha\":\"%s\"}", start ? "," : "[",
               (unsigned long)start, (unsigned long)(end - start), datasha);
    }
    append(parts, "]");
    strcpy(upload->sha, datasha);
    free(buffer);
}

static void send_slices(struct line *line, void *job)
{
    struct upload *upload = job;
    uint64_t offset;

    while ((offset = atomic_fetch_add(&upload->next, SLICE)) < upload->size) {
        struct form form;
        uint64_t left = upload->size - offset;
        start_form(&form);
        add_field(&form, "op", "upload_slice_data");
        add_field(&form, "session", upload->session);
        add_number(&form, "offset", offset);
        if (with_sha)
            add_field(&form, "sha", upload->sha);
        add_content(&form, upload->fd, offset, left < SLICE ? left : SLICE);
        post(line, &form);
    }
}

/* One of the threads that share a job; each with a connection of its own. */
struct worker {
    pthread_t thread;
    struct line line;
    void (*work)(struct line *line, void *job);
    void *job;
};

static void *run_worker(void *user)
{
    struct worker *worker = user;
    open_line(&worker->line);
    worker->work(&worker->line, worker->job);
    close_line(&worker->line);
    return NULL;
}

/* The calling thread is one of the workers, on the connection that it has. */
static void in_parallel(struct line *line, void (*work)(struct line *, void *), void *job)
{
    struct worker others[64];
    int i;
    for (i = 1; i < workers && i < 64; i++) {
        others[i].work = work;
        others[i].job = job;
        if (pthread_create(&others[i].thread, NULL, run_worker, &others[i]) != 0)
            fail("no thread");
    }
    work(line, job);
    for (i = 1; i < workers && i < 64; i++)
        pthread_join(others[i].thread, NULL);
}

static void upload_slices(struct line *line, struct upload *upload)
{
    struct text parts = {0};
    struct form form;

    if (with_sha)
        digest_file(upload, &parts);
    start_form(&form);
    add_field(&form, "op", "upload_slice_init");
    add_number(&form, "filesize", upload->size);
    add_number(&form, "slice_size", SLICE);
    add_field(&form, "biz_attr", "");
    add_field(&form, "insertOnly", "0");
    if (with_sha) {
        add_field(&form, "sha", upload->sha);
        add_field(&form, "uploadparts", parts.data);
    }
    free(parts.data);
    post(line, &form);
    if (!field(line, "\"session\":\"", '"', upload->session, sizeof upload->session))
        fail("no session");

    in_parallel(line, send_slices, upload);

    start_form(&form);
    add_field(&form, "op", "upload_slice_finish");
    add_field(&form, "session", upload->session);
    add_number(&form, "filesize", upload->size);
    if (with_sha)
        add_field(&form, "sha", upload->sha);
    post(line, &form);
}

static void upload_file(struct line *line)
{
    struct upload upload = {.fd = open(local_path, O_RDONLY | O_CLOEXEC)};
    struct stat found;
    if (upload.fd < 0 || fstat(upload.fd, &found) != 0)
        fail("the file can't be read");
    upload.size = (uint64_t)found.st_size;
    if (upload.size < SLICE_THRESHOLD)
        upload_whole(line, &upload);
    else
        upload_slices(line, &upload);
    close(upload.fd);
}

/* Downloads. */

struct download {
    int fd;
    uint64_t size;
    atomic_ulong next;
};

struct piece {
    int fd;
    uint64_t at;
};

static size_t store(char *data, size_t size, size_t n, void *user)
{
    struct piece *piece = user;
    size_t done = 0;
    while (done < size * n) {
        ssize_t put = pwrite(piece->fd, data + done, size * n - done, (off_t)(piece->at + done));
        if (put <= 0)
            return 0;
        done += (size_t)put;
    }
    piece->at += done;
    return done;
}

static void fetch_pieces(struct line *line, void *job)
{
    struct download *download = job;
    uint64_t start;

    curl_easy_setopt(line->easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(line->easy, CURLOPT_WRITEFUNCTION, store);
    while ((start = atomic_fetch_add(&download->next, PIECE)) < download->size) {
        uint64_t end = download->size - start < PIECE ? download->size : start + PIECE;
        struct piece piece = {.fd = download->fd, .at = start};
        int is_whole = end - start == download->size;
        char url[2048], signature[1024], range[64], *escaped;
        sign(cos_path, signature);
        escaped = curl_easy_escape(line->easy, signature, 0);
        snprintf(url, sizeof url, "%s://bench-1250000000.localhost%s%s?sign=%s", scheme,
                 strchr(host, ':'), cos_path, escaped);
        curl_free(escaped);
        snprintf(range, sizeof range, "%lu-%lu", (unsigned long)start, (unsigned long)end - 1);
        curl_easy_setopt(line->easy, CURLOPT_URL, url);
        curl_easy_setopt(line->easy, CURLOPT_RANGE, is_whole ? NULL : range);
        curl_easy_setopt(line->easy, CURLOPT_WRITEDATA, &piece);
        perform(line, is_whole ? 200 : 206);
        if (piece.at != end)
            fail("a piece has another length");
    }
    curl_easy_setopt(line->easy, CURLOPT_RANGE, NULL);
}

static void check_sha(const struct download *download, const char *stated)
{
    unsigned char digest[20], *buffer = malloc(HASH_BUFFER);
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    char found[41];
    ssize_t got;
    off_t at = 0;

    EVP_DigestInit_ex(sha, EVP_sha1(), NULL);
    while ((got = pread(download->fd, buffer, HASH_BUFFER, at)) > 0) {
        EVP_DigestUpdate(sha, buffer, (size_t)got);
        at += got;
    }
    EVP_DigestFinal_ex(sha, digest, NULL);
    EVP_MD_CTX_free(sha);
    free(buffer);
    hex(digest, sizeof digest, found);
    if (strcmp(found, stated) != 0)
        fail("wrong bytes arrived");
}

static void download_file(struct line *line)
{
    struct download download = {0};
    char size[24], sha[41] = "", partial[512];

    get(line, "?op=stat");
    if (!field(line, "\"filesize\":", ',', size, sizeof size))
        fail("no size");
    download.size = strtoul(size, NULL, 10);
    field(line, "\"sha\":\"", '"', sha, sizeof sha);
    snprintf(partial, sizeof partial, "%s.partial", local_path);
    download.fd = open(partial, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (download.fd < 0 || posix_fallocate(download.fd, 0, (off_t)download.size) != 0)
        fail("the file can't be written");

    in_parallel(line, fetch_pieces, &download);

    if (with_sha && sha[0])
        check_sha(&download, sha);
    if (fsync(download.fd) != 0 || close(download.fd) != 0 || rename(partial, local_path) != 0)
        fail("the file can't be written");
}

/* Reads the name of every entry of a list. */
static void read_names(struct line *line)
{
    json_t *reply = json_loadb(line->reply.data, line->reply.len, 0, NULL);
    json_t *infos = json_object_get(json_object_get(reply, "data"), "infos");
    size_t i;
    if (!json_array_size(infos))
        fail("no entries");
    for (i = 0; i < json_array_size(infos); i++)
        if (!json_string_value(json_object_get(json_array_get(infos, i), "name")))
            fail("no name");
    json_decref(reply);
}

int main(int argc, char **argv)
{
    struct line line;
    int i;

    if (argc != 10)
        return 2;
    scheme = argv[1];
    host = argv[2];
    ca_file = argv[3];
    workers = atoi(argv[6]);
    with_sha = atoi(argv[7]);
    cos_path = argv[8];
    local_path = argv[9];
    srandom((unsigned)getpid());
    curl_global_init(CURL_GLOBAL_DEFAULT);
    open_line(&line);
    for (i = 0; i < atoi(argv[5]); i++) {
        if (strcmp(argv[4], "stat") == 0)
            get(&line, "?op=stat");
        else if (strncmp(argv[4], "list", 4) == 0)
            get(&line, "?op=list&num=199&context=");
        else if (strcmp(argv[4], "upload") == 0)
            upload_file(&line);
        else if (strcmp(argv[4], "download") == 0)
            download_file(&line);
        else
            return 2;
        if (strcmp(argv[4], "list-names") == 0)
            read_names(&line);
    }
    close_line(&line);
    curl_global_cleanup();
    return EXIT_SUCCESS;
}
