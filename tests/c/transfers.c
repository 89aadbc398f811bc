/* One upload or download in a process of its own. Prints the reply, then how many threads are left
 * and how much memory the process had in use at the most:
 *
 *     transfers CLIENT_OPTIONS upload|download BUCKET COS_PATH LOCAL_PATH [OPTIONS]
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cos.h"

/* Prints the lines of /proc/self/status that begin with `name`. */
static void print_status(const char *name) {
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    if (status == NULL) {
        return;
    }
    while (fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            fputs(line, stdout);
        }
    }
    fclose(status);
}

int main(int argc, char **argv) {
    const struct timespec moment = {0, 100000000};
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
    nanosleep(&moment, NULL);
    print_status("Threads:");
    print_status("VmHWM:");
    return code == 0 ? 0 : 1;
}
