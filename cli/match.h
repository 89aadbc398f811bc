/* Patterns of names. `*` is any part of a name, `**` any part of a path, `?` a character, `[a-z]` one of
 * these, `[!a-z]` none of them; a backslash takes the meaning from what follows. */
#ifndef MATCH_H
#define MATCH_H

#include <stddef.h>

/* Whether the pattern matches the whole text. */
int matches(const char *pattern, const char *text);

/* Whether there is a `*` or `?` that is meant as one. Square brackets alone are a name, such as
 * "a[1].txt". */
int is_pattern(const char *text);

/* Takes away each backslash that takes the meaning from the character behind it. */
void remove_escapes(char *text);

/* The text with a backslash before each character that may have a meaning. To be freed. */
char *with_escapes(const char *text);

/* The length of the part of a pattern that is in front of the name with the first wildcard: a folder,
 * with its slash. */
size_t fixed_length(const char *pattern);

/* Whether --include and --exclude let a path pass. A pattern without a slash is about names in all
 * folders, one with a slash about the path from the top on; a slash at the end makes it about folders. What
 * is said of a folder holds for everything in it. The last pattern that matches decides. If the first
 * one is an --include, what no pattern matches is left out. */
int is_wanted(const char *path);

/* Whether an --exclude is the last pattern that matches a path. */
int is_excluded(const char *path);

/* Whether nothing in a folder, whose path ends with a slash, can be wanted. */
int is_left_out(const char *folder);

#endif
