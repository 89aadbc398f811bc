/* The progress of a transfer: a bar on the terminal, and Ctrl-C. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <cos.h>

/* How much was done at a moment. */
struct mark {
    double time;
    uint64_t done;
};

struct progress {
    cos_transfer *transfer; /* for the call */
    const char *name;
    int draws;
    int total_grows;          /* the size is not known: what is called the total is not */
    double drawn_at;          /* 0 before the first time */
    struct mark older, newer; /* the rate is taken since the older one, 4 to 8 seconds ago */
};

/* One transfer after the other, each from begin to end. Nothing is drawn if `may_draw` is 0, with
 * --quiet, and where there is no terminal. */
void progress_begin(struct progress *progress, const char *name, int may_draw);
void progress_end(struct progress *progress);

#endif
