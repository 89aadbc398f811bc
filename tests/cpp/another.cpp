#include "check.hpp"

int code_in_another_file(const libcos::Client &client)
{
    return client.stat_folder(bucket, "/").code();
}
