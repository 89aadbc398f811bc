/* The options of all commands: their table, and what was given. */
#include "options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "suggest.h"
#include "text.h"

const char COMMON_OPTIONS[] = "qjcUGaTR?V";

static const struct description {
    char mark;
    char letter; /* 0 if it has none */
    const char *name;
    const char *value; /* what help calls it; NULL if the option takes none */
    const char *help;
    long least, most; /* of a number; else 0 */
} OPTIONS[] = {
    {'r', 'r', "recursive", NULL, "folders, with everything below them", 0, 0},
    {'n', 'n', "no-clobber", NULL, "skip files that exist", 0, 0},
    {'u', 'u', "update", NULL, "skip files that are not newer than those that are there", 0, 0},
    {'t', 't', "times", NULL, "keep the times of files, and compare by them", 0, 0},
    {CHECKSUM, 0, "checksum", NULL, "with -t: compare by content all the same", 0, 0},
    {INCLUDE, 0, "include", "PATTERN", "take files that match; may be given again", 0, 0},
    {EXCLUDE, 0, "exclude", "PATTERN", "leave out files that match; may be given again", 0, 0},
    {DRY_RUN, 0, "dry-run", NULL, "only say what would be done", 0, 0},
    {DELETE, 0, "delete", NULL, "delete what the source does not have", 0, 0},
    {MAX_DELETE, 0, "max-delete", "NUMBER", "with --delete: do nothing if more would go, even with -f", 0,
     1000000000},
    {'f', 'f', "force", NULL, "do it all the same in the case told above", 0, 0},
    {'C', 'C', "concurrency", "NUMBER", "requests under way at a time, 1 to 64 (4)", 1, 64},
    {'S', 'S', "slice-size", "MIB", "what one request of a large upload carries", 1, 5120},
    {LIMIT_RATE, 0, "limit-rate", "SIZE", "bytes a second, 100k or more, such as 2M, with the XML API", 0, 0},
    {SOURCE_REGION, 0, "source-region", "REGION", "where the source is, if that is another region", 0, 0},
    {ACCESS, 0, "access", NULL, "also who may read it, which the XML API tells in a request of its own", 0, 0},
    {'l', 'l', "long", NULL, "sizes, dates and a total", 0, 0},
    {'h', 'h', "human-readable", NULL, "sizes such as 1.2 MiB", 0, 0},
    {'s', 's', "sort", "KEY", "name, or size or time: the largest or newest first", 0, 0},
    {REVERSE, 0, "reverse", NULL, "the other way round", 0, 0},
    {'d', 'd', "depth", "NUMBER", "so many folders deep", 0, 1000},
    {BYTES, 'c', "bytes", "SIZE", "so much of it (1k)", 0, 0},
    {NAME, 0, "name", "PATTERN", "the last name matches, such as '*.log'", 0, 0},
    {TYPE, 0, "type", "TYPE", "f for files, d for folders", 0, 0},
    {LARGER, 0, "larger", "SIZE", "larger than this, such as 10M", 0, 0},
    {SMALLER, 0, "smaller", "SIZE", "smaller than this", 0, 0},
    {NEWER, 0, "newer", "TIME", "changed later: 5m, 2h, 7d or 2w ago, or 2024-12-31 [23:59]", 0, 0},
    {OLDER, 0, "older", "TIME", "changed earlier: 5m, 2h, 7d or 2w ago, or 2024-12-31 [23:59]", 0, 0},
    {'p', 'p', "parents", NULL, "a folder that exists is fine", 0, 0},
    {'e', 'e', "expires", "TIME", "seconds, or 10m, 2h, 7d; at most 90d (1h)", 0, 0},
    {'m', 'm', "method", "METHOD", "GET, HEAD, PUT, POST, DELETE or OPTIONS (GET)", 0, 0},
    {'H', 'H', "header", "NAME:VALUE", "a header; may be given again", 0, 0},
    {'P', 'P', "param", "NAME=VALUE", "a parameter of the URL; may be given again", 0, 0},
    {ACL, 0, "acl", "WHO", "who may read: private, public-read, or default, as the bucket", 0, 0},
    {CLASS, 0, "class", "CLASS", "storage class, such as STANDARD_IA, with the XML API", 0, 0},
    {BIZ_ATTR, 0, "biz-attr", "TEXT", "text that is stored with the file", 0, 0},
    {FORBID, 0, "forbid", "NUMBER", "0 allows all, 1 forbids access, 2 forbids writing", 0, 2},
    {CLEAR_HEADERS, 0, "clear-headers", NULL, "remove the headers that were set", 0, 0},
    {DAYS, 0, "days", "NUMBER", "how long the copy can be read (1)", 1, 365},
    {TIER, 0, "tier", "TIER", "Standard, Expedited or Bulk (Standard)", 0, 0},
    {'q', 'q', "quiet", NULL, "say nothing but errors", 0, 0},
    {'j', 'j', "json", NULL, "print the library's replies, one a line, and nothing else", 0, 0},
    {'c', 'c', "config", "FILE", "read the account from this file", 0, 0},
    {PROFILE, 0, "profile", "NAME", "the account in the section [NAME] of the file", 0, 0},
    {REGION_GIVEN, 0, "region", "REGION", "where the bucket is, in place of the account's region", 0, 0},
    {'a', 'a', "api", "API", "v4 for the JSON API, v5 for the XML API (by the region's name)", 0, 0},
    {'T', 'T', "timeout", "SECONDS", "give up a request without progress after so long (300)", 1, 86400},
    {'R', 'R', "retries", "NUMBER", "repeat failed requests so often, 0 to 10 (3)", 0, 10},
    {HELP, 'h', "help", NULL, "show help", 0, 0},
    {'V', 'V', "version", NULL, "show the version", 0, 0},
};
enum { N_OPTIONS = sizeof OPTIONS / sizeof *OPTIONS, BY_NAME = 256 };

