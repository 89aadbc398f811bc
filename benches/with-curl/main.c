/* The jobs of the benchmark as a program does them by hand, with libcurl, OpenSSL, yyjson and expat.
 *
 *     with-curl API SCHEME HOST:PORT CA_FILE JOB COUNT WORKERS SUM COS_PATH LOCAL_PATH
 *
 * The arguments are those of with-cos. Requests are signed, answers checked, content verified where
 * libcos verifies it; connections are kept, and what breaks is sent again. What libcos does besides
 * (resuming, progress, cancelling, options, reports of what failed) it leaves out. */
#include "jobs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings settings;

/* For a list of which every name is read. */
static void read_name(void *user, const char *name, const struct object *object)
{
    size_t *names = user;
    (void)object;
    *names += strlen(name) > 0;
}

static void list_page(struct line *line, const char *path)
{
    char context[256] = "";
    size_t names = 0;
    settings.api->list(line, path, context, read_name, &names);
    if (names == 0)
        fail("no entries");
}

int main(int argc, char **argv)
{
    struct line line;
    struct object object;
    const char *job, *path, *local;
    int i, count;

    if (argc != 11)
        return 2;
    settings.api = strcmp(argv[1], "v5") == 0 ? &api_v5 : &api_v4;
    settings.scheme = argv[2];
    settings.host = argv[3];
    settings.ca_file = argv[4];
    job = argv[5];
    count = atoi(argv[6]);
    settings.workers = atoi(argv[7]);
    settings.with_sum = atoi(argv[8]);
    path = argv[9];
    local = argv[10];
    srandom((unsigned)getpid());
    curl_global_init(CURL_GLOBAL_DEFAULT);
    open_line(&line, settings.ca_file);
    for (i = 0; i < count; i++) {
        if (strcmp(job, "stat") == 0)
            settings.api->stat(&line, path, &object);
        else if (strcmp(job, "list") == 0)
            list_page(&line, path);
        else if (strcmp(job, "upload") == 0)
            upload_file(&line, path, local);
        else if (strcmp(job, "download") == 0)
            download_file(&line, path, local);
        else if (strcmp(job, "upload-tree") == 0)
            upload_tree(&line, path, local);
        else if (strcmp(job, "download-tree") == 0)
            download_tree(&line, path, local);
        else
            return 2;
    }
    close_line(&line);
    curl_global_cleanup();
    return EXIT_SUCCESS;
}
