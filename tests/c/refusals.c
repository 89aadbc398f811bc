/* NULL and text that is not UTF-8, in every place of every function, without a byte sent.
 *
 *     refusals HOST:PORT
 *
 * Prints "function argument" for what was tried, so that who runs it can see that nothing is
 * missing. */
#include "check.h"

/* What is wrong with an argument; the first sign of its name says what it is. */
enum {
    HANDLE = '*',   /* required */
    TEXT = '$',     /* required */
    OPTIONAL = '?', /* text that may be NULL */
    OUT = '>',      /* required place for a result */
    OTHER = '!',    /* required, neither handle nor text */
    FREE = '-'      /* may be NULL, is no text */
};

struct function {
    const char *name;
    int (*call)(void **in, char **json);
    const char *arguments[9];
};

static cos_client *out_client;
static uint8_t *out_data;
static size_t out_len;

static int64_t never_read(uint8_t *buf, size_t len, void *user)
{
    (void)buf, (void)len, (void)user;
    fail(__FILE__, __LINE__, "nothing is uploaded");
    return -1;
}

static int never(const uint8_t *data, size_t len, void *user)
{
    (void)data, (void)len, (void)user;
    fail(__FILE__, __LINE__, "nothing is downloaded");
    return 1;
}

/* As many times as there are functions: the arguments from an array, in their order. */

static int client_new(void **in, char **json)
{
    return cos_client_new(in[0], in[1], in[2], in[3], in[4], (cos_client **)in[5], json);
}

static int client_set_config(void **in, char **json)
{
    return cos_client_set_config(in[0], in[1], json);
}

static int client_set_credentials(void **in, char **json)
{
    return cos_client_set_credentials(in[0], in[1], in[2], in[3], json);
}

static int client_set_temporary_credentials(void **in, char **json)
{
    return cos_client_set_temporary_credentials(in[0], in[1], in[2], in[3], in[4], json);
}

static int client_with_transfer(void **in, char **json)
{
    return cos_client_with_transfer(in[0], in[1], (cos_client **)in[2], json);
}

static int sign_more(void **in, char **json)
{
    return cos_sign_more(in[0], in[1], in[2], 60, json);
}

static int sign_once(void **in, char **json)
{
    return cos_sign_once(in[0], in[1], in[2], json);
}

static int sign_download(void **in, char **json)
{
    return cos_sign_download(in[0], in[1], in[2], 60, json);
}

static int sign_url(void **in, char **json)
{
    return cos_sign_url(in[0], in[1], in[2], in[3], 60, in[4], json);
}

static int stat_file(void **in, char **json)
{
    return cos_stat_file(in[0], in[1], in[2], in[3], json);
}

static int update_file(void **in, char **json)
{
    return cos_update_file(in[0], in[1], in[2], in[3], json);
}

static int del_file(void **in, char **json)
{
    return cos_del_file(in[0], in[1], in[2], in[3], json);
}

static int del_files(void **in, char **json)
{
    return cos_del_files(in[0], in[1], in[2], in[3], json);
}

static int move_file(void **in, char **json)
{
    return cos_move_file(in[0], in[1], in[2], in[3], in[4], json);
}

static int copy_file(void **in, char **json)
{
    return cos_copy_file(in[0], in[1], in[2], in[3], in[4], json);
}

static int create_folder(void **in, char **json)
{
    return cos_create_folder(in[0], in[1], in[2], in[3], json);
}

static int stat_folder(void **in, char **json)
{
    return cos_stat_folder(in[0], in[1], in[2], in[3], json);
}

static int update_folder(void **in, char **json)
{
    return cos_update_folder(in[0], in[1], in[2], in[3], json);
}

static int list_folder(void **in, char **json)
{
    return cos_list_folder(in[0], in[1], in[2], in[3], json);
}

static int del_folder(void **in, char **json)
{
    return cos_del_folder(in[0], in[1], in[2], in[3], json);
}

static int upload_file(void **in, char **json)
{
    return cos_upload_file(in[0], in[1], in[2], in[3], in[4], in[5], json);
}

static int upload_buffer(void **in, char **json)
{
    return cos_upload_buffer(in[0], in[1], in[2], in[3], 3, in[4], in[5], json);
}

static int upload_stream(void **in, char **json)
{
    return cos_upload_stream(in[0], in[1], in[2], 3, in[3] ? never_read : NULL, NULL, in[4], in[5],
                             json);
}

