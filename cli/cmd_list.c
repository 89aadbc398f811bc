/* ls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "print.h"
#include "reply.h"
#include "text.h"

/* A list that is being printed. */
struct listing {
    const cos_client *client;
    struct place folder; /* whose entries come */
    size_t hidden;       /* the length of the part of its path that is not printed */
    struct place *below; /* with -r, the folders that are still to be listed; the next one is last */
    size_t n_below;
    long long files, folders, bytes;
};

static int list_entry(const char *key, const char *entry, void *user)
{
    struct listing *listing = user;
    char *name = cos_json_string(entry, "/name"), *path;
    char date[SHORT_TEXT], size[SHORT_TEXT] = "-";
    int64_t bytes = 0;
    int is_file = cos_json_int(entry, "/filesize", &bytes) == 0;
    (void)key;
    path = formatted("%s%s", listing->folder.path + listing->hidden, name ? name : "?");
    if (is_file)
        snprintf(size, sizeof size, "%lld", (long long)bytes);
    if (option('l'))
        print("%13s  %s  %s%s", size, date_text(number_in(entry, "/mtime"), date), path,
              is_file && is_unfinished(entry, "/filelen", bytes) ? "  (unfinished upload)" : "");
    else
        print("%s", path);
    *(is_file ? &listing->files : &listing->folders) += 1;
    listing->bytes += bytes;
    if (option('r') && !is_file && name && *name) {
        size_t n = ++listing->n_below;
        listing->below = checked(realloc(listing->below, n * sizeof *listing->below));
        listing->below[n - 1] = place_in(&listing->folder, name);
    }
    cos_string_free(name);
    free(path);
    return 0;
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

static enum status list_page(struct listing *listing, struct cursor *cursor,
                             const struct place *about)
{
    const struct place *folder = &listing->folder;
    char *context = quoted(cursor->context ? cursor->context : ""), *json, *next;
    char *options = formatted("{\"num\":199,\"prefix\":%s,\"context\":%s}", cursor->prefix, context);
    int code = cos_list_folder(listing->client, folder->bucket, folder->path, options, &json);
    enum status status = check(code, json, about, about);
    if (status == DONE) {
        int64_t entries = cos_json_each(json, "/data/infos", list_entry, listing);
        cursor->empty_pages = entries > 0 ? 0 : cursor->empty_pages + 1;
    }
    cursor->is_at_end =
        !is_in(json, "/data/listover", "false") && !is_in(json, "/data/listover", "0");
    next = cos_json_string(json, "/data/context");
    if (status == DONE && !cursor->is_at_end && !can_go_on(cursor, next)) {
        complain("%s: the service does not say how the list goes on", about->text);
        status = FAILED;
    }
    advance(cursor, next);
    cos_string_free(json);
    free(options);
    free(context);
    return status;
}

static int by_text_from_end(const void *a, const void *b)
{
    return strcmp(((const struct place *)b)->text, ((const struct place *)a)->text);
}

/* Sorts the folders from the `known`th on. One that the service named twice would be listed twice,
 * and so would every folder in it: it stays only once. */
static void sort_below(struct listing *listing, size_t known)
{
    struct place *below = listing->below;
    size_t i, kept = known;
    if (listing->n_below == known)
        return;
    qsort(below + known, listing->n_below - known, sizeof *below, by_text_from_end);
    for (i = known; i < listing->n_below; i++) {
        if (kept > known && strcmp(below[i].text, below[kept - 1].text) == 0)
            place_free(&below[i]);
        else
            below[kept++] = below[i];
    }
    listing->n_below = kept;
}

/* Lists a folder page by page, so that the first names appear at once. Only names that begin with
 * `begin` are listed; complaints are about the place `about`. */
static enum status list_folder(struct listing *listing, const char *begin,
                               const struct place *about)
{
    struct cursor cursor = {.prefix = quoted(begin), .next_earlier = 1};
    size_t known = listing->n_below;
    enum status status;
    do
        status = list_page(listing, &cursor, about);
    while (status == DONE && !cursor.is_at_end);
    sort_below(listing, known);
    cos_string_free(cursor.context);
    free(cursor.earlier);
    free(cursor.prefix);
    return status;
}

/* Lists the folders that were found, those that are found in them, and so on. */
static enum status list_below(struct listing *listing, const struct place *about)
{
    enum { MOST_FOLDERS = 100000 }; /* the limit of the library */
    enum status status = DONE;
    int folders = 0;
    while (listing->n_below > 0) {
        enum status this_one;
        if (++folders > MOST_FOLDERS) {
            complain("%s: more than %d folders are below it", about->text, MOST_FOLDERS);
            return FAILED;
        }
        place_free(&listing->folder);
        listing->folder = listing->below[--listing->n_below];
        this_one = list_folder(listing, "", &listing->folder);
        status = status != DONE ? status : this_one;
    }
    return status;
}

/* What follows the last slash of the place is how names have to begin. */
static enum status run_ls(const cos_client *client, const struct place *place)
{
    const char *begin = strrchr(place->text, '/') + 1;
    struct listing listing = {.client = client};
    enum status first, below;
    char size[SHORT_TEXT];
    listing.folder = place_of(copy_of_part(place->text, (size_t)(begin - place->text)));
    listing.hidden = strlen(listing.folder.path);
    first = list_folder(&listing, begin, place);
    below = list_below(&listing, place);
    if (first == DONE && option('l'))
        print("files: %lld, folders: %lld, size: %s", listing.files, listing.folders,
              size_text(listing.bytes, size));
    if (first == DONE && listing.files + listing.folders == 0 && !ends_with_slash(place)) {
        complain("%s: no name begins with this", place->text);
        first = MISSING;
    }
    while (listing.n_below > 0)
        place_free(&listing.below[--listing.n_below]);
    place_free(&listing.folder);
    free(listing.below);
    return first != DONE ? first : below;
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
    struct place all = place_of(copy_of("the buckets"));
    char *json;
    int code;
    enum status status;
    if (option('r'))
        return usage("-r needs cos://BUCKET/");
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
    .options = "rl",
    .run_each = run_ls,
    .run_alone = list_buckets,
    .summary = "list folders, or the buckets",
    .details =
        "Without a path it lists the buckets of the account, with the XML API alone.\n"
        "\n"
        "A path that ends with '/' is a folder; otherwise what follows the last '/' is how the names\n"
        "have to begin. With -r the folders in it follow, with everything below them. With --json\n"
        "there is a reply for every page of 199 entries.\n",
};
