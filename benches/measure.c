/* Runs a program on given CPUs and prints what it took: wall, user and system seconds, peak KiB.
 *
 *     measure CPU[,CPU...] PROGRAM ARGUMENT...
 *
 * It is a program of its own because a process's peak memory includes that of whoever started it,
 * from before the exec: this one is small. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec / 1e6; }

int main(int argc, char **argv)
{
    struct timespec start, end;
    struct rusage usage;
    cpu_set_t cpus;
    char *next;
    pid_t child;
    int status;

    if (argc < 3)
        return 2;
    CPU_ZERO(&cpus);
    for (next = argv[1]; *next; next += *next == ',')
        CPU_SET(strtoul(next, &next, 10), &cpus);
    clock_gettime(CLOCK_MONOTONIC, &start);
    child = fork();
    if (child == 0) {
        sched_setaffinity(0, sizeof cpus, &cpus);
        execv(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return 2;
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f %.6f %.6f %ld\n",
           (double)(end.tv_sec - start.tv_sec) + (end.tv_nsec - start.tv_nsec) / 1e9,
           seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
