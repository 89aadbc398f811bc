/* What a call of the library answered: its code and its reply, told to the user. */
#ifndef REPLY_H
#define REPLY_H

#include <stdint.h>

#include "place.h"
#include "status.h"

/* The exit code for what a call returned. */
enum status status_of(int code, const char *json);

/* A whole number in a reply; 0 if it is not there. */
long long number_in(const char *json, const char *pointer);

/* Whether a value is there and has this text. */
int is_in(const char *json, const char *pointer, const char *text);

/* Whether a file of this size says, at the pointer, that less of it is there: an upload that was
 * broken off. */
int is_unfinished(const char *json, const char *pointer, int64_t size);

/* Whether a change of the headers of a file has taken away who may read it: the key may not ask who that is.
 * The other tells of it. */
int has_lost_access(const char *json);
void tell_lost_access(const struct place *place);

/* A message of the library without the name that it has for its argument. */
const char *plain(const char *message);

/* Says that the command copies from one bucket to another, whose regions may differ. */
void set_has_two_buckets(int has);

/* Prints the reply, with --json. */
void print_reply(const char *json);

/* Says what helps against a failure that is about this place. The hints of the library name its options;
 * where an option of the command helps, this says so. Nothing is said again and again. */
void give_hint(int code, const char *json, const struct place *about);

/* Prints the reply, with --json, and says what went wrong, if something did. `from` and `to` are the
 * places of the call; they are the same if it has one. */
enum status check(int code, const char *json, const struct place *from, const struct place *to);

/* The same without the reply. */
enum status check_without_reply(int code, const char *json, const struct place *from,
                                const struct place *to);

#endif
