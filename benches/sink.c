/* A server that takes every request of both APIs and answers at once: fast enough not to be what is
 * measured.
 *
 *     sink CONTENT
 *
 * Prints its port. Bodies are dropped in the kernel, downloads are sent from the file CONTENT. The
 * path, or the prefix of a list, says how a request is answered:
 *
 *     size-N      the size of the object
 *     sha-HEX     the SHA-1 that the JSON API states of it; none without it
 *     crc-N       the CRC-64 that the XML API states of it; none without it, and none of a part
 *     tree-N      a folder of N files; without it a list goes on for ever
 *     latency-N   the answer is N milliseconds late
 *     broken-N    of every Nth request the connection breaks, in turns before the answer and in the
 *                 middle of it
 *
 * GET /counters tells what came since it was last asked. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 64 * 1024, LOOK = 1024, PAGE_V4 = 199, PAGE_V5 = 1000, ENDLESS = 1000000 };

static int content;
static atomic_ulong connections, requests, body_bytes;

struct connection {
    int fd;
    int is_counted;
    int is_cut; /* the answer ends in the middle */
    size_t have;
    char buffer[HEAD + 1];
};

/* A request; its body has been dropped. */
struct request {
    char method[8], path[2048]; /* with the query */
    char head[HEAD + 1];
    char look[LOOK + 1]; /* where the body begins */
    unsigned long len;   /* of the body */
};

#define JSON_HEAD \
    "{\"code\":0,\"message\":\"SUCCESS\",\"request_id\":\"NWEwYjFjMmRfMTIzNDU2XzFhMmJfM2M1Mg==\"," \
    "\"data\":{"

static const char *const PLACE =
    "\"access_url\":\"http://bench-1250000000.file.myqcloud.com/docs/report.txt\","
    "\"source_url\":\"http://bench-1250000000.cossh.myqcloud.com/docs/report.txt\"";
static const char *const ETAG = "0f343b0931126a20f133d67c2b018a3b-1";

/* The number behind `name` in `text`, or `otherwise`. */
static unsigned long number(const char *text, const char *name, unsigned long otherwise)
{
    const char *at = strcasestr(text, name);
    return at ? strtoul(at + strlen(name), NULL, 10) : otherwise;
}

static unsigned long size_of(const struct request *r) { return number(r->path, "size-", 10); }

/* Answers. */

static void send_all(int fd, const char *data, size_t len, int flags)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, flags | MSG_NOSIGNAL);
        if (n <= 0)
            return;
        data += n;
        len -= (size_t)n;
    }
}

/* The head of an answer whose body has `len` bytes; `more` are headers, each with its end of line. */
static size_t make_head(char *out, size_t room, const char *status, size_t len, const char *more)
{
    char date[64];
    time_t now = time(NULL);
    struct tm utc;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
    return (size_t)snprintf(out, room,
                            "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: keep-alive\r\n"
                            "Date: %s\r\nServer: tencent-cos\r\n%s\r\n", status, len, date, more);
}

static void answer(struct connection *c, const char *status, const char *more, const char *body)
{
    char out[4096];
    size_t len = strlen(body), head = make_head(out, sizeof out, status, len, more);
    if (c->is_cut && len == 0)
        head /= 2;
    else if (c->is_cut)
        len /= 2;
    if (head + len < sizeof out) {
        memcpy(out + head, body, len);
        send_all(c->fd, out, head + len, 0);
    } else {
        send_all(c->fd, out, head, MSG_MORE);
        send_all(c->fd, body, len, 0);
    }
}

static void answer_json(struct connection *c, const char *json)
{
    answer(c, "200 OK", "Content-Type: application/json; charset=utf-8\r\n", json);
}

