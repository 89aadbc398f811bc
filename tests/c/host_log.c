/* The log: which lines come, when, and on which thread.
 *
 *     host_log HOST:PORT */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>

/* The lines of the calling thread's call; nothing on a thread that is in no call. */
static pthread_key_t in_call;

struct lines {
    int requests, failures, uploads;
};

static int nobody;

static void on_line(int level, const char *line, void *user)
{
    struct lines *lines = pthread_getspecific(in_call);
    CHECK(lines != NULL);
    CHECK(user == &nobody);
    CHECK(line != NULL && *line != '\0' && strchr(line, '\n') == NULL);
    CHECK(strstr(line, "op=") != NULL);
    CHECK(level == COS_LOG_FAILURES || level == COS_LOG_REQUESTS);
    lines->requests += level == COS_LOG_REQUESTS;
    lines->failures += level == COS_LOG_FAILURES;
    lines->uploads += strstr(line, "op=upload_slice_data") != NULL;
}

/* The lines of one call. */
#define LINES(lines, wanted, call)                                                            \
    do {                                                                                      \
        memset(&lines, 0, sizeof lines);                                                      \
        CHECK(pthread_setspecific(in_call, &lines) == 0);                                     \
        EXPECT(wanted, call);                                                                 \
        CHECK(pthread_setspecific(in_call, NULL) == 0);                                       \
    } while (0)

static void levels(const cos_client *client)
{
    static const struct {
        int level, requests, failures;
    } expected[] = {{COS_LOG_REQUESTS, 1, 1}, {COS_LOG_FAILURES, 0, 1}, {COS_LOG_OFF, 0, 0}};
    struct lines lines;
    size_t i;
    for (i = 0; i < sizeof expected / sizeof *expected; i++) {
        CHECK(cos_client_set_log(client, expected[i].level, on_line, &nobody) == 0);
        LINES(lines, COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
        CHECK(lines.requests == expected[i].requests && lines.failures == 0);
        LINES(lines, COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/none", NULL, &reply));
        CHECK(lines.requests == 0 && lines.failures == expected[i].failures);
    }
    CHECK(cos_client_set_log(client, COS_LOG_REQUESTS, on_line, &nobody) == 0);
    LINES(lines, COS_ERR_PARAM, cos_stat_file(client, BUCKET, "none", NULL, &reply));
    CHECK(lines.requests == 0 && lines.failures == 0);

    /* What is refused changes nothing. */
    CHECK(cos_client_set_log(client, 3, NULL, NULL) == -1);
    CHECK(cos_client_set_log(client, -1, NULL, NULL) == -1);
    CHECK(cos_client_set_log(NULL, COS_LOG_OFF, NULL, NULL) == -1);
    LINES(lines, COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
    CHECK(lines.requests == 1);
}

/* Requests on the call's own threads, with and without a callback for progress. */
static void transfers(const cos_client *client)
{
    const size_t slices = 9, size = slices << 20;
    cos_transfer *transfer = cos_transfer_new();
    uint8_t *bytes = content(size), *data;
    struct lines lines;
    size_t len;
    LINES(lines, COS_OK, cos_upload_buffer(client, BUCKET, "/a", bytes, size, NULL, NULL, &reply));
    CHECK(lines.uploads == (int)slices && lines.failures == 0);
    bytes[0] ^= 1;
    cos_transfer_on_progress(transfer, go_on, NULL);
    LINES(lines, COS_OK, cos_upload_buffer(client, BUCKET, "/b", bytes, size, NULL, transfer,
                                           &reply));
    CHECK(lines.uploads == (int)slices && lines.failures == 0);
    LINES(lines, COS_OK, cos_download_buffer(client, BUCKET, "/b", NULL, transfer, &data, &len,
                                             &reply));
    CHECK(lines.requests >= 3 && lines.failures == 0);
    cos_buffer_free(data, len);
    cos_transfer_free(transfer);
    free(bytes);
}

/* Each of two threads gets the lines of its own calls. */
static void *stat_often(void *client)
{
    struct lines lines = {0, 0, 0};
    int i;
    CHECK(pthread_setspecific(in_call, &lines) == 0);
    for (i = 1; i <= 100; i++) {
        CHECK(cos_stat_folder(client, BUCKET, "/", NULL, NULL) == COS_OK);
        CHECK(lines.requests == i);
    }
    CHECK(pthread_setspecific(in_call, NULL) == 0);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];
    cos_client *client;
    int i;
    if (argc != 2)
        return EXIT_FAILURE;
    CHECK(pthread_key_create(&in_call, NULL) == 0);
    client = client_of(argv[1]);
    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
    levels(client);
    transfers(client);
    for (i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, stat_often, client) == 0);
    for (i = 0; i < 2; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    /* No call, no line: it would come on a thread that is in no call. */
    CHECK(cos_client_set_log(client, COS_LOG_REQUESTS, NULL, &nobody) == 0);
    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
    done(client);
    return EXIT_SUCCESS;
}
