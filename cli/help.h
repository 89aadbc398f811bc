/* What cos help prints. */
#ifndef HELP_H
#define HELP_H

#include "command.h"

/* About one command or, if that is NULL, about all. */
void print_help(const struct command *command);

#endif
