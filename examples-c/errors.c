/* Asks for a file, and tells one failure from another.
 *
 *     cc errors.c $(pkg-config --cflags --libs cos) -o errors
 *     ./errors HOST:PORT BUCKET APPID SECRET_ID SECRET_KEY COS_PATH
 *
 * HOST:PORT is an emulator. For the real service, give cos_client_new a region and no options. */
#include <cos.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a program does about each code; docs/manual/en/codes.md lists them all. */
static void explain(int code, const char *json)
{
    char *message = cos_json_string(json, "/message");
    char *retryable = cos_json_string(json, "/error/retryable"); /* "true" or "false" */

    switch (code) {
    case COS_OK:
        puts("the file is there");
        break;
    case COS_ERR_NOT_FOUND:
        puts("there is no such file");
        break;
    case COS_ERR_SIGN_INVALID:
    case COS_ERR_SECRET_ID_UNKNOWN:
        puts("the secret id or the secret key is wrong");
        break;
    case COS_ERR_CONNECT:
        puts("the service cannot be reached");
        break;
    default: /* expect any code: servers have more than cos.h names */
        printf("%s, %d\n", cos_code_name(code), code);
    }
    if (code != COS_OK)
        printf("message: %s\ntrying again may help: %s\n", message ? message : "?",
               retryable ? retryable : "?");
    cos_string_free(retryable);
    cos_string_free(message);
}

int main(int argc, char **argv)
{
    cos_client *client = NULL;
    char options[256], *json = NULL;
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
        code = cos_stat_file(client, argv[2], argv[6], NULL, &json);
    }
    explain(code, json);
    cos_string_free(json);
    cos_client_free(client);
    return code == COS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
