/* require "cos": clients, transfers, errors, constants. */
#include "module.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* cos.exists and the like are in Lua: these are the lines of helpers.lua. */
static const char *const HELPERS[] = {
#include "helpers.h"
    NULL,
};

#define ERROR "cos.error"
#define KEEPER "cos.keeper"

void lcos_set_functions(lua_State *L, const luaL_Reg *functions)
{
    for (; functions->name; functions++) {
        lua_pushcfunction(L, functions->func);
        lua_setfield(L, -2, functions->name);
    }
}

const char *lcos_to_text(lua_State *L, int at, const char *name, int may_be_nil)
{
    size_t length;
    const char *text;
    if (may_be_nil && lua_isnoneornil(L, at))
        return NULL;
    if (lua_type(L, at) != LUA_TSTRING)
        luaL_error(L, "%s must be a string, not a %s", name, luaL_typename(L, at));
    text = lua_tolstring(L, at, &length);
    if (strlen(text) != length)
        luaL_error(L, "%s must not have a zero byte in it", name);
    return text;
}

/* Replies and errors. */

static int collect_string(lua_State *L)
{
    char **string = lua_touserdata(L, 1);
    cos_string_free(*string);
    *string = NULL;
    return 0;
}

char **lcos_push_keeper(lua_State *L)
{
    char **string = lua_newuserdata(L, sizeof *string);
    *string = NULL;
    luaL_getmetatable(L, KEEPER);
    lua_setmetatable(L, -2);
    return string;
}

/* The code of which this one is a kind, or itself. */
static int kind_of(int code)
{
    switch (code) {
    case COS_ERR_SAME_FILE:
        return COS_ERR_FILE_EXISTS;
    case COS_ERR_SHA_MISMATCH:
    case COS_ERR_SIZE_MISMATCH:
    case COS_ERR_MISSING_SHA:
        return COS_ERR_INTEGRITY;
    case COS_ERR_SECRET_ID_UNKNOWN:
    case COS_ERR_SECRET_ID_UNKNOWN_V1:
    case COS_ERR_SIGN_EXPIRED:
    case COS_ERR_SIGN_EXPIRED_V1:
    case COS_ERR_SIGN_BUCKET:
    case COS_ERR_SIGN_SECRET_ID:
    case COS_ERR_SIGN_PATH:
    case COS_ERR_SIGN_APPID:
    case COS_ERR_SIGN_ONCE_EXPIRY:
    case COS_ERR_SIGN_MULTI_EXPIRY:
    case COS_ERR_SIGN_REPLAYED:
    case COS_ERR_SIGN_EMPTY:
    case COS_ERR_SIGN_INVALID:
        return COS_ERR_ACCESS_DENIED;
    case COS_ERR_STORAGE_TIMEOUT:
    case COS_ERR_STORAGE:
    case COS_ERR_OVERLOADED:
    case COS_ERR_BACKEND_NETWORK:
        return COS_ERR_UNAVAILABLE;
    case COS_ERR_UPLOAD_CONFLICT:
        return COS_ERR_UPLOAD_UNFINISHED;
    default:
        return code;
    }
}

/* Makes an error of the reply on top. */
static void push_error(lua_State *L, int code)
{
    static const char *const FIELDS[] = {"origin",    "phase", "argument",    "errno", "http_status", "attempts",
                                         "retryable", "hint",  "server_code"};
    int reply = lua_gettop(L);
    size_t i;
    lua_newtable(L);
    lua_getfield(L, reply, "error");
    for (i = 0; lua_istable(L, -1) && i < sizeof FIELDS / sizeof *FIELDS; i++) {
        lua_getfield(L, -1, FIELDS[i]);
        lua_setfield(L, reply + 1, FIELDS[i]);
    }
    lua_pop(L, 1);
    lua_pushinteger(L, code);
    lua_setfield(L, -2, "code");
    lua_pushstring(L, cos_code_name(code));
    lua_setfield(L, -2, "name");
    lua_pushstring(L, cos_code_name(kind_of(code)));
    lua_setfield(L, -2, "kind");
    lua_getfield(L, reply, "message");
    lua_setfield(L, -2, "message");
    lua_getfield(L, reply, "request_id");
    lua_setfield(L, -2, "request_id");
    lua_pushvalue(L, reply);
    lua_setfield(L, -2, "reply");
    luaL_getmetatable(L, ERROR);
    lua_setmetatable(L, -2);
}

