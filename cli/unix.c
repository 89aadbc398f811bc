/* system.h for POSIX systems. */
#define _POSIX_C_SOURCE 200809L

#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "text.h"

const char CONFIG_PLACES[] = "$COS_CONFIG, $XDG_CONFIG_HOME/cos.conf or ~/.config/cos.conf";
const char CONFIG_CLOSED_BY[] = "chmod 600";
const char INTERRUPTED_CODES[] = "130  interrupted by Ctrl-C; 143: by SIGTERM";

/* The process. */

/* If a standard stream is closed, the next file or connection would get its number. /dev/null takes
 * it, opened in the other direction, so that reading or writing it still fails. */
static int occupy_standard_streams(void)
{
    int file;
    for (file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
        if (fcntl(file, F_GETFD) < 0 &&
            open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            return -1;
    }
    return 0;
}

int system_start(int *argc, char ***argv)
{
    (void)argc, (void)argv; /* they are what was typed */
    if (occupy_standard_streams() != 0)
        return -1;
    signal(SIGXFSZ, SIG_IGN); /* a file that gets too large is an error like any other */
    signal(SIGPIPE, SIG_DFL); /* when nobody reads on, the program ends without a message */
    return 0;
}

const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

char *default_config_path(void)
{
    const char *base = environment("XDG_CONFIG_HOME"), *home = environment("HOME");
    if (base)
        return formatted("%s/cos.conf", base);
    return formatted("%s/.config/cos.conf", home ? home : "");
}

double seconds_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Signals. */

static volatile sig_atomic_t noted; /* the signal, or 0 */
static struct sigaction old_interrupt, old_terminate;

static void note(int number)
{
    noted = number;
}

static void note_signal(int number, struct sigaction *old)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = note;
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(number, NULL, old);
    if (old->sa_handler != SIG_IGN) /* a shell ignores it for programs in the background */
        sigaction(number, &action, NULL);
}

void interrupts_begin(void)
{
    note_signal(SIGINT, &old_interrupt);
    note_signal(SIGTERM, &old_terminate);
}

void interrupts_end(void)
{
    sigaction(SIGINT, &old_interrupt, NULL);
    sigaction(SIGTERM, &old_terminate, NULL);
}

int is_interrupted(void)
{
    return noted != 0;
}

void end_if_interrupted(void)
{
    if (noted) {
        signal(noted, SIG_DFL);
        raise(noted);
    }
}

void pipe_errors_begin(void)
{
    signal(SIGPIPE, SIG_IGN);
}

void pipe_errors_end(void)
{
    signal(SIGPIPE, SIG_DFL);
}

void end_if_broken_pipe(int error)
{
    if (error == EPIPE)
        raise(SIGPIPE);
}

/* The terminal. */

int is_terminal(FILE *stream)
{
    return isatty(fileno(stream));
}

int can_redraw(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

size_t terminal_columns(void)
{
    struct winsize window;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 ? window.ws_col : 0;
}

/* Paths. */

const char SEPARATOR = '/';

int is_separator(char c)
{
    return c == '/';
}

enum path_kind path_kind(const char *path)
{
    struct stat found;
    if (stat(path, &found) != 0)
        return PATH_MISSING;
    if (S_ISREG(found.st_mode))
        return PATH_FILE;
    if (S_ISDIR(found.st_mode))
        return PATH_DIRECTORY;
    if (S_ISFIFO(found.st_mode) || S_ISCHR(found.st_mode))
        return PATH_STREAM;
    return PATH_OTHER;
}

int others_can_read(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && (found.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

/* Open files, by number. */

int open_file_at(const char *path)
{
    static const char *const NAMES[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    int file;
    for (file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
        if (strcmp(path, NAMES[file]) == 0)
            return file;
    }
    return sscanf(path, "/dev/fd/%d", &file) == 1 ? file : -1;
}

int open_to_read(const char *path)
{
    return open(path, O_RDONLY | O_NOCTTY);
}

int open_to_write(const char *path)
{
    return open(path, O_WRONLY | O_NOCTTY);
}

void close_file(int file)
{
    close(file);
}

int file_is_terminal(int file)
{
    return isatty(file);
}

long read_some(int file, void *buffer, size_t size)
{
    return (long)read(file, buffer, size);
}

int write_all(int file, const void *data, size_t size)
{
    const char *rest = data;
    while (size > 0 && !noted) {
        ssize_t written = write(file, rest, size);
        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0) {
            rest += written;
            size -= (size_t)written;
        }
    }
    return 0;
}

/* It loses its name at once. */
struct temporary temporary_open(void)
{
    struct temporary temporary = {-1, 0, NULL, NULL};
    const char *directory = environment("TMPDIR");
    temporary.name = formatted("%s/cos.XXXXXX", directory ? directory : "/tmp");
    temporary.file = mkstemp(temporary.name);
    if (temporary.file < 0 || unlink(temporary.name) != 0)
        temporary.error = errno;
    temporary.open_path = formatted("/dev/fd/%d", temporary.file);
    return temporary;
}

void temporary_close(struct temporary *temporary)
{
    if (temporary->file >= 0)
        close(temporary->file);
    free(temporary->open_path);
    free(temporary->name);
}
