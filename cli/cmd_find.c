/* find, du and tree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "items.h"
#include "list.h"
#include "match.h"
#include "options.h"
#include "print.h"
#include "reply.h"
#include "text.h"

/* What is looked for. */
struct wanted {
    const char *folder; /* what is put in front of paths */
    const char *before; /* the same, as an operand */
    const char *name; /* NULL: any */
    char type;        /* 'f', 'd' or 0 */
    long long larger, smaller, newer, older; /* -1: any */
    struct items *sorted; /* NULL: printed at once */
    long long files, folders, bytes;
};

static const char *last_name_of(const char *path, size_t *length)
{
    const char *name = path;
    size_t end = strlen(path), i;
    if (end > 0 && path[end - 1] == '/')
        end--;
    for (i = 0; i < end; i++) {
        if (path[i] == '/')
            name = path + i + 1;
    }
    *length = (size_t)(path + end - name);
    return name;
}

static int has_name(const char *path, const char *pattern)
{
    size_t length;
    const char *name = last_name_of(path, &length);
    char *copy = copy_of_part(name, length);
    int found = matches(pattern, copy);
    free(copy);
    return found;
}

static int is_found(const struct wanted *wanted, const struct entry *entry)
{
    int has_size = wanted->larger >= 0 || wanted->smaller >= 0;
    return (wanted->type == 'd') == entry->is_folder &&
           (!has_size || !entry->is_folder) && (wanted->larger < 0 || entry->size > wanted->larger) &&
           (wanted->smaller < 0 || entry->size < wanted->smaller) &&
           (wanted->newer < 0 || entry->mtime > wanted->newer) &&
           (wanted->older < 0 || entry->mtime < wanted->older) &&
           (!wanted->name || has_name(entry->path, wanted->name));
}

/* Prints an entry as an operand of other commands. */
static void print_found(const struct wanted *wanted, const struct entry *entry)
{
    char *path = with_escapes(entry->path);
    print_entry(wanted->before, path, entry);
    free(path);
}

/* Prints an entry as the service has it, with its path: with the JSON API, it has only the last name. */
static void print_json(const struct wanted *wanted, const struct entry *entry)
{
    char *path = formatted("%s%s", wanted->folder, entry->path), *quoted_path = quoted(path), *line;
    const char *rest = strchr(entry->json, '{') + 1;
    rest += strspn(rest, " \t\r\n");
    line = formatted("{\"path\":%s%s%s", quoted_path, *rest == '}' ? "" : ",", rest);
    print_reply(line);
    free(line);
    free(quoted_path);
    free(path);
}

static int find_entry(const struct entry *entry, void *user)
{
    struct wanted *wanted = user;
    if (!is_found(wanted, entry))
        return 0;
    *(entry->is_folder ? &wanted->folders : &wanted->files) += 1;
    wanted->bytes += entry->size;
    if (option('j'))
        print_json(wanted, entry);
    else if (wanted->sorted)
        items_add(wanted->sorted, entry);
    else
        print_found(wanted, entry);
    return 0;
}

static enum status read_size(char mark, const char *name, long long *bytes)
{
    *bytes = option(mark) ? size_in(option(mark)) : -1;
    if (option(mark) && *bytes < 0)
        return usage("--%s takes a size such as 100, 10k or 1.5M, not %s", name, option(mark));
    return DONE;
}

static enum status read_wanted(struct wanted *wanted)
{
    const char *type = option(TYPE);
    wanted->name = option(NAME);
    if (type && strcmp(type, "f") != 0 && strcmp(type, "d") != 0)
        return usage("--type takes f or d, not %s", type);
    wanted->type = type ? *type : '\0';
    if (read_size(LARGER, "larger", &wanted->larger) != DONE ||
        read_size(SMALLER, "smaller", &wanted->smaller) != DONE ||
        read_moment(NEWER, "newer", &wanted->newer) != DONE ||
        read_moment(OLDER, "older", &wanted->older) != DONE)
        return WRONG;
    return DONE;
}

static enum status run_find(const cos_client *client, const struct place *place)
{
    struct place folder = place_in(place, "");
    struct items sorted = {0};
    struct wanted wanted = {0};
    enum status status = read_wanted(&wanted);
    char *before = with_escapes(folder.text);
    size_t i;
    wanted.folder = folder.text;
    wanted.before = before;
    wanted.sorted = option('s') || option(REVERSE) ? &sorted : NULL;
    if (status == DONE)
        status = items_sort(&sorted);
    /* Folders are of interest only if they can be what is looked for. */
    if (status == DONE)
        status = walk(client, &folder, "", &folder, wanted.type == 'd' ? BY_FOLDER : ALL_FILES, 0,
                      find_entry, &wanted);
    items_sort(&sorted);
    for (i = 0; i < sorted.count; i++) {
        struct entry entry = entry_of(&sorted.list[i]);
        print_found(&wanted, &entry);
    }
    if (status == DONE && option('l'))
        print_total(wanted.files, wanted.folders, wanted.bytes);
    items_free(&sorted);
    free(before);
    place_free(&folder);
    return status;
}

