/* rm. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "items.h"
#include "jobs.h"
#include "match.h"
#include "options.h"
#include "print.h"
#include "progress.h"
#include "remove.h"
#include "reply.h"
#include "system.h"
#include "text.h"
#include "watch.h"

/* A call that deletes a folder. */
struct deletion {
    const cos_client *client;
    const struct place *place;
    int code;
    char *json;
};

static void delete_folder(void *user)
{
    struct deletion *deletion = user;
    char *options = copy_of("{\"recursive\":true");
    append_option(&options, "concurrency", 'C', 1);
    append(&options, "}");
    deletion->code = cos_del_folder(deletion->client, deletion->place->bucket,
                                    deletion->place->path, options, &deletion->json);
    free(options);
}

/* The failures in a folder. */
struct failures {
    const struct place *folder;
    const char *message; /* of the call: most often that of the first one */
    int has_message;     /* whether it is that of one of them */
};

static int tell_failure(const char *key, const char *entry, void *user)
{
    struct failures *failures = user;
    char *path = cos_json_string(entry, "/path"), *message = cos_json_string(entry, "/message");
    char *whole = formatted("%s: %s", path ? path : "", message ? message : "");
    int is_itself = path && strcmp(path, "./") == 0, code = (int)number_in(entry, "/code");
    (void)key;
    complain("%s%s: %s (%s, %d)", failures->folder->text, is_itself || !path ? "" : path, plain(message),
             cos_code_name(code), code);
    failures->has_message = failures->has_message ||
                            (failures->message && strcmp(failures->message, whole) == 0);
    free(whole);
    cos_string_free(path);
    cos_string_free(message);
    return 0;
}

/* Tells each failure once. */
static enum status tell_failures(const struct deletion *deletion)
{
    char *message = cos_json_string(deletion->json, "/message");
    struct failures failures = {deletion->place, message, 0};
    cos_json_each(deletion->json, "/data/failures", tell_failure, &failures);
    cos_string_free(message);
    if (!failures.has_message)
        return check(deletion->code, deletion->json, deletion->place, deletion->place);
    print_reply(deletion->json);
    give_hint(deletion->code, deletion->json, deletion->place);
    return status_of(deletion->code, deletion->json);
}

static enum status remove_folder(const cos_client *client, const struct place *place)
{
    struct deletion deletion = {client, place, COS_OK, NULL};
    enum status status;
    long long files;
    progress_begin(place->text, 0, 1);
    progress_counts_files();
    run_followed(delete_folder, &deletion);
    progress_end();
    files = number_in(deletion.json, "/data/files");
    if (deletion.code == COS_ERR_NOT_FOUND && option('f')) {
        print_reply(deletion.json);
        cos_string_free(deletion.json);
        return DONE;
    }
    status = tell_failures(&deletion);
    if (status == DONE)
        say("deleted %s (files: %lld, folders: %lld)", place->text, files,
            number_in(deletion.json, "/data/folders"));
    else if (files > 0)
        say("deleted: %lld, failed: %lld", files, number_in(deletion.json, "/data/failed"));
    cos_string_free(deletion.json);
    return status;
}

/* The files of a folder that --include and --exclude let pass. */
static enum status remove_some(const cos_client *client, const struct place *folder)
{
    struct items items = {0};
    enum status status = find_files(client, folder, 0, &items, NULL);
    if (status == DONE)
        status = remove_items(client, folder, &items);
    items_free(&items);
    return status;
}

/* Tells of all that is in a folder, in the order in which it would go: the files, then the folders that were
 * made, the innermost first. */
static enum status tell_what_is_in(const cos_client *client, const struct place *folder)
{
    struct items items = {0};
    struct jobs jobs = {0};
    int flags = WITH_FOLDERS | COUNTS | TELLS_FAILURES | (option('f') ? MAY_BE_MISSING : 0);
    enum status status = walk(client, folder, "", folder, ALL_FILES, flags, items_take, &items);
    size_t i;
    items_sort_by_path(&items);
    for (i = 0; i < items.count; i++) {
        if (!items.list[i].is_folder)
            jobs_add_removal_in(&jobs, folder, &items.list[i]);
    }
    for (i = items.count; i-- > 0;) {
        if (items.list[i].is_folder && *items.list[i].path)
            jobs_add_removal_in(&jobs, folder, &items.list[i]);
    }
    if (status == DONE && (items.count > 0 || !option('f')))
        jobs_add_removal(&jobs, place_of(copy_of(folder->text)), 0);
    jobs.status = status;
    status = jobs_run(client, &jobs);
    jobs_free(&jobs);
    items_free(&items);
    return status;
}

