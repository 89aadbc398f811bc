/* Lists of the service, page by page. */
#ifndef WALK_H
#define WALK_H

#include <cos.h>

#include "place.h"
#include "status.h"

struct entry {
    const char *path; /* from the folder on; that of a folder ends with '/' */
    const char *json; /* as the service told it */
    int is_folder;
    int is_unfinished; /* an upload that was broken off */
    long long size, mtime;
};

/* Takes an entry. Returns 0 to go on, NOT_IN_IT to leave out what is in the folder that it is, or STOP. */
enum { NOT_IN_IT = 1, STOP };
typedef int entry_fn(const struct entry *entry, void *user);

enum walk {
    IN_FOLDER,  /* files and folders in it */
    BY_FOLDER,  /* the files and folders in it and in all folders below; a folder before what is in it */
    ALL_FILES,  /* the files in it and in all folders below, in any order; WITH_FOLDERS among the flags
                   also those folders that were made, and
                   the folder itself, as "", if it has content; else perhaps folders */
};

enum { TELLS_REPLIES = 1, MAY_BE_MISSING = 2, WITH_FOLDERS = 4, COUNTS = 8, TELLS_FAILURES = 16 };

/* Hands over what is in a folder. Only names that begin with `begin` are listed; complaints are about
 * the place `about`. Goes on behind a folder below that can't be listed; the first failure is
 * returned. With TELLS_REPLIES among the flags --json prints the replies, with TELLS_FAILURES those of failures; with MAY_BE_MISSING a folder that
 * is not there is an empty one; with COUNTS what was found is counted
 * on the terminal. */
enum status walk(const cos_client *client, const struct place *folder, const char *begin,
                 const struct place *about, enum walk how, int flags, entry_fn *fn, void *user);

/* The place that an entry of a folder is; to be freed. */
struct place place_of_entry(const struct place *folder, const struct entry *entry);

#endif
