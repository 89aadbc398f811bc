/* restore. */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "command.h"
#include "options.h"
#include "print.h"
#include "reply.h"
#include "text.h"

static enum status check_tier(void)
{
    static const char *const TIERS[] = {"Standard", "Expedited", "Bulk"};
    size_t i;
    for (i = 0; option(TIER) && i < sizeof TIERS / sizeof *TIERS; i++) {
        if (strcmp(option(TIER), TIERS[i]) == 0)
            return DONE;
    }
    return option(TIER) ? usage("--tier takes Standard, Expedited or Bulk, not %s", option(TIER))
                        : DONE;
}

static enum status run_restore(const cos_client *client, const struct place *place)
{
    enum { ALREADY_READABLE = 200 }; /* 202: that was begun */
    char *body, *json;
    int code;
    enum status status = check_tier();
    if (status != DONE)
        return status;
    if (!speaks_xml(client))
        return usage("the JSON API can't restore files; the XML API can, with --api v5");
    if (ends_with_slash(place))
        return wrong("%s is a folder; files can be restored: 'cos://BUCKET/FOLDER/**'", place->text);
    body = formatted("<RestoreRequest><Days>%s</Days><CASJobParameters><Tier>%s</Tier>"
                     "</CASJobParameters></RestoreRequest>",
                     option(DAYS) ? option(DAYS) : "1", option(TIER) ? option(TIER) : "Standard");
    code = cos_request(client, "POST", place->bucket, place->path, "{\"restore\":\"\"}",
                       "{\"Content-Type\":\"application/xml\"}", (const uint8_t *)body, strlen(body),
                       NULL, &json);
    if (is_in(json, "/error/server_code", "RestoreAlreadyInProgress")) {
        print_reply(json);
        say("%s: it is being restored already", place->text);
    } else {
        status = check(code, json, place, place);
        if (status == DONE && number_in(json, "/data/status") == ALREADY_READABLE)
            say("%s: it is restored already; its days are counted from now on", place->text);
        else if (status == DONE)
            say("asked for %s: it takes minutes or hours", place->text);
    }
    cos_string_free(json);
    free(body);
    return status;
}

const struct command RESTORE = {
    .name = "restore",
    .operands = "cos://BUCKET/PATH...",
    .options = "YZ",
    .least = 1,
    .run_each = run_restore,
    .patterns = EACH_MATCH,
    .summary = "make archived files readable for some days",
    .details =
        "A file of an archive class can be downloaded only after it was restored. With the XML API\n"
        "alone. cos stat tells whether it is readable.\n",
    .examples =
        "  cos restore --days 3 --tier Bulk cos://mybucket/2019.tar\n"
        "  cos restore 'cos://mybucket/2019/**'\n",
};
