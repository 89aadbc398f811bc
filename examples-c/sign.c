/* Makes a presigned URL: for an hour, whoever has it can download the file.
 *
 *     cc sign.c $(pkg-config --cflags --libs cos) -o sign
 *     ./sign HOST:PORT BUCKET APPID SECRET_ID SECRET_KEY COS_PATH
 *
 * HOST:PORT is an emulator. For the real service, give cos_client_new a region and no options. */
#include <cos.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    cos_client *client = NULL;
    char options[256], *json = NULL, *url = NULL;
    const char *port;
    int code;

    if (argc != 7) {
        fprintf(stderr, "usage: %s HOST:PORT BUCKET APPID SECRET_ID SECRET_KEY COS_PATH\n",
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
        code = cos_sign_download(client, argv[2], argv[6], 3600, &json);
        url = cos_json_string(json, "/data/url");
    }
    if (url)
        printf("%s\n", url);
    else
        fprintf(stderr, "%s: %s\n", cos_code_name(code), json);
    cos_string_free(url);
    cos_string_free(json);
    cos_client_free(client);
    return url ? EXIT_SUCCESS : EXIT_FAILURE;
}