int lcos_push_result(lua_State *L, int code, char **json)
{
    lcos_push_value(L, *json ? *json : "{}");
    cos_string_free(*json);
    *json = NULL;
    if (code == COS_OK)
        return 1;
    push_error(L, code);
    lua_pushnil(L);
    lua_replace(L, -3);
    return 2;
}

static int error_to_string(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_getfield(L, 1, "name");
    lua_getfield(L, 1, "code");
    lua_getfield(L, 1, "message");
    lua_getfield(L, 1, "hint");
    lua_pushfstring(L, "%s (%d): %s", lua_isstring(L, 2) ? lua_tostring(L, 2) : "",
                    (int)lua_tointeger(L, 3), lua_isstring(L, 4) ? lua_tostring(L, 4) : "");
    if (lua_isstring(L, 5) && lua_rawlen(L, 5) > 0)
        lua_pushfstring(L, "%s (%s)", lua_tostring(L, -1), lua_tostring(L, 5));
    return 1;
}

/* Clients. */

struct client *lcos_to_client(lua_State *L, int at)
{
    struct client *client = luaL_checkudata(L, at, CLIENT);
    if (!client->handle)
        luaL_error(L, "the client is closed");
    return client;
}

struct client *lcos_push_client(lua_State *L, int of)
{
    struct client *client = lua_newuserdata(L, sizeof *client);
    memset(client, 0, sizeof *client);
    if (of) {
        client->log = ((struct client *)lua_touserdata(L, of))->log;
        lua_getuservalue(L, of);
    } else {
        lua_newtable(L);
        client->log = lua_newuserdata(L, sizeof *client->log);
        memset(client->log, 0, sizeof *client->log);
        lua_rawseti(L, -2, 2);
    }
    lua_setuservalue(L, -2);
    luaL_getmetatable(L, CLIENT);
    lua_setmetatable(L, -2);
    return client;
}

static void free_client(struct client *client)
{
    if (!client->is_borrowed)
        cos_client_free(client->handle);
    client->handle = NULL;
}

static int collect_client(lua_State *L)
{
    struct client *client = luaL_checkudata(L, 1, CLIENT);
    if (client->calls == 0)
        free_client(client);
    return 0;
}

static int close_client(lua_State *L)
{
    struct client *client = luaL_checkudata(L, 1, CLIENT);
    if (client->calls > 0)
        luaL_error(L, "the client can't be closed in a call of its own");
    free_client(client);
    return 0;
}

/* The JSON API has this signature, the XML API has not, and nothing is sent. */
static int get_api(lua_State *L)
{
    struct client *client = lcos_to_client(L, 1);
    int is_v4 = cos_sign_once(client->handle, "bucket", "/file", NULL) == COS_OK;
    lua_pushstring(L, is_v4 ? "v4" : "v5");
    return 1;
}

static int client_to_string(lua_State *L)
{
    struct client *client = luaL_checkudata(L, 1, CLIENT);
    lua_pushfstring(L, "cos.client: %s", client->handle ? "open" : "closed");
    return 1;
}

