/* The calls of cos.h as methods, and what Lua functions they call back. An error must not pass through
 * the library: it is caught, stops the call, and is raised again when the library has returned. */
#include "module.h"

#include <stdio.h>
#include <string.h>

/* Where the things of a call are on the stack, behind its arguments. They keep the collector away. */
enum { CALL = 1, OPTIONS, GUARD, PROGRESS, CONTENT, LINES, TRANSFER_USED, PIECE, FAILURE };

struct call {
    lua_State *L;
    int base; /* where on the stack the things begin */
    struct call *outer; /* the call of the same client in whose callback this one is made */
    struct client *client;
    struct transfer *given; /* the program's transfer */
    const char *options;
    const cos_client *handle; /* what the library is called with */
    cos_transfer *transfer;
    cos_transfer *own;        /* stops this call alone */
    cos_client *stoppable[2]; /* handles that are made for this call */
    struct deadline deadline;
    int64_t deadline_ms; /* -1 for none */
    char *json;
    uint8_t *data;
    size_t length; /* of data */
    size_t taken;  /* bytes of the piece at PIECE that the library has */
    int is_under_way, has_failed;
};

/* What a callback wants of Lua. */
struct wish {
    /* Calls the function or object at 1 of the stack and leaves one result on top. */
    void (*call)(lua_State *L, struct wish *wish);
    uint64_t done, total;
    const void *bytes;
    size_t length;
    int level;
    int stops; /* the program wants the call to end */
};

/* Frees all that a call holds. May be called again. */
static void release(struct call *call)
{
    if (call->is_under_way) {
        call->is_under_way = 0;
        call->client->calls--;
        call->client->log->call = call->outer;
        if (call->given)
            call->given->calls--;
        if (call->transfer)
            cos_transfer_on_progress(call->transfer, NULL, NULL);
    }
    lcos_end_deadline(&call->deadline);
    cos_client_free(call->stoppable[1]);
    cos_client_free(call->stoppable[0]);
    cos_transfer_free(call->own);
    cos_string_free(call->json);
    cos_buffer_free(call->data, call->length);
    memset(call->stoppable, 0, sizeof call->stoppable);
    call->own = NULL;
    call->json = NULL;
    call->data = NULL;
}

static int collect_call(lua_State *L)
{
    struct call *call = lua_touserdata(L, 1);
    /* os.exit() in a callback may close the state: then the library still has all but the deadline. */
    if (call->is_under_way)
        lcos_end_deadline(&call->deadline);
    else
        release(call);
    return 0;
}

/* Callbacks. What they do before lua_pcall allocates nothing, so that it can raise nothing. */

static int guard(lua_State *L)
{
    struct wish *wish = lua_touserdata(L, 2);
    lua_settop(L, 1);
    wish->call(L, wish);
    return 1;
}

/* Leaves one value on the stack if it returns 0. Otherwise the call is to end. */
static int fulfil(struct call *call, int function, struct wish *wish)
{
    lua_State *L = call->L;
    wish->stops = 0;
    if (call->has_failed)
        return 1;
    lua_pushvalue(L, call->base + GUARD);
    lua_pushvalue(L, call->base + function);
    lua_pushlightuserdata(L, wish);
    if (lua_pcall(L, 2, 1, 0) != 0) {
        lua_replace(L, call->base + FAILURE);
        call->has_failed = 1;
        return 1;
    }
    if (wish->stops)
        lua_pop(L, 1);
    return wish->stops;
}

/* Functions say `false` to stop. What fails says `nil, message`, as files and sockets do. */
static void look_at_answer(lua_State *L, struct wish *wish)
{
    wish->stops = lua_isboolean(L, -2) && !lua_toboolean(L, -2);
    if (lua_isnil(L, -2) && !lua_isnil(L, -1))
        lua_error(L);
    lua_pop(L, 1);
}

/* Pushes what is to be called, a function or a method of an object, and the object. */
static int push_callee(lua_State *L, const char *method)
{
    if (lua_isfunction(L, 1)) {
        lua_pushvalue(L, 1);
        return 0;
    }
    lua_getfield(L, 1, method);
    lua_pushvalue(L, 1);
    return 1;
}

static void tell_progress(lua_State *L, struct wish *wish)
{
    lua_pushvalue(L, 1);
    push_int64(L, wish->done);
    push_int64(L, wish->total);
    lua_call(L, 2, 1);
    wish->stops = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
}

