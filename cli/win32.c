/* system.h for Windows, as MinGW compiles it. Texts are UTF-8 in the command and UTF-16 here. */
#define WIN32_LEAN_AND_MEAN
#define _WIN32_WINNT 0x0A00 /* Windows 10 */

#include "system.h"

#include <windows.h>

#include <aclapi.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <share.h>
#include <shellapi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <wchar.h>

#include "status.h"
#include "text.h"

const char CONFIG_PLACES[] = "%COS_CONFIG% or %APPDATA%\\cos.conf";
const char CONFIG_CLOSED_BY[] = "icacls FILE /inheritance:r /grant:r %USERNAME%:F";
const char INTERRUPTED_CODES[] = "-1073741510  interrupted by Ctrl-C or Ctrl-Break";

/* Texts. */

/* To be freed. What is not UTF-8 gets a character that no name has. */
static wchar_t *wide(const char *text)
{
    int length = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *result = checked(calloc((size_t)length + 1, sizeof *result));
    MultiByteToWideChar(CP_UTF8, 0, text, -1, result, length);
    return result;
}

/* To be freed. */
static char *narrow(const wchar_t *text)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *result = checked(calloc((size_t)size + 1, 1));
    WideCharToMultiByte(CP_UTF8, 0, text, -1, result, size, NULL, NULL);
    return result;
}

/* A path as the system takes it, to be freed: a long one needs the prefix that takes away the limit,
 * and behind that it has to be absolute. */
static wchar_t *wide_path(const char *path)
{
    enum { MOST = MAX_PATH - 12 }; /* of a directory */
    wchar_t *given = wide(path), *whole, *result;
    size_t room;
    DWORD length;
    if (wcslen(given) < MOST || wcsncmp(given, L"\\\\?\\", 4) == 0)
        return given;
    length = GetFullPathNameW(given, 0, NULL, NULL);
    whole = checked(calloc((size_t)length + 1, sizeof *whole));
    GetFullPathNameW(given, length, whole, NULL);
    room = (size_t)length + sizeof "\\\\?\\UNC\\";
    result = checked(calloc(room, sizeof *result));
    if (wcsncmp(whole, L"\\\\", 2) == 0)
        swprintf(result, room, L"\\\\?\\UNC\\%ls", whole + 2);
    else
        swprintf(result, room, L"\\\\?\\%ls", whole);
    free(whole);
    free(given);
    return result;
}

/* The process. */

/* The arguments that were given, or grew out of one. */
struct arguments {
    int count;
    char **list; /* ends with NULL */
};

static void add_argument(struct arguments *arguments, char *argument)
{
    size_t size = (size_t)arguments->count + 2;
    arguments->list = checked(realloc(arguments->list, size * sizeof *arguments->list));
    arguments->list[arguments->count++] = argument;
    arguments->list[arguments->count] = NULL;
}

/* Adds the files that match a local path with `*` or `?` in its last name: the shell does not do it.
 * Returns how many there are. */
static int add_matching(struct arguments *arguments, const char *pattern)
{
    size_t start = strlen(pattern);
    wchar_t *path = wide_path(pattern);
    WIN32_FIND_DATAW found;
    HANDLE search;
    int before = arguments->count;
    while (start > 0 && !is_separator(pattern[start - 1]))
        start--;
    search = strpbrk(pattern + start, "*?") && *pattern != '-' && strncmp(pattern, "cos://", 6) != 0
                 ? FindFirstFileW(path, &found)
                 : INVALID_HANDLE_VALUE;
    if (search != INVALID_HANDLE_VALUE) {
        do {
            char *name = narrow(found.cFileName);
            if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
                add_argument(arguments, formatted("%.*s%s", (int)start, pattern, name));
            free(name);
        } while (FindNextFileW(search, &found));
        FindClose(search);
    }
    free(path);
    return arguments->count - before;
}

/* Whether the next argument is a pattern for the command itself. */
static int takes_pattern(const char *argument)
{
    static const char *const OPTIONS[] = {"--include", "--exclude", "--name"};
    size_t i;
    for (i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++) {
        if (strcmp(argument, OPTIONS[i]) == 0)
            return 1;
    }
    return 0;
}

