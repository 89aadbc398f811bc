/* For programs that load the library instead of being linked with it. */
#ifndef LOADED_H
#define LOADED_H

#include "check.h"

#include <dlfcn.h>

/* A function of the library, of the type that the header gives it. */
#define FUNCTION(name) (*(__typeof__(&name) *)symbol(library, #name))

static inline void *loaded(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        fail(__FILE__, __LINE__, dlerror());
    return library;
}

/* Where the address of a symbol is: C does not let it be cast. */
static inline void *symbol(void *library, const char *name)
{
    static void *found;
    found = dlsym(library, name);
    CHECK(found != NULL);
    return &found;
}

#endif
