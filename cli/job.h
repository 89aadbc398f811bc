/* What is done with one file or folder. */
#ifndef JOB_H
#define JOB_H

#include <cos.h>

#include "items.h"
#include "place.h"

struct job {
    struct place from, to;    /* of a removal, only `from`: it may be local */
    const char *local;        /* of these, the path that is read or written; NULL if there is none */
    size_t root;              /* the part of `local` that may be a link; all of it if 0 */
    long long size, mtime;    /* of the source; -1 if unknown */
    const struct item *here;  /* the source as it was found, or NULL */
    const struct item *there; /* what the destination has, of the same size, to be compared; or NULL */
    int is_unknown;           /* whether the destination has something */
    struct item *looked_at;   /* what it has, if that was unknown */
    int looks_at_times;       /* with --update: nothing was compared yet */
    int is_move;              /* the source goes when the rest is done */
    int is_removal;
    int is_folder;            /* nothing but the folder itself is made */
    uint64_t shown;           /* of the size, by the bar */

    /* What came of it. */
    int is_ended, is_unchanged, is_skipped;
    int is_not_newer;         /* so that --update skips it */
    int is_same;              /* it looks like what the destination has */
    int is_left_behind;       /* the copy of a move is there, and its source could not be removed */
    int has_lost_access;      /* a change of its headers has taken away who may read the destination */
    int is_without_time;      /* Ctrl-C kept a download from getting its time */
    int code, is_about_destination; /* whose fault the code is, if it is a failure */
    char *json, *problem;     /* the latter for what went wrong here, not in the call */
};

/* Does it, with so many requests at a time. */
void job_do(const cos_client *client, struct job *job, int concurrency);

/* Whether the content of its file comes or goes. */
int job_travels(const struct job *job);

void job_forget_reply(struct job *job);

void job_free(struct job *job);

#endif
