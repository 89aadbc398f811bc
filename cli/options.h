/* The options of all commands: their table, and what was given. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "status.h"

/* The letters of the options that every command takes. */
extern const char COMMON_OPTIONS[];

/* What follows the options on the command line. */
struct words {
    enum status status; /* if the options are wrong, that was said */
    int count;
    char **list; /* ends with NULL */
};
struct words read_options(int argc, char **argv);

/* The value of an option, "" if it has none, or NULL if it was not given. The last one counts. */
const char *option(char letter);

/* The value that an option had when it was given for the `number`th time, counted from 0, or NULL. */
const char *option_at(char letter, int number);

/* The name of an option that was given and is neither common nor one of `letters`, or NULL. */
const char *option_outside(const char *letters);

/* Adds `,"key":number` to the text of a JSON object if the option is given, in other units. */
void append_option(char **json, const char *key, char letter, long unit);

/* The options with these letters, as cos help shows them. */
void print_options(const char *letters);

#endif
