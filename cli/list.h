/* How entries of lists are printed. */
#ifndef LIST_H
#define LIST_H

#include "items.h"

/* A line about an entry, with -l and -h as they are given. */
void print_entry(const char *before, const char *path, const struct entry *entry);

/* The last line with -l. */
void print_total(long long files, long long folders, long long bytes);

#endif
