/* One copy, move or removal, from the comparison to what is left of the source. */
#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attributes.h"
#include "client.h"
#include "describe.h"
#include "options.h"
#include "print.h"
#include "progress.h"
#include "reply.h"
#include "system.h"
#include "text.h"
#include "transfer.h"
#include "watch.h"

void job_free(struct job *job)
{
    place_free(&job->from);
    place_free(&job->to);
    free(job->problem);
    if (job->looked_at)
        free(job->looked_at->sum);
    free(job->looked_at);
    cos_string_free(job->json);
}

void job_forget_reply(struct job *job)
{
    cos_string_free(job->json);
    job->json = NULL;
    job->code = COS_OK;
    job->is_about_destination = 0;
}

static int are_same(const char *one, const char *other)
{
    return one && other && strcmp(one, other) == 0;
}

/* Whether the two files at the service have the same content, by what it says of them. */
static int have_same_sum(const cos_client *client, const struct job *job)
{
    struct described one = describe(client_at_source(client), &job->from);
    struct described other = describe(client, &job->to);
    int same = are_same(one.crc64, other.crc64);
    described_free(&one);
    described_free(&other);
    return same;
}

/* Whether the local file has the content of the one at the service. */
static int has_same_content(const cos_client *client, const struct job *job, const struct described *remote)
{
    const struct place *place = job->to.bucket ? &job->to : &job->from;
    char *options = copy_of("{\"fetch\":false"), *json;
    int same;
    append_listed(&options, job->to.bucket ? job->there : job->here, remote ? remote->crc64 : NULL);
    append(&options, "}");
    same = cos_download_file(client, place->bucket, place->path, job->local, options, NULL, &json) == COS_OK &&
           is_in(json, "/transfer/unchanged", "true");
    cos_string_free(json);
    free(options);
    return same;
}

/* What is wrong becomes the job's. */
static void take_failure(struct job *job, struct described *described)
{
    job->code = described->code;
    job->json = described->json;
    described->json = NULL;
    described_free(described);
}

/* Gives the copy, whose content is there already, the time of the source. */
static void set_time_of_copy(const cos_client *client, struct job *job, const struct described *remote,
                             long long mtime)
{
    char *changes = NULL, *options;
    if (!job->to.bucket) {
        if (remote->kept >= 0)
            set_time(job->local, remote->kept);
        return;
    }
    append_time(&changes, remote->headers, mtime);
    options = formatted("{%s}", changes + 1); /* without the first comma */
    job->code = cos_update_file(client, job->to.bucket, job->to.path, options, &job->json);
    job->is_about_destination = 1;
    job->has_lost_access = has_lost_access(job->json);
    if (job->code == COS_OK)
        job_forget_reply(job);
    free(options);
    free(changes);
}

/* Whether the local file and the one at the service, which have the same size, are the same. With --times,
 * also gives the copy its time if only that differs; what is wrong then becomes the job's. */
static int is_same_here(const cos_client *client, struct job *job)
{
    struct described remote;
    long long mtime = job->to.bucket ? job->mtime : look_at(job->local).mtime;
    int same;
    if (!option('t'))
        return has_same_content(client, job, NULL);
    remote = describe(client, job->to.bucket ? &job->to : &job->from);
    if (remote.code != COS_OK) {
        take_failure(job, &remote);
        job->is_about_destination = job->to.bucket != NULL;
        if (job->code == COS_ERR_NOT_FOUND) /* it has gone since it was listed */
            job_forget_reply(job);
        return 0;
    }
    same = remote.kept == mtime && !option(CHECKSUM);
    if (!same && has_same_content(client, job, &remote)) {
        same = 1;
        if (remote.kept != mtime && !option(DRY_RUN))
            set_time_of_copy(client, job, &remote, mtime);
    }
    described_free(&remote);
    return same;
}

/* Whether source and destination, which have the same size, are the same. */
static int is_same(const cos_client *client, struct job *job)
{
    if (job->from.bucket && job->to.bucket)
        return are_same(job->here->sum, job->there->sum) || have_same_sum(client, job);
    return is_same_here(client, job);
}

/* Whether source and destination are to be compared before anything else. A download compares by itself, but
 * for the times. */
static int is_to_be_compared(const struct job *job)
{
    return job->there && (job->to.bucket || option('t') || option(DRY_RUN));
}

