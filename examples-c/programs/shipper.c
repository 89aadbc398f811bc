/* Uploads the logs of a program as they are rotated, each to an object of its own.
 *
 *     cc shipper.c $(pkg-config --cflags --libs cos) -o shipper
 *     ./shipper DIRECTORY CURRENT BUCKET FOLDER/ STATE [PAUSE_MS]
 *
 * The program that writes the logs appends to CURRENT in DIRECTORY, and renames it when it is full, as
 * logrotate does. A file by another name is finished: it is uploaded, also if it grows once more. What is
 * in CURRENT follows when the shipper is ended by SIGTERM, and is replaced by more of it later.
 *
 * No line is lost or there twice, wherever the shipper is killed: a file is known by its inode and its
 * first bytes, not by its name, and STATE says which object is its own before anything of it is sent. To
 * send it again replaces the object. A copy, such as one that logrotate compresses, is another file. STATE is
 * in another directory than the logs. The account is in the environment: see account.h. */
#define _POSIX_C_SOURCE 200809L
#include "account.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    PATH_SIZE = 4096,
    HEAD = 4096,         /* first bytes that a file is known by: more than a title that all have */
    MOST_MISSED = 3,     /* scans that may miss a file which is just being renamed */
    SHORTEST_PAUSE = 500, /* ms, while the service can't be reached: longer and longer */
    LONGEST_PAUSE = 60000,
    GRACE = 20 /* seconds for what is left to do after SIGTERM */
};

/* A file that was or is to be uploaded. */
struct file {
    int64_t inode, number, head, sum; /* `sum` of the first `head` bytes */
    int64_t shipped;                  /* bytes that are in the object */
    int missed;
};

static struct file *files; /* those in DIRECTORY: as many as there are */
static int n_files;
static int64_t since, next_number; /* objects are SINCE-NUMBER.log */
static const char *directory, *current, *bucket, *folder, *state_path;
static const cos_client *client;
static cos_transfer *transfer;
static volatile sig_atomic_t is_ending;

static void on_signal(int number)
{
    (void)number;
    is_ending = 1;
}

/* The state. */

/* Returns where it is now, or NULL if there is no memory. */
static struct file *keep(const struct file *file)
{
    struct file *more = realloc(files, ((size_t)n_files + 1) * sizeof *files);
    if (!more)
        return NULL;
    files = more;
    files[n_files] = *file;
    return &files[n_files++];
}

static int take_file(const char *key, const char *json, void *user)
{
    struct file file = {0, 0, 0, 0, 0, 0};
    (void)key;
    (void)user;
    if (cos_json_int(json, "/inode", &file.inode) != 0
        || cos_json_int(json, "/number", &file.number) != 0
        || cos_json_int(json, "/head", &file.head) != 0 || cos_json_int(json, "/sum", &file.sum) != 0
        || cos_json_int(json, "/shipped", &file.shipped) != 0 || file.head < 1 || file.head > HEAD)
        return 1;
    return keep(&file) == NULL;
}

/* What is in a file, as a string to be freed; NULL with errno if it can't be read. */
static char *read_text(FILE *opened)
{
    struct stat status;
    char *text = NULL;
    if (fstat(fileno(opened), &status) == 0)
        text = malloc((size_t)status.st_size + 1);
    if (text)
        text[fread(text, 1, (size_t)status.st_size, opened)] = '\0';
    return text;
}

static int read_state(void)
{
    FILE *opened = fopen(state_path, "rb");
    char *json;
    int64_t count;
    int is_whole;
    if (!opened && errno == ENOENT) {
        since = (int64_t)time(NULL);
        return 0;
    }
    if (!opened)
        return -1;
    json = read_text(opened);
    fclose(opened);
    if (!json)
        return -1;
    count = cos_json_length(json, "/files");
    is_whole = cos_json_int(json, "/since", &since) == 0
               && cos_json_int(json, "/next", &next_number) == 0
               && cos_json_each(json, "/files", take_file, NULL) == count && n_files == count;
    free(json);
    errno = EINVAL;
    return is_whole ? 0 : -1;
}

/* Makes a file or a directory survive the loss of power. */
static int sync_path(const char *path)
{
    int opened = open(path, O_RDONLY), result = opened < 0 ? -1 : fsync(opened);
    if (opened >= 0)
        close(opened);
    return result;
}

/* The directory that a path is in. Returns -1 if the path is too long. */
static int directory_of(const char *path, char to[PATH_SIZE])
{
    char *slash;
    if (snprintf(to, PATH_SIZE, "%s", path) >= PATH_SIZE)
        return -1;
    slash = strrchr(to, '/');
    strcpy(slash ? slash + 1 : to, ".");
    return 0;
}

