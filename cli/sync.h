/* Folders, file by file. */
#ifndef SYNC_H
#define SYNC_H

#include <cos.h>

#include "jobs.h"

/* The marks of the options of copies and synchronisations. */
#define OPTIONS_OF_TRANSFERS "nutCSLDIXkHAKBo"

/* Copies or moves a folder, with everything below it that --include and --exclude let pass, to another
 * one; both places end with a slash. */
enum status copy_tree(const cos_client *client, const struct place *from, const struct place *to,
                 int is_move);

/* Makes a folder have what another one has, and with --delete nothing else. */
enum status sync_folders(const cos_client *client, const struct place *from,
                         const struct place *to);

#endif
