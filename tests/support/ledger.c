/* Stands in for libcos: passes every call on to the library REAL, and writes down in the file
 * COS_LEDGER what is called, handed out (+) and taken back (-). Rust counts. */
#include <cos.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void *library;
static int ledger;

static void open_both(void)
{
    const char *path = getenv("COS_LEDGER");
    library = dlopen(REAL, RTLD_NOW | RTLD_LOCAL);
    ledger = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (!library || ledger < 0) {
        fputs("the ledger can't be kept\n", stderr);
        abort();
    }
}

static void note(const char *format, ...)
{
    char line[128];
    va_list values;
    va_start(values, format);
    int len = vsnprintf(line, sizeof line, format, values);
    va_end(values);
    if (write(ledger, line, (size_t)len) != len)
        abort();
}

static void *called(const char *name)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_both);
    note("call %s\n", name);
    void *function = dlsym(library, name);
    if (!function)
        abort();
    return function;
}

static void handed_out(const char *kind, const void *what, size_t len)
{
    if (what)
        note("+ %s %p %zu\n", kind, what, len);
}

/* Before the library takes it back, since the address may be handed out again at once. */
static void taken_back(const char *kind, const void *what, size_t len)
{
    if (what)
        note("- %s %p %zu\n", kind, what, len);
}

#include "functions.h"
