/* cos: files and folders of Tencent COS from the command line, with nothing but cos.h.
 *
 *     cos cp report.pdf cos://mybucket/docs/
 *
 * `cos help` tells the rest. From top to bottom: text, output, places, what a call answered,
 * progress and Ctrl-C, the commands, help, the configuration, main. */
#define _POSIX_C_SOURCE 200809L

#include <cos.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Exit codes; EXIT_CODES tells what they mean. */
enum { DONE = 0, REFUSED = 1, WRONG = 2, MISSING = 3, AGAIN = 4 };

/* A local path, or cos://bucket/path. */
struct place {
    char *text;       /* as a person writes it */
    char *bucket;     /* NULL: it is local */
    const char *path; /* part of `text` */
};

struct command {
    const char *name;
    const char *operands;
    const char *options; /* letters of those that it takes besides the common ones */
    int least, most;     /* operands; `most` 0: any number */
    int (*each)(const struct place *place); /* runs it for one remote operand after the other */
    int (*run)(const struct place *places, int count); /* or for all at once */
    const char *summary;
    const char *details;
};

static const char COMMON[] = "qjcTRhV";

static const struct choice {
    char letter;
    const char *name;
    const char *value; /* NULL: it takes none */
    const char *help;
    long least, most; /* of a number; else 0 */
} OPTIONS[] = {
    {'r', "recursive", NULL, "folders, with everything below them", 0, 0},
    {'n', "no-clobber", NULL, "skip files that exist", 0, 0},
    {'C', "concurrency", "NUMBER", "requests under way at a time, 1 to 64 (4)", 1, 64},
    {'l', "long", NULL, "sizes, dates and a total", 0, 0},
    {'p', "parents", NULL, "a folder that exists is fine", 0, 0},
    {'e', "expires", "TIME", "seconds, or 10m, 2h, 7d; at most 90d (1h)", 0, 0},
    {'q', "quiet", NULL, "say nothing but errors", 0, 0},
    {'j', "json", NULL, "print the library's replies, one a line, and nothing else", 0, 0},
    {'c', "config", "FILE", "read the account from this file", 0, 0},
    {'T', "timeout", "SECONDS", "give up a request without progress after so long (300)", 1, 86400},
    {'R', "retries", "NUMBER", "repeat failed requests so often, 0 to 10 (3)", 0, 10},
    {'h', "help", NULL, "show help", 0, 0},
    {'V', "version", NULL, "show the version", 0, 0},
};
enum { N_OPTIONS = sizeof OPTIONS / sizeof *OPTIONS };

static const char *given[128]; /* by letter: the value, "" where there is none, NULL if absent */
static const struct command *command;
static cos_client *client;

static void *checked(void *memory)
{
    if (!memory) {
        fputs("cos: out of memory\n", stderr);
        exit(WRONG);
    }
    return memory;
}

static void append_list(char **text, const char *format, va_list list)
{
    size_t length = *text ? strlen(*text) : 0;
    va_list again;
    int more;
    va_copy(again, list);
    more = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (more < 0)
        more = 0;
    *text = checked(realloc(*text, length + (size_t)more + 1));
    (*text)[length] = '\0';
    vsnprintf(*text + length, (size_t)more + 1, format, list);
}

/* Adds to a string of malloc's; NULL is an empty one. */
static void append(char **text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    append_list(text, format, list);
    va_end(list);
}

/* Adds a field to the text of a JSON object, if the option for it is given. */
static void append_number(char **json, const char *key, char letter, long unit)
{
    const char *value = given[(unsigned char)letter];
    if (value)
        append(json, ",\"%s\":%ld", key, strtol(value, NULL, 10) * unit);
}

/* A JSON string with this text in it. */
static char *quoted(const char *text)
{
    char *string = checked(malloc(6 * strlen(text) + 3)), *end = string;
    *end++ = '"';
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20) {
            end += sprintf(end, "\\u%04x", c);
        } else {
            if (c == '"' || c == '\\')
                *end++ = '\\';
            *end++ = (char)c;
        }
    }
    memcpy(end, "\"", 2);
    return string;
}

static long long number(const char *json, const char *pointer)
{
    int64_t value = 0;
    cos_json_int(json, pointer, &value);
    return (long long)value;
}

static int is(const char *json, const char *pointer, const char *wanted)
{
    char *value = cos_json_string(json, pointer);
    int same = value && strcmp(value, wanted) == 0;
    cos_string_free(value);
    return same;
}

enum { SHORT = 32 };

static const char *size_text(long long bytes, char text[SHORT])
{
    const char *units = "KMGTPE";
    double value = (double)bytes / 1024;
    for (; value >= 999.95; units++)
        value /= 1024;
    if (bytes < 1024)
        snprintf(text, SHORT, "%lld %s", bytes, bytes == 1 ? "byte" : "bytes");
    else
        snprintf(text, SHORT, "%.1f %ciB", value, *units);
    return text;
}

static const char *date_text(long long seconds, char text[SHORT])
{
    time_t when = (time_t)seconds;
    struct tm *local = localtime(&when);
    if (!local || !strftime(text, SHORT, "%Y-%m-%d %H:%M", local))
        strcpy(text, "?");
    return text;
}

/* Prints a name on a terminal, in at most so many columns, and returns how many it took. Nothing in
 * a name may command the terminal. What may be wide counts as wide. */
static size_t put_clean(FILE *stream, const char *name, size_t columns)
{
    size_t taken = 0;
    while (*name) {
        const unsigned char *c = (const unsigned char *)name;
        size_t length = 1, width = *c >= 0xe1 ? 2 : 1;
        while ((c[length] & 0xc0) == 0x80)
            length++;
        if (taken + width > columns)
            break;
        if (*c < 0x20 || *c == 0x7f || (*c & 0xc0) == 0x80 || (*c == 0xc2 && c[1] < 0xa0))
            putc('?', stream);
        else
            fwrite(name, 1, length, stream);
        taken += width;
        name += length;
    }
    return taken;
}

static void put_line(FILE *stream, const char *start, const char *format, va_list list)
{
    char *text = NULL;
    append(&text, "%s", start);
    append_list(&text, format, list);
    if (isatty(fileno(stream)))
        put_clean(stream, text, (size_t)-1);
    else
        fputs(text, stream);
    putc('\n', stream);
    free(text);
}

/* A line of what was asked for. */
static void print(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (!given['j'])
        put_line(stdout, "", format, list);
    va_end(list);
}

/* A line about what was done. */
static void say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (!given['j'] && !given['q'])
        put_line(stdout, "", format, list);
    va_end(list);
}

/* A line about what went wrong. */
static void complain(const char *format, ...)
{
    char *start = NULL;
    va_list list;
    append(&start, "cos: %s%s", command ? command->name : "", command ? ": " : "");
    va_start(list, format);
    fflush(stdout);
    put_line(stderr, start, format, list);
    va_end(list);
    free(start);
}

static int wrong(const char *format, const char *about)
{
    complain(format, about);
    return WRONG;
}

static int cannot_use(const char *path)
{
    complain("%s: %s", path, strerror(errno));
    return WRONG;
}

static int usage(const char *format, const char *about)
{
    complain(format, about);
    fprintf(stderr, "cos: see: cos help%s%s\n", command ? " " : "", command ? command->name : "");
    return WRONG;
}

