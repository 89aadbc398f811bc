/* The word that somebody may have meant: the one with the fewest letters that differ. */
#include "suggest.h"

#include <stddef.h>
#include <string.h>

enum { LONGEST = 32 };

static int least(int a, int b, int c)
{
    int ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* How many letters have to be changed, added, taken away or exchanged with their neighbour. */
static int distance(const char *a, const char *b)
{
    int rows[3][LONGEST + 1], *before = rows[0], *last = rows[1], *row = rows[2], *spare;
    size_t i, j, lengths[2] = {strlen(a), strlen(b)};
    if (lengths[0] > LONGEST || lengths[1] > LONGEST)
        return LONGEST;
    for (j = 0; j <= lengths[1]; j++)
        last[j] = (int)j;
    for (i = 1; i <= lengths[0]; i++) {
        row[0] = (int)i;
        for (j = 1; j <= lengths[1]; j++) {
            row[j] = least(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[lengths[1]];
}

void suggest(struct suggestion *best, const char *typed, const char *known)
{
    int off = distance(typed, known), is_start = strlen(typed) > 1 &&
                                                  strncmp(typed, known, strlen(typed)) == 0;
    int most = strlen(typed) < 4 ? 1 : 2;
    if (is_start)
        off = 1;
    if (off <= most && (!best->word || off < best->distance)) {
        best->word = known;
        best->distance = off;
    }
}
