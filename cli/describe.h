/* What describes the content of a file at the service. */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include <cos.h>

#include "place.h"

/* With the XML API it takes one request, where cos_stat_file() takes two. */
struct described {
    int code;
    char *json;            /* the reply if the call failed, to be freed with cos_string_free(); else NULL */
    long long size, mtime; /* seconds since 1970 */
    long long kept;        /* the time that --times has stored with it, or -1 */
    char *crc64, *sha1;    /* NULL if the service does not tell; to be freed by described_free() */
    char *restored;        /* x-cos-restore, of an archived file that was asked for; in the same way */
};

struct described describe(const cos_client *client, const struct place *place);
void described_free(struct described *described);

/* "Sat, 28 Nov 2026 03:16:06 GMT" in seconds since 1970; 0 for anything else. */
long long moment_of_http(const char *text);

#endif
