/* Tables as JSON, and JSON as tables. */
#include "module.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How deep tables and JSON may be. */
enum { DEEPEST = 64 };

/* Room for a number as text. */
enum { NUMBER = 48 };

/* Writing. */

struct writer {
    lua_State *L;
    const char *name; /* of the whole, for messages */
    int place;        /* where on the stack the text is, as a block that the collector frees */
    char *text;
    size_t length, room;
    int depth;
    const void *tables[DEEPEST]; /* the one that is written, and those around it */
    struct {
        const char *name; /* NULL for an element of an array */
        size_t index;
    } keys[DEEPEST];
};

static void put(struct writer *writer, const char *text, size_t length)
{
    if (writer->room - writer->length < length) {
        size_t room = (writer->length + length) * 2;
        char *more = lua_newuserdata(writer->L, room);
        if (writer->length > 0)
            memcpy(more, writer->text, writer->length);
        lua_replace(writer->L, writer->place);
        writer->text = more;
        writer->room = room;
    }
    memcpy(writer->text + writer->length, text, length);
    writer->length += length;
}

static void put_char(struct writer *writer, char c)
{
    put(writer, &c, 1);
}

/* Raises an error that says where in the table the value is. */
static int refuse(struct writer *writer, const char *why)
{
    lua_State *L = writer->L;
    int i;
    luaL_where(L, 1);
    lua_pushstring(L, writer->name);
    for (i = 0; i < writer->depth; i++) {
        if (writer->keys[i].name)
            lua_pushfstring(L, ".%s", writer->keys[i].name);
        else
            lua_pushfstring(L, "[%d]", (int)writer->keys[i].index);
        lua_concat(L, 2);
    }
    lua_pushfstring(L, " %s", why);
    lua_concat(L, 3);
    return lua_error(L);
}

static void put_string(struct writer *writer, const char *text, size_t length)
{
    size_t i;
    put_char(writer, '"');
    for (i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20) {
            char escaped[8];
            put(writer, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
        } else {
            if (c == '"' || c == '\\')
                put_char(writer, '\\');
            put_char(writer, (char)c);
        }
    }
    put_char(writer, '"');
}

static void put_number(struct writer *writer, int at)
{
    lua_Number number = lua_tonumber(writer->L, at);
    char text[NUMBER], *c;
    int length;
#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(writer->L, at)) {
        length = snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(writer->L, at));
        put(writer, text, (size_t)length);
        return;
    }
#endif
    if (!isfinite(number))
        refuse(writer, "must be a finite number");
    if (number > -1e18 && number < 1e18 && number == (lua_Number)(int64_t)number)
        length = snprintf(text, sizeof text, "%.0f", number);
    else
        length = snprintf(text, sizeof text, "%.17g", number);
    /* In some languages numbers have a comma. */
    for (c = text; *c; c++)
        if (!strchr("+-0123456789e", *c))
            *c = '.';
    put(writer, text, (size_t)length);
}

static void put_value(struct writer *writer, int at, const char *const *without);

/* Whether the field on top but one is one of these. */
static int is_among(lua_State *L, const char *const *names)
{
    for (; names && *names; names++)
        if (strcmp(lua_tostring(L, -2), *names) == 0)
            return 1;
    return 0;
}

static void put_fields(struct writer *writer, int at, const char *const *without)
{
    lua_State *L = writer->L;
    int count = 0;
    put_char(writer, '{');
    for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
        size_t length;
        const char *key;
        /* lua_tolstring would change a number. */
        if (lua_type(L, -2) != LUA_TSTRING) {
            writer->keys[writer->depth - 1].name = lua_isnumber(L, -2) ? NULL : "?";
            writer->keys[writer->depth - 1].index = (size_t)lua_tonumber(L, -2);
            refuse(writer, "must have a string for its name");
        }
        if (is_among(L, without))
            continue;
        key = lua_tolstring(L, -2, &length);
        writer->keys[writer->depth - 1].name = key;
        if (count++ > 0)
            put_char(writer, ',');
        put_string(writer, key, length);
        put_char(writer, ':');
        put_value(writer, lua_gettop(L), NULL);
    }
    put_char(writer, '}');
}

