/* Uploads, downloads and the handle that follows them: what arrives, what is told, what stops.
 *
 *     contents HOST:PORT DIRECTORY */
#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <pthread.h>

/* Large enough for slices, with a last one that is shorter. */
#define LARGE ((size_t)9 * 1024 * 1024 + 4321)

static uint8_t *large;
static const char *directory;

static const char *local(const char *name)
{
    static char path[4][1024];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", directory, name);
    return path[next];
}

struct progress {
    uint64_t first, last, total;
    int calls, went_back, elsewhere;
    pthread_t caller;
};

static int follow(uint64_t done, uint64_t total, void *user)
{
    struct progress *progress = user;
    if (progress->calls++ == 0)
        progress->first = done;
    progress->went_back |= done < progress->last;
    progress->elsewhere |= !pthread_equal(progress->caller, pthread_self());
    progress->last = done;
    progress->total = total;
    return 0;
}

/* The next call with `transfer` reports to `progress`. */
static void watch(cos_transfer *transfer, struct progress *progress)
{
    memset(progress, 0, sizeof *progress);
    progress->first = 1;
    progress->caller = pthread_self();
    cos_transfer_on_progress(transfer, follow, progress);
}

/* The callback heard of the whole way, and so does who asks. */
static void check_progress(const cos_transfer *transfer, const struct progress *progress,
                           uint64_t size)
{
    uint64_t done = 1, total = 1;
    CHECK(progress->calls >= 1);
    CHECK(progress->first == 0);
    CHECK(!progress->went_back);
    CHECK(!progress->elsewhere);
    CHECK(progress->last == size && progress->total == size);
    cos_transfer_progress(transfer, &done, &total);
    CHECK(done == size && total == size);
    CHECK(cos_transfer_travelled(transfer) == size);
}

/* An empty transfer reports once, and again only for every 50 ms that it takes. */
static void check_empty_progress(const struct progress *progress)
{
    char *text = cos_json_string(reply, "/transfer/seconds");
    CHECK(text != NULL);
    CHECK(progress->calls >= 1 && progress->calls <= 1 + (int)(atof(text) / 0.05));
    CHECK(progress->first == 0 && progress->last == 0 && progress->total == 0);
    cos_string_free(text);
}

static void empty(const cos_client *client, cos_transfer *transfer)
{
    struct progress progress;
    uint8_t *data = large;
    size_t len = 1;

    watch(transfer, &progress);
    EXPECT(COS_OK, cos_upload_buffer(client, BUCKET, "/empty", NULL, 0, NULL, transfer, &reply));
    check_empty_progress(&progress);
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, "/empty", NULL, &reply));
    CHECK_INT("/data/filesize", 0);

    watch(transfer, &progress);
    EXPECT(COS_OK, cos_download_buffer(client, BUCKET, "/empty", NULL, transfer, &data, &len,
                                       &reply));
    CHECK(data == NULL && len == 0);
    check_empty_progress(&progress);

    EXPECT(COS_OK, cos_download_file(client, BUCKET, "/empty", local("empty"), NULL, NULL, &reply));
    CHECK(file_holds(local("empty"), large, 0));
}

static void small(const cos_client *client, cos_transfer *transfer)
{
    struct progress progress;

    write_file(local("small"), large, 70000);
    watch(transfer, &progress);
    EXPECT(COS_OK, cos_upload_file(client, BUCKET, "/small", local("small"),
                                   COS_JSON({"biz_attr": "small"}), transfer, &reply));
    check_progress(transfer, &progress, 70000);
    CHECK_INT("/transfer/bytes", 70000);
    CHECK_INT("/transfer/slices", 0);
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, "/small", NULL, &reply));
    CHECK_TEXT("/data/biz_attr", "small");
    CHECK_INT("/data/filesize", 70000);

    watch(transfer, &progress);
    EXPECT(COS_OK, cos_download_file(client, BUCKET, "/small", local("back"), NULL, transfer,
                                     &reply));
    check_progress(transfer, &progress, 70000);
    CHECK(file_holds(local("back"), large, 70000));

    EXPECT(COS_ERR_PARAM, cos_download_file(client, BUCKET, "/small", local("back"),
                                            COS_JSON({"overwrite": false}), NULL, &reply));
    CHECK_TEXT("/error/argument", "local_path");
}

