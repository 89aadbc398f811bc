/* Calls that Ctrl-C stops. */
#include "watch.h"

#include "system.h"

static cos_transfer *stop;

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

void run_watched(int threads, void (*work)(void *user), void *user)
{
    run_on_threads(threads, work, look, user);
}
