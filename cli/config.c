/* The account and the place of the service: from a configuration file and the environment. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "options.h"
#include "print.h"
#include "reply.h"
#include "system.h"
#include "text.h"

enum { APPID, SECRET_ID, SECRET_KEY, REGION, API, TOKEN, FIRST_OPTION = API };
enum { N_NEEDED = REGION };

static struct setting {
    const char *name, *variable;
    char *value;
    char *of_profile;     /* what its section says, until that is laid over the others */
    const char *given_as; /* the option or variable that has the value; NULL: the file or an answer */
} settings[] = {
    [APPID] = {"appid", "COS_APPID", NULL, NULL, NULL},
    [SECRET_ID] = {"secret_id", "COS_SECRET_ID", NULL, NULL, NULL},
    [SECRET_KEY] = {"secret_key", "COS_SECRET_KEY", NULL, NULL, NULL},
    [REGION] = {"region", "COS_REGION", NULL, NULL, NULL},
    [API] = {"api", "COS_API", NULL, NULL, NULL}, /* from here on, options of cos_client_new */
    [TOKEN] = {"token", "COS_TOKEN", NULL, NULL, NULL},
    {"scheme", "COS_SCHEME", NULL, NULL, NULL},
    {"hostname", "COS_HOSTNAME", NULL, NULL, NULL},
    {"download_hostname", "COS_DOWNLOAD_HOSTNAME", NULL, NULL, NULL},
    {"ca_file", "COS_CA_FILE", NULL, NULL, NULL},
    {"proxy", "COS_PROXY", NULL, NULL, NULL},
};
enum { N_SETTINGS = sizeof settings / sizeof *settings };

static void replace(char **text, const char *value)
{
    free(*text);
    *text = value ? copy_of(value) : NULL;
}

static void set(struct setting *setting, const char *value, const char *given_as)
{
    replace(&setting->value, value);
    setting->given_as = given_as;
}

static char *trimmed(char *text)
{
    size_t length;
    text += strspn(text, " \t\r\n");
    for (length = strlen(text); length > 0 && strchr(" \t\r\n", text[length - 1]); length--)
        text[length - 1] = '\0';
    return text;
}

/* Takes the quotes from around a value. Returns NULL if one is not closed, or something follows it. */
static char *unquoted(char *value)
{
    size_t length = strlen(value);
    if (*value != '"' && *value != '\'')
        return value;
    if (length < 2 || strchr(value + 1, *value) != value + length - 1)
        return NULL;
    value[length - 1] = '\0';
    return value + 1;
}

/* The name of the section that counts besides the lines above all sections, or NULL. */
const char *profile(void)
{
    return option(PROFILE) ? option(PROFILE) : environment("COS_PROFILE");
}

/* Where in the file a line is. */
struct section {
    int is_none;    /* whether it is above all sections */
    int of_profile; /* whether it is in that of the profile */
    int was_found;  /* that of the profile, so far */
};

/* Takes a line with the name of a section. Returns whether it is one. */
static int enter_section(char *line, struct section *section)
{
    size_t length = strlen(line);
    char *name;
    if (line[length - 1] != ']')
        return 0;
    line[length - 1] = '\0';
    name = trimmed(line + 1);
    section->is_none = 0;
    section->of_profile = profile() && strcmp(name, profile()) == 0;
    section->was_found = section->was_found || section->of_profile;
    return *name != '\0';
}

static void take(struct setting *setting, const char *value, const struct section *section)
{
    if (section->of_profile)
        replace(&setting->of_profile, value);
    else if (section->is_none)
        set(setting, value, NULL);
}

/* Reads a line, which it changes. Returns whether it is NAME = VALUE, [NAME], a comment or blank. */
static int read_setting(char *line, struct section *section)
{
    char *name = trimmed(line), *equals = strchr(name, '='), *value;
    int i;
    if (*name == '\0' || *name == '#')
        return 1;
    if (*name == '[')
        return enter_section(name, section);
    if (!equals)
        return 0;
    *equals = '\0';
    name = trimmed(name);
    value = unquoted(trimmed(equals + 1));
    for (i = 0; i < N_SETTINGS && value; i++) {
        if (strcmp(name, settings[i].name) == 0) {
            take(&settings[i], value, section);
            return 1;
        }
    }
    return 0;
}

