/* One upload or download of a file, and what is said of it. */
#include "transfer.h"

#include <stdlib.h>
#include <string.h>

#include "attributes.h"
#include "options.h"
#include "print.h"
#include "progress.h"
#include "reply.h"
#include "system.h"
#include "text.h"

static int is_there_as_file(const char *path)
{
    enum path_kind kind = path_kind(path);
    return kind != PATH_MISSING && kind != PATH_DIRECTORY;
}

int is_kept(int code, const char *local)
{
    if (!option('n'))
        return 0;
    if (local)
        return code == COS_ERR_PARAM && is_there_as_file(local);
    return code == COS_ERR_FILE_EXISTS || code == COS_ERR_SAME_FILE;
}

enum status report_kept(const char *json, const struct place *from, const struct place *to)
{
    print_reply(json);
    say("%s -> %s: exists, skipped", from->text, to->text);
    return DONE;
}

/* How much an earlier transfer had done already, to be freed; "" if nothing. */
static char *resumed_text(const char *json)
{
    char size[SHORT_TEXT];
    long long bytes = number_in(json, "/transfer/resumed_bytes");
    return bytes > 0 ? formatted(in_language(", %s resumed"), size_text(bytes, size)) : copy_of("");
}

void report_file(const char *json, const struct place *from, const struct place *to)
{
    char size[SHORT_TEXT], *seconds = cos_json_string(json, "/transfer/seconds");
    char *resumed = resumed_text(json);
    say("%s -> %s: %s in %.1f s%s%s", from->text, to->text,
        size_text(number_in(json, "/transfer/bytes"), size), seconds ? strtod(seconds, NULL) : 0,
        is_in(json, "/transfer/instant", "true") ? in_language(", known to the service") : "",
        resumed);
    free(resumed);
    cos_string_free(seconds);
}

/* The least that the service limits one request to, in bits a second, and the most. */
enum { LEAST_LIMIT = 819200, MOST_LIMIT = 838860800 };

/* The bits a second of --limit-rate, 0 without it. */
static long long limit(void)
{
    long long rate = option(LIMIT_RATE) ? size_in(option(LIMIT_RATE)) : 0;
    return rate > 1LL << 50 ? 1LL << 50 : rate * 8;
}

int given_concurrency(void)
{
    int concurrency = option('C') ? (int)strtol(option('C'), NULL, 10) : 4;
    /* The service limits each request. */
    if (limit() > 0 && limit() / LEAST_LIMIT < concurrency)
        concurrency = limit() < LEAST_LIMIT ? 1 : (int)(limit() / LEAST_LIMIT);
    return concurrency;
}

void append_limit(char **options, int requests)
{
    long long each = limit() / requests;
    if (limit() > 0)
        append(options, ",\"traffic_limit\":%lld", each > MOST_LIMIT ? MOST_LIMIT : each);
}

enum status check_transfer_options(int uploads, int others)
{
    if (check_attributes() != DONE)
        return WRONG;
    if (option(LIMIT_RATE) && others)
        return usage("--limit-rate is for uploads and downloads: the service does not limit copies");
    if (option(LIMIT_RATE) && (limit() < LEAST_LIMIT))
        return usage("--limit-rate takes 100k or more, not %s", option(LIMIT_RATE));
    if (!uploads && (option('H') || option(ACL) || option(CLASS) || option(BIZ_ATTR)))
        return usage("--header, --acl, --class and --biz-attr are for uploads; see cos help set");
    if (!uploads && option('S'))
        return usage("--slice-size is for uploads");
    if (option(CHECKSUM) && !option('t'))
        return usage("--checksum is for use with --times: without that, contents are compared anyway");
    return DONE;
}

void append_listed(char **options, const struct item *item, const char *crc64)
{
    char *sum = item->sum ? quoted(item->sum) : NULL;
    append(options, ",\"listed\":{\"filesize\":%lld,\"mtime\":%lld", item->size, item->mtime);
    if (sum)
        append(options, ",\"%s\":%s", item->is_sha ? "sha" : "etag", sum);
    if (crc64)
        append(options, ",\"crc64\":%s", crc64);
    append(options, "}");
    free(sum);
}

char *transfer_options(const struct place *to, int concurrency, long long mtime, const struct item *listed)
{
    char *options = to->bucket
                        ? formatted("{\"insert_only\":%s", option('n') ? "true" : "false")
                        : formatted("{\"overwrite\":%s", option('n') ? "false" : "true");
    if (!concurrency)
        concurrency = given_concurrency();
    append(&options, ",\"concurrency\":%d", concurrency);
    append_option(&options, "slice_size", 'S', 1048576);
    append_limit(&options, given_concurrency());
    if (to->bucket)
        append_attributes(&options);
    if (to->bucket && mtime >= 0)
        append(&options, ",\"x-cos-meta-mtime\":\"%lld\"", mtime);
    if (!to->bucket && listed)
        append_listed(&options, listed, NULL);
    append(&options, "}");
    return options;
}

enum status report_transfer(int code, const char *json, const struct place *from,
                            const struct place *to, const char *local)
{
    enum status status;
    if (is_kept(code, local))
        return report_kept(json, from, to);
    status = check(code, json, from, to);
    if (status == DONE)
        report_file(json, from, to);
    return status;
}

enum status upload(const cos_client *client, const struct place *from, const struct place *to,
                   const char *local)
{
    struct share share;
    char *name = last_name(from), *options = transfer_options(to, 0, -1, NULL), *json;
    enum status status;
    int code;
    progress_begin(*name ? name : from->text, 0, 1);
    share_begin(&share, 1);
    code = cos_upload_file(client, to->bucket, to->path, local, options, share.transfer, &json);
    share_end(&share);
    progress_end();
    status = report_transfer(code, json, from, to, NULL);
    cos_string_free(json);
    free(options);
    free(name);
    return status;
}
