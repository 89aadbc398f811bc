/* What is asked: the client of a command, and the one of the source's region. */
#ifndef CLIENT_H
#define CLIENT_H

#include <cos.h>

/* Whether the client speaks the XML API. */
int speaks_xml(const cos_client *client);

/* What asks for the source of a transfer: with --source-region a client of that region, else the one that
 * all commands use. */
void set_client_at_source(const cos_client *client);
const cos_client *client_at_source(const cos_client *client);

#endif
