/* XML API: the object is the URL, replies are headers and XML, content is verified by CRC-64. */
#define _GNU_SOURCE
#include "api.h"
#include "crc64.h"

#include <ctype.h>
#include <expat.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAGE = 1000 };

/* Parameters or headers that are signed, in the order of their names in lower case. */
struct pair {
    const char *name, *value;
};

static void hmac(const char *key, const char *message, char out[41])
{
    unsigned char mac[20];
    unsigned len = sizeof mac;
    HMAC(EVP_sha1(), key, (int)strlen(key), (const unsigned char *)message, strlen(message), mac, &len);
    hex(mac, sizeof mac, out);
}

static void append_lower(struct text *text, const char *word)
{
    char *at = text_room(text, strlen(word));
    while (*word)
        *at++ = (char)tolower((unsigned char)*word++);
    text->len = (size_t)(at - text->data);
    *at = 0;
}

/* `name=value&...` and `name;...` */
static void add_pairs(struct line *line, const struct pair *pairs, size_t count, struct text *both,
                      struct text *names)
{
    size_t i;
    for (i = 0; i < count; i++) {
        char *value = curl_easy_escape(line->easy, pairs[i].value, 0);
        append(both, "%s", i ? "&" : "");
        append_lower(both, pairs[i].name);
        append(both, "=%s", value);
        append(names, "%s", i ? ";" : "");
        append_lower(names, pairs[i].name);
        curl_free(value);
    }
}

/* The header that signs a request. */
static struct curl_slist *signed_headers(struct line *line, struct curl_slist *list,
                                         const char *method, const char *path,
                                         const struct pair *params, size_t param_count,
                                         const struct pair *headers, size_t header_count)
{
    struct text text = {0}, param_names = {0}, header_names = {0};
    char key_time[48], key[41], digest[41], plain[128], signature[41];
    unsigned char sha[20];
    time_t now = time(NULL);

    append_lower(&text, method);
    append(&text, "\n%s\n", path);
    append(&param_names, "%s", "");
    add_pairs(line, params, param_count, &text, &param_names);
    append(&text, "\n");
    add_pairs(line, headers, header_count, &text, &header_names);
    append(&text, "\n");
    snprintf(key_time, sizeof key_time, "%ld;%ld", (long)now - 60, (long)now + 300);
    hmac(SECRET_KEY, key_time, key);
    SHA1((unsigned char *)text.data, text.len, sha);
    hex(sha, sizeof sha, digest);
    snprintf(plain, sizeof plain, "sha1\n%s\n%s\n", key_time, digest);
    hmac(key, plain, signature);
    list = with_header(list,
                       "Authorization: q-sign-algorithm=sha1&q-ak=" SECRET_ID
                       "&q-sign-time=%s&q-key-time=%s&q-header-list=%s&q-url-param-list=%s"
                       "&q-signature=%s",
                       key_time, key_time, header_names.data, param_names.data, signature);
    free(text.data);
    free(param_names.data);
    free(header_names.data);
    return list;
}

/* Sends a request for an object, or for the bucket at "/". `headers` has, in order, those that are
 * signed besides content-length and host. */
