/* Strings that grow, and the texts of sizes and dates. What is returned as `char *` is to be freed
 * with free(). */
#ifndef TEXT_H
#define TEXT_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __GNUC__ /* the compiler compares the format with the arguments */
#define LIKE_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define LIKE_PRINTF(text, first)
#endif

/* Returns memory that was just allocated, or ends the program if there was none. */
void *checked(void *memory);

char *copy_of(const char *text);
char *copy_of_part(const char *text, size_t length);

LIKE_PRINTF(1, 2) char *formatted(const char *format, ...);

/* Adds to a string made by one of these functions; NULL counts as an empty one. */
LIKE_PRINTF(2, 3) void append(char **text, const char *format, ...);
LIKE_PRINTF(2, 0) void append_list(char **text, const char *format, va_list list);

/* The text as a JSON string, with its quotes. */
char *quoted(const char *text);

/* Whether it is valid UTF-8. */
int is_utf8(const char *text);

/* "1024", "1k", "1.5M" in bytes; -1 for anything else. */
long long size_in(const char *text);

/* "90", "10m", "2h" or "7d" in seconds; -1 for anything else. */
long long duration_in(const char *text);

/* A time: a duration with its unit that has passed since, or "2024-12-31", "2024-12-31 23:59", local time.
 * Returns whether it is one. A number alone may be meant as a date, and is none. */
int moment_in(const char *text, long long *seconds);

/* "2024-12-31T23:59:00.000Z" in seconds since 1970; 0 for anything else. */
long long moment_of_utc(const char *text);

enum { SHORT_TEXT = 32 };

/* These write to `text` and return it. */
const char *size_text(long long bytes, char text[SHORT_TEXT]);
const char *date_text(long long seconds, char text[SHORT_TEXT]);

#endif
