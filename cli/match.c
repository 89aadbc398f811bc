/* Patterns of names. */
#include "match.h"

#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "text.h"

/* Takes a character from a text in UTF-8. What is not UTF-8 comes byte by byte. */
static unsigned long next_character(const char **text)
{
    const unsigned char *c = (const unsigned char *)*text;
    unsigned long value = *c++;
    if (value >= 0xc0) {
        value &= value >= 0xf0 ? 0x07 : value >= 0xe0 ? 0x0f : 0x1f;
        while ((*c & 0xc0) == 0x80)
            value = value << 6 | (*c++ & 0x3f);
    }
    *text = (const char *)c;
    return value;
}

/* Whether a character is in the set at `*pattern`, behind its bracket; moves the pattern behind it. 0 as
 * well if the set does not end: then `*pattern` is NULL. */
static int is_in_set(const char **pattern, unsigned long character)
{
    const char *p = *pattern;
    int is_negated = *p == '!' || *p == '^', found = 0, is_first = 1;
    p += is_negated;
    for (; *p && (*p != ']' || is_first); is_first = 0) {
        unsigned long low, high;
        p += *p == '\\' && p[1];
        low = high = next_character(&p);
        if (*p == '-' && p[1] && p[1] != ']') {
            p++;
            p += *p == '\\' && p[1];
            high = next_character(&p);
        }
        found = found || (low <= character && character <= high);
    }
    *pattern = *p ? p + 1 : NULL;
    return *p && found != is_negated;
}

/* Whether one character of the text is what the pattern asks for; moves both. */
static int match_one(const char **pattern, const char **text)
{
    const char *p = *pattern, *rest;
    unsigned long character;
    if (!**text || !*p)
        return 0;
    character = next_character(text);
    if (*p == '?') {
        *pattern = p + 1;
        return character != '/';
    }
    rest = p + 1;
    if (*p == '[') {
        int found = is_in_set(&rest, character);
        if (rest) {
            *pattern = rest;
            return found && character != '/';
        } /* otherwise the bracket is only a bracket */
    }
    p += *p == '\\' && p[1];
    *pattern = p;
    return next_character(pattern) == character;
}

/* Where to try again with a longer part for a wildcard. */
struct retry {
    const char *pattern, *text; /* NULL: there is none */
};

/* Nothing before the last wildcard of its kind has to be tried again, so this takes at most the product
 * of the lengths for each of the two kinds. */
int matches(const char *pattern, const char *text)
{
    struct retry name = {NULL, NULL}, path = {NULL, NULL};
    while (*text || *pattern) {
        if (pattern[0] == '*' && pattern[1] == '*') {
            pattern += 2;
            path.pattern = pattern;
            path.text = text;
            name.pattern = NULL;
            pattern += *pattern == '/'; /* also where there is no folder at all */
            continue;
        }
        if (*pattern == '*') {
            name.pattern = ++pattern;
            name.text = text;
            continue;
        }
        if (match_one(&pattern, &text))
            continue;
        if (name.pattern && *name.text && *name.text != '/') {
            pattern = name.pattern;
            text = ++name.text;
        } else if (path.pattern && *path.text) {
            name.pattern = NULL;
            pattern = path.pattern;
            text = ++path.text;
        } else {
            return 0;
        }
    }
    return 1;
}

int is_pattern(const char *text)
{
    for (; *text; text++) {
        if (*text == '*' || *text == '?')
            return 1;
        text += *text == '\\' && text[1];
    }
    return 0;
}

void remove_escapes(char *text)
{
    char *end = text;
    for (; *text; text++) {
        text += *text == '\\' && text[1];
        *end++ = *text;
    }
    *end = '\0';
}

char *with_escapes(const char *text)
{
    char *escaped = checked(malloc(2 * strlen(text) + 1)), *end = escaped;
    for (; *text; text++) {
        if (strchr("*?[\\", *text))
            *end++ = '\\';
        *end++ = *text;
    }
    *end = '\0';
    return escaped;
}

size_t fixed_length(const char *pattern)
{
    size_t length = 0, i;
    for (i = 0; pattern[i] && pattern[i] != '*' && pattern[i] != '?'; i++) {
        if (pattern[i] == '/')
            length = i + 1;
        else if (pattern[i] == '\\' && pattern[i + 1])
            i++;
    }
    return length;
}

/* Whether the rule matches the first `length` bytes of a path, which are a folder or the whole. */
static int rule_matches(const char *rule, const char *path, size_t length, int is_folder)
{
    size_t rule_length = strlen(rule);
    int folders_only = rule_length > 0 && rule[rule_length - 1] == '/', found;
    char *part = copy_of_part(path, length), *pattern;
    const char *text = part;
    if (folders_only)
        rule_length--;
    pattern = copy_of_part(rule, rule_length);
    if (strchr(pattern, '/')) {
        found = matches(pattern + (*pattern == '/'), text);
    } else {
        const char *slash = strrchr(part, '/');
        found = matches(pattern, slash ? slash + 1 : text);
    }
    free(pattern);
    free(part);
    return found && *rule && (is_folder || !folders_only);
}

/* The same for the path or a folder that it is in. */
static int rule_holds(const char *rule, const char *path)
{
    size_t i;
    for (i = 1; path[0] && path[i]; i++) {
        if (path[i] == '/' && rule_matches(rule, path, i, 1))
            return 1;
    }
    return path[0] && path[i - 1] != '/' && rule_matches(rule, path, i, 0);
}

/* The last of the rules that hold for a path, INCLUDE or EXCLUDE; 0 if none does. `first` gets the first of
 * all rules. */
static char last_rule(const char *path, char *first)
{
    const char *rule;
    char mark, last = '\0';
    int i;
    *first = '\0';
    for (i = 0; (mark = option_number(i, &rule)) != '\0'; i++) {
        if (mark != INCLUDE && mark != EXCLUDE)
            continue;
        if (!*first)
            *first = mark;
        if (rule_holds(rule, path))
            last = mark;
    }
    return last;
}

int is_wanted(const char *path)
{
    char first, last = last_rule(path, &first);
    return last ? last == INCLUDE : first != INCLUDE;
}

int is_excluded(const char *path)
{
    char first;
    return last_rule(path, &first) == EXCLUDE;
}

int is_left_out(const char *folder)
{
    return !option(INCLUDE) && !is_wanted(folder);
}
