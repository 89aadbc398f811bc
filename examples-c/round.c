/* The whole round: everything libcos does, on one bucket, with each reply printed.
 *
 *     round HOST:PORT BUCKET APPID SECRET_ID SECRET_KEY
 *
 * HOST:PORT is an emulator, such as localhost:9000. The environment's COS_API says which API is spoken,
 * v4 or v5. For the real service, give cos_client_new a region and no options. */
#include <cos.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints what a call answered and ends the program if it is not what should be. */
static void expect(int wanted, int code, const char *call, char *json)
{
    printf("%s\n  -> %d %s\n  %s\n", call, code, cos_code_name(code), json ? json : "(no reply)");
    cos_string_free(json);
    if (code != wanted) {
        fprintf(stderr, "%s: expected %s\n", call, cos_code_name(wanted));
        exit(EXIT_FAILURE);
    }
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static int print_progress(uint64_t done, uint64_t total, void *user)
{
    (void)user;
    printf("  %lu of %lu bytes\n", (unsigned long)done, (unsigned long)total);
    return 0; /* anything else cancels the call */
}

static int print_entry(const char *key, const char *entry, void *user)
{
    char *name = cos_json_string(entry, "/name");
    (void)key;
    (void)user;
    printf("  entry: %s\n", name ? name : "?");
    cos_string_free(name);
    return 0; /* anything else ends the list */
}

int main(int argc, char **argv)
{
    const char *text = "hello, cos\n";
    const char *local = "round.txt", *copy = "round-copy.txt";
    const char *bucket, *api = getenv("COS_API");
    char options[512];
    char *json = NULL, *sign_url;
    cos_client *client = NULL;
    cos_transfer *transfer;
    uint8_t *data = NULL;
    size_t len = 0;
    int code, same;

    if (argc != 6) {
        fprintf(stderr, "usage: %s HOST:PORT BUCKET APPID SECRET_ID SECRET_KEY\n", argv[0]);
        return EXIT_FAILURE;
    }
    bucket = argv[2];
    snprintf(options, sizeof options,
             "{\"api\": \"%s\", \"scheme\": \"http\", \"hostname\": \"%s\","
             " \"download_hostname\": \"%s\"}",
             api ? api : "v4", argv[1], argv[1]);

    code = cos_client_new(argv[3], argv[4], argv[5], NULL, options, &client, &json);
    expect(COS_OK, code, "cos_client_new", json);

    code = cos_create_folder(client, bucket, "/round/", COS_JSON({"biz_attr": "demo"}), &json);
    expect(COS_OK, code, "cos_create_folder /round/", json);

    write_file(local, text);
    transfer = cos_transfer_new();
    cos_transfer_on_progress(transfer, print_progress, NULL);
    code = cos_upload_file(client, bucket, "/round/你好.txt", local,
                           COS_JSON({"insert_only": 0, "biz_attr": "first"}), transfer, &json);
    expect(COS_OK, code, "cos_upload_file /round/你好.txt", json);
    cos_transfer_free(transfer);

    code = cos_stat_file(client, bucket, "/round/你好.txt", NULL, &json);
    expect(COS_OK, code, "cos_stat_file /round/你好.txt", json);

    code = cos_update_file(client, bucket, "/round/你好.txt",
                           COS_JSON({"cache_control": "no-cache", "x-cos-meta-author": "round"}),
                           &json);
    expect(COS_OK, code, "cos_update_file /round/你好.txt", json);

    code = cos_list_folder(client, bucket, "/round/", COS_JSON({"num": 100}), &json);
    if (code == COS_OK)
        cos_json_each(json, "/data/infos", print_entry, NULL);
    expect(COS_OK, code, "cos_list_folder /round/", json);

    code = cos_sign_download(client, bucket, "/round/你好.txt", 60, &json);
    sign_url = cos_json_string(json, "/data/url");
    printf("  anyone may fetch for a minute: %s\n", sign_url ? sign_url : "?");
    cos_string_free(sign_url);
    expect(COS_OK, code, "cos_sign_download /round/你好.txt", json);

    code = cos_download_file(client, bucket, "/round/你好.txt", copy, NULL, NULL, &json);
    expect(COS_OK, code, "cos_download_file /round/你好.txt", json);

    code = cos_download_buffer(client, bucket, "/round/你好.txt", NULL, NULL, &data, &len, &json);
    same = len == strlen(text) && memcmp(data, text, len) == 0;
    cos_buffer_free(data, len);
    expect(COS_OK, code, "cos_download_buffer /round/你好.txt", json);
    if (!same) {
        fprintf(stderr, "the bytes that came back are not the bytes that were sent\n");
        return EXIT_FAILURE;
    }

    code = cos_move_file(client, bucket, "/round/你好.txt", "/round/moved.txt", NULL, &json);
    expect(COS_OK, code, "cos_move_file /round/你好.txt /round/moved.txt", json);

    code = cos_del_folder(client, bucket, "/round/", NULL, &json);
    expect(COS_ERR_FOLDER_NOT_EMPTY, code, "cos_del_folder /round/ (not empty)", json);

    code = cos_del_file(client, bucket, "/round/moved.txt", NULL, &json);
    expect(COS_OK, code, "cos_del_file /round/moved.txt", json);

    code = cos_stat_file(client, bucket, "/round/moved.txt", NULL, &json);
    expect(COS_ERR_NOT_FOUND, code, "cos_stat_file /round/moved.txt (gone)", json);

    code = cos_del_folder(client, bucket, "/round/", NULL, &json);
    expect(COS_OK, code, "cos_del_folder /round/", json);

    cos_client_free(client);
    remove(local);
    remove(copy);
    printf("the whole round went well\n");
    return EXIT_SUCCESS;
}
