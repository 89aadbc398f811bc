/* Makes a presigned URL, for which neither an account nor a connection is needed, and prints it. */
#include <cos.h>

#include <stdio.h>
#include <string.h>

int main(void)
{
    cos_client *client = NULL;
    char *json = NULL, *url = NULL;
    int is_right = 0;
    int code = cos_client_new("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", "ap-shanghai",
                              NULL, &client, &json);
    if (code == COS_OK) {
        cos_string_free(json);
        code = cos_sign_download(client, "bucket", "/file.txt", 3600, &json);
        url = cos_json_string(json, "/data/url");
    }
    if (url) {
        const char *begin = "https://bucket-1250000000.cos.ap-shanghai.myqcloud.com/file.txt?";
        is_right = strncmp(url, begin, strlen(begin)) == 0;
    }
    printf("%d: %s\n", code, url ? url : json);
    cos_string_free(url);
    cos_string_free(json);
    cos_client_free(client);
    return !is_right;
}
