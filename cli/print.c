/* Lines to the standard streams. */
#include "print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"
#include "options.h"
#include "system.h"

static const char *command;

void set_command_name(const char *name)
{
    command = name;
}

const char *command_name(void)
{
    return command;
}

const char *in_language(const char *text)
{
    size_t i;
    if (strncmp(language(), "zh", 2) != 0)
        return text;
    for (i = 0; i < sizeof MESSAGES / sizeof *MESSAGES; i++) {
        if (strcmp(MESSAGES[i].english, text) == 0)
            return MESSAGES[i].chinese;
    }
    return text;
}

static void (*before_lines)(void);

void set_before_lines(void (*fn)(void))
{
    before_lines = fn;
}

size_t print_clean(FILE *stream, const char *name, size_t columns)
{
    size_t taken = 0;
    while (*name) {
        const unsigned char *c = (const unsigned char *)name;
        size_t length = 1, width = *c >= 0xe1 ? 2 : 1;
        while ((c[length] & 0xc0) == 0x80)
            length++;
        if (taken + width > columns)
            break;
        if (*c < 0x20 || *c == 0x7f || (*c & 0xc0) == 0x80 || (*c == 0xc2 && c[1] < 0xa0))
            putc('?', stream);
        else
            fwrite(name, 1, length, stream);
        taken += width;
        name += length;
    }
    return taken;
}

static void print_line(FILE *stream, const char *text)
{
    if (before_lines)
        before_lines();
    if (is_terminal(stream)) {
        print_clean(stream, text, (size_t)-1);
        putc('\n', stream);
        fflush(stream);
    } else if (fputs(text, stream) < 0 || putc('\n', stream) < 0) {
        end_if_broken_pipe(errno);
    }
}

LIKE_PRINTF(2, 0)
static void print_list(FILE *stream, const char *format, va_list list)
{
    char *text = NULL;
    append_list(&text, in_language(format), list);
    print_line(stream, text);
    free(text);
}

static int paints(void)
{
    const char *terminal = environment("TERM");
    return is_terminal(stdout) && !environment("NO_COLOR") &&
           !(terminal && strcmp(terminal, "dumb") == 0);
}

void print_painted(const char *before, const char *middle, const char *after)
{
    if (option('j'))
        return;
    if (!paints()) {
        char *text = formatted("%s%s%s", before, middle, after);
        print_line(stdout, text);
        free(text);
        return;
    }
    print_clean(stdout, before, (size_t)-1);
    fputs("\033[1;34m", stdout);
    print_clean(stdout, middle, (size_t)-1);
    fputs("\033[0m", stdout);
    print_line(stdout, after);
}

void print(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (!option('j'))
        print_list(stdout, format, list);
    va_end(list);
}

void say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (!option('j') && !option('q'))
        print_list(stdout, format, list);
    va_end(list);
}

LIKE_PRINTF(1, 0)
static void complain_list(const char *format, va_list list)
{
    char *text = formatted("cos: %s%s", command ? command : "", command ? ": " : "");
    append_list(&text, in_language(format), list);
    fflush(stdout); /* so that both streams stay in order */
    print_line(stderr, text);
    free(text);
}

void complain(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    complain_list(format, list);
    va_end(list);
}

enum status wrong(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    complain_list(format, list);
    va_end(list);
    return WRONG;
}

enum status usage(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    complain_list(format, list);
    va_end(list);
    fprintf(stderr, in_language("cos: see: cos help%s%s\n"), command ? " " : "", command ? command : "");
    return WRONG;
}

enum status cannot_use(const char *path)
{
    return wrong("%s: %s", path, strerror(errno));
}
