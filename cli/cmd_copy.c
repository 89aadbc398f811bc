/* cp, sync and mv. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "print.h"
#include "reply.h"
#include "stream.h"
#include "system.h"
#include "text.h"
#include "transfer.h"

/* cos_copy_file or cos_move_file. */
typedef int on_service(const cos_client *client, const char *bucket, const char *cos_path,
                          const char *dest_path, const char *options, char **out_json);

static enum status copy_on_service(const cos_client *client, const struct place *from,
                                   const struct place *to, on_service *call)
{
    char *json, *options;
    int code, is_within = strcmp(from->bucket, to->bucket) == 0;
    enum status status;
    if (is_within && strcmp(from->path, to->path) == 0)
        return wrong("%s: source and destination are the same file", from->text);
    options = formatted("{\"overwrite\":%s", option('n') ? "false" : "true");
    if (!is_within) {
        char *bucket = quoted(to->bucket);
        append(&options, ",\"dest_bucket\":%s", bucket);
        free(bucket);
    }
    append(&options, "}");
    code = call(client, from->bucket, from->path, to->path, options, &json);
    if (is_kept(code, NULL)) {
        status = report_kept(json, from, to);
    } else {
        status = check(code, json, from, to);
        if (status == DONE)
            say("%s -> %s", from->text, to->text);
    }
    cos_string_free(json);
    free(options);
    return status;
}

static enum status copy_folder(const cos_client *client, const struct place *from,
                               const struct place *to)
{
    /* A remote destination without a slash is the copy itself. A local one is always the directory
     * that the copy goes into: otherwise, the same command would do something else the second time,
     * when the directory is there. */
    int is_copy_itself = to->bucket && !ends_with_slash(to);
    char *name = is_copy_itself ? copy_of("") : last_name(from);
    struct place source = place_in(from, ""), copy = place_in(to, name);
    struct place target = place_in(&copy, "");
    enum status status;
    if (!option('r'))
        status = wrong("%s is a folder; -r copies it with everything below it", from->text);
    else if (from->bucket && to->bucket)
        status = wrong("%s: folders can't be copied within the service", from->text);
    else if (!to->bucket && !is_folder(to))
        status = wrong("%s is not a directory; make it first, or see cos help sync", to->text);
    else
        status = transfer(client, &source, &target, to->bucket ? from->path : target.path);
    free(name);
    place_free(&source);
    place_free(&copy);
    place_free(&target);
    return status;
}

/* Copies or moves a file to a place that may be the folder that it goes into. */
static enum status copy_file(const cos_client *client, const struct place *from,
                             const struct place *to, on_service *call)
{
    char *name = last_name(from);
    int goes_into = ends_with_slash(to) || is_folder(to);
    struct place target = goes_into ? place_in(to, name) : place_of(copy_of(to->text));
    enum status status;
    if (from->bucket && to->bucket)
        status = copy_on_service(client, from, &target, call);
    else
        status = transfer(client, from, &target, to->bucket ? from->path : target.path);
    free(name);
    place_free(&target);
    return status;
}

static enum status copy(const cos_client *client, const struct place *from, const struct place *to)
{
    if (!from->bucket && !to->bucket)
        return usage("%s: neither this nor the destination begins with cos://", from->text);
    if (is_stream(from))
        return upload_stream(client, from, to);
    if (is_folder(from))
        return copy_folder(client, from, to);
    if (is_stream(to))
        return download_to_stream(client, from, to);
    return copy_file(client, from, to, cos_copy_file);
}

