/* system.h for POSIX systems. */
#define _POSIX_C_SOURCE 200809L

#include "system.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lock_init(system_lock *lock)
{
    pthread_mutex_init(lock, NULL);
}

void lock_destroy(system_lock *lock)
{
    pthread_mutex_destroy(lock);
}

void lock_take(system_lock *lock)
{
    pthread_mutex_lock(lock);
}

void lock_release(system_lock *lock)
{
    pthread_mutex_unlock(lock);
}

void signal_init(system_signal *signal)
{
    pthread_cond_init(signal, NULL);
}

void signal_destroy(system_signal *signal)
{
    pthread_cond_destroy(signal);
}

void signal_wait(system_signal *signal, system_lock *lock)
{
    pthread_cond_wait(signal, lock);
}

void signal_send(system_signal *signal)
{
    pthread_cond_broadcast(signal);
}

struct start {
    void (*run)(void *);
    void *argument;
};

static void *started(void *given)
{
    struct start start = *(struct start *)given;
    free(given);
    start.run(start.argument);
    return NULL;
}

/* Enough for a TLS handshake and a look-up of a name; the default is often many times as much. */
enum { STACK = 1024 * 1024 };

int thread_start(void (*run)(void *), void *argument)
{
    struct start *start = malloc(sizeof *start);
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int failed;
    if (!start)
        return -1;
    start->run = run;
    start->argument = argument;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK);
    /* Signals are for the threads of Node, which the new one inherits its mask from. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&thread, &attributes, started, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failed)
        free(start);
    return failed ? -1 : 0;
}

void *library_load(const char *path, char *reason, size_t size)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        snprintf(reason, size, "%s", dlerror());
    return library;
}

int library_find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
    return found ? 0 : -1;
}