static int download_file(void **in, char **json)
{
    return cos_download_file(in[0], in[1], in[2], in[3], in[4], in[5], json);
}

static int download_buffer(void **in, char **json)
{
    return cos_download_buffer(in[0], in[1], in[2], in[3], in[4], (uint8_t **)in[5], in[6], json);
}

static int download_stream(void **in, char **json)
{
    return cos_download_stream(in[0], in[1], in[2], in[3], in[4], in[5] ? never : NULL, NULL,
                               json);
}

static int upload_folder(void **in, char **json)
{
    return cos_upload_folder(in[0], in[1], in[2], in[3], in[4], in[5], json);
}

static int download_folder(void **in, char **json)
{
    return cos_download_folder(in[0], in[1], in[2], in[3], in[4], in[5], json);
}

static int list_buckets(void **in, char **json)
{
    return cos_list_buckets(in[0], in[1], json);
}

static int request(void **in, char **json)
{
    return cos_request(in[0], in[1], in[2], in[3], in[4], in[5], in[6], 3, in[7], json);
}

static const struct function functions[] = {
    {"cos_client_new", client_new,
     {"$appid", "$secret_id", "$secret_key", "?region", "?options", ">out_client"}},
    {"cos_client_set_config", client_set_config, {"*client", "$options"}},
    {"cos_client_set_credentials", client_set_credentials,
     {"*client", "$appid", "$secret_id", "$secret_key"}},
    {"cos_client_set_temporary_credentials", client_set_temporary_credentials,
     {"*client", "$appid", "$secret_id", "$secret_key", "$token"}},
    {"cos_client_with_transfer", client_with_transfer, {"*client", "*transfer", ">out_client"}},
    {"cos_sign_more", sign_more, {"*client", "$bucket", "$cos_path"}},
    {"cos_sign_once", sign_once, {"*client", "$bucket", "$cos_path"}},
    {"cos_sign_download", sign_download, {"*client", "$bucket", "$cos_path"}},
    {"cos_sign_url", sign_url, {"*client", "$method", "$bucket", "$cos_path", "?options"}},
    {"cos_stat_file", stat_file, {"*client", "$bucket", "$cos_path", "?options"}},
    {"cos_update_file", update_file, {"*client", "$bucket", "$cos_path", "?options"}},
    {"cos_del_file", del_file, {"*client", "$bucket", "$cos_path", "?options"}},
    {"cos_del_files", del_files, {"*client", "$bucket", "$cos_paths", "?options"}},
    {"cos_move_file", move_file, {"*client", "$bucket", "$cos_path", "$dest_path", "?options"}},
    {"cos_copy_file", copy_file, {"*client", "$bucket", "$cos_path", "$dest_path", "?options"}},
    {"cos_create_folder", create_folder, {"*client", "$bucket", "$cos_path", "?options"}},
    {"cos_stat_folder", stat_folder, {"*client", "$bucket", "$cos_path", "?options"}},
    {"cos_update_folder", update_folder, {"*client", "$bucket", "$cos_path", "?options"}},
    {"cos_list_folder", list_folder, {"*client", "$bucket", "$cos_path", "?options"}},
    {"cos_del_folder", del_folder, {"*client", "$bucket", "$cos_path", "?options"}},
    {"cos_upload_file", upload_file,
     {"*client", "$bucket", "$cos_path", "$local_path", "?options", "-transfer"}},
    {"cos_upload_buffer", upload_buffer,
     {"*client", "$bucket", "$cos_path", "!data", "?options", "-transfer"}},
    {"cos_upload_stream", upload_stream,
     {"*client", "$bucket", "$cos_path", "!read", "?options", "-transfer"}},
    {"cos_download_file", download_file,
     {"*client", "$bucket", "$cos_path", "$local_path", "?options", "-transfer"}},
    {"cos_download_buffer", download_buffer,
     {"*client", "$bucket", "$cos_path", "?options", "-transfer", ">out_data", ">out_len"}},
    {"cos_download_stream", download_stream,
     {"*client", "$bucket", "$cos_path", "?options", "-transfer", "!write"}},
    {"cos_upload_folder", upload_folder,
     {"*client", "$bucket", "$cos_path", "$local_path", "?options", "-transfer"}},
    {"cos_download_folder", download_folder,
     {"*client", "$bucket", "$cos_path", "$local_path", "?options", "-transfer"}},
    {"cos_list_buckets", list_buckets, {"*client", "?options"}},
    {"cos_request", request,
     {"*client", "$method", "?bucket", "?cos_path", "?params", "?headers", "!body", "?options"}},
};

