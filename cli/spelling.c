/* Names that lead to one file where capital letters make no difference. */
#include "spelling.h"

#include <stdlib.h>
#include <string.h>

#include "system.h"
#include "text.h"

static int by_folded_name(const void *a, const void *b)
{
    const struct spelling *one = a, *other = b;
    int order = strcmp(one->folded, other->folded);
    size_t length = one->length < other->length ? one->length : other->length;
    return order ? order : strncmp(one->path, other->path, length);
}

static int system_folds(void)
{
    char *folded = folded_name("");
    int folds = folded != NULL;
    free(folded);
    return folds;
}

void note_spellings(struct spellings *spellings, const struct items *items)
{
    size_t room = 0, i;
    int folds = system_folds();
    for (i = 0; folds && i < items->count; i++) {
        const char *path = items->list[i].path;
        size_t end = 0;
        for (; path[end]; end += path[end] == '/') {
            struct spelling *spelling;
            char *name;
            if (spellings->count == room) {
                room = room ? room * 2 : 64;
                spellings->list = checked(realloc(spellings->list, room * sizeof *spellings->list));
            }
            end += strcspn(path + end, "/");
            name = copy_of_part(path, end);
            spelling = &spellings->list[spellings->count++];
            spelling->folded = folded_name(name);
            spelling->path = path;
            spelling->length = end;
            free(name);
        }
    }
    if (spellings->count > 0)
        qsort(spellings->list, spellings->count, sizeof *spellings->list, by_folded_name);
}

/* The first of the names that lead to the same file as this one; NULL if none does. */
static const struct spelling *find(const struct spellings *spellings, const char *path, size_t length)
{
    char *name, *folded;
    size_t first = 0, end = spellings->count;
    const struct spelling *found = NULL;
    if (end == 0)
        return NULL;
    name = copy_of_part(path, length);
    folded = folded_name(name);
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (strcmp(spellings->list[middle].folded, folded) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    if (first < spellings->count && strcmp(spellings->list[first].folded, folded) == 0)
        found = &spellings->list[first];
    free(folded);
    free(name);
    return found;
}

int have_spelling(const struct spellings *spellings, const char *path, size_t length)
{
    return find(spellings, path, length) != NULL;
}

int have_another(const struct spellings *spellings, const char *path)
{
    size_t end = 0;
    for (; spellings->count > 0 && path[end]; end += path[end] == '/') {
        const struct spelling *found;
        end += strcspn(path + end, "/");
        found = find(spellings, path, end);
        if (found && (found->length != end || strncmp(found->path, path, end) != 0))
            return 1;
    }
    return 0;
}

void spellings_free(struct spellings *spellings)
{
    while (spellings->count > 0)
        free(spellings->list[--spellings->count].folded);
    free(spellings->list);
}