/* The sums of folders. */
struct sums {
    struct items list; /* `size` is the sum of sizes, `mtime` the number of files */
    long depth;
};

static void count_in(struct sums *usage, const char *path, size_t length, long long bytes,
                     int files)
{
    struct items *sums = &usage->list;
    struct item *last = sums->count > 0 ? &sums->list[sums->count - 1] : NULL;
    struct entry sum = {NULL, "{}", 1, 0, bytes, files};
    char *folder;
    if (last && strlen(last->path) == length && strncmp(last->path, path, length) == 0) {
        last->size += bytes;
        last->mtime += files;
        return;
    }
    folder = copy_of_part(path, length);
    sum.path = folder;
    items_add(sums, &sum);
    free(folder);
}

/* A file counts for the folder at the depth that is shown; the others are added up at the end. */
static int count_entry(const struct entry *entry, void *user)
{
    struct sums *usage = user;
    size_t length = 0, i;
    long depth = 0;
    for (i = 0; entry->path[i] && depth < usage->depth; i++) {
        if (entry->path[i] == '/') {
            length = i + 1;
            depth++;
        }
    }
    if (!entry->is_folder)
        count_in(usage, entry->path, length, entry->size, 1);
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct item *)a)->path, ((const struct item *)b)->path);
}

/* Adds to each folder what the folders in it have, and brings together what belongs together. */
static void sum_up(struct items *sums)
{
    struct items all = {0}, merged = {0};
    size_t i, length;
    for (i = 0; i < sums->count; i++) {
        const char *path = sums->list[i].path;
        for (length = 0;; length += strcspn(path + length, "/") + 1) {
            char *folder = copy_of_part(path, length);
            struct entry sum = {folder, "{}", 1, 0, sums->list[i].size, sums->list[i].mtime};
            items_add(&all, &sum);
            free(folder);
            if (!path[length])
                break;
        }
    }
    if (all.count > 0)
        qsort(all.list, all.count, sizeof *all.list, by_path);
    for (i = 0; i < all.count; i++) {
        struct entry sum = {all.list[i].path, "{}", 1, 0, all.list[i].size, all.list[i].mtime};
        struct item *last = merged.count > 0 ? &merged.list[merged.count - 1] : NULL;
        if (last && strcmp(last->path, sum.path) == 0) {
            last->size += sum.size;
            last->mtime += sum.mtime;
        } else {
            items_add(&merged, &sum);
        }
    }
    items_free(&all);
    items_free(sums);
    *sums = merged;
}

static void print_sum(const struct place *folder, const struct item *item)
{
    char size[SHORT_TEXT], *path = formatted("%s%s", folder->text, item->path);
    char *json = quoted(path);
    if (option('h'))
        size_text(item->size, size);
    else
        snprintf(size, sizeof size, "%lld", item->size);
    if (option('j'))
        printf("{\"path\":%s,\"files\":%lld,\"bytes\":%lld}\n", json, item->mtime, item->size);
    else
        print("%13s  %9lld  %s", size, item->mtime, path);
    free(json);
    free(path);
}

static enum status run_du(const cos_client *client, const struct place *place)
{
    struct place folder = place_in(place, "");
    struct sums usage = {{0}, option('d') ? strtol(option('d'), NULL, 10) : 0};
    enum status status;
    size_t i;
    status = walk(client, &folder, "", &folder, ALL_FILES, COUNTS, count_entry, &usage);
    if (usage.list.count == 0 && status == DONE)
        count_in(&usage, "", 0, 0, 0); /* an empty folder */
    sum_up(&usage.list);
    for (i = 0; i < usage.list.count; i++)
        print_sum(&folder, &usage.list.list[i]);
    items_free(&usage.list);
    place_free(&folder);
    return status;
}

/* A tree that is being drawn. */
struct tree {
    const cos_client *client;
    const struct items *all; /* what is in it, sorted by path; NULL if one folder after the other is listed */
    long depth;              /* -1: to the end */
    long long files, folders, bytes;
};

