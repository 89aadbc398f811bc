/* What a program asks of the library on a system on which nothing but the files of the artifact is there.
 *
 *     serve OPTIONS all                        every kind of call, once
 *     serve OPTIONS upload|download PATH FILE   one transfer
 *
 * OPTIONS are those of the client. The last line that is printed is the last reply. */
#include <cos.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET "public-bucket"

static cos_client *client;

/* Prints the reply of a call, and ends the program if the call failed. */
static void expect(const char *call, int code, char **json)
{
    printf("%s: %d\n%s\n", call, code, *json);
    fflush(stdout);
    cos_string_free(*json);
    if (code != COS_OK)
        exit(EXIT_FAILURE);
}

static void require(int is_so, const char *what)
{
    if (!is_so) {
        printf("%s: it is not so\n", what);
        exit(EXIT_FAILURE);
    }
}

static void expect_content(const char *path, const uint8_t *data, size_t len)
{
    uint8_t *found = NULL;
    size_t found_len = 0;
    char *json;
    int code = cos_download_buffer(client, BUCKET, path, NULL, NULL, &found, &found_len, &json);
    expect("cos_download_buffer", code, &json);
    require(found_len == len && memcmp(found, data, len) == 0, "what came back is what was sent");
    cos_buffer_free(found, found_len);
}

static int count(const char *key, const char *entry, void *user)
{
    char *name = cos_json_string(entry, "/name");
    (void)key;
    *(int *)user += name && strcmp(name, "文件 二.txt") == 0;
    cos_string_free(name);
    return 0;
}

/* Files that the library makes are the ones that it sends: the C library of each system opens files by
 * Chinese names in a way of its own. */
static void serve_all(void)
{
    enum { SIZE = 3 * 1024 * 1024 + 17 };
    uint8_t *data = malloc(SIZE);
    uint32_t state = 1;
    char *json;
    int i, found = 0;

    require(data != NULL, "there is memory");
    for (i = 0; i < SIZE; i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (uint8_t)(state >> 24);
    }
    /* The program may have run here before. */
    cos_del_folder(client, BUCKET, "/服务/", COS_JSON({"recursive": true}), NULL);
    expect("cos_create_folder", cos_create_folder(client, BUCKET, "/服务/", NULL, &json), &json);
    expect("cos_upload_buffer",
           cos_upload_buffer(client, BUCKET, "/服务/大.bin", data, SIZE, NULL, NULL, &json), &json);
    expect("cos_upload_buffer",
           cos_upload_buffer(client, BUCKET, "/服务/子目录/文件 二.txt", data, 100, NULL, NULL, &json), &json);
    expect_content("/服务/大.bin", data, SIZE);

    expect("cos_download_file",
           cos_download_file(client, BUCKET, "/服务/大.bin", "下载.bin", NULL, NULL, &json), &json);
    expect("cos_upload_file",
           cos_upload_file(client, BUCKET, "/服务/上传.bin", "下载.bin",
                           COS_JSON({"slice_threshold": 0, "slice_size": 1048576}), NULL, &json), &json);
    expect_content("/服务/上传.bin", data, SIZE);

    expect("cos_download_folder",
           cos_download_folder(client, BUCKET, "/服务/", "树", NULL, NULL, &json), &json);
    expect("cos_upload_folder",
           cos_upload_folder(client, BUCKET, "/副本/", "树", NULL, NULL, &json), &json);
    expect_content("/副本/大.bin", data, SIZE);
    require(cos_list_folder(client, BUCKET, "/副本/子目录/", NULL, &json) == COS_OK, "a folder is listed");
    require(cos_json_each(json, "/data/infos", count, &found) == 1 && found == 1, "the file is listed");
    cos_string_free(json);

    require(cos_del_file(client, BUCKET, "/nothing", NULL, &json) == COS_ERR_NOT_FOUND,
            "what is not there is not found");
    cos_string_free(json);
    free(data);
    puts("all went well");
}

int main(int argc, char **argv)
{
    char *json;
    int code;
    if (argc != 3 && argc != 5) {
        fprintf(stderr, "usage: %s OPTIONS all | OPTIONS upload|download PATH FILE\n", argv[0]);
        return 2;
    }
    code = cos_client_new("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", NULL, argv[1], &client,
                          &json);
    expect("cos_client_new", code, &json);
    if (argc == 3) {
        serve_all();
    } else if (strcmp(argv[2], "upload") == 0) {
        code = cos_upload_file(client, BUCKET, argv[3], argv[4],
                               COS_JSON({"slice_threshold": 0, "slice_size": 1048576}), NULL, &json);
        expect("cos_upload_file", code, &json);
    } else {
        code = cos_download_file(client, BUCKET, argv[3], argv[4], COS_JSON({"concurrency": 1}), NULL,
                                 &json);
        expect("cos_download_file", code, &json);
    }
    cos_client_free(client);
    return EXIT_SUCCESS;
}
