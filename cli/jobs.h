/* Many calls, several at a time: what cp, mv, sync and rm do with files. */
#ifndef JOBS_H
#define JOBS_H

#include <cos.h>

#include "items.h"
#include "place.h"
#include "status.h"

struct job {
    struct place from, to;   /* of a removal, only `from`: it may be local */
    const char *local;       /* of these, the path that is read or written; NULL if there is none */
    size_t root;             /* the part of `local` that may be a link; all of it if 0 */
    long long size, mtime;   /* of the source; -1 if unknown */
    const struct item *here;  /* the source as it was found, or NULL */
    const struct item *there; /* what the destination has, of the same size, to be compared; or NULL */
    int is_unknown;           /* whether the destination has something */
    struct item *looked_at;   /* what it has, if that was unknown */
    int looks_at_times;      /* with --update: nothing was compared yet */
    int is_move;             /* the source goes when the rest is done */
    int is_removal;
    int is_folder;           /* nothing but the folder itself is made */
    uint64_t shown; /* of the size, by the bar */

    /* What came of it. */
    int is_ended, is_unchanged, is_skipped;
    int is_same;         /* it looks like what the destination has */
    int is_without_time; /* Ctrl-C kept a download from getting its time */
    int code, is_about_destination; /* whose fault the code is, if it is a failure */
    char *json, *problem; /* the latter for what went wrong here, not in the call */
};

/* All zero at the start. */
struct jobs {
    struct job *list;
    size_t count, room;
    enum status status; /* of what went wrong before */
    int tells_sum;      /* even of a single one */
    long long unchanged, skipped;
};

/* Adds the copy of a file. It takes the places. */
struct job *jobs_add(struct jobs *jobs, struct place from, struct place to);

/* Adds the making of a folder; both places end with '/'. It takes the places. */
struct job *jobs_add_folder(struct jobs *jobs, struct place from, struct place to);

/* Adds the removal of a file. It takes the place. The size is -1 if it is unknown. */
struct job *jobs_add_removal(struct jobs *jobs, struct place from, long long size);

/* Does them all, tells of each in their order, and of the sum if there are several. */
enum status jobs_run(const cos_client *client, struct jobs *jobs);

void jobs_free(struct jobs *jobs);

#endif