static void order(struct line *line, struct request *request, const char *path,
                  const struct pair *params, size_t param_count, const struct pair *headers,
                  size_t header_count)
{
    struct pair signed_pairs[8];
    struct text url = {0};
    char host[128], length[24];
    size_t i, count = 0, has_host = 0;

    snprintf(host, sizeof host, BUCKET_HOST "%s", strchr(settings.host, ':'));
    append(&url, "%s://%s%s", settings.scheme, host, path);
    for (i = 0; i < param_count; i++) {
        char *value = curl_easy_escape(line->easy, params[i].value, 0);
        append(&url, "%c%s%s%s", i ? '&' : '?', params[i].name, *value ? "=" : "", value);
        curl_free(value);
    }
    if (request->body) {
        struct body *body = request->body;
        snprintf(length, sizeof length, "%lu", (unsigned long)(body->head.len + body->len));
        signed_pairs[count++] = (struct pair){"content-length", length};
    }
    for (i = 0; i <= header_count; i++) {
        if (!has_host && (i == header_count || strcmp(headers[i].name, "host") > 0)) {
            signed_pairs[count++] = (struct pair){"host", host};
            has_host = 1;
        }
        if (i < header_count) {
            request->headers =
                with_header(request->headers, "%s: %s", headers[i].name, headers[i].value);
            signed_pairs[count++] = headers[i];
        }
    }
    request->headers = signed_headers(line, request->headers, request->method, path, params,
                                      param_count, signed_pairs, count);
    request->url = url.data;
    request->marker = "x-cos-request-id";
    perform(line, request);
    free(url.data);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What the headers of an answer tell of an object. */
static void describe(const struct line *line, struct object *object)
{
    const char *etag = header(line, "ETag"), *crc = header(line, "x-cos-hash-crc64ecma");
    object->has_crc = crc != NULL;
    if (crc)
        object->crc = strtoull(crc, NULL, 10);
    snprintf(object->etag, sizeof object->etag, "%s", etag ? etag : "");
}

/* Reads XML: `end` is called for each element, with the text in it. */
struct reader {
    XML_Parser parser;
    struct text text;
    void (*end)(struct reader *reader, const char *name);
    /* A list. */
    const char *prefix;
    struct object object;
    char key[1024];
    int is_truncated;
    char *context;
    take_entry *take;
    void *user;
    /* Another reply. */
    const char *wanted;
    char *found;
    size_t room;
};

static void XMLCALL on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *reader = user;
    (void)name;
    (void)attributes;
    reader->text.len = 0;
}

static void XMLCALL on_text(void *user, const XML_Char *data, int len)
{
    struct reader *reader = user;
    memcpy(text_room(&reader->text, (size_t)len), data, (size_t)len);
    reader->text.len += (size_t)len;
}

static void XMLCALL on_end(void *user, const XML_Char *name)
{
    struct reader *reader = user;
    *text_room(&reader->text, 0) = 0;
    reader->end(reader, name);
    reader->text.len = 0;
}

static void read_xml(const struct line *line, struct reader *reader)
{
    reader->parser = XML_ParserCreate(NULL);
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    if (XML_Parse(reader->parser, line->reply.data, (int)line->reply.len, 1) != XML_STATUS_OK)
        fail("the answer is not XML");
    XML_ParserFree(reader->parser);
    free(reader->text.data);
}

struct acl {
    int is_of_all, is_public;
};

static void take_grant(struct reader *reader, const char *name)
{
    struct acl *acl = reader->user;
    const char *text = reader->text.data, *all = "/groups/global/AllUsers";
    size_t len = strlen(text);
    if (strcmp(name, "URI") == 0)
        acl->is_of_all = len >= strlen(all) && strcmp(text + len - strlen(all), all) == 0;
    else if (strcmp(name, "Permission") == 0)
        acl->is_public |=
            acl->is_of_all && (strcmp(text, "READ") == 0 || strcmp(text, "FULL_CONTROL") == 0);
    else if (strcmp(name, "Grant") == 0)
        acl->is_of_all = 0;
}

/* Whether everybody may read an object, which its ACL says. */
static int is_public(struct line *line, const char *path)
{
    static const struct pair params[] = {{"acl", ""}};
    struct request request = {.method = "GET"};
    struct acl acl = {0};
    struct reader reader = {.end = take_grant, .user = &acl};
    order(line, &request, path, params, COUNT(params), NULL, 0);
    read_xml(line, &reader);
    return acl.is_public;
}

static void stat_object(struct line *line, const char *path, struct object *object)
{
    struct request request = {.method = "HEAD"};
    const char *size;
    memset(object, 0, sizeof *object);
    order(line, &request, path, NULL, 0, NULL, 0);
    size = header(line, "Content-Length");
    if (!size)
        fail("no size");
    object->size = strtoull(size, NULL, 10);
    describe(line, object);
    object->is_public = is_public(line, path);
}

