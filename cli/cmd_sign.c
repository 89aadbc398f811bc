/* sign. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "print.h"
#include "reply.h"
#include "text.h"

/* What an option was given: a name, perhaps with a mark and a value behind it. */
struct pair {
    char *name;
    const char *value;
};

static struct pair pair_of(const char *given, const char *mark)
{
    size_t length = strcspn(given, mark);
    struct pair pair = {copy_of_part(given, length), given + length};
    if (*pair.value != '\0')
        pair.value++;
    return pair;
}

/* All values that a name was given, as a JSON array. */
static char *values_of(const char *name, char letter, const char *mark)
{
    char *array = copy_of("[");
    const char *given, *comma = "";
    int i;
    for (i = 0; (given = option_at(letter, i)) != NULL; i++) {
        struct pair pair = pair_of(given, mark);
        if (strcmp(pair.name, name) == 0) {
            char *value = quoted(pair.value);
            append(&array, "%s%s", comma, value);
            free(value);
            comma = ",";
        }
        free(pair.name);
    }
    append(&array, "]");
    return array;
}

/* What an option was given, as a JSON object. A name that was given again is written again, too; the
 * library takes the last one, which has the same values. */
static char *object_of(char letter, const char *mark)
{
    char *object = copy_of("{");
    const char *given, *comma = "";
    int i;
    for (i = 0; (given = option_at(letter, i)) != NULL; i++) {
        struct pair pair = pair_of(given, mark);
        char *name = quoted(pair.name), *values = values_of(pair.name, letter, mark);
        append(&object, "%s%s:%s", comma, name, values);
        comma = ",";
        free(values);
        free(name);
        free(pair.name);
    }
    append(&object, "}");
    return object;
}

static enum status check_headers(void)
{
    const char *header;
    int i;
    for (i = 0; (header = option_at('H', i)) != NULL; i++) {
        if (!strchr(header, ':'))
            return usage("--header takes NAME:VALUE, not %s", header);
    }
    return DONE;
}

/* Without these options, a folder is a mistake: it can't be downloaded. */
static int is_plain_download(void)
{
    return !option('m') && !option('H') && !option('P');
}

static int sign_request(const cos_client *client, const struct place *place, long seconds,
                        char **json)
{
    char *headers = object_of('H', ":"), *params = object_of('P', "=");
    char *options = formatted("{\"headers\":%s,\"params\":%s}", headers, params);
    int code = cos_sign_url(client, option('m') ? option('m') : "GET", place->bucket, place->path,
                            seconds, options, json);
    free(options);
    free(params);
    free(headers);
    return code;
}

static enum status run_sign(const cos_client *client, const struct place *place)
{
    char *json, *url;
    enum { LONGEST = 90 * 86400 }; /* the service's limit */
    long long given = option('e') ? duration_in(option('e')) : 3600;
    long seconds = given > 0 && given <= LONGEST ? (long)given : 0;
    int code;
    enum status status;
    if (seconds == 0)
        return usage("--expires takes seconds, or 10m, 2h, 7d, up to 90d; not %s", option('e'));
    if (check_headers() != DONE)
        return WRONG;
    if (is_plain_download())
        code = cos_sign_download(client, place->bucket, place->path, seconds, &json);
    else
        code = sign_request(client, place, seconds, &json);
    status = check(code, json, place, place);
    url = cos_json_string(json, "/data/url");
    if (status == DONE && url)
        print("%s", url);
    cos_string_free(url);
    cos_string_free(json);
    return status;
}

const struct command SIGN = {
    .name = "sign",
    .operands = "cos://BUCKET/PATH...",
    .options = "emHP",
    .least = 1,
    .run_each = run_sign,
    .summary = "print a URL that works without keys",
    .details =
        "Whoever has the URL can download the file until it expires or, with --method, do something\n"
        "else. Whether the file exists is not looked at. --header and --param may be given several\n"
        "times; a header has to be sent with the URL as it was signed. Methods other than GET,\n"
        "headers and parameters need the XML API.\n",
    .examples =
        "  cos sign --expires 10m cos://mybucket/report.pdf\n"
        "  cos sign -m PUT -H Content-Type:image/png cos://mybucket/photo.png\n"
        "  cos sign -P response-content-disposition=attachment cos://web/a.pdf\n",
};
