/* Lists of the service, page by page. */
#include "walk.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "print.h"
#include "progress.h"
#include "reply.h"
#include "system.h"
#include "text.h"
#include "transfer.h"

/* A list that is being read. */
struct list {
    const cos_client *client;
    int is_xml;          /* whether it speaks the XML API, which lists all folders at once, a thousand a page */
    struct place folder; /* whose entries come */
    size_t hidden;       /* the length of the part of its path that entries do not have */
    struct place *below; /* the folders that are still to be listed; the next one is last */
    size_t n_below;
    enum walk how;
    int flags;
    entry_fn *fn;
    void *user;
    char *last;   /* the path that was told last, where the service tells all at once */
    int is_ended; /* nobody wants more */
};

static int is_flat(const struct list *list)
{
    return list->how != IN_FOLDER && list->is_xml;
}

/* Hands over the folders that lead to a path and were not told yet. A list of all that is below tells only
 * those that were made. */
static void tell_folders_above(struct list *list, const char *path)
{
    size_t i;
    for (i = 0; path[i] && path[i + 1] && !list->is_ended; i++) {
        struct entry entry = {NULL, NULL, 1, 0, 0, 0};
        char *folder, *name, *json;
        if (path[i] != '/' || (list->last && strncmp(list->last, path, i + 1) == 0))
            continue;
        folder = copy_of_part(path, i + 1);
        name = quoted(folder);
        json = formatted("{\"name\":%s}", name);
        entry.path = folder;
        entry.json = json;
        list->is_ended = list->fn(&entry, list->user) == STOP;
        free(json);
        free(name);
        free(folder);
    }
    free(list->last);
    list->last = copy_of(path);
}

static int take_entry(const char *key, const char *json, void *user)
{
    struct list *list = user;
    char *name = cos_json_string(json, "/name"), *path;
    int64_t bytes = 0;
    struct entry entry = {NULL, json, 0, 0, 0, 0};
    int next = 0;
    (void)key;
    path = formatted("%s%s", list->folder.path + list->hidden, name ? name : "?");
    entry.path = path;
    entry.is_folder = cos_json_int(json, "/filesize", &bytes) != 0 ||
                      (name && *name && name[strlen(name) - 1] == '/');
    entry.size = (long long)bytes;
    entry.mtime = number_in(json, "/mtime");
    entry.is_unfinished = !entry.is_folder && is_unfinished(json, "/filelen", bytes);
    if (list->how == BY_FOLDER && is_flat(list))
        tell_folders_above(list, path);
    lock();
    if (!list->is_ended)
        next = list->fn(&entry, list->user);
    list->is_ended = list->is_ended || next == STOP;
    if (list->flags & COUNTS)
        counting_add();
    unlock();
    if (next == 0 && list->how != IN_FOLDER && !is_flat(list) && entry.is_folder && name && *name) {
        size_t n = ++list->n_below;
        list->below = checked(realloc(list->below, n * sizeof *list->below));
        list->below[n - 1] = place_in(&list->folder, name);
    }
    cos_string_free(name);
    free(path);
    return list->is_ended;
}

/* Hands over the folder itself. */
static void take_itself(struct list *list, long long size)
{
    struct entry entry = {list->folder.path + list->hidden, "{}", 1, 0, size, 0};
    lock();
    if (!list->is_ended)
        list->is_ended = list->fn(&entry, list->user) == STOP;
    unlock();
}

/* Where the list of one folder goes on. */
struct cursor {
    char *prefix;  /* of the names that are wanted, as a JSON string */
    char *context; /* of the next page; NULL for the first one */
    int is_at_end;
    int pages, empty_pages; /* so far; the empty ones since the last that was not */
    char *earlier;          /* a context that has been, to notice if it comes again */
    int next_earlier;       /* the number of the page whose context takes its place */
};