static void sliced(const cos_client *client, cos_transfer *transfer)
{
    struct progress progress;
    uint8_t *data;
    size_t len;

    watch(transfer, &progress);
    EXPECT(COS_OK, cos_upload_buffer(client, BUCKET, "/large", large, LARGE,
                                     COS_JSON({"biz_attr": "large", "concurrency": 3,
                                               "slice_threshold": 1048576, "slice_size": 1048576}),
                                     transfer, &reply));
    check_progress(transfer, &progress, LARGE);
    CHECK(progress.calls >= 3);
    CHECK_INT("/transfer/bytes", (int64_t)LARGE);
    CHECK_INT("/transfer/slices", 10);
    CHECK_TEXT("/transfer/instant", "false");
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, "/large", NULL, &reply));
    CHECK_TEXT("/data/biz_attr", "large");
    CHECK_INT("/data/filelen", (int64_t)LARGE);

    watch(transfer, &progress);
    EXPECT(COS_OK, cos_download_buffer(client, BUCKET, "/large", NULL, transfer, &data, &len,
                                       &reply));
    check_progress(transfer, &progress, LARGE);
    CHECK(len == LARGE && memcmp(data, large, LARGE) == 0);
    cos_buffer_free(data, len);

    /* A server of the JSON API knows the content: nothing travels. */
    write_file(local("large"), large, LARGE);
    EXPECT(COS_OK, cos_upload_file(client, BUCKET, "/again", local("large"), NULL, NULL, &reply));
    CHECK_TEXT("/transfer/instant", is_v5() ? "false" : "true");
    CHECK_INT("/transfer/slices", 0);
    EXPECT(COS_OK, cos_download_file(client, BUCKET, "/again", local("again"), NULL, NULL, &reply));
    CHECK(file_holds(local("again"), large, LARGE));
}

static void ranges(const cos_client *client)
{
    uint8_t *data;
    size_t len;

    EXPECT(COS_OK, cos_download_buffer(client, BUCKET, "/large",
                                       COS_JSON({"range_start": 1000, "range_end": 1999}), NULL,
                                       &data, &len, &reply));
    CHECK(len == 1000 && memcmp(data, large + 1000, 1000) == 0);
    CHECK_INT("/transfer/bytes", 1000);
    cos_buffer_free(data, len);

    /* The end is clipped. */
    EXPECT(COS_OK, cos_download_file(client, BUCKET, "/large", local("tail"),
                                     COS_JSON({"range_start": 9437184, "range_end": 99999999}),
                                     NULL, &reply));
    CHECK(file_holds(local("tail"), large + 9437184, LARGE - 9437184));
    EXPECT(COS_OK, cos_download_file(client, BUCKET, "/large", local("head"),
                                     COS_JSON({"range_end": 0}), NULL, &reply));
    CHECK(file_holds(local("head"), large, 1));

    EXPECT(COS_ERR_PARAM, cos_download_buffer(client, BUCKET, "/large",
                                              COS_JSON({"range_start": 99999999}), NULL, &data,
                                              &len, &reply));
    CHECK_TEXT("/error/argument", "range_start");
    CHECK(data == NULL && len == 0);
}

struct taken {
    size_t len, limit;
    int differs;
    pthread_t caller;
};

/* Takes bytes that have to be those of `large`, in order, until `limit`. */
static int compare(const uint8_t *data, size_t len, void *user)
{
    struct taken *taken = user;
    taken->differs |= !pthread_equal(taken->caller, pthread_self());
    taken->differs |= len == 0 || taken->len + len > LARGE;
    taken->differs |= !taken->differs && memcmp(data, large + taken->len, len) != 0;
    taken->len += len;
    return taken->len >= taken->limit;
}

static void streams(const cos_client *client, cos_transfer *transfer)
{
    struct taken taken = {0, SIZE_MAX, 0, pthread_self()};
    struct progress progress;

    watch(transfer, &progress);
    EXPECT(COS_OK, cos_download_stream(client, BUCKET, "/large", NULL, transfer, compare, &taken,
                                       &reply));
    CHECK(taken.len == LARGE && !taken.differs);
    check_progress(transfer, &progress, LARGE);

    /* Not called again once it has said no. */
    taken.len = 0;
    taken.limit = 1;
    EXPECT(COS_ERR_CANCELLED, cos_download_stream(client, BUCKET, "/large", NULL, NULL, compare,
                                                  &taken, &reply));
    CHECK(taken.len > 0 && taken.len < LARGE && !taken.differs);

    taken.len = 0;
    EXPECT(COS_ERR_NOT_FOUND, cos_download_stream(client, BUCKET, "/none", NULL, NULL, compare,
                                                  &taken, &reply));
    CHECK(taken.len == 0);
}

