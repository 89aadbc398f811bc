/* Folders, file by file. */
#include "sync.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "options.h"
#include "print.h"
#include "remove.h"
#include "reply.h"
#include "spelling.h"
#include "system.h"
#include "text.h"
#include "transfer.h"
#include "watch.h"

/* Both sides of what is done; sorted by path. */
struct sides {
    const struct place *from, *to;
    struct items source, destination;
    struct items ignored; /* of the source */
    struct items extra, extra_folders; /* what only the destination has */
    enum status status; /* of what is in the folders; whatever it is, the rest is copied */
    int is_known;       /* whether the destination has nothing but what was found there */
    struct spellings spellings; /* of the source, if it comes to a directory */
};

static void free_sides(struct sides *sides)
{
    items_free(&sides->source);
    items_free(&sides->destination);
    items_free(&sides->ignored);
    items_free(&sides->extra);
    items_free(&sides->extra_folders);
    spellings_free(&sides->spellings);
}

/* Returns what keeps anything from being copied. */
static enum status find_source(const cos_client *client, struct sides *sides)
{
    sides->status = find_files(client_at_source(client), sides->from, WITH_FOLDERS, &sides->source,
                               &sides->ignored);
    return sides->source.count > 0 ? DONE : sides->status;
}

static enum status find_destination(const cos_client *client, struct sides *sides)
{
    int is_cut = 0;
    enum status status =
        find_there(client, sides->to, &sides->source, &sides->destination, &is_cut);
    sides->is_known = status == DONE && !is_cut;
    sides->status = sides->status != DONE ? sides->status : status;
    return sides->destination.count > 0 ? DONE : status;
}

