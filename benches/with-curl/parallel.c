#include "jobs.h"

#include <pthread.h>

enum { MOST_WORKERS = 64 };

struct worker {
    pthread_t thread;
    struct line line;
    void (*work)(struct line *line, void *job);
    void *job;
};

static void *run(void *user)
{
    struct worker *worker = user;
    open_line(&worker->line, settings.ca_file);
    worker->work(&worker->line, worker->job);
    close_line(&worker->line);
    return NULL;
}

void in_parallel(struct line *line, void (*work)(struct line *, void *), void *job)
{
    struct worker others[MOST_WORKERS];
    int i;
    for (i = 1; i < settings.workers && i < MOST_WORKERS; i++) {
        others[i].work = work;
        others[i].job = job;
        if (pthread_create(&others[i].thread, NULL, run, &others[i]) != 0)
            fail("no thread");
    }
    work(line, job);
    for (i = 1; i < settings.workers && i < MOST_WORKERS; i++)
        pthread_join(others[i].thread, NULL);
}
