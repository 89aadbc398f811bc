/* What JavaScript sees of cos.h: lib/addon.js loads it, and has checked what arrives here. */
#include <node_api.h>

#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "library.h"

/* What is there once for each loop, and again for each time that its modules are loaded. */
struct addon {
    struct loop *loop;
    napi_threadsafe_function events;
};

/* Leaves a function of JavaScript with an exception if Node refuses something. */
#define TRY(call) \
    do { \
        if ((call) != napi_ok) \
            return failed(env, #call); \
    } while (0)

static napi_value failed(napi_env env, const char *what)
{
    bool is_thrown = false;
    napi_is_exception_pending(env, &is_thrown);
    if (!is_thrown)
        napi_throw_error(env, NULL, what);
    return NULL;
}

enum { MOST_ARGUMENTS = 7 };

static napi_status arguments_of(napi_env env, napi_callback_info info, napi_value *arguments)
{
    size_t count = MOST_ARGUMENTS; /* the rest becomes undefined */
    return napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
}

/* A string of malloc(); NULL for null and undefined. */
static napi_status text_of(napi_env env, napi_value value, char **text)
{
    size_t length;
    napi_valuetype type;
    napi_status status = napi_typeof(env, value, &type);
    *text = NULL;
    if (status != napi_ok || type == napi_null || type == napi_undefined)
        return status;
    status = napi_get_value_string_utf8(env, value, NULL, 0, &length);
    if (status != napi_ok)
        return status;
    *text = malloc(length + 1);
    if (!*text)
        return napi_generic_failure;
    return napi_get_value_string_utf8(env, value, *text, length + 1, &length);
}

/* At most MOST_TEXTS strings, the rest of them NULL. */
static napi_status texts_of(napi_env env, napi_value array, char **texts)
{
    uint32_t i, length;
    napi_status status = napi_get_array_length(env, array, &length);
    memset(texts, 0, MOST_TEXTS * sizeof *texts);
    for (i = 0; i < length && i < MOST_TEXTS && status == napi_ok; i++) {
        napi_value value;
        status = napi_get_element(env, array, i, &value);
        if (status == napi_ok)
            status = text_of(env, value, &texts[i]);
    }
    return status;
}

static void free_texts(char **texts)
{
    int i;
    for (i = 0; i < MOST_TEXTS; i++)
        free(texts[i]);
}

static napi_status bytes_of(napi_env env, napi_value value, const uint8_t **bytes, size_t *size)
{
    void *data;
    napi_status status = napi_get_buffer_info(env, value, &data, size);
    *bytes = data;
    return status;
}

/* NULL becomes undefined. */
static napi_status make_text(napi_env env, const char *text, napi_value *value)
{
    if (!text)
        return napi_get_undefined(env, value);
    return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, value);
}

/* [code, reply, client]; frees the reply. */
static napi_value make_answer(napi_env env, int code, char *reply, napi_value client)
{
    napi_value answer, number, text;
    napi_status status = make_text(env, reply, &text);
    lib.string_free(reply);
    TRY(status);
    TRY(napi_create_int32(env, code, &number));
    TRY(napi_create_array(env, &answer));
    TRY(napi_set_element(env, answer, 0, number));
    TRY(napi_set_element(env, answer, 1, text));
    if (client)
        TRY(napi_set_element(env, answer, 2, client));
    return answer;
}

/* The library. */

/* open(path) */
static napi_value open_it(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS];
    char *path, reason[1024];
    int result;
    TRY(arguments_of(env, info, arguments));
    TRY(text_of(env, arguments[0], &path));
    result = open_library(path, reason, sizeof reason);
    free(path);
    if (result != 0)
        TRY(napi_throw_error(env, NULL, reason));
    return NULL;
}

/* version() */
static napi_value version(napi_env env, napi_callback_info info)
{
    napi_value text;
    (void)info;
    TRY(make_text(env, lib.version(), &text));
    return text;
}

/* codeName(code) */
static napi_value code_name(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS], text;
    int32_t code;
    TRY(arguments_of(env, info, arguments));
    TRY(napi_get_value_int32(env, arguments[0], &code));
    TRY(make_text(env, lib.code_name(code), &text));
    return text;
}

