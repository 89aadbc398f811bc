/* Strings that grow, and the texts of sizes and dates. */
#include "text.h"

#include <cos.h>
#include <ctype.h>
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

int is_utf8(const char *text)
{
    char *json = quoted(text), *again = cos_json_string(json, "");
    int is_valid = again != NULL;
    cos_string_free(again);
    free(json);
    return is_valid;
}

long long size_in(const char *text)
{
    static const char UNITS[] = "KMGTP";
    const char *unit;
    char *end;
    double value, factor = 1;
    if (!isdigit((unsigned char)*text) || strlen(text) > 20)
        return -1;
    value = strtod(text, &end);
    unit = *end ? strchr(UNITS, toupper((unsigned char)*end)) : NULL;
    if (unit) {
        for (; unit >= UNITS; unit--)
            factor *= 1024;
        end++;
        end += *end == 'i';
    }
    end += toupper((unsigned char)*end) == 'B';
    return *end == '\0' && value * factor < 9e18 ? (long long)(value * factor) : -1;
}

long long duration_in(const char *text)
{
    static const char UNITS[] = "smhdw";
    static const long long LENGTHS[] = {1, 60, 3600, 86400, 604800};
    const char *unit = UNITS;
    char *end;
    long number;
    if (!isdigit((unsigned char)*text))
        return -1;
    number = strtol(text, &end, 10);
    if (*end != '\0') {
        unit = strchr(UNITS, *end);
        if (!unit || end[1] != '\0')
            return -1;
    }
    return number <= 2000000000 / LENGTHS[unit - UNITS] ? number * LENGTHS[unit - UNITS] : -1;
}

/* Whether it is in the calendar and on the clock, and not before 1970. mktime() would take February 31 for
 * March 2. */
static int is_there(const struct tm *when)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = when->tm_year + 1900, is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return year >= 1970 && when->tm_mon >= 0 && when->tm_mon < 12 && when->tm_mday > 0 &&
           when->tm_mday <= DAYS[when->tm_mon] + (when->tm_mon == 1 && is_leap) &&
           when->tm_hour >= 0 && when->tm_hour < 24 && when->tm_min >= 0 && when->tm_min < 60;
}

int moment_in(const char *text, long long *seconds)
{
    long long age = duration_in(text);
    struct tm when;
    int read = 0, more = 0;
    memset(&when, 0, sizeof when);
    when.tm_isdst = -1;
    if (age >= 0) {
        *seconds = (long long)time(NULL) - age;
        return text[strspn(text, "0123456789")] != '\0';
    }
    if (sscanf(text, "%4d-%2d-%2d%n", &when.tm_year, &when.tm_mon, &when.tm_mday, &read) != 3)
        return 0;
    if ((text[read] == ' ' || text[read] == 'T') &&
        sscanf(text + read + 1, "%2d:%2d%n", &when.tm_hour, &when.tm_min, &more) == 2)
        read += more + 1;
    when.tm_year -= 1900;
    when.tm_mon--;
    if (text[read] != '\0' || !is_there(&when))
        return 0;
    *seconds = (long long)mktime(&when);
    return *seconds != -1;
}

long long moment_of_utc(const char *text)
{
    int year, month, day, hour, minute, second;
    long long days;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) != 6)
        return 0;
    /* Years that begin with March have the day that may be missing at their end. */
    year -= month <= 2;
    month += month <= 2 ? 9 : -3;
    days = 365LL * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719469;
    return days * 86400 + hour * 3600 + minute * 60 + second;
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