/* Whether the state would be taken for a log, again and again, for it changes with each upload. */
static int is_state_among_logs(void)
{
    char path[PATH_SIZE];
    struct stat of_state, of_logs;
    return directory_of(state_path, path) == 0 && stat(path, &of_state) == 0
           && stat(directory, &of_logs) == 0 && of_state.st_dev == of_logs.st_dev
           && of_state.st_ino == of_logs.st_ino;
}

/* There is the old state or the new one at any time. Returns 0, or -1 with a message. */
static int write_state(void)
{
    char path[PATH_SIZE];
    FILE *opened;
    int i, failed = 1;
    snprintf(path, sizeof path, "%s.new", state_path);
    opened = fopen(path, "wb");
    if (opened) {
        fprintf(opened, "{\"since\":%" PRId64 ",\"next\":%" PRId64 ",\"files\":[", since, next_number);
        for (i = 0; i < n_files; i++)
            fprintf(opened,
                    "%s\n{\"inode\":%" PRId64 ",\"number\":%" PRId64 ",\"head\":%" PRId64
                    ",\"sum\":%" PRId64 ",\"shipped\":%" PRId64 "}",
                    i ? "," : "", files[i].inode, files[i].number, files[i].head, files[i].sum,
                    files[i].shipped);
        fprintf(opened, "]}\n");
        failed = ferror(opened) | fclose(opened);
    }
    failed = failed || sync_path(path) != 0 || rename(path, state_path) != 0;
    if (failed || directory_of(state_path, path) != 0 || sync_path(path) != 0) {
        perror(state_path);
        return -1;
    }
    return 0;
}

/* Files. */

/* A number for the first bytes of an open file (FNV-1a), or -1. */
static int64_t sum_of(int opened, int64_t length)
{
    unsigned char bytes[HEAD];
    uint64_t sum = 14695981039346656037u;
    int64_t i;
    if (pread(opened, bytes, (size_t)length, 0) != length)
        return -1;
    for (i = 0; i < length; i++)
        sum = (sum ^ bytes[i]) * 1099511628211u;
    return (int64_t)(sum >> 1);
}

/* What is known of an open file, or NULL. */
static struct file *known(int opened, const struct stat *status)
{
    int i;
    for (i = 0; i < n_files; i++) {
        struct file *file = &files[i];
        if (file->inode == (int64_t)status->st_ino && file->head <= (int64_t)status->st_size
            && file->sum == sum_of(opened, file->head))
            return file;
    }
    return NULL;
}

/* Takes down by what a file is known: more of it when there is more. */
static void describe(struct file *file, int opened, const struct stat *status)
{
    file->inode = (int64_t)status->st_ino;
    file->head = status->st_size < HEAD ? (int64_t)status->st_size : HEAD;
    file->sum = sum_of(opened, file->head);
}

/* Gives a file an object, and writes that down. Returns NULL, with a message, if that can't be. */
static struct file *add(int opened, const struct stat *status)
{
    struct file file = {0, 0, 0, 0, 0, 0}, *kept;
    describe(&file, opened, status);
    file.number = ++next_number;
    kept = keep(&file);
    if (!kept)
        perror(directory);
    return kept && write_state() == 0 ? kept : NULL;
}

/* Uploads. */

/* Whether the time after SIGTERM is over. */
static int is_over(void)
{
    static time_t ends_at;
    if (is_ending && ends_at == 0)
        ends_at = time(NULL) + GRACE;
    return ends_at != 0 && time(NULL) > ends_at;
}

static int on_progress(uint64_t done, uint64_t total, void *user)
{
    (void)done;
    (void)total;
    (void)user;
    return is_over();
}

