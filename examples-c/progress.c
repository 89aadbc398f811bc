/* Uploads a file, shows the progress, and stops at Ctrl-C. The same command continues the upload.
 *
 *     cc progress.c $(pkg-config --cflags --libs cos) -o progress
 *     ./progress HOST:PORT BUCKET APPID SECRET_ID SECRET_KEY LOCAL_FILE COS_PATH
 *
 * HOST:PORT is an emulator. For the real service, give cos_client_new a region and no options. */
#include <cos.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t stop;

static void on_interrupt(int number)
{
    (void)number;
    stop = 1; /* a signal handler may do no more than this */
}

static int on_progress(uint64_t done, uint64_t total, void *user)
{
    (void)user;
    printf("\r%3d%%", total ? (int)(done * 100 / total) : 0);
    fflush(stdout);
    return stop; /* anything but 0 cancels; other threads can call cos_transfer_cancel() */
}

int main(int argc, char **argv)
{
    cos_client *client = NULL;
    cos_transfer *transfer;
    char options[256], *json = NULL;
    const char *port;
    int code;

    if (argc != 8) {
        fprintf(stderr,
                "usage: %s HOST:PORT BUCKET APPID SECRET_ID SECRET_KEY LOCAL_FILE COS_PATH\n",
                argv[0]);
        return EXIT_FAILURE;
    }
    signal(SIGINT, on_interrupt);
    transfer = cos_transfer_new();
    cos_transfer_on_progress(transfer, on_progress, NULL);
    port = strrchr(argv[1], ':');
    snprintf(options, sizeof options,
             "{\"scheme\": \"http\", \"hostname\": \"%s\", \"download_hostname\": \"localhost%s\"}",
             argv[1], port ? port : "");
    code = cos_client_new(argv[3], argv[4], argv[5], NULL, options, &client, &json);
    if (code == COS_OK) {
        cos_string_free(json);
        code = cos_upload_file(client, argv[2], argv[7], argv[6],
                               COS_JSON({"insert_only": false}), transfer, &json);
    }
    printf("\n");
    if (code == COS_ERR_CANCELLED)
        fprintf(stderr, "stopped (%s)\n", cos_code_name(code));
    else if (code != COS_OK)
        fprintf(stderr, "%s: %s\n", cos_code_name(code), json);
    cos_string_free(json);
    cos_transfer_free(transfer);
    cos_client_free(client);
    return code == COS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
