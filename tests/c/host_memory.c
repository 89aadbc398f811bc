/* Short of memory: a large reply is code 2, not the end of the program, and calls work again
 * afterwards. The server is to answer the second look at /large with 15 MiB.
 *
 *     host_memory HOST:PORT */
#define _GNU_SOURCE
#include "host.h"

#include <stdio.h>
#include <sys/resource.h>

/* How much address space is in use, in bytes. */
static rlim_t used(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    return (rlim_t)pages * 4096;
}

int main(int argc, char **argv)
{
    struct rlimit before, little;
    cos_client *client;
    CHECK(argc == 2);
    client = client_of(argv[1]);
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, "/large", NULL, &reply));
    CHECK(getrlimit(RLIMIT_AS, &before) == 0);
    little = before;
    little.rlim_cur = used() + (10 << 20);
    CHECK(setrlimit(RLIMIT_AS, &little) == 0);
    EXPECT(COS_ERR_LOCAL_IO, cos_stat_file(client, BUCKET, "/large", NULL, &reply));
    CHECK(setrlimit(RLIMIT_AS, &before) == 0);
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, "/large", NULL, &reply));
    cos_client_free(client);
    return 0;
}