/* The marks of options whose text is sent as it was given. */
static const char SENT[] = {'m', 'H', 'P', CLASS, BIZ_ATTR, '\0'};

/* The options that were given, in their order. */
static struct given {
    const struct description *option; /* NULL until it is settled which one the letter means */
    char letter;
    const char *value;
} *given;
static int n_given;

static void note(int letter, const char *value)
{
    struct given *last;
    given = checked(realloc(given, (size_t)(n_given + 1) * sizeof *given));
    last = &given[n_given++];
    last->option = letter >= BY_NAME ? &OPTIONS[letter - BY_NAME] : NULL;
    last->letter = letter >= BY_NAME ? '\0' : (char)letter;
    last->value = value ? value : "";
}

/* Whether the value of an option can be part of JSON, if it has to, and is a number within its limits, if it
 * takes one. */
static enum status check_value(const struct description *description, const char *value)
{
    char *end;
    long number;
    if (strchr(SENT, description->mark) && !is_utf8(value))
        return usage("--%s must be valid UTF-8", description->name);
    if (description->most == 0)
        return DONE;
    number = strtol(value, &end, 10); /* LONG_MAX if it does not fit: larger than `most` */
    if (isdigit((unsigned char)*value) && *end == '\0' && number >= description->least &&
        number <= description->most)
        return DONE;
    return usage("--%s takes a whole number from %ld to %ld, not %s", description->name,
                 description->least, description->most, value);
}

static enum status no_such_option(const char *word)
{
    struct suggestion best = {0};
    char *name = copy_of_part(word, strcspn(word, "="));
    enum status status;
    int i;
    for (i = 0; i < N_OPTIONS && strncmp(name, "--", 2) == 0; i++)
        suggest(&best, name + 2, OPTIONS[i].name);
    status = best.word ? usage("%s: there is no such option; did you mean --%s?", name, best.word)
                       : usage("%s: there is no such option", name);
    free(name);
    return status;
}

static enum status refuse(int letter, char *const *argv)
{
    if (letter == ':' && optopt >= BY_NAME)
        return usage("--%s: the value is missing", OPTIONS[optopt - BY_NAME].name);
    if (letter == ':')
        return usage("-%c: the value is missing", optopt);
    if (optopt >= BY_NAME)
        return usage("--%s takes no value", OPTIONS[optopt - BY_NAME].name);
    if (optopt)
        return usage("-%c: there is no such option", optopt);
    return no_such_option(argv[optind - 1]);
}

struct words read_options(int argc, char **argv)
{
    struct option by_name[N_OPTIONS + 1];
    char letters[2 * N_OPTIONS + 2] = ":";
    struct words words = {DONE, 0, NULL};
    int i, letter;
    size_t end = 1;
    memset(by_name, 0, sizeof by_name);
    for (i = 0; i < N_OPTIONS; i++) {
        by_name[i].name = OPTIONS[i].name;
        by_name[i].has_arg = OPTIONS[i].value ? required_argument : no_argument;
        by_name[i].val = BY_NAME + i;
        if (!OPTIONS[i].letter || strchr(letters, OPTIONS[i].letter))
            continue;
        letters[end++] = OPTIONS[i].letter;
        if (OPTIONS[i].value)
            letters[end++] = ':';
        letters[end] = '\0';
    }
    while (words.status == DONE &&
           (letter = getopt_long(argc, argv, letters, by_name, NULL)) != -1) {
        if (letter == ':' || letter == '?')
            words.status = refuse(letter, argv);
        else
            note(letter, optarg);
    }
    words.count = argc - optind;
    words.list = argv + optind;
    return words;
}