/* Takes `text`, a string of malloc's. */
static int place_init(struct place *place, char *text)
{
    static const char SCHEME[] = "cos://";
    size_t start = sizeof SCHEME - 1, length;
    place->text = text;
    place->bucket = NULL;
    place->path = text;
    if (strncmp(text, SCHEME, start) != 0)
        return *text ? 0 : -1;
    length = strcspn(text + start, "/");
    if (text[start + length] == '\0')
        append(&place->text, "/");
    place->bucket = checked(strndup(place->text + start, length));
    place->path = place->text + start + length;
    return length > 0 ? 0 : -1;
}

static void place_free(struct place *place)
{
    free(place->text);
    free(place->bucket);
}

static int ends_with_slash(const struct place *place)
{
    size_t length = strlen(place->path);
    return length > 0 && place->path[length - 1] == '/';
}

/* What is called `name` in a folder; the folder itself, with a slash at its end, if that is "". */
static struct place place_in(const struct place *folder, const char *name)
{
    struct place place;
    char *text = NULL;
    append(&text, "%s%s%s", folder->text, ends_with_slash(folder) ? "" : "/", name);
    place_init(&place, text);
    return place;
}

/* The last name of a path, to be freed; "" for "/", "." and "..", which name nothing. */
static char *last_name(const struct place *place)
{
    size_t end = strlen(place->path), start;
    while (end > 0 && place->path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && place->path[start - 1] != '/';)
        start--;
    if ((end - start == 1 && place->path[start] == '.') ||
        (end - start == 2 && strncmp(place->path + start, "..", 2) == 0))
        start = end;
    return checked(strndup(place->path + start, end - start));
}

/* A remote path is what it says it is; a local one is looked at. */
static int is_folder(const struct place *place)
{
    struct stat found;
    if (place->bucket)
        return ends_with_slash(place);
    return stat(place->path, &found) == 0 && S_ISDIR(found.st_mode);
}

static int is_standard(const struct place *place)
{
    return !place->bucket && strcmp(place->path, "-") == 0;
}

/* The open file that "-" or a name such as /dev/stdout stands for, or -1. Opened anew by that name, it
 * would be written from its start. */
