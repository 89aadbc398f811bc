/* What a process looks like from outside. Needs _POSIX_C_SOURCE. */
#ifndef HOST_H
#define HOST_H

#include "check.h"

#include <dirent.h>
#include <time.h>

static inline int entries_of(const char *directory)
{
    DIR *dir = opendir(directory);
    int count = 0;
    CHECK(dir != NULL);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static inline int descriptors(void)
{
    return entries_of("/proc/self/fd");
}

/* The system takes a moment to clear away a thread that was joined. */
static inline void expect_threads(int wanted)
{
    const struct timespec moment = {0, 10000000};
    int patience = 200;
    while (entries_of("/proc/self/task") - 2 != wanted && patience-- > 0)
        nanosleep(&moment, NULL);
    CHECK(entries_of("/proc/self/task") - 2 == wanted);
}

static inline long resident_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = atol(line + 6);
    fclose(status);
    CHECK(kib > 0);
    return kib;
}

#endif
