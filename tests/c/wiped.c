/* Is the secret key gone from the memory of the process when its client is? Prints how often it is
 * there while the client lives, and how often afterwards:
 *
 *     wiped HOST
 */
#define _POSIX_C_SOURCE 200809L

#include <cos.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEN 48
/* malloc writes into the first bytes of what is freed: the search is for those behind. */
#define FIRST 16

/* The key is computed, so that nothing here spells it where the search would find it. */
static volatile unsigned step = 7;

static char letter(size_t i)
{
    return (char)('a' + (i * step + 3) % 26);
}

static void spell(volatile char *key)
{
    size_t i;
    for (i = 0; i < LEN; i++)
        key[i] = letter(i);
    key[LEN] = '\0';
}

static void forget(volatile char *key)
{
    size_t i;
    for (i = 0; i <= LEN; i++)
        key[i] = 0;
}

static int is_key(const volatile char *bytes)
{
    size_t i;
    for (i = FIRST; i < LEN; i++)
        if (bytes[i - FIRST] != letter(i))
            return 0;
    return 1;
}

/* How often the key is in memory that can be written: heap, stacks, variables. It allocates
 * nothing, which might take the place of what was freed. */
static int occurrences(void)
{
    static char maps[1 << 16];
    size_t len = 0;
    ssize_t n;
    char *line;
    int found = 0;
    int file = open("/proc/self/maps", O_RDONLY);
    while ((n = read(file, maps + len, sizeof maps - 1 - len)) > 0)
        len += (size_t)n;
    close(file);
    if (n != 0 || len == sizeof maps - 1)
        exit(2);
    for (line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
        char *mode;
        uintptr_t at = strtoul(line, &mode, 16);
        uintptr_t end = strtoul(mode + 1, &mode, 16);
        if (mode[1] != 'r' || mode[2] != 'w')
            continue;
        for (; at + LEN - FIRST <= end; at++)
            found += is_key((const volatile char *)at);
    }
    return found;
}

static void expect(int wanted, int code, char **json)
{
    if (code != wanted) {
        fprintf(stderr, "%d instead of %d: %s\n", code, wanted, *json);
        exit(1);
    }
    cos_string_free(*json);
}

int main(int argc, char **argv)
{
    static uint8_t content[3 << 20];
    static const char sliced[] =
        COS_JSON({"slice_threshold": 0, "slice_size": 524288, "insert_only": 0});
    const char *bucket = "private-bucket";
    volatile char key[LEN + 1];
    char options[256];
    char *json = NULL;
    cos_client *client = NULL;
    uint8_t *data;
    size_t len;
    int i, alive, afterwards;
    if (argc != 2)
        return 2;
    snprintf(options, sizeof options,
             "{\"scheme\": \"http\", \"hostname\": \"%s\", \"download_hostname\": \"localhost%s\", "
             "\"retries\": 0}",
             argv[1], strrchr(argv[1], ':'));

    spell(key);
    expect(0, cos_client_new("1250000000", "EXAMPLE_SECRET_ID", (char *)key, NULL, options, &client,
                             &json), &json);
    forget(key);
    for (i = 0; i < 2; i++) {
        expect(0, cos_upload_buffer(client, bucket, "/a", content, sizeof content, sliced, NULL,
                                    &json), &json);
        expect(0, cos_download_buffer(client, bucket, "/a", NULL, NULL, &data, &len, &json), &json);
        cos_buffer_free(data, len);
        expect(-197, cos_del_file(client, bucket, "/none", NULL, &json), &json);
        expect(0, cos_sign_once(client, bucket, "/a", &json), &json);
        spell(key);
        expect(-1, cos_client_set_credentials(client, "", "id", (char *)key, &json), &json);
        expect(0, cos_client_set_credentials(client, "1250000000", "EXAMPLE_SECRET_ID", (char *)key,
                                             &json), &json);
        forget(key);
    }
    alive = occurrences();
    cos_client_free(client);
    afterwards = occurrences();
    printf("%d %d\n", alive, afterwards);
    return 0;
}
