/* The commands. Each is described where it is written, in one of the files cmd_*.c. */
#ifndef COMMAND_H
#define COMMAND_H

#include <cos.h>

#include "place.h"
#include "status.h"

struct command {
    const char *name;
    const char *operands; /* as help shows them */
    const char *options;  /* the letters of those that it takes besides the common ones */
    int least, most;      /* operands; `most` 0: any number, -1: none */
    enum {
        NO_PATTERNS,
        EACH_MATCH,     /* run_each runs for each remote place that matches a pattern */
        OWN_PATTERNS,   /* it looks for what matches by itself */
        SOURCE_PATTERNS /* the same, and the last operand is none */
    } patterns;
    int is_silent;        /* that nothing matches is told by the exit code alone */
    int is_offline;       /* run_words runs it without an account */
    /* One of two: runs it for one remote place after the other, or for all operands at once. If
     * `least` is 0, the third one runs it without operands. */
    enum status (*run_each)(const cos_client *client, const struct place *place);
    enum status (*run)(const cos_client *client, const struct place *places, int count);
    enum status (*run_alone)(const cos_client *client);
    enum status (*run_words)(char **words, int count);
    const char *summary;
    const char *details;
    const char *examples; /* lines with two blanks in front; NULL if there are none */
};

extern const struct command ABORT, BUCKETS, CAT, COMPLETION, CONFIG, CP, DU, EXISTS, FIND, HEAD, LS, MKDIR,
    MV, RESTORE, RM, SET, SIGN, STAT, SYNC, TREE;

/* All of them, as help lists them; NULL at the end. */
extern const struct command *const COMMANDS[];

#endif