/* Events. */

static napi_status make_arguments(napi_env env, const struct event *event, napi_value *arguments)
{
    void *copy;
    napi_status status = napi_create_int32(env, (int32_t)event->kind, &arguments[0]);
    if (status == napi_ok)
        status = napi_create_uint32(env, event->id, &arguments[1]);
    if (status == napi_ok)
        status = napi_create_int32(env, event->code, &arguments[2]);
    if (status == napi_ok)
        status = make_text(env, event->text, &arguments[3]);
    if (status != napi_ok)
        return status;
    if (!event->data)
        return napi_get_undefined(env, &arguments[4]);
    status = napi_create_buffer_copy(env, event->size, event->data, &copy, &arguments[4]);
    /* The call has ended all the same: null stands for more bytes than a Buffer may have. */
    if (status != napi_ok && event->kind == EVENT_DONE &&
        napi_get_and_clear_last_exception(env, &arguments[4]) == napi_ok)
        status = napi_get_null(env, &arguments[4]);
    return status;
}

/* Gives an event to the function of listen(); without an environment Node is ending. */
static void dispatch(napi_env env, napi_value function, void *context, void *data)
{
    napi_value arguments[5], nothing;
    (void)context;
    if (env && make_arguments(env, data, arguments) == napi_ok &&
        napi_get_undefined(env, &nothing) == napi_ok)
        napi_call_function(env, nothing, function, 5, arguments, NULL);
    event_free(data);
}

static void post_to(struct event *event, void *to)
{
    struct addon *addon = to;
    if (napi_call_threadsafe_function(addon->events, event, napi_tsfn_nonblocking) != napi_ok)
        event_free(event);
}

static void close_loop(void *data)
{
    struct addon *addon = data;
    loop_close(addon->loop);
    free(addon);
}

/* listen(function): gives all events of clients and calls that are made with what it returns to
 * function(kind, id, code, text, bytes). */
static napi_value begin(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS], name, external;
    struct addon *addon = calloc(1, sizeof *addon);
    if (!addon || !(addon->loop = loop_new(post_to, addon)))
        return failed(env, "no memory");
    TRY(arguments_of(env, info, arguments));
    TRY(make_text(env, "libcos", &name));
    TRY(napi_create_threadsafe_function(env, arguments[0], NULL, name, 0, 1, NULL, NULL, NULL,
                                        dispatch, &addon->events));
    TRY(napi_unref_threadsafe_function(env, addon->events));
    /* Before Node's own hook, which ends `events`. */
    TRY(napi_add_env_cleanup_hook(env, close_loop, addon));
    TRY(napi_create_external(env, addon, NULL, NULL, &external));
    return external;
}

/* hold(loop, is_held): whether Node goes on to run although it has nothing else to do. */
static napi_value hold(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS];
    void *addon;
    bool is_held;
    TRY(arguments_of(env, info, arguments));
    TRY(napi_get_value_external(env, arguments[0], &addon));
    TRY(napi_get_value_bool(env, arguments[1], &is_held));
    if (is_held)
        TRY(napi_ref_threadsafe_function(env, ((struct addon *)addon)->events));
    else
        TRY(napi_unref_threadsafe_function(env, ((struct addon *)addon)->events));
    return NULL;
}

/* Clients. */

static void collect(napi_env env, void *data, void *hint)
{
    (void)env;
    (void)hint;
    client_collect(data);
}

static napi_value own_client(napi_env env, struct addon *addon, cos_client *handle, uint32_t threads)
{
    napi_value external;
    struct client *client = client_new(addon->loop, handle, threads);
    if (!client)
        return failed(env, "no memory");
    TRY(napi_create_external(env, client, collect, NULL, &external));
    return external;
}

/* newClient(loop, [appid, id, key, region, options], threads): [code, reply, client] */
static napi_value new_client(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS], client = NULL;
    napi_status status;
    cos_client *handle;
    void *addon;
    uint32_t threads;
    char *t[MOST_TEXTS], *reply;
    int code;
    TRY(arguments_of(env, info, arguments));
    TRY(napi_get_value_external(env, arguments[0], &addon));
    TRY(napi_get_value_uint32(env, arguments[2], &threads));
    status = texts_of(env, arguments[1], t);
    if (status == napi_ok)
        code = lib.client_new(t[0], t[1], t[2], t[3], t[4], &handle, &reply);
    free_texts(t);
    TRY(status);
    if (code == COS_OK)
        client = own_client(env, addon, handle, threads);
    return make_answer(env, code, reply, client);
}

