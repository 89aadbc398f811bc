/* What is in a folder, here or at the service. */
#include "items.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "match.h"
#include "options.h"
#include "print.h"
#include "system.h"
#include "text.h"

/* Adds an item. It takes the path. */
static struct item *add(struct items *items, char *path)
{
    struct item *item;
    if (items->count == items->room) {
        items->room = items->room ? items->room * 2 : 64;
        items->list = checked(realloc(items->list, items->room * sizeof *items->list));
    }
    item = &items->list[items->count++];
    memset(item, 0, sizeof *item);
    item->path = path;
    return item;
}

int has_own_content(const struct item *item)
{
    return item->is_folder && item->size > 0;
}

void items_add(struct items *items, const struct entry *entry)
{
    struct item *item = add(items, copy_of(entry->path));
    char *sum = cos_json_string(entry->json, "/sha");
    item->is_sha = sum && *sum;
    if (!item->is_sha) {
        cos_string_free(sum);
        sum = cos_json_string(entry->json, "/etag");
    }
    item->sum = sum && *sum ? copy_of(sum) : NULL;
    item->size = entry->size;
    item->mtime = entry->mtime;
    item->is_folder = entry->is_folder;
    item->is_unfinished = entry->is_unfinished;
    cos_string_free(sum);
}

int items_take(const struct entry *entry, void *user)
{
    items_add(user, entry);
    return 0;
}

struct entry entry_of(const struct item *item)
{
    struct entry entry = {item->path, "{}", item->is_folder, item->is_unfinished, item->size, item->mtime};
    return entry;
}

void items_free(struct items *items)
{
    size_t i;
    for (i = 0; i < items->count; i++) {
        free(items->list[i].path);
        free(items->list[i].sum);
    }
    free(items->list);
    memset(items, 0, sizeof *items);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct item *)a)->path, ((const struct item *)b)->path);
}

static int by_size(const void *a, const void *b)
{
    long long one = ((const struct item *)a)->size, other = ((const struct item *)b)->size;
    return one != other ? (one < other ? 1 : -1) : by_path(a, b);
}

static int by_time(const void *a, const void *b)
{
    long long one = ((const struct item *)a)->mtime, other = ((const struct item *)b)->mtime;
    return one != other ? (one < other ? 1 : -1) : by_path(a, b);
}

enum status items_sort(struct items *items)
{
    const char *key = option('s') ? option('s') : "name";
    int (*compare)(const void *, const void *) = strcmp(key, "name") == 0   ? by_path
                                                 : strcmp(key, "size") == 0 ? by_size
                                                 : strcmp(key, "time") == 0 ? by_time
                                                                            : NULL;
    size_t i;
    if (!compare)
        return usage("--sort takes name, size or time, not %s", key);
    if (items->count == 0)
        return DONE;
    qsort(items->list, items->count, sizeof *items->list, compare);
    for (i = 0; option(REVERSE) && i < items->count / 2; i++) {
        struct item *other = &items->list[items->count - 1 - i], kept = items->list[i];
        items->list[i] = *other;
        *other = kept;
    }
    return DONE;
}

void items_sort_by_path(struct items *items)
{
    size_t i, kept = 0;
    if (items->count == 0)
        return;
    qsort(items->list, items->count, sizeof *items->list, by_path);
    for (i = 1; i < items->count; i++) {
        if (strcmp(items->list[i].path, items->list[kept].path) == 0) {
            free(items->list[i].path);
            free(items->list[i].sum);
        } else {
            items->list[++kept] = items->list[i];
        }
    }
    items->count = kept + 1;
}

