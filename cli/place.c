/* The operands of commands: local paths and cos://BUCKET/PATH. */
#include "place.h"

#include <stdlib.h>
#include <string.h>

#include "match.h"
#include "system.h"
#include "text.h"

static const char SCHEME[] = "cos://";
enum { START = sizeof SCHEME - 1 };

struct place place_of(char *text)
{
    struct place place = {text, NULL, text, 0};
    size_t length;
    if (strncmp(text, SCHEME, START) != 0)
        return place;
    length = strcspn(text + START, "/");
    if (text[START + length] == '\0')
        append(&place.text, "/");
    place.bucket = copy_of_part(place.text + START, length);
    place.path = place.text + START + length;
    return place;
}

struct place place_of_operand(char *text, int may_be_pattern)
{
    struct place place = place_of(text);
    if (!place.bucket)
        return place;
    place.is_pattern = may_be_pattern && is_pattern(place.path);
    if (!place.is_pattern)
        remove_escapes(place.text + (place.path - place.text));
    return place;
}

void place_free(struct place *place)
{
    free(place->text);
    free(place->bucket);
}

int place_is_valid(const struct place *place)
{
    return *(place->bucket ? place->bucket : place->path) != '\0';
}

/* The length of a name without `-appid` at its end. */
static size_t short_length(const char *name, size_t length, const char *appid)
{
    size_t end = strlen(appid);
    if (length < end + 2 || name[length - end - 1] != '-' ||
        strncmp(name + length - end, appid, end) != 0)
        return length;
    return length - end - 1;
}

void place_without_appid(struct place *place, const char *appid)
{
    size_t length = place->bucket ? strlen(place->bucket) : 0;
    size_t rest = place->bucket ? short_length(place->bucket, length, appid) : 0;
    struct place shorter;
    /* If the rest ends with it, too, the library would take that for the whole name. */
    if (rest == length || short_length(place->bucket, rest, appid) != rest)
        return;
    shorter = place_of(formatted("%s%.*s%s", SCHEME, (int)rest, place->bucket, place->path));
    shorter.is_pattern = place->is_pattern;
    place_free(place);
    *place = shorter;
}

/* Whether the character separates names in this place. */
static int separates(const struct place *place, char c)
{
    return place->bucket ? c == '/' : is_separator(c);
}

struct place place_in(const struct place *folder, const char *name)
{
    const char between[] = {folder->bucket ? '/' : SEPARATOR, '\0'};
    return place_of(
        formatted("%s%s%s", folder->text, ends_with_slash(folder) ? "" : between, name));
}

char *last_name(const struct place *place)
{
    size_t end = strlen(place->path), start;
    const char *name;
    while (end > 0 && separates(place, place->path[end - 1]))
        end--;
    for (start = end; start > 0 && !separates(place, place->path[start - 1]);)
        start--;
    name = place->path + start;
    if ((end - start == 1 && name[0] == '.') ||
        (end - start == 2 && name[0] == '.' && name[1] == '.'))
        return copy_of("");
    return copy_of_part(name, end - start);
}

int ends_with_slash(const struct place *place)
{
    size_t length = strlen(place->path);
    return length > 0 && separates(place, place->path[length - 1]);
}

int is_folder(const struct place *place)
{
    if (place->bucket)
        return ends_with_slash(place);
    return path_kind(place->path) == PATH_DIRECTORY;
}

int is_standard(const struct place *place)
{
    return !place->bucket && strcmp(place->path, "-") == 0;
}

int is_stream(const struct place *place)
{
    if (place->bucket)
        return 0;
    return is_standard(place) || open_file_at(place->path) >= 0 ||
           path_kind(place->path) == PATH_STREAM;
}