static int descriptor(const struct place *place, int standard)
{
    static const char *const NAMES[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    int file;
    if (is_standard(place))
        return standard;
    for (file = STDIN_FILENO; file <= STDERR_FILENO; file++) {
        if (!place->bucket && strcmp(place->path, NAMES[file]) == 0)
            return file;
    }
    if (place->bucket || sscanf(place->path, "/dev/fd/%d", &file) != 1)
        return -1;
    return file;
}

/* Whether it is read or written as it goes: an open file, a pipe, /dev/null. */
static int is_stream(const struct place *place)
{
    struct stat found;
    return descriptor(place, 0) >= 0 ||
           (!place->bucket && stat(place->path, &found) == 0 &&
            (S_ISFIFO(found.st_mode) || S_ISCHR(found.st_mode)));
}

static int status_of(int code, const char *json)
{
    switch (code) {
    case COS_OK:
        return DONE;
    case COS_ERR_PARAM:
    case COS_ERR_LOCAL_IO:
        return WRONG;
    case COS_ERR_NOT_FOUND:
    case COS_ERR_NO_BUCKET:
        return MISSING;
    default:
        return is(json, "/error/retryable", "true") ? AGAIN : REFUSED;
    }
}

/* The library's hints are for programs; where this one knows better, it says so. */
static void hint(int code, const char *json, const struct place *about)
{
    char *theirs = cos_json_string(json, "/error/hint");
    const char *ours = theirs;
    if (code == COS_ERR_NOT_FOUND && about->text[strlen(about->text) - 1] != '/')
        ours = "if it is a folder, its path ends with '/'";
    else if (code == COS_ERR_FOLDER_EXISTS)
        ours = strcmp(command->name, "mkdir") == 0 ? "with -p that is fine"
                                                   : "to copy into a folder, end its path with '/'";
    else if (code == COS_ERR_UPLOAD_CONFLICT)
        ours = "other content was left unfinished there; remove it with cos rm";
    if (ours)
        complain("hint: %s", ours);
    cos_string_free(theirs);
}

/* A message without what the library calls its argument. */
static const char *plain(const char *message)
{
    static const char *const NAMES[] = {"local_path ", "cos_path ", "dest_path "};
    size_t i;
    for (i = 0; message && i < sizeof NAMES / sizeof *NAMES; i++) {
        if (strncmp(message, NAMES[i], strlen(NAMES[i])) == 0)
            return message + strlen(NAMES[i]);
    }
    return message ? message : "there is no message";
}

/* Which of the two places it is that something went wrong with. */
static const struct place *to_blame(int code, const char *json, const struct place *from,
                                    const struct place *to)
{
    const struct place *local = !from->bucket ? from : !to->bucket ? to : NULL;
    if (local && (is(json, "/error/argument", "local_path") ||
                  is(json, "/error/phase", "local_file")))
        return local;
    if (code == COS_ERR_FILE_EXISTS || code == COS_ERR_FOLDER_EXISTS ||
        is(json, "/error/argument", "dest_path"))
        return to;
    return from->bucket ? from : to;
}

/* Says what went wrong, and with what. */
static void explain(int code, const char *json, const struct place *from, const struct place *to)
{
    char *message = cos_json_string(json, "/message");
    const struct place *about = to_blame(code, json, from, to);
    const char *rest = plain(message);
    size_t length = strlen(about->text);
    if (strncmp(rest, about->text, length) == 0 && rest[length] == ' ')
        rest += length + 1;
    complain("%s: %s (%s, %d)", about->text, rest, cos_code_name(code), code);
    hint(code, json, about);
    cos_string_free(message);
}

/* The signal that asked to stop. A handler can do no more than note it; the library asks
 * on_progress at least every 100 ms whether to go on. */
static volatile sig_atomic_t caught;

static void print_reply(const char *json)
{
    /* A line feed can stand only between the values. */
    for (; json && given['j'] && *json; json++)
        putchar(*json == '\n' || *json == '\r' ? ' ' : *json);
    if (given['j'])
        putchar('\n');
}

/* Prints the reply, if replies are wanted, and what went wrong, if something did. */
static int check(int code, const char *json, const struct place *from, const struct place *to)
{
    print_reply(json);
    if (code == COS_ERR_CANCELLED && caught)
        complain(is_standard(to) ? "interrupted"
                                 : "interrupted; the same command goes on where it stopped");
    else if (code != COS_OK)
        explain(code, json, from, to);
    return status_of(code, json);
}

static void on_signal(int signal_number)
{
    caught = signal_number;
}

/* One transfer that is being watched. */
struct watch {
    cos_transfer *transfer;
    const char *name;
    int draws;
    double drawn_at;
    double mark_at[2]; /* the rate is taken over the last 4 to 8 seconds: since mark 0 */
    uint64_t mark_done[2];
    struct sigaction old_interrupt, old_terminate;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Bytes a second, for the last seconds. */
static double rate_of(struct watch *watch, double time, uint64_t done)
{
    if (watch->drawn_at == 0 || time - watch->mark_at[1] > 4) {
        int first = watch->drawn_at == 0;
        watch->mark_at[0] = first ? time : watch->mark_at[1];
        watch->mark_done[0] = first ? done : watch->mark_done[1];
        watch->mark_at[1] = time;
        watch->mark_done[1] = done;
    }
    if (time - watch->mark_at[0] < 0.2)
        return 0;
    return (double)(done - watch->mark_done[0]) / (time - watch->mark_at[0]);
}

/* The numbers of the bar: "  45%   12.3 MiB    3.4 MiB/s     0:04". */
static size_t describe(char *text, size_t room, uint64_t done, uint64_t total, double rate)
{
    char size[SHORT], speed[SHORT], left[SHORT] = "-:--";
    double seconds = rate > 0 ? (double)(total - done) / rate : 1e9;
    if (seconds < 3600)
        snprintf(left, sizeof left, "%d:%02d", (int)seconds / 60, (int)seconds % 60);
    else if (seconds < 360000)
        snprintf(left, sizeof left, "%d:%02d:00", (int)seconds / 3600, (int)seconds / 60 % 60);
    size_text((long long)done, size);
    size_text((long long)rate, speed);
    return (size_t)snprintf(text, room, " %3d%% %10s %10s/s %8s",
                            (int)((double)done / (double)total * 100), size, speed, left);
}

static void draw(struct watch *watch, uint64_t done, uint64_t total)
{
    enum { BAR = 20, LEAST_NAME = 16 };
    double time = now(), rate = rate_of(watch, time, done);
    struct winsize window;
    char numbers[128] = "";
    size_t length = 0, columns = 80, bar = 0, name, i;
    watch->drawn_at = time;
    if (done > total) /* a file may grow while it is sent */
        done = total;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
        columns = window.ws_col;
    columns -= columns < 3 ? columns : 3; /* where the terminal writes ^C, and nothing wraps */
    if (total > 0)
        length = describe(numbers, sizeof numbers, done, total, rate);
    if (length > columns) {
        length = 5 < columns ? 5 : columns; /* just the percentage */
        numbers[length] = '\0';
    } else if (total > 0 && columns - length >= BAR + 3 + LEAST_NAME) {
        bar = BAR + 3;
    }
    name = columns - length - bar;
    putc('\r', stderr);
    for (i = put_clean(stderr, watch->name, name); i < name; i++)
        putc(' ', stderr);
    if (bar > 0) {
        fputs(" [", stderr);
        for (i = 0; i < BAR; i++)
            putc((double)i < (double)done / (double)total * BAR ? '#' : '-', stderr);
        putc(']', stderr);
    }
    fprintf(stderr, "%s\033[K", numbers);
    fflush(stderr);
}

static int on_progress(uint64_t done, uint64_t total, void *user)
{
    struct watch *watch = user;
    if (watch->draws && (watch->drawn_at == 0 || now() - watch->drawn_at >= 0.1))
        draw(watch, done, total);
    return caught != 0;
}

static void catch_signal(int number, struct sigaction *old)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND; /* a second Ctrl-C ends the program at once */
    sigemptyset(&action.sa_mask);
    sigaction(number, NULL, old);
    if (old->sa_handler != SIG_IGN) /* whoever started it in the background wants it ignored */
        sigaction(number, &action, NULL);
}

static void watch_begin(struct watch *watch, const char *name)
{
    const char *terminal = getenv("TERM");
    memset(watch, 0, sizeof *watch);
    watch->transfer = checked(cos_transfer_new());
    watch->name = name;
    watch->draws = !given['q'] && isatty(STDERR_FILENO) && terminal &&
                   strcmp(terminal, "dumb") != 0;
    cos_transfer_on_progress(watch->transfer, on_progress, watch);
    catch_signal(SIGINT, &watch->old_interrupt);
    catch_signal(SIGTERM, &watch->old_terminate);
}

static void watch_end(struct watch *watch)
{
    sigaction(SIGINT, &watch->old_interrupt, NULL);
    sigaction(SIGTERM, &watch->old_terminate, NULL);
    cos_transfer_free(watch->transfer);
    if (watch->drawn_at > 0)
        fputs("\r\033[K", stderr);
}

/* Whether a failure is that of a file that exists, and that is kept as it was asked for. */
static int is_kept(int code, const char *local)
{
    struct stat found;
    if (!given['n'])
        return 0;
    if (local) /* where a download goes */
        return code == COS_ERR_PARAM && stat(local, &found) == 0 && !S_ISDIR(found.st_mode);
    return code == COS_ERR_FILE_EXISTS || code == COS_ERR_SAME_FILE;
}

/* What was told of the files of a tree. */
struct told {
    const char *directory; /* of a download, else NULL */
    int code;              /* of the whole tree */
    int is_told;           /* whether a file failed with that code */
    int other;             /* of the first file that failed and was not skipped, else 0 */
    long long skipped;
};

static int report_entry(const char *key, const char *entry, void *user)
{
    struct told *told = user;
    char *path = cos_json_string(entry, "/path"), *action = cos_json_string(entry, "/action");
    char *message = cos_json_string(entry, "/message"), *local = NULL;
    int code = (int)number(entry, "/code");
    (void)key;
    if (told->directory)
        append(&local, "%s%s", told->directory, path ? path : "");
    if (path && action && strcmp(action, "failed") == 0) {
        told->is_told = told->is_told || code == told->code;
        if (is_kept(code, local)) {
            say("%-10s %s: exists", "skipped", path);
            told->skipped++;
        } else {
            complain("%s: %s (%s, %d)", path, plain(message), cos_code_name(code), code);
            told->other = told->other ? told->other : code;
        }
    } else if (path && action && strcmp(action, "unchanged") != 0) {
        say("%-10s %s%s%s", action, path, message ? ": " : "", message ? message : "");
    }
    cos_string_free(path);
    cos_string_free(action);
    cos_string_free(message);
    free(local);
    return 0;
}

/* What of a transfer an earlier one had done, to be freed; "" if nothing. */
static char *resumed_text(const char *json)
{
    char size[SHORT], *text = NULL;
    long long bytes = number(json, "/transfer/resumed_bytes");
    append(&text, bytes > 0 ? ", %s resumed" : "", size_text(bytes, size));
    return text;
}

/* What was done to each file, and the sum of it. */
static int report_tree(int code, const char *json, const struct place *from, const struct place *to)
{
    struct told told = {to->bucket ? NULL : to->path, code, 0, 0, 0};
    int64_t files = cos_json_each(json, "/data/files", report_entry, &told);
    int status = status_of(code, json);
    char size[SHORT], *resumed = resumed_text(json), *skipped = NULL;
    if (told.is_told)
        print_reply(json);
    else
        status = check(code, json, from, to);
    if (told.is_told && told.skipped > 0 && told.other != code)
        status = status_of(told.other, json);
    append(&skipped, told.skipped > 0 ? "%lld skipped, " : "", told.skipped);
    if (status == DONE || files > 0)
        say("%s -> %s: %lld %s, %lld unchanged, %lld ignored, %s%lld failed; %s %s%s", from->text,
            to->text, number(json, "/data/uploaded") + number(json, "/data/downloaded"),
            to->bucket ? "uploaded" : "downloaded", number(json, "/data/unchanged"),
            number(json, "/data/ignored"), skipped, number(json, "/data/failed") - told.skipped,
            size_text(number(json, to->bucket ? "/transfer/sent_bytes"
                                              : "/transfer/received_bytes"), size),
            to->bucket ? "sent" : "received", resumed);
    free(skipped);
    free(resumed);
    return status;
}

static int report_kept(const char *json, const struct place *from, const struct place *to)
{
    print_reply(json);
    say("%s -> %s: exists, skipped", from->text, to->text);
    return DONE;
}

static void report_file(const char *json, const struct place *from, const struct place *to)
{
    char size[SHORT], *seconds = cos_json_string(json, "/transfer/seconds");
    double took = seconds ? strtod(seconds, NULL) : 0;
    char *resumed = resumed_text(json);
    say("%s -> %s: %s in %.1f s%s%s", from->text, to->text,
        size_text(number(json, "/transfer/bytes"), size), took,
        is(json, "/transfer/instant", "true") ? ", known to the service" : "", resumed);
    free(resumed);
    cos_string_free(seconds);
}

/* Uploads or downloads a file or, if both places end with a slash, a tree. `local` is where the
 * local side really is. */
static int transfer(const struct place *from, const struct place *to, const char *local)
{
    int is_tree = ends_with_slash(from) && ends_with_slash(to), code, status;
    struct watch watch;
    char *name = last_name(from), *options = NULL, *json;
    append(&options, "{\"%s\":%s", to->bucket ? "insert_only" : "overwrite",
           !to->bucket == !given['n'] ? "true" : "false");
    append_number(&options, "concurrency", 'C', 1);
    append(&options, "}");
    watch_begin(&watch, *name ? name : from->text);
    if (to->bucket)
        code = (is_tree ? cos_upload_folder : cos_upload_file)(
            client, to->bucket, to->path, local, options, watch.transfer, &json);
    else
        code = (is_tree ? cos_download_folder : cos_download_file)(
            client, from->bucket, from->path, local, options, watch.transfer, &json);
    watch_end(&watch);
    if (is_tree) {
        status = report_tree(code, json, from, to);
    } else if (is_kept(code, to->bucket ? NULL : local)) {
        status = report_kept(json, from, to);
    } else {
        status = check(code, json, from, to);
        if (status == DONE)
            report_file(json, from, to);
    }
    cos_string_free(json);
    free(options);
    free(name);
    return status;
}

/* Writes all, unless a signal asks to stop. Returns 0 or an errno. */
static int write_all(int file, const uint8_t *data, size_t len)
{
    while (len > 0 && !caught) {
        ssize_t written = write(file, data, len);
        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0) {
            data += written;
            len -= (size_t)written;
        }
    }
    return 0;
}

