/* What a thread of the program can meet with in a call: its own end, its cancellation, and threads
 * of the library beside it.
 *
 *     host_thread_life HOST:PORT DIRECTORY
 *
 * The server never answers the stat of /silent. DIRECTORY has a directory `tree`. */
#define _POSIX_C_SOURCE 200809L
#include "host.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define LARGE (12 << 20)
#define ROUNDS 4

static cos_client *client;
static const char *directory;
static uint8_t *bytes;
static int lines, reports, checked_threads;

static void on_line(int level, const char *line, void *user)
{
    (void)level, (void)line, (void)user;
    lines++;
}

static int on_progress(uint64_t now, uint64_t total, void *user)
{
    (void)now, (void)total, (void)user;
    reports++;
    return 0;
}

/* Everything that starts threads or waits for them. */
static void use_everything(void)
{
    static const char replace[] = COS_JSON({"insert_only": 0, "slice_threshold": 0});
    char file[512], tree[512], copy[512];
    cos_transfer *transfer = cos_transfer_new();
    uint8_t *data;
    size_t len, taken = 0;
    snprintf(file, sizeof file, "%s/file", directory);
    snprintf(tree, sizeof tree, "%s/tree", directory);
    snprintf(copy, sizeof copy, "%s/copy", directory);
    cos_transfer_on_progress(transfer, on_progress, NULL);
    bytes[0]++;
    EXPECT(COS_OK, cos_upload_buffer(client, BUCKET, "/large", bytes, LARGE, replace, transfer,
                                     &reply));
    EXPECT(COS_OK, cos_download_file(client, BUCKET, "/large", file, NULL, transfer, &reply));
    CHECK(file_holds(file, bytes, LARGE));
    EXPECT(COS_OK, cos_download_buffer(client, BUCKET, "/large", NULL, transfer, &data, &len,
                                       &reply));
    CHECK(len == LARGE && memcmp(data, bytes, len) == 0);
    cos_buffer_free(data, len);
    EXPECT(COS_OK, cos_download_stream(client, BUCKET, "/large", NULL, transfer, take, &taken,
                                       &reply));
    CHECK(taken == LARGE);
    EXPECT(COS_OK, cos_upload_folder(client, BUCKET, "/tree/", tree, NULL, transfer, &reply));
    EXPECT(COS_OK, cos_download_folder(client, BUCKET, "/tree/", copy, NULL, transfer, &reply));
    EXPECT(COS_OK, cos_list_folder(client, BUCKET, "/", COS_JSON({"all": true}), &reply));
    EXPECT(COS_OK, cos_del_folder(client, BUCKET, "/tree/", COS_JSON({"recursive": true}), &reply));
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/none", NULL, &reply));
    EXPECT(COS_ERR_PARAM, cos_client_set_config(client, "{", &reply));
    cos_transfer_free(transfer);
}

static pthread_key_t key;
static int rounds;

/* Called anew for every round of destructors in which the key has a value. */
static void at_end(void *value)
{
    if (++rounds < ROUNDS)
        pthread_setspecific(key, value);
    use_everything();
}

static void *ends_with_calls(void *use_before)
{
    pthread_setspecific(key, &key);
    if (use_before)
        use_everything();
    return NULL;
}

static void calls_at_the_end_of_a_thread(void)
{
    static int use_before = 1;
    void *arguments[2];
    int i;
    arguments[0] = NULL;
    arguments[1] = &use_before;
    CHECK(pthread_key_create(&key, at_end) == 0);
    for (i = 0; i < 2; i++) {
        pthread_t thread;
        rounds = lines = reports = 0;
        CHECK(pthread_create(&thread, NULL, ends_with_calls, arguments[i]) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(rounds == ROUNDS && lines > 0 && reports > 0);
    }
}

static pthread_barrier_t in_call;
static volatile int has_returned;

static void on_silence(int level, const char *line, void *user)
{
    on_line(level, line, user);
    /* A callback may be where a thread is cancelled, and may wait. */
    pthread_testcancel();
}

static void *is_cancelled(void *unused)
{
    pthread_barrier_wait(&in_call);
    EXPECT(COS_ERR_CONNECT, cos_stat_file(client, BUCKET, "/silent",
                                          COS_JSON({"timeout_ms": 500, "retries": 0}), &reply));
    has_returned = 1;
    pthread_testcancel();
    return unused;
}

static void a_cancelled_thread_finishes_its_call(void)
{
    pthread_t thread;
    void *result;
    CHECK(cos_client_set_log(client, COS_LOG_REQUESTS, on_silence, NULL) == 0);
    CHECK(pthread_barrier_init(&in_call, NULL, 2) == 0);
    lines = 0;
    CHECK(pthread_create(&thread, NULL, is_cancelled, NULL) == 0);
    pthread_barrier_wait(&in_call);
    CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    /* The barrier is none of the places where a thread ends. */
    CHECK(result == PTHREAD_CANCELED && has_returned && lines == 1);
}

/* Whether a thread holds back what a program may have handlers for. */
static int holds_signals(const char *thread)
{
    static const int signals[] = {SIGALRM, SIGVTALRM, SIGPROF, SIGINT, SIGTERM, SIGHUP, SIGQUIT,
                                  SIGUSR1, SIGUSR2, SIGCHLD, SIGPIPE, SIGIO, SIGWINCH, SIGXCPU};
    unsigned long long blocked = 0;
    char path[64], line[256];
    FILE *status;
    size_t i;
    snprintf(path, sizeof path, "/proc/self/task/%.20s/status", thread);
    status = fopen(path, "r");
    if (status == NULL)
        return 1; /* It has ended. */
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "SigBlk:", 7) == 0)
            blocked = strtoull(line + 7, NULL, 16);
    fclose(status);
    for (i = 0; i < sizeof signals / sizeof *signals; i++)
        if (!(blocked >> (signals[i] - 1) & 1))
            return 0;
    CHECK(blocked >> (SIGRTMIN - 1) & 1);
    return 1;
}

static int look_at_threads(uint64_t now, uint64_t total, void *user)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    (void)now, (void)total, (void)user;
    CHECK(tasks != NULL);
    while ((task = readdir(tasks)) != NULL) {
        if (task->d_name[0] == '.' || atoi(task->d_name) == (int)getpid())
            continue;
        CHECK(holds_signals(task->d_name));
        checked_threads++;
    }
    closedir(tasks);
    return 0;
}

static void no_handler_runs_on_threads_of_the_library(void)
{
    cos_transfer *transfer = cos_transfer_new();
    size_t taken = 0;
    sigset_t now;
    cos_transfer_on_progress(transfer, look_at_threads, NULL);
    bytes[0]++;
    EXPECT(COS_OK, cos_upload_buffer(client, BUCKET, "/large", bytes, LARGE,
                                     COS_JSON({"insert_only": 0}), transfer, &reply));
    EXPECT(COS_OK, cos_download_stream(client, BUCKET, "/large", NULL, transfer, take, &taken,
                                       &reply));
    CHECK(checked_threads > 0);
    CHECK(pthread_sigmask(SIG_SETMASK, NULL, &now) == 0 && !sigismember(&now, SIGALRM));
    cos_transfer_free(transfer);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return EXIT_FAILURE;
    directory = argv[2];
    bytes = content(LARGE);
    client = client_of(argv[1]);
    CHECK(cos_client_set_log(client, COS_LOG_REQUESTS, on_line, NULL) == 0);
    no_handler_runs_on_threads_of_the_library();
    calls_at_the_end_of_a_thread();
    a_cancelled_thread_finishes_its_call();
    free(bytes);
    done(client);
    return EXIT_SUCCESS;
}
