/* Removes many files at the service by one call. */
#include "remove.h"

#include <stdlib.h>
#include <string.h>

#include "jobs.h"
#include "options.h"
#include "print.h"
#include "progress.h"
#include "reply.h"
#include "system.h"
#include "text.h"
#include "transfer.h"
#include "watch.h"

/* A call that removes files. */
struct removal {
    const cos_client *client;
    const struct place *folder;
    char *paths; /* as the call takes them */
    int code;
    char *json;
    struct items left; /* with their whole paths */
};

/* The paths of the items as a JSON array. There may be a million of them. */
static char *paths_of(const struct place *folder, const struct items *items)
{
    size_t length = 0, room = 1024, i;
    char *json = checked(malloc(room));
    for (i = 0; i < items->count; i++) {
        char *path = formatted("%s%s", folder->path, items->list[i].path), *text = quoted(path);
        size_t more = strlen(text) + 1;
        if (room < length + more + sizeof "]") {
            room = (length + more) * 2;
            json = checked(realloc(json, room));
        }
        json[length] = i == 0 ? '[' : ',';
        memcpy(json + length + 1, text, more - 1);
        length += more;
        free(text);
        free(path);
    }
    strcpy(json + length, "]");
    return json;
}

static void remove_all(void *user)
{
    struct removal *removal = user;
    char *options = formatted("{\"concurrency\":%d}", given_concurrency());
    removal->code = cos_del_files(removal->client, removal->folder->bucket, removal->paths, options,
                                  &removal->json);
    free(options);
}

static int take_failure(const char *key, const char *json, void *user)
{
    struct removal *removal = user;
    char *path = cos_json_string(json, "/path"), *message = cos_json_string(json, "/message");
    struct entry entry = {path ? path : "?", "{}", 0, 0, -1, 0};
    int code = (int)number_in(json, "/code");
    (void)key;
    complain("cos://%s%s: %s (%s, %d)", removal->folder->bucket, entry.path, plain(message),
             cos_code_name(code), code);
    items_add(&removal->left, &entry);
    cos_string_free(path);
    cos_string_free(message);
    return 0;
}

static void say_deleted(const struct removal *removal, const struct items *items)
{
    size_t i;
    for (i = 0; i < items->count; i++) {
        struct place place = place_of(formatted("%s%s", removal->folder->text, items->list[i].path));
        if (!items_have(&removal->left, place.path))
            say("deleted %s", place.text);
        place_free(&place);
    }
}

static enum status tell(struct removal *removal, const struct items *items)
{
    int code = removal->code, was_stopped = code == COS_ERR_CANCELLED && stops();
    long long deleted = number_in(removal->json, "/data/files");
    long long failed = number_in(removal->json, "/data/failed");
    long long others = (long long)items->count - deleted - failed;
    cos_json_each(removal->json, "/data/failures", take_failure, removal);
    items_sort_by_path(&removal->left);
    if (code == COS_OK || (failed > 0 && !was_stopped)) {
        print_reply(removal->json);
        give_hint(code, removal->json, removal->folder);
    } else {
        check(code, removal->json, removal->folder, removal->folder);
    }
    /* Otherwise nobody knows which of them are gone. */
    if (others == 0)
        say_deleted(removal, items);
    else if (failed > 0 && !was_stopped)
        complain("the service can't be reached; %lld more were not tried", others);
    say("deleted: %lld, failed: %lld", deleted, failed);
    return status_of(code, removal->json);
}

/* Removes several by one call. Returns whether the library takes all of their paths. */
static int remove_together(const cos_client *client, const struct place *folder,
                           const struct items *items, enum status *status)
{
    struct removal removal = {.client = client, .folder = folder};
    int is_taken;
    removal.paths = paths_of(folder, items);
    progress_begin(folder->text, items->count, 1);
    progress_counts_files();
    run_followed(remove_all, &removal);
    progress_end();
    is_taken = !is_in(removal.json, "/error/argument", "cos_paths");
    if (is_taken)
        *status = tell(&removal, items);
    items_free(&removal.left);
    cos_string_free(removal.json);
    free(removal.paths);
    return is_taken;
}

enum status remove_items(const cos_client *client, const struct place *folder,
                         const struct items *items)
{
    struct jobs jobs = {0};
    enum status status;
    size_t i;
    if (folder->bucket && !option(DRY_RUN) && items->count > 1 && remove_together(client, folder, items, &status))
        return status;
    for (i = 0; i < items->count; i++)
        jobs_add_removal_in(&jobs, folder, &items->list[i]);
    status = jobs_run(client, &jobs);
    jobs_free(&jobs);
    return status;
}

static int take_folder(const struct entry *entry, void *user)
{
    if (entry->is_folder)
        items_add(user, entry);
    return 0;
}

void remove_empty_folders(const cos_client *client, const struct place *folder)
{
    struct items folders = {0};
    size_t i;
    walk(client, folder, "", folder, BY_FOLDER, MAY_BE_MISSING, take_folder, &folders);
    items_sort_by_path(&folders);
    for (i = folders.count; i-- > 0;) { /* those in a folder come behind it */
        char *path = formatted("%s%s", folder->path, folders.list[i].path);
        cos_del_folder(client, folder->bucket, path, NULL, NULL);
        free(path);
    }
    cos_del_folder(client, folder->bucket, folder->path, NULL, NULL);
    items_free(&folders);
}
