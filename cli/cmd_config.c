/* config. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config.h"
#include "options.h"
#include "place.h"
#include "print.h"
#include "reply.h"
#include "system.h"
#include "text.h"
#include "watch.h"

/* What the file gets; the names of lines that are replaced. */
static const char *const WRITTEN[] = {"appid", "secret_id", "secret_key", "token", "region", "api"};
enum { N_WRITTEN = sizeof WRITTEN / sizeof *WRITTEN };

/* Asks for a value; an empty answer keeps the one that is known. Returns whether there was an answer. */
static int ask_for(const char *name, const char *question, int is_secret)
{
    const char *known = setting(name);
    char *answer;
    fprintf(stderr, "%s%s%s%s: ", in_language(question), known ? " [" : "",
            !known ? "" : is_secret ? "***" : known, known ? "]" : "");
    fflush(stderr);
    answer = read_line(is_secret);
    if (answer && *answer)
        change_setting(name, answer);
    if (answer && *answer && strcmp(name, "secret_id") == 0)
        change_setting("token", NULL);
    free(answer);
    return answer != NULL;
}

/* The answer to another question, to be freed; "" at the end of the input. */
static char *answer_to(const char *question)
{
    char *answer;
    fprintf(stderr, "%s: ", in_language(question));
    fflush(stderr);
    answer = read_line(0);
    return answer ? answer : copy_of("");
}

/* Lists a bucket, or all of them, through an API; NULL is the region's own. Returns the code, and the
 * reply. */
static int try_api(const char *bucket, const char *api, char **json)
{
    struct configured configured;
    int code = COS_ERR_PARAM;
    change_setting("api", api);
    configured = client_from_settings();
    *json = NULL;
    if (configured.client && bucket)
        code = cos_list_folder(configured.client, bucket, "/", "{\"num\":1,\"retries\":1}", json);
    else if (configured.client)
        code = cos_list_buckets(configured.client, "{\"retries\":1}", json);
    cos_client_free(configured.client);
    free(configured.appid);
    return code;
}

static int is_of_xml(const char *api)
{
    const char *region = setting("region");
    return api ? strcmp(api, "v5") == 0 : region && strchr(region, '-') != NULL;
}

/* Finds out through which API the service takes the account. */
static enum status check_account(const char *bucket)
{
    const char *given = setting("api");
    char *api = given ? copy_of(given) : NULL, *json, *text;
    int code, is_xml = is_of_xml(api);
    struct place place;
    enum status status;
    if (!bucket && !is_xml) {
        say("nothing was checked: the JSON API can only be asked about a bucket");
        free(api);
        return DONE;
    }
    code = try_api(bucket, api, &json);
    if (code != COS_OK && bucket && !api && !is_xml) { /* a bucket of the XML API may be meant */
        char *other = NULL;
        if (try_api(bucket, "v5", &other) == COS_OK) {
            code = COS_OK;
            is_xml = 1;
        } else {
            change_setting("api", NULL);
        }
        cos_string_free(other);
    }
    text = bucket ? formatted("cos://%s/", bucket) : copy_of(in_language("the buckets"));
    place = place_of(text);
    status = json ? check(code, json, &place, &place) : WRONG;
    if (status == DONE)
        say(is_xml ? "%s: the service took the keys; it speaks the XML API (v5)"
                   : "%s: the service took the keys; it speaks the JSON API (v4)",
            place.text);
    place_free(&place);
    cos_string_free(json);
    free(api);
    return status;
}

/* Whether the line, of this length, sets one of what is written. */
static int is_replaced(const char *line)
{
    size_t length;
    int i;
    line += strspn(line, " \t");
    length = strcspn(line, " \t=\n");
    for (i = 0; i < N_WRITTEN; i++) {
        if (strlen(WRITTEN[i]) == length && strncmp(line, WRITTEN[i], length) == 0 &&
            line[length + strspn(line + length, " \t")] == '=')
            return 1;
    }
    return 0;
}

/* Whether the line begins the section of this name. */
static int begins(const char *line, const char *section)
{
    size_t length = strlen(section);
    line += strspn(line, " \t");
    if (*line++ != '[')
        return 0;
    line += strspn(line, " \t");
    return strncmp(line, section, length) == 0 && line[length + strspn(line + length, " \t")] == ']';
}

