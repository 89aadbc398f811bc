/* What a call of the library answered: its code and its reply, told to the user. */
#include "reply.h"

#include <cos.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attributes.h"
#include "options.h"
#include "print.h"
#include "system.h"
#include "text.h"
#include "watch.h"

long long number_in(const char *json, const char *pointer)
{
    int64_t value = 0;
    cos_json_int(json, pointer, &value);
    return (long long)value;
}

int is_in(const char *json, const char *pointer, const char *text)
{
    char *value = cos_json_string(json, pointer);
    int same = value && strcmp(value, text) == 0;
    cos_string_free(value);
    return same;
}

int is_unfinished(const char *json, const char *pointer, int64_t size)
{
    int64_t there;
    return cos_json_int(json, pointer, &there) == 0 && there < size;
}

int has_lost_access(const char *json)
{
    return is_in(json, "/data/not_kept/0", "authority");
}

void tell_lost_access(const struct place *place)
{
    complain("warning: %s: who may read it is as with its bucket now; the key may not ask how it was",
             place->text);
}

enum status status_of(int code, const char *json)
{
    switch (code) {
    case COS_OK:
        return DONE;
    case COS_ERR_PARAM:
    case COS_ERR_LOCAL_IO:
        return WRONG;
    case COS_ERR_NOT_FOUND:
    case COS_ERR_NO_BUCKET:
        return MISSING;
    default:
        return is_in(json, "/error/retryable", "true") ? TRY_AGAIN : FAILED;
    }
}

static int has_two_buckets;

void set_has_two_buckets(int has)
{
    has_two_buckets = has;
}

/* What helps if a bucket is missing; `theirs` is what the library says. */
static const char *hint_of_region(const char *theirs)
{
    if (theirs && strncmp(theirs, "the bucket is in the region ", 28) == 0)
        return theirs; /* the service knows */
    return in_language(
        has_two_buckets
            ? "check the buckets' names and regions: --region is where the copy goes, --source-region where "
              "the source is"
            : "check the bucket's name and region; --region gives another one: sh and the like are for the JSON "
              "API, ap-shanghai and the like for the XML API");
}

/* The hints of the library name its options. Where an option of the command helps, this says so. */
void give_hint(int code, const char *json, const struct place *about)
{
    static char told[256]; /* one file after the other may fail for the same reason */
    char *theirs = cos_json_string(json, "/error/hint");
    const char *ours = theirs;
    if (code == COS_ERR_NOT_FOUND && about->text[strlen(about->text) - 1] != '/')
        ours = in_language("if it is a folder, its path ends with '/'");
    else if (code == COS_ERR_NO_BUCKET)
        ours = hint_of_region(theirs);
    else if (code == COS_ERR_FOLDER_EXISTS)
        ours = strcmp(command_name(), "mkdir") == 0
                   ? in_language("with -p that is fine")
                   : in_language("to copy into a folder, end its path with '/'");
    else if (code == COS_ERR_UPLOAD_CONFLICT)
        ours = in_language("other content was left unfinished there; remove it with cos rm");
    else if (code == COS_ERR_NETWORK && number_in(json, "/error/http_status") == 404)
        ours = in_language(
            "if its upload was broken off, the same upload again completes it, and cos rm drops it");
    else if (code == COS_ERR_REFUSED && strcmp(command_name(), "restore") == 0)
        ours = NULL; /* theirs is to restore it */
    if (ours && strncmp(ours, told, sizeof told - 1) != 0) {
        complain("hint: %s", ours);
        strncpy(told, ours, sizeof told - 1);
    }
    cos_string_free(theirs);
}

const char *plain(const char *message)
{
    static const char *const NAMES[] = {"local_path ", "cos_path ", "dest_path ",
                                        "dest_bucket "};
    size_t i;
    for (i = 0; message && i < sizeof NAMES / sizeof *NAMES; i++) {
        if (strncmp(message, NAMES[i], strlen(NAMES[i])) == 0)
            return message + strlen(NAMES[i]);
    }
    return message ? message : in_language("there is no message");
}

/* What the command calls the option that the library calls so, to be freed; NULL if none was given. */
static char *own_name(const char *argument)
{
    char *name = option_behind(argument), *header;
    if (!name && option('H') && is_header_key(argument)) {
        header = header_of(argument);
        name = formatted("--header %s", header);
        free(header);
    }
    return name;
}

/* A message in which an argument of the library's has the name of the option that it comes from, to be
 * freed; NULL if it comes from none. */
static char *about_option(const char *json, const char *message)
{
    char *argument = cos_json_string(json, "/error/argument");
    char *name = argument ? own_name(argument) : NULL, *text = NULL;
    if (name && strncmp(message, argument, strlen(argument)) == 0)
        text = formatted("%s%s", name, message + strlen(argument));
    free(name);
    cos_string_free(argument);
    return text;
}

/* The one of the two places that a failure is about. */
static const struct place *failed_place(int code, const char *json, const struct place *from,
                                        const struct place *to)
{
    const struct place *local = !from->bucket ? from : !to->bucket ? to : NULL;
    if (local && (is_in(json, "/error/argument", "local_path") ||
                  is_in(json, "/error/phase", "local_file")))
        return local;
    if (code == COS_ERR_FILE_EXISTS || code == COS_ERR_FOLDER_EXISTS ||
        is_in(json, "/error/argument", "dest_path") ||
        is_in(json, "/error/argument", "dest_bucket"))
        return to;
    return from->bucket ? from : to;
}

/* Whether the bucket that is missing may be either of two. */
static int is_of_either(int code, const struct place *from, const struct place *to)
{
    return code == COS_ERR_NO_BUCKET && from->bucket && to->bucket &&
           strcmp(from->bucket, to->bucket) != 0;
}

static void explain(int code, const char *json, const struct place *from, const struct place *to)
{
    char *message = cos_json_string(json, "/message");
    const struct place *about = failed_place(code, json, from, to);
    char *named = message ? about_option(json, message) : NULL;
    const char *rest = named ? named : plain(message);
    size_t length = strlen(about->text);
    if (strncmp(rest, about->text, length) == 0 && rest[length] == ' ')
        rest += length + 1; /* the message names the place already */
    if (is_of_either(code, from, to))
        complain("%s or %s: %s (%s, %d)", from->text, to->text, rest, cos_code_name(code), code);
    else
        complain("%s: %s (%s, %d)", about->text, rest, cos_code_name(code), code);
    give_hint(code, json, about);
    free(named);
    cos_string_free(message);
}

void print_reply(const char *json)
{
    if (!option('j'))
        return;
    for (; json && *json; json++) /* a line feed can stand only between the values */
        putchar(*json == '\n' || *json == '\r' ? ' ' : *json);
    putchar('\n');
}

enum status check_without_reply(int code, const char *json, const struct place *from,
                                const struct place *to)
{
    if (code == COS_ERR_CANCELLED && stops())
        complain(is_stream(from) || is_stream(to)
                     ? "interrupted"
                     : "interrupted; the same command goes on where it stopped");
    else if (code != COS_OK)
        explain(code, json, from, to);
    return status_of(code, json);
}

enum status check(int code, const char *json, const struct place *from, const struct place *to)
{
    print_reply(json);
    return check_without_reply(code, json, from, to);
}