/* Where a download is written as it comes. */
struct stream {
    int file, problem; /* an errno */
};

static int write_out(const uint8_t *data, size_t len, void *user)
{
    struct stream *out = user;
    out->problem = write_all(out->file, data, len);
    return out->problem || caught;
}

static int download_to_stream(const struct place *from, const struct place *to)
{
    struct watch watch;
    struct stream out = {descriptor(to, STDOUT_FILENO), 0};
    char *json, *name;
    int code, status, is_ours = out.file < 0;
    if (given['j'] && out.file == STDOUT_FILENO)
        return usage("--json and %s can't both have the standard output", to->text);
    if (is_ours)
        out.file = open(to->path, O_WRONLY | O_NOCTTY);
    if (out.file < 0)
        return cannot_use(to->path);
    name = last_name(from);
    watch_begin(&watch, name);
    watch.draws = watch.draws && !isatty(out.file);
    signal(SIGPIPE, SIG_IGN); /* the bar has to be wiped away first */
    code = cos_download_stream(client, from->bucket, from->path, NULL, watch.transfer, write_out,
                               &out, &json);
    watch_end(&watch);
    signal(SIGPIPE, SIG_DFL);
    if (out.problem == EPIPE)
        raise(SIGPIPE);
    if (out.problem) {
        complain("%s: %s", is_standard(to) ? "standard output" : to->text, strerror(out.problem));
        status = WRONG;
    } else {
        status = check(code, json, from, to);
    }
    if (is_ours)
        close(out.file);
    if (status == DONE && is_ours)
        report_file(json, from, to);
    cos_string_free(json);
    free(name);
    return status;
}

/* What is uploaded has to be a file, of which size and SHA-1 are known before it is sent. This one
 * loses its name at once, so nothing stays behind, whatever happens. */
static int upload_stream(const struct place *from, const struct place *to)
{
    uint8_t buffer[65536];
    const char *directory = getenv("TMPDIR");
    char *path = NULL, *open_path = NULL;
    ssize_t got = 1;
    int in = descriptor(from, STDIN_FILENO), is_ours = in < 0, file, problem, status;
    if (ends_with_slash(to))
        return usage("%s is a folder; what comes from a stream needs a name", to->text);
    if (is_ours)
        in = open(from->path, O_RDONLY | O_NOCTTY);
    if (in < 0)
        return cannot_use(from->path);
    append(&path, "%s/cos.XXXXXX", directory && *directory ? directory : "/tmp");
    file = mkstemp(path);
    problem = file < 0 || unlink(path) != 0 ? errno : 0;
    while (!problem && got > 0) {
        got = read(in, buffer, sizeof buffer);
        problem = got < 0 ? errno : write_all(file, buffer, (size_t)got);
    }
    append(&open_path, "/dev/fd/%d", file);
    if (problem) {
        complain("%s: %s", got >= 0 ? path : is_standard(from) ? "standard input" : from->text,
                 strerror(problem));
        status = WRONG;
    } else {
        status = transfer(from, to, open_path);
    }
    if (file >= 0)
        close(file);
    if (is_ours)
        close(in);
    free(open_path);
    free(path);
    return status;
}

static int move_or_copy(const struct place *from, const struct place *to,
                        int call(const cos_client *, const char *, const char *, const char *,
                                 const char *, char **))
{
    char *json;
    int code, status;
    if (strcmp(from->bucket, to->bucket) != 0)
        return wrong("%s is in another bucket; go through a local file", to->text);
    if (strcmp(from->path, to->path) == 0)
        return wrong("%s: source and destination are the same file", from->text);
    code = call(client, from->bucket, from->path, to->path,
                given['n'] ? NULL : COS_JSON({"overwrite": true}), &json);
    if (is_kept(code, NULL)) {
        status = report_kept(json, from, to);
    } else {
        status = check(code, json, from, to);
        if (status == DONE)
            say("%s -> %s", from->text, to->text);
    }
    cos_string_free(json);
    return status;
}

static int copy_folder(const struct place *from, const struct place *to)
{
    struct place source = place_in(from, ""), into, target;
    /* A path without a slash is the copy itself. A local one would be so the first time only, and
     * the same command again would do something else. */
    char *name = to->bucket && !ends_with_slash(to) ? NULL : last_name(from);
    int status;
    into = place_in(to, name ? name : "");
    target = place_in(&into, "");
    if (!given['r'])
        status = wrong("%s is a folder; -r copies it with everything below it", from->text);
    else if (from->bucket && to->bucket)
        status = wrong("%s: folders can't be copied within the service", from->text);
    else if (!to->bucket && !is_folder(to))
        status = wrong("%s is not a directory; make it first, or see cos help sync", to->text);
    else
        status = transfer(&source, &target, to->bucket ? from->path : target.path);
    free(name);
    place_free(&source);
    place_free(&into);
    place_free(&target);
    return status;
}

