/* The little of XML that the command reads in answers. */
#include "xml.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

static const struct {
    char character;
    const char *entity;
} ENTITIES[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&apos;"}};
enum { N_ENTITIES = sizeof ENTITIES / sizeof *ENTITIES };

const char *xml_next(const char *xml, const char *name)
{
    size_t length = strlen(name);
    for (; (xml = strchr(xml, '<')) != NULL; xml++) {
        if (strncmp(xml + 1, name, length) == 0 && xml[length + 1] == '>')
            return xml + length + 2;
    }
    return NULL;
}

/* The character of a numeric entity, which begins behind "&#", in UTF-8. Returns what follows it, or NULL
 * if it is none. */
static const char *take_number(const char *text, char **end)
{
    int base = *text == 'x' ? 16 : 10;
    char *rest;
    unsigned long c = strtoul(text + (base == 16), &rest, base);
    if (*rest != ';' || c == 0 || c > 0x10ffff)
        return NULL;
    if (c < 0x80) {
        *(*end)++ = (char)c;
    } else {
        int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        static const unsigned char STARTS[] = {0, 0xc0, 0xe0, 0xf0};
        *(*end)++ = (char)(STARTS[more] | c >> 6 * more);
        while (more-- > 0)
            *(*end)++ = (char)(0x80 | ((c >> 6 * more) & 0x3f));
    }
    return rest + 1;
}

char *xml_text(const char *xml, const char *name)
{
    const char *text = xml_next(xml, name), *rest;
    char *result, *end;
    size_t length, i;
    if (!text)
        return NULL;
    length = strcspn(text, "<");
    result = copy_of_part(text, length);
    rest = result;
    for (end = result; *rest;) {
        const char *behind = strncmp(rest, "&#", 2) == 0 ? take_number(rest + 2, &end) : NULL;
        if (behind) {
            rest = behind;
            continue;
        }
        for (i = 0; i < N_ENTITIES &&
                    strncmp(rest, ENTITIES[i].entity, strlen(ENTITIES[i].entity)) != 0;)
            i++;
        *end++ = i < N_ENTITIES ? ENTITIES[i].character : *rest;
        rest += i < N_ENTITIES ? strlen(ENTITIES[i].entity) : 1;
    }
    *end = '\0';
    return result;
}