/* The object, or the part of it that is asked for. */
static void download(struct connection *c, const struct request *r, const char *more)
{
    unsigned long size = size_of(r), first = 0, last = size - 1;
    const char *range = strcasestr(r->head, "\r\nrange: bytes=");
    char out[4096], headers[2048];
    size_t len;
    off_t at;
    if (range) {
        sscanf(range + 15, "%lu-%lu", &first, &last);
        if (last >= size)
            last = size - 1;
        snprintf(headers, sizeof headers, "%sContent-Range: bytes %lu-%lu/%lu\r\n", more, first,
                 last, size);
        more = headers;
    }
    len = make_head(out, sizeof out, range ? "206 Partial Content" : "200 OK", last + 1 - first,
                    more);
    send_all(c->fd, out, len, MSG_MORE);
    if (c->is_cut)
        last = first + (last - first) / 2;
    for (at = (off_t)first; at <= (off_t)last;)
        if (sendfile(c->fd, content, &at, last + 1 - (unsigned long)at) <= 0)
            return;
}

/* Lists. */

struct page {
    unsigned long first, end; /* of the entries */
    int is_last;
    char *text;
    size_t len, room;
};

static void add(struct page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    page->len += (size_t)vsnprintf(page->text + page->len, page->room - page->len, format, arguments);
    va_end(arguments);
}

/* The entries behind the one that the parameter `marker` names. */
static struct page new_page(const struct request *r, const char *marker, unsigned long most)
{
    const char *at = strstr(r->path, marker);
    unsigned long of = number(r->path, "tree-", ENDLESS);
    struct page page = {.room = most * 640 + 1024};
    page.first = at ? number(at, "report-", (unsigned long)-1) + 1 : 0;
    page.end = page.first + most < of ? page.first + most : of;
    page.is_last = page.end == of;
    page.text = malloc(page.room);
    return page;
}

static void list_v4(struct connection *c, const struct request *r)
{
    unsigned long most = number(r->path, "num=", PAGE_V4), i, size = number(r->path, "size-", 0);
    struct page page = new_page(r, "&context=", most < PAGE_V4 ? most : PAGE_V4);
    const char *sha = strstr(r->path, "sha-");
    if (sha)
        sha += 4;
    else
        sha = "66b3c057b9849bbc48663b58e156302ba03f2b1c";
    add(&page, JSON_HEAD "\"context\":\"report-%05lu.txt\",\"listover\":%s,\"infos\":[", page.end - 1,
        page.is_last ? "true" : "false");
    for (i = page.first; i < page.end; i++) {
        unsigned long len = size ? size : i * 1000;
        add(&page,
            "%s{\"name\":\"report-%05lu.txt\",\"ctime\":1500000001,\"mtime\":1500000001,"
            "\"filesize\":%lu,\"filelen\":%lu,\"sha\":\"%.40s\",\"authority\":\"eInvalid\","
            "\"biz_attr\":\"\","
            "\"access_url\":\"http://bench-1250000000.file.myqcloud.com/docs/report-%05lu.txt\","
            "\"source_url\":\"http://bench-1250000000.cossh.myqcloud.com/docs/report-%05lu.txt\"}",
            i == page.first ? "" : ",", i, len, len, sha, i, i);
    }
    add(&page, "]}}");
    answer_json(c, page.text);
    free(page.text);
}

/* The prefix that is asked for, with %2F as a slash; the others need no encoding here. */
static void prefix_of(const struct request *r, char *out, size_t room)
{
    const char *at = strstr(r->path, "prefix=");
    size_t len = 0;
    for (at = at ? at + 7 : ""; *at && *at != '&' && len + 1 < room; at++) {
        out[len++] = *at == '%' ? '/' : *at;
        if (*at == '%')
            at += 2;
    }
    out[len] = 0;
}

