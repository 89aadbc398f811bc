/* Many calls, several at a time. */
#include "jobs.h"

#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "print.h"
#include "progress.h"
#include "reply.h"
#include "system.h"
#include "text.h"
#include "transfer.h"
#include "watch.h"

struct job *jobs_add(struct jobs *jobs, struct place from, struct place to)
{
    struct job *job;
    if (jobs->count == jobs->room) {
        jobs->room = jobs->room ? jobs->room * 2 : 16;
        jobs->list = checked(realloc(jobs->list, jobs->room * sizeof *jobs->list));
    }
    job = &jobs->list[jobs->count++];
    memset(job, 0, sizeof *job);
    job->from = from;
    job->to = to;
    job->size = job->mtime = -1;
    job->local = !from.bucket ? from.path : !to.bucket ? to.path : NULL;
    return job;
}

struct job *jobs_add_folder(struct jobs *jobs, struct place from, struct place to)
{
    struct job *job = jobs_add(jobs, from, to);
    job->size = 0;
    job->is_folder = 1;
    return job;
}

struct job *jobs_add_removal(struct jobs *jobs, struct place from, long long size)
{
    struct place none = {NULL, NULL, NULL, 0};
    struct job *job = jobs_add(jobs, from, none);
    job->size = size;
    job->is_removal = 1;
    return job;
}

void jobs_add_removal_in(struct jobs *jobs, const struct place *folder, const struct item *item)
{
    jobs_add_removal(jobs, place_of(formatted("%s%s", folder->text, item->path)), item->size);
}

void jobs_skip_not_newer(struct jobs *jobs, const char *from, const char *to)
{
    if (strcmp(command_name(), "sync") != 0) /* there it may be nearly every file, night after night */
        say("%s -> %s: not newer, skipped", from, to);
    jobs->skipped++;
}

void jobs_free(struct jobs *jobs)
{
    size_t i;
    for (i = 0; i < jobs->count; i++)
        job_free(&jobs->list[i]);
    free(jobs->list);
}

/* The work on all of them. The lock guards it. */
struct crew {
    const cos_client *client;
    struct jobs *jobs;
    size_t next, told; /* the numbers of those that were begun and told of */
    int running, unreachable;
    int is_given_up, is_stopped, counts_files;
    double refused_since; /* when the service began to ask for patience; 0 if it does not */
    long long done, failed, missing, bytes;
    enum status status;
};

static void say_done(const struct job *job)
{
    if (option(DRY_RUN) && job->is_removal)
        say("would delete %s", job->from.text);
    else if (option(DRY_RUN) && job->is_folder)
        say("would create %s", job->to.text);
    else if (option(DRY_RUN))
        say(job->is_move ? "would move %s -> %s" : "would copy %s -> %s", job->from.text,
            job->to.text);
    else if (job->is_removal)
        say("deleted %s", job->from.text);
    else if (job->is_folder)
        say("created %s", job->to.text);
    else if ((job->from.bucket && job->to.bucket) || (job->is_move && job->from.bucket))
        say("%s -> %s", job->from.text, job->to.text);
    else
        report_file(job->json, &job->from, &job->to);
}

static void note_failure(struct crew *crew, enum status status)
{
    crew->failed++;
    crew->status = crew->status != DONE ? crew->status : status;
}

static void tell(struct crew *crew, struct job *job)
{
    const struct place *to = job->is_removal ? &job->from : &job->to;
    const char *local = !job->is_removal && !job->to.bucket ? job->local : NULL;
    if (job->problem) {
        if (job->json)
            print_reply(job->json);
        complain("%s", job->problem);
        note_failure(crew, WRONG);
    } else if (job->is_unchanged) {
        crew->jobs->unchanged += !job->is_folder;
    } else if (job->is_not_newer) {
        jobs_skip_not_newer(crew->jobs, job->from.text, to->text);
    } else if (job->is_skipped || (!job->is_removal && is_kept(job->code, local))) {
        if (job->json)
            print_reply(job->json);
        say("%s -> %s: exists, skipped", job->from.text, to->text);
        crew->jobs->skipped++;
    } else if (job->is_removal && job->code == COS_ERR_NOT_FOUND && option('f')) {
        print_reply(job->json);
        crew->jobs->skipped++;
    } else if (job->code == COS_ERR_CANCELLED && stops()) {
        print_reply(job->json);
        crew->is_given_up = crew->is_stopped = 1;
    } else if (job->code != COS_OK) {
        note_failure(crew, check(job->code, job->json,
                                 job->is_about_destination ? to : &job->from, to));
    } else {
        if (job->json && !option(DRY_RUN))
            print_reply(job->json);
        say_done(job);
        crew->is_stopped = crew->is_stopped || job->is_without_time;
        crew->done += !job->is_folder;
        crew->bytes += job->size > 0 && !job->is_removal ? job->size : 0;
    }
    if (job->has_lost_access)
        tell_lost_access(to);
    if (job->is_left_behind)
        complain("%s was copied to %s, and is still there", job->from.text, to->text);
}

/* Tells of those that have ended, in the order of all. */
static void tell_ended(struct crew *crew)
{
    struct jobs *jobs = crew->jobs;
    while (crew->told < jobs->count && jobs->list[crew->told].is_ended) {
        struct job *job = &jobs->list[crew->told++];
        tell(crew, job);
        cos_string_free(job->json);
        job->json = NULL;
    }
}

