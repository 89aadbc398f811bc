/* set. */
#include <stdlib.h>
#include <string.h>

#include "attributes.h"
#include "client.h"
#include "command.h"
#include "options.h"
#include "print.h"
#include "reply.h"
#include "text.h"

/* The reply of a stat: what is not changed has to be said again. NULL with `status` if it fails. */
static char *known_of(const cos_client *client, const struct place *place, enum status *status)
{
    char *json;
    int code = cos_stat_file(client, place->bucket, place->path, NULL, &json);
    *status = check_without_reply(code, json, place, place);
    if (*status == DONE)
        return json;
    cos_string_free(json);
    return NULL;
}

static enum status update_file(const cos_client *client, const struct place *place)
{
    enum status status = DONE;
    char *known = NULL, *changes = NULL, *options, *json;
    int code;
    if (option('H') && !option(CLEAR_HEADERS))
        known = known_of(client, place, &status);
    if (status == DONE) {
        append_headers(&changes, known);
        options = formatted("{%s}", changes ? changes + 1 : ""); /* without the first comma */
        code = cos_update_file(client, place->bucket, place->path, options, &json);
        status = check(code, json, place, place);
        if (has_lost_access(json))
            tell_lost_access(place);
        cos_string_free(json);
        free(options);
    }
    cos_string_free(known);
    free(changes);
    return status;
}

struct stored {
    char *json; /* the fields of an object, each behind a comma */
};

static int add_stored(const char *name, const char *value, void *user)
{
    struct stored *stored = user;
    if (name && value) {
        char *key = quoted(name), *text = quoted(value);
        append(&stored->json, ",%s:%s", key, text);
        free(text);
        free(key);
    }
    return 0;
}

/* The access of the file, which a copy does not have. */
static enum status keep_access(const cos_client *client, const struct place *place,
                               const char *known)
{
    char *authority = cos_json_string(known, "/data/authority"), *json;
    enum status status = DONE;
    if (authority && strcmp(authority, "eInvalid") != 0 && !option(ACL)) {
        char *options = formatted("{\"authority\":\"%s\"}", authority);
        int code = cos_update_file(client, place->bucket, place->path, options, &json);
        status = check(code, json, place, place);
        cos_string_free(json);
        free(options);
    }
    cos_string_free(authority);
    return status;
}

/* Copies the file onto itself in another class, with all that is stored with it. */
static enum status change_class(const cos_client *client, const struct place *place)
{
    enum { LARGEST_GIB = 5 };
    enum status status;
    char *known = known_of(client, place, &status), *url, *source, *etag, *attribute, *json;
    struct stored stored = {NULL};
    int code;
    if (!known)
        return status;
    if (number_in(known, "/data/filesize") > (long long)LARGEST_GIB << 30) {
        cos_string_free(known);
        return wrong("%s: the class of files above 5 GiB can't be changed", place->text);
    }
    url = cos_json_string(known, "/data/access_url");
    etag = cos_json_string(known, "/data/etag");
    attribute = cos_json_string(known, "/data/biz_attr");
    source = url ? strstr(url, "://") : NULL;
    append(&stored.json, "{\"x-cos-metadata-directive\":\"Replaced\"");
    add_stored("x-cos-copy-source", source ? source + 3 : "", &stored);
    add_stored("x-cos-storage-class", option(CLASS), &stored);
    if (etag && *etag)
        add_stored("x-cos-copy-source-If-Match", etag, &stored);
    if (attribute && *attribute)
        add_stored("x-cos-meta-biz-attr", attribute, &stored);
    cos_json_each(known, "/data/custom_headers", add_stored, &stored);
    append(&stored.json, "}");
    code = cos_request(client, "PUT", place->bucket, place->path, NULL, stored.json, NULL, 0, NULL,
                       &json);
    status = check(code, json, place, place);
    if (status == DONE)
        status = keep_access(client, place, known);
    cos_string_free(json);
    cos_string_free(attribute);
    cos_string_free(etag);
    cos_string_free(url);
    cos_string_free(known);
    free(stored.json);
    return status;
}

static enum status update_folder(const cos_client *client, const struct place *place)
{
    char *attribute = quoted(option(BIZ_ATTR)), *json;
    char *options = formatted("{\"biz_attr\":%s}", attribute);
    int code = cos_update_folder(client, place->bucket, place->path, options, &json);
    enum status status = check(code, json, place, place);
    cos_string_free(json);
    free(options);
    free(attribute);
    return status;
}

static enum status run_set(const cos_client *client, const struct place *place)
{
    int updates = option('H') || option(ACL) || option(BIZ_ATTR) || option(FORBID) ||
                  option(CLEAR_HEADERS);
    enum status status = check_attributes();
    if (status != DONE)
        return status;
    if (!updates && !option(CLASS))
        return usage("what is to be set is missing: --header, --acl, --class, --biz-attr or --forbid");
    if (option('H') && option(CLEAR_HEADERS))
        return usage("--clear-headers and --header don't go together; an empty value removes one");
    if (ends_with_slash(place)) {
        if (!option(BIZ_ATTR) || option('H') || option(ACL) || option(CLASS) || option(FORBID))
            return usage("%s: a folder has nothing but --biz-attr", place->text);
        status = update_folder(client, place);
    } else {
        if (option(CLASS) && !speaks_xml(client))
            return usage("--class is for the XML API: the JSON API has no storage classes");
        if (option(CLASS))
            status = change_class(client, place);
        if (status == DONE && updates)
            status = update_file(client, place);
    }
    if (status == DONE)
        say("changed %s", place->text);
    return status;
}

const struct command SET = {
    .name = "set",
    .operands = "cos://BUCKET/PATH...",
    .options = "HAKBFE",
    .least = 1,
    .run_each = run_set,
    .patterns = EACH_MATCH,
    .summary = "change the headers, the access or the class of files",
    .details =
        "--header sets Cache-Control, Content-Type, Content-Language, Content-Disposition,\n"
        "Content-Encoding or an x-cos-meta-... of your own; with an empty value it goes. Headers that\n"
        "are not named stay. --class needs the XML API, --forbid the JSON API.\n",
    .examples =
        "  cos set --header Content-Type:text/html cos://mybucket/index\n"
        "  cos set -H Cache-Control: --acl public-read 'cos://web/site/*.css'\n"
        "  cos set --class STANDARD_IA cos://mybucket/old.tar\n",
};