struct given {
    size_t len, end;
    int64_t then;
    int elsewhere;
    pthread_t caller;
};

/* Gives the bytes of `large` up to `end`, in pieces of odd sizes; `then` in place of more. */
static int64_t give(uint8_t *buf, size_t len, void *user)
{
    struct given *given = user;
    given->elsewhere |= !pthread_equal(given->caller, pthread_self());
    if (given->len == given->end)
        return given->then;
    if (len > 70001)
        len = 70001;
    if (len > given->end - given->len)
        len = given->end - given->len;
    memcpy(buf, large + given->len, len);
    given->len += len;
    return (int64_t)len;
}

static void upload_streams(const cos_client *client, cos_transfer *transfer)
{
    const char *sliced = COS_JSON({"slice_threshold": 1048576, "slice_size": 1048576});
    struct given given = {0, LARGE, 0, 0, pthread_self()};
    struct progress progress;
    uint8_t *data;
    size_t len;

    watch(transfer, &progress);
    EXPECT(COS_OK, cos_upload_stream(client, BUCKET, "/given", (int64_t)LARGE, give, &given, sliced,
                                     transfer, &reply));
    CHECK(given.len == LARGE && !given.elsewhere);
    CHECK_INT("/transfer/bytes", (int64_t)LARGE);
    CHECK_INT("/transfer/slices", 10);
    check_progress(transfer, &progress, LARGE);
    EXPECT(COS_OK, cos_download_buffer(client, BUCKET, "/given", NULL, NULL, &data, &len, &reply));
    CHECK(len == LARGE && memcmp(data, large, LARGE) == 0);
    cos_buffer_free(data, len);

    /* Without its size, which the JSON API has to know. */
    given.len = 0;
    EXPECT(is_v5() ? COS_OK : COS_ERR_PARAM,
           cos_upload_stream(client, BUCKET, "/given/unknown", -1, give, &given, NULL, NULL, &reply));
    if (is_v5())
        CHECK_INT("/transfer/bytes", (int64_t)LARGE);
    else
        CHECK_TEXT("/error/argument", "size");
    CHECK(given.len == (is_v5() ? LARGE : 0));

    /* No more is read than was said, and not less. */
    given.len = 0;
    EXPECT(COS_OK, cos_upload_stream(client, BUCKET, "/given/3", 3, give, &given, NULL, NULL,
                                     &reply));
    CHECK(given.len == 3);
    given.end = 3;
    EXPECT(COS_ERR_LOCAL_IO, cos_upload_stream(client, BUCKET, "/given/less", 4, give, &given, NULL,
                                               NULL, &reply));
    given.then = -1;
    EXPECT(COS_ERR_CANCELLED, cos_upload_stream(client, BUCKET, "/given/less", 4, give, &given,
                                                NULL, NULL, &reply));
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/given/less", NULL, &reply));
    EXPECT(COS_ERR_PARAM, cos_upload_stream(client, BUCKET, "/given/less", -2, give, &given, NULL,
                                            NULL, &reply));
    CHECK_TEXT("/error/argument", "size");
}

/* Who runs this program has made DIRECTORY/tree with the files a and sub/b, of one byte each. */
static void trees(const cos_client *client, cos_transfer *transfer)
{
    struct progress progress;

    watch(transfer, &progress);
    EXPECT(COS_OK, cos_upload_folder(client, BUCKET, "/tree/", local("tree"), NULL, transfer,
                                     &reply));
    check_progress(transfer, &progress, 2);
    CHECK_INT("/data/uploaded", 2);
    CHECK(object_holds(client, "/tree/a", "a"));
    CHECK(object_holds(client, "/tree/sub/b", "b"));
    EXPECT(COS_OK, cos_upload_folder(client, BUCKET, "/tree/", local("tree"), NULL, NULL, &reply));
    CHECK_INT("/data/uploaded", 0);
    CHECK_INT("/data/unchanged", 2);

    watch(transfer, &progress);
    EXPECT(COS_OK, cos_download_folder(client, BUCKET, "/tree/", local("tree-back"), NULL, transfer,
                                       &reply));
    check_progress(transfer, &progress, 2);
    CHECK_INT("/data/downloaded", 2);
    CHECK(file_holds(local("tree-back/a"), (const uint8_t *)"a", 1));
    CHECK(file_holds(local("tree-back/sub/b"), (const uint8_t *)"b", 1));
}

