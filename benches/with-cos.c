/* The jobs of the benchmark as a program does them with libcos.
 *
 *     with-cos API SCHEME HOST:PORT CA_FILE JOB COUNT WORKERS SUM COS_PATH LOCAL_PATH
 *
 * API is v4 or v5; CA_FILE and LOCAL_PATH may be "-"; SUM is 0 or 1: whether content is verified. */
#include <cos.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads the name of an entry of a list. */
static int read_name(const char *key, const char *entry, void *user)
{
    char *name = cos_json_string(entry, "/name");
    int code = name ? COS_OK : -1;
    (void)key;
    cos_string_free(name);
    *(int *)user = code;
    return code;
}

/* Reads the names of all. */
static int read_names(const char *json)
{
    int code = -1;
    cos_json_each(json, "/data/infos", read_name, &code);
    return code;
}

int main(int argc, char **argv)
{
    cos_client *client = NULL;
    char *json = NULL, options[512], ca[256] = "", host[64];
    const char *job, *path, *local;
    int code, i, count, is_v5;

    if (argc != 11)
        return 2;
    is_v5 = strcmp(argv[1], "v5") == 0;
    if (strcmp(argv[4], "-") != 0)
        snprintf(ca, sizeof ca, ", \"ca_file\": \"%s\"", argv[4]);
    /* The bucket's name goes before the host's: in the XML API of all requests, else of downloads. */
    snprintf(host, sizeof host, "localhost%s", strchr(argv[3], ':'));
    snprintf(options, sizeof options,
             "{\"api\": \"%s\", \"scheme\": \"%s\", \"hostname\": \"%s\", "
             "\"download_hostname\": \"%s\"%s}",
             argv[1], argv[2], is_v5 ? host : argv[3], host, ca);
    code = cos_client_new("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", NULL, options,
                          &client, &json);
    job = argv[5];
    count = atoi(argv[6]);
    path = argv[9];
    local = argv[10];
    snprintf(options, sizeof options, "{\"concurrency\": %s, \"verify_sha1\": %s}", argv[7], argv[8]);
    for (i = 0; i < count && code == COS_OK; i++) {
        cos_string_free(json);
        if (strcmp(job, "stat") == 0) {
            code = cos_stat_file(client, "bench", path, NULL, &json);
        } else if (strcmp(job, "list") == 0) {
            const char *page = is_v5 ? "{\"num\": 1000}" : "{\"num\": 199}";
            code = cos_list_folder(client, "bench", path, page, &json);
            if (code == COS_OK)
                code = read_names(json);
        } else if (strcmp(job, "upload") == 0) {
            snprintf(options, sizeof options,
                     "{\"insert_only\": 0, \"concurrency\": %s, \"verify_sha1\": %s}", argv[7],
                     argv[8]);
            code = cos_upload_file(client, "bench", path, local, options, NULL, &json);
        } else if (strcmp(job, "download") == 0) {
            code = cos_download_file(client, "bench", path, local, options, NULL, &json);
        } else if (strcmp(job, "upload-tree") == 0) {
            code = cos_upload_folder(client, "bench", path, local, options, NULL, &json);
        } else if (strcmp(job, "download-tree") == 0) {
            code = cos_download_folder(client, "bench", path, local, options, NULL, &json);
        } else {
            return 2;
        }
    }
    if (code != COS_OK)
        fprintf(stderr, "with-cos: %s\n", json ? json : "(no reply)");
    cos_string_free(json);
    cos_client_free(client);
    return code == COS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