/* Makes a directory of a download. Returns an errno. */
static int make_if_missing(const char *path, const struct found *found)
{
    if (found->kind == PATH_DIRECTORY || (found->kind == PATH_MISSING && option(DRY_RUN)))
        return 0;
    return found->kind == PATH_MISSING ? make_directory(path) : ENOTDIR;
}

/* Whether files can have these names, between slashes. */
static int are_possible(const char *names)
{
    int are = 1;
    while (*names && are) {
        char *name = copy_of_part(names, strcspn(names, "/"));
        are = is_possible_name(name);
        names += strlen(name);
        names += *names == '/';
        free(name);
    }
    return are;
}

/* Whether a file below the root can be read or written by its path: no link leads out of the root. Makes the
 * directories that a download goes to. Returns what is in the way, to be freed, or NULL. */
static char *prepare(const struct job *job)
{
    size_t begin = job->root, end;
    char *problem = NULL;
    if (job->root > 0 && !job->to.bucket && !are_possible(job->local + job->root))
        return formatted(in_language("%s: no file can have this name here"), job->local + job->root);
    for (; job->root > 0 && job->local[begin] && !problem; begin = end + (job->local[end] != '\0')) {
        char *path;
        struct found found;
        int error = 0;
        end = begin + strcspn(job->local + begin, "/");
        path = copy_of_part(job->local, end);
        found = look_at(path);
        if (found.is_link)
            problem = formatted(in_language("%s: a symbolic link is in the way"), path);
        else if (!job->to.bucket && job->local[end] == '/')
            error = make_if_missing(path, &found);
        if (error)
            problem = formatted("%s: %s", path, strerror(error));
        free(path);
    }
    return problem;
}

/* Gives a file that was downloaded the time that it had. */
static void keep_time(const cos_client *client, struct job *job)
{
    struct described remote = describe(client, &job->from);
    if (remote.code == COS_OK && (remote.kept >= 0 || remote.mtime > 0))
        set_time(job->local, remote.kept >= 0 ? remote.kept : remote.mtime);
    else if (remote.code == COS_ERR_CANCELLED)
        job->is_without_time = stops();
    described_free(&remote);
}

static int copy_within(const cos_client *client, struct job *job)
{
    const char *region = option(SOURCE_REGION);
    int code;
    char *options = formatted("{\"overwrite\":%s", option('n') || job->is_same ? "false" : "true");
    if (strcmp(job->from.bucket, job->to.bucket) != 0) {
        char *bucket = quoted(job->to.bucket);
        append(&options, ",\"dest_bucket\":%s", bucket);
        free(bucket);
    }
    if (region) {
        char *name = quoted(region);
        append(&options, ",\"source_region\":%s", name);
        free(name);
    }
    append(&options, "}");
    code = (job->is_move ? cos_move_file : cos_copy_file)(
        client, job->from.bucket, job->from.path, job->to.path, options, &job->json);
    free(options);
    return code;
}

/* Returns whether that fails. */
static int remove_local(struct job *job)
{
    int error = remove_path(job->local);
    if (error)
        job->problem = formatted("%s: %s", job->local, strerror(error));
    return error != 0;
}

static void keep_source(struct job *job, const char *name)
{
    job->problem = formatted(in_language("%s has changed since it was copied; it stays"), name);
}

/* Removes the file that a download was of, unless it has another content by now. */
static void remove_downloaded(const cos_client *client, struct job *job)
{
    char *options = NULL, *sum = NULL, *told = cos_json_string(job->json, "/transfer/etag");
    if (!told)
        told = cos_json_string(job->json, "/transfer/sha1");
    if (told || (job->here && job->here->sum))
        sum = quoted(told ? told : job->here->sum);
    if (sum)
        options = formatted("{\"if_match\":%s}", sum);
    job_forget_reply(job);
    job->code = cos_del_file(client, job->from.bucket, job->from.path, options, &job->json);
    if (job->code == COS_ERR_REFUSED && sum && is_in(job->json, "/error/origin", "library"))
        keep_source(job, job->from.text);
    cos_string_free(told);
    free(sum);
    free(options);
}

/* Removes the source of a move, as far as the service has not done that. What was written to it behind the
 * copy would be lost: `before` is how a local one was. */
