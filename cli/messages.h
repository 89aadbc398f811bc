/* What the command says, in English and in Chinese. */
#ifndef MESSAGES_H
#define MESSAGES_H

/* The arguments of both come in the same order. */
static const struct message {
    const char *english, *chinese;
} MESSAGES[] = {
    {"cos: see: cos help%s%s\n", "cos: 参见: cos help%s%s\n"},
};

#endif
