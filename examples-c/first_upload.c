#include <cos.h>

int upload(const char *file, const char *at, cos_client **client, char **json) {
    int code = cos_client_new("1250000000", "EXAMPLE_SECRET_ID",
                              "EXAMPLE_SECRET_KEY", NULL, at, client, json);
    if (code != COS_OK) return code;
    cos_string_free(*json);
    return cos_upload_file(*client, "private-bucket", "/first/你好.txt", file,
                           COS_JSON({"insert_only": false}), NULL, json);
}

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Frees a reply, having printed what went wrong, if anything did. */
static int check(int code, char **json) {
    if (code != COS_OK) {
        char *message = cos_json_string(*json, "/message");
        fprintf(stderr, "%s (%d): %s\n", cos_code_name(code), code, message ? message : "");
        cos_string_free(message);
    }
    cos_string_free(*json);
    *json = NULL;
    return code == COS_OK;
}

static int print_entry(const char *key, const char *entry, void *user) {
    char *name = cos_json_string(entry, "/name");
    (void)key;
    (void)user;
    printf("listed %s\n", name ? name : "?");
    cos_string_free(name);
    return 0;
}

static int list(cos_client *client) {
    char *json;
    int code = cos_list_folder(client, "private-bucket", "/first/", NULL, &json);
    cos_json_each(json, "/data/infos", print_entry, NULL);
    return check(code, &json);
}

/* Compares two files to their ends, and closes this one. */
static int same(const char *file, FILE *bytes, const char *how, const char *where) {
    FILE *wanted = fopen(file, "rb");
    long count = 0;
    int a = 0, b = EOF;
    if (bytes && wanted) {
        rewind(bytes);
        while ((a = getc(bytes)) == (b = getc(wanted)) && a != EOF) count++;
    }
    if (bytes) fclose(bytes);
    if (wanted) fclose(wanted);
    if (a == b) printf("%s %ld bytes %s, the same\n", how, count, where);
    else fprintf(stderr, "%s: not the bytes that were uploaded\n", how);
    return a == b;
}

static int fetch(cos_client *client, const char *file) {
    char *json;
    int code = cos_sign_download(client, "private-bucket", "/first/你好.txt", 60, &json);
    char *url = cos_json_string(json, "/data/url");
    CURL *curl = curl_easy_init();
    FILE *bytes = tmpfile();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, bytes);
    if (check(code, &json) && bytes) curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    cos_string_free(url);
    return same(file, bytes, "fetched", "from the signed URL");
}

static int download(cos_client *client, const char *file) {
    char copy[4096], where[4096 + 8], *json;
    snprintf(copy, sizeof copy, "%s.copy", file);
    snprintf(where, sizeof where, "to %s", copy);
    int code =
        cos_download_file(client, "private-bucket", "/first/你好.txt", copy, NULL, NULL, &json);
    return check(code, &json) && same(file, fopen(copy, "rb"), "downloaded", where);
}

static int refused(cos_client *client) {
    char *json;
    int code = cos_stat_file(client, "private-bucket", "/first/no-such.txt", NULL, &json);
    char *message = cos_json_string(json, "/message");
    printf("refused: %s (%d): %s\n", cos_code_name(code), code, message ? message : "");
    cos_string_free(message);
    cos_string_free(json);
    return code == COS_ERR_NOT_FOUND;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE [HOST:PORT]\n", argv[0]);
        return EXIT_FAILURE;
    }
    const char *file = argv[1], *host = argc > 2 ? argv[2] : "localhost:9000";
    const char *api = getenv("COS_API");
    cos_client *client = NULL;
    char at[512], *json = NULL;
    snprintf(at, sizeof at,
             "{\"api\": \"%s\", \"scheme\": \"http\", \"hostname\": \"%s\","
             " \"download_hostname\": \"%s\"}",
             api ? api : "v4", host, host);

    int well = check(upload(file, at, &client, &json), &json)
            && printf("uploaded %s to /first/你好.txt\n", file) > 0 && list(client)
            && fetch(client, file) && download(client, file) && refused(client);
    cos_client_free(client);
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