static enum status remove_place(const cos_client *client, const struct place *place, struct jobs *jobs)
{
    if (!ends_with_slash(place)) {
        jobs_add_removal(jobs, place_of(copy_of(place->text)), -1);
        return DONE;
    }
    if (!option('r'))
        return wrong("%s is a folder; -r deletes it with everything below it", place->text);
    if (option(INCLUDE) || option(EXCLUDE))
        return remove_some(client, place);
    if (strcmp(place->path, "/") == 0)
        return wrong("%s is a whole bucket, and stays; '%s**' is all files in it", place->text,
                     place->text);
    return option(DRY_RUN) ? tell_what_is_in(client, place) : remove_folder(client, place);
}

/* What matches a pattern: files by as few requests as can be, folders one after the other. */
static enum status remove_matching(const cos_client *client, const struct place *pattern)
{
    struct items items = {0}, files = {0};
    struct jobs none = {0};
    struct place folder;
    enum status status = find_matching(client, pattern, option('f') ? MAY_BE_MISSING : 0, &folder,
                                       &items);
    size_t i;
    if (status == MISSING && option('f'))
        status = DONE;
    for (i = 0; i < items.count && !stops(); i++) {
        const struct item *item = &items.list[i];
        struct entry entry = entry_of(item);
        if (item->is_folder) {
            struct place below = place_of(formatted("%s%s", folder.text, item->path));
            enum status this_one = remove_place(client, &below, &none);
            status = status != DONE ? status : this_one;
            place_free(&below);
        } else {
            items_add(&files, &entry);
        }
    }
    if (files.count > 0) {
        enum status this_one = remove_items(client, &folder, &files);
        status = status != DONE ? status : this_one;
    }
    place_free(&folder);
    items_free(&items);
    items_free(&files);
    return status;
}

static int are_of_one_bucket(const struct jobs *jobs)
{
    size_t i;
    for (i = 1; i < jobs->count; i++) {
        if (strcmp(jobs->list[i].from.bucket, jobs->list[0].from.bucket) != 0)
            return 0;
    }
    return jobs->count > 0;
}

/* Removes files whether or not they are there. */
static enum status remove_named(const cos_client *client, const struct jobs *jobs)
{
    struct place root = place_of(formatted("cos://%s/", jobs->list[0].from.bucket));
    struct items files = {0};
    enum status status;
    size_t i;
    for (i = 0; i < jobs->count; i++) {
        struct entry entry = {jobs->list[i].from.path + 1, "{}", 0, 0, -1, 0};
        items_add(&files, &entry);
    }
    status = remove_items(client, &root, &files);
    items_free(&files);
    place_free(&root);
    return status;
}

static enum status run_rm(const cos_client *client, const struct place *places, int count)
{
    struct jobs jobs = {0};
    enum status status = DONE, last;
    int i;
    for (i = 0; i < count && !stops(); i++) {
        const struct place *place = &places[i];
        enum status this_one;
        if (!place->bucket)
            this_one = usage("%s does not begin with cos://", place->text);
        else if (place->is_pattern)
            this_one = remove_matching(client, place);
        else
            this_one = is_wanted_place(place) ? remove_place(client, place, &jobs) : DONE;
        status = status != DONE ? status : this_one;
    }
    jobs.status = status;
    if (option('f') && are_of_one_bucket(&jobs) && !stops())
        last = remove_named(client, &jobs);
    else
        last = jobs_run(client, &jobs);
    jobs_free(&jobs);
    return status != DONE ? status : last;
}

const struct command RM = {
    .name = "rm",
    .operands = "cos://BUCKET/PATH...",
    .options = "rfCDIX",
    .least = 1,
    .patterns = OWN_PATTERNS,
    .run = run_rm,
    .summary = "delete for good",
    .details =
        "A folder, whose path ends with '/', is deleted only with -r, and a whole bucket, cos://BUCKET/,\n"
        "not even so; 'cos://BUCKET/**' is all files in it. Wildcards, --include and --exclude are as with\n"
        "cos cp. -f is content with what is not there. Ctrl-C stops it; what is deleted by then is gone.\n",
    .examples =
        "  cos rm cos://mybucket/a.txt cos://mybucket/b.txt\n"
        "  cos rm --dry-run 'cos://mybucket/logs/*.gz'\n"
        "  cos rm -r --include '*.tmp' cos://mybucket/work/\n",
};
