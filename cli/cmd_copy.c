/* cp, sync and mv. */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "command.h"
#include "items.h"
#include "jobs.h"
#include "match.h"
#include "options.h"
#include "print.h"
#include "remove.h"
#include "reply.h"
#include "stream.h"
#include "sync.h"
#include "system.h"
#include "text.h"
#include "transfer.h"
#include "watch.h"

/* Copies a folder, or moves it. */
static enum status copy_folder(const cos_client *client, const struct place *from,
                               const struct place *to, int is_move)
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
        status = wrong(is_move ? "%s is a folder; -r moves it with everything below it"
                               : "%s is a folder; -r copies it with everything below it",
                       from->text);
    else if (!to->bucket && !is_folder(to))
        status = wrong("%s is not a directory; make it first, or see cos help sync", to->text);
    else if (source.bucket && target.bucket && strcmp(source.bucket, target.bucket) == 0 &&
             is_in_folder(target.path, source.path))
        status = wrong("%s is in %s", target.text, source.text);
    else
        status = copy_tree(client, &source, &target, is_move);
    if (is_move && status == DONE && source.bucket && !option(DRY_RUN) &&
        strcmp(source.path, "/") != 0 && !stops())
        remove_empty_folders(client_at_source(client), &source);
    free(name);
    place_free(&source);
    place_free(&copy);
    place_free(&target);
    return status;
}

/* Adds the copy of a file to a place that may be the folder that it goes into. */
static enum status add_file(const struct place *from, const struct place *to, long long size,
                            int is_move, struct jobs *jobs)
{
    char *name = last_name(from);
    int goes_into = ends_with_slash(to) || is_folder(to);
    struct place target = goes_into ? place_in(to, name) : place_of(copy_of(to->text));
    struct job *job;
    free(name);
    if (from->bucket && target.bucket && strcmp(from->bucket, target.bucket) == 0 &&
        strcmp(from->path, target.path) == 0) {
        place_free(&target);
        return wrong("%s: source and destination are the same file", from->text);
    }
    job = jobs_add(jobs, place_of(copy_of(from->text)), target);
    job->size = size;
    if (!from->bucket && look_at(from->path).kind == PATH_FILE)
        job->size = look_at(from->path).size;
    job->is_move = is_move;
    job->looks_at_times = option('u') != NULL;
    return DONE;
}

static enum status copy(const cos_client *client, const struct place *from, long long size,
                        const struct place *to, int is_move, struct jobs *jobs)
{
    if (!from->bucket && !to->bucket)
        return usage("%s: neither this nor the destination begins with cos://", from->text);
    if (is_move && (is_stream(from) || is_stream(to)))
        return usage("%s: only files and folders can be moved", from->text);
    if (is_stream(from) && ends_with_slash(to))
        return usage("%s is a folder; what comes from a stream needs a name", to->text);
    if (option(DRY_RUN) && (is_stream(from) || (is_stream(to) && !is_folder(from)))) {
        say("would copy %s -> %s", from->text, to->text);
        return DONE;
    }
    if (is_stream(from))
        return upload_stream(client, from, to);
    if (is_folder(from))
        return copy_folder(client, from, to, is_move);
    if (is_stream(to)) {
        char *options = copy_of("{\"concurrency\":1");
        enum status status;
        append_limit(&options, 1);
        append(&options, "}");
        status = download_to_stream(client, from, to, options);
        free(options);
        return status;
    }
    return add_file(from, to, size, is_move, jobs);
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
                           in_language(*first ? "they have the same name"
                                              : "they may have files of the same name"));
    }
    for (i = 0; i < count; i++)
        free(named[i].name);
    free(named);
    return status;
}

/* The sources, with what matches in place of patterns, and their sizes, -1 where they are unknown. */
struct sources {
    struct place *list;
    long long *sizes;
    int count;
};

static void add_source(struct sources *sources, struct place place, long long size)
{
    size_t count = (size_t)++sources->count;
    sources->list = checked(realloc(sources->list, count * sizeof *sources->list));
    sources->sizes = checked(realloc(sources->sizes, count * sizeof *sources->sizes));
    sources->list[count - 1] = place;
    sources->sizes[count - 1] = size;
}

