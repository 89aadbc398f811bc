/* The progress of transfers: a bar on the terminal, and Ctrl-C. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <cos.h>

/* How much had travelled at a moment. */
struct mark {
    double time;
    uint64_t travelled;
};

/* What a call adds to the bar. */
struct share {
    cos_transfer *transfer; /* for the call */
    uint64_t done, total, travelled;
    int adds_total; /* the bar does not know the size of this call yet */
};

/* One bar after the other, each from begin to end. From the first one on, Ctrl-C is noted, to the end of the
 * program: what is told as done by then is not contradicted by its exit code. What takes long and does not look
 * for Ctrl-C comes behind an interrupts_end(). Nothing is drawn if `may_draw` is 0, with --quiet,
 * and where there is no terminal. `total` is 0 if the calls tell it. */
void progress_begin(const char *name, uint64_t total, int may_draw);
void progress_end(void);

/* The size is not known: what calls say is the total is not. */
void progress_has_no_total(void);

/* The total and what is done are not bytes, but numbers of files. */
void progress_counts_files(void);

/* From begin to end, what is found is counted on the terminal, if that takes longer than a moment. Ctrl-C ends
 * the program. */
void counting_begin(const char *name);
void counting_add(void);
void counting_end(void);

/* Whether calls need to tell how far they have come. */
int progress_is_drawn(void);

/* A call, on any thread. */
void share_begin(struct share *share, int adds_total);
void share_end(struct share *share);

/* Counts something that no call reports. The lock is held. */
void progress_add(uint64_t done);

/* The same for what need not travel. */
void progress_skip(uint64_t done);

/* Shows how far something has come that counts by itself. */
void progress_show(uint64_t done, uint64_t total);

#endif
