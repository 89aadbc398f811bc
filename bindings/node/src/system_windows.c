/* system.h for Windows. */
#include "system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lock_init(system_lock *lock)
{
    InitializeSRWLock(lock);
}

void lock_destroy(system_lock *lock)
{
    (void)lock;
}

void lock_take(system_lock *lock)
{
    AcquireSRWLockExclusive(lock);
}

void lock_release(system_lock *lock)
{
    ReleaseSRWLockExclusive(lock);
}

void signal_init(system_signal *signal)
{
    InitializeConditionVariable(signal);
}

void signal_destroy(system_signal *signal)
{
    (void)signal;
}

void signal_wait(system_signal *signal, system_lock *lock)
{
    SleepConditionVariableSRW(signal, lock, INFINITE, 0);
}

void signal_send(system_signal *signal)
{
    WakeAllConditionVariable(signal);
}

struct start {
    void (*run)(void *);
    void *argument;
};

static DWORD WINAPI started(void *given)
{
    struct start start = *(struct start *)given;
    free(given);
    start.run(start.argument);
    return 0;
}

enum { STACK = 1024 * 1024 };

int thread_start(void (*run)(void *), void *argument)
{
    struct start *start = malloc(sizeof *start);
    HANDLE thread;
    if (!start)
        return -1;
    start->run = run;
    start->argument = argument;
    thread = CreateThread(NULL, STACK, started, start, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (!thread) {
        free(start);
        return -1;
    }
    CloseHandle(thread);
    return 0;
}

/* Threads may be in the addon when the worker of Node that loaded it has ended. */
static void stay_loaded(void)
{
    static const char here = 0;
    HMODULE addon;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                       (LPCWSTR)&here, &addon);
}

void *library_load(const char *path, char *reason, size_t size)
{
    int length = MultiByteToWideChar(CP_UTF8, 0, path, -1, NULL, 0);
    wchar_t *wide = malloc(sizeof *wide * (size_t)(length + 1));
    HMODULE library = NULL;
    stay_loaded();
    if (wide && MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, length) > 0)
        library = LoadLibraryW(wide);
    if (!library)
        snprintf(reason, size, "%s: Windows error %lu", path, (unsigned long)GetLastError());
    free(wide);
    return (void *)library;
}

int library_find(void *library, const char *name, void *function)
{
    FARPROC found = GetProcAddress((HMODULE)library, name);
    memcpy(function, &found, sizeof found);
    return found ? 0 : -1;
}
