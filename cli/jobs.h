/* Many calls, several at a time: what cp, mv, sync and rm do with files. */
#ifndef JOBS_H
#define JOBS_H

#include <cos.h>

#include "job.h"
#include "place.h"
#include "status.h"

/* All zero at the start. */
struct jobs {
    struct job *list;
    size_t count, room;
    enum status status; /* of what went wrong before */
    size_t failed;      /* so much was told of that */
    int tells_sum;      /* even of a single one */
    long long unchanged, skipped;
};

/* Adds the copy of a file. It takes the places. */
struct job *jobs_add(struct jobs *jobs, struct place from, struct place to);

/* Adds the making of a folder; both places end with '/'. It takes the places. */
struct job *jobs_add_folder(struct jobs *jobs, struct place from, struct place to);

/* Adds the removal of a file. It takes the place. The size is -1 if it is unknown. */
struct job *jobs_add_removal(struct jobs *jobs, struct place from, long long size);

/* The same of what was found in a folder. */
void jobs_add_removal_in(struct jobs *jobs, const struct place *folder, const struct item *item);

/* Counts a file that is not newer than what is there, and tells of it. */
void jobs_skip_not_newer(struct jobs *jobs, const char *from, const char *to);

/* Does them all, tells of each in their order, and of the sum if there are several. */
enum status jobs_run(const cos_client *client, struct jobs *jobs);

void jobs_free(struct jobs *jobs);

#endif