size_t items_from(const struct items *items, const char *path)
{
    size_t first = 0, end = items->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (strcmp(items->list[middle].path, path) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

int items_have(const struct items *items, const char *path)
{
    size_t at = items_from(items, path);
    return at < items->count && strcmp(items->list[at].path, path) == 0;
}

/* What was found. */
struct search {
    struct items *found, *ignored; /* the latter may be NULL */
    struct items names; /* of the directory that is being read */
    const char *root;
    enum status status;
    int flags;
    const struct items *other; /* only the folders that it has are looked into; or NULL */
    size_t most, count;        /* 0: to the end; how much was seen at the service */
};

/* Notes something that is not wanted. It takes the path. */
static void hide(struct search *search, char *path)
{
    if (search->flags & WITH_FOLDERS)
        add(search->found, path)->is_hidden = 1;
    else
        free(path);
}

static void take_name(const char *name, void *user)
{
    add(&((struct search *)user)->names, copy_of(name));
}

int has_partial_name(const char *path)
{
    static const char END[] = ".cos-partial";
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    return name[0] == '.' && length > sizeof END && strcmp(name + length + 1 - sizeof END, END) == 0;
}

/* Tells of something that is no file to copy. What is not copied anyway is nothing to tell of. */
static void ignore(struct search *search, const char *path, const char *reason)
{
    if (!(search->flags & MAY_BE_MISSING))
        say("%-10s %s: %s", in_language("ignored"), path, reason);
    if (search->ignored)
        add(search->ignored, copy_of(path));
    hide(search, copy_of(path));
}

static void take_file(struct search *search, const char *local, char *path)
{
    struct found found = look_at(local);
    struct item *item;
    if (found.kind == PATH_MISSING && path_kind(local) == PATH_MISSING && errno != ENOENT) {
        complain("%s: %s", local, strerror(errno));
        search->found->unread++;
    }
    if (found.kind == PATH_MISSING) {
        hide(search, path); /* it has gone since the directory was read, or can't be looked at */
        return;
    }
    if (found.kind == PATH_DIRECTORY)
        append(&path, "/");
    if (!is_wanted(path) && (found.kind != PATH_DIRECTORY || is_left_out(path))) {
        hide(search, path);
    } else if (found.kind == PATH_FILE || found.kind == PATH_DIRECTORY) {
        item = add(search->found, path);
        item->is_folder = found.kind == PATH_DIRECTORY;
        item->size = item->is_folder ? 0 : found.size;
        item->mtime = found.mtime;
        item->is_hidden = item->is_folder && !is_wanted(item->path);
    } else {
        ignore(search, path, in_language(found.is_link ? "a symbolic link" : "not a file"));
        free(path);
    }
}

/* Reads the directory `path`, which ends with '/' or is "". */
static void read_one(struct search *search, const char *path)
{
    char *directory = formatted("%s%s", search->root, path);
    int error = read_directory(directory, take_name, search);
    size_t i;
    items_sort_by_path(&search->names);
    if (error) {
        complain("%s: %s", directory, strerror(error));
        search->found->unread++;
        hide(search, formatted("%s?", path)); /* nobody knows whether it is empty */
    }
    for (i = 0; i < search->names.count; i++) {
        const char *name = search->names.list[i].path;
        char *local = formatted("%s%s", directory, name);
        char *below = formatted("%s%s", path, name);
        if (has_partial_name(name)) {
            ignore(search, below, in_language("an unfinished download"));
            free(below);
        } else {
            take_file(search, local, below);
        }
        free(local);
    }
    items_free(&search->names);
    free(directory);
}

static void find_local(struct search *search)
{
    struct items *items = search->found;
    size_t i;
    read_one(search, "");
    for (i = 0; i < items->count; i++) { /* it grows */
        if (items->list[i].is_folder) {
            char *path = copy_of(items->list[i].path);
            read_one(search, path);
            free(path);
        }
    }
}

int is_in_folder(const char *path, const char *folder)
{
    return strncmp(path, folder, strlen(folder)) == 0;
}

static int has_in_folder(const struct items *items, const char *folder)
{
    size_t at = items_from(items, folder);
    return at < items->count && is_in_folder(items->list[at].path, folder);
}

static int take_remote(const struct entry *entry, void *user)
{
    struct search *search = user;
    if (search->most > 0 && ++search->count > search->most)
        return STOP;
    if (!is_wanted(entry->path))
        hide(search, copy_of(entry->path));
    else if (entry->is_unfinished)
        ignore(search, entry->path, in_language("an unfinished upload"));
    else
        items_add(search->found, entry);
    return entry->is_folder && search->other && !has_in_folder(search->other, entry->path) ? NOT_IN_IT : 0;
}

/* Notes for the folders that a path is in that something in them is not wanted. */
static void note_hidden(struct items *items, const char *path)
{
    size_t length = 0;
    while (path[length += strcspn(path + length, "/")] && path[++length]) {
        char *folder = copy_of_part(path, length);
        size_t at = items_from(items, folder);
        if (at < items->count && strcmp(items->list[at].path, folder) == 0)
            items->list[at].has_hidden = 1;
        free(folder);
    }
}

/* Notes which folders are empty, and leaves what was looked for. The items are sorted by path, so that what
 * is in a folder comes right behind it. */
static void leave_wanted(struct items *items, int flags)
{
    size_t i, kept = 0;
    for (i = 0; i < items->count; i++) {
        if (items->list[i].is_hidden)
            note_hidden(items, items->list[i].path);
    }
    for (i = 0; i < items->count; i++) {
        struct item *item = &items->list[i];
        item->is_empty = item->is_folder && (i + 1 == items->count ||
                                             !is_in_folder(items->list[i + 1].path, item->path));
        if (item->is_hidden || (item->is_folder && !(flags & WITH_FOLDERS))) {
            free(item->path);
            free(item->sum);
        } else {
            items->list[kept++] = *item;
        }
    }
    items->count = kept;
}

static enum status find(const cos_client *client, const struct place *folder, struct search *search)
{
    search->root = folder->path;
    if (folder->bucket) {
        search->status = walk(client, folder, "", folder, ALL_FILES,
                              search->flags | COUNTS | TELLS_FAILURES, take_remote, search);
        search->found->unread = search->status != DONE;
    } else if (!(search->flags & MAY_BE_MISSING) || path_kind(folder->path) != PATH_MISSING) {
        find_local(search);
        search->status = search->found->unread > 0 ? WRONG : DONE;
    }
    items_sort_by_path(search->found);
    leave_wanted(search->found, search->flags);
    if (search->ignored)
        items_sort_by_path(search->ignored);
    return search->status;
}

enum status find_files(const cos_client *client, const struct place *folder, int flags,
                       struct items *items, struct items *ignored)
{
    struct search search = {.found = items, .ignored = ignored, .flags = flags};
    return find(client, folder, &search);
}

/* Looks for what another folder has in a local directory, and for nothing else. */
static void look_for_each(const struct place *folder, const struct items *other, struct items *items)
{
    size_t i;
    for (i = 0; i < other->count; i++) {
        const char *path = other->list[i].path;
        char *local = formatted("%s%s", folder->path, path);
        struct found found;
        local[strlen(local) - (size_t)other->list[i].is_folder] = '\0';
        found = look_at(local);
        if (found.kind == (other->list[i].is_folder ? PATH_DIRECTORY : PATH_FILE)) {
            struct item *item = add(items, copy_of(path));
            item->is_folder = other->list[i].is_folder;
            item->size = item->is_folder ? 0 : found.size;
            item->mtime = found.mtime;
        }
        free(local);
    }
}

enum status find_there(const cos_client *client, const struct place *folder, const struct items *other,
                       struct items *items, int *is_cut)
{
    enum { PAGE = 1000, FEW_PAGES = 4 };
    struct search search = {.found = items, .flags = WITH_FOLDERS | MAY_BE_MISSING};
    if (!folder->bucket && !option(DELETE)) {
        look_for_each(folder, other, items);
        return DONE;
    }
    if (!option(DELETE)) {
        search.other = other;
        search.most = PAGE * (FEW_PAGES + other->count); /* beyond, it is less to ask for each */
    }
    find(client, folder, &search);
    *is_cut = search.most > 0 && search.count > search.most;
    return search.status;
}

struct matching {
    const char *pattern;
    int files, folders; /* which are of interest */
    int is_found;       /* whether anything matches, wanted or not */
    struct items *items;
};

static int take_matching(const struct entry *entry, void *user)
{
    struct matching *matching = user;
    size_t length = strlen(entry->path) - (size_t)entry->is_folder;
    char *path = copy_of_part(entry->path, length);
    if ((entry->is_folder ? matching->folders : matching->files) && matches(matching->pattern, path)) {
        matching->is_found = 1;
        /* What is in a folder is chosen by the command. */
        if (entry->is_folder ? !is_excluded(entry->path) : is_wanted(entry->path))
            items_add(matching->items, entry);
    }
    free(path);
    return 0;
}

int is_wanted_place(const struct place *place)
{
    char *name = last_name(place);
    int is_it = is_wanted(name) || is_folder(place) || is_standard(place);
    free(name);
    return is_it;
}

enum status find_matching(const cos_client *client, const struct place *pattern, int flags,
                          struct place *folder, struct items *items)
{
    size_t fixed = fixed_length(pattern->path), length = strlen(pattern->path) - fixed;
    char *rest = copy_of(pattern->path + fixed), *begin, *front;
    struct matching matching = {rest, 1, 1, 0, items};
    enum status status;
    int is_deep;
    if (length > 0 && rest[length - 1] == '/') {
        matching.files = 0;
        rest[length - 1] = '\0';
    }
    is_deep = strchr(rest, '/') || strstr(rest, "**");
    matching.folders = !is_deep || !matching.files; /* the XML API does not tell them all */
    front = copy_of_part(pattern->path, fixed);
    remove_escapes(front);
    *folder = place_of(formatted("cos://%s%s", pattern->bucket, front));
    /* Nothing but names that begin as the pattern does has to be listed. */
    begin = copy_of_part(rest, is_deep ? 0 : strcspn(rest, "*?[\\"));
    status = walk(client, folder, begin, pattern,
                  !is_deep         ? IN_FOLDER
                  : matching.files ? ALL_FILES
                                   : BY_FOLDER,
                  flags | COUNTS, take_matching, &matching);
    items_sort_by_path(items);
    if (status == DONE && !matching.is_found) {
        if (!(flags & MAY_BE_MISSING))
            complain("%s: nothing matches", pattern->text);
        status = MISSING;
    }
    free(begin);
    free(front);
    free(rest);
    return status;
}
