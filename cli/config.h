/* The account and the place of the service: from a configuration file and the environment. */
#ifndef CONFIG_H
#define CONFIG_H

#include <cos.h>

#include "status.h"

/* A client of what is configured. If it is NULL, `status` says how that ended, and the user knows. */
struct configured {
    enum status status;
    cos_client *client;
};
struct configured client_from_config(void);

#endif
