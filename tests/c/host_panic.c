/* A bug in the library: what a panic looks like from outside.
 *
 *     host_panic HOST:PORT
 *
 * Linked with a library that can be made to panic. */
#define _POSIX_C_SOURCE 200809L
#include "host.h"

int cos_test_panic(const cos_client *client, char **out_json);

int main(int argc, char **argv)
{
    cos_client *client;
    int i;
    if (argc != 2)
        return EXIT_FAILURE;
    client = client_of(argv[1]);
    put(client, "/before", "x");
    for (i = 0; i < 3; i++) {
        EXPECT(COS_ERR_INTERNAL, cos_test_panic(client, &reply));
        CHECK_TEXT("/error/origin", "library");
        CHECK_TEXT("/message", "a bug in libcos, please report it: a test wanted it");
        CHECK(cos_test_panic(client, NULL) == COS_ERR_INTERNAL);
        CHECK(object_holds(client, "/before", "x"));
    }
    put(client, "/after", "x");
    EXPECT(COS_OK, cos_client_set_config(client, COS_JSON({"retries": 1}), &reply));
    expect_threads(1);
    done(client);
    puts("alive");
    return EXIT_SUCCESS;
}
