/* Clients, files and folders: what each function changes on the server.
 *
 *     objects HOST:PORT */
#include "check.h"

static void folders(const cos_client *client)
{
    EXPECT(COS_OK, cos_create_folder(client, BUCKET, "/docs/", COS_JSON({"biz_attr": "first"}),
                                     &reply));
    CHECK(number("/data/ctime") > 1400000000);
    EXPECT(COS_ERR_FOLDER_EXISTS, cos_create_folder(client, BUCKET, "/docs/", NULL, &reply));
    CHECK_TEXT("/error/origin", is_v5() ? "library" : "server");

    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/docs/", NULL, &reply));
    CHECK_TEXT("/data/biz_attr", "first");
    EXPECT(COS_OK, cos_update_folder(client, BUCKET, "/docs/", COS_JSON({"biz_attr": "über"}),
                                     &reply));
    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/docs/", NULL, &reply));
    CHECK_TEXT("/data/biz_attr", "über");

    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_folder(client, BUCKET, "/none/", NULL, &reply));
    EXPECT(COS_ERR_NOT_FOUND,
           cos_update_folder(client, BUCKET, "/none/", COS_JSON({"biz_attr": ""}), &reply));
    EXPECT(COS_ERR_NO_BUCKET, cos_stat_folder(client, "no-such-bucket", "/", NULL, &reply));
}

static void stat_and_overwrite(const cos_client *client)
{
    const uint8_t *hello = (const uint8_t *)"hello", *bye = (const uint8_t *)"good bye";

    EXPECT(COS_OK, cos_upload_buffer(client, BUCKET, "/docs/a.txt", hello, 5,
                                     COS_JSON({"biz_attr": "mine"}), NULL, &reply));
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, "/docs/a.txt", NULL, &reply));
    CHECK_INT("/data/filesize", 5);
    CHECK_INT("/data/filelen", 5);
    CHECK_TEXT("/data/biz_attr", "mine");
    if (is_v5())
        CHECK_TEXT("/data/etag", "5d41402abc4b2a76b9719d911017c592");
    else
        CHECK_TEXT("/data/sha", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");

    EXPECT(COS_ERR_FILE_EXISTS, cos_upload_buffer(client, BUCKET, "/docs/a.txt", bye, 8, NULL, NULL,
                                                  &reply));
    CHECK(object_holds(client, "/docs/a.txt", "hello"));
    EXPECT(COS_OK, cos_upload_buffer(client, BUCKET, "/docs/a.txt", bye, 8,
                                     COS_JSON({"insert_only": 0}), NULL, &reply));
    CHECK(object_holds(client, "/docs/a.txt", "good bye"));
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/docs/b.txt", NULL, &reply));
}

static void update(const cos_client *client)
{
    const char *file = "/docs/a.txt";

    EXPECT(COS_OK, cos_update_file(client, BUCKET, file,
                                   COS_JSON({"biz_attr": "new", "cache_control": "no-cache",
                                             "content_type": "text/plain",
                                             "content_language": "de",
                                             "content_disposition": "attachment",
                                             "content_encoding": "identity",
                                             "x-cos-meta-author": "me"}),
                                   &reply));
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, file, NULL, &reply));
    CHECK_TEXT("/data/biz_attr", "new");
    CHECK_TEXT("/data/custom_headers/Cache-Control", "no-cache");
    CHECK_TEXT("/data/custom_headers/Content-Type", "text/plain");
    CHECK_TEXT("/data/custom_headers/Content-Language", "de");
    CHECK_TEXT("/data/custom_headers/Content-Disposition", "attachment");
    CHECK_TEXT("/data/custom_headers/Content-Encoding", "identity");
    CHECK_TEXT("/data/custom_headers/x-cos-meta-author", "me");
    CHECK(cos_json_length(reply, "/data/custom_headers") == 6);

    /* What is no header leaves the headers alone. */
    EXPECT(COS_OK, cos_update_file(client, BUCKET, file, COS_JSON({"biz_attr": ""}), &reply));
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, file, NULL, &reply));
    CHECK_TEXT("/data/biz_attr", "");
    CHECK(cos_json_length(reply, "/data/custom_headers") == 6);

    /* One header replaces them all. With the XML API a file always has a type, by its name. */
    EXPECT(COS_OK, cos_update_file(client, BUCKET, file, COS_JSON({"x-cos-meta-b": "1"}), &reply));
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, file, NULL, &reply));
    CHECK_TEXT("/data/custom_headers/x-cos-meta-b", "1");
    CHECK(cos_json_length(reply, "/data/custom_headers") == 1 + is_v5());

    EXPECT(COS_OK, cos_update_file(client, BUCKET, file, COS_JSON({"clear_headers": true}),
                                   &reply));
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, file, NULL, &reply));
    CHECK(cos_json_length(reply, "/data/custom_headers") <= is_v5());

    EXPECT(COS_OK, cos_update_file(client, BUCKET, file, COS_JSON({"authority": "eWRPrivate"}),
                                   &reply));
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, file, NULL, &reply));
    CHECK_TEXT("/data/authority", "eWRPrivate");
    EXPECT(COS_ERR_NOT_FOUND,
           cos_update_file(client, BUCKET, "/none", COS_JSON({"biz_attr": "x"}), &reply));
}

