/* What the files of the module share. */
#ifndef MODULE_H
#define MODULE_H

/* For clocks and threads. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "cos_lua.h"

#include <lauxlib.h>
#include <pthread.h>
#include <stdint.h>

/* What differs between the versions of Lua. LuaJIT is a 5.1. */
#if LUA_VERSION_NUM < 502
#define lua_rawlen lua_objlen
#define lua_setuservalue lua_setfenv
#define lua_getuservalue lua_getfenv
#define load_text(L, reader, from, name) lua_load(L, reader, from, name)
#else
#define load_text(L, reader, from, name) lua_load(L, reader, from, name, "t")
#endif
#if LUA_VERSION_NUM < 503
#define push_int64(L, number) lua_pushnumber(L, (lua_Number)(number))
#else
#define push_int64(L, number) lua_pushinteger(L, (lua_Integer)(number))
#endif

/* A client, as Lua holds it. Its user value is a table: [1] the function of the log, and the
 * `struct log` of the client and of all handles that were made of it. */
struct client {
    cos_client *handle; /* NULL when it was closed */
    struct log *log;
    int calls; /* under way */
    int is_hosts;    /* the program around the scripts sets it up */
    int is_borrowed; /* and frees this handle of it */
};

/* Where the lines of a client and its handles go: to the call that is under way. */
struct log {
    struct call *call;
    int is_set;
};

/* A transfer, as Lua holds it. */
struct transfer {
    cos_transfer *handle; /* NULL when it was closed */
    int calls;
    int is_cancelled;
};

/* A program may have other functions of such names, so these begin with lcos_, and none is exported. */
#pragma GCC visibility push(hidden)

#define CLIENT "cos.client"
#define TRANSFER "cos.transfer"

struct client *lcos_to_client(lua_State *L, int at);
struct transfer *lcos_to_transfer(lua_State *L, int at);
/* Pushes a client without a handle, with the log of the client at `of`, or one of its own if that is 0. */
struct client *lcos_push_client(lua_State *L, int of);
/* Sets the functions of an array that ends with NULL in the table on top. */
void lcos_set_functions(lua_State *L, const luaL_Reg *functions);
/* A string argument without NUL, or NULL where it may be nil. Raises an error that names it. */
const char *lcos_to_text(lua_State *L, int at, const char *name, int may_be_nil);

/* json.c: pushes the JSON text of a table. `name` is what an error calls it; fields of it whose names
 * are in `without` are left out. */
void lcos_push_json(lua_State *L, int at, const char *name, const char *const *without);
/* The same for a table that is an array. */
void lcos_push_array(lua_State *L, int at, const char *name);
/* Pushes the value of a JSON text, or raises an error. */
void lcos_push_value(lua_State *L, const char *json);

/* calls.c: adds the calls to the table of methods on top. */
void lcos_add_calls(lua_State *L);
/* Pushes the reply, or nil and an error, and frees `json`. Returns how many values these are. */
int lcos_push_result(lua_State *L, int code, char **json);
/* Pushes what keeps a string of the library's until lcos_push_result() frees it, or else the collector. */
char **lcos_push_keeper(lua_State *L);

/* deadline.c: cancels a transfer after a time, from a thread of its own. */
struct deadline {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    cos_transfer *transfer;
    int64_t until; /* on the clock of lcos_now_ms() */
    int is_running, is_over, has_struck;
};

int64_t lcos_now_ms(void);
/* Returns 0, or the system's number of an error. */
int lcos_begin_deadline(struct deadline *deadline, cos_transfer *transfer, int64_t after_ms);
/* Whether it has struck. */
int lcos_end_deadline(struct deadline *deadline);
int lcos_has_struck(struct deadline *deadline);

#pragma GCC visibility pop

#endif