/* A file, to a place that may be the folder that it goes into. */
static int copy_file(const struct place *from, const struct place *to,
                     int call(const cos_client *, const char *, const char *, const char *,
                              const char *, char **))
{
    char *name = last_name(from), *text = NULL;
    struct place target;
    int status;
    append(&text, "%s", to->text);
    place_init(&target, text);
    if (ends_with_slash(to) || is_folder(to)) {
        place_free(&target);
        target = place_in(to, name);
    }
    if (from->bucket && to->bucket)
        status = move_or_copy(from, &target, call);
    else
        status = transfer(from, &target, to->bucket ? from->path : target.path);
    free(name);
    place_free(&target);
    return status;
}

static int copy(const struct place *from, const struct place *to)
{
    if (!from->bucket && !to->bucket)
        return usage("%s: neither this nor the destination begins with cos://", from->text);
    if (is_stream(from))
        return upload_stream(from, to);
    if (is_folder(from))
        return copy_folder(from, to);
    if (is_stream(to))
        return download_to_stream(from, to);
    return copy_file(from, to, cos_copy_file);
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

/* Refuses what would lose a file: two sources that come to one place. */
static int check_names(const struct place *places, int count, const struct place *to)
{
    struct named *named = checked(calloc((size_t)count, sizeof *named));
    int i, status = DONE;
    for (i = 0; i < count; i++) {
        named[i].name = last_name(&places[i]);
        named[i].place = &places[i];
    }
    qsort(named, (size_t)count, sizeof *named, by_name);
    for (i = 1; i < count && status == DONE; i++) {
        const char *first = named[i - 1].name;
        if (!*first || strcmp(first, named[i].name) == 0) {
            complain("%s and %s can't both be copied to %s: %s", named[i - 1].place->text,
                     named[i].place->text, to->text,
                     *first ? "they have the same name" : "they may have files of the same name");
            status = WRONG;
        }
    }
    for (i = 0; i < count; i++)
        free(named[i].name);
    free(named);
    return status;
}

static int run_cp(const struct place *places, int count)
{
    const struct place *to = &places[count - 1];
    int status = DONE;
    if (count > 2 && !is_folder(to) && !is_standard(to))
        return usage("%s: several files need a folder, whose path ends with '/', or -", to->text);
    if (!is_standard(to) && check_names(places, count - 1, to) != DONE)
        return WRONG;
    for (; places < to && !caught; places++) {
        int this_one = copy(places, to);
        status = status != DONE ? status : this_one;
    }
    return status;
}

static int run_sync(const struct place *places, int count)
{
    struct place from = place_in(&places[0], ""), to = place_in(&places[count - 1], "");
    int status;
    if (!from.bucket == !to.bucket)
        status = usage("%s: one side has to be a directory, the other cos://BUCKET/FOLDER/",
                       places[0].text);
    else
        status = transfer(&from, &to, to.bucket ? from.path : to.path);
    place_free(&from);
    place_free(&to);
    return status;
}

static int run_mv(const struct place *places, int count)
{
    const struct place *from = &places[0], *to = &places[count - 1];
    if (!from->bucket || !to->bucket)
        return usage("%s: only within a bucket", (from->bucket ? to : from)->text);
    if (is_folder(from))
        return wrong("%s: folders can't be moved", from->text);
    return copy_file(from, to, cos_move_file);
}

/* A list that is being printed. */
struct listing {
    struct place folder; /* whose entries come */
    size_t above;        /* length of what is not shown of its path */
    struct place *below; /* folders that are to be listed after it, the next one last */
    size_t n_below;
    long long files, folders, bytes;
};

/* Whether a file that says how much of it is there says that something is missing. */
static int is_unfinished(const char *json, const char *pointer, int64_t size)
{
    int64_t there;
    return cos_json_int(json, pointer, &there) == 0 && there < size;
}

static int list_entry(const char *key, const char *entry, void *user)
{
    struct listing *listing = user;
    char *name = cos_json_string(entry, "/name"), *path = NULL;
    char date[SHORT], size[SHORT] = "-";
    int64_t bytes = 0;
    int is_file = cos_json_int(entry, "/filesize", &bytes) == 0;
    (void)key;
    append(&path, "%s%s", listing->folder.path + listing->above, name ? name : "?");
    if (is_file)
        snprintf(size, sizeof size, "%lld", (long long)bytes);
    if (given['l'])
        print("%13s  %s  %s%s", size, date_text(number(entry, "/mtime"), date), path,
              is_file && is_unfinished(entry, "/filelen", bytes) ? "  (unfinished upload)" : "");
    else
        print("%s", path);
    *(is_file ? &listing->files : &listing->folders) += 1;
    listing->bytes += bytes;
    if (given['r'] && !is_file && name && *name) {
        size_t n = ++listing->n_below;
        listing->below = checked(realloc(listing->below, n * sizeof *listing->below));
        listing->below[n - 1] = place_in(&listing->folder, name);
    }
    cos_string_free(name);
    free(path);
    return 0;
}

static int by_text_from_end(const void *a, const void *b)
{
    return strcmp(((const struct place *)b)->text, ((const struct place *)a)->text);
}

/* Lists a folder page by page, so that the first names appear at once however many there are. */
static int list_folder(struct listing *listing, const char *begin, const struct place *about)
{
    enum { MOST_PAGES = 100000, MOST_EMPTY = 100 }; /* in a row; as the library has it */
    const struct place *folder = &listing->folder;
    char *prefix = quoted(begin), *context = NULL, *mark = NULL;
    size_t i, j, known = listing->n_below;
    int code, status, goes_on, pages = 0, empty = 0, next_mark = 1;
    do {
        char *options = NULL, *json, *from = quoted(context ? context : ""), *next;
        append(&options, "{\"num\":199,\"prefix\":%s,\"context\":%s}", prefix, from);
        code = cos_list_folder(client, folder->bucket, folder->path, options, &json);
        status = check(code, json, about, about);
        if (status == DONE)
            empty = cos_json_each(json, "/data/infos", list_entry, listing) > 0 ? 0 : empty + 1;
        next = cos_json_string(json, "/data/context");
        goes_on = status == DONE && (is(json, "/data/listover", "false") ||
                                     is(json, "/data/listover", "0"));
        if (goes_on && (!next || !*next || (mark && strcmp(next, mark) == 0) ||
                        pages == MOST_PAGES || empty == MOST_EMPTY)) {
            complain("%s: the service does not say how the list goes on", about->text);
            status = REFUSED;
        }
        cos_string_free(context);
        context = next;
        /* However long the contexts take to come round again, one that is kept will be among them. */
        if (++pages == next_mark) {
            free(mark);
            mark = checked(strdup(next ? next : ""));
            next_mark *= 2;
        }
        cos_string_free(json);
        free(from);
        free(options);
    } while (goes_on && status == DONE);
    /* They are taken from the end. One that is listed twice would double the work at every level. */
    qsort(listing->below + known, listing->n_below - known, sizeof *listing->below, by_text_from_end);
    for (i = j = known; i < listing->n_below; i++) {
        if (j > known && strcmp(listing->below[i].text, listing->below[j - 1].text) == 0)
            place_free(&listing->below[i]);
        else
            listing->below[j++] = listing->below[i];
    }
    listing->n_below = j;
    cos_string_free(context);
    free(mark);
    free(prefix);
    return status;
}

/* What follows the last slash is how names have to begin. */
static int list(const struct place *place)
{
    struct listing listing = {.n_below = 0};
    const char *begin = strrchr(place->text, '/') + 1;
    char size[SHORT];
    int status, is_listed, folders = 0;
    place_init(&listing.folder, checked(strndup(place->text, (size_t)(begin - place->text))));
    listing.above = strlen(listing.folder.path);
    status = list_folder(&listing, begin, place);
    is_listed = status == DONE;
    while (listing.n_below > 0) {
        enum { MOST_FOLDERS = 100000 }; /* as the library has it for trees */
        int this_one;
        if (++folders > MOST_FOLDERS) {
            complain("%s: more than %d folders are below it", place->text, MOST_FOLDERS);
            status = REFUSED;
            break;
        }
        place_free(&listing.folder);
        listing.folder = listing.below[--listing.n_below];
        this_one = list_folder(&listing, "", &listing.folder);
        status = status != DONE ? status : this_one;
    }
    if (is_listed && given['l'])
        print("files: %lld, folders: %lld, size: %s", listing.files, listing.folders,
              size_text(listing.bytes, size));
    if (status == DONE && listing.files + listing.folders == 0 && !ends_with_slash(place)) {
        complain("%s: no name begins with this", place->text);
        status = MISSING;
    }
    while (listing.n_below > 0)
        place_free(&listing.below[--listing.n_below]);
    place_free(&listing.folder);
    free(listing.below);
    return status;
}

static void print_field(const char *name, const char *json, const char *pointer)
{
    char *value = cos_json_string(json, pointer);
    if (value && *value && strcmp(value, "{}") != 0)
        print("%-10s %s", name, value);
    cos_string_free(value);
}

static int print_header(const char *name, const char *value, void *user)
{
    (void)user;
    print("%-10s %s: %s", "header", name ? name : "?", value ? value : "?");
    return 0;
}

static int show(const struct place *place)
{
    char size[SHORT], date[SHORT], *json;
    int64_t bytes;
    int code = (ends_with_slash(place) ? cos_stat_folder : cos_stat_file)(
        client, place->bucket, place->path, NULL, &json);
    int status = check(code, json, place, place);
    if (status == DONE) {
        print("%-10s %s", "name", place->text);
        if (cos_json_int(json, "/data/filesize", &bytes) == 0)
            print("%-10s %lld (%s)%s", "size", (long long)bytes, size_text(bytes, size),
                is_unfinished(json, "/data/filelen", bytes) ? ", unfinished upload" : "");
        print("%-10s %s", "modified", date_text(number(json, "/data/mtime"), date));
        print("%-10s %s", "created", date_text(number(json, "/data/ctime"), date));
        print_field("sha1", json, "/data/sha");
        print_field("biz_attr", json, "/data/biz_attr");
        print_field("authority", json, "/data/authority");
        print_field("forbid", json, "/data/forbid");
        cos_json_each(json, "/data/custom_headers", print_header, NULL);
        print_field("url", json, "/data/access_url");
    }
    cos_string_free(json);
    return status;
}

static int delete(const struct place *place)
{
    char *json, *options = NULL;
    int code, status, is_tree = ends_with_slash(place);
    if (is_tree && !given['r'])
        return wrong("%s is a folder; -r deletes it with everything below it", place->text);
    append(&options, "{\"recursive\":true");
    append_number(&options, "concurrency", 'C', 1);
    append(&options, "}");
    code = is_tree ? cos_del_folder(client, place->bucket, place->path, options, &json)
                   : cos_del_file(client, place->bucket, place->path, NULL, &json);
    status = check(code, json, place, place);
    if (status == DONE && is_tree)
        say("deleted %s (files: %lld, folders: %lld)", place->text, number(json, "/data/files"),
            number(json, "/data/folders"));
    else if (status == DONE)
        say("deleted %s", place->text);
    cos_string_free(json);
    free(options);
    return status;
}

static int make_folder(const struct place *place)
{
    struct place folder = place_in(place, "");
    char *json;
    int code = cos_create_folder(client, folder.bucket, folder.path, NULL, &json), status = DONE;
    if (code == COS_ERR_FOLDER_EXISTS && given['p'])
        print_reply(json);
    else
        status = check(code, json, &folder, &folder);
    if (code == COS_OK)
        say("created %s", folder.text);
    cos_string_free(json);
    place_free(&folder);
    return status;
}

/* "90", "10m", "2h" or "7d" in seconds; 0 for anything else, and beyond the service's 90 days. */
static long seconds_in(const char *text)
{
    static const long LENGTHS[] = {1, 60, 3600, 86400};
    const char *units = "smhd", *unit = units;
    char *end;
    long value = isdigit((unsigned char)*text) ? strtol(text, &end, 10) : 0;
    if (value > 0 && *end != '\0') {
        unit = strchr(units, *end++);
        value = unit && *end == '\0' ? value : 0;
    }
    return value > 0 && value <= 90 * 86400 / LENGTHS[unit - units] ? value * LENGTHS[unit - units]
                                                                    : 0;
}

static int sign(const struct place *place)
{
    char *json, *url;
    long seconds = given['e'] ? seconds_in(given['e']) : 3600;
    int code, status;
    if (seconds == 0)
        return usage("--expires takes seconds, or 10m, 2h, 7d, up to 90d; not %s", given['e']);
    code = cos_sign_download(client, place->bucket, place->path, seconds, &json);
    status = check(code, json, place, place);
    url = cos_json_string(json, "/data/url");
    if (status == DONE && url)
        print("%s", url);
    cos_string_free(url);
    cos_string_free(json);
    return status;
}

static const struct command COMMANDS[] = {
    {"cp", "SOURCE... DESTINATION", "rnC", 2, 0, NULL, run_cp,
     "copy to, from and within the service",
     "A destination that ends with '/' or is a directory gets the file under its own name. Files\n"
     "that exist are replaced. \"-\" is the standard input or output; pipes and /dev/null work, too.\n"
     "What was broken off is continued by the same command. Folders can't be copied within the\n"
     "service.\n"
     "\n"
     "  cos cp report.pdf cos://mybucket/docs/\n"
     "  cos cp cos://mybucket/docs/report.pdf .\n"
     "  cos cp cos://mybucket/log - | grep error\n"
     "\n"
     "With -r, a folder comes to the destination under its own name; a cos:// path without a\n"
     "'/' at its end is the name of the copy itself. A local destination has to exist.\n"
     "\n"
     "  cos cp -r photos cos://mybucket/        makes cos://mybucket/photos/\n"
     "  cos cp -r photos cos://mybucket/summer  makes cos://mybucket/summer/\n"
     "  cos cp -r cos://mybucket/photos/ .      makes ./photos\n"},
    {"sync", "FROM TO", "nC", 2, 2, NULL, run_sync, "make a folder have what another one has",
     "One side is a directory, the other a folder of the service. Only files that differ travel,\n"
     "by size and SHA-1; nothing is deleted.\n"
     "\n"
     "  cos sync site cos://mybucket/site/\n"
     "  cos sync cos://mybucket/site/ site\n"},
    {"ls", "cos://BUCKET/PATH...", "rl", 1, 0, list, NULL, "list folders",
     "A path that ends with '/' is a folder; otherwise what follows the last '/' is how the names\n"
     "have to begin. With -r the folders in it follow, with everything below them. With --json\n"
     "there is a reply for every page of 199 entries.\n"},
    {"stat", "cos://BUCKET/PATH...", "", 1, 0, show, NULL,
     "show what is known of files and folders",
     "The path of a folder ends with '/'. A folder that nobody has made, and that is only part of\n"
     "the names of files, is unknown to the service; cos ls shows what is in it.\n"},
    {"rm", "cos://BUCKET/PATH...", "rC", 1, 0, delete, NULL, "delete for good",
     "A folder, whose path ends with '/', is deleted only with -r.\n"},
    {"mv", "SOURCE DESTINATION", "n", 2, 2, NULL, run_mv, "move or rename a file within a bucket",
     "A destination that ends with '/' gets the file under its own name. A file that exists is\n"
     "replaced.\n"},
    {"mkdir", "cos://BUCKET/FOLDER/...", "p", 1, 0, make_folder, NULL, "create folders",
     "Folders above it need not exist.\n"},
    {"sign", "cos://BUCKET/PATH...", "e", 1, 0, sign, NULL, "print a URL that anyone may download",
     "Whether the file exists is not looked at.\n"},
};
enum { N_COMMANDS = sizeof COMMANDS / sizeof *COMMANDS };

static const char CONFIGURATION[] =
    "\nConfiguration: a file with lines NAME = VALUE, without quotes, and lines of comments that\n"
    "begin with #, at --config,\n"
    "$COS_CONFIG, $XDG_CONFIG_HOME/cos.conf or ~/.config/cos.conf, the first that is given.\n"
    "Variables of the environment win: COS_APPID for appid, and so on.\n"
    "\n"
    "  appid, secret_id, secret_key   the account\n"
    "  region                         sh, gz, tj, sgp or another region's short name\n"
    "  scheme                         https or http\n"
    "  hostname, download_hostname    another access point: host[:port]\n"
    "  ca_file                        PEM file with certificates to trust besides the usual ones\n"
    "  proxy                          http://[user:password@]host:port\n";

static const char EXIT_CODES[] =
    "\nExit codes:\n"
    "    0  success\n"
    "    1  the service refused, or another failure that trying again does not cure\n"
    "    2  wrong usage, arguments or configuration, or a problem with a local file\n"
    "    3  no such file, folder or bucket\n"
    "    4  network trouble or overload: trying again may help\n"
    "  130  interrupted by Ctrl-C; 143: by SIGTERM\n";

static void print_options(const char *letters)
{
    int i;
    for (i = 0; i < N_OPTIONS; i++) {
        const struct choice *option = &OPTIONS[i];
        char *text = NULL;
        if (!strchr(letters, option->letter))
            continue;
        append(&text, "-%c, --%s%s%s", option->letter, option->name, option->value ? " " : "",
               option->value ? option->value : "");
        printf("  %-25s  %s\n", text, option->help);
        free(text);
    }
}

static int print_help(void)
{
    int i;
    if (command) {
        printf("usage: cos %s [OPTION...] %s\n\n%s", command->name, command->operands,
               command->details);
        if (*command->options)
            printf("\nOptions:\n");
        print_options(command->options);
        return DONE;
    }
    printf("usage: cos COMMAND [OPTION...] ARGUMENT...\n\n"
           "Files and folders of Tencent COS. cos://BUCKET/PATH is a file, cos://BUCKET/PATH/ a\n"
           "folder, anything else local.\n\nCommands; cos help COMMAND tells more:\n");
    for (i = 0; i < N_COMMANDS; i++)
        printf("  %-6s  %s\n", COMMANDS[i].name, COMMANDS[i].summary);
    printf("\nOptions of every command:\n");
    print_options(COMMON);
    fputs(CONFIGURATION, stdout);
    fputs(EXIT_CODES, stdout);
    return DONE;
}

static struct setting {
    const char *name, *variable;
    char *value;
} settings[] = {
    {"appid", "COS_APPID", NULL},
    {"secret_id", "COS_SECRET_ID", NULL},
    {"secret_key", "COS_SECRET_KEY", NULL},
    {"region", "COS_REGION", NULL},
    {"scheme", "COS_SCHEME", NULL}, /* from here on, options of cos_client_new */
    {"hostname", "COS_HOSTNAME", NULL},
    {"download_hostname", "COS_DOWNLOAD_HOSTNAME", NULL},
    {"ca_file", "COS_CA_FILE", NULL},
    {"proxy", "COS_PROXY", NULL},
};
enum { N_NEEDED = 3, REGION = 3, FIRST_OPTION = 4 };
enum { N_SETTINGS = sizeof settings / sizeof *settings };

static char *trimmed(char *text)
{
    size_t length;
    text += strspn(text, " \t\r\n");
    for (length = strlen(text); length > 0 && strchr(" \t\r\n", text[length - 1]); length--)
        text[length - 1] = '\0';
    return text;
}

static int read_setting(char *line)
{
    char *name = trimmed(line), *equals = strchr(name, '=');
    int i;
    if (*name == '\0' || *name == '#')
        return DONE;
    if (equals)
        *equals = '\0';
    for (i = 0; equals && i < N_SETTINGS; i++) {
        if (strcmp(trimmed(name), settings[i].name) == 0) {
            free(settings[i].value);
            settings[i].value = checked(strdup(trimmed(equals + 1)));
            return DONE;
        }
    }
    return WRONG;
}

/* Reads the lines of a text, which it changes. */
static int read_lines(const char *path, char *text)
{
    static const char MARK[] = "\xef\xbb\xbf"; /* some editors begin every UTF-8 text with it */
    int status = DONE, at;
    if (strncmp(text, MARK, sizeof MARK - 1) == 0)
        text += sizeof MARK - 1;
    for (at = 1; text && status == DONE; at++) {
        char *line = text;
        text = strchr(line, '\n');
        if (text)
            *text++ = '\0';
        status = read_setting(line);
        if (status != DONE) /* what stands there may be a secret */
            complain("%s:%d: this is not NAME = VALUE with a name from cos help", path, at);
    }
    return status;
}

/* Reads a configuration file. One that nobody named may be missing or unusable; `why` then says what
 * is the matter with it, if it is there. */
static int read_file(const char *path, int is_named, const char **why)
{
    enum { LARGEST = 65536 };
    static char text[LARGEST + 1];
    struct stat found;
    int status = DONE, is_there = stat(path, &found) == 0;
    int is_file = is_there && S_ISREG(found.st_mode);
    /* Where nobody named it, what is not a file is not opened: it might keep the program waiting. */
    FILE *file = is_named || is_file || !is_there ? fopen(path, "r") : NULL;
    size_t length = file ? fread(text, 1, LARGEST, file) : 0;
    if (!file || ferror(file)) {
        *why = is_there && !is_file ? "this is not a file" : strerror(errno);
        if (is_named)
            status = cannot_use(path);
        else if (!is_there && errno == ENOENT)
            *why = NULL;
    } else if (length == LARGEST) {
        status = wrong("%s: this is too large to be a configuration", path);
    } else if (memchr(text, '\0', length)) {
        status = wrong("%s: this is not UTF-8 text, but perhaps UTF-16; save it as UTF-8", path);
    } else {
        status = read_lines(path, text);
    }
    if (file && is_file && found.st_mode & (S_IRGRP | S_IROTH))
        complain("warning: others can read %s; chmod 600 keeps the secret", path);
    if (file)
        fclose(file);
    return status;
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static int read_settings(void)
{
    const char *named = given['c'] ? given['c'] : variable("COS_CONFIG");
    const char *base = variable("XDG_CONFIG_HOME"), *home = variable("HOME");
    const char *why = NULL;
    char *path = NULL;
    int i, status;
    append(&path, "%s%s", named ? named : base ? base : home ? home : "",
           named ? "" : base ? "/cos.conf" : "/.config/cos.conf");
    status = read_file(path, named != NULL, &why);
    for (i = 0; i < N_SETTINGS; i++) {
        const char *value = variable(settings[i].variable);
        if (value) {
            free(settings[i].value);
            settings[i].value = checked(strdup(value));
        }
        if (status == DONE && i < N_NEEDED && !settings[i].value) {
            complain("no %s: set %s, or write %s = ... into %s%s%s", settings[i].name,
                     settings[i].variable, settings[i].name, path, why ? ": " : "", why ? why : "");
            status = WRONG;
        }
    }
    free(path);
    return status;
}

static int make_client(void)
{
    char *options = NULL, *json;
    int i, status = read_settings();
    append(&options, "{\"user_agent\":\"cos/%s\"", cos_version());
    append_number(&options, "retries", 'R', 1);
    append_number(&options, "timeout_ms", 'T', 1000);
    for (i = FIRST_OPTION; i < N_SETTINGS; i++) {
        char *value = settings[i].value ? quoted(settings[i].value) : NULL;
        char *text = value ? cos_json_string(value, "") : NULL;
        if (text) {
            append(&options, ",\"%s\":%s", settings[i].name, value);
        } else if (value) {
            complain("configuration: %s must be valid UTF-8", settings[i].name);
            status = WRONG;
        }
        cos_string_free(text);
        free(value);
    }
    append(&options, "}");
    if (status == DONE) {
        int code = cos_client_new(settings[0].value, settings[1].value, settings[2].value,
                                  settings[REGION].value, options, &client, &json);
        if (code != COS_OK) {
            char *message = cos_json_string(json, "/message");
            print_reply(json);
            complain("configuration: %s (%s, %d)", message, cos_code_name(code), code);
            cos_string_free(message);
        }
        status = status_of(code, json);
        cos_string_free(json);
    }
    for (i = 0; i < N_SETTINGS; i++)
        free(settings[i].value);
    free(options);
    return status;
}

static int check_number(int letter, const char *value)
{
    const struct choice *option = OPTIONS;
    char *why = NULL, *end;
    long found;
    while (option->letter != letter)
        option++;
    if (option->most == 0)
        return DONE;
    found = strtol(value, &end, 10); /* out of its range, it is out of ours */
    if (isdigit((unsigned char)*value) && *end == '\0' && found >= option->least &&
        found <= option->most)
        return DONE;
    append(&why, "--%s takes a whole number from %ld to %ld, not %s", option->name, option->least,
           option->most, value);
    usage("%s", why);
    free(why);
    return WRONG;
}

/* Leaves the other words at the end of `argv`, from `optind` on. */
static int read_options(int argc, char **argv)
{
    struct option by_name[N_OPTIONS + 1];
    char letters[2 * N_OPTIONS + 2] = ":", *end = letters + 1, wrong[] = "-?";
    int i, letter;
    memset(by_name, 0, sizeof by_name);
    for (i = 0; i < N_OPTIONS; i++) {
        by_name[i].name = OPTIONS[i].name;
        by_name[i].has_arg = OPTIONS[i].value ? required_argument : no_argument;
        by_name[i].val = OPTIONS[i].letter;
        end += sprintf(end, "%c%s", OPTIONS[i].letter, OPTIONS[i].value ? ":" : "");
    }
    while ((letter = getopt_long(argc, argv, letters, by_name, NULL)) != -1) {
        wrong[1] = (char)optopt;
        if (letter == ':')
            return usage("%s: the value is missing", wrong);
        if (letter == '?')
            return usage("%s: there is no such option", optopt ? wrong : argv[optind - 1]);
        if (check_number(letter, optarg) != DONE)
            return WRONG;
        given[letter] = optarg ? optarg : "";
    }
    return DONE;
}

/* Whether the command takes these options and so many operands. */
static int check_words(int count)
{
    int i;
    for (i = 0; i < N_OPTIONS; i++) {
        char letter = OPTIONS[i].letter;
        if (given[(unsigned char)letter] && !strchr(COMMON, letter) &&
            !strchr(command->options, letter))
            return usage("it takes no --%s", OPTIONS[i].name);
    }
    if (count < command->least || (command->most && count > command->most))
        return usage("it takes %s", command->operands);
    return DONE;
}

/* Goes on behind a failure; the first one gives the exit code. */
static int run_each(const struct place *places, int count)
{
    int i, status = DONE;
    for (i = 0; i < count; i++) {
        int this_one = places[i].bucket ? command->each(&places[i])
                                        : usage("%s does not begin with cos://", places[i].text);
        status = status != DONE ? status : this_one;
    }
    return status;
}

static int run(char **operands, int count)
{
    struct place *places = checked(calloc((size_t)count + 1, sizeof *places));
    int i, status = DONE;
    for (i = 0; i < count; i++) {
        if (place_init(&places[i], checked(strdup(operands[i]))) != 0)
            status = usage("\"%s\": a local path or cos://BUCKET/PATH is wanted", operands[i]);
    }
    if (status == DONE)
        status = make_client();
    if (status == DONE)
        status = (command->each ? run_each : command->run)(places, count);
    cos_client_free(client);
    for (i = 0; i < count; i++)
        place_free(&places[i]);
    free(places);
    return status;
}

static int dispatch(int argc, char **argv)
{
    int i, status = read_options(argc, argv), asks_help = given['h'] != NULL;
    char **words = argv + optind;
    if (status != DONE)
        return status;
    if (given['V'])
        return printf("cos %s\n", cos_version()) > 0 ? DONE : WRONG;
    if (*words && strcmp(*words, "help") == 0) {
        asks_help = 1;
        words++;
    }
    for (i = 0; *words && i < N_COMMANDS; i++) {
        if (strcmp(COMMANDS[i].name, *words) == 0)
            command = &COMMANDS[i];
    }
    if (*words && !command)
        return usage("there is no command %s", *words);
    if (asks_help)
        return print_help();
    if (!command)
        return usage("%s is missing", "a command");
    words++;
    status = check_words(argc - (int)(words - argv));
    return status != DONE ? status : run(words, argc - (int)(words - argv));
}

/* Whoever closed a standard stream must not have a file or a connection take its place. This way
 * round, reading and writing fail as they should. */
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

int main(int argc, char **argv)
{
    int status;
    if (occupy_standard_streams() != 0)
        return WRONG;
    signal(SIGXFSZ, SIG_IGN); /* a file that gets too large is an error like any other */
    signal(SIGPIPE, SIG_DFL); /* whoever reads no further ends the program quietly */
    if (cos_abi_version() != COS_ABI_VERSION) {
        fprintf(stderr, "cos: libcos %s is not the one this was compiled for\n", cos_version());
        return WRONG;
    }
    status = dispatch(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("cos: the standard output could not be written\n", stderr);
        status = status != DONE ? status : WRONG;
    }
    if (caught) { /* so that a shell sees it and stops its loop, too */
        signal(caught, SIG_DFL);
        raise(caught);
    }
    return status;
}