static void forbid(const cos_client *client)
{
    const char *file = "/docs/a.txt";
    uint8_t *data;
    size_t len;

    if (is_v5()) {
        EXPECT(COS_ERR_PARAM, cos_update_file(client, BUCKET, file, COS_JSON({"forbid": 1}),
                                              &reply));
        CHECK_TEXT("/error/argument", "forbid");
        return;
    }
    EXPECT(COS_OK, cos_update_file(client, BUCKET, file, COS_JSON({"forbid": 1}), &reply));
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, file, NULL, &reply));
    CHECK_INT("/data/forbid", 1);
    EXPECT(COS_ERR_NETWORK, cos_download_buffer(client, BUCKET, file, NULL, NULL, &data, &len,
                                                &reply));
    CHECK_INT("/error/http_status", 403);
    CHECK(data == NULL && len == 0);
    EXPECT(COS_OK, cos_update_file(client, BUCKET, file, COS_JSON({"forbid": 0}), &reply));
    CHECK(object_holds(client, file, "good bye"));
}

static void move_and_copy(const cos_client *client)
{
    put(client, "/from", "one");
    EXPECT(COS_OK, cos_update_file(client, BUCKET, "/from", COS_JSON({"biz_attr": "kept"}),
                                   &reply));
    EXPECT(COS_OK, cos_move_file(client, BUCKET, "/from", "/deep/down/到.txt", NULL, &reply));
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/from", NULL, &reply));
    EXPECT(COS_OK, cos_stat_file(client, BUCKET, "/deep/down/到.txt", NULL, &reply));
    CHECK_TEXT("/data/biz_attr", "kept");

    put(client, "/from", "two");
    EXPECT(COS_ERR_FILE_EXISTS,
           cos_move_file(client, BUCKET, "/from", "/deep/down/到.txt", NULL, &reply));
    CHECK(object_holds(client, "/deep/down/到.txt", "one"));
    CHECK(object_holds(client, "/from", "two"));
    EXPECT(COS_OK, cos_move_file(client, BUCKET, "/from", "/deep/down/到.txt",
                                 COS_JSON({"overwrite": true}), &reply));
    CHECK(object_holds(client, "/deep/down/到.txt", "two"));

    EXPECT(COS_OK, cos_copy_file(client, BUCKET, "/deep/down/到.txt", "/copy", NULL, &reply));
    CHECK(object_holds(client, "/copy", "two"));
    CHECK(object_holds(client, "/deep/down/到.txt", "two"));
    put(client, "/other", "three");
    EXPECT(COS_ERR_FILE_EXISTS, cos_copy_file(client, BUCKET, "/other", "/copy", NULL, &reply));
    CHECK(object_holds(client, "/copy", "two"));
    EXPECT(COS_OK, cos_copy_file(client, BUCKET, "/other", "/copy", COS_JSON({"overwrite": 1}),
                                 &reply));
    CHECK(object_holds(client, "/copy", "three"));
    EXPECT(COS_ERR_NOT_FOUND, cos_copy_file(client, BUCKET, "/none", "/x", NULL, &reply));
    EXPECT(COS_ERR_NOT_FOUND, cos_move_file(client, BUCKET, "/none", "/x", NULL, &reply));
}