/* A log that fails ends no call: what it raised is told on stderr. Ctrl-C in the program `lua` is no failure
 * of the log: it comes as a hook that takes itself away and raises an error. */
static void tell_line(lua_State *L, struct wish *wish)
{
    lua_Hook hook = lua_gethook(L);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, wish->level);
    lua_pushstring(L, wish->bytes);
    if (lua_pcall(L, 2, 0, 0) != 0) {
        const char *problem;
        if (hook && !lua_gethook(L))
            lua_error(L);
        luaL_callmeta(L, -1, "__tostring");
        problem = lua_tostring(L, -1);
        fprintf(stderr, "cos: the log has failed: %s\n", problem ? problem : luaL_typename(L, -1));
    }
    lua_pushnil(L);
}

static void ask_for_bytes(lua_State *L, struct wish *wish)
{
    int more = push_callee(L, "read");
    push_int64(L, wish->length);
    lua_call(L, 1 + more, 2);
    look_at_answer(L, wish);
    if (!wish->stops && !lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, "content must give a string, nil at the end, or false to stop, not a %s",
                   luaL_typename(L, -1));
}

static void hand_over_bytes(lua_State *L, struct wish *wish)
{
    int more = push_callee(L, "write");
    lua_pushlstring(L, wish->bytes, wish->length);
    lua_call(L, 1 + more, 2);
    look_at_answer(L, wish);
}

static int on_progress(uint64_t done, uint64_t total, void *user)
{
    struct call *call = user;
    struct wish wish = {tell_progress, 0, 0, NULL, 0, 0, 0};
    wish.done = done;
    wish.total = total;
    if (fulfil(call, PROGRESS, &wish))
        return 1;
    lua_pop(call->L, 1);
    return 0;
}

static void on_line(int level, const char *line, void *user)
{
    struct log *log = user;
    struct call *call = log->call;
    struct wish wish = {tell_line, 0, 0, NULL, 0, 0, 0};
    if (!call || lua_isnil(call->L, call->base + LINES))
        return;
    wish.level = level;
    wish.bytes = line;
    if (fulfil(call, LINES, &wish) == 0)
        lua_pop(call->L, 1);
    else
        cos_transfer_cancel(call->own);
}

static int64_t on_read(uint8_t *to, size_t length, void *user)
{
    struct call *call = user;
    lua_State *L = call->L;
    int piece = call->base + PIECE;
    struct wish wish = {ask_for_bytes, 0, 0, NULL, 0, 0, 0};
    size_t left = lua_isnil(L, piece) ? 0 : lua_rawlen(L, piece) - call->taken;
    wish.length = length;
    /* A piece of no bytes means that there are none yet. */
    while (left == 0) {
        if (lcos_has_struck(&call->deadline) || fulfil(call, CONTENT, &wish))
            return -1;
        lua_replace(L, piece);
        call->taken = 0;
        if (lua_isnil(L, piece))
            return 0;
        left = lua_rawlen(L, piece);
    }
    length = left < length ? left : length;
    memcpy(to, lua_tostring(L, piece) + call->taken, length);
    call->taken += length;
    return (int64_t)length;
}

static int on_write(const uint8_t *bytes, size_t length, void *user)
{
    struct call *call = user;
    struct wish wish = {hand_over_bytes, 0, 0, NULL, 0, 0, 0};
    wish.bytes = bytes;
    wish.length = length;
    if (fulfil(call, CONTENT, &wish))
        return 1;
    lua_pop(call->L, 1);
    return 0;
}

/* The begin and the end of a call. */

/* Options that are this module's; `progress` has to be the first. */
static const char *const OWN_OPTIONS[] = {"progress", "transfer", "deadline_ms", NULL};

/* Puts a field of the options at a place of the stack. Returns whether there is one. */
static int take_option(lua_State *L, int options, const char *name, int place)
{
    if (lua_isnoneornil(L, options))
        return 0;
    lua_getfield(L, options, name);
    lua_replace(L, place);
    return !lua_isnil(L, place);
}