/* Makes the directory that downloads go to. */
static enum status make_root(const struct place *to)
{
    char *path = copy_of(to->path);
    size_t length = strlen(path);
    int error;
    while (length > 1 && is_separator(path[length - 1]))
        path[--length] = '\0';
    error = to->bucket || option(DRY_RUN) ? 0 : make_directory(path);
    free(path);
    return error ? wrong("%s: %s", to->text, strerror(error)) : DONE;
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

/* Why a file or folder of the source can't come to a directory: what it is called there is something else.
 * NULL if it can; else to be freed. */
static char *find_clash(const struct sides *sides, const char *path)
{
    return have_another(&sides->spellings, path)
               ? formatted(in_language("%s: another name differs from it only in capital letters"), path)
               : NULL;
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
    job->here = item;
    job->problem = find_clash(sides, item->path);
    if (!from.bucket || !to.bucket)
        job->root = strlen((from.bucket ? sides->to : sides->from)->path);
    if (there && there->size == item->size && !is_move)
        job->there = there;
    job->is_unknown = to.bucket && !there && !sides->is_known && (!is_move || option('u'));
    job->looks_at_times = !to.bucket && !there && !sides->is_known && option('u');
}

/* Adds nothing but the failure of a folder that has content: it can't come along, and must not be lost. */
static void add_refusal(const struct sides *sides, const struct item *folder, struct jobs *jobs)
{
    struct place from = place_of(formatted("%s%s", sides->from->text, folder->path));
    struct place to = place_of(formatted("%s%s", sides->to->text, folder->path));
    struct job *job = jobs_add_folder(jobs, from, to);
    job->problem = formatted(in_language("%s: a folder with content of its own, which can't be copied"),
                             from.text);
}

/* Adds what the source has and `there`, the first behind it at the destination, is not. A folder with files
 * comes with them; --delete takes away what the destination has in an empty one. */
static void add_new(const struct sides *sides, const struct item *source, const struct item *there,
                    int is_move, struct jobs *jobs)
{
    struct job *job;
    if (!source->is_folder && !sides->to->bucket && has_partial_name(source->path)) {
        say("%-10s %s: %s", in_language("ignored"), source->path,
            in_language("it has the name of an unfinished download"));
    } else if (has_own_content(source)) {
        add_refusal(sides, source, jobs);
    } else if (!source->is_folder) {
        add_job(sides, source, NULL, is_move, jobs);
    } else if (sides->status == DONE && source->is_empty &&
               (option(DELETE) || !there || !is_in_folder(there->path, source->path))) {
        job = jobs_add_folder(jobs, place_of(formatted("%s%s", sides->from->text, source->path)),
                              place_of(formatted("%s%s", sides->to->text, source->path)));
        if (!sides->to->bucket)
            job->root = strlen(sides->to->path);
        job->problem = find_clash(sides, source->path);
    }
}

/* Notes what only the destination has; `source` is the first behind it there. */
static void add_extra(struct sides *sides, struct item *there, const struct item *source)
{
    struct entry entry = entry_of(there);
    size_t length = strlen(there->path) - (size_t)there->is_folder;
    if (has_own_content(there) || is_ignored(sides, there->path) ||
        have_spelling(&sides->spellings, there->path, length))
        there->stays = 1;
    else if (!there->is_folder)
        items_add(&sides->extra, &entry);
    else if (!there->has_hidden && (!source || !is_in_folder(source->path, there->path)))
        items_add(&sides->extra_folders, &entry);
}

/* Whether something in a folder of the destination stays. */
static int has_what_stays(const struct items *destination, const char *folder)
{
    size_t i = items_from(destination, folder);
    while (i < destination->count && is_in_folder(destination->list[i].path, folder) &&
           !destination->list[i].stays)
        i++;
    return i < destination->count && is_in_folder(destination->list[i].path, folder);
}

/* Takes the folders that stay from those that only the destination has. */
static void drop_what_stays(struct sides *sides)
{
    struct items *folders = &sides->extra_folders, all = *folders;
    size_t i;
    memset(folders, 0, sizeof *folders);
    for (i = 0; i < all.count; i++) {
        struct entry entry = entry_of(&all.list[i]);
        if (!has_what_stays(&sides->destination, entry.path))
            items_add(folders, &entry);
    }
    items_free(&all);
}

/* Goes through both sides. */
static void compare(struct sides *sides, int is_move, struct jobs *jobs)
{
    size_t i = 0, j = 0;
    if (!sides->to->bucket)
        note_spellings(&sides->spellings, &sides->source);
    while (i < sides->source.count || j < sides->destination.count) {
        struct item *source = i < sides->source.count ? &sides->source.list[i] : NULL;
        struct item *there = j < sides->destination.count ? &sides->destination.list[j] : NULL;
        int order = !source ? 1 : !there ? -1 : strcmp(source->path, there->path);
        i += order <= 0;
        j += order >= 0;
        if (order > 0) {
            add_extra(sides, there, source);
        } else if (order < 0) {
            add_new(sides, source, there, is_move, jobs);
        } else if (source->is_folder) {
            if (has_own_content(source))
                add_refusal(sides, source, jobs);
        } else if (option('u') && source->mtime <= there->mtime) {
            char *from = formatted("%s%s", sides->from->text, source->path);
            char *to = formatted("%s%s", sides->to->text, there->path);
            jobs_skip_not_newer(jobs, from, to);
            free(to);
            free(from);
        } else if (option('n') && source->size != there->size) {
            say("%s%s -> %s%s: exists, skipped", sides->from->text, source->path, sides->to->text,
                there->path);
            jobs->skipped++;
        } else {
            add_job(sides, source, there, is_move, jobs);
        }
    }
    drop_what_stays(sides);
}

/* Removes a local directory, whose path ends with '/', if it is empty. Returns whether it has done so. */
static int remove_directory(const char *path)
{
    char *local = copy_of_part(path, strlen(path) - 1);
    int is_gone = *local && remove_path(local) == 0;
    free(local);
    return is_gone;
}

/* Removes the directories that what was moved leaves empty, and the root if it is one of them. A link to the
 * root stays, with the directory that it leads to: neither was copied. */
static void remove_directories(const struct place *root, const struct items *moved)
{
    char *itself = copy_of_part(root->path, strlen(root->path) - 1);
    int is_link = *itself && look_at(itself).is_link;
    size_t i;
    free(itself);
    for (i = moved->count; i-- > 0;) {
        char *path = copy_of(moved->list[i].path), *slash;
        int is_gone = 1;
        while (is_gone && (slash = strrchr(path, '/')) != NULL) {
            char *local;
            slash[1] = '\0';
            local = formatted("%s%s", root->path, path);
            is_gone = remove_directory(local);
            free(local);
            *slash = '\0';
        }
        free(path);
    }
    if (!is_link)
        remove_directory(root->path);
}

static int has_files(const struct items *items)
{
    size_t i;
    for (i = 0; i < items->count; i++) {
        if (!items->list[i].is_folder)
            return 1;
    }
    return 0;
}

/* Whether so much may be deleted. */
static enum status check_deletion(const struct sides *sides)
{
    long long files = (long long)sides->extra.count, folders = (long long)sides->extra_folders.count;
    long long most = option(MAX_DELETE) ? strtol(option(MAX_DELETE), NULL, 10) : -1;
    int is_from_nothing = files + folders > 0 && !has_files(&sides->source) && !option('f');
    char *amount = folders == 0 ? formatted(in_language("%lld files"), files)
                   : files == 0 ? formatted(in_language("%lld folders"), folders)
                                : formatted(in_language("%lld files and %lld folders"), files, folders);
    enum status status = DONE;
    if (is_from_nothing)
        status = wrong("%s has no files: --delete would delete %s of %s; -f does it all the same",
                       sides->from->text, amount, sides->to->text);
    else if (most >= 0 && files + folders > most)
        status = wrong("%s of %s would be deleted, and --max-delete is %lld: nothing was done", amount,
                       sides->to->text, most);
    free(amount);
    return status;
}

/* Does what comparing has found. */
static enum status run_copies(const cos_client *client, const struct sides *sides, struct jobs *jobs)
{
    enum status status = make_root(sides->to);
    jobs->status = sides->status;
    jobs->failed = sides->source.unread + sides->destination.unread;
    return status == DONE ? jobs_run(client, jobs) : status;
}

enum status copy_tree(const cos_client *client, const struct place *from, const struct place *to,
                 int is_move)
{
    struct sides sides = {.from = from, .to = to};
    struct jobs jobs = {.tells_sum = 1};
    enum status status = find_source(client, &sides);
    /* What is there does not keep a file from being moved, unless it is newer. */
    if (status == DONE && (!is_move || option('u')))
        status = find_destination(client, &sides);
    if (status == DONE) {
        compare(&sides, is_move, &jobs);
        status = run_copies(client, &sides, &jobs);
    }
    if (is_move && !from->bucket && status == DONE && !option(DRY_RUN) && !stops())
        remove_directories(from, &sides.source);
    jobs_free(&jobs);
    free_sides(&sides);
    return status;
}

/* Deletes a folder if nothing is in it. */
static enum status delete_folder(const cos_client *client, const struct place *folder)
{
    char *json = NULL;
    int code;
    enum status status = DONE;
    if (!folder->bucket) {
        if (remove_directory(folder->path))
            say("deleted %s", folder->text);
        return DONE;
    }
    code = cos_del_folder(client, folder->bucket, folder->path, NULL, &json);
    if (code == COS_OK)
        say("deleted %s", folder->text);
    if (code != COS_ERR_FOLDER_NOT_EMPTY && code != COS_ERR_NOT_FOUND)
        status = check(code, json, folder, folder);
    cos_string_free(json);
    return status;
}

/* Deletes the folders that only the destination has, the innermost first, as far as they are empty. */
static enum status delete_folders(const cos_client *client, const struct place *to,
                                  const struct items *folders)
{
    enum status status = DONE;
    size_t i;
    interrupts_end();
    for (i = folders->count; i-- > 0 && status == DONE && !stops();) {
        struct place folder = place_of(formatted("%s%s", to->text, folders->list[i].path));
        if (option(DRY_RUN))
            say("would delete %s", folder.text);
        else
            status = delete_folder(client, &folder);
        place_free(&folder);
    }
    return status;
}

enum status sync_folders(const cos_client *client, const struct place *from, const struct place *to)
{
    struct sides sides = {.from = from, .to = to};
    struct jobs jobs = {.tells_sum = 1};
    enum status status = find_source(client, &sides);
    if (status == DONE)
        status = find_destination(client, &sides);
    if (status == DONE) {
        compare(&sides, 0, &jobs);
        if (option(DELETE) && sides.status == DONE)
            status = check_deletion(&sides);
    }
    if (status == DONE) {
        status = run_copies(client, &sides, &jobs);
        if (option(DELETE) && sides.extra.count + sides.extra_folders.count > 0 &&
            (status != DONE || stops()))
            complain("nothing was deleted");
        else if (option(DELETE) && status == DONE && sides.extra.count > 0)
            status = remove_items(client, to, &sides.extra);
        if (option(DELETE) && status == DONE)
            status = delete_folders(client, to, &sides.extra_folders);
    }
    jobs_free(&jobs);
    free_sides(&sides);
    return status;
}