/* Whether the context that follows a page is one that a list can go on with. */
static int can_go_on(const struct cursor *cursor, const char *next)
{
    enum { MOST_PAGES = 100000, MOST_EMPTY = 100 }; /* in a row; the limits of the library */
    return next && *next && !(cursor->earlier && strcmp(next, cursor->earlier) == 0) &&
           cursor->pages < MOST_PAGES && cursor->empty_pages < MOST_EMPTY;
}

/* Goes on to the page with this context, which it takes. */
static void advance(struct cursor *cursor, char *next)
{
    cos_string_free(cursor->context);
    cursor->context = next;
    /* A service may repeat its contexts after any number of pages. The context of page 1, 2, 4, 8 ...
     * is kept to compare with; sooner or later it is one of those that repeat. */
    if (++cursor->pages == cursor->next_earlier) {
        free(cursor->earlier);
        cursor->earlier = copy_of(next ? next : "");
        cursor->next_earlier *= 2;
    }
}

/* Asks for a page. */
static int ask(const struct list *list, const struct cursor *cursor, char **json)
{
    const struct place *folder = &list->folder;
    int flat = is_flat(list), has_folders = list->how == BY_FOLDER || list->flags & WITH_FOLDERS, code;
    char *context = quoted(cursor->context ? cursor->context : "");
    char *options = formatted("{\"num\":%d,\"recursive\":%s,\"folders\":%s,\"prefix\":%s,\"context\":%s}",
                              list->is_xml ? 1000 : 199, flat ? "true" : "false",
                              flat && has_folders ? "true" : "false", cursor->prefix, context);
    code = cos_list_folder(list->client, folder->bucket, folder->path, options, json);
    free(options);
    free(context);
    return code;
}

static enum status list_page(struct list *list, struct cursor *cursor, const struct place *about)
{
    char *json, *next;
    int code = ask(list, cursor, &json), tells;
    enum status status;
    if (code == COS_ERR_NOT_FOUND && list->flags & MAY_BE_MISSING && about != &list->folder) {
        cos_string_free(json);
        cursor->is_at_end = 1;
        return DONE;
    }
    lock();
    tells = list->flags & (code == COS_OK ? TELLS_REPLIES : TELLS_REPLIES | TELLS_FAILURES);
    status = (tells ? check : check_without_reply)(code, json, about, about);
    unlock();
    if (status == DONE) {
        int64_t entries, size;
        if (list->flags & WITH_FOLDERS && cos_json_int(json, "/data/filesize", &size) == 0 && size > 0)
            take_itself(list, size);
        entries = cos_json_each(json, "/data/infos", take_entry, list);
        cursor->empty_pages = entries > 0 ? 0 : cursor->empty_pages + 1;
    }
    cursor->is_at_end =
        list->is_ended ||
        (!is_in(json, "/data/listover", "false") && !is_in(json, "/data/listover", "0"));
    next = cos_json_string(json, "/data/context");
    if (status == DONE && !cursor->is_at_end && !can_go_on(cursor, next)) {
        complain("%s: the service does not say how the list goes on", about->text);
        status = FAILED;
    }
    advance(cursor, next);
    cos_string_free(json);
    return status;
}

static int by_text_from_end(const void *a, const void *b)
{
    return strcmp(((const struct place *)b)->text, ((const struct place *)a)->text);
}

/* Sorts the folders from the `known`th on. One that the service named twice would be listed twice,
 * and so would every folder in it: it stays only once. */
static void sort_below(struct list *list, size_t known)
{
    struct place *below = list->below;
    size_t i, kept = known;
    if (list->n_below == known)
        return;
    qsort(below + known, list->n_below - known, sizeof *below, by_text_from_end);
    for (i = known; i < list->n_below; i++) {
        if (kept > known && strcmp(below[i].text, below[kept - 1].text) == 0)
            place_free(&below[i]);
        else
            below[kept++] = below[i];
    }
    list->n_below = kept;
}

