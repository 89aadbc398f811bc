/* A text that grows, and how everything here ends that goes wrong. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

struct text {
    char *data;
    size_t len, room;
};

/* Prints what is wrong and ends the program. */
_Noreturn void fail(const char *what);

/* The end of the text, with room for `more` bytes and a zero. */
char *text_room(struct text *text, size_t more);

__attribute__((format(printf, 2, 3))) void append(struct text *text, const char *format, ...);

/* `out` has room for 2 * len + 1. */
void hex(const unsigned char *bytes, size_t len, char *out);

#endif
