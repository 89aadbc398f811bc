/* What differs between operating systems: threads, locks, and loading a library. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stddef.h>

#ifdef _WIN32
#include <windows.h>
typedef SRWLOCK system_lock;
typedef CONDITION_VARIABLE system_signal;
#define LOCK_INIT SRWLOCK_INIT
#else
#include <pthread.h>
typedef pthread_mutex_t system_lock;
typedef pthread_cond_t system_signal;
#define LOCK_INIT PTHREAD_MUTEX_INITIALIZER
#endif

void lock_init(system_lock *lock);
void lock_destroy(system_lock *lock);
void lock_take(system_lock *lock);
void lock_release(system_lock *lock);

void signal_init(system_signal *signal);
void signal_destroy(system_signal *signal);
/* Waits until the signal is sent, and perhaps less long; the lock is released meanwhile. */
void signal_wait(system_signal *signal, system_lock *lock);
void signal_send(system_signal *signal);

/* Runs a function on a thread that nobody waits for. Returns 0, or -1 if there can be no more. */
int thread_start(void (*run)(void *), void *argument);

/* Loads a library, whose path is UTF-8. Returns NULL and a reason if it can't be. */
void *library_load(const char *path, char *reason, size_t size);
/* Writes the address of a function to *function. Returns 0, or -1 if there is none. */
int library_find(void *library, const char *name, void *function);

#endif
