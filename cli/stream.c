/* Transfers from and to what is read and written as it goes: the standard streams, pipes, devices. */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "print.h"
#include "progress.h"
#include "reply.h"
#include "system.h"
#include "transfer.h"

/* The file that is open already for this place, or -1. `standard` is what "-" means. */
static int open_file_of(const struct place *place, int standard)
{
    if (is_standard(place))
        return standard;
    return place->bucket ? -1 : open_file_at(place->path);
}

/* Where a download is written as it comes. */
struct output {
    int file;
    int error; /* an errno */
};

static int write_piece(const uint8_t *data, size_t size, void *user)
{
    struct output *output = user;
    output->error = write_all(output->file, data, size);
    return output->error || is_interrupted();
}

enum status download_to_stream(const cos_client *client, const struct place *from,
                               const struct place *to, const char *options)
{
    struct share share;
    struct output output = {open_file_of(to, STANDARD_OUTPUT), 0};
    char *json, *name;
    int code, is_ours = output.file < 0;
    enum status status;
    if (option('j') && output.file == STANDARD_OUTPUT)
        return usage("--json and %s can't both have the standard output", to->text);
    if (is_ours)
        output.file = open_to_write(to->path);
    if (output.file < 0)
        return cannot_use(to->path);
    name = last_name(from);
    progress_begin(name, 0, !file_is_terminal(output.file));
    share_begin(&share, 1);
    pipe_errors_begin(); /* the signal would end the program before the bar is wiped away */
    code = cos_download_stream(client, from->bucket, from->path, options, share.transfer,
                               write_piece, &output, &json);
    share_end(&share);
    progress_end();
    pipe_errors_end();
    end_if_broken_pipe(output.error);
    if (output.error)
        status = wrong("%s: %s", is_standard(to) ? "standard output" : to->text,
                       strerror(output.error));
    else
        status = check(code, json, from, to);
    if (is_ours)
        close_file(output.file);
    if (status == DONE && is_ours)
        report_file(json, from, to);
    cos_string_free(json);
    free(name);
    return status;
}

/* Where an upload is read as it comes. */
struct input {
    int file;
    int error; /* an errno */
};

static int64_t read_piece(uint8_t *buffer, size_t size, void *user)
{
    struct input *input = user;
    long got = read_some(input->file, buffer, size);
    if (is_interrupted()) /* Ctrl-C has ended the writer, too: the content is not complete */
        return -1;
    if (got < 0)
        input->error = errno;
    return got;
}

/* Uploads while it reads. Returns the library's code. */
static int send_as_it_comes(const cos_client *client, const struct place *from,
                            const struct place *to, struct input *input, char **json)
{
    enum { UNKNOWN_SIZE = -1 };
    struct share share;
    char *options = transfer_options(to, 0, -1, NULL);
    int code;
    progress_begin(from->text, 0, !file_is_terminal(input->file));
    progress_has_no_total();
    share_begin(&share, 1);
    code = cos_upload_stream(client, to->bucket, to->path, UNKNOWN_SIZE, read_piece, input, options,
                             share.transfer, json);
    share_end(&share);
    progress_end();
    free(options);
    return code;
}

/* Copies a stream to a temporary file. */
static enum status collect(int in, const struct place *from, const struct temporary *temporary)
{
    char buffer[65536];
    long got;
    if (temporary->error)
        return wrong("%s: %s", temporary->name, strerror(temporary->error));
    while ((got = read_some(in, buffer, sizeof buffer)) > 0) {
        int error = write_all(temporary->file, buffer, (size_t)got);
        if (error)
            return wrong("%s: %s", temporary->name, strerror(error));
    }
    if (got < 0)
        return cannot_use(is_standard(from) ? "standard input" : from->text);
    return DONE;
}

static enum status send_collected(const cos_client *client, const struct place *from,
                                  const struct place *to, int in)
{
    struct temporary temporary = temporary_open();
    enum status status;
    interrupts_end();
    status = collect(in, from, &temporary);
    if (status == DONE)
        status = upload(client, from, to, temporary.open_path);
    temporary_close(&temporary);
    return status;
}

enum status upload_stream(const cos_client *client, const struct place *from,
                          const struct place *to)
{
    struct input input = {open_file_of(from, STANDARD_INPUT), 0};
    int is_ours = input.file < 0, code;
    char *json;
    enum status status;
    if (is_ours)
        input.file = open_to_read(from->path);
    if (input.file < 0)
        return cannot_use(from->path);
    code = send_as_it_comes(client, from, to, &input, &json);
    if (is_in(json, "/error/argument", "size")) /* the JSON API wants to know it before it starts */
        status = send_collected(client, from, to, input.file);
    else if (input.error)
        status = wrong("%s: %s", is_standard(from) ? "standard input" : from->text,
                       strerror(input.error));
    else
        status = report_transfer(code, json, from, to, NULL);
    cos_string_free(json);
    if (is_ours)
        close_file(input.file);
    return status;
}