static int stop_at_once(uint64_t done, uint64_t total, void *user)
{
    (void)done, (void)total;
    ++*(int *)user;
    return 7;
}

static void cancelled_by_callback(const cos_client *client)
{
    uint8_t *other = content(LARGE);
    cos_transfer *transfer = cos_transfer_new();
    int calls = 0;

    other[0] ^= 1; /* not what the server has already */
    cos_transfer_on_progress(transfer, stop_at_once, &calls);
    EXPECT(COS_ERR_CANCELLED, cos_upload_buffer(client, BUCKET, "/other", other, LARGE, NULL,
                                                transfer, &reply));
    CHECK(calls >= 1);
    if (cos_stat_file(client, BUCKET, "/other", NULL, NULL) == COS_OK) {
        EXPECT(COS_OK, cos_stat_file(client, BUCKET, "/other", NULL, &reply));
        CHECK(number("/data/filelen") < number("/data/filesize"));
    }

    /* The callback stopped the call, not the handle. The same upload goes on. */
    cos_transfer_on_progress(transfer, NULL, NULL);
    EXPECT(COS_OK, cos_upload_buffer(client, BUCKET, "/other", other, LARGE, NULL, transfer,
                                     &reply));
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, "/other", NULL, &reply));
    CHECK_INT("/data/filelen", (int64_t)LARGE);
    cos_transfer_free(transfer);
    free(other);
}

static void cancelled_before(const cos_client *client)
{
    cos_transfer *transfer = cos_transfer_new();
    struct taken taken = {0, SIZE_MAX, 0, pthread_self()};
    struct given given = {0, LARGE, 0, 0, pthread_self()};
    uint8_t *data = large;
    size_t len = 1;

    cos_transfer_cancel(transfer);
    EXPECT(COS_ERR_CANCELLED, cos_upload_buffer(client, BUCKET, "/never", large, 10, NULL, transfer,
                                                &reply));
    EXPECT(COS_ERR_CANCELLED, cos_upload_buffer(client, BUCKET, "/never", large, LARGE, NULL,
                                                transfer, &reply));
    EXPECT(COS_ERR_CANCELLED, cos_upload_file(client, BUCKET, "/never", local("small"), NULL,
                                              transfer, &reply));
    EXPECT(COS_ERR_CANCELLED, cos_upload_stream(client, BUCKET, "/never", (int64_t)LARGE, give,
                                                &given, NULL, transfer, &reply));
    CHECK(given.len == 0);
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/never", NULL, &reply));

    EXPECT(COS_ERR_CANCELLED, cos_download_file(client, BUCKET, "/small", local("never"), NULL,
                                                transfer, &reply));
    CHECK(!file_exists(local("never")) && !file_exists(local(".never.cos-partial")));
    EXPECT(COS_ERR_CANCELLED, cos_download_buffer(client, BUCKET, "/small", NULL, transfer, &data,
                                                  &len, &reply));
    CHECK(data == NULL && len == 0);
    EXPECT(COS_ERR_CANCELLED, cos_download_stream(client, BUCKET, "/small", NULL, transfer, compare,
                                                  &taken, &reply));
    CHECK(taken.len == 0);
    EXPECT(COS_ERR_CANCELLED, cos_upload_folder(client, BUCKET, "/never/", local("tree"), NULL,
                                                transfer, &reply));
    EXPECT(COS_ERR_CANCELLED, cos_download_folder(client, BUCKET, "/tree/", local("never"), NULL,
                                                  transfer, &reply));
    CHECK(!file_exists(local("never/a")));
    cos_transfer_free(transfer);
}

