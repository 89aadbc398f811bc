// The examples of the reference, one for each function: what stands between "// NAME" and "// end".
// It runs them all, against the emulator: reference HOST.

#include <cos.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void done(int code, char *json)
{
    if (code != COS_OK) {
        fprintf(stderr, "%s: %s\n", cos_code_name(code), json ? json : "");
        exit(1);
    }
    cos_string_free(json);
}

// cos_upload_stream
struct lines {
    int next;
};

static int64_t give(uint8_t *buf, size_t len, void *user)
{
    struct lines *lines = user;
    if (lines->next == 3) return 0;
    return snprintf((char *)buf, len, "line %d\n", lines->next++);
}
// end

// cos_download_stream
static int take(const uint8_t *data, size_t len, void *user)
{
    return fwrite(data, 1, len, user) == len ? 0 : 1;
}
// end

// cos_json_each
static int print_entry(const char *key, const char *entry, void *user)
{
    (void)key;
    char *name = cos_json_string(entry, "/name");
    fprintf(user, "%s\n", name);
    cos_string_free(name);
    return 0;
}
// end

// cos_client_set_log
static void write_line(int level, const char *line, void *user)
{
    fprintf(user, "%d %s\n", level, line);
}
// end

// cos_transfer_on_progress
static int show(uint64_t done, uint64_t total, void *user)
{
    (void)user;
    if (total > 0) fprintf(stderr, "\r%" PRIu64 " %%", done * 100 / total);
    return 0;
}
// end

static void json_api(const cos_client *client)
{
    char *json = NULL;
    int code;
    {
        // cos_sign_more
        code = cos_sign_more(client, "mybucket", "/docs/", 3600, &json);
        char *sign = cos_json_string(json, "/data/sign");
        printf("Authorization: %s\n", sign);
        cos_string_free(sign);
        done(code, json);
        // end
    }
    {
        // cos_sign_once
        code = cos_sign_once(client, "mybucket", "/docs/old.txt", &json);
        char *sign = cos_json_string(json, "/data/sign");
        printf("Authorization: %s\n", sign);
        cos_string_free(sign);
        done(code, json);
        // end
    }
}

static void versions(void)
{
    // cos_version
    printf("libcos %s\n", cos_version());
    // end

    // cos_abi_version
    if (cos_abi_version() != COS_ABI_VERSION) fputs("compile this program anew\n", stderr);
    // end

    // cos_code_name
    puts(cos_code_name(-197)); // COS_ERR_NOT_FOUND
    // end
}

static void reading(void)
{
    const char *json = COS_JSON({"data": {"infos": [{"name": "a.txt", "filesize": "5"}]}});
    {
        // cos_json_string
        char *name = cos_json_string(json, "/data/infos/0/name");
        if (name) puts(name);
        cos_string_free(name);
        // end
    }
    {
        // cos_json_int
        int64_t size = 0;
        if (cos_json_int(json, "/data/infos/0/filesize", &size) == 0)
            printf("%" PRId64 " bytes\n", size);
        // end
    }
    {
        // cos_json_length
        int64_t entries = cos_json_length(json, "/data/infos");
        printf("%" PRId64 " entries\n", entries);
        // end
    }
    // cos_json_each
    cos_json_each(json, "/data/infos", print_entry, stdout);
    // end
    {
        // cos_json_quote
        char *text = cos_json_quote("a \"quoted\" word");
        char options[100];
        snprintf(options, sizeof options, "{\"biz_attr\": %s}", text);
        cos_string_free(text);
        // end
        puts(options);
    }
    {
        // cos_string_free
        char *text = cos_json_quote("text");
        puts(text);
        cos_string_free(text);
        // end
    }
}

static void uploads(const cos_client *client)
{
    char *json = NULL;
    int code;

    // cos_upload_file
    code = cos_upload_file(client, "mybucket", "/docs/a.txt", "a.txt",
                           COS_JSON({"insert_only": false}), NULL, &json);
    done(code, json);
    // end

    // cos_upload_buffer
    const char *text = "hello";
    code = cos_upload_buffer(client, "mybucket", "/docs/hello.txt",
                             (const uint8_t *)text, strlen(text),
                             COS_JSON({"content_type": "text/plain"}), NULL, &json);
    done(code, json);
    // end

    // cos_upload_stream
    struct lines lines = {0};
    code = cos_upload_stream(client, "mybucket", "/docs/lines.txt", -1, give, &lines,
                             NULL, NULL, &json);
    done(code, json);
    // end

    // cos_upload_folder
    code = cos_upload_folder(client, "mybucket", "/photos/", "photos",
                             COS_JSON({"concurrency": 8}), NULL, &json);
    int64_t failed = 0;
    cos_json_int(json, "/data/failed", &failed);
    done(code, json);
    // end
    if (failed) exit(1);
}

