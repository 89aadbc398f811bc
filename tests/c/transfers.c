/* One upload or download in a process of its own. Prints the reply, then how many threads are left
 * that it did not begin with, and how much more memory than at its beginning the process had in use at
 * the most:
 *
 *     transfers CLIENT_OPTIONS upload|download BUCKET COS_PATH LOCAL_PATH [OPTIONS]
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cos.h"

#ifdef _WIN32
#include <windows.h>
#include <psapi.h>
#include <tlhelp32.h>

static long threads(void) {
    HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 entry;
    long count = 0;
    BOOL more;
    entry.dwSize = sizeof entry;
    for (more = Thread32First(list, &entry); more; more = Thread32Next(list, &entry)) {
        count += entry.th32OwnerProcessID == GetCurrentProcessId();
    }
    CloseHandle(list);
    return count;
}

static long peak_kib(void) {
    PROCESS_MEMORY_COUNTERS counters;
    BOOL done = K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters);
    return done ? (long)(counters.PeakWorkingSetSize / 1024) : -1;
}

static void rest(void) {
    Sleep(100);
}
#else
#include <time.h>

/* The number behind `name` in /proc/self/status. */
static long status(const char *name) {
    char line[256];
    long number = -1;
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL) {
        return -1;
    }
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            number = atol(line + strlen(name));
        }
    }
    fclose(status);
    return number;
}

static long threads(void) {
    return status("Threads:");
}

static long peak_kib(void) {
    return status("VmHWM:");
}

static void rest(void) {
    const struct timespec moment = {0, 100000000};
    nanosleep(&moment, NULL);
}
#endif

int main(int argc, char **argv) {
    const long before = threads(), own_kib = peak_kib();
    cos_client *client;
    char *json;
    int code;
    if (argc < 6) {
        return 2;
    }
    code = cos_client_new("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", NULL, argv[1],
                          &client, &json);
    if (code == 0) {
        int is_upload = strcmp(argv[2], "upload") == 0;
        const char *more = argc > 6 ? argv[6] : NULL;
        cos_string_free(json);
        code = is_upload ? cos_upload_file(client, argv[3], argv[4], argv[5], more, NULL, &json)
                         : cos_download_file(client, argv[3], argv[4], argv[5], more, NULL, &json);
        cos_client_free(client);
    }
    puts(json);
    cos_string_free(json);
    /* The system takes a moment to clear away a thread that has ended. */
    rest();
    printf("Threads: %ld\nPeak: %ld\n", threads() - before,
           peak_kib() - own_kib);
    return code == 0 ? 0 : 1;
}