static void list_v5(struct connection *c, const struct request *r, const char *more)
{
    unsigned long most = number(r->path, "max-keys=", PAGE_V5), i;
    unsigned long size = number(r->path, "size-", 0);
    struct page page = new_page(r, "&marker=", most < PAGE_V5 ? most : PAGE_V5);
    char prefix[1024];
    prefix_of(r, prefix, sizeof prefix);
    add(&page,
        "<?xml version='1.0' encoding='utf-8' ?>\n<ListBucketResult>\n"
        "\t<Name>bench-1250000000</Name>\n\t<EncodingType>url</EncodingType>\n"
        "\t<Prefix>%s</Prefix>\n\t<Marker/>\n\t<MaxKeys>%lu</MaxKeys>\n"
        "\t<Delimiter>/</Delimiter>\n\t<IsTruncated>%s</IsTruncated>\n",
        prefix, most, page.is_last ? "false" : "true");
    if (!page.is_last)
        add(&page, "\t<NextMarker>%sreport-%05lu.txt</NextMarker>\n", prefix, page.end - 1);
    for (i = page.first; i < page.end; i++)
        add(&page,
            "\t<Contents>\n\t\t<Key>%sreport-%05lu.txt</Key>\n"
            "\t\t<LastModified>2023-11-14T22:13:20.000Z</LastModified>\n"
            "\t\t<ETag>&quot;%s&quot;</ETag>\n\t\t<Size>%lu</Size>\n\t\t<Owner>\n"
            "\t\t\t<ID>1250000000</ID>\n\t\t\t<DisplayName>1250000000</DisplayName>\n"
            "\t\t</Owner>\n\t\t<StorageClass>STANDARD</StorageClass>\n\t</Contents>\n",
            prefix, i, ETAG, size ? size : i * 1000);
    add(&page, "</ListBucketResult>\n");
    answer(c, "200 OK", more, page.text);
    free(page.text);
}

/* JSON API. */

static void stat_v4(struct connection *c, const struct request *r)
{
    unsigned long size = size_of(r);
    const char *sha = strstr(r->path, "sha-");
    char json[2048], sha_field[64] = "";
    if (sha)
        snprintf(sha_field, sizeof sha_field, "\"sha\":\"%.40s\",", sha + 4);
    snprintf(json, sizeof json,
             JSON_HEAD "\"authority\":\"eInvalid\",\"biz_attr\":\"\",\"ctime\":1500000001,"
             "\"custom_headers\":{},\"filelen\":%lu,\"filesize\":%lu,\"forbid\":0,"
             "\"mtime\":1500000001,%s\"slicesize\":1048576,%s}}", size, size, sha_field, PLACE);
    answer_json(c, json);
}

static void post_v4(struct connection *c, const struct request *r)
{
    const char *session = "\"session\":\"58ccd1f0a2b34c5d6e7f8091a2b3c4d5e6f708192a3b4c5d\"";
    const char *offset = strstr(r->look, "name=\"offset\"\r\n\r\n");
    char json[2048], data[1024];
    if (strstr(r->look, "upload_slice_init"))
        snprintf(data, sizeof data, "%s,\"slice_size\":1048576", session);
    else if (offset)
        snprintf(data, sizeof data, "%s,\"offset\":%lu", session, strtoul(offset + 17, NULL, 10));
    else
        snprintf(data, sizeof data, "%s,\"resource_path\":\"/1250000000/bench/docs/report.txt\"", PLACE);
    snprintf(json, sizeof json, JSON_HEAD "%s}}", data);
    answer_json(c, json);
}

static void serve_v4(struct connection *c, const struct request *r)
{
    if (r->len > 0)
        post_v4(c, r);
    else if (strstr(r->path, "op=stat"))
        stat_v4(c, r);
    else
        list_v4(c, r);
}

/* XML API. */

#define XML_TYPE "Content-Type: application/xml\r\n"
#define REQUEST_ID "x-cos-request-id: NjU1M2YxMDBfYTYxYjhmMGFfMjQ1XzFhMmIzYzQ=\r\n"

