/* What describes the content of a file at the service. */
#include "describe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "reply.h"
#include "text.h"

long long moment_of_http(const char *text)
{
    static const char NAMES[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4] = "";
    const char *found;
    int day, year, hour, minute, second;
    char *utc;
    long long moment;
    if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d", &day, month, &year, &hour, &minute, &second) != 6)
        return 0;
    found = strstr(NAMES, month);
    if (!found || strlen(month) != 3 || (found - NAMES) % 3 != 0)
        return 0;
    utc = formatted("%04d-%02d-%02dT%02d:%02d:%02d.000Z", year, (int)(found - NAMES) / 3 + 1, day, hour,
                    minute, second);
    moment = moment_of_utc(utc);
    free(utc);
    return moment;
}

/* The time that --times has stored, or -1. */
static long long kept_in(const char *json, const char *pointer)
{
    int64_t time;
    return cos_json_int(json, pointer, &time) == 0 ? (long long)time : -1;
}

/* The text at a pointer, to be freed with free(), or NULL. */
static char *text_at(const char *json, const char *pointer)
{
    char *text = cos_json_string(json, pointer), *copy = text ? copy_of(text) : NULL;
    cos_string_free(text);
    return copy;
}

/* The answer to a HEAD has no words: another request asks why it was refused. */
static void ask_why(const cos_client *client, const struct place *place, struct described *described)
{
    char *json = NULL;
    int code = cos_request(client, "GET", place->bucket, place->path, NULL, "{\"Range\":\"bytes=0-0\"}",
                           NULL, 0, NULL, &json);
    if (code == COS_OK || code == COS_ERR_CANCELLED) {
        cos_string_free(json);
        return;
    }
    cos_string_free(described->json);
    described->code = code;
    described->json = json;
}

static void take_head(struct described *described)
{
    char *modified = text_at(described->json, "/data/headers/last-modified");
    described->size = number_in(described->json, "/data/headers/content-length");
    described->mtime = modified ? moment_of_http(modified) : 0;
    described->kept = kept_in(described->json, "/data/headers/x-cos-meta-mtime");
    described->crc64 = text_at(described->json, "/data/headers/x-cos-hash-crc64ecma");
    described->restored = text_at(described->json, "/data/headers/x-cos-restore");
    free(modified);
}

static void take_stat(struct described *described)
{
    described->size = number_in(described->json, "/data/filesize");
    described->mtime = number_in(described->json, "/data/mtime");
    described->kept = kept_in(described->json, "/data/custom_headers/x-cos-meta-mtime");
    described->sha1 = text_at(described->json, "/data/sha");
}

struct described describe(const cos_client *client, const struct place *place)
{
    struct described described = {.kept = -1};
    int is_xml = speaks_xml(client);
    described.code = is_xml ? cos_request(client, "HEAD", place->bucket, place->path, NULL, NULL, NULL, 0,
                                          NULL, &described.json)
                            : cos_stat_file(client, place->bucket, place->path, NULL, &described.json);
    if (described.code == COS_OK) {
        (is_xml ? take_head : take_stat)(&described);
        cos_string_free(described.json);
        described.json = NULL;
    } else if (is_xml && is_in(described.json, "/error/origin", "server")) {
        ask_why(client, place, &described);
    }
    return described;
}

void described_free(struct described *described)
{
    cos_string_free(described->json);
    free(described->crc64);
    free(described->sha1);
    free(described->restored);
}
