/* ls and buckets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "items.h"
#include "list.h"
#include "options.h"
#include "print.h"
#include "reply.h"
#include "text.h"

/* A list that is being printed. */
struct listing {
    struct items *sorted; /* what is printed only at the end, with --sort; else NULL */
    const char *before;   /* what is put in front of names */
    long long files, folders, bytes;
};

void print_entry(const char *before, const char *path, const struct entry *entry)
{
    char date[SHORT_TEXT], size[SHORT_TEXT] = "-", *left;
    const char *after =
        option('l') && entry->is_unfinished ? in_language("  (unfinished upload)") : "";
    if (!entry->is_folder && option('h'))
        size_text(entry->size, size);
    else if (!entry->is_folder)
        snprintf(size, sizeof size, "%lld", entry->size);
    if (option('l'))
        left = formatted("%13s  %16s  %s", size,
                         entry->mtime ? date_text(entry->mtime, date) : "-", before);
    else
        left = copy_of(before);
    if (entry->is_folder) {
        print_painted(left, path, after);
    } else {
        print("%s%s%s", left, path, after);
    }
    free(left);
}

static int list_entry(const struct entry *entry, void *user)
{
    struct listing *listing = user;
    *(entry->is_folder ? &listing->folders : &listing->files) += 1;
    listing->bytes += entry->size;
    if (listing->sorted)
        items_add(listing->sorted, entry);
    else
        print_entry(listing->before, entry->path, entry);
    return 0;
}

static void print_items(const struct items *items)
{
    size_t i;
    for (i = 0; i < items->count; i++) {
        struct entry entry = entry_of(&items->list[i]);
        print_entry("", entry.path, &entry);
    }
}

void print_total(long long files, long long folders, long long bytes)
{
    char size[SHORT_TEXT];
    print("files: %lld, folders: %lld, size: %s", files, folders, size_text(bytes, size));
}

/* What matches a pattern. */
static enum status list_matching(const cos_client *client, const struct place *place)
{
    struct items items = {0};
    struct place folder;
    enum status status = find_matching(client, place, 0, &folder, &items);
    long long files = 0, bytes = 0;
    size_t i;
    if (items_sort(&items) != DONE)
        status = WRONG;
    if (status == DONE) {
        print_items(&items);
        for (i = 0; i < items.count; i++) {
            files += !items.list[i].is_folder;
            bytes += items.list[i].size;
        }
        if (option('l'))
            print_total(files, (long long)items.count - files, bytes);
    }
    place_free(&folder);
    items_free(&items);
    return status;
}

/* What follows the last slash of the place is how names have to begin. */
static enum status run_ls(const cos_client *client, const struct place *place)
{
    const char *begin = strrchr(place->text, '/') + 1;
    struct items sorted = {0};
    struct listing listing = {option('s') || option(REVERSE) ? &sorted : NULL, "", 0, 0, 0};
    struct place folder;
    enum status status;
    if (place->is_pattern)
        return list_matching(client, place);
    if (items_sort(&sorted) != DONE)
        return WRONG;
    folder = place_of(copy_of_part(place->text, (size_t)(begin - place->text)));
    status = walk(client, &folder, begin, place, option('r') ? BY_FOLDER : IN_FOLDER,
                  TELLS_REPLIES, list_entry, &listing);
    items_sort(&sorted);
    print_items(&sorted);
    if (option('l') && (status == DONE || listing.files + listing.folders > 0))
        print_total(listing.files, listing.folders, listing.bytes);
    if (status == DONE && listing.files + listing.folders == 0 && !ends_with_slash(place)) {
        complain("%s: no name begins with this", place->text);
        status = MISSING;
    }
    place_free(&folder);
    items_free(&sorted);
    return status;
}

static int list_bucket(const char *key, const char *bucket, void *user)
{
    char *name = cos_json_string(bucket, "/name"), *region = cos_json_string(bucket, "/region");
    char date[SHORT_TEXT];
    (void)key;
    (void)user;
    if (option('l'))
        print("%-14s  %s  cos://%s/", region ? region : "?",
              date_text(number_in(bucket, "/ctime"), date), name ? name : "?");
    else
        print("cos://%s/", name ? name : "?");
    cos_string_free(name);
    cos_string_free(region);
    return 0;
}

static enum status list_buckets(const cos_client *client)
{
    struct place all = place_of(copy_of(in_language("the buckets")));
    char *json;
    int code;
    enum status status;
    if (option('r')) {
        place_free(&all);
        return usage("-r needs cos://BUCKET/");
    }
    code = cos_list_buckets(client, NULL, &json);
    if (is_in(json, "/error/argument", "api")) {
        print_reply(json);
        status = usage("the JSON API can't list buckets: name one, or use the XML API's with --api v5");
    } else {
        status = check(code, json, &all, &all);
    }
    if (status == DONE)
        cos_json_each(json, "/data/buckets", list_bucket, NULL);
    cos_string_free(json);
    place_free(&all);
    return status;
}

const struct command LS = {
    .name = "ls",
    .operands = "[cos://BUCKET/PATH...]",
    .options = "rlhsz",
    .patterns = OWN_PATTERNS,
    .run_each = run_ls,
    .run_alone = list_buckets,
    .summary = "list folders, or the buckets",
    .details =
        "Without a path it lists the buckets of the account, with the XML API alone.\n"
        "\n"
        "A path that ends with '/' is a folder; otherwise what follows the last '/' is how the names\n"
        "have to begin. With -r everything below is listed. A path may have wildcards, see cos help cp:\n"
        "a folder that matches is listed itself, also with -r. With --json there is a reply for every\n"
        "page.\n",
    .examples =
        "  cos ls -lh cos://mybucket/docs/\n"
        "  cos ls -l --sort size 'cos://mybucket/logs/*.gz'\n",
};

const struct command BUCKETS = {
    .name = "buckets",
    .operands = "",
    .options = "l",
    .most = -1,
    .run_alone = list_buckets,
    .summary = "list the buckets of the account",
    .details =
        "With the XML API alone. -l shows the regions and when they were made.\n",
};