static napi_status client_of(napi_env env, napi_value value, struct client **client)
{
    void *data;
    napi_status status = napi_get_value_external(env, value, &data);
    *client = data;
    return status;
}

/* closeClient(client) */
static napi_value close_client(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS];
    struct client *client;
    TRY(arguments_of(env, info, arguments));
    TRY(client_of(env, arguments[0], &client));
    client_close(client);
    return NULL;
}

/* setLog(client, level, id): whether there is such a level */
static napi_value set_log(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS], result;
    struct client *client;
    int32_t level;
    uint32_t id;
    TRY(arguments_of(env, info, arguments));
    TRY(client_of(env, arguments[0], &client));
    TRY(napi_get_value_int32(env, arguments[1], &level));
    TRY(napi_get_value_uint32(env, arguments[2], &id));
    TRY(napi_get_boolean(env, client_log(client, level, id) == 0, &result));
    return result;
}

/* What does not wait, by what it takes: strings, and a number. */
#define AT_ONCE(O) \
    O(client_set_config, (client, t[0], &reply)) \
    O(client_set_credentials, (client, t[0], t[1], t[2], &reply)) \
    O(client_set_temporary_credentials, (client, t[0], t[1], t[2], t[3], &reply)) \
    O(sign_more, (client, t[0], t[1], number, &reply)) \
    O(sign_once, (client, t[0], t[1], &reply)) \
    O(sign_download, (client, t[0], t[1], number, &reply)) \
    O(sign_url, (client, t[0], t[1], t[2], number, t[3], &reply))

/* now(client, name, strings, number): [code, reply] */
static napi_value now(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS];
    napi_status status;
    struct client *owner;
    const cos_client *client;
    int64_t number;
    char *name, *t[MOST_TEXTS], *reply = NULL;
    int code = COS_ERR_INTERNAL;
    TRY(arguments_of(env, info, arguments));
    TRY(client_of(env, arguments[0], &owner));
    TRY(napi_get_value_int64(env, arguments[3], &number));
    TRY(text_of(env, arguments[1], &name));
    client = client_handle(owner);
    status = texts_of(env, arguments[2], t);
#define CALL(function, given) \
    if (status == napi_ok && strcmp(name, #function) == 0) \
        code = lib.function given;
    AT_ONCE(CALL)
#undef CALL
    free(name);
    free_texts(t);
    TRY(status);
    return make_answer(env, code, reply, NULL);
}

/* Calls. */

static napi_status read_order(napi_env env, const napi_value *arguments, struct order *order)
{
    uint32_t operation;
    bool may_borrow;
    napi_status status = napi_get_value_uint32(env, arguments[1], &operation);
    if (status == napi_ok)
        status = napi_get_value_uint32(env, arguments[2], &order->id);
    if (status == napi_ok)
        status = texts_of(env, arguments[3], order->texts);
    if (status == napi_ok)
        status = napi_get_value_int64(env, arguments[4], &order->size);
    if (status == napi_ok)
        status = bytes_of(env, arguments[5], &order->bytes, &order->n_bytes);
    if (status == napi_ok)
        status = napi_get_value_bool(env, arguments[6], &may_borrow);
    if (status != napi_ok)
        return status;
    order->operation = operation;
    if (!may_borrow && order->n_bytes > 0) {
        order->copied = malloc(order->n_bytes);
        if (!order->copied)
            return napi_generic_failure;
        memcpy(order->copied, order->bytes, order->n_bytes);
        order->bytes = order->copied;
    }
    return operation < N_OPERATIONS ? napi_ok : napi_invalid_arg;
}

/* start(client, operation, id, strings, size, bytes, may_borrow): the call */
static napi_value start(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS], external;
    struct order order;
    struct client *client;
    struct call *call = NULL;
    napi_status status;
    memset(&order, 0, sizeof order);
    TRY(arguments_of(env, info, arguments));
    TRY(client_of(env, arguments[0], &client));
    status = read_order(env, arguments, &order);
    if (status == napi_ok)
        call = call_start(client, &order);
    if (!call)
        order_clear(&order);
    TRY(status);
    if (!call)
        return failed(env, "the system has no thread for this call");
    TRY(napi_create_external(env, call, NULL, NULL, &external));
    return external;
}

