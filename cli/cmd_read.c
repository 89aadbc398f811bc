/* cat and head. */
#include <stdlib.h>

#include "command.h"
#include "describe.h"
#include "options.h"
#include "print.h"
#include "reply.h"
#include "stream.h"
#include "text.h"

static enum status print_file(const cos_client *client, const struct place *place,
                              const char *options)
{
    struct place out = place_of(copy_of("-"));
    enum status status = download_to_stream(client, place, &out, options);
    place_free(&out);
    return status;
}

static enum status run_cat(const cos_client *client, const struct place *place)
{
    if (ends_with_slash(place))
        return wrong("%s is a folder", place->text);
    return print_file(client, place, NULL);
}

static enum status run_head(const cos_client *client, const struct place *place)
{
    long long bytes = option(BYTES) ? size_in(option(BYTES)) : 1024;
    struct described described;
    char *options;
    enum status status;
    long long size;
    if (bytes < 0)
        return usage("--%s takes a size such as 100, 10k or 1.5M, not %s", "bytes", option(BYTES));
    if (ends_with_slash(place))
        return wrong("%s is a folder", place->text);
    /* The service has no range of an empty file. */
    described = describe(client, place);
    status = check_without_reply(described.code, described.json, place, place);
    size = described.size;
    described_free(&described);
    if (status != DONE || bytes == 0 || size == 0)
        return status;
    if (bytes > size)
        bytes = size;
    options = formatted("{\"range_start\":0,\"range_end\":%lld}", bytes - 1);
    status = print_file(client, place, options);
    free(options);
    return status;
}

const struct command CAT = {
    .name = "cat",
    .operands = "cos://BUCKET/PATH...",
    .options = "",
    .least = 1,
    .run_each = run_cat,
    .patterns = EACH_MATCH,
    .summary = "print files, one after the other",
    .details =
        "The same as cos cp FILE -.\n",
    .examples =
        "  cos cat 'cos://mybucket/logs/2024-*.log' | grep error\n",
};

const struct command HEAD = {
    .name = "head",
    .operands = "cos://BUCKET/PATH...",
    .options = "b",
    .least = 1,
    .run_each = run_head,
    .patterns = EACH_MATCH,
    .summary = "print the beginning of files",
    .details =
        "Only what is printed travels.\n",
    .examples =
        "  cos head -c 4k cos://mybucket/big.csv\n",
};