/* What has no transfer argument is stopped as well; the client itself is not. */
static void cancelled_by_another_handle(const cos_client *client)
{
    cos_transfer *transfer = cos_transfer_new(), *other = cos_transfer_new();
    cos_client *stopped = NULL;

    EXPECT(COS_OK, cos_client_with_transfer(client, transfer, &stopped, &reply));
    EXPECT(COS_OK, cos_stat_file(stopped, BUCKET, "/small", NULL, &reply));
    EXPECT(COS_OK, cos_upload_buffer(stopped, BUCKET, "/stopped", large, 10,
                                     COS_JSON({"insert_only": false}), other, &reply));
    cos_transfer_cancel(transfer);
    cos_transfer_free(transfer);
    EXPECT(COS_ERR_CANCELLED, cos_stat_file(stopped, BUCKET, "/small", NULL, &reply));
    EXPECT(COS_ERR_CANCELLED, cos_list_folder(stopped, BUCKET, "/", COS_JSON({"all": true}), &reply));
    EXPECT(COS_ERR_CANCELLED, cos_del_folder(stopped, BUCKET, "/tree/",
                                             COS_JSON({"recursive": true}), &reply));
    EXPECT(COS_ERR_CANCELLED, cos_upload_buffer(stopped, BUCKET, "/never", large, 10, NULL, other,
                                                &reply));
    cos_client_free(stopped);
    cos_transfer_free(other);
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, "/tree/a", NULL, &reply));
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/never", NULL, &reply));
    EXPECT(COS_OK, cos_del_file(client, BUCKET, "/stopped", NULL, &reply));
}

/* Two threads meet: one is in a call, the other one tries what may be done meanwhile. */
struct meeting {
    const cos_client *client;
    cos_transfer *transfer;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int in_call, may_go_on, code;
};

static int hold_the_call(const uint8_t *data, size_t len, void *user)
{
    struct meeting *meeting = user;
    (void)data, (void)len;
    pthread_mutex_lock(&meeting->mutex);
    meeting->in_call = 1;
    pthread_cond_signal(&meeting->changed);
    while (!meeting->may_go_on)
        pthread_cond_wait(&meeting->changed, &meeting->mutex);
    pthread_mutex_unlock(&meeting->mutex);
    return 0;
}

static void *call_and_hold(void *user)
{
    struct meeting *meeting = user;
    meeting->code = cos_download_stream(meeting->client, BUCKET, "/large", NULL, meeting->transfer,
                                        hold_the_call, meeting, NULL);
    return NULL;
}

static void from_another_thread(const cos_client *client)
{
    struct meeting meeting = {0};
    uint64_t done = LARGE, total = 0;
    pthread_t thread;

    meeting.client = client;
    meeting.transfer = cos_transfer_new();
    pthread_mutex_init(&meeting.mutex, NULL);
    pthread_cond_init(&meeting.changed, NULL);
    CHECK(pthread_create(&thread, NULL, call_and_hold, &meeting) == 0);
    pthread_mutex_lock(&meeting.mutex);
    while (!meeting.in_call)
        pthread_cond_wait(&meeting.changed, &meeting.mutex);
    pthread_mutex_unlock(&meeting.mutex);

    cos_transfer_progress(meeting.transfer, &done, &total);
    CHECK(total == LARGE && done < LARGE);
    EXPECT(COS_ERR_PARAM, cos_upload_buffer(client, BUCKET, "/busy", large, 10, NULL,
                                            meeting.transfer, &reply));
    CHECK_TEXT("/error/argument", "transfer");
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/busy", NULL, &reply));

    cos_transfer_cancel(meeting.transfer);
    pthread_mutex_lock(&meeting.mutex);
    meeting.may_go_on = 1;
    pthread_cond_signal(&meeting.changed);
    pthread_mutex_unlock(&meeting.mutex);
    pthread_join(thread, NULL);
    CHECK(meeting.code == COS_ERR_CANCELLED);
    cos_transfer_free(meeting.transfer);
    pthread_cond_destroy(&meeting.changed);
    pthread_mutex_destroy(&meeting.mutex);
}

int main(int argc, char **argv)
{
    cos_client *client;
    cos_transfer *transfer = cos_transfer_new();
    if (argc != 3)
        return EXIT_FAILURE;
    directory = argv[2];
    large = content(LARGE);
    client = client_of(argv[1]);
    empty(client, transfer);
    small(client, transfer);
    sliced(client, transfer);
    ranges(client);
    streams(client, transfer);
    upload_streams(client, transfer);
    trees(client, transfer);
    cancelled_by_callback(client);
    cancelled_before(client);
    cancelled_by_another_handle(client);
    from_another_thread(client);
    cos_transfer_free(transfer);
    free(large);
    done(client);
    return EXIT_SUCCESS;
}
