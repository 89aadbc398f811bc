/* Every exported function under the type that programs were compiled with. A change here is a
 * change of the ABI: it needs a new COS_ABI_VERSION. */
#include <cos.h>

typedef const char *text;
typedef const cos_client *client;

const char *(*version)(void) = cos_version;
int (*abi_version)(void) = cos_abi_version;
const char *(*code_name)(int) = cos_code_name;

char *(*json_quote)(text) = cos_json_quote;
char *(*json_string)(text, text) = cos_json_string;
int (*json_int)(text, text, int64_t *) = cos_json_int;
int64_t (*json_length)(text, text) = cos_json_length;
int64_t (*json_each)(text, text, int (*)(text, text, void *), void *) = cos_json_each;
void (*string_free)(char *) = cos_string_free;
void (*buffer_free)(uint8_t *, size_t) = cos_buffer_free;

int (*client_new)(text, text, text, text, text, cos_client **, char **) = cos_client_new;
int (*client_set_config)(client, text, char **) = cos_client_set_config;
int (*client_set_credentials)(client, text, text, text, char **) = cos_client_set_credentials;
int (*client_set_temporary_credentials)(client, text, text, text, text, char **)
    = cos_client_set_temporary_credentials;
int (*client_with_transfer)(client, const cos_transfer *, cos_client **, char **)
    = cos_client_with_transfer;
int (*client_set_log)(client, int, void (*)(int, const char *, void *), void *) =
    cos_client_set_log;
void (*client_free)(cos_client *) = cos_client_free;

int (*sign_more)(client, text, text, int64_t, char **) = cos_sign_more;
int (*sign_once)(client, text, text, char **) = cos_sign_once;
int (*sign_download)(client, text, text, int64_t, char **) = cos_sign_download;
int (*sign_url)(client, text, text, text, int64_t, text, char **) = cos_sign_url;

cos_transfer *(*transfer_new)(void) = cos_transfer_new;
void (*transfer_free)(cos_transfer *) = cos_transfer_free;
void (*transfer_cancel)(cos_transfer *) = cos_transfer_cancel;
void (*transfer_on_progress)(cos_transfer *, int (*)(uint64_t, uint64_t, void *), void *)
    = cos_transfer_on_progress;
void (*transfer_progress)(const cos_transfer *, uint64_t *, uint64_t *) = cos_transfer_progress;
uint64_t (*transfer_travelled)(const cos_transfer *) = cos_transfer_travelled;

typedef int operation(client, text, text, text, char **);
operation *const operations[] = {
    cos_stat_file, cos_update_file, cos_del_file, cos_del_files, cos_create_folder, cos_stat_folder,
    cos_update_folder, cos_list_folder, cos_del_folder,
};

typedef int relocation(client, text, text, text, text, char **);
relocation *const relocations[] = {cos_move_file, cos_copy_file};

typedef int file_transfer(client, text, text, text, text, cos_transfer *, char **);
file_transfer *const file_transfers[] = {
    cos_upload_file, cos_download_file, cos_upload_folder, cos_download_folder,
};

int (*upload_buffer)(client, text, text, const uint8_t *, size_t, text, cos_transfer *, char **)
    = cos_upload_buffer;
int (*upload_stream)(client, text, text, int64_t, int64_t (*)(uint8_t *, size_t, void *), void *,
                     text, cos_transfer *, char **)
    = cos_upload_stream;
int (*download_buffer)(client, text, text, text, cos_transfer *, uint8_t **, size_t *, char **)
    = cos_download_buffer;
int (*download_stream)(client, text, text, text, cos_transfer *,
                       int (*)(const uint8_t *, size_t, void *), void *, char **)
    = cos_download_stream;

int (*list_buckets)(client, text, char **) = cos_list_buckets;
int (*request)(client, text, text, text, text, text, const uint8_t *, size_t, text, char **)
    = cos_request;

int main(void)
{
    return abi_version() == COS_ABI_VERSION ? 0 : 1;
}
