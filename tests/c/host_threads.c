/* Many threads on one client, while its credentials and settings keep changing.
 *
 *     host_threads HOST:PORT ROUNDS */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>

#define THREADS 32

static cos_client *client;
static int rounds;
static int working = THREADS;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* One call of one thread: its code, and the same in its reply. */
static void must(int wanted, int got, char *json, int line)
{
    int64_t code = INT64_MIN;
    if (got != wanted || cos_json_int(json, "/code", &code) != 0 || code != wanted) {
        fprintf(stderr, "line %d: %d instead of %d: %s\n", line, got, wanted, json ? json : "NULL");
        exit(EXIT_FAILURE);
    }
}

#define MUST(wanted, call)                                                                    \
    do {                                                                                      \
        int got_;                                                                             \
        cos_string_free(json);                                                                \
        json = NULL;                                                                          \
        got_ = (call);                                                                        \
        must(wanted, got_, json, __LINE__);                                                   \
    } while (0)

static void round_of(int thread, int round)
{
    char path[64], folder[64], text[64], *json = NULL, *url;
    uint8_t *data;
    size_t len;
    snprintf(folder, sizeof folder, "/thread-%d/", thread);
    snprintf(path, sizeof path, "/thread-%d/round-%d", thread, round);
    snprintf(text, sizeof text, "what thread %d uploads in round %d", thread, round);

    MUST(COS_OK, cos_upload_buffer(client, BUCKET, path, (const uint8_t *)text, strlen(text), NULL,
                                   NULL, &json));
    MUST(COS_OK, cos_stat_file(client, BUCKET, path, NULL, &json));
    MUST(COS_OK, cos_list_folder(client, BUCKET, folder, NULL, &json));
    CHECK(cos_json_length(json, "/data/infos") == 1);
    MUST(COS_OK, cos_download_buffer(client, BUCKET, path, NULL, NULL, &data, &len, &json));
    CHECK(len == strlen(text) && memcmp(data, text, len) == 0);
    cos_buffer_free(data, len);
    MUST(COS_OK, cos_sign_url(client, "GET", BUCKET, path, 60, NULL, &json));
    url = cos_json_string(json, "/data/url");
    CHECK(url != NULL);
    cos_string_free(url);
    MUST(COS_OK, cos_del_file(client, BUCKET, path, NULL, &json));
    MUST(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, path, NULL, &json));
    cos_string_free(json);
}

static void *work(void *number)
{
    int i;
    for (i = 0; i < rounds; i++)
        round_of(*(int *)number, i);
    pthread_mutex_lock(&lock);
    working--;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static int is_working(void)
{
    int still;
    pthread_mutex_lock(&lock);
    still = working > 0;
    pthread_mutex_unlock(&lock);
    return still;
}

/* All keys are good ones, so that no call of another thread may fail; some need their token. */
static void *change(void *unused)
{
    char *json = NULL;
    unsigned i;
    for (i = 0; is_working(); i++) {
        const struct timespec moment = {0, 1000000};
        int other = i % 2;
        if (other && is_v5())
            MUST(COS_OK, cos_client_set_temporary_credentials(client, APPID, "TEMPORARY_ID",
                                                              "TEMPORARY_KEY", "TEMPORARY_TOKEN",
                                                              &json));
        else
            MUST(COS_OK, cos_client_set_credentials(client, APPID, other ? "OTHER_ID" : SECRET_ID,
                                                    other ? "OTHER_KEY" : SECRET_KEY, &json));
        MUST(COS_ERR_PARAM, cos_client_set_credentials(client, "x", SECRET_ID, "wrong", &json));
        MUST(COS_OK, cos_client_set_config(client,
                                           other ? COS_JSON({"user_agent": "other/1"})
                                                 : COS_JSON({"user_agent": null}),
                                           &json));
        /* This one begins with a fresh set of connections. */
        if (i % 16 == 0)
            MUST(COS_OK, cos_client_set_config(client,
                                               other ? COS_JSON({"max_idle_connections": 8})
                                                     : COS_JSON({"max_idle_connections": 40}),
                                               &json));
        MUST(COS_ERR_PARAM, cos_client_set_config(client, COS_JSON({"scheme": "ftp"}), &json));
        nanosleep(&moment, NULL);
    }
    cos_string_free(json);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS], changing;
    int numbers[THREADS], i;
    if (argc != 3)
        return EXIT_FAILURE;
    rounds = atoi(argv[2]);
    client = client_of(argv[1]);
    for (i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0);
    }
    CHECK(pthread_create(&changing, NULL, change, NULL) == 0);
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(pthread_join(changing, NULL) == 0);
    done(client);
    return EXIT_SUCCESS;
}
