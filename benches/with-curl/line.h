/* A connection, and what travels on it. */
#ifndef LINE_H
#define LINE_H

#include "sum.h"
#include "text.h"

#include <curl/curl.h>
#include <stdint.h>

/* One connection, of one thread, which is kept. */
struct line {
    CURL *easy;
    struct text reply;
};

/* What a request carries: a text, a part of a file, and an end. */
struct body {
    struct text head;
    int fd;
    uint64_t offset, len;
    struct sum sum; /* of the part of the file; its kind says which */
    /* Writes the end, which may depend on the sum; its length is known before. */
    void (*finish)(struct body *body);
    char tail[256];
    size_t tail_len;
    /* What has left. */
    size_t head_sent, tail_sent;
    uint64_t sent;
};

/* Where content that arrives belongs. */
struct piece {
    int fd;
    uint64_t start, end;
    struct sum sum; /* of what has arrived */
    uint64_t at;
    const struct line *line;
    int is_whole_answer; /* not a part of the object */
};

struct request {
    const char *method, *url;
    struct curl_slist *headers;
    struct body *body;   /* or NULL */
    struct piece *piece; /* where the answer goes; NULL for line->reply */
    const char *marker;  /* a header that every whole answer has, or NULL */
};

void open_line(struct line *line, const char *ca_file);
void close_line(struct line *line);

/* Sends a request, again if the connection breaks or the server is in trouble, and waits for a success:
 * its body is in line->reply or in the piece. The headers and the head of the body are freed. */
void perform(struct line *line, struct request *request);

/* A header of the answer, or NULL. */
const char *header(const struct line *line, const char *name);

/* A list with one more header. */
__attribute__((format(printf, 2, 3))) struct curl_slist *
with_header(struct curl_slist *headers, const char *format, ...);

#endif
