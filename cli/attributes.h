/* What is stored with a file besides its content: --header, --acl, --class, --biz-attr, --forbid. */
#ifndef ATTRIBUTES_H
#define ATTRIBUTES_H

#include "status.h"

/* The marks of the options for uploads. */
#define ATTRIBUTES_OF_UPLOADS "HAKB"

/* Whether these options have values that there are; says what is wrong. */
enum status check_attributes(void);

/* Adds them to the options of an upload. */
void append_attributes(char **options);

/* Adds headers to the options of an update: those that the reply of a stat has, as --header changes them. */
void append_headers(char **options, const char *stat);

/* Adds what stores this time with a file that has these headers, a JSON object or NULL. */
void append_time(char **options, const char *stored, long long mtime);

/* The name of the option that sets this access, or NULL. */
const char *authority_of(const char *acl);

/* The HTTP header for a key of the options, to be freed. */
char *header_of(const char *key);

/* Whether the library calls one of the headers so that --header sets. */
int is_header_key(const char *key);

#endif
