/* What describes the content of a file at the service. */
#include "describe.h"

#include <stdlib.h>

#include "reply.h"
#include "text.h"

/* The time that --times has stored, or -1. */
static long long kept_in(const char *json)
{
    int64_t time;
    return cos_json_int(json, "/data/custom_headers/x-cos-meta-mtime", &time) == 0 ? (long long)time : -1;
}

/* The text at a pointer, to be freed with free(), or NULL. */
static char *text_at(const char *json, const char *pointer)
{
    char *text = cos_json_string(json, pointer), *copy = text ? copy_of(text) : NULL;
    cos_string_free(text);
    return copy;
}

struct described describe(const cos_client *client, const struct place *place)
{
    struct described described = {.kept = -1};
    char *json;
    described.code = cos_stat_file(client, place->bucket, place->path, "{\"with_authority\":false}",
                                   &json);
    if (described.code != COS_OK) {
        described.json = json;
        return described;
    }
    described.size = number_in(json, "/data/filesize");
    described.mtime = number_in(json, "/data/mtime");
    described.kept = kept_in(json);
    described.headers = text_at(json, "/data/custom_headers");
    described.crc64 = text_at(json, "/data/crc64");
    described.sha1 = text_at(json, "/data/sha");
    cos_string_free(json);
    return described;
}

void described_free(struct described *described)
{
    cos_string_free(described->json);
    free(described->headers);
    free(described->crc64);
    free(described->sha1);
}
