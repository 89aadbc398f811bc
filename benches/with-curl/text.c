#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fail(const char *what)
{
    fprintf(stderr, "with-curl: %s\n", what);
    exit(EXIT_FAILURE);
}

char *text_room(struct text *text, size_t more)
{
    if (text->len + more + 1 > text->room) {
        text->room = (text->len + more + 1) * 2;
        text->data = realloc(text->data, text->room);
        if (!text->data)
            fail("no memory");
    }
    return text->data + text->len;
}

void append(struct text *text, const char *format, ...)
{
    va_list arguments;
    int len;
    va_start(arguments, format);
    len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    va_start(arguments, format);
    vsnprintf(text_room(text, (size_t)len), (size_t)len + 1, format, arguments);
    va_end(arguments);
    text->len += (size_t)len;
}

void hex(const unsigned char *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t i;
    for (i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = 0;
}