static void put_elements(struct writer *writer, int at, size_t count)
{
    lua_State *L = writer->L;
    size_t i, fields = 0;
    for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1))
        fields++;
    writer->keys[writer->depth - 1].name = "?";
    if (fields != count)
        refuse(writer, "is in a table with elements, which must have neither names nor gaps");
    put_char(writer, '[');
    for (i = 1; i <= count; i++) {
        writer->keys[writer->depth - 1].name = NULL;
        writer->keys[writer->depth - 1].index = i;
        if (i > 1)
            put_char(writer, ',');
        lua_rawgeti(L, at, (int)i);
        put_value(writer, lua_gettop(L), NULL);
        lua_pop(L, 1);
    }
    put_char(writer, ']');
}

static void put_table(struct writer *writer, int at, const char *const *without)
{
    const void *table = lua_topointer(writer->L, at);
    size_t count = lua_rawlen(writer->L, at);
    int i;
    for (i = 0; i < writer->depth; i++)
        if (writer->tables[i] == table)
            refuse(writer, "must not be a table that it is in");
    if (writer->depth == DEEPEST)
        refuse(writer, "is too deep");
    luaL_checkstack(writer->L, 8, "the tables are too deep");
    writer->tables[writer->depth++] = table;
    if (count > 0)
        put_elements(writer, at, count);
    else
        put_fields(writer, at, without);
    writer->depth--;
}

static void put_value(struct writer *writer, int at, const char *const *without)
{
    lua_State *L = writer->L;
    size_t length;
    const char *text;
    switch (lua_type(L, at)) {
    case LUA_TTABLE:
        put_table(writer, at, without);
        break;
    case LUA_TSTRING:
        text = lua_tolstring(L, at, &length);
        put_string(writer, text, length);
        break;
    case LUA_TNUMBER:
        put_number(writer, at);
        break;
    case LUA_TBOOLEAN:
        text = lua_toboolean(L, at) ? "true" : "false";
        put(writer, text, strlen(text));
        break;
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(L, at)) { /* cos.null */
            put(writer, "null", 4);
            break;
        } /* fall through */
    default:
        lua_pushfstring(L, "must be a string, number, boolean, table or cos.null, not a %s",
                        luaL_typename(L, at));
        refuse(writer, lua_tostring(L, -1));
    }
}

static void push_text(lua_State *L, int at, const char *name, const char *const *without, int is_array)
{
    struct writer writer;
    if (lua_type(L, at) != LUA_TTABLE)
        luaL_error(L, "%s must be a table, not a %s", name, luaL_typename(L, at));
    luaL_checkstack(L, 8, "too many values");
    lua_pushnil(L);
    memset(&writer, 0, sizeof writer);
    writer.L = L;
    writer.name = name;
    writer.place = lua_gettop(L);
    writer.tables[writer.depth++] = lua_topointer(L, at);
    if (is_array)
        put_elements(&writer, at, lua_rawlen(L, at));
    else
        put_fields(&writer, at, without);
    lua_pushlstring(L, writer.text, writer.length);
    lua_replace(L, writer.place);
}

/* Options are an object, also where there are elements by mistake: the key is then refused. */
void lcos_push_json(lua_State *L, int at, const char *name, const char *const *without)
{
    push_text(L, at, name, without, 0);
}

void lcos_push_array(lua_State *L, int at, const char *name)
{
    push_text(L, at, name, NULL, 1);
}

/* Reading. */

struct reader {
    lua_State *L;
    const char *at;
    int depth;
};

static int wrong(struct reader *reader)
{
    return luaL_error(reader->L, "the reply of the library is no JSON");
}

static void skip_blanks(struct reader *reader)
{
    reader->at += strspn(reader->at, " \t\r\n");
}

static int takes(struct reader *reader, char c)
{
    skip_blanks(reader);
    if (*reader->at != c)
        return 0;
    reader->at++;
    return 1;
}

static unsigned hexadecimal(struct reader *reader)
{
    unsigned value = 0;
    int i;
    for (i = 0; i < 4; i++, reader->at++) {
        const char *digits = "0123456789abcdefABCDEF", *digit = strchr(digits, *reader->at);
        if (*reader->at == '\0' || !digit)
            wrong(reader);
        value = value * 16 + (unsigned)(digit - digits < 16 ? digit - digits : digit - digits - 6);
    }
    return value;
}

