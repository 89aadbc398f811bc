/* The options of all commands: their table, and what was given. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "status.h"

/* Each option has a mark: its letter, or where it has none or shares it, one of these. */
enum {
    HELP = '?',
    BYTES = 'b',
    REVERSE = 'z',
    NAME = 'N',
    TYPE = 'y',
    LARGER = '>',
    SMALLER = '<',
    NEWER = ']',
    OLDER = '[',
    INCLUDE = 'I',
    EXCLUDE = 'X',
    DRY_RUN = 'D',
    DELETE = 'x',
    MAX_DELETE = 'M',
    CHECKSUM = 'k',
    LIMIT_RATE = 'L',
    SOURCE_REGION = 'o',
    ACCESS = 'i',
    ACL = 'A',
    CLASS = 'K',
    BIZ_ATTR = 'B',
    FORBID = 'F',
    CLEAR_HEADERS = 'E',
    DAYS = 'Y',
    TIER = 'Z',
    PROFILE = 'U',
    REGION_GIVEN = 'G'
};

/* The marks of the options that every command takes. */
extern const char COMMON_OPTIONS[];

/* What follows the options on the command line. */
struct words {
    enum status status; /* if the options are wrong, that was said */
    int count;
    char **list; /* ends with NULL */
};
struct words read_options(int argc, char **argv);

/* Decides what letters mean that a command has for something else than the others, and looks at the
 * values that are numbers. `own` are the marks of the command. */
enum status settle_options(const char *own);

/* The value of an option, "" if it has none, or NULL if it was not given. The last one counts. */
const char *option(char mark);

/* The value that an option had when it was given for the `number`th time, counted from 0, or NULL. */
const char *option_at(char mark, int number);

/* The mark of the `number`th option on the command line and its value; 0 behind the last one. */
char option_number(int number, const char **value);

/* An option that was given and is neither common nor one of `marks`, as it was written; NULL if there is
 * none. To be freed. */
char *option_outside(const char *marks);

/* The option that was given and becomes what the library calls `key`, such as "--class"; NULL if there is
 * none. To be freed. */
char *option_behind(const char *key);

/* Adds `,"key":number` to the text of a JSON object if the option is given, in other units. */
void append_option(char **json, const char *key, char mark, long unit);

/* The moment that an option says, -1 if it is not given. */
enum status read_moment(char mark, const char *name, long long *moment);

/* The options with these marks, each handed over as help shows it. */
typedef void option_fn(const char *text, const char *help, void *user);
void each_option(const char *marks, option_fn *fn, void *user);

/* The same as a shell completes them: the letter (0 if there is none), the name, whether it takes a
 * value. */
typedef void option_name_fn(char letter, const char *name, const char *value, const char *help,
                            void *user);
void each_option_name(const char *marks, option_name_fn *fn, void *user);

#endif
