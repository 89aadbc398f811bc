/* JSON API: operations in the query or in a form, replies in JSON, content verified by SHA-1. */
#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA_CTX: its state is part of the protocol */
#include "api.h"

#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <yyjson.h>

enum { HASH_BUFFER = 64 * 1024 /* the fastest of 64 to 256 KiB */, PAGE = 199 };

/* A signature for `file_id`; `out` has room for 1024. */
static void sign(const char *file_id, char *out)
{
    unsigned char message[700];
    unsigned len = 20;
    time_t now = time(NULL);
    int plain = snprintf((char *)message + 20, sizeof message - 20,
                         "a=" APPID "&k=" SECRET_ID "&e=%ld&t=%ld&r=%ld&f=%s&b=" BUCKET,
                         (long)now + 300, (long)now, random() % 1000000000, file_id);
    HMAC(EVP_sha1(), SECRET_KEY, sizeof SECRET_KEY - 1, message + 20, (size_t)plain, message, &len);
    EVP_EncodeBlock((unsigned char *)out, message, plain + 20);
}

/* Sends an operation. Returns the reply, whose `data` is in *data. */
static yyjson_doc *operate(struct line *line, struct request *request, const char *path,
                           const char *query, yyjson_val **data)
{
    char url[1024], file_id[512], signature[1024];
    yyjson_doc *reply;
    yyjson_val *root, *code;
    snprintf(file_id, sizeof file_id, "/" APPID "/" BUCKET "%s", path);
    snprintf(url, sizeof url, "%s://%s/files/v2%s%s", settings.scheme, settings.host, file_id, query);
    sign(file_id, signature);
    request->url = url;
    request->headers = with_header(request->headers, "Authorization: %s", signature);
    perform(line, request);
    reply = yyjson_read(line->reply.data, line->reply.len, 0);
    root = yyjson_doc_get_root(reply);
    code = yyjson_obj_get(root, "code");
    if (!yyjson_is_int(code) || yyjson_get_sint(code) != 0)
        fail("the server refuses");
    *data = yyjson_obj_get(root, "data");
    return reply;
}

static yyjson_doc *ask(struct line *line, const char *path, const char *query, yyjson_val **data)
{
    struct request request = {.method = "GET"};
    return operate(line, &request, path, query, data);
}

static void copy_text(yyjson_val *object, const char *key, char *out, size_t room)
{
    const char *text = yyjson_get_str(yyjson_obj_get(object, key));
    snprintf(out, room, "%s", text ? text : "");
}

static void describe(yyjson_val *entry, struct object *object)
{
    memset(object, 0, sizeof *object);
    object->size = yyjson_get_uint(yyjson_obj_get(entry, "filesize"));
    copy_text(entry, "sha", object->sha, sizeof object->sha);
}

static void stat_object(struct line *line, const char *path, struct object *object)
{
    yyjson_val *data;
    yyjson_doc *reply = ask(line, path, "?op=stat", &data);
    if (!yyjson_is_int(yyjson_obj_get(data, "filesize")))
        fail("no size");
    describe(data, object);
    yyjson_doc_free(reply);
}

static int list(struct line *line, const char *path, char context[256], take_entry *take, void *user)
{
    char query[1024], *escaped = curl_easy_escape(line->easy, context, 0);
    yyjson_val *data, *entry;
    yyjson_doc *reply;
    size_t i, count;
    int is_last;

    snprintf(query, sizeof query, "?op=list&num=%d&context=%s", PAGE, escaped);
    curl_free(escaped);
    reply = ask(line, path, query, &data);
    yyjson_arr_foreach(yyjson_obj_get(data, "infos"), i, count, entry) {
        const char *name = yyjson_get_str(yyjson_obj_get(entry, "name"));
        struct object object;
        if (!name)
            fail("an entry without a name");
        describe(entry, &object);
        take(user, name, &object);
    }
    is_last = yyjson_get_bool(yyjson_obj_get(data, "listover"));
    copy_text(data, "context", context, 256);
    yyjson_doc_free(reply);
    return is_last;
}

/* Forms. */

struct form {
    struct body body; /* the first, so that one is the other */
    char boundary[40];
};

static void start_form(struct form *form)
{
    memset(form, 0, sizeof *form);
    snprintf(form->boundary, sizeof form->boundary, "%08lx%08lx%08lx%08lx", random(), random(),
             random(), random());
}

