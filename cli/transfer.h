/* One upload or download of a file, and what is said of it. */
#ifndef TRANSFER_H
#define TRANSFER_H

#include <cos.h>

#include "items.h"
#include "place.h"
#include "status.h"

/* Uploads a file. `local` is the path to read; the places are what is told to the user. */
enum status upload(const cos_client *client, const struct place *from, const struct place *to,
                   const char *local);

/* The options of an upload or download, as JSON; to be freed. `concurrency` is that of the call, 0 for
 * what is given; `mtime` is kept with an upload, unless it is -1. `listed` is what a list has shown of the
 * source of a download, or NULL. */
char *transfer_options(const struct place *to, int concurrency, long long mtime, const struct item *listed);

/* Adds what a list has shown of a file to the options of a download, which compares the local file with it;
 * with the CRC-64 that the service states, or NULL. */
void append_listed(char **options, const struct item *item, const char *crc64);

/* Whether the options of a transfer have values that go together. `uploads` says whether something is
 * uploaded, `others` whether something travels in another way. */
enum status check_transfer_options(int uploads, int others);

/* Adds what --limit-rate leaves to each of so many requests. */
void append_limit(char **options, int requests);

/* How many requests may be under way at a time. */
int given_concurrency(void);

/* Tells how the transfer of one file ended. `local` is the path that a download went to, else NULL. */
enum status report_transfer(int code, const char *json, const struct place *from,
                            const struct place *to, const char *local);

/* Whether a failure is that of a file that exists and, with -n, is kept. `local` is the path that a
 * download goes to, else NULL. */
int is_kept(int code, const char *local);

/* Says that a file is kept. */
enum status report_kept(const char *json, const struct place *from, const struct place *to);

/* Says that a file was uploaded or downloaded. */
void report_file(const char *json, const struct place *from, const struct place *to);

#endif