/* A byte that is never UTF-8, a sequence that is cut short by the end, a surrogate, and a
 * spelling that is too long. */
static const char *const not_utf8[] = {"/a\xff", "/a\xe4\xb8", "/\xed\xa0\x80/", "/\xc0\xaf"};

static cos_client *client;
static cos_transfer *transfer;
static char options[256];

/* A value with which the call would be made, if nothing else were wrong. */
static void *good(const char *function, const char *argument)
{
    const char *folder = strstr(function, "_folder");
    if (strcmp(argument, "client") == 0)
        return client;
    if (strcmp(argument, "transfer") == 0)
        return transfer;
    if (strcmp(argument, "out_client") == 0)
        return &out_client;
    if (strcmp(argument, "out_data") == 0)
        return &out_data;
    if (strcmp(argument, "out_len") == 0)
        return &out_len;
    if (strcmp(argument, "options") == 0)
        return strcmp(function, "cos_client_new") == 0 ? options : "{}";
    if (strcmp(argument, "appid") == 0)
        return APPID;
    if (strcmp(argument, "secret_id") == 0)
        return SECRET_ID;
    if (strcmp(argument, "secret_key") == 0)
        return SECRET_KEY;
    if (strcmp(argument, "region") == 0)
        return "sh";
    if (strcmp(argument, "token") == 0)
        return "token";
    if (strcmp(argument, "method") == 0)
        return strcmp(function, "cos_request") == 0 ? "PUT" : "GET";
    if (strcmp(argument, "params") == 0 || strcmp(argument, "headers") == 0)
        return "{}";
    if (strcmp(argument, "bucket") == 0)
        return BUCKET;
    if (strcmp(argument, "cos_path") == 0)
        return folder ? "/d/" : "/f";
    return "/x"; /* paths, data; for callbacks, something that is not NULL */
}

static void poison_results(void)
{
    out_client = (cos_client *)&out_client;
    out_data = (uint8_t *)&out_data;
    out_len = 7;
}

static void check_refusal(const struct function *function, void **in, const char *argument)
{
    char *message;
    poison_results();
    EXPECT(COS_ERR_PARAM, function->call(in, &reply));
    CHECK_TEXT("/error/argument", argument);
    CHECK_TEXT("/error/phase", "argument");
    CHECK_TEXT("/error/origin", "library");
    message = cos_json_string(reply, "/message");
    CHECK(message != NULL && strstr(message, argument) == message);
    cos_string_free(message);
    if (strcmp(function->name, "cos_client_new") == 0)
        CHECK(out_client == (strcmp(argument, "out_client") ? NULL : (cos_client *)&out_client));
    if (strcmp(function->name, "cos_download_buffer") == 0) {
        CHECK(out_data == (strcmp(argument, "out_data") ? NULL : (uint8_t *)&out_data));
        CHECK(out_len == (strcmp(argument, "out_len") ? 0 : 7));
    }
    /* The same without a place for the reply. */
    CHECK(function->call(in, NULL) == COS_ERR_PARAM);
}

static void refuse(const struct function *function)
{
    void *in[9] = {NULL};
    size_t i, k;

    cos_string_free(reply);
    reply = NULL;
    CHECK(function->call(in, &reply) == COS_ERR_PARAM && reply != NULL);
    CHECK(function->call(in, NULL) == COS_ERR_PARAM);

    for (i = 0; function->arguments[i]; i++)
        in[i] = good(function->name, function->arguments[i] + 1);
    for (i = 0; function->arguments[i]; i++) {
        const char kind = *function->arguments[i], *argument = function->arguments[i] + 1;
        void *before = in[i];
        printf("%s %s\n", function->name, argument);
        if (kind != OPTIONAL && kind != FREE) {
            in[i] = NULL;
            check_refusal(function, in, argument);
        }
        for (k = 0; (kind == TEXT || kind == OPTIONAL) && k < 4; k++) {
            in[i] = (void *)not_utf8[k];
            check_refusal(function, in, argument);
        }
        in[i] = before;
    }
}

static void frees_of_nothing(void)
{
    cos_client_free(NULL);
    cos_transfer_free(NULL);
    cos_string_free(NULL);
    cos_buffer_free(NULL, 0);
    cos_buffer_free(NULL, 5);
    puts("cos_client_free client\ncos_transfer_free transfer\ncos_string_free string\n"
         "cos_buffer_free data");
}

