/* The jobs of the benchmark as a program does them with libcos.
 *
 *     with-cos SCHEME HOST:PORT CA_FILE JOB COUNT WORKERS SHA COS_PATH LOCAL_PATH
 *
 * CA_FILE and LOCAL_PATH may be "-". SHA is 0 or 1: whether digests are announced and checked. */
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
    char *json = NULL, options[512], ca[256] = "";
    const char *job, *path, *file;
    int code, i, count;

    if (argc != 10)
        return 2;
    if (strcmp(argv[3], "-") != 0)
        snprintf(ca, sizeof ca, ", \"ca_file\": \"%s\"", argv[3]);
    snprintf(options, sizeof options,
             "{\"scheme\": \"%s\", \"hostname\": \"%s\", \"download_hostname\": \"localhost%s\"%s}",
             argv[1], argv[2], strchr(argv[2], ':'), ca);
    code = cos_client_new("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", NULL, options,
                          &client, &json);
    job = argv[4];
    count = atoi(argv[5]);
    path = argv[8];
    file = argv[9];
    for (i = 0; i < count && code == COS_OK; i++) {
        cos_string_free(json);
        if (strcmp(job, "stat") == 0) {
            code = cos_stat_file(client, "bench", path, NULL, &json);
        } else if (strncmp(job, "list", 4) == 0) {
            code = cos_list_folder(client, "bench", path, NULL, &json);
            if (code == COS_OK && strcmp(job, "list-names") == 0)
                code = read_names(json);
        } else if (strcmp(job, "upload") == 0) {
            snprintf(options, sizeof options,
                     "{\"insert_only\": 0, \"concurrency\": %s, \"verify_sha1\": %s}", argv[6],
                     argv[7]);
            code = cos_upload_file(client, "bench", path, file, options, NULL, &json);
        } else if (strcmp(job, "download") == 0) {
            snprintf(options, sizeof options, "{\"concurrency\": %s, \"verify_sha1\": %s}", argv[6],
                     argv[7]);
            code = cos_download_file(client, "bench", path, file, options, NULL, &json);
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