static int new_client(lua_State *L)
{
    static const char *const WITHOUT[] = {"region", NULL};
    const char *appid = lcos_to_text(L, 1, "appid", 0), *secret_id = lcos_to_text(L, 2, "secret_id", 0);
    const char *secret_key = lcos_to_text(L, 3, "secret_key", 0), *region = NULL, *options = NULL;
    struct client *client;
    char **json;
    int code;
    lua_settop(L, 4);
    if (!lua_isnil(L, 4)) {
        lcos_push_json(L, 4, "options", WITHOUT);
        options = lua_tostring(L, -1);
        lua_getfield(L, 4, "region");
        region = lcos_to_text(L, -1, "region", 1);
    }
    json = lcos_push_keeper(L);
    client = lcos_push_client(L, 0);
    code = cos_client_new(appid, secret_id, secret_key, region, options, &client->handle, json);
    if (code != COS_OK)
        return lcos_push_result(L, code, json);
    cos_string_free(*json);
    *json = NULL;
    return 1;
}

void cos_lua_push_client(lua_State *L, cos_client *handle)
{
    struct client *client = lcos_push_client(L, 0);
    client->handle = handle;
    client->is_hosts = client->is_borrowed = 1;
}

/* Transfers. */

struct transfer *lcos_to_transfer(lua_State *L, int at)
{
    struct transfer *transfer = lua_touserdata(L, at);
    luaL_getmetatable(L, TRANSFER);
    if (!transfer || !lua_getmetatable(L, at) || !lua_rawequal(L, -1, -2))
        luaL_error(L, "transfer must be made by cos.transfer(), not be a %s", luaL_typename(L, at));
    lua_pop(L, 2);
    if (!transfer->handle)
        luaL_error(L, "the transfer is closed");
    return transfer;
}

static int new_transfer(lua_State *L)
{
    struct transfer *transfer = lua_newuserdata(L, sizeof *transfer);
    memset(transfer, 0, sizeof *transfer);
    luaL_getmetatable(L, TRANSFER);
    lua_setmetatable(L, -2);
    transfer->handle = cos_transfer_new();
    return 1;
}

static int cancel(lua_State *L)
{
    struct transfer *transfer = lcos_to_transfer(L, 1);
    cos_transfer_cancel(transfer->handle);
    transfer->is_cancelled = 1;
    return 0;
}

static int is_cancelled(lua_State *L)
{
    lua_pushboolean(L, lcos_to_transfer(L, 1)->is_cancelled);
    return 1;
}

static int progress(lua_State *L)
{
    uint64_t done, total;
    cos_transfer_progress(lcos_to_transfer(L, 1)->handle, &done, &total);
    push_int64(L, done);
    push_int64(L, total);
    return 2;
}

static int travelled(lua_State *L)
{
    push_int64(L, cos_transfer_travelled(lcos_to_transfer(L, 1)->handle));
    return 1;
}

static int collect_transfer(lua_State *L)
{
    struct transfer *transfer = luaL_checkudata(L, 1, TRANSFER);
    if (transfer->calls == 0) {
        cos_transfer_free(transfer->handle);
        transfer->handle = NULL;
    }
    return 0;
}

static int close_transfer(lua_State *L)
{
    struct transfer *transfer = luaL_checkudata(L, 1, TRANSFER);
    if (transfer->calls > 0)
        luaL_error(L, "the transfer can't be closed while a call uses it");
    return collect_transfer(L);
}

/* What helpers.lua can't do, or could do only with libraries that a program may leave out. */

static int get_now(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)lcos_now_ms());
    return 1;
}

static int get_variable(lua_State *L)
{
    const char *value = getenv(luaL_checkstring(L, 1));
    lua_pushstring(L, value && *value ? value : NULL);
    return 1;
}

enum { LARGEST = 65536 };

/* read_file(path, is_named): the text, or nil and what is wrong. A file that nobody has named need not
 * be there; and opening a pipe could make the program wait. */
