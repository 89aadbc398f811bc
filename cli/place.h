/* The operands of commands: local paths and cos://BUCKET/PATH. */
#ifndef PLACE_H
#define PLACE_H

struct place {
    char *text;       /* as a person writes it */
    char *bucket;     /* NULL if it is local */
    const char *path; /* part of `text` */
    int is_pattern;   /* whether the path has wildcards, and what matches them is meant */
};

/* Takes `text`, which is freed with the place. */
struct place place_of(char *text);

/* The same for an operand. In a remote path a backslash takes the meaning from the character behind it. If it
 * may be a pattern and has wildcards, it is one, and keeps its backslashes. */
struct place place_of_operand(char *text, int may_be_pattern);

void place_free(struct place *place);

/* Whether there is a path and, after cos://, a bucket. */
int place_is_valid(const struct place *place);

/* Takes `-appid` from the end of the bucket's name: either name means the same bucket. */
void place_without_appid(struct place *place, const char *appid);

/* What is called `name` in a folder. If that is "", the folder itself, with a slash at its end. */
struct place place_in(const struct place *folder, const char *name);

/* The last name of a path, to be freed; "" for "/", "." and "..", which are not names. */
char *last_name(const struct place *place);

int ends_with_slash(const struct place *place);

/* A remote path says whether it is one; a local one is looked at. */
int is_folder(const struct place *place);

/* Whether it is "-", the standard input or output. */
int is_standard(const struct place *place);

/* Whether it is read and written as it goes: a standard stream, a pipe, a device. */
int is_stream(const struct place *place);

#endif
