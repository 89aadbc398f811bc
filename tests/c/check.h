/* What the test programs share: checks that say what failed, and a client of the emulator. */
#ifndef CHECK_H
#define CHECK_H

#include <cos.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPID "1250000000"
#define SECRET_ID "EXAMPLE_SECRET_ID"
#define SECRET_KEY "EXAMPLE_SECRET_KEY"
#define BUCKET "private-bucket"

/* The reply of the last call that went through EXPECT. */
static char *reply;

#define CHECK(condition)                                                                      \
    do {                                                                                      \
        if (!(condition))                                                                     \
            fail(__FILE__, __LINE__, #condition);                                             \
    } while (0)

/* The call must give `wanted`, and the same in its reply, which it leaves in `reply`. */
#define EXPECT(wanted, call)                                                                  \
    do {                                                                                      \
        int got_;                                                                             \
        cos_string_free(reply);                                                               \
        reply = (char *)"poison";                                                             \
        got_ = (call);                                                                        \
        if (got_ != (wanted) || number("/code") != (wanted))                                  \
            fail(__FILE__, __LINE__, #call " == " #wanted);                                   \
    } while (0)

/* The call needs this API, and is refused where the program speaks another one. */
#define EXPECT_OF(which, call)                                                                \
    do {                                                                                      \
        const int has_ = strcmp(api(), which) == 0;                                           \
        EXPECT(has_ ? COS_OK : COS_ERR_PARAM, call);                                          \
        if (!has_)                                                                            \
            CHECK_TEXT("/error/argument", "api");                                             \
    } while (0)

#define CHECK_TEXT(pointer, wanted)                                                           \
    do {                                                                                      \
        char *text_ = cos_json_string(reply, pointer);                                        \
        if (!text_ || strcmp(text_, wanted) != 0)                                             \
            fail(__FILE__, __LINE__, pointer " == " #wanted);                                 \
        cos_string_free(text_);                                                               \
    } while (0)

#define CHECK_INT(pointer, wanted)                                                            \
    do {                                                                                      \
        if (number(pointer) != (wanted))                                                      \
            fail(__FILE__, __LINE__, pointer " == " #wanted);                                 \
    } while (0)

static inline void fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\nthe last reply is %s\n", file, line, what, reply ? reply : "NULL");
    exit(EXIT_FAILURE);
}

/* A number of the last reply; one that no reply has where there is none. */
static inline int64_t number(const char *pointer)
{
    int64_t value;
    return cos_json_int(reply, pointer, &value) == 0 ? value : INT64_MIN;
}

/* For a download of which only the length matters: `user` counts it, in a size_t. */
static inline int take(const uint8_t *data, size_t len, void *user)
{
    (void)data;
    *(size_t *)user += len;
    return 0;
}

/* For a transfer that is followed for the sake of being followed. */
static inline int go_on(uint64_t now, uint64_t total, void *user)
{
    (void)now, (void)total, (void)user;
    return 0;
}

/* Which API is tried: the environment's COS_API says it. */
static inline const char *api(void)
{
    const char *given = getenv("COS_API");
    return given ? given : "v4";
}

static inline int is_v5(void)
{
    return strcmp(api(), "v5") == 0;
}

/* Writes options of a client; `host` is "address:port" of the emulator. */
static inline char *options_of(const char *host, char options[256])
{
    const char *port = strrchr(host, ':');
    snprintf(options, 256,
             "{\"api\": \"%s\", \"scheme\": \"http\", \"hostname\": \"localhost%s\","
             " \"download_hostname\": \"localhost%s\"}",
             api(), port, port);
    return options;
}

static inline cos_client *client_of(const char *host)
{
    char options[256];
    cos_client *client = NULL;
    EXPECT(COS_OK, cos_client_new(APPID, SECRET_ID, SECRET_KEY, NULL, options_of(host, options),
                                  &client, &reply));
    CHECK(client != NULL);
    return client;
}

/* `size` bytes without a short period. */
static inline uint8_t *content(size_t size)
{
    uint64_t state = UINT64_C(0x2545f4914f6cdd1d);
    uint8_t *bytes = malloc(size ? size : 1);
    size_t i;
    CHECK(bytes != NULL);
    for (i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = (uint8_t)state;
    }
    return bytes;
}

/* Whether the file at `path` holds exactly these bytes. */
static inline int file_holds(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *found = malloc(size + 1);
    size_t len;
    int same;
    CHECK(file != NULL && found != NULL);
    len = fread(found, 1, size + 1, file);
    same = len == size && memcmp(found, bytes, size) == 0;
    free(found);
    fclose(file);
    return same;
}

static inline int file_exists(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file)
        fclose(file);
    return file != NULL;
}

static inline void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

/* Uploads a text that must not be there yet. */
static inline void put(const cos_client *client, const char *cos_path, const char *text)
{
    EXPECT(COS_OK, cos_upload_buffer(client, BUCKET, cos_path, (const uint8_t *)text, strlen(text),
                                     NULL, NULL, &reply));
}

/* Whether the object holds exactly this text. */
static inline int object_holds(const cos_client *client, const char *cos_path, const char *text)
{
    uint8_t *data;
    size_t len;
    int same;
    EXPECT(COS_OK, cos_download_buffer(client, BUCKET, cos_path, NULL, NULL, &data, &len, &reply));
    same = len == strlen(text) && memcmp(data, text, len) == 0;
    cos_buffer_free(data, len);
    return same;
}

static inline void done(cos_client *client)
{
    cos_client_free(client);
    cos_string_free(reply);
}

#endif
