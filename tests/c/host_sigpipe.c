/* Uploads while the server ends the connection, with SIGPIPE as a process finds it.
 *
 *     host_sigpipe HOST:PORT [CA_FILE]
 *
 * With CA_FILE, by TLS. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <signal.h>

int main(int argc, char **argv)
{
    const size_t size = 16 << 20;
    char options[512];
    struct sigaction action;
    sigset_t pipe_only;
    cos_client *client;
    uint8_t *bytes;
    int i;
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
    for (i = 0; i < 4; i++) {
        EXPECT(COS_ERR_CONNECT,
               cos_upload_buffer(client, BUCKET, "/a", bytes, size,
                                 COS_JSON({"retries": 0, "verify_sha1": false,
                                           "slice_threshold": 20971520}),
                                 NULL, &reply));
        CHECK(number("/transfer/sent_bytes") > 0);
    }
    free(bytes);
    done(client);
    puts("alive");
    return EXIT_SUCCESS;
}
