/* What is stored with a file besides its content. */
#include "attributes.h"

#include <cos.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "print.h"
#include "text.h"

static const char META[] = "x-cos-meta-";

int is_header_key(const char *key)
{
    static const char *const KEYS[] = {"cache_control", "content_type", "content_language",
                                       "content_disposition", "content_encoding"};
    size_t i;
    for (i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        if (strcmp(key, KEYS[i]) == 0)
            return 1;
    }
    return strncmp(key, META, sizeof META - 1) == 0;
}

/* The key of the options for a header, to be freed; NULL if it can't be set. */
static char *key_of(const char *name)
{
    char *key = copy_of(name);
    size_t i;
    for (i = 0; key[i]; i++)
        key[i] = (char)tolower((unsigned char)key[i]);
    if (strncmp(key, META, sizeof META - 1) == 0 && key[sizeof META - 1])
        return key;
    for (i = 0; key[i]; i++) {
        if (key[i] == '-')
            key[i] = '_';
    }
    if (is_header_key(key))
        return key;
    free(key);
    return NULL;
}

char *header_of(const char *key)
{
    char *name = copy_of(key);
    size_t i;
    for (i = 0; name[i] && strncmp(key, META, sizeof META - 1) != 0; i++) {
        if (name[i] == '_')
            name[i] = '-';
    }
    return name;
}

/* Headers by their keys; one that comes again takes the place of the earlier one. */
struct headers {
    struct header {
        char *key, *value;
    } *list;
    size_t count;
};

static void put(struct headers *headers, const char *name, const char *value)
{
    char *key = key_of(name);
    size_t i;
    if (!key)
        return;
    for (i = 0; i < headers->count && strcmp(headers->list[i].key, key) != 0;)
        i++;
    if (i == headers->count) {
        headers->list = checked(realloc(headers->list, (i + 1) * sizeof *headers->list));
        headers->list[i].key = key;
        headers->count++;
    } else {
        free(headers->list[i].value);
        free(key);
    }
    headers->list[i].value = copy_of(value);
}

static int put_stored(const char *name, const char *value, void *user)
{
    if (name && value)
        put(user, name, value);
    return 0;
}

/* What follows the colon of "NAME: VALUE". */
static const char *value_in(const char *header)
{
    header = strchr(header, ':') + 1;
    return header + strspn(header, " \t");
}

static void put_given(struct headers *headers)
{
    const char *header;
    int i;
    for (i = 0; (header = option_at('H', i)) != NULL; i++) {
        char *name = copy_of_part(header, strcspn(header, ":"));
        put(headers, name, value_in(header));
        free(name);
    }
}

static void append_text(char **options, const char *key, const char *value)
{
    char *name = quoted(key), *text = quoted(value);
    append(options, ",%s:%s", name, text);
    free(text);
    free(name);
}

/* Adds those that have a value, and frees all. */
static void append_all(char **options, struct headers *headers, int even_empty)
{
    size_t i;
    int some = 0;
    for (i = 0; i < headers->count; i++) {
        if (*headers->list[i].value) {
            append_text(options, headers->list[i].key, headers->list[i].value);
            some = 1;
        }
        free(headers->list[i].key);
        free(headers->list[i].value);
    }
    if (!some && even_empty)
        append(options, ",\"clear_headers\":true");
    free(headers->list);
}

const char *authority_of(const char *acl)
{
    return strcmp(acl, "private") == 0       ? "eWRPrivate"
           : strcmp(acl, "public-read") == 0 ? "eWPrivateRPublic"
           : strcmp(acl, "default") == 0     ? "eInvalid"
                                             : NULL;
}

enum status check_attributes(void)
{
    const char *header;
    int i;
    for (i = 0; (header = option_at('H', i)) != NULL; i++) {
        char *name = copy_of_part(header, strcspn(header, ":")), *key = key_of(name);
        free(name);
        free(key);
        if (!strchr(header, ':'))
            return usage("--header takes NAME:VALUE, not %s", header);
        if (!key)
            return usage("--header takes Cache-Control, Content-Type, Content-Language, "
                         "Content-Disposition, Content-Encoding and x-cos-meta-..., not %s",
                         header);
    }
    if (option(ACL) && !authority_of(option(ACL)))
        return usage("--acl takes private, public-read or default, not %s", option(ACL));
    return DONE;
}

static void append_others(char **options)
{
    if (option(ACL))
        append_text(options, "authority", authority_of(option(ACL)));
    if (option(BIZ_ATTR))
        append_text(options, "biz_attr", option(BIZ_ATTR));
}

void append_attributes(char **options)
{
    struct headers headers = {NULL, 0};
    put_given(&headers);
    append_all(options, &headers, 0);
    append_others(options);
    if (option(CLASS))
        append_text(options, "storage_class", option(CLASS));
}

void append_headers(char **options, const char *stat)
{
    struct headers headers = {NULL, 0};
    append_others(options);
    if (option(FORBID))
        append(options, ",\"forbid\":%s", option(FORBID));
    if (option(CLEAR_HEADERS))
        append(options, ",\"clear_headers\":true");
    if (!stat)
        return;
    cos_json_each(stat, "/data/custom_headers", put_stored, &headers);
    put_given(&headers);
    append_all(options, &headers, 1);
}

void append_time(char **options, const char *stored, long long mtime)
{
    struct headers headers = {NULL, 0};
    char *time = formatted("%lld", mtime);
    if (stored)
        cos_json_each(stored, "", put_stored, &headers);
    put(&headers, "x-cos-meta-mtime", time);
    append_all(options, &headers, 0);
    free(time);
}
