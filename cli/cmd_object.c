/* stat, rm and mkdir. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "print.h"
#include "reply.h"
#include "text.h"

static void print_field(const char *name, const char *json, const char *pointer)
{
    char *value = cos_json_string(json, pointer);
    if (value && *value && strcmp(value, "{}") != 0)
        print("%-10s %s", name, value);
    cos_string_free(value);
}

static int print_header(const char *name, const char *value, void *user)
{
    (void)user;
    print("%-10s %s: %s", "header", name ? name : "?", value ? value : "?");
    return 0;
}

static enum status run_stat(const cos_client *client, const struct place *place)
{
    char size[SHORT_TEXT], date[SHORT_TEXT], *json;
    int64_t bytes;
    int code = (ends_with_slash(place) ? cos_stat_folder : cos_stat_file)(
        client, place->bucket, place->path, NULL, &json);
    enum status status = check(code, json, place, place);
    if (status == DONE) {
        print("%-10s %s", "name", place->text);
        if (cos_json_int(json, "/data/filesize", &bytes) == 0)
            print("%-10s %lld (%s)%s", "size", (long long)bytes, size_text(bytes, size),
                  is_unfinished(json, "/data/filelen", bytes) ? ", unfinished upload" : "");
        print("%-10s %s", "modified", date_text(number_in(json, "/data/mtime"), date));
        print("%-10s %s", "created", date_text(number_in(json, "/data/ctime"), date));
        print_field("sha1", json, "/data/sha");
        print_field("crc64", json, "/data/crc64");
        print_field("etag", json, "/data/etag");
        print_field("version", json, "/data/version_id");
        print_field("class", json, "/data/storage_class");
        print_field("biz_attr", json, "/data/biz_attr");
        print_field("authority", json, "/data/authority");
        print_field("forbid", json, "/data/forbid");
        cos_json_each(json, "/data/custom_headers", print_header, NULL);
        print_field("url", json, "/data/access_url");
    }
    cos_string_free(json);
    return status;
}

static enum status remove_file(const cos_client *client, const struct place *place)
{
    char *json;
    int code = cos_del_file(client, place->bucket, place->path, NULL, &json);
    enum status status = check(code, json, place, place);
    if (status == DONE)
        say("deleted %s", place->text);
    cos_string_free(json);
    return status;
}

static enum status remove_folder(const cos_client *client, const struct place *place)
{
    char *json, *options = copy_of("{\"recursive\":true");
    int code;
    enum status status;
    append_option(&options, "concurrency", 'C', 1);
    append(&options, "}");
    code = cos_del_folder(client, place->bucket, place->path, options, &json);
    status = check(code, json, place, place);
    if (status == DONE)
        say("deleted %s (files: %lld, folders: %lld)", place->text,
            number_in(json, "/data/files"), number_in(json, "/data/folders"));
    cos_string_free(json);
    free(options);
    return status;
}

static enum status run_rm(const cos_client *client, const struct place *place)
{
    if (!ends_with_slash(place))
        return remove_file(client, place);
    if (!option('r'))
        return wrong("%s is a folder; -r deletes it with everything below it", place->text);
    return remove_folder(client, place);
}

static enum status run_mkdir(const cos_client *client, const struct place *place)
{
    struct place folder = place_in(place, "");
    char *json;
    int code = cos_create_folder(client, folder.bucket, folder.path, NULL, &json);
    enum status status = DONE;
    if (code == COS_ERR_FOLDER_EXISTS && option('p'))
        print_reply(json);
    else
        status = check(code, json, &folder, &folder);
    if (code == COS_OK)
        say("created %s", folder.text);
    cos_string_free(json);
    place_free(&folder);
    return status;
}

const struct command STAT = {
    .name = "stat",
    .operands = "cos://BUCKET/PATH...",
    .options = "",
    .least = 1,
    .run_each = run_stat,
    .summary = "show what is known of files and folders",
    .details =
        "The path of a folder ends with '/'. A folder that nobody has made, and that is only part of\n"
        "the names of files, is unknown to the service; cos ls shows what is in it.\n",
};

const struct command RM = {
    .name = "rm",
    .operands = "cos://BUCKET/PATH...",
    .options = "rC",
    .least = 1,
    .run_each = run_rm,
    .summary = "delete for good",
    .details = "A folder, whose path ends with '/', is deleted only with -r.\n",
};

const struct command MKDIR = {
    .name = "mkdir",
    .operands = "cos://BUCKET/FOLDER/...",
    .options = "p",
    .least = 1,
    .run_each = run_mkdir,
    .summary = "create folders",
    .details = "Folders above it need not exist.\n",
};