/* A place and its last name. */
struct named {
    char *name;
    const struct place *place;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* Refuses two sources that would come to one place: one of the files would be lost. */
static enum status check_names(const struct place *places, int count, const struct place *to)
{
    struct named *named = checked(calloc((size_t)count, sizeof *named));
    enum status status = DONE;
    int i;
    for (i = 0; i < count; i++) {
        named[i].name = last_name(&places[i]);
        named[i].place = &places[i];
    }
    qsort(named, (size_t)count, sizeof *named, by_name);
    for (i = 1; i < count && status == DONE; i++) {
        const char *first = named[i - 1].name;
        if (!*first || strcmp(first, named[i].name) == 0)
            status = wrong("%s and %s can't both be copied to %s: %s", named[i - 1].place->text,
                           named[i].place->text, to->text,
                           *first ? "they have the same name"
                                  : "they may have files of the same name");
    }
    for (i = 0; i < count; i++)
        free(named[i].name);
    free(named);
    return status;
}

static enum status run_cp(const cos_client *client, const struct place *places, int count)
{
    const struct place *to = &places[count - 1];
    enum status status = DONE;
    if (count > 2 && !is_folder(to) && !is_standard(to))
        return usage("%s: several files need a folder, whose path ends with '/', or -", to->text);
    if (!is_standard(to) && check_names(places, count - 1, to) != DONE)
        return WRONG;
    for (; places < to && !is_interrupted(); places++) {
        enum status this_one = copy(client, places, to);
        status = status != DONE ? status : this_one;
    }
    return status;
}

static enum status run_sync(const cos_client *client, const struct place *places, int count)
{
    struct place from = place_in(&places[0], ""), to = place_in(&places[count - 1], "");
    enum status status;
    if (!from.bucket == !to.bucket)
        status = usage("%s: one side has to be a directory, the other cos://BUCKET/FOLDER/",
                       places[0].text);
    else
        status = transfer(client, &from, &to, to.bucket ? from.path : to.path);
    place_free(&from);
    place_free(&to);
    return status;
}

static enum status run_mv(const cos_client *client, const struct place *places, int count)
{
    const struct place *from = &places[0], *to = &places[count - 1];
    if (!from->bucket || !to->bucket)
        return usage("%s: only within a bucket", (from->bucket ? to : from)->text);
    if (strcmp(from->bucket, to->bucket) != 0)
        return wrong("%s is in another bucket; copy it, then remove it", to->text);
    if (is_folder(from))
        return wrong("%s: folders can't be moved", from->text);
    return copy_file(client, from, to, cos_move_file);
}

const struct command CP = {
    .name = "cp",
    .operands = "SOURCE... DESTINATION",
    .options = "rnCS",
    .least = 2,
    .run = run_cp,
    .summary = "copy to, from and within the service",
    .details =
        "A destination that ends with '/' or is a directory gets the file under its own name. Files\n"
        "that exist are replaced. \"-\" is the standard input or output; pipes and /dev/null work, too.\n"
        "What was broken off is continued by the same command, but for uploads from a pipe, whose\n"
        "content may have 10000 slices: 78 GiB, or more with a larger --slice-size. Folders can't be\n"
        "copied within the service.\n"
        "\n"
        "  cos cp report.pdf cos://mybucket/docs/\n"
        "  cos cp cos://mybucket/docs/report.pdf .\n"
        "  cos cp cos://mybucket/log - | grep error\n"
        "  tar -c site | cos cp - cos://mybucket/site.tar\n"
        "\n"
        "With -r, a folder comes to the destination under its own name; a cos:// path without a\n"
        "'/' at its end is the name of the copy itself. A local destination has to exist.\n"
        "\n"
        "  cos cp -r photos cos://mybucket/        makes cos://mybucket/photos/\n"
        "  cos cp -r photos cos://mybucket/summer  makes cos://mybucket/summer/\n"
        "  cos cp -r cos://mybucket/photos/ .      makes ./photos\n",
};

const struct command SYNC = {
    .name = "sync",
    .operands = "FROM TO",
    .options = "nCS",
    .least = 2,
    .most = 2,
    .run = run_sync,
    .summary = "make a folder have what another one has",
    .details =
        "One side is a directory, the other a folder of the service. Only files that differ travel,\n"
        "by size and checksum; nothing is deleted.\n"
        "\n"
        "  cos sync site cos://mybucket/site/\n"
        "  cos sync cos://mybucket/site/ site\n",
};

const struct command MV = {
    .name = "mv",
    .operands = "SOURCE DESTINATION",
    .options = "n",
    .least = 2,
    .most = 2,
    .run = run_mv,
    .summary = "move or rename a file within a bucket",
    .details =
        "A destination that ends with '/' gets the file under its own name. A file that exists is\n"
        "replaced.\n",
};