static void lists(const cos_client *client)
{
    const char *names[] = {"/l/b1", "/l/b2", "/l/c1", "/l/c2", "/l/d/x"};
    const char *listed[] = {"b1", "b2", "c1", "c2", "d/"};
    int64_t seen = 0, over = 0, i;

    for (i = 0; i < 5; i++)
        put(client, names[i], "content");

    EXPECT(COS_OK, cos_list_folder(client, BUCKET, "/l/", NULL, &reply));
    CHECK(cos_json_length(reply, "/data/infos") == 5);
    CHECK_TEXT("/data/listover", "true");

    /* Two a page: what comes together is each entry once. */
    {
        char options[256] = "{\"num\": 2}";
        int found[5] = {0};
        int pages = 0;
        while (!over) {
            char *context, *listover;
            EXPECT(COS_OK, cos_list_folder(client, BUCKET, "/l/", options, &reply));
            CHECK(cos_json_length(reply, "/data/infos") <= 2);
            for (i = 0; i < cos_json_length(reply, "/data/infos"); i++, seen++) {
                char pointer[64], *name;
                int k;
                snprintf(pointer, sizeof pointer, "/data/infos/%d/name", (int)i);
                name = cos_json_string(reply, pointer);
                CHECK(name != NULL);
                for (k = 0; k < 5; k++)
                    found[k] += strcmp(name, listed[k]) == 0;
                cos_string_free(name);
            }
            listover = cos_json_string(reply, "/data/listover");
            context = cos_json_string(reply, "/data/context");
            CHECK(listover && context);
            over = strcmp(listover, "true") == 0;
            snprintf(options, sizeof options, "{\"num\": 2, \"context\": \"%s\"}", context);
            cos_string_free(listover);
            cos_string_free(context);
            CHECK(++pages <= 4);
        }
        CHECK(seen == 5 && pages >= 3);
        for (i = 0; i < 5; i++)
            CHECK(found[i] == 1);
    }

    EXPECT(COS_OK, cos_list_folder(client, BUCKET, "/l/", COS_JSON({"prefix": "c"}), &reply));
    CHECK(cos_json_length(reply, "/data/infos") == 2);
    CHECK_TEXT("/data/infos/0/name", "c1");
    CHECK_INT("/data/infos/0/filesize", 7);

    EXPECT(COS_OK, cos_list_folder(client, BUCKET, "/l/", COS_JSON({"all": true, "num": 2}),
                                   &reply));
    CHECK(cos_json_length(reply, "/data/infos") == 5);
    CHECK_TEXT("/data/listover", "true");
    CHECK_TEXT("/data/context", "");

    EXPECT(COS_ERR_NOT_FOUND, cos_list_folder(client, BUCKET, "/none/", NULL, &reply));
}

static void deletions(const cos_client *client)
{
    EXPECT(COS_OK, cos_del_file(client, BUCKET, "/docs/a.txt", NULL, &reply));
    EXPECT(COS_ERR_NOT_FOUND, cos_del_file(client, BUCKET, "/docs/a.txt", NULL, &reply));
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/docs/a.txt", NULL, &reply));

    put(client, "/docs/c", "c");
    EXPECT(COS_ERR_PARAM, cos_del_files(client, BUCKET, "[\"/docs/c\", \"/docs/\"]", NULL, &reply));
    CHECK_TEXT("/error/argument", "cos_paths");
    CHECK(object_holds(client, "/docs/c", "c"));
    EXPECT(COS_OK, cos_del_files(client, BUCKET, "[\"/docs/c\", \"/docs/none\"]", NULL, &reply));
    CHECK_INT("/data/files", 2);
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/docs/c", NULL, &reply));

    put(client, "/docs/sub/b", "b");
    EXPECT(COS_ERR_FOLDER_NOT_EMPTY, cos_del_folder(client, BUCKET, "/docs/", NULL, &reply));
    CHECK(object_holds(client, "/docs/sub/b", "b"));
    EXPECT(COS_OK, cos_del_folder(client, BUCKET, "/docs/", COS_JSON({"recursive": true}), &reply));
    CHECK_INT("/data/files", 1);
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/docs/sub/b", NULL, &reply));
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_folder(client, BUCKET, "/docs/", NULL, &reply));
    EXPECT(COS_ERR_NOT_FOUND, cos_del_folder(client, BUCKET, "/docs/", NULL, &reply));

    EXPECT(COS_OK, cos_create_folder(client, BUCKET, "/empty/", NULL, &reply));
    EXPECT(COS_OK, cos_del_folder(client, BUCKET, "/empty/", NULL, &reply));
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_folder(client, BUCKET, "/empty/", NULL, &reply));
}

