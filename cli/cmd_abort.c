/* abort. */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "command.h"
#include "options.h"
#include "print.h"
#include "reply.h"
#include "text.h"
#include "xml.h"

/* An upload that was begun and not finished. */
struct unfinished {
    char *key, *id;
    long long begun;
};

static enum status drop(const cos_client *client, const struct place *bucket,
                        const struct unfinished *upload)
{
    struct place place = place_of(formatted("cos://%s/%s", bucket->bucket, upload->key));
    char *id = quoted(upload->id), *params = formatted("{\"uploadId\":%s}", id), *json;
    int code = cos_request(client, "DELETE", place.bucket, place.path, params, NULL, NULL, 0, NULL,
                           &json);
    enum status status = check(code, json, &place, &place);
    if (status == DONE)
        say("dropped %s", place.text);
    cos_string_free(json);
    free(params);
    free(id);
    place_free(&place);
    return status;
}

/* A page of the list: where it goes on, and whether it does. */
struct page {
    char *key_marker, *id_marker;
    int is_last;
};

/* Counts it if it is dropped, or listed. */
static enum status take_upload(const cos_client *client, const struct place *place,
                               const struct unfinished *upload, long long older, long long *count)
{
    char date[SHORT_TEXT];
    enum status status = DONE;
    if (!upload->key || !upload->id || (older >= 0 && upload->begun >= older))
        return DONE;
    if (option(DRY_RUN))
        print("%s  cos://%s/%s", date_text(upload->begun, date), place->bucket, upload->key);
    else
        status = drop(client, place, upload);
    *count += status == DONE;
    return status;
}

static enum status take_page(const cos_client *client, const struct place *place, const char *body,
                             long long older, long long *count)
{
    enum status status = DONE;
    const char *rest = body;
    while ((rest = xml_next(rest, "Upload")) != NULL) {
        char *begun = xml_text(rest, "Initiated");
        struct unfinished upload = {xml_text(rest, "Key"), xml_text(rest, "UploadId"),
                                    begun ? moment_of_utc(begun) : 0};
        enum status this_one = take_upload(client, place, &upload, older, count);
        status = status != DONE ? status : this_one;
        free(begun);
        free(upload.key);
        free(upload.id);
    }
    return status;
}

/* Asks for the next page of the unfinished uploads, and deals with them. */
static enum status next_page(const cos_client *client, const struct place *place, struct page *page,
                             long long older, long long *count)
{
    char *prefix = quoted(place->path + 1), *key = quoted(page->key_marker),
         *id = quoted(page->id_marker), *json, *body, *truncated, *params;
    int code;
    enum status status;
    params = formatted("{\"uploads\":\"\",\"prefix\":%s,\"key-marker\":%s,\"upload-id-marker\":%s}",
                       prefix, key, id);
    code = cos_request(client, "GET", place->bucket, "/", params, NULL, NULL, 0, NULL, &json);
    status = check(code, json, place, place);
    body = cos_json_string(json, "/data/body");
    truncated = body ? xml_text(body, "IsTruncated") : NULL;
    page->is_last = status != DONE || !truncated || strcmp(truncated, "true") != 0;
    if (status == DONE && body)
        status = take_page(client, place, body, older, count);
    free(page->key_marker);
    free(page->id_marker);
    page->key_marker = body ? xml_text(body, "NextKeyMarker") : NULL;
    page->id_marker = body ? xml_text(body, "NextUploadIdMarker") : NULL;
    page->is_last = page->is_last || !page->key_marker || !page->id_marker;
    free(truncated);
    cos_string_free(body);
    cos_string_free(json);
    free(params);
    free(prefix);
    free(key);
    free(id);
    return status;
}

static enum status run_abort(const cos_client *client, const struct place *place)
{
    struct page page = {copy_of(""), copy_of(""), 0};
    enum { MOST_PAGES = 100000 };
    long long older = -1, count = 0;
    enum status status = DONE;
    int pages;
    if (!speaks_xml(client))
        status = usage("the JSON API can't list unfinished uploads: cos ls -l shows them, cos rm drops "
                       "them");
    else
        status = read_moment(OLDER, "older", &older);
    for (pages = 0; status == DONE && !page.is_last && pages < MOST_PAGES; pages++)
        status = next_page(client, place, &page, older, &count);
    if (status == DONE || count > 0)
        say(option(DRY_RUN) ? "unfinished uploads: %lld" : "uploads dropped: %lld", count);
    free(page.key_marker);
    free(page.id_marker);
    return status;
}

const struct command ABORT = {
    .name = "abort",
    .operands = "cos://BUCKET/PATH...",
    .options = "D[",
    .least = 1,
    .run_each = run_abort,
    .summary = "drop uploads that were broken off",
    .details =
        "What was sent of an upload is kept, and billed, until the upload is continued or dropped.\n"
        "All are dropped whose names begin with the path; --dry-run lists them. With the XML API\n"
        "alone.\n",
    .examples =
        "  cos abort --dry-run cos://mybucket/\n"
        "  cos abort --older 7d cos://mybucket/videos/\n",
};
