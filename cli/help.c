/* What cos help prints. */
#include "help.h"

#include <cos.h>
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "print.h"
#include "system.h"

static const char SUMMARY[] =
    "Files and folders of Tencent COS. cos://BUCKET/PATH is a file, cos://BUCKET/PATH/ a\n"
    "folder, anything else local. BUCKET may have -APPID at its end. In PATH, a backslash takes\n"
    "the meaning from the character behind it: '\\*' is a star.\n";

static const char CONFIGURATION[] =
    "A file with lines NAME = VALUE, with or without quotes around the value, and lines of comments\n"
    "that begin with #, at --config, %s,\n"
    "the first that is given; cos config writes it. Lines behind [NAME] are the profile of that name:\n"
    "--profile or COS_PROFILE choose it, and it adds to the lines above the first one. Variables of\n"
    "the environment win, COS_APPID for appid, and so on, but not over --profile.\n";

static const char SETTINGS[] =
    "  appid, secret_id, secret_key   the account\n"
    "  token                          what came with temporary keys\n"
    "  region                         such as ap-shanghai, or sh and the like\n"
    "                                 for the JSON API\n"
    "  api                            v4, the JSON API, or v5, the XML API\n"
    "  scheme                         https or http\n"
    "  hostname, download_hostname    another access point: host[:port]\n"
    "  ca_file                        PEM file of certificates to trust, too\n"
    "  proxy                          http://[user:password@]host:port\n";

static const char EXIT_CODES[] =
    "    0  success\n"
    "    1  refused, or another failure that trying again does not cure\n"
    "    2  wrong usage or configuration, or a problem with a local file\n"
    "    3  no such file, folder or bucket\n"
    "    4  network trouble or overload: trying again may help\n"
    "  %s\n";

static const char OUTPUT[] =
    "A line for each file that was copied, moved or deleted, unless -q is given; what failed is on the\n"
    "standard error. Bars and colours are for terminals alone; with NO_COLOR there are no colours.\n"
    "Messages are in Chinese if LC_ALL, LC_MESSAGES or LANG say so.\n";

static void print_option(const char *text, const char *help, void *user)
{
    (void)user;
    printf("  %-25s  %s\n", text, in_language(help));
}

static void print_help_of(const struct command *command)
{
    printf(in_language("usage: cos %s [OPTION...] %s\n\n%s"), command->name, command->operands,
           in_language(command->details));
    if (*command->options)
        printf("\n%s\n", in_language("Options:"));
    each_option(command->options, print_option, NULL);
    if (command->examples)
        printf("\n%s\n%s", in_language("Examples:"), command->examples);
}

static void print_help_of_all(void)
{
    int i;
    printf(in_language("usage: cos COMMAND [OPTION...] ARGUMENT...\n\n%s"), in_language(SUMMARY));
    printf("\n%s\n", in_language("Commands; cos help COMMAND tells more:"));
    for (i = 0; COMMANDS[i]; i++)
        printf("  %-10s  %s\n", COMMANDS[i]->name, in_language(COMMANDS[i]->summary));
    printf("\n%s\n", in_language("Options of every command:"));
    each_option(COMMON_OPTIONS, print_option, NULL);
    printf("\n%s\n", in_language("Output:"));
    fputs(in_language(OUTPUT), stdout);
    printf("\n%s\n", in_language("Configuration:"));
    printf(in_language(CONFIGURATION), CONFIG_PLACES);
    printf("\n%s", in_language(SETTINGS));
    printf("\n%s\n", in_language("Exit codes:"));
    printf(in_language(EXIT_CODES), INTERRUPTED_CODES);
}

void print_help(const struct command *command)
{
    if (command)
        print_help_of(command);
    else
        print_help_of_all();
}

/* A piece of text for roff, of which nothing is a command. */
static void put(const char *text, size_t length)
{
    size_t i;
    if (length > 0 && (*text == '.' || *text == '\''))
        fputs("\\&", stdout);
    for (i = 0; i < length; i++) {
        if (text[i] == '\\')
            fputs("\\e", stdout);
        else if (text[i] == '-')
            fputs("\\-", stdout);
        else if (text[i] == '\'')
            fputs("\\(aq", stdout);
        else
            putchar(text[i]);
    }
    putchar('\n');
}

static size_t blanks(const char *text)
{
    return strspn(text, " ");
}

/* Text whose lines with blanks in front stay as they are. What follows a title needs no `.PP`. */
static void put_text(const char *text, int follows_title)
{
    int is_literal = 0, is_new = !follows_title;
    while (*text) {
        size_t length = strcspn(text, "\n");
        int literal = blanks(text) > 0;
        if (literal != is_literal) {
            puts(literal ? (follows_title ? ".nf" : ".PP\n.nf") : ".fi");
            is_new = !literal;
        }
        is_literal = literal;
        follows_title = 0;
        if (length > 0 && is_new && !literal)
            puts(".PP");
        is_new = length == 0;
        if (length > 0)
            put(text, length);
        text += length + (text[length] == '\n');
    }
    if (is_literal)
        puts(".fi");
}

static void put_option(const char *text, const char *help, void *user)
{
    (void)user;
    puts(".TP");
    printf(".B ");
    put(text + blanks(text), strlen(text) - blanks(text));
    put(help, strlen(help));
}

/* A format with one argument, as text. */
static void put_filled(const char *format, const char *value)
{
    char text[2048];
    snprintf(text, sizeof text, format, value);
    put_text(text, 1);
}

void print_manual(void)
{
    int i;
    printf(".TH COS\\-TOOL 1 \"2026-11-27\" \"cos %s\" \"\"\n.SH NAME\ncos\\-tool, cos \\- files and folders of "
           "Tencent COS\n.SH SYNOPSIS\n.B cos\n.I COMMAND\n[OPTION...]\n.I ARGUMENT...\n"
           ".SH DESCRIPTION\n",
           cos_version());
    put_text(SUMMARY, 1);
    puts(".SH COMMANDS");
    for (i = 0; COMMANDS[i]; i++) {
        printf(".SS \"cos %s [OPTION...] ", COMMANDS[i]->name);
        printf("%s\"\n", COMMANDS[i]->operands);
        put(COMMANDS[i]->summary, strlen(COMMANDS[i]->summary));
        put_text(COMMANDS[i]->details, 0);
        each_option(COMMANDS[i]->options, put_option, NULL);
        if (COMMANDS[i]->examples)
            put_text(COMMANDS[i]->examples, 0);
    }
    puts(".SH OPTIONS\nOf every command:");
    each_option(COMMON_OPTIONS, put_option, NULL);
    puts(".SH OUTPUT");
    put_text(OUTPUT, 1);
    puts(".SH FILES");
    put_filled(CONFIGURATION, CONFIG_PLACES);
    put_text(SETTINGS, 0);
    puts(".SH EXIT STATUS");
    put_filled(EXIT_CODES, INTERRUPTED_CODES);
}
