/* Uploads while the server ends the connection, with SIGPIPE as a process finds it.
 *
 *     host_sigpipe HOST:PORT [CA_FILE]
 *
 * With CA_FILE, by TLS. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <signal.h>
#include <unistd.h>

/* From memory, and from a file, which the system may send by itself. */
static void upload(cos_client *client, const uint8_t *bytes, size_t size, const char *file)
{
    const char *options = COS_JSON({"retries": 0, "verify_sha1": false,
                                    "slice_threshold": 20971520});
    EXPECT(COS_ERR_CONNECT,
           cos_upload_buffer(client, BUCKET, "/a", bytes, size, options, NULL, &reply));
    CHECK(number("/transfer/sent_bytes") > 0);
    EXPECT(COS_ERR_CONNECT,
           cos_upload_file(client, BUCKET, "/a", file, options, NULL, &reply));
    CHECK(number("/transfer/sent_bytes") > 0);
}

int main(int argc, char **argv)
{
    const size_t size = 16 << 20;
    char options[512], file[] = "/tmp/host_sigpipe-XXXXXX";
    struct sigaction action;
    sigset_t pipe_only;
    cos_client *client;
    uint8_t *bytes;
    int i, fd;
    if (argc < 2)
        return EXIT_FAILURE;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    CHECK(sigaction(SIGPIPE, &action, NULL) == 0);
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    CHECK(sigprocmask(SIG_UNBLOCK, &pipe_only, NULL) == 0);

    client = client_of(argv[1]);
    if (argc == 3) {
        snprintf(options, sizeof options, "{\"scheme\": \"https\", \"ca_file\": \"%s\"}", argv[2]);
        EXPECT(COS_OK, cos_client_set_config(client, options, &reply));
    }
    bytes = content(size);
    fd = mkstemp(file);
    CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0);
    for (i = 0; i < 4; i++)
        upload(client, bytes, size, file);
    CHECK(unlink(file) == 0);
    free(bytes);
    done(client);
    puts("alive");
    return EXIT_SUCCESS;
}