/* How many requests a job may have under way: what the others leave. */
static int concurrency_of(const struct crew *crew)
{
    size_t left = crew->jobs->count - crew->next + (size_t)crew->running;
    int all = given_concurrency();
    return left >= (size_t)all ? 1 : all / (int)left;
}

/* A service that can't be reached for one file after the other is not asked for the rest. */
static void note_reach(struct crew *crew, const struct job *job)
{
    enum { ENOUGH = 8 }; /* in a row */
    crew->unreachable = job->code == COS_ERR_CONNECT ? crew->unreachable + 1 : 0;
    crew->is_given_up = crew->is_given_up || crew->unreachable >= ENOUGH;
}

/* Whether the service has no time for a job of a folder now and is given some: 15 seconds for each retry,
 * counted from the first refusal behind a success. */
static int has_patience(struct crew *crew, const struct job *job)
{
    enum { PATIENCE = 15, RETRIES = 3 };
    long retries = option('R') ? strtol(option('R'), NULL, 10) : RETRIES;
    long long http = job->json ? number_in(job->json, "/error/http_status") : 0;
    int is_refused = job->code != COS_OK && (job->code == COS_ERR_RATE_LIMITED || http == 429 || http == 503);
    if (!crew->jobs->tells_sum || !is_refused) {
        crew->refused_since = 0;
        return 0;
    }
    if (crew->refused_since == 0)
        crew->refused_since = seconds_now();
    return seconds_now() - crew->refused_since < (double)(PATIENCE * retries) && !is_interrupted();
}

static void work(void *user)
{
    struct crew *crew = user;
    lock();
    while (crew->next < crew->jobs->count && !crew->is_given_up && !stops()) {
        int concurrency = concurrency_of(crew);
        struct job *job = &crew->jobs->list[crew->next++];
        uint64_t size = job->size > 0 ? (uint64_t)job->size : 0; /* as the bar has it in its total */
        crew->running++;
        unlock();
        job_do(crew->client, job, concurrency);
        lock();
        while (has_patience(crew, job)) {
            unlock();
            job_forget_reply(job);
            job_do(crew->client, job, concurrency);
            lock();
        }
        crew->running--;
        job->is_ended = 1;
        if (crew->counts_files)
            progress_add(1);
        else if (size > job->shown && !is_interrupted())
            progress_skip(size - job->shown);
        note_reach(crew, job);
        tell_ended(crew);
    }
    unlock();
}

static void tell_sum(const struct crew *crew, double seconds)
{
    const struct jobs *jobs = crew->jobs;
    size_t left = jobs->count - crew->told, all = jobs->count + jobs->failed;
    char size[SHORT_TEXT];
    if (crew->is_stopped || (left > 0 && is_interrupted()))
        complain("interrupted; the same command goes on where it stopped");
    else if (left > 0)
        complain("the service can't be reached; %lld more were not tried", (long long)left);
    if (jobs->count > 1 && jobs->list[0].is_removal)
        say(option(DRY_RUN) ? "would be deleted: %lld, failed: %lld" : "deleted: %lld, failed: %lld",
            crew->done, crew->failed);
    else if (option(DRY_RUN) && (jobs->count > 1 || jobs->tells_sum))
        say("would be done: %lld, %s; unchanged: %lld, skipped: %lld, failed: %lld", crew->done,
            size_text(crew->bytes, size), jobs->unchanged, jobs->skipped, crew->failed);
    else if (jobs->count > 1 || jobs->tells_sum)
        say("done: %lld, %s in %.1f s; unchanged: %lld, skipped: %lld, failed: %lld", crew->done,
            size_text(crew->bytes, size), seconds, jobs->unchanged, jobs->skipped, crew->failed);
    if (crew->failed > 0 && all > 1)
        complain("%lld of %lld failed", crew->failed, (long long)all);
}

enum status jobs_run(const cos_client *client, struct jobs *jobs)
{
    struct crew crew = {.client = client,
                        .jobs = jobs,
                        .status = jobs->status,
                        .failed = (long long)jobs->failed,
                        .counts_files = 1};
    double start = seconds_now();
    int threads = given_concurrency();
    uint64_t total = 0;
    char *name = jobs->count == 1 ? last_name(&jobs->list[0].from)
                                  : formatted(in_language("%lld files"), (long long)jobs->count);
    size_t i;
    for (i = 0; i < jobs->count; i++) {
        total += jobs->list[i].size > 0 && !jobs->list[i].is_removal ? (uint64_t)jobs->list[i].size
                                                                     : 0;
        crew.counts_files = crew.counts_files && !job_travels(&jobs->list[i]);
    }
    if ((size_t)threads > jobs->count)
        threads = (int)jobs->count;
    if (threads > 0) {
        progress_begin(name, crew.counts_files ? jobs->count : total, 1);
        if (crew.counts_files)
            progress_counts_files();
        run_watched(threads, work, &crew);
        progress_end();
    }
    tell_ended(&crew);
    tell_sum(&crew, seconds_now() - start);
    free(name);
    return crew.status;
}