static void remove_source(const cos_client *client, struct job *job, const struct found *before)
{
    struct found now;
    if (job->from.bucket && job->to.bucket)
        return;
    if (job->from.bucket) {
        remove_downloaded(client, job);
        job->is_left_behind = job->code != COS_OK && job->code != COS_ERR_NOT_FOUND && !job->problem;
        return;
    }
    now = look_at(job->local);
    if (now.size != before->size || now.mtime != before->mtime || now.changed != before->changed)
        keep_source(job, job->local);
    else
        job->is_left_behind = remove_local(job);
}

static void do_call(const cos_client *client, struct job *job, int concurrency)
{
    struct share share;
    cos_transfer *follower;
    char *options;
    if (job->is_folder) { /* a local one was prepared */
        if (job->to.bucket)
            job->code = cos_create_folder(client, job->to.bucket, job->to.path, NULL, &job->json);
        return;
    }
    if (job->is_removal && !job->from.bucket) {
        remove_local(job);
        return;
    }
    if (job->is_removal) {
        job->code = cos_del_file(client, job->from.bucket, job->from.path, NULL, &job->json);
        return;
    }
    if (job->from.bucket && job->to.bucket) {
        job->code = copy_within(client, job);
        return;
    }
    options = transfer_options(&job->to, concurrency,
                               option('t') && job->to.bucket ? look_at(job->local).mtime : -1, job->here);
    share_begin(&share, job->size < 0);
    follower = progress_is_drawn() ? share.transfer : NULL; /* what follows a call costs it a thread */
    if (job->to.bucket)
        job->code = cos_upload_file(client, job->to.bucket, job->to.path, job->local, options, follower,
                                    &job->json);
    else
        job->code = cos_download_file(client, job->from.bucket, job->from.path, job->local, options,
                                      follower, &job->json);
    job->shown = share.done;
    share_end(&share);
    free(options);
    if (job->code == COS_OK)
        job->size = number_in(job->json, "/transfer/bytes");
    if (option('t') && !job->to.bucket && job->code == COS_OK && !option(DRY_RUN))
        keep_time(client, job);
}

/* Asks what the destination has, where that is not known yet. Returns whether there is anything to do. */
static int look_there(const cos_client *client, struct job *job)
{
    struct described there = describe(client, &job->to);
    struct item *item = job->looked_at ? job->looked_at : checked(calloc(1, sizeof *item));
    free(item->sum);
    memset(item, 0, sizeof *item);
    job->looked_at = item;
    job->there = NULL;
    if (there.code == COS_ERR_NOT_FOUND) {
        described_free(&there);
        return 1;
    }
    item->size = there.size;
    item->mtime = there.mtime;
    item->sum = there.sha1 ? copy_of(there.sha1) : NULL;
    item->is_sha = item->sum != NULL;
    take_failure(job, &there);
    job->is_about_destination = job->code != COS_OK;
    if (job->code != COS_OK)
        return 0;
    if (item->size == job->size)
        job->there = item;
    job->is_not_newer = option('u') && job->mtime <= item->mtime;
    job->is_skipped = !job->is_not_newer && !job->there && option('n');
    return !job->is_not_newer && !job->is_skipped;
}

/* Asks when a place was changed. What is wrong becomes that of the job. */
static long long ask_time(const cos_client *client, struct job *job, const struct place *place)
{
    struct described remote;
    if (!place->bucket) {
        struct found found = look_at(place->path);
        if (found.kind == PATH_MISSING)
            job->code = COS_ERR_NOT_FOUND;
        return found.mtime;
    }
    remote = describe(client, place);
    take_failure(job, &remote);
    return remote.mtime;
}

/* Whether the destination has something, and when that was changed. If it can't be known, the reason becomes that
 * of the job. */
static int is_there(const cos_client *client, struct job *job, long long *mtime)
{
    int found;
    *mtime = ask_time(client, job, &job->to);
    found = job->code == COS_OK;
    if (found || job->code == COS_ERR_NOT_FOUND)
        job_forget_reply(job);
    else
        job->is_about_destination = 1;
    return found;
}

/* With --update: whether the source is newer than what the destination has, if it has something. If that
 * can't be known, nothing is copied. */
static int is_newer(const cos_client *client, struct job *job)
{
    long long there, here;
    if (!is_there(client, job, &there))
        return job->code == COS_OK;
    here = ask_time(client_at_source(client), job, &job->from);
    if (job->code == COS_OK)
        job_forget_reply(job);
    else if (!job->from.bucket)
        job->problem = formatted("%s: %s", job->local, strerror(ENOENT));
    return job->code == COS_OK && here > there;
}

