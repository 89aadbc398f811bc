/* The header alone, twice; linked with another unit that has it as well. */
#include <cos.h>
#include <cos.h>

const char *name_from_another_unit(int code);

int main(void)
{
    const char *options = COS_JSON({"insert_only": 0, "biz_attr": "a, b"});
    cos_code code = COS_ERR_NOT_FOUND;
    cos_client *client = NULL;
    cos_transfer_free(NULL);
    cos_client_free(client);
    return options[0] == '{' && name_from_another_unit(code) == cos_code_name(-197) ? 0 : 1;
}