static enum status find_sources(const cos_client *client, const struct place *places, int count,
                                struct sources *sources)
{
    enum status status = DONE;
    int i;
    size_t j;
    for (i = 0; i < count; i++) {
        struct items items = {0};
        struct place folder;
        enum status this_one;
        if (!places[i].is_pattern) {
            if (is_wanted_place(&places[i]))
                add_source(sources, place_of(copy_of(places[i].text)), -1);
            continue;
        }
        this_one = find_matching(client_at_source(client), &places[i], 0, &folder, &items);
        for (j = 0; j < items.count; j++)
            add_source(sources, place_of(formatted("%s%s", folder.text, items.list[j].path)),
                       items.list[j].size);
        status = status != DONE ? status : this_one;
        place_free(&folder);
        items_free(&items);
    }
    return status;
}

static void free_sources(struct sources *sources)
{
    while (sources->count > 0)
        place_free(&sources->list[--sources->count]);
    free(sources->list);
    free(sources->sizes);
}

/* Refuses what the JSON API can't do. */
static enum status check_for_json(const struct place *places, int count)
{
    const struct place *to = &places[count - 1];
    int i, mib = option('S') ? (int)strtol(option('S'), NULL, 10) : 1;
    if (option(SOURCE_REGION))
        return usage("--source-region is for the XML API: the JSON API copies within a bucket");
    if (option(LIMIT_RATE))
        return usage("--limit-rate is for the XML API: the JSON API does not limit what travels");
    if (option(CLASS))
        return usage("--class is for the XML API: the JSON API has no storage classes");
    if (mib > 3)
        return usage("--slice-size is 1, 2 or 3 with the JSON API, not %d", mib);
    for (i = 0; i < count - 1; i++) {
        if (to->bucket && places[i].bucket && strcmp(places[i].bucket, to->bucket) != 0)
            return usage("%s and %s: with the JSON API, files are copied and moved within one bucket",
                         places[i].text, to->text);
    }
    return DONE;
}

static enum status check_options(const cos_client *client, const struct place *places, int count)
{
    const struct place *to = &places[count - 1];
    int i, uploads = 0, others = 0;
    enum status status;
    for (i = 0; i < count - 1; i++) {
        uploads = uploads || (to->bucket && !places[i].bucket);
        others = others || (to->bucket && places[i].bucket);
    }
    if (option(SOURCE_REGION) && (uploads || !others))
        return usage("--source-region is for copies from cos:// to cos://");
    status = check_transfer_options(uploads, others);
    return status == DONE && !speaks_xml(client) ? check_for_json(places, count) : status;
}

static enum status run_with(const cos_client *client, const struct place *places, int count,
                            int is_move)
{
    const struct place *to = &places[count - 1];
    struct sources sources = {NULL, NULL, 0};
    struct jobs jobs = {0};
    enum status status = check_options(client, places, count);
    int i;
    if (status == DONE)
        status = find_sources(client, places, count - 1, &sources);
    if (status == DONE && sources.count > 1 && !is_folder(to) && !is_standard(to))
        status = usage("%s: several files need a folder, whose path ends with '/', or -", to->text);
    if (status == DONE && sources.count > 1 && !is_standard(to))
        status = check_names(sources.list, sources.count, to);
    for (i = 0; status == DONE && i < sources.count && !stops(); i++) {
        enum status this_one =
            copy(client, &sources.list[i], sources.sizes[i], to, is_move, &jobs);
        jobs.status = jobs.status != DONE ? jobs.status : this_one;
    }
    if (status == DONE)
        status = jobs_run(client, &jobs);
    jobs_free(&jobs);
    free_sources(&sources);
    return status;
}

static enum status run_cp(const cos_client *client, const struct place *places, int count)
{
    return run_with(client, places, count, 0);
}

static enum status run_sync(const cos_client *client, const struct place *places, int count)
{
    struct place from = place_in(&places[0], ""), to = place_in(&places[count - 1], "");
    enum status status = check_options(client, places, count);
    if (status == DONE && !from.bucket && !to.bucket)
        status = usage("%s: one side has to be cos://BUCKET/FOLDER/", places[0].text);
    else if (status == DONE && from.bucket && to.bucket && strcmp(from.bucket, to.bucket) == 0 &&
             (is_in_folder(to.path, from.path) || is_in_folder(from.path, to.path)))
        status = wrong("%s and %s: one is in the other", from.text, to.text);
    else if (status == DONE && (option(MAX_DELETE) || option('f')) && !option(DELETE))
        status = usage("--max-delete and --force are for use with --delete");
    else if (status == DONE)
        status = sync_folders(client, &from, &to);
    place_free(&from);
    place_free(&to);
    return status;
}

static enum status run_mv(const cos_client *client, const struct place *places, int count)
{
    return run_with(client, places, count, 1);
}