static int read_file(lua_State *L)
{
    const char *path = lcos_to_text(L, 1, "config", 0);
    int is_named = lua_toboolean(L, 2), problem;
    struct stat status;
    char *text;
    size_t length;
    FILE *file;
    if (!is_named && (stat(path, &status) != 0 || !S_ISREG(status.st_mode))) {
        lua_pushliteral(L, "");
        return 1;
    }
    text = lua_newuserdata(L, LARGEST);
    errno = 0;
    file = fopen(path, "rb");
    length = file ? fread(text, 1, LARGEST, file) : 0;
    problem = !file || ferror(file) ? errno : 0;
    if (file)
        fclose(file);
    if (problem == 0 && length < LARGEST) {
        lua_pushlstring(L, text, length);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, problem ? strerror(problem) : "this is too large to be a configuration");
    return 2;
}

static int get_version(lua_State *L)
{
    lua_pushstring(L, cos_version());
    return 1;
}

static int get_code_name(lua_State *L)
{
    lua_pushstring(L, cos_code_name((int)luaL_checkinteger(L, 1)));
    return 1;
}

/* All together. */

static const luaL_Reg CLIENT_METHODS[] = {
    {"api", get_api},
    {"close", close_client},
    {NULL, NULL},
};

static const luaL_Reg CLIENT_EVENTS[] = {
    {"__gc", collect_client},
    {"__close", close_client},
    {"__tostring", client_to_string},
    {NULL, NULL},
};

static const luaL_Reg TRANSFER_METHODS[] = {
    {"cancel", cancel},
    {"is_cancelled", is_cancelled},
    {"progress", progress},
    {"travelled", travelled},
    {"close", close_transfer},
    {NULL, NULL},
};

static const luaL_Reg TRANSFER_EVENTS[] = {
    {"__gc", collect_transfer},
    {"__close", close_transfer},
    {NULL, NULL},
};

static const luaL_Reg HELP[] = {
    {"now_ms", get_now},
    {"getenv", get_variable},
    {"read_file", read_file},
    {NULL, NULL},
};

static const luaL_Reg FUNCTIONS[] = {
    {"client", new_client},
    {"transfer", new_transfer},
    {"version", get_version},
    {"code_name", get_code_name},
    {NULL, NULL},
};

static const struct constant { const char *name; int value; } LEVELS[] = {
    {"COS_LOG_OFF", COS_LOG_OFF},
    {"COS_LOG_FAILURES", COS_LOG_FAILURES},
    {"COS_LOG_REQUESTS", COS_LOG_REQUESTS},
    {NULL, 0},
};

#define CODE(name) {#name, name}
static const struct constant CODES[] = {
    CODE(COS_OK),
    CODE(COS_ERR_PARAM),
    CODE(COS_ERR_NETWORK),
    CODE(COS_ERR_CONNECT),
    CODE(COS_ERR_INTERNAL),
    CODE(COS_ERR_CANCELLED),
    CODE(COS_ERR_LOCAL_IO),
    CODE(COS_ERR_INTEGRITY),
    CODE(COS_ERR_REFUSED),
    CODE(COS_ERR_ACCESS_DENIED),
    CODE(COS_ERR_SECRET_ID_UNKNOWN),
    CODE(COS_ERR_SIGN_EXPIRED),
    CODE(COS_ERR_SIGN_BUCKET),
    CODE(COS_ERR_SIGN_SECRET_ID),
    CODE(COS_ERR_SIGN_PATH),
    CODE(COS_ERR_SIGN_APPID),
    CODE(COS_ERR_RATE_LIMITED),
    CODE(COS_ERR_SIGN_ONCE_EXPIRY),
    CODE(COS_ERR_SIGN_MULTI_EXPIRY),
    CODE(COS_ERR_SIGN_REPLAYED),
    CODE(COS_ERR_SECRET_ID_UNKNOWN_V1),
    CODE(COS_ERR_SIGN_EMPTY),
    CODE(COS_ERR_SIGN_EXPIRED_V1),
    CODE(COS_ERR_SIGN_INVALID),
    CODE(COS_ERR_NO_BUCKET),
    CODE(COS_ERR_STORAGE_TIMEOUT),
    CODE(COS_ERR_FOLDER_NOT_EMPTY),
    CODE(COS_ERR_SIZE_MISMATCH),
    CODE(COS_ERR_FILE_EXISTS),
    CODE(COS_ERR_FOLDER_EXISTS),
    CODE(COS_ERR_ILLEGAL_PATH),
    CODE(COS_ERR_STORAGE),
    CODE(COS_ERR_UNAVAILABLE),
    CODE(COS_ERR_NOT_FOUND),
    CODE(COS_ERR_BUCKET_NAME),
    CODE(COS_ERR_SLICE_SIZE),
    CODE(COS_ERR_OVERLOADED),
    CODE(COS_ERR_SHA_MISMATCH),
    CODE(COS_ERR_SAME_FILE),
    CODE(COS_ERR_UPLOAD_UNFINISHED),
    CODE(COS_ERR_UPLOAD_CONFLICT),
    CODE(COS_ERR_NO_SUCH_OP),
    CODE(COS_ERR_UPLOADPARTS),
    CODE(COS_ERR_REQUEST_JSON),
    CODE(COS_ERR_MISSING_OP),
    CODE(COS_ERR_SESSION),
    CODE(COS_ERR_MISSING_CONTENT),
    CODE(COS_ERR_REQUEST_FORM),
    CODE(COS_ERR_METHOD),
    CODE(COS_ERR_BACKEND_NETWORK),
    CODE(COS_ERR_REQUEST_PARAM),
    CODE(COS_ERR_MISSING_SHA),
    {NULL, 0},
};

