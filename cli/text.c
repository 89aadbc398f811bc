/* Strings that grow, and the texts of sizes and dates. */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "status.h"

void *checked(void *memory)
{
    if (!memory) {
        fputs("cos: out of memory\n", stderr);
        exit(WRONG);
    }
    return memory;
}

char *copy_of_part(const char *text, size_t length)
{
    char *copy = checked(malloc(length + 1));
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *copy_of(const char *text)
{
    return copy_of_part(text, strlen(text));
}

void append_list(char **text, const char *format, va_list list)
{
    size_t length = *text ? strlen(*text) : 0;
    va_list again;
    int more;
    va_copy(again, list);
    more = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (more < 0)
        more = 0;
    *text = checked(realloc(*text, length + (size_t)more + 1));
    (*text)[length] = '\0';
    vsnprintf(*text + length, (size_t)more + 1, format, list);
}

void append(char **text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    append_list(text, format, list);
    va_end(list);
}

char *formatted(const char *format, ...)
{
    char *text = NULL;
    va_list list;
    va_start(list, format);
    append_list(&text, format, list);
    va_end(list);
    return text;
}

char *quoted(const char *text)
{
    enum { LONGEST = 6 }; /* \u0001 */
    char *string = checked(malloc(LONGEST * strlen(text) + sizeof "\"\"")), *end = string;
    *end++ = '"';
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20) {
            end += sprintf(end, "\\u%04x", c);
        } else {
            if (c == '"' || c == '\\')
                *end++ = '\\';
            *end++ = (char)c;
        }
    }
    *end++ = '"';
    *end = '\0';
    return string;
}

const char *size_text(long long bytes, char text[SHORT_TEXT])
{
    const char *unit = "KMGTPE";
    double value = (double)bytes / 1024;
    for (; value >= 999.95; unit++) /* from there on, %.1f would print 1000.0 */
        value /= 1024;
    if (bytes < 1024)
        snprintf(text, SHORT_TEXT, "%lld %s", bytes, bytes == 1 ? "byte" : "bytes");
    else
        snprintf(text, SHORT_TEXT, "%.1f %ciB", value, *unit);
    return text;
}

const char *date_text(long long seconds, char text[SHORT_TEXT])
{
    time_t when = (time_t)seconds;
    struct tm *local = localtime(&when);
    if (!local || !strftime(text, SHORT_TEXT, "%Y-%m-%d %H:%M", local))
        strcpy(text, "?");
    return text;
}
