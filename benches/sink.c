/* A server that takes every request and answers at once: fast enough not to be what is measured.
 *
 *     sink CONTENT
 *
 * Prints its port. Bodies are dropped in the kernel, downloads are sent from the file CONTENT.
 * A request's path says how it is answered: `size-N` is the size that stat states and a download
 * has, `sha-HEX` the digest that stat states (none without it), `latency-N` delays the reply by
 * N milliseconds. GET /counters tells what came since it was last asked. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 64 * 1024, LOOK = 1024 };

static int content;
static char *list_reply;
static atomic_ulong connections, requests, body_bytes;

struct connection {
    int fd;
    int is_counted;
    size_t have;
    char buffer[HEAD + 1];
};

static const char *const PLACE =
    "\"access_url\":\"http://bench-1250000000.file.myqcloud.com/docs/report.txt\","
    "\"source_url\":\"http://bench-1250000000.cossh.myqcloud.com/docs/report.txt\"";

/* 199 files, as the service lists them. */
static char *make_list(void)
{
    size_t room = 199 * 512 + 512, len;
    char *reply = malloc(room);
    len = (size_t)snprintf(reply, room,
        "{\"code\":0,\"message\":\"SUCCESS\",\"request_id\":\"NWEwYjFjMmRfMTIzNDU2XzFhMmJfM2M1Mg==\","
        "\"data\":{\"context\":\"cmVwb3J0LnR4dA==\",\"listover\":false,\"infos\":[");
    for (int i = 0; i < 199; i++)
        len += (size_t)snprintf(reply + len, room - len,
            "%s{\"name\":\"report-%05d.txt\",\"ctime\":15000%05d,\"mtime\":15000%05d,"
            "\"filesize\":%d,\"filelen\":%d,\"sha\":\"66b3c057b9849bbc48663b58e156302ba03f%04x\","
            "\"authority\":\"eInvalid\",\"biz_attr\":\"\","
            "\"access_url\":\"http://bench-1250000000.file.myqcloud.com/docs/report-%05d.txt\","
            "\"source_url\":\"http://bench-1250000000.cossh.myqcloud.com/docs/report-%05d.txt\"}",
            i ? "," : "", i, i, i, i * 1000, i * 1000, i, i, i);
    snprintf(reply + len, room - len, "]}}");
    return reply;
}

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

static void answer(int fd, const char *json)
{
    char out[4096];
    size_t len = strlen(json);
    int head = snprintf(out, sizeof out,
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
                        "Content-Length: %zu\r\n\r\n", len);
    if ((size_t)head + len < sizeof out) {
        memcpy(out + head, json, len);
        send_all(fd, out, (size_t)head + len, 0);
    } else {
        send_all(fd, out, (size_t)head, MSG_MORE);
        send_all(fd, json, len, 0);
    }
}

/* The number behind `name` in `text`, or `otherwise`. */
static unsigned long number(const char *text, const char *name, unsigned long otherwise)
{
    const char *at = strcasestr(text, name);
    return at ? strtoul(at + strlen(name), NULL, 10) : otherwise;
}

static void stat_reply(const char *path, char *json, size_t room)
{
    unsigned long size = number(path, "/size-", 10);
    const char *sha = strstr(path, "/sha-");
    char sha_field[64] = "";
    if (sha)
        snprintf(sha_field, sizeof sha_field, "\"sha\":\"%.40s\",", sha + 5);
    snprintf(json, room,
             "{\"code\":0,\"message\":\"SUCCESS\",\"request_id\":"
             "\"NWEwYjFjMmRfMTIzNDU2XzFhMmJfM2M0ZQ==\",\"data\":{\"authority\":\"eInvalid\","
             "\"biz_attr\":\"\",\"ctime\":1500000001,\"custom_headers\":{},\"filelen\":%lu,"
             "\"filesize\":%lu,\"forbid\":0,\"mtime\":1500000001,%s\"slicesize\":1048576,%s}}",
             size, size, sha_field, PLACE);
}

