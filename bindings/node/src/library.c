#include "library.h"

#include <stdio.h>

#include "system.h"

struct functions lib;

static int find_all(const char *path, char *reason, size_t size)
{
    struct functions found;
    void *library = library_load(path, reason, size);
    if (!library)
        return -1;
#define FIND(name) \
    if (library_find(library, "cos_" #name, &found.name) != 0) { \
        snprintf(reason, size, "%s has no cos_" #name, path); \
        return -1; \
    }
    FUNCTIONS(FIND)
#undef FIND
    if (found.abi_version() != COS_ABI_VERSION) {
        snprintf(reason, size, "%s has version %d of the binary interface, this package needs %d",
                 path, found.abi_version(), COS_ABI_VERSION);
        return -1;
    }
    lib = found;
    return 0;
}

int open_library(const char *path, char *reason, size_t size)
{
    static system_lock lock = LOCK_INIT; /* a worker of Node may load the package, too */
    int result = 0;
    lock_take(&lock);
    if (!lib.version)
        result = find_all(path, reason, size);
    lock_release(&lock);
    return result;
}