/* Whether the file has the section of the profile. */
static int has_profile;

/* Reads the lines of a text, which it changes. */
static enum status read_lines(const char *path, char *text)
{
    static const char MARK[] = "\xef\xbb\xbf"; /* some editors begin every UTF-8 text with it */
    struct section section = {1, 0, 0};
    int number;
    if (strncmp(text, MARK, sizeof MARK - 1) == 0)
        text += sizeof MARK - 1;
    for (number = 1; text; number++) {
        char *line = text;
        text = strchr(line, '\n');
        if (text)
            *text++ = '\0';
        if (!read_setting(line, &section)) /* the line is not shown: it may hold a secret */
            return wrong("%s:%d: this is not NAME = VALUE with a name from cos help", path, number);
    }
    has_profile = section.was_found;
    return DONE;
}

/* The largest file that is taken for a configuration. */
enum { LARGEST = 65536 };

static enum status read_text(const char *path, char *text, size_t length)
{
    if (length == LARGEST)
        return wrong("%s: this is too large to be a configuration", path);
    if (memchr(text, '\0', length))
        return wrong("%s: this is not UTF-8 text, but perhaps UTF-16; save it as UTF-8", path);
    return read_lines(path, text);
}

/* How reading the configuration file ended. */
struct reading {
    enum status status;
    const char *problem; /* with a file that is there and that nobody named; else NULL */
};

/* Reads what fits into `text`. Returns how much that is, or -1 with errno set. */
static long read_whole(int file, char *text)
{
    long length = 0, got = 1;
    while (got > 0 && length < LARGEST) {
        got = read_some(file, text + length, (size_t)(LARGEST - length));
        length += got > 0 ? got : 0;
    }
    return got < 0 ? -1 : length;
}

/* A file that somebody named has to be one that can be read. */
static struct reading read_file(const char *path, int is_named)
{
    static char text[LARGEST + 1];
    struct reading reading = {DONE, NULL};
    enum path_kind kind = path_kind(path);
    /* Opening a pipe could make the program wait. */
    int may_open = is_named || kind == PATH_FILE || kind == PATH_MISSING;
    int file = may_open ? open_to_read(path) : -1;
    long length = file >= 0 ? read_whole(file, text) : -1;
    if (length >= 0)
        reading.status = read_text(path, text, (size_t)length);
    else if (is_named)
        reading.status = cannot_use(path);
    else if (!may_open)
        reading.problem = "this is not a file";
    else if (kind != PATH_MISSING || errno != ENOENT)
        reading.problem = strerror(errno);
    if (file >= 0 && kind == PATH_FILE && others_can_read(path))
        complain("warning: others can read %s; %s keeps the secret", path, CONFIG_CLOSED_BY);
    if (file >= 0)
        close_file(file);
    return reading;
}

static const char *in_profile(const struct setting *setting)
{
    return setting->of_profile;
}

static const char *in_environment(const struct setting *setting)
{
    return environment(setting->variable);
}

/* Lays values over those that are known. A token belongs to the keys that it came with, and not to others. */
static void lay_over(const char *value_of(const struct setting *), int are_variables)
{
    int i;
    if (value_of(&settings[SECRET_ID]))
        set(&settings[TOKEN], NULL, NULL);
    for (i = 0; i < N_SETTINGS; i++) {
        const char *value = value_of(&settings[i]);
        if (value)
            set(&settings[i], value, are_variables ? settings[i].variable : NULL);
    }
}

char *config_path(void)
{
    const char *named = option('c') ? option('c') : environment("COS_CONFIG");
    return named ? copy_of(named) : default_config_path();
}

/* Reads the file and the environment, whose variables win, but not over a profile that the command line
   names: who asks for an account must not get another. The other options win over all. */
static struct reading read_all(const char *path, int must_exist)
{
    struct reading reading = read_file(path, must_exist);
    if (!option(PROFILE))
        lay_over(in_profile, 0);
    lay_over(in_environment, 1);
    if (option(PROFILE))
        lay_over(in_profile, 0);
    if (option(REGION_GIVEN))
        set(&settings[REGION], option(REGION_GIVEN), "--region");
    if (option('a'))
        set(&settings[API], option('a'), "--api");
    return reading;
}