static void add_field(struct form *form, const char *name, const char *value)
{
    append(&form->body.head, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
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
    append(&form->body.head, "--%s\r\nContent-Disposition: form-data; name=\"filecontent\"; "
           "filename=\"data\"\r\nContent-Type: application/octet-stream\r\n\r\n", form->boundary);
    form->body.fd = fd;
    form->body.offset = offset;
    form->body.len = len;
}

/* The end of the form, before it the SHA-1 of the content if it is wanted. */
static void finish_form(struct body *body)
{
    struct form *form = (struct form *)body;
    char sha[41] = "0000000000000000000000000000000000000000", field[160] = "";
    if (body->sum.kind == SUM_SHA1) {
        if (body->sent == body->len)
            sum_sha(&body->sum, sha);
        snprintf(field, sizeof field,
                 "--%s\r\nContent-Disposition: form-data; name=\"sha\"\r\n\r\n%s\r\n",
                 form->boundary, sha);
    }
    body->tail_len = (size_t)snprintf(body->tail, sizeof body->tail, "%s%s--%s--\r\n",
                                      body->len ? "\r\n" : "", field, form->boundary);
}

/* Sends a form. The session of the reply goes to `upload` if one is given. */
static void post(struct line *line, const char *path, struct form *form, struct upload *upload)
{
    struct request request = {.method = "POST", .body = &form->body};
    yyjson_val *data;
    yyjson_doc *reply;
    form->body.finish = finish_form;
    finish_form(&form->body); /* its length */
    request.headers = with_header(
        NULL, "Content-Type: multipart/form-data; boundary=%s", form->boundary);
    reply = operate(line, &request, path, "", &data);
    if (upload) {
        copy_text(data, "session", upload->session, sizeof upload->session);
        if (!upload->session[0])
            fail("no session");
    }
    yyjson_doc_free(reply);
}

static void put(struct line *line, const char *path, int fd, uint64_t size)
{
    struct form form;
    start_form(&form);
    add_field(&form, "op", "upload");
    add_field(&form, "biz_attr", "");
    add_field(&form, "insertOnly", "0");
    add_content(&form, fd, 0, size);
    form.body.sum.kind = settings.with_sum ? SUM_SHA1 : SUM_NONE;
    post(line, path, &form, NULL);
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
        uint64_t start = at, end = upload->size - at < MIB ? upload->size : at + MIB;
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

static void begin(struct line *line, struct upload *upload)
{
    struct text parts = {0};
    struct form form;
    if (settings.with_sum)
        digest_file(upload, &parts);
    start_form(&form);
    add_field(&form, "op", "upload_slice_init");
    add_number(&form, "filesize", upload->size);
    add_number(&form, "slice_size", MIB);
    add_field(&form, "biz_attr", "");
    add_field(&form, "insertOnly", "0");
    if (settings.with_sum) {
        add_field(&form, "sha", upload->sha);
        add_field(&form, "uploadparts", parts.data);
    }
    free(parts.data);
    post(line, upload->path, &form, upload);
}

static void put_part(struct line *line, struct upload *upload, uint64_t index)
{
    uint64_t offset = index * MIB, left = upload->size - offset;
    struct form form;
    start_form(&form);
    add_field(&form, "op", "upload_slice_data");
    add_field(&form, "session", upload->session);
    add_number(&form, "offset", offset);
    if (settings.with_sum)
        add_field(&form, "sha", upload->sha);
    add_content(&form, upload->fd, offset, left < MIB ? left : MIB);
    post(line, upload->path, &form, NULL);
}

static void finish(struct line *line, struct upload *upload)
{
    struct form form;
    start_form(&form);
    add_field(&form, "op", "upload_slice_finish");
    add_field(&form, "session", upload->session);
    add_number(&form, "filesize", upload->size);
    if (settings.with_sum)
        add_field(&form, "sha", upload->sha);
    post(line, upload->path, &form, NULL);
}

static void get(struct line *line, const char *path, struct object *object, struct piece *piece)
{
    struct request request = {.method = "GET", .piece = piece};
    char url[2048], signature[1024], *escaped;
    sign(path, signature);
    escaped = curl_easy_escape(line->easy, signature, 0);
    snprintf(url, sizeof url, "%s://" BUCKET_HOST "%s%s?sign=%s", settings.scheme,
             strchr(settings.host, ':'), path, escaped);
    curl_free(escaped);
    request.url = url;
    piece->is_whole_answer = piece->end - piece->start == object->size;
    if (!piece->is_whole_answer)
        request.headers = with_header(NULL, "Range: bytes=%lu-%lu", (unsigned long)piece->start,
                                      (unsigned long)piece->end - 1);
    perform(line, &request);
}

const struct api api_v4 = {
    .part_size = MIB,
    .threshold = 8 * MIB,
    .sum = SUM_SHA1,
    .tells_with_content = 0,
    .stat = stat_object,
    .list = list,
    .put = put,
    .begin = begin,
    .put_part = put_part,
    .finish = finish,
    .get = get,
};
