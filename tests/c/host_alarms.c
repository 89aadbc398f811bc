/* A host whose timer interrupts it all the time.
 *
 *     host_alarms HOST:PORT DIRECTORY RESTART
 *
 * RESTART is 1 for a handler installed with SA_RESTART. The server never answers the stat of
 * /silent and the download of /held. */
#define _XOPEN_SOURCE 700
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#define LARGE (12 << 20)
#define SMALL (3 << 20)

static volatile sig_atomic_t alarms;

static void on_alarm(int signal)
{
    (void)signal;
    alarms++;
}

static void start_storm(int restart)
{
    const struct itimerval every_20_ms = {{0, 20000}, {0, 20000}};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    action.sa_flags = restart ? SA_RESTART : 0;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &every_20_ms, NULL) == 0);
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Sleeps whole, however often it is woken. */
static void sleep_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0)
        ;
}

static void transfers(const cos_client *client, const char *directory)
{
    char up[512], down[512];
    uint8_t *bytes = content(LARGE), *data;
    size_t len;
    int i;
    snprintf(up, sizeof up, "%s/up", directory);
    snprintf(down, sizeof down, "%s/down", directory);
    write_file(up, bytes, LARGE);
    EXPECT(COS_OK, cos_upload_file(client, BUCKET, "/large", up, COS_JSON({"insert_only": 0}), NULL,
                                   &reply));
    EXPECT(COS_OK, cos_upload_buffer(client, BUCKET, "/small", bytes, SMALL,
                                     COS_JSON({"insert_only": 0}), NULL, &reply));
    EXPECT(COS_OK, cos_download_file(client, BUCKET, "/large", down, NULL, NULL, &reply));
    CHECK(file_holds(down, bytes, LARGE));
    EXPECT(COS_OK, cos_download_buffer(client, BUCKET, "/small", NULL, NULL, &data, &len, &reply));
    CHECK(len == SMALL && memcmp(data, bytes, len) == 0);
    cos_buffer_free(data, len);
    for (i = 0; i < 200; i++)
        EXPECT(COS_OK, cos_stat_file(client, BUCKET, "/large", NULL, &reply));
    free(bytes);
}

static void timeout(const cos_client *client)
{
    long before = now_ms(), took;
    EXPECT(COS_ERR_CONNECT, cos_stat_file(client, BUCKET, "/silent",
                                          COS_JSON({"timeout_ms": 700, "retries": 0}), &reply));
    took = now_ms() - before;
    CHECK(took >= 690 && took < 2000);
}

static void *cancel_soon(void *transfer)
{
    sleep_ms(300);
    cos_transfer_cancel(transfer);
    return NULL;
}

static void cancel(const cos_client *client)
{
    cos_transfer *transfer = cos_transfer_new();
    pthread_t thread;
    uint8_t *data;
    size_t len;
    long before = now_ms(), took;
    CHECK(pthread_create(&thread, NULL, cancel_soon, transfer) == 0);
    EXPECT(COS_ERR_CANCELLED, cos_download_buffer(client, BUCKET, "/held", NULL, transfer, &data,
                                                  &len, &reply));
    took = now_ms() - before;
    CHECK(took >= 290 && took < 1300);
    CHECK(pthread_join(thread, NULL) == 0);
    cos_transfer_free(transfer);
}

int main(int argc, char **argv)
{
    cos_client *client;
    if (argc != 4)
        return EXIT_FAILURE;
    client = client_of(argv[1]);
    EXPECT(COS_OK, cos_upload_buffer(client, BUCKET, "/held", (const uint8_t *)"x", 1,
                                     COS_JSON({"insert_only": 0}), NULL, &reply));
    start_storm(atoi(argv[3]));
    transfers(client, argv[2]);
    timeout(client);
    cancel(client);
    CHECK(alarms > 50);
    done(client);
    return EXIT_SUCCESS;
}