/* Kept until the end of the program. */
static struct arguments read_arguments(void)
{
    struct arguments arguments = {0, NULL};
    int count = 0, i, is_pattern = 0;
    wchar_t **given = checked(CommandLineToArgvW(GetCommandLineW(), &count));
    for (i = 0; i < count; i++) {
        char *argument = narrow(given[i]);
        int is_left_alone = i == 0 || is_pattern;
        is_pattern = takes_pattern(argument);
        if (!is_left_alone && add_matching(&arguments, argument) > 0)
            free(argument);
        else
            add_argument(&arguments, argument);
    }
    LocalFree(given);
    return arguments;
}

static void console_begin(void);
static BOOL WINAPI on_event(DWORD event);

int system_start(int *argc, char ***argv)
{
    struct arguments arguments = read_arguments();
    int file;
    *argc = arguments.count;
    *argv = arguments.list;
    for (file = STANDARD_INPUT; file <= STANDARD_ERROR; file++) {
        if (file != STANDARD_INPUT || !file_is_terminal(file)) /* there, Ctrl-Z is the end */
            _setmode(file, _O_BINARY);
    }
    console_begin();
    return SetConsoleCtrlHandler(on_event, TRUE) ? 0 : -1;
}

/* What it returns is kept until the end of the program. */
const char *environment(const char *name)
{
    wchar_t *wide_name = wide(name);
    const wchar_t *value = _wgetenv(wide_name);
    free(wide_name);
    return value && *value ? narrow(value) : NULL;
}

char *default_config_path(void)
{
    const char *base = environment("APPDATA"), *home = environment("USERPROFILE");
    return formatted("%s\\cos.conf", base ? base : home ? home : "");
}

const char *language(void)
{
    static char name[4 * LOCALE_NAME_MAX_LENGTH];
    wchar_t wide_name[LOCALE_NAME_MAX_LENGTH] = L"";
    const char *set = environment("LC_ALL");
    LCID id = MAKELCID(GetUserDefaultUILanguage(), SORT_DEFAULT);
    if (!set)
        set = environment("LANG");
    if (set)
        return set;
    LCIDToLocaleName(id, wide_name, LOCALE_NAME_MAX_LENGTH, 0);
    WideCharToMultiByte(CP_UTF8, 0, wide_name, -1, name, sizeof name, NULL, NULL);
    return name;
}

double seconds_now(void)
{
    LARGE_INTEGER ticks, second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&second);
    return (double)ticks.QuadPart / (double)second.QuadPart;
}

/* Threads. */

static SRWLOCK the_lock = SRWLOCK_INIT;

void lock(void)
{
    AcquireSRWLockExclusive(&the_lock);
}

void unlock(void)
{
    ReleaseSRWLockExclusive(&the_lock);
}

struct crew {
    void (*work)(void *user);
    void *user;
};

static unsigned __stdcall run_one(void *argument)
{
    struct crew *crew = argument;
    crew->work(crew->user);
    return 0;
}

void run_on_threads(int count, void (*work)(void *user), void (*tick)(void *user), void *user)
{
    enum { MOMENT = 50 }; /* milliseconds */
    struct crew crew = {work, user};
    HANDLE *threads = checked(calloc((size_t)count, sizeof *threads));
    int started = 0, i;
    while (started < count) {
        uintptr_t thread = _beginthreadex(NULL, 0, run_one, &crew, 0, NULL);
        if (thread == 0)
            break;
        threads[started++] = (HANDLE)thread;
    }
    if (started == 0)
        work(user);
    for (i = 0; i < started; i++) {
        while (WaitForSingleObject(threads[i], MOMENT) == WAIT_TIMEOUT)
            tick(user);
        CloseHandle(threads[i]);
    }
    tick(user);
    free(threads);
}

/* The terminal: a console, which belongs to the shell and gets its settings back. */

static HANDLE handle_of(int file)
{
    return (HANDLE)_get_osfhandle(file);
}

int file_is_terminal(int file)
{
    DWORD mode;
    return GetConsoleMode(handle_of(file), &mode);
}

int is_terminal(FILE *stream)
{
    return file_is_terminal(_fileno(stream));
}

static struct {
    UINT code_page; /* before, or 0 */
    DWORD mode;     /* of stderr, before */
    int can_redraw;
} console;

static void console_end(void)
{
    if (console.code_page)
        SetConsoleOutputCP(console.code_page);
    if (console.can_redraw)
        SetConsoleMode(handle_of(STANDARD_ERROR), console.mode);
}

