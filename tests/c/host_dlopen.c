/* A plugin: the library is loaded, used and unloaded, again and again.
 *
 *     host_dlopen LIBRARY HOST:PORT
 *
 * Not linked with the library. */
#define _POSIX_C_SOURCE 200809L
#include "host.h"

#include <dlfcn.h>

/* A function of the library, of the type that the header gives it. */
#define FUNCTION(name) (*(__typeof__(&name) *)symbol(library, #name))

/* Where the address of a symbol is: C does not let it be cast. */
static void *symbol(void *library, const char *name)
{
    static void *found;
    found = dlsym(library, name);
    CHECK(found != NULL);
    return &found;
}

static void use(void *library, const char *host)
{
    char options[256];
    cos_client *client = NULL;
    char *json = NULL;
    size_t len = 0;
    snprintf(options, sizeof options,
             "{\"scheme\": \"http\", \"hostname\": \"%s\", \"download_hostname\": \"localhost%s\"}",
             host, strrchr(host, ':'));
    CHECK(FUNCTION(cos_client_new)(APPID, SECRET_ID, SECRET_KEY, NULL, options, &client,
                                   NULL) == COS_OK);
    CHECK(FUNCTION(cos_upload_buffer)(client, "private-bucket", "/plugin",
                                      (const uint8_t *)"hello", 5, COS_JSON({"insert_only": 0}),
                                      NULL, &json) == COS_OK);
    FUNCTION(cos_string_free)(json);
    /* It starts a thread. */
    CHECK(FUNCTION(cos_download_stream)(client, "private-bucket", "/plugin", NULL, NULL, take, &len,
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
        void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL)
            fprintf(stderr, "%s\n", dlerror());
        CHECK(library != NULL);
        use(library, argv[2]);
        CHECK(dlclose(library) == 0);
        if (i == 0)
            open_files = descriptors();
    }
    CHECK(descriptors() == open_files);
    expect_threads(1);
    return EXIT_SUCCESS;
}
