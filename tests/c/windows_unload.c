/* A plugin on Windows: the library is loaded, used and freed, again and again.
 *
 *     windows_unload HOST:PORT */
#include "check.h"

#include <windows.h>

/* A function of the library, of the type that the header gives it. */
#define FUNCTION(name) (*(__typeof__(&name) *)symbol(library, #name))

static void *symbol(HMODULE library, const char *name)
{
    static FARPROC found;
    found = GetProcAddress(library, name);
    CHECK(found != NULL);
    return &found;
}

static HMODULE loaded(void)
{
    HMODULE library = LoadLibraryA("cos.dll");
    CHECK(library != NULL);
    return library;
}

static void use(HMODULE library, const char *host)
{
    char options[256];
    cos_client *client = NULL;
    CHECK(FUNCTION(cos_client_new)(APPID, SECRET_ID, SECRET_KEY, NULL, options_of(host, options),
                                   &client, NULL) == COS_OK);
    CHECK(FUNCTION(cos_upload_buffer)(client, BUCKET, "/plugin", (const uint8_t *)"hello", 5,
                                      COS_JSON({"insert_only": 0}), NULL, NULL) == COS_OK);
    FUNCTION(cos_client_free)(client);
}

int main(int argc, char **argv)
{
    int i;
    HMODULE library;
    if (argc != 2)
        return EXIT_FAILURE;
    /* Without a connection, it goes. */
    library = loaded();
    CHECK(FUNCTION(cos_version)() != NULL);
    CHECK(FreeLibrary(library));
    CHECK(GetModuleHandleA("cos.dll") == NULL);
    for (i = 0; i < 20; i++) {
        library = loaded();
        use(library, argv[1]);
        CHECK(FreeLibrary(library));
        /* A thread that looked a host up may still be in it. */
        CHECK(GetModuleHandleA("cos.dll") != NULL);
    }
    return EXIT_SUCCESS;
}
