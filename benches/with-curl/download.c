/* Downloads: into a file beside the destination, which takes its place when all of it is verified. */
#define _GNU_SOURCE
#include "crc64.h"
#include "jobs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 8 * MIB, HASH_BUFFER = 64 * 1024 };

struct download {
    const char *path;
    int fd;
    struct object object;
    uint64_t *crcs; /* of each piece, where CRC-64 verifies */
    char sha[41];   /* where a single piece was all of it */
    atomic_ulong next;
};

static uint64_t pieces_of(const struct object *object) { return (object->size + PIECE - 1) / PIECE; }

static uint64_t end_of(const struct object *object, uint64_t start)
{
    return object->size - start < PIECE ? object->size : start + PIECE;
}

static void fetch_pieces(struct line *line, void *job)
{
    struct download *download = job;
    struct object object = download->object;
    enum sum_kind sum = settings.with_sum ? settings.api->sum : SUM_NONE;
    struct piece piece = {.fd = download->fd, .sum.kind = sum == SUM_CRC64 ? SUM_CRC64 : SUM_NONE};
    uint64_t i;

    while ((i = atomic_fetch_add(&download->next, 1)) < pieces_of(&object)) {
        piece.start = i * PIECE;
        piece.end = end_of(&object, piece.start);
        /* A single piece can be hashed as it comes. */
        if (sum == SUM_SHA1 && pieces_of(&object) == 1)
            piece.sum.kind = SUM_SHA1;
        settings.api->get(line, download->path, &object, &piece);
        if (piece.at != piece.end)
            fail("a piece has another length");
        if (download->crcs)
            download->crcs[i] = piece.sum.crc;
        if (piece.sum.kind == SUM_SHA1)
            sum_sha(&piece.sum, download->sha);
        if (object.has_crc && !download->object.has_crc)
            download->object = object; /* of a single piece */
    }
    sum_end(&piece.sum);
}

static void check_sha(struct download *download)
{
    if (!download->sha[0]) {
        struct sum sum = {0};
        char *buffer = malloc(HASH_BUFFER);
        ssize_t got;
        off_t at = 0;
        sum_begin(&sum, SUM_SHA1);
        while ((got = pread(download->fd, buffer, HASH_BUFFER, at)) > 0) {
            sum_add(&sum, buffer, (size_t)got);
            at += got;
        }
        sum_sha(&sum, download->sha);
        sum_end(&sum);
        free(buffer);
    }
    if (strcmp(download->sha, download->object.sha) != 0)
        fail("other bytes arrived than the server has");
}

static void check_crc(struct download *download)
{
    const struct object *object = &download->object;
    uint64_t i, crc = 0;
    for (i = 0; i < pieces_of(object); i++)
        crc = crc64_combined(crc, download->crcs[i], end_of(object, i * PIECE) - i * PIECE);
    if (crc != object->crc)
        fail("other bytes arrived than the server has");
}

/* Fetches all, or what is behind the first piece, and puts the file in its place. */
static void fetch(struct line *line, struct download *download, const char *partial,
                  const char *local, int is_parallel)
{
    struct object *object = &download->object;
    if (object->size > PIECE && posix_fallocate(download->fd, 0, (off_t)object->size) != 0)
        fail("the file can't be written");
    if (is_parallel && pieces_of(object) > download->next)
        in_parallel(line, fetch_pieces, download);
    else
        fetch_pieces(line, download);
    if (settings.with_sum && settings.api->sum == SUM_SHA1 && object->sha[0])
        check_sha(download);
    if (settings.with_sum && settings.api->sum == SUM_CRC64 && object->has_crc)
        check_crc(download);
    free(download->crcs);
    if (fsync(download->fd) != 0 || close(download->fd) != 0 || rename(partial, local) != 0)
        fail("the file can't be written");
}

static void open_partial(struct download *download, const char *local, char *partial, size_t room)
{
    snprintf(partial, room, "%s.partial", local);
    download->fd = open(partial, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (download->fd < 0)
        fail("the file can't be written");
}

static void make_crcs(struct download *download)
{
    if (!settings.with_sum || settings.api->sum != SUM_CRC64)
        return;
    download->crcs = calloc(pieces_of(&download->object) + 1, sizeof *download->crcs);
    if (!download->crcs)
        fail("no memory");
}

void download_file(struct line *line, const char *path, const char *local)
{
    struct download download = {.path = path};
    char partial[1024];

    open_partial(&download, local, partial, sizeof partial);
    if (settings.api->tells_with_content) {
        struct piece piece = {.fd = download.fd,
                              .end = PIECE,
                              .sum.kind = settings.with_sum ? settings.api->sum : SUM_NONE};
        settings.api->get(line, path, &download.object, &piece);
        if (piece.at != piece.end)
            fail("a piece has another length");
        make_crcs(&download);
        if (download.crcs)
            download.crcs[0] = piece.sum.crc;
        download.next = 1;
    } else {
        settings.api->stat(line, path, &download.object);
        make_crcs(&download);
    }
    fetch(line, &download, partial, local, 1);
}

void download_listed(struct line *line, const char *path, const struct object *object,
                     const char *local)
{
    struct download download = {.path = path, .object = *object};
    char partial[1024];
    open_partial(&download, local, partial, sizeof partial);
    make_crcs(&download);
    fetch(line, &download, partial, local, 0);
}
