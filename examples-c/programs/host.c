/* Runs Lua scripts that others have written, all at the same time, and gives them COS, within limits.
 * SOURCES is the directory src of the package for Lua, which `make rock` leaves in build/rock; luajit can
 * stand in place of lua5.4.
 *
 *     cc host.c $SOURCES/?*.c -I$SOURCES $(pkg-config --cflags --libs cos lua5.4) -lpthread -o host
 *     ./host SECONDS BUCKET SCRIPT ...
 *
 * A script has the module as `cos`, a client as `client`, and the name of the bucket as `bucket`. It can
 * use the account, which is in the environment (see account.h), but not see it, and has no way to files
 * of this machine, and Lua has 64 MiB for it. After so many seconds it is ended, and so is the call that it
 * is in. Whatever it does or raises, also in a callback of the library, the host goes on. What Lua does not
 * interrupt, such as a search that takes for ever or a finalizer, ends with the host, which waits two seconds
 * for it. */
#define _POSIX_C_SOURCE 200809L
#include "account.h"

#include <cos_lua.h>

#include <lauxlib.h>
#include <lualib.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum {
    INSTRUCTIONS = 1000, /* of Lua, that may pass before it is asked whether the time is over */
    MEMORY = 64 << 20,   /* bytes that Lua may have for a script */
    GRACE = 2            /* seconds that a script may take to end when its time is over */
};

/* A script with the thread that it runs on. */
struct job {
    pthread_t thread;
    const char *script, *bucket;
    cos_client *client;     /* a handle of the host's client, whose calls */
    cos_transfer *transfer; /* this ends */
    size_t memory;
    int failed, has_ended;
};

/* How many scripts run, and when all have to end. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int running;
static struct timespec end;

/* Memory for Lua, as much as a script may have. */
static void *allocate(void *given, void *block, size_t old_size, size_t size)
{
    struct job *job = given;
    void *moved;
    if (!block)
        old_size = 0; /* Lua tells what it is for */
    if (size > old_size && size - old_size > MEMORY - job->memory)
        return NULL;
    if (size == 0) {
        free(block);
        moved = NULL;
    } else if ((moved = realloc(block, size)) == NULL) {
        return NULL;
    }
    job->memory += size - old_size;
    return moved;
}

static int is_over(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec);
}

static void check_time(lua_State *L, lua_Debug *unused)
{
    (void)unused;
    if (!is_over())
        return;
    /* From now on at every instruction: a script that catches the error gets no further. */
    lua_sethook(L, check_time, LUA_MASKCOUNT, 1);
    luaL_error(L, "the time is over");
}

static void open_library(lua_State *L, const char *name, lua_CFunction open)
{
    lua_pushcfunction(L, open);
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
    if (*name)
        lua_setglobal(L, name);
    else
        lua_pop(L, 1);
}

/* Takes fields away from the table on top, and the table from the stack. */
static void take_away(lua_State *L, const char *const *names)
{
    for (; *names; names++) {
        lua_pushnil(L);
        lua_setfield(L, -2, *names);
    }
    lua_pop(L, 1);
}

/* Code that somebody has compiled could break Lua. Behind a line that begins with #, Lua takes it, too. */
static int is_text(const char *script)
{
    FILE *opened = fopen(script, "rb");
    int first = opened ? getc(opened) : EOF;
    if (opened)
        fclose(opened);
    return first != LUA_SIGNATURE[0] && first != '#';
}

/* Runs in lua_pcall, so that too little memory is an error like others. */
static int prepare(lua_State *L)
{
    static const char *const LOADERS[] = {"dofile", "loadfile", "load", "loadstring", "require", "module",
                                          NULL};
    /* Clients of its own would know no limit. */
    static const char *const MAKERS[] = {"client", "from_env", NULL};
    static const char *const OF_FILES[] = {"upload_file", "upload_folder", "download_file",
                                           "download_folder", NULL};
    struct job *job = lua_touserdata(L, 1);
    open_library(L, "", luaopen_base);
    open_library(L, LUA_STRLIBNAME, luaopen_string);
    open_library(L, LUA_TABLIBNAME, luaopen_table);
    open_library(L, LUA_MATHLIBNAME, luaopen_math);
#if LUA_VERSION_NUM >= 502
    open_library(L, LUA_COLIBNAME, luaopen_coroutine); /* earlier, it is in the base library */
#endif
    open_library(L, "cos", luaopen_cos);
#if LUA_VERSION_NUM >= 502
    lua_pushglobaltable(L);
#else
    lua_pushvalue(L, LUA_GLOBALSINDEX);
#endif
    take_away(L, LOADERS);
    lua_getglobal(L, "cos");
    take_away(L, MAKERS);
    luaL_getmetatable(L, "cos.client");
    lua_getfield(L, -1, "__index");
    take_away(L, OF_FILES);
    cos_lua_push_client(L, job->client);
    lua_setglobal(L, "client");
    lua_pushstring(L, job->bucket);
    lua_setglobal(L, "bucket");
    lua_sethook(L, check_time, LUA_MASKCOUNT, INSTRUCTIONS);
    if (!is_text(job->script))
        return luaL_error(L, "it is no text");
    if (luaL_loadfile(L, job->script) != 0)
        return lua_error(L);
    return 1;
}

