/* What is in a folder, here or at the service. */
#ifndef ITEMS_H
#define ITEMS_H

#include <cos.h>

#include "place.h"
#include "status.h"
#include "walk.h"

struct item {
    char *path; /* from the folder on, with '/' between the names; that of a folder ends with it */
    char *sum;  /* the service's SHA-1 or ETag; NULL if there is none */
    int is_sha; /* whether it is the SHA-1, which the JSON API tells */
    long long size, mtime;
    int is_folder, is_unfinished;
    int is_empty;  /* a folder with nothing in it, not even what is not wanted */
    int has_hidden; /* a folder with something in it that is not wanted */
    int is_hidden; /* it only shows that the folder that it is in is not empty */
    int stays;     /* --delete does not take it, although the source lacks it */
};

/* All zero at the start. */
struct items {
    struct item *list;
    size_t count, room;
    size_t unread; /* directories and the like that were complained of: nobody knows what is in them */
};

/* Whether it is a folder with content of its own, which another client has stored under the folder's key. */
int has_own_content(const struct item *item);

void items_add(struct items *items, const struct entry *entry);

/* The same for walk(), of every entry; `user` is the items. */
int items_take(const struct entry *entry, void *user);

/* An item as an entry, without what the service told; it has the item's path. */
struct entry entry_of(const struct item *item);

void items_free(struct items *items);

/* Sorts as --sort and --reverse say, by name if they are not given. */
enum status items_sort(struct items *items);

/* Sorts by path, and takes away what is there twice. */
void items_sort_by_path(struct items *items);

/* The number of the first item whose path does not come before this one; they are sorted by path. */
size_t items_from(const struct items *items, const char *path);

/* Whether a path is that of a folder, which ends with '/', or of something in it. */
int is_in_folder(const char *path, const char *folder);

/* Whether one of the items, which are sorted by path, has this path. */
int items_have(const struct items *items, const char *path);

/* The files in a folder and all below that --include and --exclude let pass, sorted by path; WITH_FOLDERS
 * among the flags, also the folders that were made; the folder itself only if it has content, with the path
 * "". What could not be read is complained of and gives the
 * status. What is neither a file nor a folder comes to `ignored`,
 * also sorted, if that is not NULL. `flags` are those of walk(). */
enum status find_files(const cos_client *client, const struct place *folder, int flags,
                       struct items *items, struct items *ignored);

/* What a folder has of what is in another one, or with --delete all that it has, in the same way; it may not
 * be there. A folder of the service that has much more is not listed to its end: then `is_cut` is set, and what
 * was not found may be there. */
enum status find_there(const cos_client *client, const struct place *folder, const struct items *other,
                       struct items *items, int *is_cut);

/* Whether a path has the name that the library gives to what it keeps of a download that was broken off. */
int has_partial_name(const char *path);

/* The files and folders that match the pattern in the path of a place, as paths from the folder in front of
 * the first wildcard on, which is `folder`; without those that --include and --exclude keep out. MISSING if
 * nothing matches; that is complained of, but with MAY_BE_MISSING. */
enum status find_matching(const cos_client *client, const struct place *pattern, int flags,
                          struct place *folder, struct items *items);

/* Whether --include and --exclude let a place pass that is named as it is: a file by its own name. Folders
 * pass, for what is in them is chosen one by one, and so does a standard stream, which has no name. */
int is_wanted_place(const struct place *place);

#endif