static void files(const cos_client *client)
{
    char *json = NULL;
    int code;
    {
        // cos_stat_file
        int64_t size = 0;
        code = cos_stat_file(client, "mybucket", "/docs/a.txt", NULL, &json);
        if (code == COS_ERR_NOT_FOUND) puts("no such file");
        cos_json_int(json, "/data/filesize", &size);
        done(code, json);
        // end
        printf("%" PRId64 "\n", size);
    }

    // cos_update_file
    code = cos_update_file(client, "mybucket", "/docs/a.txt",
                           COS_JSON({"cache_control": "max-age=3600", "x-cos-meta-by": "me"}),
                           &json);
    done(code, json);
    // end

    // cos_copy_file
    code = cos_copy_file(client, "mybucket", "/docs/a.txt", "/docs/b.txt",
                         COS_JSON({"overwrite": true}), &json);
    done(code, json);
    // end

    // cos_move_file
    code = cos_move_file(client, "mybucket", "/docs/b.txt", "/archive/b.txt", NULL, &json);
    done(code, json);
    // end

    // cos_del_file
    code = cos_del_file(client, "mybucket", "/archive/b.txt", NULL, &json);
    done(code, json);
    // end

    // cos_del_files
    code = cos_del_files(client, "mybucket", "[\"/archive/c\", \"/archive/d\"]", NULL, &json);
    done(code, json);
    // end
}

static void folders(const cos_client *client)
{
    char *json = NULL;
    int code;

    // cos_create_folder
    code = cos_create_folder(client, "mybucket", "/new/", NULL, &json);
    if (code == COS_ERR_FOLDER_EXISTS) puts("it is there already");
    done(code, json);
    // end

    // cos_update_folder
    code = cos_update_folder(client, "mybucket", "/new/", COS_JSON({"biz_attr": "mine"}), &json);
    done(code, json);
    // end
    {
        // cos_stat_folder
        code = cos_stat_folder(client, "mybucket", "/new/", NULL, &json);
        char *attribute = cos_json_string(json, "/data/biz_attr");
        if (attribute) puts(attribute);
        cos_string_free(attribute);
        done(code, json);
        // end
    }

    // cos_list_folder
    code = cos_list_folder(client, "mybucket", "/docs/", COS_JSON({"all": true}), &json);
    cos_json_each(json, "/data/infos", print_entry, stdout);
    done(code, json);
    // end

    // cos_del_folder
    code = cos_del_folder(client, "mybucket", "/new/", COS_JSON({"recursive": true}), &json);
    done(code, json);
    // end

    // cos_list_buckets
    code = cos_list_buckets(client, NULL, &json);
    cos_json_each(json, "/data/buckets", print_entry, stdout);
    done(code, json);
    // end
}

static void downloads(const cos_client *client)
{
    char *json = NULL;
    int code;

    // cos_download_file
    code = cos_download_file(client, "mybucket", "/docs/a.txt", "copy.txt", NULL, NULL, &json);
    done(code, json);
    // end

    // cos_download_buffer
    uint8_t *data = NULL;
    size_t len = 0;
    code = cos_download_buffer(client, "mybucket", "/docs/a.txt", NULL, NULL, &data, &len, &json);
    fwrite(data, 1, len, stdout);
    cos_buffer_free(data, len);
    done(code, json);
    // end

    // cos_buffer_free
    uint8_t *first = NULL;
    size_t size = 0;
    code = cos_download_buffer(client, "mybucket", "/docs/a.txt",
                               COS_JSON({"range_start": 0, "range_end": 1}), NULL,
                               &first, &size, &json);
    cos_buffer_free(first, size);
    done(code, json);
    // end

    // cos_download_stream
    code = cos_download_stream(client, "mybucket", "/docs/a.txt", NULL, NULL, take, stdout, &json);
    done(code, json);
    // end

    // cos_download_folder
    code = cos_download_folder(client, "mybucket", "/photos/", "photos", NULL, NULL, &json);
    int64_t downloaded = 0;
    cos_json_int(json, "/data/downloaded", &downloaded);
    done(code, json);
    // end
    printf("%" PRId64 "\n", downloaded);
}

