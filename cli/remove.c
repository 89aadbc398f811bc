/* Removes many files at the service: with the XML API a thousand at a time. */
#include "remove.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "jobs.h"
#include "options.h"
#include "print.h"
#include "progress.h"
#include "reply.h"
#include "system.h"
#include "text.h"
#include "watch.h"
#include "xml.h"

/* Files that are removed by requests for many. */
struct removal {
    const cos_client *client;
    const struct place *folder;
    const struct items *items;
    long long deleted, failed;
    enum status status;
};

/* Whether the service has refused this key, which is its path without the first slash. */
static int is_refused(const char *body, const char *path)
{
    const char *error = body;
    int refused = 0;
    while (!refused && (error = xml_next(error, "Error")) != NULL) {
        char *key = xml_text(error, "Key"), *code = xml_text(error, "Code"),
             *message = xml_text(error, "Message");
        refused = key && strcmp(key, path + 1) == 0 && code && strcmp(code, "NoSuchKey") != 0;
        if (refused)
            complain("%s: %s (%s)", path, message ? message : "?", code);
        free(key);
        free(code);
        free(message);
    }
    return refused;
}

/* Removes the items from the `first`th to the one before the `end`th. Returns the code of the request. */
static int remove_some(struct removal *removal, size_t first, size_t end)
{
    char *body = copy_of("<Delete><Quiet>true</Quiet>"), *json, *answer;
    const struct place *folder = removal->folder;
    int code;
    size_t i;
    for (i = first; i < end; i++) {
        char *key = formatted("%s%s", folder->path + 1, removal->items->list[i].path);
        char *text = xml_escaped(key);
        append(&body, "<Object><Key>%s</Key></Object>", text);
        free(text);
        free(key);
    }
    append(&body, "</Delete>");
    code = cos_request(removal->client, "POST", folder->bucket, "/", "{\"delete\":\"\"}",
                       "{\"Content-Type\":\"application/xml\"}", (const uint8_t *)body, strlen(body),
                       NULL, &json);
    answer = cos_json_string(json, "/data/body");
    lock();
    if (code == COS_ERR_CANCELLED && is_interrupted()) {
        check(code, json, folder, folder); /* nobody knows what is deleted */
    } else if (code != COS_OK) {
        removal->status = check(code, json, folder, folder);
        removal->failed += (long long)(end - first);
    }
    for (i = first; i < end && code == COS_OK; i++) {
        struct place place = place_of(formatted("%s%s", folder->text, removal->items->list[i].path));
        if (answer && is_refused(answer, place.path)) {
            removal->failed++;
            removal->status = FAILED;
        } else {
            say("deleted %s", place.text);
            removal->deleted++;
        }
        progress_add(1);
        place_free(&place);
    }
    if (code == COS_OK)
        print_reply(json);
    unlock();
    cos_string_free(answer);
    cos_string_free(json);
    free(body);
    return code;
}

static void remove_all(void *user)
{
    enum { MOST = 1000, MOST_BYTES = 1000000 };
    struct removal *removal = user;
    size_t first = 0, end, bytes;
    int code = COS_OK;
    for (; first < removal->items->count && code == COS_OK; first = end) {
        for (end = first, bytes = 0; end < removal->items->count && end - first < MOST &&
                                     (end == first || bytes < MOST_BYTES);
             end++)
            bytes += strlen(removal->items->list[end].path) + strlen(removal->folder->path);
        code = remove_some(removal, first, end);
    }
}

static enum status remove_by_thousands(const cos_client *client, const struct place *folder,
                                       const struct items *items)
{
    struct removal removal = {client, folder, items, 0, 0, DONE};
    progress_begin(folder->text, items->count, 1);
    progress_counts_files();
    run_watched(1, remove_all, &removal);
    progress_end();
    say("deleted: %lld, failed: %lld", removal.deleted, removal.failed);
    return removal.status;
}

enum status remove_items(const cos_client *client, const struct place *folder,
                         const struct items *items)
{
    struct jobs jobs = {0};
    enum status status;
    size_t i;
    if (!option(DRY_RUN) && items->count > 1 && speaks_xml(client))
        return remove_by_thousands(client, folder, items);
    for (i = 0; i < items->count; i++)
        jobs_add_removal(&jobs, place_of(formatted("%s%s", folder->text, items->list[i].path)),
                         items->list[i].size);
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
    struct items folders = {NULL, 0, 0};
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
