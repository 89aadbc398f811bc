/* A plugin: the library is loaded, used and unloaded, again and again.
 *
 *     host_dlopen LIBRARY HOST:PORT */
#define _POSIX_C_SOURCE 200809L
#include "host.h"
#include "loaded.h"

static void use(void *library, const char *host)
{
    char options[256];
    cos_client *client = NULL;
    char *json = NULL;
    size_t len = 0;
    CHECK(FUNCTION(cos_client_new)(APPID, SECRET_ID, SECRET_KEY, NULL, options_of(host, options),
                                   &client, NULL) == COS_OK);
    CHECK(FUNCTION(cos_upload_buffer)(client, BUCKET, "/plugin",
                                      (const uint8_t *)"hello", 5, COS_JSON({"insert_only": 0}),
                                      NULL, &json) == COS_OK);
    FUNCTION(cos_string_free)(json);
    /* It starts a thread. */
    CHECK(FUNCTION(cos_download_stream)(client, BUCKET, "/plugin", NULL, NULL, take, &len,
                                        NULL) == COS_OK);
    CHECK(len == 5);
    FUNCTION(cos_client_free)(client);
}

int main(int argc, char **argv)
{
    int i, open_files = 0;
    if (argc != 3)
        return EXIT_FAILURE;
    for (i = 0; i < 20; i++) {
        void *library = loaded(argv[1]);
        use(library, argv[2]);
        CHECK(dlclose(library) == 0);
        if (i == 0)
            open_files = descriptors();
    }
    CHECK(descriptors() == open_files);
    expect_threads(1);
    return EXIT_SUCCESS;
}