static void take_options(struct call *call, int options, int follows)
{
    lua_State *L = call->L;
    int base = call->base, place = base + OPTIONS;
    if (lua_isnoneornil(L, options))
        return;
    lcos_push_json(L, options, "options", OWN_OPTIONS + !follows);
    if (take_option(L, options, "deadline_ms", place)) {
        lua_Number ms = lua_type(L, place) == LUA_TNUMBER ? lua_tonumber(L, place) : -1;
        if (!(ms >= 0 && ms <= 86400000))
            luaL_error(L, "deadline_ms must be a number from 0 to 86400000");
        call->deadline_ms = (int64_t)ms;
    }
    lua_replace(L, place);
    call->options = lua_tostring(L, place);
    if (take_option(L, options, "transfer", base + TRANSFER_USED))
        call->given = lcos_to_transfer(L, base + TRANSFER_USED);
    if (follows && take_option(L, options, "progress", base + PROGRESS)
        && !lua_isfunction(L, base + PROGRESS))
        luaL_error(L, "progress must be a function, not a %s", luaL_typename(L, base + PROGRESS));
    if (follows && call->given && call->given->calls > 0)
        luaL_error(L, "transfer must not be that of a call that is under way");
}

/* Makes the calls of the handle stop with a transfer. */
static int stop_with(struct call *call, int index, cos_transfer *transfer)
{
    if (cos_client_with_transfer(call->handle, transfer, &call->stoppable[index], NULL) != COS_OK)
        return -1;
    call->handle = call->stoppable[index];
    return 0;
}

/* Makes ready for a call. The client is argument 1, the options are the last one, `options`; the call
 * has a transfer argument if it `follows`. */
static struct call *begin(lua_State *L, int options, int follows)
{
    struct client *client = lcos_to_client(L, 1);
    struct call *call;
    int failed = 0;
    lua_settop(L, options);
    luaL_checkstack(L, FAILURE + LUA_MINSTACK, "too many calls in calls");
    call = lua_newuserdata(L, sizeof *call);
    memset(call, 0, sizeof *call);
    luaL_getmetatable(L, "cos.call");
    lua_setmetatable(L, -2);
    lua_settop(L, options + FAILURE);
    call->L = L;
    call->base = options;
    call->client = client;
    call->handle = client->handle;
    call->deadline_ms = -1;
    lua_pushcfunction(L, guard);
    lua_replace(L, call->base + GUARD);
    lua_getuservalue(L, 1);
    lua_rawgeti(L, -1, 1);
    lua_replace(L, call->base + LINES);
    lua_pop(L, 1);
    take_options(call, options, follows);

    /* From here on nothing is raised until the library has returned, but for what is impossible. */
    if (call->deadline_ms >= 0 || client->log->is_set
        || (!call->given && !lua_isnil(L, call->base + PROGRESS))) {
        call->own = cos_transfer_new();
        failed |= stop_with(call, 0, call->own);
    }
    if (call->given && !follows)
        failed |= stop_with(call, 1, call->given->handle);
    if (failed)
        luaL_error(L, "the library gives no handle for a call");
    if (call->deadline_ms >= 0 && lcos_begin_deadline(&call->deadline, call->own, call->deadline_ms) != 0)
        luaL_error(L, "deadline_ms needs a thread, and the system has none left");
    if (follows)
        call->transfer = call->given ? call->given->handle : call->own;
    if (!lua_isnil(L, call->base + PROGRESS))
        cos_transfer_on_progress(call->transfer, on_progress, call);
    if (call->given)
        call->given->calls++;
    client->calls++;
    call->outer = client->log->call;
    client->log->call = call;
    call->is_under_way = 1;
    return call;
}

static void tell_of_deadline(lua_State *L)
{
    lua_pushliteral(L, "the call was stopped by its deadline; what it had sent may take effect");
    lua_setfield(L, -2, "message");
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "retryable");
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "deadline_exceeded");
}

/* Pushes what a call returns, or raises what a callback has raised. */
static int finish(struct call *call, int code)
{
    lua_State *L = call->L;
    int has_struck = lcos_end_deadline(&call->deadline), results;
    char *json = call->json;
    uint8_t *data = call->data;
    /* What the results are made of is freed behind that. */
    call->json = NULL;
    call->data = NULL;
    release(call);
    call->json = json;
    call->data = data;
    if (call->has_failed) {
        release(call);
        lua_settop(L, call->base + FAILURE);
        return lua_error(L);
    }
    results = lcos_push_result(L, code, &call->json);
    if (has_struck && code == COS_ERR_CANCELLED)
        tell_of_deadline(L);
    return results;
}

/* The calls. Those with the same arguments share a function, and have the name in an upvalue. */

#define BUCKET(L) (lcos_to_client(L, 1), lcos_to_text(L, 2, "bucket", 0))
#define COS_PATH(L) lcos_to_text(L, 3, "cos_path", 0)

