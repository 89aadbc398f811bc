/* Folders, file by file. */
#include "sync.h"

#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "print.h"
#include "remove.h"
#include "system.h"
#include "text.h"
#include "transfer.h"

int needs_plan(const struct place *from, const struct place *to)
{
    return (from->bucket && to->bucket) || option(INCLUDE) || option(EXCLUDE) || option(DRY_RUN) ||
           option(DELETE) || option('u') || option('t');
}

/* Both sides of what is done; sorted by path. */
struct sides {
    const struct place *from, *to;
    struct items source, destination;
    struct items ignored; /* of the source */
};

static void free_sides(struct sides *sides)
{
    items_free(&sides->source);
    items_free(&sides->destination);
    items_free(&sides->ignored);
}

static enum status find_sides(const cos_client *client, struct sides *sides)
{
    enum status status =
        find_files(client, sides->from, 0, &sides->source, &sides->ignored);
    if (status == DONE)
        status = find_files(client, sides->to, MAY_BE_MISSING, &sides->destination, NULL);
    return status;
}

/* Whether the source has this path, or a folder that it is in, as something that was ignored, such as a
 * link: it may stand for what the destination has. */
static int is_ignored(const struct sides *sides, const char *path)
{
    size_t length = 0;
    int found = 0;
    while (path[length] && !found) {
        char *part;
        length += strcspn(path + length, "/");
        part = copy_of_part(path, length);
        found = items_have(&sides->ignored, part);
        free(part);
        length += path[length] == '/';
    }
    return found;
}

static void add_job(const struct sides *sides, const struct item *item,
                    const struct item *there, int is_move, struct jobs *jobs)
{
    struct place from = place_of(formatted("%s%s", sides->from->text, item->path));
    struct place to = place_of(formatted("%s%s", sides->to->text, item->path));
    struct job *job = jobs_add(jobs, from, to);
    job->size = item->size;
    job->mtime = item->mtime;
    job->is_move = is_move;
    if (!to.bucket)
        job->root = strlen(sides->to->path);
    if (there && there->size == item->size && !is_move) {
        job->there = there;
        job->here = item;
    }
}

/* Goes through both sides; what is only at the destination is added to `extra`. */
static void compare(struct sides *sides, int is_move, struct jobs *jobs, struct items *extra)
{
    size_t i = 0, j = 0;
    while (i < sides->source.count || j < sides->destination.count) {
        struct item *source = i < sides->source.count ? &sides->source.list[i] : NULL;
        struct item *there = j < sides->destination.count ? &sides->destination.list[j] : NULL;
        int order = !source ? 1 : !there ? -1 : strcmp(source->path, there->path);
        i += order <= 0;
        j += order >= 0;
        if (order > 0) {
            struct entry entry = {there->path, "{}", 0, 0, there->size, there->mtime};
            if (extra && !is_ignored(sides, there->path))
                items_add(extra, &entry);
        } else if (order == 0 && option('u') && source->mtime <= there->mtime) {
            jobs->unchanged++;
        } else if (order == 0 && option('n') && source->size != there->size) {
            say("%s%s: exists, skipped", sides->to->text, there->path);
            jobs->skipped++;
        } else {
            add_job(sides, source, order == 0 ? there : NULL, is_move, jobs);
        }
    }
}

enum status copy_tree(const cos_client *client, const struct place *from, const struct place *to,
                 int is_move)
{
    struct sides sides = {.from = from, .to = to};
    struct jobs jobs = {.tells_sum = 1};
    /* What is there does not keep a file from being moved, unless it is newer. */
    enum status status = is_move && !option('u') ? find_files(client, from, 0, &sides.source, NULL)
                                                 : find_sides(client, &sides);
    if (status == DONE) {
        compare(&sides, is_move, &jobs, NULL);
        status = jobs_run(client, &jobs);
    }
    jobs_free(&jobs);
    free_sides(&sides);
    return status;
}

/* Whether so much may be deleted. */
static enum status check_deletion(const struct sides *sides, const struct items *extra)
{
    long long most = option(MAX_DELETE) ? strtol(option(MAX_DELETE), NULL, 10) : -1;
    if (extra->count > 0 && sides->source.count == 0 && !option('f'))
        return wrong("%s has no files: --delete would delete all %lld of %s; -f does it all the same",
                     sides->from->text, (long long)extra->count, sides->to->text);
    if (most >= 0 && (long long)extra->count > most)
        return wrong("%lld files of %s would be deleted, and --max-delete is %lld: nothing was done",
                     (long long)extra->count, sides->to->text, most);
    return DONE;
}

static enum status delete_extra(const cos_client *client, const struct place *to,
                                const struct items *extra)
{
    struct jobs jobs = {0};
    enum status status;
    size_t i;
    if (extra->count == 0)
        return DONE;
    if (to->bucket)
        return remove_items(client, to, extra);
    for (i = 0; i < extra->count; i++)
        jobs_add_removal(&jobs, place_of(formatted("%s%s", to->text, extra->list[i].path)),
                         extra->list[i].size);
    status = jobs_run(client, &jobs);
    jobs_free(&jobs);
    return status;
}

enum status sync_folders(const cos_client *client, const struct place *from, const struct place *to)
{
    struct sides sides = {.from = from, .to = to};
    struct items extra = {NULL, 0, 0};
    struct jobs jobs = {.tells_sum = 1};
    enum status status = find_sides(client, &sides);
    if (status == DONE) {
        compare(&sides, 0, &jobs, &extra);
        if (option(DELETE))
            status = check_deletion(&sides, &extra);
    }
    if (status == DONE) {
        status = jobs_run(client, &jobs);
        if (option(DELETE) && extra.count > 0 && (status != DONE || is_interrupted()))
            complain("nothing was deleted");
        else if (option(DELETE))
            status = delete_extra(client, to, &extra);
    }
    jobs_free(&jobs);
    items_free(&extra);
    free_sides(&sides);
    return status;
}
