/* Out of descriptors, then out of threads: calls fail, say why, and work again afterwards.
 *
 *     host_limits HOST:PORT DIRECTORY */
#define _GNU_SOURCE
#include "host.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#define SIZE (2 << 20)

typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static int no_threads;
static uint8_t *bytes;
static char up[512], down[512];

/* The library's calls end here, too. root can't be kept from starting threads in another way. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument)
{
    create_fn *real;
    void *found = dlsym(RTLD_NEXT, "pthread_create");
    memcpy(&real, &found, sizeof real);
    return no_threads ? EAGAIN : real(thread, attributes, start, argument);
}

/* After this no descriptor can be opened. */
static void take_descriptors(struct rlimit *before)
{
    struct rlimit none;
    int next = open("/dev/null", O_RDONLY);
    CHECK(next >= 0 && close(next) == 0);
    CHECK(getrlimit(RLIMIT_NOFILE, before) == 0);
    none = *before;
    none.rlim_cur = (rlim_t)next;
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    CHECK(open("/dev/null", O_RDONLY) == -1 && errno == EMFILE);
}

static void says(const char *wanted)
{
    char *message = cos_json_string(reply, "/message");
    CHECK(message != NULL && strstr(message, wanted) != NULL);
    cos_string_free(message);
}

static void everything_works(const cos_client *client)
{
    size_t len = 0;
    EXPECT(COS_OK, cos_upload_file(client, BUCKET, "/file", up, COS_JSON({"insert_only": 0}), NULL,
                                   &reply));
    EXPECT(COS_OK, cos_download_file(client, BUCKET, "/file", down, NULL, NULL, &reply));
    CHECK(file_holds(down, bytes, SIZE));
    EXPECT(COS_OK, cos_download_stream(client, BUCKET, "/file", NULL, NULL, take, &len, &reply));
    CHECK(len == SIZE);
}

static void descriptors_run_out(const cos_client *used, const char *host)
{
    cos_client *fresh = client_of(host);
    const int before = descriptors();
    struct rlimit limit;
    everything_works(used);
    EXPECT(COS_OK, cos_client_set_config(fresh, COS_JSON({"retries": 1}), &reply));
    take_descriptors(&limit);
    EXPECT(COS_ERR_CONNECT, cos_stat_file(fresh, BUCKET, "/file", NULL, &reply));
    says(strerror(EMFILE));
    CHECK_TEXT("/error/phase", "connect");
    CHECK_TEXT("/error/retryable", "true");
    /* A connection that is there serves on. */
    EXPECT(COS_OK, cos_stat_file(used, BUCKET, "/file", NULL, &reply));
    EXPECT(COS_ERR_PARAM, cos_upload_file(used, BUCKET, "/other", up, NULL, NULL, &reply));
    says(strerror(EMFILE));
    EXPECT(COS_ERR_PARAM, cos_download_file(used, BUCKET, "/file", down, NULL, NULL, &reply));
    says(strerror(EMFILE));
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    everything_works(fresh);
    cos_client_free(fresh);
    everything_works(used);
    /* One connection to each of the hosts is kept. */
    CHECK(descriptors() <= before + 2);
}

static void threads_run_out(const cos_client *client)
{
    cos_transfer *transfer = cos_transfer_new();
    size_t len = 0;
    no_threads = 1;
    EXPECT(COS_ERR_LOCAL_IO, cos_download_stream(client, BUCKET, "/file", NULL, NULL, take, &len,
                                                 &reply));
    says("no thread could be started");
    CHECK(len == 0);
    cos_transfer_on_progress(transfer, go_on, NULL);
    EXPECT(COS_ERR_LOCAL_IO, cos_download_file(client, BUCKET, "/file", down, NULL, transfer,
                                               &reply));
    says("no thread could be started");
    CHECK(file_holds(down, bytes, SIZE));
    /* What needs no second thread makes do with the caller's. */
    EXPECT(COS_OK, cos_upload_file(client, BUCKET, "/sliced", up,
                                   COS_JSON({"slice_threshold": 1, "slice_size": 524288}), NULL,
                                   &reply));
    no_threads = 0;
    EXPECT(COS_OK, cos_download_file(client, BUCKET, "/sliced", down, NULL, transfer, &reply));
    CHECK(file_holds(down, bytes, SIZE));
    cos_transfer_free(transfer);
    everything_works(client);
    expect_threads(1);
}

int main(int argc, char **argv)
{
    cos_client *client;
    if (argc != 3)
        return EXIT_FAILURE;
    snprintf(up, sizeof up, "%s/up", argv[2]);
    snprintf(down, sizeof down, "%s/down", argv[2]);
    bytes = content(SIZE);
    write_file(up, bytes, SIZE);
    client = client_of(argv[1]);
    descriptors_run_out(client, argv[1]);
    threads_run_out(client);
    free(bytes);
    done(client);
    return EXIT_SUCCESS;
}
