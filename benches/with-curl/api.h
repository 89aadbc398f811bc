/* What the jobs need of the two APIs. */
#ifndef API_H
#define API_H

#include "line.h"

#include <stdatomic.h>
#include <stdint.h>

/* What the command line says. */
struct settings {
    const char *scheme, *host, *ca_file;
    int workers;
    int with_sum; /* whether content is verified */
    const struct api *api;
};

extern struct settings settings;

#define BUCKET "bench"
#define APPID "1250000000"
#define SECRET_ID "EXAMPLE_SECRET_ID"
#define SECRET_KEY "EXAMPLE_SECRET_KEY"
#define MIB (1024 * 1024)
/* The host of the bucket's downloads, and of everything in the XML API. */
#define BUCKET_HOST BUCKET "-" APPID ".localhost"

/* What is known of an object. */
struct object {
    uint64_t size;
    char sha[41];  /* or empty */
    char etag[80]; /* or empty */
    int has_crc;
    uint64_t crc;
    int is_public; /* known of what was asked for by `stat` */
};

/* An upload in parts. */
struct upload {
    const char *path;
    int fd;
    uint64_t size;
    char session[128];
    char sha[41];          /* JSON API, if content is verified */
    uint64_t *crcs;        /* XML API: of each part */
    char (*etags)[80];     /* XML API: of each part */
    atomic_ulong next;     /* the part that is sent next */
};

/* Takes an entry of a list; the name is good for this call. */
typedef void take_entry(void *user, const char *name, const struct object *object);

struct api {
    uint64_t part_size, threshold;
    enum sum_kind sum;
    /* Whether every answer that has content also has the size and sum of the object. */
    int tells_with_content;
    void (*stat)(struct line *line, const char *path, struct object *object);
    /* A page; `context` is where it begins, and then where the next one does. Returns whether it was
     * the last. */
    int (*list)(struct line *line, const char *path, char context[256], take_entry *take, void *user);
    void (*put)(struct line *line, const char *path, int fd, uint64_t size);
    void (*begin)(struct line *line, struct upload *upload);
    void (*put_part)(struct line *line, struct upload *upload, uint64_t index);
    void (*finish)(struct line *line, struct upload *upload);
    /* Fetches a piece. Without a size `object` is not known yet, and is filled in where the answer tells
     * of it; it may then end before the piece does. */
    void (*get)(struct line *line, const char *path, struct object *object, struct piece *piece);
};

extern const struct api api_v4, api_v5;

#endif