static void append_settings(char **text)
{
    int i;
    for (i = 0; i < N_WRITTEN; i++) {
        const char *value = setting(WRITTEN[i]);
        if (value)
            append(text, "%s = %s\n", WRITTEN[i], value);
    }
}

/* The file with the new settings in the place of the old ones; to be freed. */
static char *merged(const char *old, const char *section)
{
    char *text = NULL;
    int is_ours = !section, was_written = 0;
    if (is_ours) {
        append_settings(&text);
        was_written = 1;
    }
    while (*old) {
        size_t length = strcspn(old, "\n");
        length += old[length] == '\n';
        if (old[strspn(old, " \t")] == '[')
            is_ours = section && begins(old, section);
        if (!is_ours || !is_replaced(old))
            append(&text, "%.*s", (int)length, old);
        if (is_ours && !was_written && begins(old, section)) {
            append_settings(&text);
            was_written = 1;
        }
        old += length;
    }
    if (!was_written) {
        append(&text, "%s[%s]\n", text ? "\n" : "", section);
        append_settings(&text);
    }
    return text ? text : copy_of("");
}

/* What the file has; "" if there is none. To be freed. */
static char *text_of(const char *path)
{
    enum { LARGEST = 65536 };
    char *text = checked(calloc(LARGEST + 1, 1));
    int file = open_to_read(path);
    long length = 0, got = 1;
    while (file >= 0 && got > 0 && length < LARGEST) {
        got = read_some(file, text + length, (size_t)(LARGEST - length));
        length += got > 0 ? got : 0;
    }
    text[length] = '\0';
    if (file >= 0)
        close_file(file);
    return text;
}

static enum status write_settings(const char *path)
{
    char *old = text_of(path), *text = merged(old, profile());
    int error = write_private(path, text);
    free(old);
    free(text);
    if (error)
        return wrong("%s: %s", path, strerror(error));
    say("written: %s, for nobody but you", path);
    return DONE;
}

static enum status configure(const char *path)
{
    char *bucket, *answer;
    struct place place;
    enum status status = read_known_settings(path);
    if (status != DONE)
        return status;
    if (!ask_for("appid", "The account's number, APPID", 0) ||
        !ask_for("secret_id", "SecretId", 0) || !ask_for("secret_key", "SecretKey", 1) ||
        !ask_for("region", "Region, such as ap-shanghai; sh and the like are those of the JSON API", 0)) {
        stops(); /* perhaps Ctrl-C ended it */
        return wrong("the input ended before all was said; nothing was written");
    }
    bucket = answer_to("A bucket to try (nothing: none)");
    place = place_of(formatted("%s%s", strncmp(bucket, "cos://", 6) == 0 ? "" : "cos://", bucket));
    place_without_appid(&place, setting("appid") ? setting("appid") : "");
    status = check_account(*place.bucket ? place.bucket : NULL);
    place_free(&place);
    free(bucket);
    if (status != DONE && !option('f')) {
        answer = answer_to("Write it all the same? [y/N]");
        if (*answer != 'y' && *answer != 'Y') {
            free(answer);
            complain("nothing was written");
            return status;
        }
        free(answer);
    }
    return write_settings(path);
}

static enum status run_config(char **words, int count)
{
    char *path = config_path();
    enum status status;
    (void)words;
    (void)count;
    if (profile() && strpbrk(profile(), "[]\n"))
        status = usage("--profile: a name has no brackets in it");
    else
        status = configure(path);
    forget_settings();
    free(path);
    return status;
}

const struct command CONFIG = {
    .name = "config",
    .operands = "",
    .options = "f",
    .most = -1,
    .is_offline = 1,
    .run_words = run_config,
    .summary = "ask for the account, try it, and write the configuration",
    .details =
        "What is known already is in brackets, and an empty answer keeps it. A bucket is asked about\n"
        "with the keys, which tells whether they are right and which API it speaks. The file is\n"
        "written so that nobody else can read it; other lines in it stay. With --profile, the account\n"
        "is a section of the file, which --profile or COS_PROFILE choose. -f writes it even if the\n"
        "service did not take it.\n",
    .examples =
        "  cos config\n"
        "  cos config --profile work\n"
        "  cos ls --profile work cos://mybucket/\n",
};