const struct command CP = {
    .name = "cp",
    .operands = "SOURCE... DESTINATION",
    .options = "r" OPTIONS_OF_TRANSFERS,
    .least = 2,
    .patterns = SOURCE_PATTERNS,
    .run = run_cp,
    .summary = "copy to, from and within the service",
    .details =
        "A destination that ends with '/' or is a directory gets the file under its own name. Files\n"
        "that exist are replaced. \"-\" is the standard input or output; pipes and /dev/null work, too.\n"
        "What was broken off is continued by the same command, but for uploads from a pipe, whose\n"
        "content may have 10000 slices: 78 GiB, or more with a larger --slice-size.\n"
        "\n"
        "With -r, a folder comes to the destination under its own name; a cos:// path without a\n"
        "'/' at its end is the name of the copy itself. A local destination has to exist.\n"
        "\n"
        "Wildcards in cos:// paths, which the shell must not see: '*' is any part of a name, '**' any\n"
        "part of a path, '?' one character, and with one of these [a-z] one of a set. '\\*' is a star.\n"
        "\n"
        "--exclude and --include choose among all files by the rules of .gitignore: a pattern without\n"
        "'/' is about names, one with '/' about the path below the folder that is copied or, of a file\n"
        "that wildcards match, below the folder in front of the first one; 'tmp/' is about folders. The\n"
        "last one that matches decides. If the first is an --include, only what matches is taken.\n"
        "\n"
        "--header, --acl, --class and --biz-attr are for uploads, --limit-rate for uploads and downloads;\n"
        "copies within the service take none of them. With the JSON API such copies stay in one bucket.\n",
    .examples =
        "  cos cp report.pdf cos://mybucket/docs/\n"
        "  cos cp cos://mybucket/docs/report.pdf .\n"
        "  cos cp cos://mybucket/log - | grep error\n"
        "  tar -c site | cos cp - cos://mybucket/site.tar\n"
        "  cos cp -r photos cos://mybucket/        makes cos://mybucket/photos/\n"
        "  cos cp -r photos cos://mybucket/summer  makes cos://mybucket/summer/\n"
        "  cos cp -r cos://mybucket/photos/ .      makes ./photos\n"
        "  cos cp 'cos://mybucket/logs/*.gz' logs/\n"
        "  cos cp -r --exclude '*.tmp' --exclude /cache/ site cos://mybucket/\n"
        "  cos cp -H Cache-Control:no-cache --acl public-read a.html cos://web/\n",
};

const struct command SYNC = {
    .name = "sync",
    .operands = "FROM TO",
    .options = "xMf" OPTIONS_OF_TRANSFERS,
    .least = 2,
    .most = 2,
    .run = run_sync,
    .summary = "make a folder have what another one has",
    .details =
        "One or both sides are folders of the service. Only files that differ travel, by size and\n"
        "content. With -t the times of files are stored as x-cos-meta-mtime, also with those that are\n"
        "there already; files of the same size and time are taken for the same, and downloads get their\n"
        "times. Within the service copies have the stored times of their sources, and contents alone are\n"
        "compared. With -u a file travels only if it is newer than the one that is there. --include and\n"
        "--exclude are as with cos cp; what they leave out is not deleted either, nor what stands where\n"
        "the source has a link. --header and the like are for uploads, as with cos cp.\n"
        "\n"
        "--delete deletes at the end, and only if nothing failed; also empty folders that FROM lacks. If\n"
        "FROM has no files and -f is not given, or more files and folders would go than --max-delete\n"
        "allows, nothing is done.\n",
    .examples =
        "  cos sync site cos://mybucket/site/\n"
        "  cos sync cos://mybucket/site/ site\n"
        "  cos sync --delete --dry-run site cos://mybucket/site/\n"
        "  cos sync -t --exclude .git/ site cos://mybucket/site/\n",
};

const struct command MV = {
    .name = "mv",
    .operands = "SOURCE... DESTINATION",
    .options = "r" OPTIONS_OF_TRANSFERS,
    .least = 2,
    .patterns = SOURCE_PATTERNS,
    .run = run_mv,
    .summary = "move or rename files and folders",
    .details =
        "As cos cp, and each source goes when its copy is there, in the end also the folders that this\n"
        "leaves empty. If a source is a link to a directory, what is in the directory goes; the link and\n"
        "the directory stay. Within the service nothing travels to this machine.\n",
    .examples =
        "  cos mv cos://mybucket/draft.txt cos://mybucket/final.txt\n"
        "  cos mv -r cos://mybucket/2023/ cos://mybucket/archive/\n"
        "  cos mv 'cos://mybucket/in/*.csv' done/\n",
};
