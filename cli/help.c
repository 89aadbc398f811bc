/* What cos help prints. */
#include "help.h"

#include <stdio.h>

#include "options.h"
#include "system.h"

static const char CONFIGURATION[] =
    "\nConfiguration: a file with lines NAME = VALUE, without quotes, and lines of comments that\n"
    "begin with #, at --config,\n"
    "%s, the first that is given.\n"
    "Variables of the environment win: COS_APPID for appid, and so on.\n"
    "\n"
    "  appid, secret_id, secret_key   the account\n"
    "  token                          what came with temporary keys\n"
    "  region                         ap-shanghai or another region's name; short names such as sh\n"
    "                                 are those of the JSON API\n"
    "  api                            v4, the JSON API, or v5, the XML API, whatever the region\n"
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
    "  %s\n";

static void print_help_of(const struct command *command)
{
    printf("usage: cos %s [OPTION...] %s\n\n%s", command->name, command->operands,
           command->details);
    if (*command->options)
        printf("\nOptions:\n");
    print_options(command->options);
}

static void print_help_of_all(void)
{
    int i;
    printf("usage: cos COMMAND [OPTION...] ARGUMENT...\n\n"
           "Files and folders of Tencent COS. cos://BUCKET/PATH is a file, cos://BUCKET/PATH/ a\n"
           "folder, anything else local. BUCKET may have -APPID at its end.\n\nCommands; cos help COMMAND tells more:\n");
    for (i = 0; COMMANDS[i]; i++)
        printf("  %-6s  %s\n", COMMANDS[i]->name, COMMANDS[i]->summary);
    printf("\nOptions of every command:\n");
    print_options(COMMON_OPTIONS);
    printf(CONFIGURATION, CONFIG_PLACES);
    printf(EXIT_CODES, INTERRUPTED_CODES);
}

void print_help(const struct command *command)
{
    if (command)
        print_help_of(command);
    else
        print_help_of_all();
}