static int64_t read_more(uint8_t *to, size_t length, void *user)
{
    ssize_t got;
    do
        got = read(*(int *)user, to, length);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Returns 0 when it is stored, 1 if it is to be tried again, -1 if that is of no use. */
static int upload(int opened, int64_t size, const struct file *file)
{
    char path[PATH_SIZE], *json = NULL, *message, *retryable;
    int code;
    snprintf(path, sizeof path, "%s%" PRId64 "-%06" PRId64 ".log", folder, since, file->number);
    code = cos_upload_stream(client, bucket, path, size, read_more, &opened,
                             COS_JSON({"insert_only": false, "retries": 1}), transfer,
                             &json);
    if (code == COS_OK) {
        printf("%s: %" PRId64 " bytes\n", path, size);
        cos_string_free(json);
        return 0;
    }
    message = cos_json_string(json, "/message");
    retryable = cos_json_string(json, "/error/retryable");
    fprintf(stderr, "%s: %s (%s)\n", path, message ? message : "", cos_code_name(code));
    /* A file that is shorter than it was is looked at anew. */
    code = code == COS_ERR_LOCAL_IO || code == COS_ERR_CANCELLED
                   || (retryable && strcmp(retryable, "true") == 0)
               ? 1 : -1;
    cos_string_free(message);
    cos_string_free(retryable);
    cos_string_free(json);
    return code;
}

/* Uploads what is new in an open file. Returns as upload() does. */
static int ship(int opened, const struct stat *status, int is_finished)
{
    struct file *file = known(opened, status);
    int result;
    if (file)
        file->missed = 0;
    if (!is_finished || (file && file->shipped == (int64_t)status->st_size))
        return 0;
    if (!file && (file = add(opened, status)) == NULL)
        return -1;
    result = upload(opened, (int64_t)status->st_size, file);
    if (result != 0)
        return result;
    file->shipped = (int64_t)status->st_size;
    describe(file, opened, status);
    return write_state();
}

/* The same for a name. A file that was just renamed is found by the next scan. */
static int ship_name(const char *name)
{
    char path[PATH_SIZE];
    struct stat status;
    int opened, result = 0, is_finished = is_ending || strcmp(name, current) != 0;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    opened = open(path, O_RDONLY | O_NONBLOCK);
    if (opened < 0 && errno != ENOENT)
        perror(path);
    if (opened < 0)
        return 0;
    if (fstat(opened, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        result = ship(opened, &status, is_finished);
    close(opened);
    return result;
}

/* Forgets the files that are gone. */
static int forget_missing(void)
{
    int i, kept = 0;
    for (i = 0; i < n_files; i++)
        if (files[i].missed++ < MOST_MISSED)
            files[kept++] = files[i];
    if (kept == n_files)
        return 0;
    n_files = kept;
    return write_state();
}

/* Looks at all files once. Returns as upload() does. */
static int scan(void)
{
    DIR *opened = opendir(directory);
    struct dirent *entry;
    int result = 0;
    if (!opened) {
        perror(directory);
        return -1;
    }
    while (result == 0 && (entry = readdir(opened)) != NULL)
        result = ship_name(entry->d_name);
    closedir(opened);
    return result == 0 ? forget_missing() : result;
}

/* Sleeps, but for not much longer than it takes to notice SIGTERM. */
static void pause_ms(long ms)
{
    const struct timespec step = {0, 50000000};
    int was_ending = is_ending;
    for (; ms > 0 && is_ending == was_ending; ms -= 50)
        nanosleep(&step, NULL);
}

/* Returns 0 when everything was uploaded at the end. */
static int follow(long pause)
{
    long backoff = SHORTEST_PAUSE;
    for (;;) {
        int was_ending = is_ending, result = scan();
        if (result < 0 || (was_ending && (result == 0 || is_over())))
            return result;
        if (result == 0)
            backoff = SHORTEST_PAUSE;
        pause_ms(result == 0 ? pause : backoff);
        if (result != 0)
            backoff = backoff * 2 < LONGEST_PAUSE ? backoff * 2 : LONGEST_PAUSE;
    }
}

int main(int argc, char **argv)
{
    struct sigaction action;
    cos_client *made;
    int result;
    if (argc != 6 && argc != 7) {
        fprintf(stderr, "usage: %s DIRECTORY CURRENT BUCKET FOLDER/ STATE [PAUSE_MS]\n", argv[0]);
        return 2;
    }
    directory = argv[1];
    current = argv[2];
    bucket = argv[3];
    folder = argv[4];
    state_path = argv[5];
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    if (is_state_among_logs()) {
        fprintf(stderr, "%s: STATE must not be in the directory with the logs\n", state_path);
        return 2;
    }
    if (read_state() != 0) {
        perror(state_path);
        return EXIT_FAILURE;
    }
    client = made = client_from_environment();
    if (!made)
        return EXIT_FAILURE;
    transfer = cos_transfer_new();
    cos_transfer_on_progress(transfer, on_progress, NULL);
    result = follow(argc == 7 ? atol(argv[6]) : 1000);
    if (result == 1)
        fprintf(stderr, "not everything is uploaded; the next start goes on\n");
    cos_transfer_free(transfer);
    cos_client_free(made);
    free(files);
    return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
