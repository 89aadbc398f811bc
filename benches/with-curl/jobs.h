/* What a program does with the service. */
#ifndef JOBS_H
#define JOBS_H

#include "api.h"

/* Runs `work` on each of the workers, of which the calling thread is one, on the line that it has. */
void in_parallel(struct line *line, void (*work)(struct line *line, void *job), void *job);

void upload_file(struct line *line, const char *path, const char *local);
void download_file(struct line *line, const char *path, const char *local);
/* The same for an object that a list has shown, on this line alone. */
void download_listed(struct line *line, const char *path, const struct object *object,
                     const char *local);
/* All files of a directory, which has no directories in it; `path` ends with a slash. */
void upload_tree(struct line *line, const char *path, const char *local);
void download_tree(struct line *line, const char *path, const char *local);

#endif
