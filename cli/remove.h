/* Removes many files. */
#ifndef REMOVE_H
#define REMOVE_H

#include <cos.h>

#include "items.h"

/* Removes files of a folder, of the service with as few requests as the API allows, and tells of each; with
 * --dry-run it only tells. */
enum status remove_items(const cos_client *client, const struct place *folder,
                         const struct items *items);

/* Removes the folders in a folder, and itself, as far as nothing is in them. Says nothing of those that
 * stay. */
void remove_empty_folders(const cos_client *client, const struct place *folder);

#endif
