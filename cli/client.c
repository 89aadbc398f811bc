/* What is asked: the client of a command, and the one of the source's region. */
#include "client.h"

#include <stddef.h>

#include "reply.h"

int speaks_xml(const cos_client *client)
{
    char *json = NULL;
    int is_xml;
    cos_sign_more(client, "bucket", "/", 60, &json); /* the JSON API alone has this; nothing is sent */
    is_xml = is_in(json, "/error/argument", "api");
    cos_string_free(json);
    return is_xml;
}

static const cos_client *at_source;

void set_client_at_source(const cos_client *client)
{
    at_source = client;
}

const cos_client *client_at_source(const cos_client *client)
{
    return at_source ? at_source : client;
}