/* Decodes %XX. */
static void decode(const char *text, char *out, size_t room)
{
    size_t len = 0;
    while (*text && len + 1 < room) {
        unsigned byte;
        if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
            out[len++] = (char)byte;
            text += 3;
        } else {
            out[len++] = *text++;
        }
    }
    out[len] = 0;
}

static void take_list(struct reader *reader, const char *name)
{
    const char *text = reader->text.data;
    if (strcmp(name, "Key") == 0) {
        decode(text, reader->key, sizeof reader->key);
    } else if (strcmp(name, "Size") == 0) {
        reader->object.size = strtoull(text, NULL, 10);
    } else if (strcmp(name, "ETag") == 0) {
        snprintf(reader->object.etag, sizeof reader->object.etag, "%s", text);
    } else if (strcmp(name, "Contents") == 0) {
        size_t prefix = strlen(reader->prefix);
        if (strncmp(reader->key, reader->prefix, prefix) != 0)
            fail("an entry of another folder");
        reader->take(reader->user, reader->key + prefix, &reader->object);
    } else if (strcmp(name, "IsTruncated") == 0) {
        reader->is_truncated = strcmp(text, "true") == 0;
    } else if (strcmp(name, "NextMarker") == 0) {
        decode(text, reader->context, 256);
    }
}

static int list(struct line *line, const char *path, char context[256], take_entry *take, void *user)
{
    struct request request = {.method = "GET"};
    struct pair params[5] = {{"delimiter", "/"}, {"encoding-type", "url"}};
    struct reader reader = {
        .end = take_list, .prefix = path + 1, .context = context, .take = take, .user = user};
    char page[24];
    size_t count = 2;
    if (*context)
        params[count++] = (struct pair){"marker", context};
    snprintf(page, sizeof page, "%d", PAGE);
    params[count++] = (struct pair){"max-keys", page};
    params[count++] = (struct pair){"prefix", path + 1};
    order(line, &request, "/", params, count, NULL, 0);
    read_xml(line, &reader);
    return !reader.is_truncated;
}

static void take_wanted(struct reader *reader, const char *name)
{
    if (strcmp(name, reader->wanted) == 0)
        snprintf(reader->found, reader->room, "%s", reader->text.data);
}

/* The text of the one element of the answer that counts. */
static void read_element(const struct line *line, const char *name, char *out, size_t room)
{
    struct reader reader = {.end = take_wanted, .wanted = name, .found = out, .room = room};
    out[0] = 0;
    read_xml(line, &reader);
    if (!out[0])
        fail("the answer is not what was asked for");
}

/* Fails if the service has stored other bytes than were sent, as far as it tells. */
static void check_crc(const struct line *line, uint64_t sent)
{
    const char *stated = header(line, "x-cos-hash-crc64ecma");
    if (settings.with_sum && stated && strtoull(stated, NULL, 10) != sent)
        fail("other bytes arrived than were sent");
}

static void put(struct line *line, const char *path, int fd, uint64_t size)
{
    struct body body = {.fd = fd, .len = size, .sum.kind = settings.with_sum ? SUM_CRC64 : SUM_NONE};
    struct request request = {.method = "PUT", .body = &body};
    static const struct pair headers[] = {{"content-type", "text/plain"}};
    order(line, &request, path, NULL, 0, headers, COUNT(headers));
    check_crc(line, body.sum.crc);
}

static uint64_t parts_of(const struct upload *upload)
{
    return (upload->size + api_v5.part_size - 1) / api_v5.part_size;
}

static void begin(struct line *line, struct upload *upload)
{
    struct body body = {0};
    struct request request = {.method = "POST", .body = &body};
    static const struct pair params[] = {{"uploads", ""}};
    static const struct pair headers[] = {{"content-type", "text/plain"}};
    upload->crcs = calloc(parts_of(upload), sizeof *upload->crcs);
    upload->etags = calloc(parts_of(upload), sizeof *upload->etags);
    if (!upload->crcs || !upload->etags)
        fail("no memory");
    order(line, &request, upload->path, params, COUNT(params), headers, COUNT(headers));
    read_element(line, "UploadId", upload->session, sizeof upload->session);
}

