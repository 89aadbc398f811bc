/* How long a program waits for the library: until it is loaded, and until there is a client.
 *
 *     load LIBRARY
 *
 * Prints the microseconds of dlopen() and of cos_client_new(). */
#define _POSIX_C_SOURCE 200809L
#include "loaded.h"

#include <time.h>

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    __typeof__(&cos_client_new) client_new;
    cos_client *client = NULL;
    double start, linked, ready;
    void *library;
    int code;

    if (argc != 2)
        return 2;
    start = now_us();
    library = loaded(argv[1]);
    client_new = FUNCTION(cos_client_new);
    linked = now_us();
    code = client_new(APPID, SECRET_ID, SECRET_KEY, "sh", NULL, &client, NULL);
    ready = now_us();
    CHECK(code == COS_OK);
    printf("%.0f %.0f\n", linked - start, ready - linked);
    FUNCTION(cos_client_free)(client);
    return EXIT_SUCCESS;
}
