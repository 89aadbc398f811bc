/* Calls that Ctrl-C stops. */
#include "watch.h"

#include "progress.h"
#include "system.h"

static cos_transfer *stop;

static int undone;

int stops(void)
{
    undone = undone || is_interrupted();
    return undone;
}

int left_undone(void)
{
    return undone;
}

void set_stop(cos_transfer *transfer)
{
    stop = transfer;
}

static void look(void *user)
{
    (void)user;
    if (is_interrupted())
        cos_transfer_cancel(stop);
}

static void look_and_show(void *user)
{
    uint64_t done, total;
    look(user);
    cos_transfer_progress(stop, &done, &total);
    progress_show(done, total);
}

void run_watched(int threads, void (*work)(void *user), void *user)
{
    run_on_threads(threads, work, look, user);
}

void run_followed(void (*work)(void *user), void *user)
{
    run_on_threads(1, work, look_and_show, user);
}