static void put_part(struct line *line, struct upload *upload, uint64_t index)
{
    uint64_t offset = index * api_v5.part_size, left = upload->size - offset;
    char number[24];
    const struct pair params[] = {{"partNumber", number}, {"uploadId", upload->session}};
    static const struct pair headers[] = {{"content-type", "application/octet-stream"}};
    struct body body = {.fd = upload->fd,
                        .offset = offset,
                        .len = left < api_v5.part_size ? left : api_v5.part_size,
                        .sum.kind = settings.with_sum ? SUM_CRC64 : SUM_NONE};
    struct request request = {.method = "PUT", .body = &body};
    const char *etag;
    snprintf(number, sizeof number, "%lu", (unsigned long)index + 1);
    order(line, &request, upload->path, params, COUNT(params), headers, COUNT(headers));
    check_crc(line, body.sum.crc);
    etag = header(line, "ETag");
    if (!etag)
        fail("a part has no ETag");
    snprintf(upload->etags[index], sizeof upload->etags[index], "%s", etag);
    upload->crcs[index] = body.sum.crc;
}

static void finish(struct line *line, struct upload *upload)
{
    struct body body = {0};
    struct request request = {.method = "POST", .body = &body};
    const struct pair params[] = {{"uploadId", upload->session}};
    static const struct pair headers[] = {{"content-type", "application/xml"}};
    uint64_t i, crc = 0, parts = parts_of(upload);
    char etag[80];
    append(&body.head, "<CompleteMultipartUpload>");
    for (i = 0; i < parts; i++) {
        uint64_t left = upload->size - i * api_v5.part_size;
        append(&body.head, "<Part><PartNumber>%lu</PartNumber><ETag>%s</ETag></Part>",
               (unsigned long)i + 1, upload->etags[i]);
        crc = crc64_combined(crc, upload->crcs[i], left < api_v5.part_size ? left : api_v5.part_size);
    }
    append(&body.head, "</CompleteMultipartUpload>");
    order(line, &request, upload->path, params, COUNT(params), headers, COUNT(headers));
    read_element(line, "ETag", etag, sizeof etag);
    check_crc(line, crc);
    free(upload->crcs);
    free(upload->etags);
}

static void get(struct line *line, const char *path, struct object *object, struct piece *piece)
{
    struct request request = {.method = "GET", .piece = piece};
    struct pair headers[2];
    char range[64];
    size_t count = 0;
    struct object told = {0};
    const char *whole;

    if (object->etag[0])
        headers[count++] = (struct pair){"if-match", object->etag};
    snprintf(range, sizeof range, "bytes=%lu-%lu", (unsigned long)piece->start,
             (unsigned long)piece->end - 1);
    headers[count++] = (struct pair){"range", range};
    order(line, &request, path, NULL, 0, headers, count);
    whole = header(line, "Content-Range");
    whole = whole ? strchr(whole, '/') : NULL;
    if (!whole)
        fail("the answer is not a part of the object");
    told.size = strtoull(whole + 1, NULL, 10);
    describe(line, &told);
    if (object->size == 0) {
        *object = told;
        if (object->size < piece->end)
            piece->end = object->size;
    } else if (told.size != object->size || strcmp(told.etag, object->etag) != 0) {
        fail("the object has changed");
    } else if (told.has_crc) {
        object->has_crc = 1;
        object->crc = told.crc;
    }
}

const struct api api_v5 = {
    .part_size = 8 * MIB,
    .threshold = 16 * MIB,
    .sum = SUM_CRC64,
    .tells_with_content = 1,
    .stat = stat_object,
    .list = list,
    .put = put,
    .begin = begin,
    .put_part = put_part,
    .finish = finish,
    .get = get,
};