static void settings(const cos_client *client, const char *host)
{
    char back[128];
    snprintf(back, sizeof back, "{\"hostname\": \"localhost%s\", \"retries\": null}",
             strrchr(host, ':'));

    /* Nothing listens at port 1. */
    EXPECT(COS_OK, cos_client_set_config(
                       client, COS_JSON({"hostname": "localhost:1", "retries": 0}), &reply));
    EXPECT(COS_ERR_CONNECT, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
    CHECK_TEXT("/error/phase", "connect");
    CHECK_INT("/error/attempts", 1);
    EXPECT(COS_OK, cos_client_set_config(client, back, &reply));
    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));

    /* One bad key, and the good one beside it does not count either. */
    EXPECT(COS_ERR_PARAM, cos_client_set_config(
                              client, COS_JSON({"hostname": "localhost:1", "retries": 99}),
                              &reply));
    CHECK_TEXT("/error/argument", "retries");
    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));

    /* Who runs this program looks for the name in the emulator's log. */
    EXPECT(COS_OK, cos_client_set_config(client, COS_JSON({"user_agent": "renamed/1"}), &reply));
    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
}

static void credentials(const cos_client *client)
{
    EXPECT(COS_OK, cos_client_set_credentials(client, APPID, SECRET_ID, "wrong", &reply));
    EXPECT(COS_ERR_SIGN_INVALID, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
    CHECK_TEXT("/error/hint", "check secret_key");
    EXPECT(COS_OK, cos_client_set_credentials(client, APPID, "unknown", SECRET_KEY, &reply));
    EXPECT(is_v5() ? COS_ERR_SECRET_ID_UNKNOWN : COS_ERR_SECRET_ID_UNKNOWN_V1,
           cos_stat_folder(client, BUCKET, "/", NULL, &reply));
    EXPECT(COS_OK, cos_client_set_credentials(client, APPID, SECRET_ID, SECRET_KEY, &reply));
    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));

    EXPECT(COS_ERR_PARAM, cos_client_set_credentials(client, "x", SECRET_ID, "other", &reply));
    CHECK_TEXT("/error/argument", "appid");
    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
}