static void post_v5(struct connection *c, const struct request *r, const char *crc)
{
    char more[512];
    snprintf(more, sizeof more, XML_TYPE REQUEST_ID "%s", crc);
    if (strstr(r->path, "?uploads")) {
        answer(c, "200 OK", XML_TYPE REQUEST_ID,
               "<InitiateMultipartUploadResult>\n\t<Bucket>bench-1250000000</Bucket>\n"
               "\t<Key>docs/report.txt</Key>\n\t<UploadId>1700000000a1b2c3d4e5f60718293a4b5c6d7e8f9"
               "0112233445566778899aabbccddeeff00</UploadId>\n</InitiateMultipartUploadResult>\n");
        return;
    }
    answer(c, "200 OK", more,
           "<CompleteMultipartUploadResult xmlns=\"http://www.qcloud.com/document/product/436/7751\">\n"
           "\t<Location>http://bench-1250000000.cos.ap-shanghai.myqcloud.com/docs/report.txt"
           "</Location>\n\t<Bucket>bench-1250000000</Bucket>\n\t<Key>docs/report.txt</Key>\n"
           "\t<ETag>&quot;0f343b0931126a20f133d67c2b018a3b-1&quot;</ETag>\n"
           "</CompleteMultipartUploadResult>\n");
}

static const char *const ACL =
    "<AccessControlPolicy>\n\t<Owner>\n\t\t<ID>qcs::cam::uin/100000000001:uin/100000000001</ID>\n"
    "\t\t<DisplayName>100000000001</DisplayName>\n\t</Owner>\n\t<AccessControlList>\n\t\t<Grant>\n"
    "\t\t\t<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
    " xsi:type=\"CanonicalUser\">\n"
    "\t\t\t\t<ID>qcs::cam::uin/100000000001:uin/100000000001</ID>\n"
    "\t\t\t\t<DisplayName>100000000001</DisplayName>\n\t\t\t</Grantee>\n"
    "\t\t\t<Permission>FULL_CONTROL</Permission>\n\t\t</Grant>\n\t</AccessControlList>\n"
    "</AccessControlPolicy>\n";

static void serve_v5(struct connection *c, const struct request *r)
{
    const char *crc = strstr(r->path, "crc-");
    char stated[64] = "", more[1024];
    int is_part = strstr(r->path, "partNumber=") != NULL;
    if (crc && !is_part)
        snprintf(stated, sizeof stated, "x-cos-hash-crc64ecma: %lu\r\n", strtoul(crc + 4, NULL, 10));
    snprintf(more, sizeof more, "ETag: \"%s\"\r\n%s" REQUEST_ID, ETAG, stated);
    if (strcmp(r->method, "PUT") == 0) {
        answer(c, "200 OK", more, "");
    } else if (strcmp(r->method, "POST") == 0) {
        post_v5(c, r, stated);
    } else if (strcmp(r->method, "DELETE") == 0) {
        answer(c, "204 No Content", REQUEST_ID, "");
    } else if (strstr(r->path, "?acl")) {
        answer(c, "200 OK", XML_TYPE REQUEST_ID, ACL);
    } else if (strncmp(r->path, "/?uploads", 9) == 0) {
        answer(c, "200 OK", XML_TYPE REQUEST_ID,
               "<ListMultipartUploadsResult>\n\t<Bucket>bench-1250000000</Bucket>\n"
               "\t<IsTruncated>false</IsTruncated>\n</ListMultipartUploadsResult>\n");
    } else if (strncmp(r->path, "/?", 2) == 0) {
        list_v5(c, r, XML_TYPE REQUEST_ID);
    } else {
        snprintf(more, sizeof more,
                 "Content-Type: application/octet-stream\r\nAccept-Ranges: bytes\r\n"
                 "ETag: \"%s\"\r\nLast-Modified: Tue, 14 Nov 2023 22:13:20 GMT\r\n%s" REQUEST_ID,
                 ETAG, stated);
        if (strcmp(r->method, "HEAD") == 0) {
            char out[4096];
            size_t len = make_head(out, sizeof out, "200 OK", size_of(r), more);
            send_all(c->fd, out, c->is_cut ? len / 2 : len, 0);
        } else {
            download(c, r, more);
        }
    }
}

/* Connections. */

