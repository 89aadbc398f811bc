#include "calls.h"

#include <stdlib.h>
#include <string.h>

/* Bytes that wait between a call and JavaScript, before the faster of the two has to wait. */
enum { ROOM = 1024 * 1024 };

struct loop {
    system_lock lock; /* of everything here */
    system_signal ended;
    void (*post)(struct event *event, void *to);
    void *to;
    int is_closed;
    int users; /* clients, and whoever has made it */
    struct call *calls;
};

struct log {
    struct client *client;
    uint32_t id;
    struct log *next;
};

struct client {
    struct loop *loop;
    cos_client *handle;
    int is_closed, is_collected;
    uint32_t most_threads, threads;
    uint32_t calls; /* waiting or running */
    struct call *first, **last; /* those that wait */
    struct log *logs; /* calls under way may use an earlier one */
};

/* What was fed to an upload. */
struct chunk {
    struct chunk *next;
    size_t size, at;
    uint8_t data[];
};

enum state { WAITING, RUNNING, DONE };

struct call {
    struct client *client;
    struct order order;
    enum state state;
    cos_transfer *transfer;
    struct call *next_waiting, *next, **place;

    int is_stopped, is_fed, wants_room;
    system_signal changed;
    struct chunk *first, **last;
    size_t n_between; /* bytes that were fed and not read, or posted and not taken */

    int code;
    char *reply;
    uint8_t *data;
    size_t size;
};

static void *copy_of(const void *data, size_t size)
{
    void *copy = malloc(size ? size : 1);
    if (copy && size)
        memcpy(copy, data, size);
    return copy;
}

/* Events. */

void event_free(struct event *event)
{
    if (event->kind == EVENT_DONE) {
        lib.string_free(event->text);
        lib.buffer_free(event->data, event->size);
    } else {
        free(event->text);
        free(event->data);
    }
    free(event);
}

/* Takes over text and data. The lock is held, the loop open. Returns 0, or -1 without memory. */
static int post(struct loop *loop, struct event given)
{
    struct event *event = copy_of(&given, sizeof given);
    if (!event)
        return -1;
    loop->post(event, loop->to);
    return 0;
}

/* The loop. */

struct loop *loop_new(void (*post)(struct event *event, void *to), void *to)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return NULL;
    lock_init(&loop->lock);
    signal_init(&loop->ended);
    loop->post = post;
    loop->to = to;
    loop->users = 1;
    return loop;
}

/* Releases the lock, after somebody has left. */
static void loop_leave(struct loop *loop)
{
    int users = --loop->users;
    lock_release(&loop->lock);
    if (users > 0)
        return;
    lock_destroy(&loop->lock);
    signal_destroy(&loop->ended);
    free(loop);
}

static int is_running_on_borrowed_bytes(const struct loop *loop)
{
    const struct call *call;
    for (call = loop->calls; call; call = call->next) {
        if (call->state == RUNNING && call->order.bytes && !call->order.copied)
            return 1;
    }
    return 0;
}

static void discard(struct call *call);
static void end_waiting(struct call *call);
static void stop_running(struct call *call);

void loop_close(struct loop *loop)
{
    struct call *call, *next;
    lock_take(&loop->lock);
    loop->is_closed = 1;
    for (call = loop->calls; call; call = next) {
        next = call->next;
        if (call->state == WAITING)
            end_waiting(call);
        else if (call->state == RUNNING)
            stop_running(call);
        else
            discard(call);
    }
    /* The bytes of an upload go away with the loop. */
    while (is_running_on_borrowed_bytes(loop))
        signal_wait(&loop->ended, &loop->lock);
    loop_leave(loop);
}

/* Clients. */

struct client *client_new(struct loop *loop, cos_client *handle, uint32_t threads)
{
    struct client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->loop = loop;
    client->handle = handle;
    client->most_threads = threads;
    client->last = &client->first;
    lock_take(&loop->lock);
    loop->users++;
    lock_release(&loop->lock);
    return client;
}

const cos_client *client_handle(const struct client *client)
{
    return client->is_closed ? NULL : client->handle;
}

/* Frees what nobody uses any more, and releases the lock. */
static void client_leave(struct client *client)
{
    struct loop *loop = client->loop;
    struct log *log;
    if (client->is_closed && client->calls == 0) {
        lib.client_free(client->handle);
        client->handle = NULL;
        while ((log = client->logs)) {
            client->logs = log->next;
            free(log);
        }
    }
    if (client->is_collected && client->calls == 0 && client->threads == 0) {
        free(client);
        loop_leave(loop);
    } else {
        lock_release(&loop->lock);
    }
}

void client_close(struct client *client)
{
    lock_take(&client->loop->lock);
    client->is_closed = 1;
    client_leave(client);
}

