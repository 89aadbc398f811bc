/* Names that lead to one file where capital letters make no difference. */
#ifndef SPELLING_H
#define SPELLING_H

#include "items.h"

/* How a name is spelled: that of a file, or of a folder that it is in. */
struct spelling {
    char *folded;
    const char *path;
    size_t length; /* of the name, from the start of the path */
};

/* All zero at the start; empty where each name is a file of its own. Sorted. */
struct spellings {
    struct spelling *list;
    size_t count;
};

/* Notes how the items are spelled. They have to stay. */
void note_spellings(struct spellings *spellings, const struct items *items);

/* Whether one of the names leads to the same file as the first `length` bytes of this path. */
int have_spelling(const struct spellings *spellings, const char *path, size_t length);

/* Whether this path, or a folder that it is in, comes behind another one that leads to the same file. */
int have_another(const struct spellings *spellings, const char *path);

void spellings_free(struct spellings *spellings);

#endif
