/* What describes the content of a file at the service. */
#ifndef DESCRIBE_H
#define DESCRIBE_H

#include <cos.h>

#include "place.h"

struct described {
    int code;
    char *json;            /* the reply if the call failed, to be freed with cos_string_free(); else NULL */
    long long size, mtime; /* seconds since 1970 */
    long long kept;        /* the time that --times has stored with it, or -1 */
    char *headers;         /* what is stored with it, a JSON object; NULL if there is none */
    char *crc64, *sha1;    /* NULL if the service does not tell; all to be freed by described_free() */
};

struct described describe(const cos_client *client, const struct place *place);
void described_free(struct described *described);

#endif
