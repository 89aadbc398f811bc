/* What the command needs of the operating system and C does not have. unix.c and win32.c provide it,
 * each for its systems; but for getopt.h, no other file includes headers of a system. Where a function
 * returns an errno, 0 is success. All texts are UTF-8. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stddef.h>
#include <stdio.h>

/* The process. */

/* Prepares the arguments, the standard streams and signals. Returns 0, or -1 if that fails. */
int system_start(int *argc, char ***argv);

/* A variable of the environment, or NULL if it is not set or empty. */
const char *environment(const char *name);

/* Where the configuration file is if nobody names one; to be freed. */
char *default_config_path(void);

/* What help says: where the configuration file is, how it is closed to others, and the exit codes of
 * a program that was interrupted. */
extern const char CONFIG_PLACES[], CONFIG_CLOSED_BY[], INTERRUPTED_CODES[];

/* The language that messages are wanted in, such as "zh_CN.UTF-8"; "" if nothing says it. */
const char *language(void);

/* Seconds since some moment, from a clock that nobody sets. */
double seconds_now(void);

/* Threads. */

/* Runs `work` on so many threads at a time, or as many as there can be, and `tick` on this one every
 * moment, until all have ended. */
void run_on_threads(int count, void (*work)(void *user), void (*tick)(void *user), void *user);

/* One lock for the whole program. Who has it does not take it again. */
void lock(void);
void unlock(void);

/* Signals. */

/* From begin to end, the first Ctrl-C, or what else asks the program to end, is only noted; a second
 * one ends it. Either may be called again. */
void interrupts_begin(void);
void interrupts_end(void);

/* Whether one was noted. */
int is_interrupted(void);

/* Ends the program as the noted signal would have, so that a shell that runs it stops, too. */
void end_if_interrupted(void);

/* From begin to end, a pipe that nobody reads is the error EPIPE and no signal. */
void pipe_errors_begin(void);
void pipe_errors_end(void);

/* After an EPIPE: ends the program as the signal would have, without a message. */
void end_if_broken_pipe(int error);

/* The terminal. */

int is_terminal(FILE *stream);

/* Whether stderr is a terminal on which a line can be drawn again. */
int can_redraw(void);

/* Reads a line from the standard input, without its end; to be freed, NULL at the end of the input.
 * What is typed is not shown if it is secret. */
char *read_line(int is_secret);

/* The columns of the terminal at stderr, or 0 if they are unknown. */
size_t terminal_columns(void);

/* Paths. */

/* What is between the names of a local path, and what else ends a directory there. */
extern const char SEPARATOR;
int is_separator(char c);

enum path_kind {
    PATH_MISSING, /* or it cannot be looked at; errno says why */
    PATH_FILE,
    PATH_DIRECTORY,
    PATH_STREAM, /* a pipe, a terminal, /dev/null: read and written as it goes */
    PATH_OTHER,
};
enum path_kind path_kind(const char *path);

/* What is at a path; of a symbolic link, the link itself. */
struct found {
    enum path_kind kind;
    int is_link;
    long long size, mtime;
    long long changed; /* the same as exactly as the system tells when something was written */
};
struct found look_at(const char *path);

/* Takes a name, which is neither "." nor "..". */
typedef void name_fn(const char *name, void *user);

/* Hands over every name in a directory, in any order. Returns an errno. */
int read_directory(const char *path, name_fn *fn, void *user);

/* Returns an errno; a directory that is there is success. */
int make_directory(const char *path);

/* Removes a file, or a directory if it is empty. Returns an errno. */
int remove_path(const char *path);

/* Sets when a file was changed, in seconds since 1970. Returns an errno. */
int set_time(const char *path, long long seconds);

/* Whether a file can have this name here. */
int is_possible_name(const char *name);

/* What all names are made to that lead to one file here, which differ in capital letters; to be freed. NULL
 * where each leads to another one. */
char *folded_name(const char *name);

/* Writes a file that only its owner can read, in place of one that is there. Makes the directory that
 * it is in. Returns an errno. */
int write_private(const char *path, const char *text);

/* Whether users other than the owner may read it. */
int others_can_read(const char *path);

/* Open files, by number. */

enum { STANDARD_INPUT = 0, STANDARD_OUTPUT = 1, STANDARD_ERROR = 2 };

/* The open file that a path such as /dev/stdout names, or -1. Opening that path would start at the
 * beginning of the file instead of where it stands. */
int open_file_at(const char *path);

/* These return a file, or -1 with errno set. */
int open_to_read(const char *path);
int open_to_write(const char *path);
void close_file(int file);
int file_is_terminal(int file);

/* Reads up to `size` bytes: returns how many, 0 at the end, -1 with errno set. */
long read_some(int file, void *buffer, size_t size);

/* Writes everything, unless it is interrupted. Returns an errno. */
int write_all(int file, const void *data, size_t size);

/* A file of which nothing stays behind, whatever happens. */
struct temporary {
    int file;
    int error;       /* why it could not be made: an errno */
    char *name;      /* that it had, for messages */
    char *open_path; /* by which it can be opened until it is closed */
};
struct temporary temporary_open(void);
void temporary_close(struct temporary *temporary);

#endif
