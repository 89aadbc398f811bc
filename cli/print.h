/* Lines to the standard streams. No name that is printed can command the terminal. */
#ifndef PRINT_H
#define PRINT_H

#include <stdio.h>

#include "status.h"
#include "text.h"

/* The command that messages name; NULL before it is known. */
void set_command_name(const char *name);
const char *command_name(void);

/* A line that was asked for. Nothing with --json. */
LIKE_PRINTF(1, 2) void print(const char *format, ...);

/* A line about what was done. Nothing with --json or --quiet. */
LIKE_PRINTF(1, 2) void say(const char *format, ...);

/* A line on stderr about what went wrong. */
LIKE_PRINTF(1, 2) void complain(const char *format, ...);

/* Complains, and returns WRONG. */
LIKE_PRINTF(1, 2) enum status wrong(const char *format, ...);

/* Complains of how the program is used, says where the help is, and returns WRONG. */
LIKE_PRINTF(1, 2) enum status usage(const char *format, ...);

/* Complains with the text of errno, and returns WRONG. */
enum status cannot_use(const char *path);

/* The same in the user's language, where messages.h has it. */
const char *in_language(const char *text);

/* A line that was asked for, of which the middle is painted on a terminal, but not with NO_COLOR. */
void print_painted(const char *before, const char *middle, const char *after);

/* What has to be done before a line is printed: the bar is wiped away. */
void set_before_lines(void (*fn)(void));

/* Prints a name in at most so many columns and returns how many it took. Control characters become
 * '?'. Characters that may be wide are counted as wide. */
size_t print_clean(FILE *stream, const char *name, size_t columns);

#endif