static void download(int fd, const char *path, const char *head)
{
    unsigned long size = number(path, "/size-", 10), first = 0, last = size - 1;
    const char *range = strcasestr(head, "\r\nrange: bytes=");
    char out[512];
    int len;
    off_t at;
    if (range) {
        sscanf(range + 15, "%lu-%lu", &first, &last);
        len = snprintf(out, sizeof out,
                       "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %lu-%lu/%lu\r\n"
                       "Content-Length: %lu\r\n\r\n", first, last, size, last + 1 - first);
    } else {
        len = snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\nContent-Length: %lu\r\n\r\n", size);
    }
    send_all(fd, out, (size_t)len, MSG_MORE);
    for (at = (off_t)first; at <= (off_t)last;)
        if (sendfile(fd, content, &at, last + 1 - (unsigned long)at) <= 0)
            return;
}

static void post_reply(const char *body, char *json, size_t room)
{
    const char *session = "\"session\":\"58ccd1f0a2b34c5d6e7f8091a2b3c4d5e6f708192a3b4c5d\"";
    const char *offset = strstr(body, "name=\"offset\"\r\n\r\n");
    char data[512];
    if (strstr(body, "upload_slice_init"))
        snprintf(data, sizeof data, "%s,\"slice_size\":1048576", session);
    else if (offset)
        snprintf(data, sizeof data, "%s,\"offset\":%lu", session, strtoul(offset + 17, NULL, 10));
    else
        snprintf(data, sizeof data, "%s,\"resource_path\":\"/1250000000/bench/docs/report.txt\"", PLACE);
    snprintf(json, room,
             "{\"code\":0,\"message\":\"SUCCESS\",\"request_id\":"
             "\"NWEwYjFjMmRfMTIzNDU2XzFhMmJfM2M0ZQ==\",\"data\":{%s}}", data);
}

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

static int serve_one(struct connection *c)
{
    char json[2048], path[2048], head[HEAD + 1], *end;
    unsigned long body, latency, head_len, there;

    while (!(end = strstr(c->buffer, "\r\n\r\n")))
        if (c->have == HEAD || !have(c, c->have + 1))
            return 0;
    head_len = (unsigned long)(end + 4 - c->buffer);
    memcpy(head, c->buffer, head_len);
    head[head_len] = 0;
    path[0] = 0;
    sscanf(head, "%*s %2047s", path);
    if (strcmp(path, "/counters") == 0) {
        snprintf(json, sizeof json, "{\"connections\":%lu,\"requests\":%lu,\"bytes\":%lu}",
                 atomic_exchange(&connections, 0), atomic_exchange(&requests, 0),
                 atomic_exchange(&body_bytes, 0));
        answer(c->fd, json);
        return 0;
    }
    if (!c->is_counted) {
        c->is_counted = 1;
        atomic_fetch_add(&connections, 1);
    }
    atomic_fetch_add(&requests, 1);
    body = number(head, "\r\ncontent-length:", 0);
    atomic_fetch_add(&body_bytes, body);
    if (!have(c, head_len + (body < LOOK ? body : LOOK)))
        return 0;
    if (body > 0)
        post_reply(c->buffer + head_len, json, sizeof json);
    there = c->have - head_len < body ? c->have - head_len : body;
    if (!drop(c->fd, body - there))
        return 0;
    memmove(c->buffer, c->buffer + head_len + there, c->have - head_len - there + 1);
    c->have -= head_len + there;

    latency = number(path, "/latency-", 0);
    if (latency)
        usleep((useconds_t)latency * 1000);
    if (body > 0) {
        answer(c->fd, json);
    } else if (strstr(path, "op=stat")) {
        stat_reply(path, json, sizeof json);
        answer(c->fd, json);
    } else if (strstr(path, "op=list")) {
        answer(c->fd, list_reply);
    } else {
        download(c->fd, path, head);
    }
    return 1;
}

static void *serve(void *connection)
{
    struct connection *c = connection;
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while (serve_one(c)) {}
    close(c->fd);
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
    list_reply = make_list();
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 512 * 1024);
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        struct connection *c = malloc(sizeof *c);
        pthread_t thread;
        c->fd = accept(listener, NULL, NULL);
        c->is_counted = 0;
        c->have = 0;
        c->buffer[0] = 0;
        if (c->fd < 0 || pthread_create(&thread, &small, serve, c) != 0)
            return EXIT_FAILURE;
    }
}