/* Lists a folder page by page, so that the first names appear at once. */
static enum status list_folder(struct list *list, const char *begin,
                               const struct place *about)
{
    struct cursor cursor = {.prefix = quoted(begin), .next_earlier = 1};
    size_t known = list->n_below;
    enum status status;
    do
        status = list_page(list, &cursor, about);
    while (status == DONE && !cursor.is_at_end);
    sort_below(list, known);
    cos_string_free(cursor.context);
    free(cursor.earlier);
    free(cursor.prefix);
    return status;
}

enum { MOST_FOLDERS = 100000 }; /* the limit of the library */

/* Folders that are listed several at a time. The lock guards it. */
struct level {
    struct list *list;
    const struct place *folders;
    size_t count, next;
    enum status status;
};

static void list_some(void *user)
{
    struct level *level = user;
    struct list *all = level->list;
    lock();
    while (level->next < level->count && !all->is_ended) {
        struct list one = *all;
        enum status this_one;
        one.folder = level->folders[level->next++];
        one.below = NULL;
        one.n_below = 0;
        unlock();
        this_one = list_folder(&one, "", &one.folder);
        lock();
        level->status = level->status != DONE ? level->status : this_one;
        all->is_ended = all->is_ended || one.is_ended;
        if (one.n_below > 0) {
            size_t n = all->n_below + one.n_below;
            all->below = checked(realloc(all->below, n * sizeof *all->below));
            memcpy(all->below + all->n_below, one.below, one.n_below * sizeof *one.below);
            all->n_below = n;
        }
        free(one.below);
    }
    unlock();
}

static void nothing(void *user)
{
    (void)user;
}

/* Lists the folders that were found, then those that were found in these, and so on. */
static enum status list_levels(struct list *list, const struct place *about)
{
    enum status status = DONE;
    size_t folders = 0;
    while (list->n_below > 0 && !list->is_ended) {
        struct place *below = list->below;
        struct level level = {list, below, list->n_below, 0, DONE};
        int threads = given_concurrency();
        folders += level.count;
        if (folders > MOST_FOLDERS) {
            complain("%s: more than %d folders are below it", about->text, MOST_FOLDERS);
            return FAILED;
        }
        list->below = NULL;
        list->n_below = 0;
        run_on_threads((size_t)threads > level.count ? (int)level.count : threads, list_some, nothing,
                       &level);
        status = status != DONE ? status : level.status;
        while (level.count > 0)
            place_free(&below[--level.count]);
        free(below);
    }
    return status;
}

/* The same one after the other, each folder behind the one that it is in. */
static enum status list_below(struct list *list, const struct place *about)
{
    enum status status = DONE;
    int folders = 0;
    while (list->n_below > 0 && !list->is_ended) {
        enum status this_one;
        if (++folders > MOST_FOLDERS) {
            complain("%s: more than %d folders are below it", about->text, MOST_FOLDERS);
            return FAILED;
        }
        place_free(&list->folder);
        list->folder = list->below[--list->n_below];
        this_one = list_folder(list, "", &list->folder);
        status = status != DONE ? status : this_one;
    }
    return status;
}

enum status walk(const cos_client *client, const struct place *folder, const char *begin,
                 const struct place *about, enum walk how, int flags, entry_fn *fn, void *user)
{
    struct list list = {
        .client = client, .is_xml = speaks_xml(client), .how = how, .flags = flags, .fn = fn, .user = user};
    enum status first, below;
    interrupts_end();
    list.folder = place_of(copy_of(folder->text));
    list.hidden = strlen(list.folder.path);
    if (flags & COUNTS)
        counting_begin(about->text);
    first = list_folder(&list, begin, about);
    below = (how == ALL_FILES ? list_levels : list_below)(&list, about);
    if (flags & COUNTS)
        counting_end();
    while (list.n_below > 0)
        place_free(&list.below[--list.n_below]);
    place_free(&list.folder);
    free(list.below);
    free(list.last);
    return first != DONE ? first : below;
}

struct place place_of_entry(const struct place *folder, const struct entry *entry)
{
    return place_of(formatted("%s%s", folder->text, entry->path));
}
