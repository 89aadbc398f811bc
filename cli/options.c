/* The options of all commands: their table, and what was given. */
#include "options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "text.h"

const char COMMON_OPTIONS[] = "qjcaTRhV";

static const struct description {
    char letter;
    const char *name;
    const char *value; /* what help calls it; NULL if the option takes none */
    const char *help;
    long least, most; /* of a number; else 0 */
} OPTIONS[] = {
    {'r', "recursive", NULL, "folders, with everything below them", 0, 0},
    {'n', "no-clobber", NULL, "skip files that exist", 0, 0},
    {'C', "concurrency", "NUMBER", "requests under way at a time, 1 to 64 (4)", 1, 64},
    {'S', "slice-size", "MIB", "what one request of a large upload carries", 1, 5120},
    {'l', "long", NULL, "sizes, dates and a total", 0, 0},
    {'p', "parents", NULL, "a folder that exists is fine", 0, 0},
    {'e', "expires", "TIME", "seconds, or 10m, 2h, 7d; at most 90d (1h)", 0, 0},
    {'m', "method", "METHOD", "GET, HEAD, PUT, POST, DELETE or OPTIONS (GET)", 0, 0},
    {'H', "header", "NAME:VALUE", "a header that has to be sent with the URL", 0, 0},
    {'P', "param", "NAME=VALUE", "a parameter of the URL", 0, 0},
    {'q', "quiet", NULL, "say nothing but errors", 0, 0},
    {'j', "json", NULL, "print the library's replies, one a line, and nothing else", 0, 0},
    {'c', "config", "FILE", "read the account from this file", 0, 0},
    {'a', "api", "API", "v4 for the JSON API, v5 for the XML API (by the region's name)", 0, 0},
    {'T', "timeout", "SECONDS", "give up a request without progress after so long (300)", 1, 86400},
    {'R', "retries", "NUMBER", "repeat failed requests so often, 0 to 10 (3)", 0, 10},
    {'h', "help", NULL, "show help", 0, 0},
    {'V', "version", NULL, "show the version", 0, 0},
};
enum { N_OPTIONS = sizeof OPTIONS / sizeof *OPTIONS };

/* The options that were given, in their order. */
static struct given {
    int letter;
    const char *value;
} *given;
static int n_given;

static void note(int letter, const char *value)
{
    given = checked(realloc(given, (size_t)(n_given + 1) * sizeof *given));
    given[n_given].letter = letter;
    given[n_given].value = value ? value : "";
    n_given++;
}

/* Whether the value of an option that takes a number is one, within its limits. */
static enum status check_number(int letter, const char *value)
{
    const struct description *description = OPTIONS;
    char *end;
    long number;
    while (description->letter != letter)
        description++;
    if (description->most == 0)
        return DONE;
    number = strtol(value, &end, 10); /* LONG_MAX if it does not fit: larger than `most` */
    if (isdigit((unsigned char)*value) && *end == '\0' && number >= description->least &&
        number <= description->most)
        return DONE;
    return usage("--%s takes a whole number from %ld to %ld, not %s", description->name,
                 description->least, description->most, value);
}

struct words read_options(int argc, char **argv)
{
    struct option by_name[N_OPTIONS + 1];
    char letters[2 * N_OPTIONS + 2] = ":", *end = letters + 1;
    struct words words = {DONE, 0, NULL};
    int i, letter;
    memset(by_name, 0, sizeof by_name);
    for (i = 0; i < N_OPTIONS; i++) {
        by_name[i].name = OPTIONS[i].name;
        by_name[i].has_arg = OPTIONS[i].value ? required_argument : no_argument;
        by_name[i].val = OPTIONS[i].letter;
        end += sprintf(end, "%c%s", OPTIONS[i].letter, OPTIONS[i].value ? ":" : "");
    }
    while (words.status == DONE &&
           (letter = getopt_long(argc, argv, letters, by_name, NULL)) != -1) {
        if (letter == ':')
            words.status = usage("-%c: the value is missing", optopt);
        else if (letter == '?' && optopt)
            words.status = usage("-%c: there is no such option", optopt);
        else if (letter == '?')
            words.status = usage("%s: there is no such option", argv[optind - 1]);
        else
            words.status = check_number(letter, optarg);
        if (words.status == DONE)
            note(letter, optarg);
    }
    words.count = argc - optind;
    words.list = argv + optind;
    return words;
}

const char *option(char letter)
{
    int i = n_given;
    while (i-- > 0) {
        if (given[i].letter == letter)
            return given[i].value;
    }
    return NULL;
}

const char *option_at(char letter, int number)
{
    int i;
    for (i = 0; i < n_given; i++) {
        if (given[i].letter == letter && number-- == 0)
            return given[i].value;
    }
    return NULL;
}

const char *option_outside(const char *letters)
{
    int i;
    for (i = 0; i < N_OPTIONS; i++) {
        char letter = OPTIONS[i].letter;
        if (option(letter) && !strchr(COMMON_OPTIONS, letter) && !strchr(letters, letter))
            return OPTIONS[i].name;
    }
    return NULL;
}

void append_option(char **json, const char *key, char letter, long unit)
{
    if (option(letter))
        append(json, ",\"%s\":%ld", key, strtol(option(letter), NULL, 10) * unit);
}

void print_options(const char *letters)
{
    int i;
    for (i = 0; i < N_OPTIONS; i++) {
        const struct description *description = &OPTIONS[i];
        char *text;
        if (!strchr(letters, description->letter))
            continue;
        text = formatted("-%c, --%s%s%s", description->letter, description->name,
                         description->value ? " " : "",
                         description->value ? description->value : "");
        printf("  %-25s  %s\n", text, description->help);
        free(text);
    }
}
