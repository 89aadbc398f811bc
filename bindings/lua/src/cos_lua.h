/* For programs with Lua inside: the module and libcos linked into the program.
 *
 *     luaL_requiref(L, "cos", luaopen_cos, 1);   where Lua has that, from 5.2 on
 *     cos_lua_push_client(L, client);
 *     lua_setglobal(L, "client");
 */
#ifndef COS_LUA_H
#define COS_LUA_H

#include <cos.h>
#include <lua.h>

/* What `require "cos"` calls. A program that links the module in exports nothing. */
#ifndef COS_LUA_API
#define COS_LUA_API
#endif

/* Pushes the module. It needs the base, string, table and math libraries of Lua; it opens no file and reads no
 * variable of the environment unless cos.from_env is called. */
COS_LUA_API int luaopen_cos(lua_State *L);

/* Pushes a client that the program has made, and keeps: it is freed after the Lua state was closed.
 * Scripts make calls with it, and can neither read its keys nor change its settings or its log. A
 * handle from cos_client_with_transfer() gives the program a way to stop what scripts call. */
COS_LUA_API void cos_lua_push_client(lua_State *L, cos_client *client);

#endif