/* Reads until `wanted` bytes are there; 0 at the end of the connection. */
static int have(struct connection *c, size_t wanted)
{
    while (c->have < wanted) {
        ssize_t n = recv(c->fd, c->buffer + c->have, HEAD - c->have, 0);
        if (n <= 0)
            return 0;
        c->have += (size_t)n;
        c->buffer[c->have] = 0;
    }
    return 1;
}

/* With MSG_TRUNC the kernel drops what arrived instead of copying it. */
static int drop(int fd, size_t left)
{
    while (left > 0) {
        ssize_t n = recv(fd, NULL, left, MSG_TRUNC);
        if (n <= 0)
            return 0;
        left -= (size_t)n;
    }
    return 1;
}

/* Reads a request, and drops its body. */
static int read_request(struct connection *c, struct request *r)
{
    size_t head_len, there, look;
    char *end;
    while (!(end = strstr(c->buffer, "\r\n\r\n")))
        if (c->have == HEAD || !have(c, c->have + 1))
            return 0;
    head_len = (size_t)(end + 4 - c->buffer);
    memcpy(r->head, c->buffer, head_len);
    r->head[head_len] = 0;
    r->path[0] = r->method[0] = 0;
    sscanf(r->head, "%7s %2047s", r->method, r->path);
    r->len = number(r->head, "\r\ncontent-length:", 0);
    look = r->len < LOOK ? r->len : LOOK;
    if (!have(c, head_len + look))
        return 0;
    memcpy(r->look, c->buffer + head_len, look);
    r->look[look] = 0;
    there = c->have - head_len < r->len ? c->have - head_len : r->len;
    if (!drop(c->fd, r->len - there))
        return 0;
    memmove(c->buffer, c->buffer + head_len + there, c->have - head_len - there + 1);
    c->have -= head_len + there;
    return 1;
}

static void reset(int fd)
{
    struct linger at_once = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static int serve_one(struct connection *c, struct request *r)
{
    unsigned long latency, count, broken;
    if (!read_request(c, r))
        return 0;
    if (strcmp(r->path, "/counters") == 0) {
        char json[200];
        snprintf(json, sizeof json, "{\"connections\":%lu,\"requests\":%lu,\"bytes\":%lu}",
                 atomic_exchange(&connections, 0), atomic_exchange(&requests, 0),
                 atomic_exchange(&body_bytes, 0));
        answer_json(c, json);
        return 0;
    }
    if (!c->is_counted) {
        c->is_counted = 1;
        atomic_fetch_add(&connections, 1);
    }
    count = atomic_fetch_add(&requests, 1) + 1;
    atomic_fetch_add(&body_bytes, r->len);
    latency = number(r->path, "latency-", 0);
    if (latency)
        usleep((useconds_t)latency * 1000);
    broken = number(r->path, "broken-", 0);
    if (broken && count % broken == 0) {
        if (count / broken % 2) {
            reset(c->fd);
            return 0;
        }
        c->is_cut = 1;
    }
    if (strncmp(r->path, "/files/v2/", 10) == 0)
        serve_v4(c, r);
    else if (strstr(r->path, "?sign="))
        download(c, r, "Content-Type: application/octet-stream\r\n");
    else
        serve_v5(c, r);
    return !c->is_cut;
}

static void *serve(void *connection)
{
    struct connection *c = connection;
    struct request *request = malloc(sizeof *request);
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while (serve_one(c, request)) {}
    close(c->fd);
    free(request);
    free(c);
    return NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_attr_t small;

    if (argc != 2 || (content = open(argv[1], O_RDONLY)) < 0 ||
        bind(listener, (struct sockaddr *)&address, len) < 0 || listen(listener, 128) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) < 0) {
        perror("sink");
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 512 * 1024);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        struct connection *c = calloc(1, sizeof *c);
        pthread_t thread;
        c->fd = accept(listener, NULL, NULL);
        if (c->fd < 0 || pthread_create(&thread, &small, serve, c) != 0)
            return EXIT_FAILURE;
    }
}
