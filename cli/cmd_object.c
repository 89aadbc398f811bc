/* stat, exists and mkdir. */
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

static int ask(const cos_client *client, const struct place *place, char **json)
{
    if (ends_with_slash(place))
        return cos_stat_folder(client, place->bucket, place->path, NULL, json);
    return cos_stat_file(client, place->bucket, place->path,
                         option(ACCESS) ? NULL : "{\"with_authority\":false}", json);
}

/* Whether a folder that nobody has made is there, because something is in it. */
static int has_content(const cos_client *client, const struct place *folder)
{
    char *json = NULL;
    int is_there = 0;
    if (cos_list_folder(client, folder->bucket, folder->path, "{\"num\":1}", &json) == COS_OK)
        is_there = cos_json_length(json, "/data/infos") > 0;
    cos_string_free(json);
    return is_there;
}

/* How it stands with the copy of an archived file, which alone can be read. */
static void print_restored(const char *json)
{
    char *class = cos_json_string(json, "/data/storage_class"), date[SHORT_TEXT];
    long long until = number_in(json, "/data/restored_until");
    int is_coming = is_in(json, "/data/restoring", "true");
    if (until)
        print("%-10s %s %s", "restored", in_language("until"), date_text(until, date));
    else if (class && strstr(class, "ARCHIVE"))
        print("%-10s %s", "restored", in_language(is_coming ? "not yet" : "no; see cos help restore"));
    cos_string_free(class);
}

static void print_stat(const struct place *place, const char *json)
{
    char size[SHORT_TEXT], date[SHORT_TEXT];
    int64_t bytes;
    print("%-10s %s", "name", place->text);
    if (cos_json_int(json, "/data/filesize", &bytes) == 0)
        print("%-10s %lld (%s)%s", "size", (long long)bytes, size_text(bytes, size),
              is_unfinished(json, "/data/filelen", bytes) ? in_language(", unfinished upload") : "");
    if (number_in(json, "/data/mtime"))
        print("%-10s %s", "modified", date_text(number_in(json, "/data/mtime"), date));
    if (number_in(json, "/data/ctime"))
        print("%-10s %s", "created", date_text(number_in(json, "/data/ctime"), date));
    print_field("sha1", json, "/data/sha");
    print_field("crc64", json, "/data/crc64");
    print_field("etag", json, "/data/etag");
    print_field("version", json, "/data/version_id");
    print_field("class", json, "/data/storage_class");
    print_restored(json);
    print_field("biz_attr", json, "/data/biz_attr");
    print_field("authority", json, "/data/authority");
    print_field("forbid", json, "/data/forbid");
    cos_json_each(json, "/data/custom_headers", print_header, NULL);
    print_field("url", json, "/data/access_url");
}

static enum status run_stat(const cos_client *client, const struct place *place)
{
    char *json;
    int code = ask(client, place, &json);
    enum status status = DONE;
    if (code == COS_ERR_NOT_FOUND && ends_with_slash(place) && has_content(client, place)) {
        print_reply(json);
        print("%-10s %s", "name", place->text);
        print("%-10s %s", "folder", in_language("nobody has made it; it is there for the files in it"));
    } else {
        status = check(code, json, place, place);
    }
    if (status == DONE && code == COS_OK)
        print_stat(place, json);
    cos_string_free(json);
    return status;
}

static enum status run_exists(const cos_client *client, const struct place *place)
{
    char *json;
    int code = ask(client, place, &json);
    enum status status = DONE;
    if (code == COS_ERR_NOT_FOUND && ends_with_slash(place) && has_content(client, place))
        code = COS_OK;
    if (code == COS_ERR_NOT_FOUND) {
        print_reply(json);
        status = MISSING;
    } else if (code == COS_OK) {
        print_reply(json);
        status = is_unfinished(json, "/data/filelen", number_in(json, "/data/filesize")) ? MISSING : DONE;
    } else {
        status = check(code, json, place, place);
    }
    cos_string_free(json);
    return status;
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
    .options = "i",
    .least = 1,
    .run_each = run_stat,
    .patterns = EACH_MATCH,
    .summary = "show what is known of files and folders",
    .details =
        "The path of a folder ends with '/'. A folder that nobody has made, and that is only part of\n"
        "the names of files, is there as well.\n",
};

const struct command EXISTS = {
    .name = "exists",
    .operands = "cos://BUCKET/PATH...",
    .options = "",
    .least = 1,
    .run_each = run_exists,
    .patterns = EACH_MATCH,
    .is_silent = 1,
    .summary = "tell by the exit code whether files and folders are there",
    .details =
        "0 if all of them are, 3 if one is not; nothing is printed. A file whose upload was broken off\n"
        "is not there.\n",
    .examples =
        "  cos exists cos://mybucket/done || cos cp result cos://mybucket/done\n",
};

const struct command MKDIR = {
    .name = "mkdir",
    .operands = "cos://BUCKET/FOLDER/...",
    .options = "p",
    .least = 1,
    .run_each = run_mkdir,
    .summary = "create folders",
    .details =
        "Folders above it need not exist.\n",
};
