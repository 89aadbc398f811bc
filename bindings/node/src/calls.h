/* Calls of cos.h on threads: what is under way, and how bytes get to a call and from it.
 *
 * A loop is what JavaScript runs on: the main thread or a worker of Node. What its functions do
 * here is done on its thread; what happens to a call is posted to it as an event. */
#ifndef CALLS_H
#define CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "library.h"
#include "system.h"

/* Functions that wait for a server, by what they take besides a client: `texts` are strings, in the
 * order of cos.h, the last of them the options. */
#define OPERATIONS(O) \
    O(stat_file, path) O(update_file, path) O(del_file, path) O(del_files, path) \
    O(move_file, two_paths) O(copy_file, two_paths) \
    O(create_folder, path) O(stat_folder, path) O(update_folder, path) \
    O(list_folder, path) O(del_folder, path) \
    O(upload_file, local) O(upload_folder, local) \
    O(download_file, local) O(download_folder, local) \
    O(upload_buffer, bytes) O(upload_stream, source) \
    O(download_buffer, memory) O(download_stream, sink) \
    O(list_buckets, nothing) O(request, anything)

enum operation {
#define NUMBER(name, takes) OPERATION_##name,
    OPERATIONS(NUMBER)
#undef NUMBER
    N_OPERATIONS
};

enum { MOST_TEXTS = 6 };

enum event_kind {
    EVENT_DONE,  /* the call has ended: code, reply in text, and data if it was for memory */
    EVENT_DATA,  /* bytes of a download, which are to be acknowledged with call_taken */
    EVENT_DRAIN, /* the upload has taken what call_feed had no room for */
    EVENT_LOG    /* a line of the log, in text; code is its level */
};

struct event {
    enum event_kind kind;
    uint32_t id; /* of the call or of the log */
    int code;
    char *text; /* of malloc(), or the library's in EVENT_DONE */
    uint8_t *data;
    size_t size;
};

void event_free(struct event *event);

struct loop;
struct client;
struct call;

/* `post` takes an event, from any thread. It is not called after loop_close. */
struct loop *loop_new(void (*post)(struct event *event, void *to), void *to);
/* Stops all calls. They may end later. */
void loop_close(struct loop *loop);

/* Takes over a client of the library. At most so many of its calls run at a time. */
struct client *client_new(struct loop *loop, cos_client *handle, uint32_t threads);
/* The library's, or NULL once it is closed. */
const cos_client *client_handle(const struct client *client);
/* Where lines go from now on; 0 is a wrong level. */
int client_log(struct client *client, int level, uint32_t id);
/* No call follows; the library's client is freed when the last one has ended. */
void client_close(struct client *client);
/* Nothing refers to it any more. */
void client_collect(struct client *client);

/* What a call is given. */
struct order {
    enum operation operation;
    uint32_t id;
    char *texts[MOST_TEXTS]; /* of malloc(), or NULL */
    const uint8_t *bytes;    /* stay where they are until the call has ended */
    size_t n_bytes;
    uint8_t *copied; /* where `bytes` are of malloc() */
    int64_t size;    /* of a stream */
};

void order_clear(struct order *order);

/* Begins a call, or lets it wait for others of its client. Returns NULL if there is no thread. */
struct call *call_start(struct client *client, const struct order *order);
/* Ends the call early. EVENT_DONE follows as always. */
void call_stop(struct call *call);
void call_progress(const struct call *call, uint64_t *done, uint64_t *total);
/* Gives bytes to an upload, which are copied. Returns 1 if there is room for more, 0 if EVENT_DRAIN
 * will tell of it, -1 if there is no memory. */
int call_feed(struct call *call, const uint8_t *data, size_t size);
/* There are no more bytes. */
void call_feed_end(struct call *call);
/* Bytes of a download were used up. */
void call_taken(struct call *call, size_t size);
/* After EVENT_DONE. */
void call_free(struct call *call);

#endif
