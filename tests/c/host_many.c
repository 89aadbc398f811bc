/* Ten thousand calls, good ones and failing ones, and what is left of them.
 *
 *     host_many HOST:PORT */
#define _POSIX_C_SOURCE 200809L
#include "host.h"
#include <malloc.h>

static cos_client *client, *astray;
static uint8_t bytes[4096];

static int refuse(const uint8_t *data, size_t len, void *user)
{
    (void)data, (void)len, (void)user;
    return 1;
}

static void eight_calls(void)
{
    cos_transfer *cancelled = cos_transfer_new();
    uint8_t *data;
    size_t len;
    cos_transfer_cancel(cancelled);
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, "/many/a", NULL, &reply));
    EXPECT(COS_OK, cos_list_folder(client, BUCKET, "/many/", NULL, &reply));
    EXPECT(COS_OK, cos_download_buffer(client, BUCKET, "/many/a", NULL, NULL, &data, &len, &reply));
    CHECK(len == sizeof bytes);
    cos_buffer_free(data, len);
    EXPECT(COS_ERR_CANCELLED, cos_download_stream(client, BUCKET, "/many/a", NULL, NULL, refuse,
                                                  NULL, &reply));
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/many/none", NULL, &reply));
    EXPECT(COS_ERR_PARAM, cos_stat_file(client, NULL, "/many/a", NULL, &reply));
    EXPECT(COS_ERR_CONNECT, cos_stat_file(astray, BUCKET, "/many/a", NULL, &reply));
    EXPECT(COS_ERR_CANCELLED, cos_upload_buffer(client, BUCKET, "/many/b", bytes, sizeof bytes,
                                                NULL, cancelled, &reply));
    cos_transfer_free(cancelled);
}

static void fifty_calls(void)
{
    int i;
    EXPECT(COS_OK, cos_upload_buffer(client, BUCKET, "/many/a", bytes, sizeof bytes, NULL, NULL,
                                     &reply));
    for (i = 0; i < 6; i++)
        eight_calls();
    EXPECT(COS_OK, cos_del_file(client, BUCKET, "/many/a", NULL, &reply));
}

/* KiB of memory that are resident, without those that malloc only keeps for later. */
static long in_use_kib(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    return resident_kib();
}

int main(int argc, char **argv)
{
    int i, descriptors_before = descriptors();
    long before, after;
    if (argc != 2)
        return EXIT_FAILURE;
#ifdef __GLIBC__
    /* Left alone, malloc moves it with what is freed, and so changes what stays resident. */
    CHECK(mallopt(M_MMAP_THRESHOLD, 128 * 1024) == 1);
#endif
    client = client_of(argv[1]);
    /* Nothing listens at port 1. */
    astray = client_of("127.0.0.1:1");
    EXPECT(COS_OK, cos_client_set_config(astray, COS_JSON({"retries": 0}), &reply));
    for (i = 0; i < 40; i++)
        fifty_calls();
    before = in_use_kib();
    for (i = 0; i < 200; i++)
        fifty_calls();
    after = in_use_kib();
    printf("%ld KiB, then %ld KiB\n", before, after);
    fflush(stdout);
    CHECK(after - before <= 256);
    /* One connection to each of the hosts is kept. */
    CHECK(descriptors() <= descriptors_before + 2);
    expect_threads(1);
    cos_client_free(astray);
    done(client);
    reply = NULL;
    CHECK(descriptors() == descriptors_before);
    return EXIT_SUCCESS;
}
