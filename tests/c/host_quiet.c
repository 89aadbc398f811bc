/* What a process finds as it left it: signals, standard output and error, the environment.
 *
 *     host_quiet HOST:PORT DIRECTORY
 *
 * Prints nothing, so whatever is printed is the library's. */
#define _POSIX_C_SOURCE 200809L
#include "host.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define SIGNALS 65

extern char **environ;

static int is_in_call;

/* The library's questions end here, too. */
char *getenv(const char *name)
{
    size_t len = strlen(name);
    char **entry;
    if (is_in_call) {
        fprintf(stderr, "asked for %s\n", name);
        exit(EXIT_FAILURE);
    }
    for (entry = environ; *entry != NULL; entry++)
        if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
            return *entry + len + 1;
    return NULL;
}

struct signals {
    struct sigaction actions[SIGNALS];
    sigset_t blocked;
};

static void look_at(struct signals *signals)
{
    int i;
    memset(signals, 0, sizeof *signals);
    for (i = 1; i < SIGNALS; i++)
        sigaction(i, NULL, &signals->actions[i]);
    CHECK(sigprocmask(SIG_BLOCK, NULL, &signals->blocked) == 0);
}

static void expect_same(const struct signals *before, const struct signals *after)
{
    int i;
    for (i = 1; i < SIGNALS; i++) {
        CHECK(before->actions[i].sa_handler == after->actions[i].sa_handler);
        CHECK(before->actions[i].sa_flags == after->actions[i].sa_flags);
        CHECK(sigismember(&before->blocked, i) == sigismember(&after->blocked, i));
    }
}

/* What a program starts must not inherit our connections. */
static void expect_close_on_exec(void)
{
    int fd, found = 0;
    for (fd = 3; fd < 256; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags == -1)
            continue;
        found++;
        CHECK(flags & FD_CLOEXEC);
    }
    CHECK(found > 0);
}

static void calls(const cos_client *client, const char *directory)
{
    const size_t size = 9 << 20;
    uint8_t *bytes = content(size), *data;
    cos_transfer *transfer = cos_transfer_new();
    char local[512];
    size_t len = 0;
    snprintf(local, sizeof local, "%s/local", directory);
    cos_transfer_on_progress(transfer, go_on, NULL);
    EXPECT(COS_OK, cos_upload_buffer(client, BUCKET, "/a", bytes, size, NULL, transfer, &reply));
    EXPECT(COS_OK, cos_download_file(client, BUCKET, "/a", local, NULL, transfer, &reply));
    EXPECT(COS_OK, cos_download_stream(client, BUCKET, "/a", NULL, NULL, take, &len, &reply));
    CHECK(len == size);
    EXPECT(COS_OK, cos_sign_download(client, BUCKET, "/a", 60, &reply));
    EXPECT(COS_OK, cos_list_folder(client, BUCKET, "/", NULL, &reply));
    EXPECT(COS_ERR_NOT_FOUND, cos_download_buffer(client, BUCKET, "/none", NULL, NULL, &data, &len,
                                                  &reply));
    EXPECT(COS_ERR_PARAM, cos_stat_file(client, BUCKET, "none", NULL, &reply));
    EXPECT(COS_OK, cos_client_set_config(client, COS_JSON({"retries": 0}), &reply));
    cos_transfer_free(transfer);
    free(bytes);
}

int main(int argc, char **argv)
{
    static struct signals before, after;
    cos_client *client, *tls;
    int fd;
    if (argc != 3)
        return EXIT_FAILURE;
    /* What was inherited is not the library's. */
    for (fd = 3; fd < 256; fd++)
        close(fd);
    look_at(&before);
    client = client_of(argv[1]);
    tls = client_of(argv[1]);
    EXPECT(COS_OK, cos_client_set_config(tls, COS_JSON({"scheme": "https", "retries": 0}),
                                         &reply));
    is_in_call = 1;
    calls(client, argv[2]);
    /* The emulator does not speak TLS. */
    EXPECT(COS_ERR_CONNECT, cos_stat_file(tls, BUCKET, "/a", NULL, &reply));
    CHECK_TEXT("/error/phase", "tls");
    is_in_call = 0;
    expect_close_on_exec();
    cos_client_free(tls);
    done(client);
    look_at(&after);
    expect_same(&before, &after);
    return EXIT_SUCCESS;
}
