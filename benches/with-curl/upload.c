#include "jobs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void send_parts(struct line *line, void *job)
{
    struct upload *upload = job;
    uint64_t index;
    while ((index = atomic_fetch_add(&upload->next, 1)) * settings.api->part_size < upload->size)
        settings.api->put_part(line, upload, index);
}

void upload_file(struct line *line, const char *path, const char *local)
{
    struct upload upload = {.path = path, .fd = open(local, O_RDONLY | O_CLOEXEC)};
    struct stat found;
    if (upload.fd < 0 || fstat(upload.fd, &found) != 0)
        fail("the file can't be read");
    upload.size = (uint64_t)found.st_size;
    if (upload.size < settings.api->threshold) {
        settings.api->put(line, path, upload.fd, upload.size);
    } else {
        settings.api->begin(line, &upload);
        in_parallel(line, send_parts, &upload);
        settings.api->finish(line, &upload);
    }
    close(upload.fd);
}
