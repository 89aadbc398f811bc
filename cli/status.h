/* How a command ended: the exit codes of the program. help.c explains them. */
#ifndef STATUS_H
#define STATUS_H

enum status {
    DONE = 0,
    FAILED = 1,    /* trying again does not help */
    WRONG = 2,     /* usage, configuration or a local file */
    MISSING = 3,   /* no such file, folder or bucket */
    TRY_AGAIN = 4, /* network trouble or overload */
};

#endif
