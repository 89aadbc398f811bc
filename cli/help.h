/* What cos help prints. */
#ifndef HELP_H
#define HELP_H

#include "command.h"

/* About one command or, if that is NULL, about all. */
void print_help(const struct command *command);

/* All of it as a page of the manual, in roff. */
void print_manual(void);

#endif