static int64_t to_whole(lua_State *L, int at, const char *name)
{
    lua_Number number = lua_tonumber(L, at);
    if (lua_type(L, at) != LUA_TNUMBER || !(number >= -9.2e18 && number <= 9.2e18)
        || number != (lua_Number)(int64_t)number)
        luaL_error(L, "%s must be a whole number", name);
#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, at))
        return lua_tointeger(L, at);
#endif
    return (int64_t)number;
}

/* Bytes may have NUL among them. */
static const uint8_t *to_bytes(lua_State *L, int at, const char *name, size_t *length)
{
    if (lua_type(L, at) != LUA_TSTRING)
        luaL_error(L, "%s must be a string, not a %s", name, luaL_typename(L, at));
    return (const uint8_t *)lua_tolstring(L, at, length);
}

typedef int (*at_path)(const cos_client *, const char *, const char *, const char *, char **);
typedef int (*to_path)(const cos_client *, const char *, const char *, const char *, const char *,
                       char **);
typedef int (*with_local_path)(const cos_client *, const char *, const char *, const char *,
                               const char *, cos_transfer *, char **);

static const struct { const char *name; at_path call; } AT_PATH[] = {
    {"stat_file", cos_stat_file},         {"update_file", cos_update_file},
    {"del_file", cos_del_file},           {"create_folder", cos_create_folder},
    {"stat_folder", cos_stat_folder},     {"update_folder", cos_update_folder},
    {"list_folder", cos_list_folder},     {"del_folder", cos_del_folder},
};

static const struct { const char *name; to_path call; } TO_PATH[] = {
    {"move_file", cos_move_file},
    {"copy_file", cos_copy_file},
};

static const struct { const char *name; with_local_path call; } WITH_LOCAL_PATH[] = {
    {"upload_file", cos_upload_file},     {"download_file", cos_download_file},
    {"upload_folder", cos_upload_folder}, {"download_folder", cos_download_folder},
};

static int call_at_path(lua_State *L)
{
    int i = (int)lua_tointeger(L, lua_upvalueindex(1));
    const char *bucket = BUCKET(L), *cos_path = COS_PATH(L);
    struct call *call = begin(L, 4, 0);
    return finish(call, AT_PATH[i].call(call->handle, bucket, cos_path, call->options, &call->json));
}

static int call_to_path(lua_State *L)
{
    int i = (int)lua_tointeger(L, lua_upvalueindex(1));
    const char *bucket = BUCKET(L), *cos_path = COS_PATH(L);
    const char *dest_path = lcos_to_text(L, 4, "dest_path", 0);
    struct call *call = begin(L, 5, 0);
    return finish(call, TO_PATH[i].call(call->handle, bucket, cos_path, dest_path, call->options,
                                        &call->json));
}

static int call_with_local_path(lua_State *L)
{
    int i = (int)lua_tointeger(L, lua_upvalueindex(1));
    const char *bucket = BUCKET(L), *cos_path = COS_PATH(L);
    const char *local_path = lcos_to_text(L, 4, "local_path", 0);
    struct call *call = begin(L, 5, 1);
    return finish(call, WITH_LOCAL_PATH[i].call(call->handle, bucket, cos_path, local_path,
                                                call->options, call->transfer, &call->json));
}

static int upload_buffer(lua_State *L)
{
    const char *bucket = BUCKET(L), *cos_path = COS_PATH(L);
    size_t length;
    const uint8_t *data = to_bytes(L, 4, "data", &length);
    struct call *call = begin(L, 5, 1);
    return finish(call, cos_upload_buffer(call->handle, bucket, cos_path, data, length, call->options,
                                          call->transfer, &call->json));
}

static void check_stream(lua_State *L, int at, const char *name, const char *method)
{
    int type = lua_type(L, at), is_fit = type == LUA_TFUNCTION;
    if (type == LUA_TTABLE || type == LUA_TUSERDATA) {
        lua_getfield(L, at, method);
        is_fit = !lua_isnil(L, -1);
        lua_pop(L, 1);
    }
    if (!is_fit)
        luaL_error(L, "%s must be a function, or a file or another object with the method %s", name,
                   method);
}

static int upload_stream(lua_State *L)
{
    const char *bucket = BUCKET(L), *cos_path = COS_PATH(L);
    int64_t size = to_whole(L, 4, "size");
    struct call *call;
    check_stream(L, 5, "content", "read");
    call = begin(L, 6, 1);
    lua_pushvalue(L, 5);
    lua_replace(L, call->base + CONTENT);
    return finish(call, cos_upload_stream(call->handle, bucket, cos_path, size, on_read, call,
                                          call->options, call->transfer, &call->json));
}

