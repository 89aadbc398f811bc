/* Lists a folder: the names and the sizes of what is in it.
 *
 *     cc list.c $(pkg-config --cflags --libs cos) -o list
 *     ./list HOST:PORT BUCKET APPID SECRET_ID SECRET_KEY COS_FOLDER/
 *
 * HOST:PORT is an emulator. For the real service, give cos_client_new a region and no options. */
#include <cos.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print_entry(const char *key, const char *entry, void *user)
{
    char *name = cos_json_string(entry, "/name");
    int64_t size = 0; /* a folder has none */
    (void)key;
    (void)user;
    cos_json_int(entry, "/filesize", &size);
    printf("%12lld  %s\n", (long long)size, name ? name : "?");
    cos_string_free(name);
    return 0; /* anything else ends the list */
}

int main(int argc, char **argv)
{
    cos_client *client = NULL;
    char options[256], *json = NULL;
    const char *port;
    int code;

    if (argc != 7) {
        fprintf(stderr, "usage: %s HOST:PORT BUCKET APPID SECRET_ID SECRET_KEY COS_FOLDER/\n",
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
        code = cos_list_folder(client, argv[2], argv[6], COS_JSON({"all": true}), &json);
    }
    if (code == COS_OK)
        cos_json_each(json, "/data/infos", print_entry, NULL);
    else
        fprintf(stderr, "%s: %s\n", cos_code_name(code), json);
    cos_string_free(json);
    cos_client_free(client);
    return code == COS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
