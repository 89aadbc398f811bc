/* system.h for POSIX systems. */
#define _POSIX_C_SOURCE 200809L

#include "system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
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

/* The first variable that is set decides, as it does for all programs. */
const char *language(void)
{
    static const char *const VARIABLES[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    const char *found = NULL;
    size_t i;
    for (i = 0; i < sizeof VARIABLES / sizeof *VARIABLES && !found; i++)
        found = environment(VARIABLES[i]);
    return found ? found : "";
}

double seconds_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Threads. */

static pthread_mutex_t the_lock = PTHREAD_MUTEX_INITIALIZER;

void lock(void)
{
    pthread_mutex_lock(&the_lock);
}

void unlock(void)
{
    pthread_mutex_unlock(&the_lock);
}

struct crew {
    void (*work)(void *user);
    void *user;
    int running;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
};

static void *run_one(void *argument)
{
    struct crew *crew = argument;
    crew->work(crew->user);
    pthread_mutex_lock(&crew->mutex);
    crew->running--;
    pthread_cond_signal(&crew->ended);
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

static void wait_for(struct crew *crew, void (*tick)(void *user))
{
    enum { MOMENT = 50000000, SECOND = 1000000000 }; /* nanoseconds */
    pthread_mutex_lock(&crew->mutex);
    while (crew->running > 0) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += MOMENT;
        until.tv_sec += until.tv_nsec / SECOND;
        until.tv_nsec %= SECOND;
        pthread_cond_timedwait(&crew->ended, &crew->mutex, &until);
        tick(crew->user);
    }
    pthread_mutex_unlock(&crew->mutex);
}

void run_on_threads(int count, void (*work)(void *user), void (*tick)(void *user), void *user)
{
    struct crew crew = {work, user, count, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER};
    pthread_t *threads = checked(calloc((size_t)count, sizeof *threads));
    int started = 0;
    while (started < count && pthread_create(&threads[started], NULL, run_one, &crew) == 0)
        started++;
    pthread_mutex_lock(&crew.mutex);
    crew.running -= count - started;
    pthread_mutex_unlock(&crew.mutex);
    if (started == 0)
        work(user);
    wait_for(&crew, tick);
    while (started-- > 0)
        pthread_join(threads[started], NULL);
    free(threads);
}

/* Signals. */

static volatile sig_atomic_t noted; /* the signal, or 0 */
static struct sigaction old_interrupt, old_terminate;
static int notes; /* whether signals are noted */

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
    if (notes)
        return;
    notes = 1;
    note_signal(SIGINT, &old_interrupt);
    note_signal(SIGTERM, &old_terminate);
}

void interrupts_end(void)
{
    if (!notes)
        return;
    notes = 0;
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

char *read_line(int is_secret)
{
    struct termios old, silent;
    int hides = is_secret && tcgetattr(STDIN_FILENO, &old) == 0;
    char *line = NULL, c;
    ssize_t got;
    if (hides) {
        interrupts_begin(); /* Ctrl-C ends the program only when the terminal shows what is typed again */
        silent = old;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    while ((got = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n')
        append(&line, "%c", c);
    if (hides) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        interrupts_end();
        fputc('\n', stderr);
    }
    return line || got != 1 ? line : copy_of("");
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

/* A time of change can't be set, unlike that of the last writing. */
static long long nanoseconds_of_change(const struct stat *seen)
{
#ifdef __APPLE__
    const struct timespec time = seen->st_ctimespec;
#else
    const struct timespec time = seen->st_ctim;
#endif
    return (long long)time.tv_sec * 1000000000 + time.tv_nsec;
}

struct found look_at(const char *path)
{
    struct found found = {PATH_MISSING, 0, 0, 0, 0};
    struct stat seen;
    if (lstat(path, &seen) != 0)
        return found;
    found.is_link = S_ISLNK(seen.st_mode);
    found.kind = S_ISREG(seen.st_mode)   ? PATH_FILE
                 : S_ISDIR(seen.st_mode) ? PATH_DIRECTORY
                                         : PATH_OTHER;
    found.size = (long long)seen.st_size;
    found.mtime = (long long)seen.st_mtime;
    found.changed = nanoseconds_of_change(&seen);
    return found;
}

int read_directory(const char *path, name_fn *fn, void *user)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    int error;
    if (!directory)
        return errno;
    while (errno = 0, (entry = readdir(directory)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            fn(entry->d_name, user);
    }
    error = errno;
    closedir(directory);
    return error;
}

int make_directory(const char *path)
{
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && path_kind(path) == PATH_DIRECTORY))
        return 0;
    return errno;
}

int remove_path(const char *path)
{
    return remove(path) == 0 ? 0 : errno;
}

int set_time(const char *path, long long seconds)
{
    struct timespec times[2];
    memset(times, 0, sizeof times);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = (time_t)seconds;
    return utimensat(AT_FDCWD, path, times, 0) == 0 ? 0 : errno;
}

int is_possible_name(const char *name)
{
    return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strchr(name, '/');
}

char *folded_name(const char *name)
{
#ifdef __APPLE__
    char *folded = copy_of(name);
    size_t i;
    for (i = 0; folded[i]; i++)
        if (folded[i] >= 'A' && folded[i] <= 'Z')
            folded[i] = (char)(folded[i] - 'A' + 'a');
    return folded;
#else
    (void)name;
    return NULL;
#endif
}

int write_private(const char *path, const char *text)
{
    char *beside = formatted("%s.XXXXXX", path);
    const char *slash = strrchr(path, '/');
    int file, error;
    if (slash && slash > path) {
        char *directory = copy_of_part(path, (size_t)(slash - path));
        mkdir(directory, 0700);
        free(directory);
    }
    file = mkstemp(beside); /* with mode 0600 */
    error = file < 0 ? errno : write_all(file, text, strlen(text));
    if (file >= 0 && close(file) != 0 && !error)
        error = errno;
    if (!error && rename(beside, path) != 0)
        error = errno;
    if (file >= 0 && error)
        unlink(beside);
    free(beside);
    return error;
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
