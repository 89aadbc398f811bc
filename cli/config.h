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
    cos_client *at_source; /* of the region of --source-region, or NULL */
    char *appid;           /* to be freed */
};
struct configured client_from_config(void);

/* The same in steps, for cos config. */

/* Where the file is; to be freed. */
char *config_path(void);

/* The name of the section of the file that is wanted, or NULL. */
const char *profile(void);

/* Reads what there is, even if it is not enough. */
enum status read_known_settings(const char *path);

/* The value of a setting, NULL if it has none. */
const char *setting(const char *name);
void change_setting(const char *name, const char *value);

struct configured client_from_settings(void);
void forget_settings(void);

#endif