/* Those that the emulator knows, which the JSON API has none of. */
static void temporary_credentials(const cos_client *client)
{
    EXPECT(is_v5() ? COS_OK : COS_ERR_PARAM,
           cos_client_set_temporary_credentials(client, APPID, "TEMPORARY_ID", "TEMPORARY_KEY",
                                                "TEMPORARY_TOKEN", &reply));
    if (!is_v5())
        CHECK_TEXT("/error/argument", "token");
    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
    if (is_v5()) {
        EXPECT(COS_OK, cos_client_set_temporary_credentials(client, APPID, "TEMPORARY_ID",
                                                            "TEMPORARY_KEY", "other", &reply));
        EXPECT(COS_ERR_SECRET_ID_UNKNOWN, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
    }
    EXPECT(COS_OK, cos_client_set_credentials(client, APPID, SECRET_ID, SECRET_KEY, &reply));
    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
}

static void buckets_and_requests(const cos_client *client)
{
    const uint8_t *text = (const uint8_t *)"text";

    EXPECT_OF("v5", cos_list_buckets(client, NULL, &reply));
    if (is_v5()) {
        CHECK_TEXT("/data/buckets/0/name", BUCKET);
        CHECK_TEXT("/data/buckets/0/full_name", BUCKET "-" APPID);
    }
    EXPECT_OF("v5", cos_request(client, "PUT", BUCKET, "/asked", NULL,
                                COS_JSON({"Content-Type": "text/plain"}), text, 4, NULL, &reply));
    EXPECT_OF("v5", cos_request(client, "GET", BUCKET, "/asked",
                                COS_JSON({"response-content-type": "text/x-asked"}), NULL, NULL, 0,
                                NULL, &reply));
    if (is_v5()) {
        CHECK_INT("/data/status", 200);
        CHECK_TEXT("/data/body", "text");
        CHECK_TEXT("/data/headers/content-type", "text/x-asked");
        EXPECT(COS_ERR_NOT_FOUND, cos_request(client, "GET", BUCKET, "/none", NULL, NULL, NULL, 0,
                                              NULL, &reply));
        CHECK_TEXT("/error/server_code", "NoSuchKey");
    }
}

/* Nobody has to take the reply. */
struct seen {
    int lines, failures;
    char last[512];
    char failed[512];
};

static void see(int level, const char *line, void *user)
{
    struct seen *seen = user;
    seen->lines++;
    seen->failures += level == COS_LOG_FAILURES;
    snprintf(seen->last, sizeof seen->last, "%s", line);
    if (level == COS_LOG_FAILURES)
        snprintf(seen->failed, sizeof seen->failed, "%s", line);
}

static void log_of_requests(const cos_client *client)
{
    const char *refused = is_v5() ? " status=404 code=-197 "
                                  : "/never%20was op=delete status=404 code=-197 ";
    struct seen seen = {0, 0, "", ""};
    int lines;
    CHECK(cos_client_set_log(client, COS_LOG_REQUESTS, see, &seen) == 0);
    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
    CHECK(seen.lines == 1 && seen.failures == 0);
    if (is_v5())
        CHECK(strstr(seen.last, " op=stat status=200 code=0 "));
    else
        CHECK(strstr(seen.last, "GET /files/v2/" APPID "/" BUCKET "/ op=stat status=200 code=0 "));
    CHECK(strstr(seen.last, " attempt=1 connection=reused"));
    EXPECT(COS_ERR_NOT_FOUND, cos_del_file(client, BUCKET, "/never was", NULL, &reply));
    lines = seen.lines;
    CHECK(is_v5() ? seen.failures > 0 : lines == 2 && seen.failures == 1);
    CHECK(strstr(seen.failed, refused));
    CHECK(!strstr(seen.last, SECRET_KEY) && !strstr(seen.last, "sign="));

    CHECK(cos_client_set_log(client, COS_LOG_FAILURES, see, &seen) == 0);
    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
    CHECK(seen.lines == lines);
    CHECK(cos_client_set_log(client, COS_LOG_REQUESTS, NULL, NULL) == 0);
    EXPECT(COS_OK, cos_stat_folder(client, BUCKET, "/", NULL, &reply));
    CHECK(seen.lines == lines);
}

static void without_reply(const cos_client *client)
{
    CHECK(cos_create_folder(client, BUCKET, "/quiet/", NULL, NULL) == COS_OK);
    CHECK(cos_create_folder(client, BUCKET, "/quiet/", NULL, NULL) == COS_ERR_FOLDER_EXISTS);
    CHECK(cos_stat_folder(client, BUCKET, "/quiet/", NULL, NULL) == COS_OK);
}

int main(int argc, char **argv)
{
    cos_client *client;
    if (argc != 2)
        return EXIT_FAILURE;
    client = client_of(argv[1]);
    folders(client);
    stat_and_overwrite(client);
    update(client);
    forbid(client);
    move_and_copy(client);
    lists(client);
    deletions(client);
    settings(client, argv[1]);
    credentials(client);
    temporary_credentials(client);
    buckets_and_requests(client);
    log_of_requests(client);
    without_reply(client);
    done(client);
    return EXIT_SUCCESS;
}