/* Makes a text of any error, such as those of cos. */
static int to_message(lua_State *L)
{
    if (!lua_tostring(L, 1) && !luaL_callmeta(L, 1, "__tostring"))
        lua_pushfstring(L, "an error that is a %s", luaL_typename(L, 1));
    return 1;
}

static void run_script(lua_State *L, struct job *job)
{
    lua_pushcfunction(L, to_message);
    lua_pushcfunction(L, prepare);
    lua_pushlightuserdata(L, job);
    job->failed = lua_pcall(L, 1, 1, 1) != 0 || lua_pcall(L, 0, 0, 1) != 0;
    if (job->failed) {
        const char *message = lua_tostring(L, -1);
        fprintf(stderr, "%s failed: %s\n", job->script, message ? message : "for no reason");
    }
}

static void *run_job(void *given)
{
    struct job *job = given;
    lua_State *L = lua_newstate(allocate, job);
    job->failed = 1;
    if (L) {
        run_script(L, job);
        lua_close(L);
    }
    pthread_mutex_lock(&lock);
    job->has_ended = 1;
    running--;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* Starts a script. The threads may share the client, each through a handle of its own. */
static int start(struct job *job, const cos_client *client, const char *script, const char *bucket)
{
    job->script = script;
    job->bucket = bucket;
    job->transfer = cos_transfer_new();
    if (cos_client_with_transfer(client, job->transfer, &job->client, NULL) != COS_OK)
        return -1;
    pthread_mutex_lock(&lock);
    running++;
    pthread_mutex_unlock(&lock);
    if (pthread_create(&job->thread, NULL, run_job, job) == 0)
        return 0;
    pthread_mutex_lock(&lock);
    running--;
    pthread_mutex_unlock(&lock);
    return -1;
}

/* Waits until all scripts have ended, or a time is over. Returns how many have not ended. */
static int wait_until(struct timespec time)
{
    int left, result = 0;
    pthread_mutex_lock(&lock);
    while (running > 0 && result == 0)
        result = pthread_cond_timedwait(&changed, &lock, &time);
    left = running;
    pthread_mutex_unlock(&lock);
    return left;
}

/* Ends all scripts when their time is over: their calls are cancelled, and the hook does the rest. Returns
 * how many go on all the same. */
static int end_all(struct job *jobs, int count)
{
    struct timespec last = end;
    int i, left = wait_until(end);
    for (i = 0; i < count; i++)
        cos_transfer_cancel(jobs[i].transfer);
    last.tv_sec += GRACE;
    if (left > 0)
        left = wait_until(last);
    pthread_mutex_lock(&lock);
    for (i = 0; i < count; i++) {
        if (!jobs[i].has_ended) {
            fprintf(stderr, "%s failed: it can't be ended\n", jobs[i].script);
            jobs[i].failed = 1;
        }
    }
    pthread_mutex_unlock(&lock);
    for (i = 0; i < count && left == 0; i++)
        pthread_join(jobs[i].thread, NULL);
    return left;
}

int main(int argc, char **argv)
{
    cos_client *client;
    struct job *jobs;
    int i, started, left, failed = 0;
    if (argc < 4) {
        fprintf(stderr, "usage: %s SECONDS BUCKET SCRIPT ...\n", argv[0]);
        return 2;
    }
    client = client_from_environment();
    jobs = calloc((size_t)argc, sizeof *jobs);
    if (!client || !jobs)
        return EXIT_FAILURE;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += atol(argv[1]);
    for (started = 0; started < argc - 3; started++)
        if (start(&jobs[started], client, argv[3 + started], argv[2]) != 0)
            break;
    left = end_all(jobs, started);
    for (i = 0; i < argc - 3; i++)
        failed += i >= started || jobs[i].failed;
    printf("%d of %d scripts went well\n", argc - 3 - failed, argc - 3);
    if (left > 0) { /* they use what would be freed */
        fflush(stdout);
        _exit(EXIT_FAILURE);
    }
    for (i = 0; i < argc - 3; i++) {
        cos_client_free(jobs[i].client);
        cos_transfer_free(jobs[i].transfer);
    }
    free(jobs);
    cos_client_free(client);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