static void signing(const cos_client *client)
{
    char *json = NULL;
    int code;
    {
        // cos_sign_url
        code = cos_sign_url(client, "PUT", "mybucket", "/photos/cat.png", 600,
                            COS_JSON({"headers": {"Content-Type": "image/png"}}), &json);
        char *url = cos_json_string(json, "/data/url");
        puts(url);
        cos_string_free(url);
        done(code, json);
        // end
    }
    {
        // cos_sign_download
        code = cos_sign_download(client, "mybucket", "/docs/a.txt", 600, &json);
        char *url = cos_json_string(json, "/data/url");
        puts(url);
        cos_string_free(url);
        done(code, json);
        // end
    }
}

static void any_request(const cos_client *client)
{
    char *json = NULL;
    int code;

    // cos_request
    const char *tags = "<Tagging><TagSet><Tag><Key>year</Key><Value>2024</Value></Tag></TagSet>"
                       "</Tagging>";
    code = cos_request(client, "PUT", "mybucket", "/docs/a.txt", COS_JSON({"tagging": ""}),
                       COS_JSON({"Content-Type": "application/xml"}),
                       (const uint8_t *)tags, strlen(tags), NULL, &json);
    done(code, json);
    // end
}

static void transfers(const cos_client *client)
{
    char *json = NULL;
    int code;

    // cos_transfer_new
    cos_transfer *transfer = cos_transfer_new();
    code = cos_upload_file(client, "mybucket", "/docs/c.txt", "a.txt", NULL, transfer, &json);
    done(code, json);
    // end

    // cos_transfer_on_progress
    cos_transfer_on_progress(transfer, show, NULL);
    // end

    // cos_transfer_progress
    uint64_t bytes = 0, total = 0;
    cos_transfer_progress(transfer, &bytes, &total);
    printf("%" PRIu64 " of %" PRIu64 " bytes\n", bytes, total);
    // end

    // cos_transfer_travelled
    printf("%" PRIu64 " bytes have travelled\n", cos_transfer_travelled(transfer));
    // end

    // cos_client_with_transfer
    cos_client *stoppable = NULL;
    code = cos_client_with_transfer(client, transfer, &stoppable, &json);
    done(code, json);
    code = cos_list_folder(stoppable, "mybucket", "/", COS_JSON({"all": true}), &json);
    done(code, json);
    cos_client_free(stoppable);
    // end

    // cos_transfer_cancel
    cos_transfer_cancel(transfer); // from any thread
    code = cos_upload_file(client, "mybucket", "/docs/d.txt", "a.txt", NULL, transfer, &json);
    if (code == COS_ERR_CANCELLED) puts("stopped");
    cos_string_free(json);
    // end

    // cos_transfer_free
    cos_transfer_free(transfer);
    // end
}

int main(int argc, char **argv)
{
    char here[200], old[200];
    if (argc != 2) return 2;
    const char *format = "{\"scheme\": \"http\", \"hostname\": \"%s\"}";
    snprintf(here, sizeof here, format, argv[1]);
    format = "{\"scheme\": \"http\", \"hostname\": \"%s\", \"download_hostname\": \"%s\"}";
    snprintf(old, sizeof old, format, argv[1], argv[1]);
    versions();
    reading();

    // cos_client_new
    cos_client *client = NULL;
    char *json = NULL;
    int code = cos_client_new("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY",
                              "ap-shanghai", COS_JSON({"retries": 5}), &client, &json);
    done(code, json);
    // end
    code = cos_client_set_config(client, here, &json);
    done(code, json);

    // cos_client_set_config
    code = cos_client_set_config(client, COS_JSON({"timeout_ms": 60000, "proxy": null}), &json);
    done(code, json);
    // end

    // cos_client_set_temporary_credentials
    code = cos_client_set_temporary_credentials(client, "1250000000", "TEMPORARY_ID",
                                                "TEMPORARY_KEY", "TOKEN", &json);
    done(code, json);
    // end

    // cos_client_set_credentials
    code = cos_client_set_credentials(client, "1250000000", "EXAMPLE_SECRET_ID",
                                      "EXAMPLE_SECRET_KEY", &json);
    done(code, json);
    // end

    // cos_client_set_log
    cos_client_set_log(client, COS_LOG_FAILURES, write_line, stderr);
    // end
    uploads(client);
    files(client);
    folders(client);
    downloads(client);
    signing(client);
    any_request(client);
    transfers(client);

    // cos_client_free
    cos_client_free(client);
    // end
    code = cos_client_new("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", "sh", old,
                          &client, &json);
    done(code, json);
    json_api(client);
    cos_client_free(client);
    return 0;
}