/* Has the console take UTF-8, and what moves its cursor. */
static void console_begin(void)
{
    /* A character whose bytes came one by one would not be shown. */
    static char out[16384], err[16384];
    if (!is_terminal(stdout) && !is_terminal(stderr))
        return;
    if (is_terminal(stdout))
        setvbuf(stdout, out, _IOFBF, sizeof out);
    if (is_terminal(stderr)) {
        HANDLE handle = handle_of(STANDARD_ERROR);
        setvbuf(stderr, err, _IOFBF, sizeof err);
        console.can_redraw =
            GetConsoleMode(handle, &console.mode) &&
            SetConsoleMode(handle, console.mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
    }
    console.code_page = GetConsoleOutputCP();
    SetConsoleOutputCP(CP_UTF8);
    atexit(console_end);
}

int can_redraw(void)
{
    return console.can_redraw;
}

char *read_line(int is_secret)
{
    HANDLE input = handle_of(STANDARD_INPUT);
    DWORD mode = 0;
    int hides = is_secret && GetConsoleMode(input, &mode) &&
                SetConsoleMode(input, mode & ~(DWORD)ENABLE_ECHO_INPUT);
    char *line = NULL, c;
    int got;
    size_t length;
    if (hides)
        interrupts_begin(); /* Ctrl-C ends the program only when the console shows what is typed again */
    while ((got = _read(STANDARD_INPUT, &c, 1)) == 1 && c != '\n')
        append(&line, "%c", c);
    if (hides) {
        SetConsoleMode(input, mode);
        interrupts_end();
        fputc('\n', stderr);
    }
    length = line ? strlen(line) : 0;
    if (length > 0 && line[length - 1] == '\r')
        line[length - 1] = '\0';
    return line || got != 1 ? line : copy_of("");
}

size_t terminal_columns(void)
{
    CONSOLE_SCREEN_BUFFER_INFO screen;
    if (!GetConsoleScreenBufferInfo(handle_of(STANDARD_ERROR), &screen))
        return 0;
    return (size_t)(screen.srWindow.Right - screen.srWindow.Left + 1);
}

/* Signals: events, for which the system starts a thread. */

static volatile LONG notes, noted;

static BOOL WINAPI on_event(DWORD event)
{
    enum { LONGEST = 10000 };
    int is_first = notes && InterlockedExchange(&noted, 1) == 0;
    if (!is_first)
        console_end();
    else if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        Sleep(LONGEST); /* the window closes: the process ends when this returns, if not before */
    return is_first;
}

void interrupts_begin(void)
{
    InterlockedExchange(&notes, 1);
}

void interrupts_end(void)
{
    InterlockedExchange(&notes, 0);
}

int is_interrupted(void)
{
    return noted != 0;
}

void end_if_interrupted(void)
{
    if (noted) {
        fflush(NULL);
        console_end();
        ExitProcess((UINT)STATUS_CONTROL_C_EXIT);
    }
}

/* There is no signal of that kind. */
void pipe_errors_begin(void)
{
}

void pipe_errors_end(void)
{
}

/* The C library knows only the first of these as a pipe that was closed at the other end. */
static int errno_of(DWORD problem)
{
    switch (problem) {
    case ERROR_BROKEN_PIPE:
    case ERROR_NO_DATA:
    case ERROR_PIPE_NOT_CONNECTED:
        return EPIPE;
    case ERROR_DISK_FULL:
        return ENOSPC;
    case ERROR_ACCESS_DENIED:
        return EACCES;
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
        return ENOENT;
    default:
        return EIO;
    }
}

void end_if_broken_pipe(int error)
{
    if (error == EPIPE || (error == EINVAL && errno_of(_doserrno) == EPIPE))
        _exit(WRONG);
}

/* Paths. */

const char SEPARATOR = '\\';

/* What follows the colon of a drive is relative to the directory that is current there. */
int is_separator(char c)
{
    return c == '/' || c == '\\' || c == ':';
}

/* Names that are no files wherever they are looked for. */
static int is_device(const char *path)
{
    static const char *const NAMES[] = {"NUL", "CON", "CONIN$", "CONOUT$"};
    size_t i;
    for (i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (_stricmp(path, NAMES[i]) == 0)
            return 1;
    }
    return strncmp(path, "\\\\.\\", 4) == 0;
}

enum path_kind path_kind(const char *path)
{
    wchar_t *name;
    DWORD attributes, problem;
    if (is_device(path))
        return PATH_STREAM;
    name = wide_path(path);
    attributes = GetFileAttributesW(name);
    problem = GetLastError();
    free(name);
    if (attributes == INVALID_FILE_ATTRIBUTES) {
        errno = errno_of(problem);
        return PATH_MISSING;
    }
    return attributes & FILE_ATTRIBUTE_DIRECTORY ? PATH_DIRECTORY : PATH_FILE;
}

/* Windows counts in 100 nanoseconds since 1601. */
enum { TICKS = 10000000 };
static const long long BEGIN_1970 = 11644473600;

static long long number_of(DWORD high, DWORD low)
{
    return ((long long)high << 32) | (long long)low;
}

struct found look_at(const char *path)
{
    struct found found = {PATH_MISSING, 0, 0, 0, 0};
    WIN32_FILE_ATTRIBUTE_DATA seen;
    wchar_t *name = wide_path(path);
    BOOL is_there = GetFileAttributesExW(name, GetFileExInfoStandard, &seen);
    free(name);
    if (!is_there)
        return found;
    found.is_link = (seen.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
    found.kind = found.is_link                                         ? PATH_OTHER
                 : seen.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? PATH_DIRECTORY
                                                                       : PATH_FILE;
    found.size = number_of(seen.nFileSizeHigh, seen.nFileSizeLow);
    found.changed =
        number_of(seen.ftLastWriteTime.dwHighDateTime, seen.ftLastWriteTime.dwLowDateTime);
    found.mtime = found.changed / TICKS - BEGIN_1970;
    return found;
}

int read_directory(const char *path, name_fn *fn, void *user)
{
    char *pattern = formatted("%s\\*", path);
    wchar_t *name = wide_path(pattern);
    WIN32_FIND_DATAW found;
    HANDLE search = FindFirstFileW(name, &found);
    DWORD problem = search == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_NO_MORE_FILES;
    if (search != INVALID_HANDLE_VALUE) {
        do {
            char *entry = narrow(found.cFileName);
            if (strcmp(entry, ".") != 0 && strcmp(entry, "..") != 0)
                fn(entry, user);
            free(entry);
        } while (FindNextFileW(search, &found));
        problem = GetLastError();
        FindClose(search);
    }
    free(name);
    free(pattern);
    return problem == ERROR_NO_MORE_FILES ? 0 : errno_of(problem);
}

int make_directory(const char *path)
{
    wchar_t *name = wide_path(path);
    int error = CreateDirectoryW(name, NULL) ? 0 : errno_of(GetLastError());
    free(name);
    return error && path_kind(path) == PATH_DIRECTORY ? 0 : error;
}

int remove_path(const char *path)
{
    wchar_t *name = wide_path(path);
    BOOL done = path_kind(path) == PATH_DIRECTORY ? RemoveDirectoryW(name) : DeleteFileW(name);
    int error = done ? 0 : errno_of(GetLastError());
    free(name);
    return error;
}

int set_time(const char *path, long long seconds)
{
    wchar_t *name = wide_path(path);
    long long ticks = (seconds + BEGIN_1970) * TICKS;
    FILETIME time = {(DWORD)(ticks & 0xffffffff), (DWORD)(ticks >> 32)};
    HANDLE file = CreateFileW(name, FILE_WRITE_ATTRIBUTES,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    int error = file != INVALID_HANDLE_VALUE && SetFileTime(file, NULL, NULL, &time)
                    ? 0
                    : errno_of(GetLastError());
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    free(name);
    return error;
}

/* The names of devices are reserved, whatever follows the first dot. */
static int is_reserved(const char *name)
{
    static const char *const NAMES[] = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"};
    size_t length = strcspn(name, "."), i;
    for (i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (strlen(NAMES[i]) == length && _strnicmp(name, NAMES[i], length) == 0)
            return 1;
    }
    return length == 4 && name[3] >= '0' && name[3] <= '9' &&
           (_strnicmp(name, "COM", 3) == 0 || _strnicmp(name, "LPT", 3) == 0);
}

char *folded_name(const char *name)
{
    wchar_t *wide_name = wide(name);
    char *folded;
    CharUpperW(wide_name); /* some letters have two small ones */
    CharLowerW(wide_name);
    folded = narrow(wide_name);
    free(wide_name);
    return folded;
}

int is_possible_name(const char *name)
{
    size_t length = strlen(name), i;
    for (i = 0; i < length; i++) {
        if ((unsigned char)name[i] < 0x20 || strchr("<>:\"/\\|?*", name[i]))
            return 0;
    }
    return length > 0 && name[length - 1] != '.' && name[length - 1] != ' ' && !is_reserved(name);
}

/* A new file in the directory of the user's settings has their access list. */
int write_private(const char *path, const char *text)
{
    wchar_t *name = wide_path(path);
    int file = _wopen(name, _O_WRONLY | _O_CREAT | _O_TRUNC | _O_BINARY | _O_NOINHERIT,
                      _S_IREAD | _S_IWRITE);
    int error = file < 0 ? errno : write_all(file, text, strlen(text));
    if (file >= 0 && _close(file) != 0 && !error)
        error = errno;
    free(name);
    return error;
}

/* Whether an access list lets a group of many users read. */
static int lets_read(PACL list, WELL_KNOWN_SID_TYPE group)
{
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof sid;
    TRUSTEE_W trustee;
    ACCESS_MASK rights = 0;
    if (!CreateWellKnownSid(group, NULL, sid, &size))
        return 0;
    BuildTrusteeWithSidW(&trustee, sid);
    return GetEffectiveRightsFromAclW(list, &trustee, &rights) == ERROR_SUCCESS &&
           (rights & FILE_READ_DATA) != 0;
}

int others_can_read(const char *path)
{
    wchar_t *name = wide_path(path);
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PACL list = NULL;
    int others = 0;
    /* Where the file system has no access lists, everybody can. */
    if (GetNamedSecurityInfoW(name, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL, &list,
                              NULL, &descriptor) == ERROR_SUCCESS)
        others = !list || lets_read(list, WinWorldSid) ||
                 lets_read(list, WinAuthenticatedUserSid) || lets_read(list, WinBuiltinUsersSid);
    LocalFree(descriptor);
    free(name);
    return others;
}

/* Open files, by number. */

int open_file_at(const char *path)
{
    (void)path; /* no path names an open file */
    return -1;
}

static int open_with(const char *path, int flags)
{
    wchar_t *name = wide_path(path);
    int file = _wopen(name, flags | _O_BINARY | _O_NOINHERIT);
    free(name);
    return file;
}

int open_to_read(const char *path)
{
    return open_with(path, _O_RDONLY);
}

int open_to_write(const char *path)
{
    return open_with(path, _O_WRONLY);
}

void close_file(int file)
{
    _close(file);
}

static unsigned at_most(size_t size, unsigned most)
{
    return size < most ? (unsigned)size : most;
}

long read_some(int file, void *buffer, size_t size)
{
    enum { MOST = 1 << 20, MOMENT = 100 };
    int got;
    SetLastError(ERROR_SUCCESS);
    got = _read(file, buffer, at_most(size, MOST));
    if (got == 0 && GetFileType(handle_of(file)) != FILE_TYPE_DISK) {
        /* Ctrl-C ends what is typed, and whoever writes to the pipe, perhaps before it is noted
         * here: then this is not the end of the content. */
        Sleep(MOMENT);
        if (noted || GetLastError() == ERROR_OPERATION_ABORTED) {
            errno = EINTR;
            return -1;
        }
    }
    return got;
}

int write_all(int file, const void *data, size_t size)
{
    enum { MOST = 1 << 20, MOST_OF_CONSOLE = 8192 };
    unsigned most = file_is_terminal(file) ? MOST_OF_CONSOLE : MOST;
    const char *rest = data;
    while (size > 0 && !noted) {
        DWORD written = 0;
        if (!WriteFile(handle_of(file), rest, at_most(size, most), &written, NULL))
            return errno_of(GetLastError());
        rest += written;
        size -= written;
    }
    return 0;
}

/* The system removes it when the last one closes it. */
struct temporary temporary_open(void)
{
    struct temporary temporary = {-1, 0, NULL, NULL};
    wchar_t directory[MAX_PATH + 1] = L"", name[MAX_PATH + 1] = L"";
    HANDLE handle = INVALID_HANDLE_VALUE;
    if (GetTempPathW(MAX_PATH + 1, directory) && GetTempFileNameW(directory, L"cos", 0, name))
        handle = CreateFileW(name, GENERIC_READ | GENERIC_WRITE | DELETE,
                             FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                             TRUNCATE_EXISTING,
                             FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    temporary.name = narrow(*name ? name : directory);
    temporary.open_path = copy_of(temporary.name);
    if (handle != INVALID_HANDLE_VALUE)
        temporary.file = _open_osfhandle((intptr_t)handle, _O_BINARY);
    if (temporary.file < 0)
        temporary.error = errno_of(GetLastError());
    return temporary;
}

void temporary_close(struct temporary *temporary)
{
    if (temporary->file >= 0)
        _close(temporary->file);
    free(temporary->open_path);
    free(temporary->name);
}