static void handles_of_nothing(void)
{
    uint64_t done = 7, total = 7;
    cos_transfer_cancel(NULL);
    cos_transfer_on_progress(NULL, go_on, NULL);
    cos_transfer_on_progress(transfer, NULL, NULL);
    cos_transfer_progress(NULL, &done, &total);
    CHECK(done == 0 && total == 0);
    done = total = 7;
    cos_transfer_progress(transfer, &done, NULL);
    cos_transfer_progress(transfer, NULL, &total);
    CHECK(done == 0 && total == 0);
    cos_transfer_progress(NULL, NULL, NULL);
    CHECK(cos_transfer_travelled(NULL) == 0 && cos_transfer_travelled(transfer) == 0);
    puts("cos_transfer_cancel transfer\ncos_transfer_on_progress transfer\n"
         "cos_transfer_on_progress fn\ncos_transfer_progress transfer\n"
         "cos_transfer_progress done\ncos_transfer_progress total\n"
         "cos_transfer_travelled transfer");
}

static void log_to_nobody(const cos_client *client)
{
    CHECK(cos_client_set_log(NULL, COS_LOG_REQUESTS, NULL, NULL) == -1);
    CHECK(cos_client_set_log(client, 99, NULL, NULL) == -1);
    CHECK(cos_client_set_log(client, COS_LOG_REQUESTS, NULL, NULL) == 0);
    puts("cos_client_set_log client\ncos_client_set_log fn");
}

static int take_none(const char *key, const char *value, void *user)
{
    (void)key;
    (void)value;
    (void)user;
    CHECK(!"called");
    return 0;
}

static void reading_nothing(void)
{
    int64_t value = 4711;
    size_t k;
    CHECK(cos_json_quote(NULL) == NULL);
    CHECK(cos_json_string(NULL, "") == NULL);
    CHECK(cos_json_string("{}", NULL) == NULL);
    CHECK(cos_json_int(NULL, "/a", &value) == -1);
    CHECK(cos_json_int("{\"a\": 1}", NULL, &value) == -1);
    CHECK(cos_json_int("{\"a\": 1}", "/a", NULL) == -1);
    CHECK(cos_json_each(NULL, "", take_none, NULL) == -1);
    CHECK(cos_json_each("[1]", NULL, take_none, NULL) == -1);
    CHECK(cos_json_each("[1]", "", NULL, NULL) == -1);
    CHECK(cos_json_length(NULL, "") == -1);
    CHECK(cos_json_length("[]", NULL) == -1);
    for (k = 0; k < 4; k++) {
        CHECK(cos_json_quote(not_utf8[k]) == NULL);
        CHECK(cos_json_string(not_utf8[k], "") == NULL);
        CHECK(cos_json_string("{\"a\": 1}", not_utf8[k]) == NULL);
        CHECK(cos_json_int(not_utf8[k], "", &value) == -1);
        CHECK(cos_json_int("{\"a\": 1}", not_utf8[k], &value) == -1);
        CHECK(cos_json_length(not_utf8[k], "") == -1);
        CHECK(cos_json_length("[]", not_utf8[k]) == -1);
        CHECK(cos_json_each(not_utf8[k], "", take_none, NULL) == -1);
        CHECK(cos_json_each("[1]", not_utf8[k], take_none, NULL) == -1);
    }
    CHECK(value == 4711);
    puts("cos_json_quote text\ncos_json_string json\ncos_json_string pointer\ncos_json_int json\n"
         "cos_json_int pointer\ncos_json_int out\ncos_json_length json\ncos_json_length pointer\n"
         "cos_json_each json\ncos_json_each pointer\ncos_json_each fn");
}

int main(int argc, char **argv)
{
    size_t i;
    if (argc != 2)
        return EXIT_FAILURE;
    client = client_of(argv[1]);
    transfer = cos_transfer_new();
    snprintf(options, sizeof options, "{\"hostname\": \"%s\"}", argv[1]);
    for (i = 0; i < sizeof functions / sizeof *functions; i++)
        refuse(&functions[i]);
    frees_of_nothing();
    handles_of_nothing();
    log_to_nobody(client);
    reading_nothing();

    /* Client and handle have come to no harm. The only request is this one. */
    EXPECT(COS_OK, cos_upload_buffer(client, BUCKET, "/f", (const uint8_t *)"x", 1, NULL, transfer,
                                     &reply));
    cos_transfer_free(transfer);
    done(client);
    return EXIT_SUCCESS;
}
