/* How long a program waits for the library: until it is loaded, and until there is a client.
 *
 *     load LIBRARY
 *
 * Prints the microseconds of dlopen() and of cos_client_new(). Not linked with the library. */
#define _POSIX_C_SOURCE 200809L
#include <cos.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    void *library, *symbol;
    double start, loaded, ready;

    if (argc != 2)
        return 2;
    start = now_us();
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    symbol = library ? dlsym(library, "cos_client_new") : NULL;
    loaded = now_us();
    if (!symbol) {
        fprintf(stderr, "load: %s\n", dlerror());
        return EXIT_FAILURE;
    }
    /* C does not let an object's address be cast to a function's. */
    memcpy(&client_new, &symbol, sizeof client_new);
    if (client_new("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", "sh", NULL, &client,
                   NULL) != COS_OK)
        return EXIT_FAILURE;
    ready = now_us();
    printf("%.0f %.0f\n", loaded - start, ready - loaded);
    return EXIT_SUCCESS;
}
