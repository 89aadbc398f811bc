/* A deadline: a thread that waits and then cancels a transfer, unless the call ends before. */
#include "module.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

/* macOS lets no condition wait by the clock that nobody sets. */
#ifdef __APPLE__
#define CLOCK CLOCK_REALTIME
#else
#define CLOCK CLOCK_MONOTONIC
#endif

int64_t lcos_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *wait_for_end(void *given)
{
    struct deadline *deadline = given;
    struct timespec until;
    int result = 0;
    until.tv_sec = (time_t)(deadline->until / 1000);
    until.tv_nsec = (long)(deadline->until % 1000) * 1000000;
    pthread_mutex_lock(&deadline->lock);
    while (!deadline->is_over && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&deadline->ended, &deadline->lock, &until);
    if (!deadline->is_over) {
        deadline->has_struck = 1;
        cos_transfer_cancel(deadline->transfer);
    }
    pthread_mutex_unlock(&deadline->lock);
    return NULL;
}

int lcos_begin_deadline(struct deadline *deadline, cos_transfer *transfer, int64_t after_ms)
{
    pthread_condattr_t attributes;
    sigset_t all, before;
    int problem;
    deadline->transfer = transfer;
    deadline->until = lcos_now_ms() + after_ms;
    deadline->is_over = 0;
    deadline->has_struck = after_ms == 0;
    if (deadline->has_struck) {
        cos_transfer_cancel(transfer);
        return 0;
    }
    pthread_mutex_init(&deadline->lock, NULL);
    pthread_condattr_init(&attributes);
#ifndef __APPLE__
    pthread_condattr_setclock(&attributes, CLOCK);
#endif
    pthread_cond_init(&deadline->ended, &attributes);
    pthread_condattr_destroy(&attributes);
    /* The handlers of the program are not to run on this thread. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    problem = pthread_create(&deadline->thread, NULL, wait_for_end, deadline);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    deadline->is_running = problem == 0;
    return problem;
}

int lcos_end_deadline(struct deadline *deadline)
{
    if (!deadline->is_running)
        return deadline->has_struck;
    pthread_mutex_lock(&deadline->lock);
    deadline->is_over = 1;
    pthread_cond_signal(&deadline->ended);
    pthread_mutex_unlock(&deadline->lock);
    pthread_join(deadline->thread, NULL);
    pthread_cond_destroy(&deadline->ended);
    pthread_mutex_destroy(&deadline->lock);
    deadline->is_running = 0;
    return deadline->has_struck;
}

int lcos_has_struck(struct deadline *deadline)
{
    int answer;
    if (!deadline->is_running)
        return deadline->has_struck;
    pthread_mutex_lock(&deadline->lock);
    answer = deadline->has_struck;
    pthread_mutex_unlock(&deadline->lock);
    return answer;
}