/* Takes out of all what is in a folder, but not in the folders there. */
static void take_children(const struct items *all, const char *folder, struct items *items)
{
    size_t hidden = strlen(folder), i;
    for (i = items_from(all, folder); i < all->count && is_in_folder(all->list[i].path, folder); i++) {
        struct entry entry = entry_of(&all->list[i]);
        size_t length;
        entry.path += hidden;
        length = strcspn(entry.path, "/");
        if (length > 0 && length + (entry.path[length] != '\0') == strlen(entry.path))
            items_add(items, &entry);
    }
}

/* Draws what is in a folder, whose path from the root on is `path`; `indent` stands in front of every
 * line. */
static enum status draw_folder(struct tree *tree, const struct place *folder, const char *path,
                               const char *indent, long depth)
{
    struct items items = {0};
    enum status status = DONE;
    size_t i;
    if (tree->all)
        take_children(tree->all, path, &items);
    else
        status = walk(tree->client, folder, "", folder, IN_FOLDER, TELLS_REPLIES, items_take, &items);
    items_sort_by_path(&items);
    items_sort(&items);
    for (i = 0; i < items.count; i++) {
        const struct item *item = &items.list[i];
        int is_last = i + 1 == items.count;
        struct entry entry = entry_of(item);
        char *before = formatted("%s%s", indent, is_last ? "└── " : "├── ");
        print_entry(before, item->path, &entry);
        *(item->is_folder ? &tree->folders : &tree->files) += 1;
        tree->bytes += item->size;
        if (item->is_folder && depth != 1) {
            struct place below = place_in(folder, item->path);
            char *further = formatted("%s%s", indent, is_last ? "    " : "│   ");
            char *deeper = formatted("%s%s", path, item->path);
            enum status this_one = draw_folder(tree, &below, deeper, further, depth - 1);
            status = status != DONE ? status : this_one;
            free(deeper);
            free(further);
            place_free(&below);
        }
        free(before);
    }
    items_free(&items);
    return status;
}

static enum status run_tree(const cos_client *client, const struct place *place)
{
    struct place folder = place_in(place, "");
    struct tree tree = {client, NULL, option('d') ? strtol(option('d'), NULL, 10) : -1, 0, 0, 0};
    struct items all = {0}, none = {0};
    enum status status = items_sort(&none), drawn;
    if (status == DONE) {
        print_painted("", folder.text, "");
        if (tree.depth < 0) {
            tree.all = &all;
            status = walk(client, &folder, "", &folder, BY_FOLDER, COUNTS | TELLS_REPLIES, items_take, &all);
            items_sort_by_path(&all);
        }
        drawn = tree.depth == 0 ? DONE : draw_folder(&tree, &folder, "", "", tree.depth);
        status = status != DONE ? status : drawn;
        print_total(tree.files, tree.folders, tree.bytes);
    }
    items_free(&all);
    place_free(&folder);
    return status;
}

const struct command FIND = {
    .name = "find",
    .operands = "cos://BUCKET/FOLDER/...",
    .options = "Nylhsz<>[]",
    .least = 1,
    .run_each = run_find,
    .patterns = EACH_MATCH,
    .summary = "find files by name, size and time",
    .details =
        "Prints what all the options say, as paths that the other commands take, with a backslash\n"
        "before each '*', '?', '[' and backslash. Without --type d it looks for files. A pattern is\n"
        "about the last name; '*' is any part of it, '?' one character, [a-z] one of these. With --json\n"
        "an entry a line, as the service has it, and its path.\n",
    .examples =
        "  cos find --name '*.log' --older 30d cos://mybucket/logs/\n"
        "  cos find -lh --larger 1G --sort size cos://mybucket/\n"
        "  cos find --newer 2024-12-31 --name '*.jpg' cos://mybucket/ | wc -l\n",
};

const struct command DU = {
    .name = "du",
    .operands = "cos://BUCKET/FOLDER/...",
    .options = "hd",
    .least = 1,
    .run_each = run_du,
    .patterns = EACH_MATCH,
    .summary = "sum up the sizes of files in folders",
    .details =
        "A line has the bytes, the number of files, and the folder. -d 1 also shows the folders in\n"
        "it, -d 2 those in them.\n",
    .examples =
        "  cos du -h cos://mybucket/photos/\n"
        "  cos du -d 1 cos://mybucket/ | sort -n\n",
};

const struct command TREE = {
    .name = "tree",
    .operands = "cos://BUCKET/FOLDER/...",
    .options = "lhszd",
    .least = 1,
    .run_each = run_tree,
    .patterns = EACH_MATCH,
    .summary = "show folders as a tree",
    .details =
        "-d limits how deep it goes; a request or more for each folder, then. With --json there is a reply\n"
        "for every page.\n",
    .examples =
        "  cos tree -d 2 cos://mybucket/\n",
};
