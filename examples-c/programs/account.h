/* A client of what the environment says, by the names that the command `cos` has, too: COS_APPID,
 * COS_SECRET_ID, COS_SECRET_KEY, and COS_REGION or COS_HOSTNAME. */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <cos.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writes the options that the environment has as JSON. Returns 0, or -1 where they don't fit or are no
 * UTF-8. */
static int options_from_environment(char *options, size_t size)
{
    static const char *const NAMES[][2] = {
        {"COS_API", "api"},           {"COS_TOKEN", "token"},
        {"COS_SCHEME", "scheme"},     {"COS_HOSTNAME", "hostname"},
        {"COS_PROXY", "proxy"},       {"COS_DOWNLOAD_HOSTNAME", "download_hostname"},
        {"COS_CA_FILE", "ca_file"},
    };
    size_t i, length = (size_t)snprintf(options, size, "{");
    for (i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const char *value = getenv(NAMES[i][0]);
        char *quoted = value && *value ? cos_json_quote(value) : NULL;
        if (value && *value && !quoted)
            return -1;
        if (quoted)
            length += (size_t)snprintf(options + length, size - length, "%s\"%s\":%s",
                                       length > 1 ? "," : "", NAMES[i][1], quoted);
        cos_string_free(quoted);
        if (length + 2 > size)
            return -1;
    }
    options[length] = '}';
    options[length + 1] = '\0';
    return 0;
}

/* Returns NULL, and says on stderr why, if there is no client. */
static cos_client *client_from_environment(void)
{
    char options[4096], *json = NULL, *message;
    cos_client *client = NULL;
    if (options_from_environment(options, sizeof options) != 0) {
        fprintf(stderr, "the COS_ variables of the environment must be UTF-8 and shorter\n");
        return NULL;
    }
    if (cos_client_new(getenv("COS_APPID"), getenv("COS_SECRET_ID"), getenv("COS_SECRET_KEY"),
                       getenv("COS_REGION"), options, &client, &json) != COS_OK) {
        message = cos_json_string(json, "/message");
        fprintf(stderr, "no account in the environment: %s\n", message ? message : json);
        cos_string_free(message);
    }
    cos_string_free(json);
    return client;
}

#endif