static void add_constants(lua_State *L, const char *name, const struct constant *constants)
{
    lua_newtable(L);
    for (; constants->name; constants++) {
        lua_pushinteger(L, constants->value);
        lua_setfield(L, -2, constants->name);
    }
    lua_setfield(L, -2, name);
}

/* Scripts see the name in place of the metatable. */
static void add_type(lua_State *L, const char *name, const luaL_Reg *events)
{
    luaL_newmetatable(L, name);
    lcos_set_functions(L, events);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
}

static const char *next_line(lua_State *L, void *user, size_t *length)
{
    const char *const **line = user;
    (void)L;
    *length = **line ? strlen(**line) : 0;
    return **line ? *(*line)++ : NULL;
}

COS_LUA_API int luaopen_cos(lua_State *L)
{
    static const luaL_Reg ERROR_EVENTS[] = {{"__tostring", error_to_string}, {NULL, NULL}};
    static const luaL_Reg KEEPER_EVENTS[] = {{"__gc", collect_string}, {NULL, NULL}};
    const char *const *lines = HELPERS;
    if (cos_abi_version() != COS_ABI_VERSION)
        luaL_error(L, "cos was compiled for version %d of libcos.so, and %d is loaded",
                   COS_ABI_VERSION, cos_abi_version());
    add_type(L, ERROR, ERROR_EVENTS);
    add_type(L, KEEPER, KEEPER_EVENTS);
    lua_pop(L, 2);
    if (load_text(L, next_line, &lines, "=cos") != 0)
        return lua_error(L);
    lua_newtable(L);
    lcos_set_functions(L, FUNCTIONS);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    add_constants(L, "codes", CODES);
    add_constants(L, "levels", LEVELS);

    add_type(L, TRANSFER, TRANSFER_EVENTS);
    lua_newtable(L);
    lcos_set_functions(L, TRANSFER_METHODS);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    add_type(L, CLIENT, CLIENT_EVENTS);
    lua_newtable(L);
    lcos_set_functions(L, CLIENT_METHODS);
    lcos_add_calls(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__index");
    lua_remove(L, -2);

    /* The chunk, the module, the methods. */
    lua_newtable(L);
    lcos_set_functions(L, HELP);
    lua_pushvalue(L, -3);
    lua_insert(L, -5);
    lua_call(L, 3, 0);
    return 1;
}