static int download_stream(lua_State *L)
{
    const char *bucket = BUCKET(L), *cos_path = COS_PATH(L);
    struct call *call;
    check_stream(L, 4, "sink", "write");
    call = begin(L, 5, 1);
    lua_pushvalue(L, 4);
    lua_replace(L, call->base + CONTENT);
    return finish(call, cos_download_stream(call->handle, bucket, cos_path, call->options,
                                            call->transfer, on_write, call, &call->json));
}

/* The bytes come first, then the reply. */
static int download_buffer(lua_State *L)
{
    const char *bucket = BUCKET(L), *cos_path = COS_PATH(L);
    struct call *call = begin(L, 4, 1);
    int code = cos_download_buffer(call->handle, bucket, cos_path, call->options, call->transfer,
                                   &call->data, &call->length, &call->json);
    int results = finish(call, code);
    if (code != COS_OK)
        return results;
    lua_pushlstring(L, (const char *)call->data, call->length);
    release(call);
    lua_insert(L, -2);
    return 2;
}

static int list_buckets(lua_State *L)
{
    struct call *call = begin(L, 2, 0);
    return finish(call, cos_list_buckets(call->handle, call->options, &call->json));
}

/* Puts JSON in place of a table of texts. */
static const char *to_fields(lua_State *L, int at, const char *name)
{
    if (lua_isnoneornil(L, at))
        return NULL;
    lcos_push_json(L, at, name, NULL);
    lua_replace(L, at);
    return lua_tostring(L, at);
}

static int del_files(lua_State *L)
{
    const char *bucket = BUCKET(L);
    struct call *call;
    lcos_push_array(L, 3, "cos_paths");
    lua_replace(L, 3);
    call = begin(L, 4, 0);
    return finish(call, cos_del_files(call->handle, bucket, lua_tostring(L, 3), call->options,
                                      &call->json));
}

static int request(lua_State *L)
{
    const char *method = (lcos_to_client(L, 1), lcos_to_text(L, 2, "method", 0));
    const char *bucket = lcos_to_text(L, 3, "bucket", 1), *cos_path = lcos_to_text(L, 4, "cos_path", 1);
    const char *params = to_fields(L, 5, "params"), *headers = to_fields(L, 6, "headers");
    size_t length = 0;
    const uint8_t *body = lua_isnoneornil(L, 7) ? NULL : to_bytes(L, 7, "body", &length);
    struct call *call = begin(L, 8, 0);
    return finish(call, cos_request(call->handle, method, bucket, cos_path, params, headers, body,
                                    length, call->options, &call->json));
}

/* What sends nothing. */

static int sign_more(lua_State *L)
{
    struct client *client = lcos_to_client(L, 1);
    char **json = (lua_settop(L, 4), lcos_push_keeper(L));
    return lcos_push_result(L, cos_sign_more(client->handle, BUCKET(L), COS_PATH(L),
                                             to_whole(L, 4, "expired"), json), json);
}

static int sign_once(lua_State *L)
{
    struct client *client = lcos_to_client(L, 1);
    char **json = (lua_settop(L, 3), lcos_push_keeper(L));
    return lcos_push_result(L, cos_sign_once(client->handle, BUCKET(L), COS_PATH(L), json), json);
}

static int sign_download(lua_State *L)
{
    struct client *client = lcos_to_client(L, 1);
    char **json = (lua_settop(L, 4), lcos_push_keeper(L));
    return lcos_push_result(L, cos_sign_download(client->handle, BUCKET(L), COS_PATH(L),
                                                 to_whole(L, 4, "expired"), json), json);
}

static int sign_url(lua_State *L)
{
    struct client *client = lcos_to_client(L, 1);
    const char *method = lcos_to_text(L, 2, "method", 0), *bucket = lcos_to_text(L, 3, "bucket", 0);
    const char *cos_path = lcos_to_text(L, 4, "cos_path", 0);
    int64_t expired = to_whole(L, 5, "expired");
    const char *options;
    char **json;
    lua_settop(L, 6);
    options = to_fields(L, 6, "options");
    json = lcos_push_keeper(L);
    return lcos_push_result(L, cos_sign_url(client->handle, method, bucket, cos_path, expired, options,
                                            json), json);
}

