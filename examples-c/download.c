/* Downloads a file. One that exists is replaced, when all bytes are there and checked.
 *
 *     cc download.c $(pkg-config --cflags --libs cos) -o download
 *     ./download HOST:PORT BUCKET APPID SECRET_ID SECRET_KEY COS_PATH LOCAL_FILE
 *
 * HOST:PORT is an emulator. For the real service, give cos_client_new a region and no options. */
#include <cos.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    cos_client *client = NULL;
    char options[256], *json = NULL;
    const char *port;
    int code;

    if (argc != 8) {
        fprintf(stderr,
                "usage: %s HOST:PORT BUCKET APPID SECRET_ID SECRET_KEY COS_PATH LOCAL_FILE\n",
                argv[0]);
        return EXIT_FAILURE;
    }
    port = strrchr(argv[1], ':');
    snprintf(options, sizeof options,
             "{\"scheme\": \"http\", \"hostname\": \"%s\", \"download_hostname\": \"localhost%s\"}",
             argv[1], port ? port : "");
    code = cos_client_new(argv[3], argv[4], argv[5], NULL, options, &client, &json);
    if (code == COS_OK) {
        cos_string_free(json);
        code = cos_download_file(client, argv[2], argv[6], argv[7], NULL, NULL, &json);
    }
    if (code == COS_OK)
        printf("downloaded %s to %s\n", argv[6], argv[7]);
    else
        fprintf(stderr, "%s: %s\n", cos_code_name(code), json);
    cos_string_free(json);
    cos_client_free(client);
    return code == COS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