static napi_status call_of(napi_env env, napi_value value, struct call **call)
{
    void *data;
    napi_status status = napi_get_value_external(env, value, &data);
    *call = data;
    return status;
}

/* stop(call) */
static napi_value stop(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS];
    struct call *call;
    TRY(arguments_of(env, info, arguments));
    TRY(call_of(env, arguments[0], &call));
    call_stop(call);
    return NULL;
}

/* progress(call): [done, total] */
static napi_value progress(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS], pair, number;
    struct call *call;
    uint64_t done, total;
    TRY(arguments_of(env, info, arguments));
    TRY(call_of(env, arguments[0], &call));
    call_progress(call, &done, &total);
    TRY(napi_create_array(env, &pair));
    TRY(napi_create_int64(env, (int64_t)done, &number));
    TRY(napi_set_element(env, pair, 0, number));
    TRY(napi_create_int64(env, (int64_t)total, &number));
    TRY(napi_set_element(env, pair, 1, number));
    return pair;
}

/* feed(call, bytes): whether there is room for more */
static napi_value feed(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS], result;
    struct call *call;
    const uint8_t *bytes;
    size_t size;
    int has_room;
    TRY(arguments_of(env, info, arguments));
    TRY(call_of(env, arguments[0], &call));
    TRY(bytes_of(env, arguments[1], &bytes, &size));
    has_room = call_feed(call, bytes, size);
    if (has_room < 0)
        return failed(env, "no memory");
    TRY(napi_get_boolean(env, has_room != 0, &result));
    return result;
}

/* feedEnd(call) */
static napi_value feed_end(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS];
    struct call *call;
    TRY(arguments_of(env, info, arguments));
    TRY(call_of(env, arguments[0], &call));
    call_feed_end(call);
    return NULL;
}

/* taken(call, size) */
static napi_value taken(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS];
    struct call *call;
    int64_t size;
    TRY(arguments_of(env, info, arguments));
    TRY(call_of(env, arguments[0], &call));
    TRY(napi_get_value_int64(env, arguments[1], &size));
    call_taken(call, (size_t)size);
    return NULL;
}

/* release(call): after its end, and the last that is done with it */
static napi_value release(napi_env env, napi_callback_info info)
{
    napi_value arguments[MOST_ARGUMENTS];
    struct call *call;
    TRY(arguments_of(env, info, arguments));
    TRY(call_of(env, arguments[0], &call));
    call_free(call);
    return NULL;
}

/* The names of operations: start() takes a place in this list. */
static napi_value operations(napi_env env)
{
    static const char *const names[] = {
#define NAME(name, takes) #name,
        OPERATIONS(NAME)
#undef NAME
    };
    napi_value list, name;
    uint32_t i;
    TRY(napi_create_array(env, &list));
    for (i = 0; i < N_OPERATIONS; i++) {
        TRY(make_text(env, names[i], &name));
        TRY(napi_set_element(env, list, i, name));
    }
    return list;
}

NAPI_MODULE_INIT()
{
    static const struct {
        const char *name;
        napi_callback function;
    } functions[] = {
        {"open", open_it},      {"version", version},          {"codeName", code_name},
        {"listen", begin},      {"hold", hold},                {"newClient", new_client},
        {"setLog", set_log},    {"closeClient", close_client}, {"now", now},
        {"start", start},       {"stop", stop},                {"progress", progress},
        {"feed", feed},         {"feedEnd", feed_end},         {"taken", taken},
        {"release", release},
    };
    napi_value value;
    size_t i;
    for (i = 0; i < sizeof functions / sizeof *functions; i++) {
        TRY(napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function,
                                 NULL, &value));
        TRY(napi_set_named_property(env, exports, functions[i].name, value));
    }
    value = operations(env);
    if (value)
        TRY(napi_set_named_property(env, exports, "operations", value));
    return exports;
}
