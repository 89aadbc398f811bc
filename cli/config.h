/* The account and the place of the service: from a configuration file and the environment. */
#ifndef CONFIG_H
#define CONFIG_H

#include <cos.h>

#include "status.h"

/* A client of what is configured, and its account. If `client` is NULL, the reason was printed, and
 * `status` says how the program ends. */
struct configured {
    enum status status;
    cos_client *client;
    char *appid; /* to be freed */
};
struct configured client_from_config(void);

#endif
