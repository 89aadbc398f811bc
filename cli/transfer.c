/* One upload or download of a file or a folder, and what is said of it. */
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

/* What was said of the files of a folder. */
struct folder_report {
    const char *directory; /* where a download goes, else NULL */
    int code;              /* of the whole */
    int has_told_code;     /* whether a file failed with that code */
    int first_failure;     /* of the first file that failed and was not skipped, else 0 */
    long long skipped;
};

static int report_entry(const char *key, const char *entry, void *user)
{
    struct folder_report *report = user;
    char *path = cos_json_string(entry, "/path"), *action = cos_json_string(entry, "/action");
    char *message = cos_json_string(entry, "/message"), *local = NULL;
    int code = (int)number_in(entry, "/code");
    (void)key;
    if (report->directory)
        local = formatted("%s%s", report->directory, path ? path : "");
    if (path && action && strcmp(action, "failed") == 0) {
        report->has_told_code = report->has_told_code || code == report->code;
        if (is_kept(code, local)) {
            say("%-10s %s: exists", in_language("skipped"), path);
            report->skipped++;
        } else {
            complain("%s: %s (%s, %d)", path, plain(message), cos_code_name(code), code);
            if (!report->first_failure)
                report->first_failure = code;
        }
    } else if (path && action && strcmp(action, "unchanged") != 0) {
        say("%-10s %s%s%s", in_language(action), path, message ? ": " : "", message ? message : "");
    }
    cos_string_free(path);
    cos_string_free(action);
    cos_string_free(message);
    free(local);
    return 0;
}

static void report_sum(const char *json, const struct place *from, const struct place *to,
                       long long skipped)
{
    int is_upload = to->bucket != NULL;
    long long travelled =
        number_in(json, is_upload ? "/transfer/sent_bytes" : "/transfer/received_bytes");
    char size[SHORT_TEXT], *resumed = resumed_text(json);
    char *kept = skipped > 0 ? formatted(in_language("%lld skipped, "), skipped) : copy_of("");
    say("%s -> %s: %lld %s, %lld unchanged, %lld ignored, %s%lld failed; %s %s%s", from->text,
        to->text, number_in(json, is_upload ? "/data/uploaded" : "/data/downloaded"),
        in_language(is_upload ? "uploaded" : "downloaded"), number_in(json, "/data/unchanged"),
        number_in(json, "/data/ignored"), kept, number_in(json, "/data/failed") - skipped,
        size_text(travelled, size), in_language(is_upload ? "sent" : "received"), resumed);
    free(kept);
    free(resumed);
}

/* What was done with each file, and the sum of it. */
static enum status report_folder(int code, const char *json, const struct place *from,
                                 const struct place *to)
{
    struct folder_report report = {to->bucket ? NULL : to->path, code, 0, 0, 0};
    int64_t files = cos_json_each(json, "/data/files", report_entry, &report);
    enum status status;
    if (report.has_told_code) {
        print_reply(json);
        status = status_of(report.skipped > 0 ? report.first_failure : code, json);
    } else {
        status = check(code, json, from, to);
    }
    if (status == DONE || files > 0)
        report_sum(json, from, to, report.skipped);
    return status;
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
    if (option(CHECKSUM) && !option('t'))
        return usage("--checksum is for use with --times: without that, contents are compared anyway");
    return DONE;
}

char *transfer_options(const struct place *to, int concurrency, long long mtime)
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

enum status transfer(const cos_client *client, const struct place *from, const struct place *to,
                     const char *local)
{
    int is_whole_folder = ends_with_slash(from) && ends_with_slash(to), code;
    enum status status;
    struct share share;
    char *name = last_name(from), *options = transfer_options(to, 0, -1), *json;
    progress_begin(*name ? name : from->text, 0, 1);
    share_begin(&share, 1);
    if (to->bucket)
        code = (is_whole_folder ? cos_upload_folder : cos_upload_file)(
            client, to->bucket, to->path, local, options, share.transfer, &json);
    else
        code = (is_whole_folder ? cos_download_folder : cos_download_file)(
            client, from->bucket, from->path, local, options, share.transfer, &json);
    share_end(&share);
    progress_end();
    status = is_whole_folder
                 ? report_folder(code, json, from, to)
                 : report_transfer(code, json, from, to, to->bucket ? NULL : local);
    cos_string_free(json);
    free(options);
    free(name);
    return status;
}