void client_collect(struct client *client)
{
    lock_take(&client->loop->lock);
    client->is_closed = client->is_collected = 1;
    client_leave(client);
}

static void take_line(int level, const char *line, void *user)
{
    struct log *log = user;
    struct loop *loop = log->client->loop;
    struct event event = {EVENT_LOG, 0, 0, NULL, NULL, 0};
    event.id = log->id;
    event.code = level;
    event.text = copy_of(line, strlen(line) + 1);
    lock_take(&loop->lock);
    if (!event.text || loop->is_closed || post(loop, event) != 0)
        free(event.text);
    lock_release(&loop->lock);
}

int client_log(struct client *client, int level, uint32_t id)
{
    struct log *log = calloc(1, sizeof *log);
    if (!log || lib.client_set_log(client_handle(client), level, take_line, log) != 0) {
        free(log);
        return -1;
    }
    log->client = client;
    log->id = id;
    log->next = client->logs;
    client->logs = log;
    return 0;
}

/* Calls. */

void order_clear(struct order *order)
{
    int i;
    for (i = 0; i < MOST_TEXTS; i++)
        free(order->texts[i]);
    free(order->copied);
    memset(order, 0, sizeof *order);
}

static int64_t read_fed(uint8_t *buffer, size_t size, void *user)
{
    struct call *call = user;
    struct loop *loop = call->client->loop;
    struct event drain = {EVENT_DRAIN, 0, 0, NULL, NULL, 0};
    struct chunk *chunk;
    int64_t result = 0;
    drain.id = call->order.id;
    lock_take(&loop->lock);
    while (!call->first && !call->is_fed && !call->is_stopped)
        signal_wait(&call->changed, &loop->lock);
    chunk = call->first;
    if (call->is_stopped) {
        result = -1;
    } else if (chunk) {
        size_t left = chunk->size - chunk->at;
        size = size < left ? size : left;
        memcpy(buffer, chunk->data + chunk->at, size);
        chunk->at += size;
        call->n_between -= size;
        result = (int64_t)size;
        if (size == left) {
            call->first = chunk->next;
            if (!call->first)
                call->last = &call->first;
            free(chunk);
        }
        if (call->wants_room && call->n_between < ROOM) {
            call->wants_room = 0;
            if (post(loop, drain) != 0)
                result = -1;
        }
    }
    lock_release(&loop->lock);
    return result;
}

static int write_data(const uint8_t *data, size_t size, void *user)
{
    struct call *call = user;
    struct loop *loop = call->client->loop;
    struct event event = {EVENT_DATA, 0, 0, NULL, NULL, 0};
    int result = 0;
    event.id = call->order.id;
    event.size = size;
    event.data = copy_of(data, size);
    lock_take(&loop->lock);
    while (call->n_between >= ROOM && !call->is_stopped)
        signal_wait(&call->changed, &loop->lock);
    call->n_between += size;
    if (!event.data || call->is_stopped || post(loop, event) != 0) {
        free(event.data);
        result = 1;
    }
    lock_release(&loop->lock);
    return result;
}

#define CALL_path(name) lib.name(client, t[0], t[1], t[2], &call->reply)
#define CALL_two_paths(name) lib.name(client, t[0], t[1], t[2], t[3], &call->reply)
#define CALL_local(name) lib.name(client, t[0], t[1], t[2], t[3], call->transfer, &call->reply)
#define CALL_bytes(name) \
    lib.name(client, t[0], t[1], order->bytes, order->n_bytes, t[2], call->transfer, &call->reply)
#define CALL_source(name) \
    lib.name(client, t[0], t[1], order->size, read_fed, call, t[2], call->transfer, &call->reply)
#define CALL_memory(name) \
    lib.name(client, t[0], t[1], t[2], call->transfer, &call->data, &call->size, &call->reply)
#define CALL_sink(name) \
    lib.name(client, t[0], t[1], t[2], call->transfer, write_data, call, &call->reply)
#define CALL_nothing(name) lib.name(client, t[0], &call->reply)
#define CALL_anything(name) \
    lib.name(client, t[0], t[1], t[2], t[3], t[4], order->bytes, order->n_bytes, t[5], &call->reply)

/* By a handle that the call's transfer stops, whatever it does. */
static void run(struct call *call)
{
    const struct order *order = &call->order;
    char *const *t = order->texts;
    cos_client *client;
    call->code =
        lib.client_with_transfer(call->client->handle, call->transfer, &client, &call->reply);
    if (call->code != COS_OK)
        return;
    lib.string_free(call->reply);
    call->reply = NULL;
    switch (order->operation) {
#define CASE(name, takes) \
    case OPERATION_##name: \
        call->code = CALL_##takes(name); \
        break;
        OPERATIONS(CASE)
#undef CASE
    case N_OPERATIONS:
        break;
    }
    lib.client_free(client);
}