/* What a letter means to a command: the first of its own options, or of all. */
static const struct description *with_letter(char letter, const char *own)
{
    const struct description *found = NULL;
    int i;
    for (i = 0; i < N_OPTIONS; i++) {
        if (OPTIONS[i].letter != letter)
            continue;
        if (strchr(own, OPTIONS[i].mark))
            return &OPTIONS[i];
        if (!found || strchr(COMMON_OPTIONS, OPTIONS[i].mark))
            found = &OPTIONS[i];
    }
    return found;
}

enum status settle_options(const char *own)
{
    enum status status = DONE;
    int i;
    for (i = 0; i < n_given && status == DONE; i++) {
        if (!given[i].option)
            given[i].option = with_letter(given[i].letter, own);
        status = check_value(given[i].option, given[i].value);
    }
    return status;
}

static int is_given(int number, char mark)
{
    return given[number].option && given[number].option->mark == mark;
}

const char *option(char mark)
{
    int i = n_given;
    while (i-- > 0) {
        if (is_given(i, mark))
            return given[i].value;
    }
    return NULL;
}

const char *option_at(char mark, int number)
{
    int i;
    for (i = 0; i < n_given; i++) {
        if (is_given(i, mark) && number-- == 0)
            return given[i].value;
    }
    return NULL;
}

char option_number(int number, const char **value)
{
    if (number >= n_given)
        return '\0';
    *value = given[number].value;
    return given[number].option->mark;
}

char *option_outside(const char *marks)
{
    int i;
    for (i = 0; i < n_given; i++) {
        char mark = given[i].option->mark;
        if (!strchr(COMMON_OPTIONS, mark) && !strchr(marks, mark))
            return given[i].letter ? formatted("-%c", given[i].letter)
                                   : formatted("--%s", given[i].option->name);
    }
    return NULL;
}

char *option_behind(const char *key)
{
    static const struct {
        char mark;
        const char *key;
    } KEYS[] = {{'S', "slice_size"}, {LIMIT_RATE, "traffic_limit"}, {CLASS, "storage_class"},
                {ACL, "authority"},  {BIZ_ATTR, "biz_attr"},        {FORBID, "forbid"},
                {'m', "method"},     {'H', "headers"},              {'P', "params"}};
    size_t i;
    int j;
    for (i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        if (strcmp(KEYS[i].key, key) != 0)
            continue;
        for (j = 0; j < n_given; j++) {
            if (is_given(j, KEYS[i].mark))
                return formatted("--%s", given[j].option->name);
        }
    }
    return NULL;
}

void append_option(char **json, const char *key, char mark, long unit)
{
    if (option(mark))
        append(json, ",\"%s\":%ld", key, strtol(option(mark), NULL, 10) * unit);
}

enum status read_moment(char mark, const char *name, long long *moment)
{
    *moment = -1;
    if (option(mark) && !moment_in(option(mark), moment))
        return usage("--%s takes an age such as 2h or 7d, or a day of the calendar such as 2024-12-31, "
                     "not %s",
                     name, option(mark));
    return DONE;
}

void each_option(const char *marks, option_fn *fn, void *user)
{
    int i;
    for (i = 0; i < N_OPTIONS; i++) {
        const struct description *it = &OPTIONS[i];
        char start[] = "    ", *text;
        if (!strchr(marks, it->mark))
            continue;
        if (it->letter)
            snprintf(start, sizeof start, "-%c, ", it->letter);
        text = formatted("%s--%s%s%s", start, it->name, it->value ? " " : "",
                         it->value ? it->value : "");
        fn(text, it->help, user);
        free(text);
    }
}

void each_option_name(const char *marks, option_name_fn *fn, void *user)
{
    int i;
    for (i = 0; i < N_OPTIONS; i++) {
        if (strchr(marks, OPTIONS[i].mark))
            fn(OPTIONS[i].letter, OPTIONS[i].name, OPTIONS[i].value, OPTIONS[i].help, user);
    }
}
