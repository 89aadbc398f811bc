/* Transfers from and to what is read and written as it goes: the standard streams, pipes, devices. */
#ifndef STREAM_H
#define STREAM_H

#include <cos.h>

#include "place.h"
#include "status.h"

enum status upload_stream(const cos_client *client, const struct place *from,
                          const struct place *to);

/* `options` are those of cos_download_stream(). */
enum status download_to_stream(const cos_client *client, const struct place *from,
                               const struct place *to, const char *options);

#endif