/* Whether a download would get its directory first. */
static int is_without_directory(const struct job *job)
{
    size_t end = job->local && !job->to.bucket && job->root > 0 ? strlen(job->local) : 0;
    char *directory;
    int is;
    if (end == 0)
        return 0;
    while (end > job->root && job->local[end - 1] != '/')
        end--;
    directory = copy_of_part(job->local, end);
    is = path_kind(directory) == PATH_MISSING;
    free(directory);
    return is;
}

/* Whether a local source can be read; what is wrong becomes the job's. */
static int is_readable(struct job *job)
{
    int file;
    if (job->from.bucket || job->is_folder)
        return 1;
    file = open_to_read(job->local);
    if (file >= 0)
        close_file(file);
    else
        job->problem = formatted("%s: %s", job->local, strerror(errno));
    return file >= 0;
}

/* Does the call with a client that sends nothing: the library looks at the arguments, and at where a download
 * goes, before it would send a request. What is wrong becomes the job's. */
static void try_call(const cos_client *client, struct job *job)
{
    cos_transfer *stop = checked(cos_transfer_new());
    cos_client *stopped = NULL;
    long long size = job->size;
    cos_transfer_cancel(stop);
    cos_client_with_transfer(client, stop, &stopped, NULL);
    if (stopped)
        do_call(stopped, job, 1);
    if (job->code == COS_ERR_CANCELLED || job->code == COS_OK)
        job_forget_reply(job);
    job->size = size;
    cos_client_free(stopped);
    cos_transfer_free(stop);
}

/* Finds out what the call would. A list has told the size of what it has. */
static void dry_run(const cos_client *client, struct job *job)
{
    long long mtime;
    if (job->is_removal || is_without_directory(job) || !is_readable(job))
        return;
    try_call(client, job);
    if (job->code == COS_OK && job->from.bucket && job->size < 0) {
        struct described remote = describe(client_at_source(client), &job->from);
        job->size = remote.size;
        take_failure(job, &remote);
    }
    if (option('n') && !job->is_folder && job->code == COS_OK)
        job->is_skipped = is_there(client, job, &mtime);
}

int job_travels(const struct job *job)
{
    return job->local && !job->is_removal && !job->is_folder;
}

/* Whether a call has found that nothing is to be done: a folder is there, a local file has the content of its
 * download, or what looked like the source of a copy within the service is whole. */
static int found_unchanged(const struct job *job)
{
    if (job->is_folder)
        return job->code == COS_ERR_FOLDER_EXISTS;
    if (job->is_same)
        return job->code == COS_ERR_FILE_EXISTS || job->code == COS_ERR_SAME_FILE;
    return job->code == COS_OK && job->json && is_in(job->json, "/transfer/unchanged", "true");
}

void job_do(const cos_client *client, struct job *job, int concurrency)
{
    struct found before = {PATH_MISSING, 0, 0, 0, 0};
    if (job->problem || (job->is_unknown && !look_there(client, job)))
        return;
    if (!job->is_removal && (job->problem = prepare(job)) != NULL)
        return;
    job->is_same = is_to_be_compared(job) && is_same(client, job);
    if (job->code != COS_OK)
        return;
    /* With the JSON API a copy has to find out whether what is there was ever finished. */
    if (job->is_same && !(job->from.bucket && job->there->is_sha && job->to.bucket && !option(DRY_RUN))) {
        job->is_unchanged = 1;
        return;
    }
    if (job->looks_at_times && !is_newer(client, job)) {
        job->is_not_newer = job->code == COS_OK;
        return;
    }
    if (is_to_be_compared(job) && !job->is_same && option('n')) {
        job->is_skipped = 1;
        return;
    }
    if (option(DRY_RUN)) {
        dry_run(client, job);
        return;
    }
    if (!job->from.bucket)
        before = look_at(job->local);
    do_call(client, job, concurrency);
    job->is_unchanged = found_unchanged(job);
    if (job->is_unchanged && job->is_move && option('n')) {
        job->is_skipped = 1;
        job->is_unchanged = 0;
        return;
    }
    if (job->is_unchanged)
        job_forget_reply(job);
    if (job->is_move && job->code == COS_OK && !job->problem)
        remove_source(client, job, &before);
    job->is_unchanged = job->is_unchanged && job->code == COS_OK;
}
