/* A process that forks after it has used a client.
 *
 *     host_fork HOST:PORT
 *
 * Every process has a file of its own, /NAME, so that the server's log tells them apart. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 4

static void use(const cos_client *client, const char *name)
{
    char path[64];
    int i;
    snprintf(path, sizeof path, "/%s", name);
    put(client, path, name);
    for (i = 0; i < 20; i++) {
        EXPECT(COS_OK, cos_stat_file(client, BUCKET, path, NULL, &reply));
        CHECK(object_holds(client, path, name));
    }
    EXPECT(COS_OK, cos_del_file(client, BUCKET, path, NULL, &reply));
}

static void expect_success_of(pid_t child)
{
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The child alone, then the parent alone. */
static void one_after_the_other(cos_client *client)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        use(client, "lone-child");
        done(client);
        _exit(EXIT_SUCCESS);
    }
    expect_success_of(child);
    use(client, "parent");
}

/* Children and parent at once. All of them update one file, over and over: each time with a
 * signature that is good for one request. */
static void all_at_once(cos_client *client)
{
    pid_t children[CHILDREN];
    int i, k;
    for (i = 0; i <= CHILDREN; i++) {
        pid_t child = i < CHILDREN ? fork() : 0;
        char name[32];
        CHECK(child >= 0);
        if (child != 0) {
            children[i] = child;
            continue;
        }
        snprintf(name, sizeof name, i < CHILDREN ? "child-%d" : "parent", i);
        for (k = 0; k < 10; k++)
            EXPECT(COS_OK, cos_update_file(client, BUCKET, "/shared", COS_JSON({"biz_attr": "x"}),
                                           &reply));
        use(client, name);
        if (i < CHILDREN) {
            done(client);
            _exit(EXIT_SUCCESS);
        }
    }
    for (i = 0; i < CHILDREN; i++)
        expect_success_of(children[i]);
}

int main(int argc, char **argv)
{
    cos_client *client;
    if (argc != 2)
        return EXIT_FAILURE;
    client = client_of(argv[1]);
    put(client, "/shared", "of all");
    use(client, "parent");
    one_after_the_other(client);
    all_at_once(client);
    use(client, "parent");
    done(client);
    return EXIT_SUCCESS;
}