/* The lock is held; the call is neither waiting nor running. */
static void discard(struct call *call)
{
    struct chunk *chunk;
    *call->place = call->next;
    if (call->next)
        call->next->place = call->place;
    while ((chunk = call->first)) {
        call->first = chunk->next;
        free(chunk);
    }
    order_clear(&call->order);
    lib.transfer_free(call->transfer);
    signal_destroy(&call->changed);
    free(call);
}

/* Tells that a call has ended. The lock is held. */
static void tell_end(struct call *call)
{
    struct loop *loop = call->client->loop;
    struct event event = {EVENT_DONE, 0, 0, NULL, NULL, 0};
    event.id = call->order.id;
    event.code = call->code;
    event.text = call->reply;
    event.data = call->data;
    event.size = call->size;
    call->state = DONE;
    call->client->calls--;
    if (!loop->is_closed && post(loop, event) == 0)
        return;
    lib.string_free(call->reply);
    lib.buffer_free(call->data, call->size);
    if (loop->is_closed)
        discard(call);
}

/* A thread: takes what waits, and ends when nothing does. */
static void work(void *argument)
{
    struct client *client = argument;
    struct loop *loop = client->loop;
    struct call *call;
    lock_take(&loop->lock);
    while ((call = client->first)) {
        client->first = call->next_waiting;
        if (!client->first)
            client->last = &client->first;
        call->state = RUNNING;
        lock_release(&loop->lock);
        run(call);
        lock_take(&loop->lock);
        tell_end(call);
        signal_send(&loop->ended);
    }
    client->threads--;
    client_leave(client);
}

struct call *call_start(struct client *client, const struct order *order)
{
    struct loop *loop = client->loop;
    struct call *call = calloc(1, sizeof *call);
    int has_thread = 1;
    if (!call)
        return NULL;
    call->client = client;
    call->order = *order;
    call->last = &call->first;
    signal_init(&call->changed);
    call->transfer = lib.transfer_new();

    lock_take(&loop->lock);
    if (client->threads < client->most_threads) {
        if (thread_start(work, client) == 0)
            client->threads++;
        else
            has_thread = client->threads > 0;
    }
    call->place = &loop->calls;
    call->next = loop->calls;
    if (call->next)
        call->next->place = &call->next;
    loop->calls = call;
    if (has_thread) {
        *client->last = call;
        client->last = &call->next_waiting;
        client->calls++;
    } else {
        memset(&call->order, 0, sizeof call->order); /* stays the caller's */
        discard(call);
        call = NULL;
    }
    lock_release(&loop->lock);
    return call;
}

/* The lock is held. */
static void end_waiting(struct call *call)
{
    struct client *client = call->client;
    struct call **place = &client->first;
    while (*place != call)
        place = &(*place)->next_waiting;
    *place = call->next_waiting;
    if (!*place)
        client->last = place;
    call->code = COS_ERR_CANCELLED;
    tell_end(call);
}

/* The lock is held. */
static void stop_running(struct call *call)
{
    call->is_stopped = 1;
    lib.transfer_cancel(call->transfer);
    signal_send(&call->changed);
}

void call_stop(struct call *call)
{
    struct loop *loop = call->client->loop;
    lock_take(&loop->lock);
    if (call->state == WAITING)
        end_waiting(call);
    else if (call->state == RUNNING)
        stop_running(call);
    lock_release(&loop->lock);
}

void call_progress(const struct call *call, uint64_t *done, uint64_t *total)
{
    lib.transfer_progress(call->transfer, done, total);
}

int call_feed(struct call *call, const uint8_t *data, size_t size)
{
    struct loop *loop = call->client->loop;
    struct chunk *chunk = malloc(sizeof *chunk + size);
    int has_room;
    if (!chunk)
        return -1;
    chunk->next = NULL;
    chunk->size = size;
    chunk->at = 0;
    memcpy(chunk->data, data, size);
    lock_take(&loop->lock);
    *call->last = chunk;
    call->last = &chunk->next;
    call->n_between += size;
    has_room = call->n_between < ROOM || call->state == DONE;
    call->wants_room = !has_room;
    signal_send(&call->changed);
    lock_release(&loop->lock);
    return has_room;
}

void call_feed_end(struct call *call)
{
    struct loop *loop = call->client->loop;
    lock_take(&loop->lock);
    call->is_fed = 1;
    signal_send(&call->changed);
    lock_release(&loop->lock);
}

void call_taken(struct call *call, size_t size)
{
    struct loop *loop = call->client->loop;
    lock_take(&loop->lock);
    call->n_between -= size;
    signal_send(&call->changed);
    lock_release(&loop->lock);
}

void call_free(struct call *call)
{
    struct loop *loop = call->client->loop;
    lock_take(&loop->lock);
    discard(call);
    lock_release(&loop->lock);
}
