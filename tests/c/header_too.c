/* The other unit of header.c. */
#include <cos.h>
#include <cos.h>

const char *name_from_another_unit(int code);

const char *name_from_another_unit(int code)
{
    return cos_code_name(code);
}