static enum status read_settings(void)
{
    char *path = config_path();
    struct reading reading = read_all(path, option('c') || environment("COS_CONFIG"));
    const char *problem = reading.problem;
    enum status status = reading.status;
    int i;
    if (status == DONE && profile() && !has_profile)
        status = wrong("%s has no section [%s]; cos config --profile %s makes one", path, profile(),
                       profile());
    for (i = 0; i < N_NEEDED && status == DONE; i++) {
        if (!settings[i].value)
            status = wrong("no %s: set %s, or write %s = ... into %s%s%s", settings[i].name,
                           settings[i].variable, settings[i].name, path, problem ? ": " : "",
                           problem ? problem : "");
    }
    free(path);
    return status;
}

enum status read_known_settings(const char *path)
{
    return read_all(path, 0).status;
}

const char *setting(const char *name)
{
    int i;
    for (i = 0; i < N_SETTINGS; i++) {
        if (strcmp(settings[i].name, name) == 0)
            return settings[i].value;
    }
    return NULL;
}

void change_setting(const char *name, const char *value)
{
    int i;
    for (i = 0; i < N_SETTINGS; i++) {
        if (strcmp(settings[i].name, name) == 0)
            set(&settings[i], value, NULL);
    }
}

/* What a value was given as, for the setting that the library calls so. */
static const char *origin_of(const char *name)
{
    int i;
    for (i = 0; i < N_SETTINGS; i++) {
        if (name && settings[i].given_as && strcmp(settings[i].name, name) == 0)
            return settings[i].given_as;
    }
    return NULL;
}

static enum status append_setting(char **options, const struct setting *setting)
{
    enum status status = DONE;
    char *value = quoted(setting->value);
    if (is_utf8(setting->value))
        append(options, ",\"%s\":%s", setting->name, value);
    else if (setting->given_as)
        status = wrong("%s must be valid UTF-8", setting->given_as);
    else
        status = wrong("configuration: %s must be valid UTF-8", setting->name);
    free(value);
    return status;
}

static struct configured new_client(const char *options)
{
    struct configured configured = {DONE, NULL, NULL, NULL};
    char *json;
    int code = cos_client_new(settings[APPID].value, settings[SECRET_ID].value,
                              settings[SECRET_KEY].value, settings[REGION].value, options,
                              &configured.client, &json);
    if (code != COS_OK) {
        char *message = cos_json_string(json, "/message");
        char *argument = cos_json_string(json, "/error/argument");
        const char *origin = origin_of(argument);
        print_reply(json);
        if (origin) /* the message begins with the argument */
            complain("%s%s (%s, %d)", origin, message + strlen(argument), cos_code_name(code), code);
        else
            complain("configuration: %s (%s, %d)", message, cos_code_name(code), code);
        cos_string_free(argument);
        cos_string_free(message);
    }
    configured.status = status_of(code, json);
    configured.appid = copy_of(settings[APPID].value);
    cos_string_free(json);
    return configured;
}

struct configured client_from_settings(void)
{
    struct configured configured = {DONE, NULL, NULL, NULL};
    char *options = formatted("{\"user_agent\":\"cos/%s\"", cos_version());
    int i;
    append_option(&options, "retries", 'R', 1);
    append_option(&options, "timeout_ms", 'T', 1000);
    for (i = FIRST_OPTION; i < N_SETTINGS; i++) {
        if (settings[i].value && append_setting(&options, &settings[i]) != DONE)
            configured.status = WRONG;
    }
    append(&options, "}");
    if (configured.status == DONE)
        configured = new_client(options);
    free(options);
    return configured;
}

struct configured client_from_config(void)
{
    struct configured configured = {read_settings(), NULL, NULL, NULL}, other;
    if (configured.status == DONE)
        configured = client_from_settings();
    if (configured.client && option(SOURCE_REGION) && speaks_xml(configured.client)) {
        set(&settings[REGION], option(SOURCE_REGION), "--source-region");
        change_setting("api", "v5"); /* for the short names of regions, too */
        other = client_from_settings();
        configured.status = other.status;
        configured.at_source = other.client;
        free(other.appid);
    }
    forget_settings();
    return configured;
}

void forget_settings(void)
{
    int i;
    for (i = 0; i < N_SETTINGS; i++) {
        set(&settings[i], NULL, NULL);
        replace(&settings[i].of_profile, NULL);
    }
}