/* The client whose settings are to change: those of the host's are the host's. */
static struct client *to_own_client(lua_State *L)
{
    struct client *client = lcos_to_client(L, 1);
    if (client->is_hosts)
        luaL_error(L, "the client belongs to the program around this script, which alone sets it up");
    return client;
}

static int set_config(lua_State *L)
{
    struct client *client = to_own_client(L);
    char **json;
    lua_settop(L, 2);
    lcos_push_json(L, 2, "options", NULL);
    json = lcos_push_keeper(L);
    return lcos_push_result(L, cos_client_set_config(client->handle, lua_tostring(L, 3), json), json);
}

static int set_credentials(lua_State *L)
{
    struct client *client = to_own_client(L);
    const char *appid = lcos_to_text(L, 2, "appid", 0), *secret_id = lcos_to_text(L, 3, "secret_id", 0);
    const char *secret_key = lcos_to_text(L, 4, "secret_key", 0);
    char **json = lcos_push_keeper(L);
    return lcos_push_result(L, cos_client_set_credentials(client->handle, appid, secret_id, secret_key,
                                                          json), json);
}

static int set_temporary_credentials(lua_State *L)
{
    struct client *client = to_own_client(L);
    const char *appid = lcos_to_text(L, 2, "appid", 0), *secret_id = lcos_to_text(L, 3, "secret_id", 0);
    const char *secret_key = lcos_to_text(L, 4, "secret_key", 0), *token = lcos_to_text(L, 5, "token", 0);
    char **json = lcos_push_keeper(L);
    return lcos_push_result(L, cos_client_set_temporary_credentials(client->handle, appid, secret_id,
                                                                    secret_key, token, json), json);
}

static int set_log(lua_State *L)
{
    struct client *client = to_own_client(L);
    int level = (int)to_whole(L, 2, "level"), is_set;
    lua_settop(L, 3);
    is_set = !lua_isnil(L, 3);
    if (is_set && !lua_isfunction(L, 3))
        luaL_error(L, "fn must be a function, or nil for no log, not a %s", luaL_typename(L, 3));
    if (cos_client_set_log(client->handle, level, is_set ? on_line : NULL, client->log) != COS_OK)
        luaL_error(L, "level must be one of those in cos.levels");
    client->log->is_set = is_set && level != COS_LOG_OFF;
    lua_getuservalue(L, 1);
    lua_insert(L, 3);
    lua_rawseti(L, 3, 1);
    return 0;
}

static int with_transfer(lua_State *L)
{
    struct client *client = lcos_to_client(L, 1), *made;
    struct transfer *transfer = lcos_to_transfer(L, 2);
    char **json = lcos_push_keeper(L);
    int code;
    made = lcos_push_client(L, 1);
    made->is_hosts = client->is_hosts;
    code = cos_client_with_transfer(client->handle, transfer->handle, &made->handle, json);
    if (code != COS_OK)
        return lcos_push_result(L, code, json);
    cos_string_free(*json);
    *json = NULL;
    return 1;
}

static const luaL_Reg METHODS[] = {
    {"upload_buffer", upload_buffer},
    {"upload_stream", upload_stream},
    {"download_buffer", download_buffer},
    {"download_stream", download_stream},
    {"list_buckets", list_buckets},
    {"del_files", del_files},
    {"request", request},
    {"sign_more", sign_more},
    {"sign_once", sign_once},
    {"sign_download", sign_download},
    {"sign_url", sign_url},
    {"set_config", set_config},
    {"set_credentials", set_credentials},
    {"set_temporary_credentials", set_temporary_credentials},
    {"set_log", set_log},
    {"with_transfer", with_transfer},
    {NULL, NULL},
};

#define ADD_ALL(table, function)                                                                        \
    for (i = 0; i < sizeof table / sizeof *table; i++) {                                                \
        lua_pushinteger(L, (lua_Integer)i);                                                             \
        lua_pushcclosure(L, function, 1);                                                               \
        lua_setfield(L, -2, table[i].name);                                                             \
    }

void lcos_add_calls(lua_State *L)
{
    size_t i;
    lcos_set_functions(L, METHODS);
    ADD_ALL(AT_PATH, call_at_path)
    ADD_ALL(TO_PATH, call_to_path)
    ADD_ALL(WITH_LOCAL_PATH, call_with_local_path)
    luaL_newmetatable(L, "cos.call");
    lua_pushcfunction(L, collect_call);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}