/* Writes a character as UTF-8, and half a pair in the way that UTF-8 would have for it. */
static char *write_utf8(char *to, unsigned c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xe0 | c >> 12);
        } else {
            *to++ = (char)(0xf0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

static char *read_escape(struct reader *reader, char *to)
{
    static const char LETTERS[] = "\"\\/bfnrt", MEANINGS[] = "\"\\/\b\f\n\r\t";
    const char letter = *reader->at, *found = strchr(LETTERS, letter);
    unsigned c;
    if (letter != '\0' && found) {
        reader->at++;
        *to++ = MEANINGS[found - LETTERS];
        return to;
    }
    if (letter != 'u')
        wrong(reader);
    reader->at++;
    c = hexadecimal(reader);
    if (c >= 0xd800 && c < 0xdc00 && reader->at[0] == '\\' && reader->at[1] == 'u') {
        const char *before = reader->at;
        unsigned low;
        reader->at += 2;
        low = hexadecimal(reader);
        if (low >= 0xdc00 && low < 0xe000)
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        else
            reader->at = before;
    }
    return write_utf8(to, c);
}

/* Behind the quote that begins it. */
static void read_string(struct reader *reader)
{
    const char *end = reader->at;
    char *text, *to;
    int has_escapes = 0;
    for (; *end != '"'; end++) {
        if (*end == '\\') {
            has_escapes = 1;
            end++;
        }
        if (*end == '\0')
            wrong(reader);
    }
    if (!has_escapes) {
        lua_pushlstring(reader->L, reader->at, (size_t)(end - reader->at));
        reader->at = end + 1;
        return;
    }
    /* It only gets shorter. */
    to = text = lua_newuserdata(reader->L, (size_t)(end - reader->at));
    while (reader->at < end) {
        if (*reader->at == '\\') {
            reader->at++;
            to = read_escape(reader, to);
        } else {
            *to++ = *reader->at++;
        }
    }
    reader->at = end + 1;
    lua_pushlstring(reader->L, text, (size_t)(to - text));
    lua_remove(reader->L, -2);
}

static void read_number(struct reader *reader)
{
    size_t length = strspn(reader->at, "+-0123456789.eE");
    char text[NUMBER], *end, *point;
    if (length == 0 || length >= sizeof text)
        wrong(reader);
    memcpy(text, reader->at, length);
    text[length] = '\0';
    reader->at += length;
    errno = 0;
    if (!strpbrk(text, ".eE")) {
        long long whole = strtoll(text, &end, 10);
        if (*end == '\0' && errno == 0) {
            push_int64(reader->L, whole);
            return;
        }
    }
    point = strchr(text, '.');
    if (point)
        *point = *localeconv()->decimal_point;
    lua_pushnumber(reader->L, strtod(text, &end));
    if (*end != '\0')
        wrong(reader);
}

static int takes_word(struct reader *reader, const char *word)
{
    if (strncmp(reader->at, word, strlen(word)) != 0)
        return 0;
    reader->at += strlen(word);
    return 1;
}

static void read_value(struct reader *reader);

static void read_array(struct reader *reader)
{
    int index = 0;
    lua_newtable(reader->L);
    if (takes(reader, ']'))
        return;
    do {
        read_value(reader);
        lua_rawseti(reader->L, -2, ++index);
    } while (takes(reader, ','));
    if (!takes(reader, ']'))
        wrong(reader);
}

static void read_object(struct reader *reader)
{
    lua_newtable(reader->L);
    if (takes(reader, '}'))
        return;
    do {
        if (!takes(reader, '"'))
            wrong(reader);
        read_string(reader);
        if (!takes(reader, ':'))
            wrong(reader);
        read_value(reader);
        /* A field that is null is as good as none. */
        if (lua_touserdata(reader->L, -1) == NULL && lua_islightuserdata(reader->L, -1)) {
            lua_pop(reader->L, 1);
            lua_pushnil(reader->L);
        }
        lua_rawset(reader->L, -3);
    } while (takes(reader, ','));
    if (!takes(reader, '}'))
        wrong(reader);
}

static void read_value(struct reader *reader)
{
    lua_State *L = reader->L;
    if (++reader->depth > DEEPEST)
        luaL_error(L, "the reply is too deep");
    luaL_checkstack(L, 8, "the reply is too deep");
    if (takes(reader, '"'))
        read_string(reader);
    else if (takes(reader, '{'))
        read_object(reader);
    else if (takes(reader, '['))
        read_array(reader);
    else if (takes_word(reader, "true"))
        lua_pushboolean(L, 1);
    else if (takes_word(reader, "false"))
        lua_pushboolean(L, 0);
    else if (takes_word(reader, "null"))
        lua_pushlightuserdata(L, NULL);
    else
        read_number(reader);
    reader->depth--;
}

void lcos_push_value(lua_State *L, const char *json)
{
    struct reader reader;
    reader.L = L;
    reader.at = json;
    reader.depth = 0;
    read_value(&reader);
    skip_blanks(&reader);
    if (*reader.at != '\0')
        wrong(&reader);
}
