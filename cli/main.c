/* cos: files and folders of Tencent COS from the command line, with nothing but cos.h.
 *
 *     cos cp report.pdf cos://mybucket/docs/
 *
 * `cos help` tells the rest. This file reads the command line and runs the command that it names. */
#include <cos.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "command.h"
#include "config.h"
#include "help.h"
#include "items.h"
#include "match.h"
#include "options.h"
#include "print.h"
#include "reply.h"
#include "suggest.h"
#include "system.h"
#include "text.h"
#include "watch.h"

const struct command *const COMMANDS[] = {
    &CP,  &MV,     &SYNC, &RM,  &LS,      &TREE,  &DU,     &FIND,       &BUCKETS, &CAT, &HEAD,
    &STAT, &EXISTS, &SET,  &MKDIR, &SIGN, &RESTORE, &ABORT, &CONFIG, &COMPLETION, NULL};

static const struct command *command_called(const char *name)
{
    int i;
    for (i = 0; COMMANDS[i]; i++) {
        if (strcmp(COMMANDS[i]->name, name) == 0)
            return COMMANDS[i];
    }
    return NULL;
}

/* What other programs call these commands. */
static const char *const OTHER_NAMES[][2] = {
    {"upload", "cp"}, {"download", "cp"}, {"copy", "cp"}, {"put", "cp"},
    {"get", "cp"}, {"move", "mv"}, {"rename", "mv"}, {"delete", "rm"},
    {"remove", "rm"}, {"list", "ls"}, {"dir", "ls"}, {"info", "stat"},
    {"presign", "sign"}, {"signurl", "sign"}, {"mirror", "sync"}, {"configure", "config"},
};

static enum status no_such_command(const char *name)
{
    struct suggestion best = {0};
    int i;
    for (i = 0; i < (int)(sizeof OTHER_NAMES / sizeof *OTHER_NAMES); i++) {
        if (strcmp(OTHER_NAMES[i][0], name) == 0)
            return usage("there is no command %s; did you mean %s?", name, OTHER_NAMES[i][1]);
    }
    for (i = 0; COMMANDS[i]; i++)
        suggest(&best, name, COMMANDS[i]->name);
    suggest(&best, name, "help");
    return best.word ? usage("there is no command %s; did you mean %s?", name, best.word)
                     : usage("there is no command %s", name);
}

/* Whether the command takes the options that were given and so many operands. */
static enum status check_usage(const struct command *command, int count)
{
    char *outside = option_outside(command->options);
    if (outside) {
        enum status status = usage("it takes no %s", outside);
        free(outside);
        return status;
    }
    if (count < command->least || (command->most && count > (command->most < 0 ? 0 : command->most)))
        return *command->operands ? usage("it takes %s", command->operands)
                                  : usage("it takes no operands");
    return DONE;
}

/* Runs the command for what matches a pattern. */
static enum status run_matching(const struct command *command, const cos_client *client,
                                const struct place *pattern)
{
    struct items items = {0};
    struct place folder;
    enum status status = find_matching(client, pattern, command->is_silent ? MAY_BE_MISSING : 0,
                                       &folder, &items);
    size_t i;
    for (i = 0; i < items.count; i++) {
        struct place place = place_of(formatted("%s%s", folder.text, items.list[i].path));
        enum status this_one = command->run_each(client, &place);
        status = status != DONE ? status : this_one;
        place_free(&place);
    }
    place_free(&folder);
    items_free(&items);
    return status;
}

static enum status run_place(const struct command *command, const cos_client *client,
                             const struct place *place)
{
    if (!place->bucket)
        return usage("%s does not begin with cos://", place->text);
    if (place->is_pattern && command->patterns == EACH_MATCH)
        return run_matching(command, client, place);
    return command->run_each(client, place);
}

/* Goes on after a failure; the first one gives the exit code. */
static enum status run_each(const struct command *command, const cos_client *client,
                            const struct place *places, int count)
{
    enum status status = DONE;
    int i;
    for (i = 0; i < count && !stops(); i++) {
        enum status this_one = run_place(command, client, &places[i]);
        status = status != DONE ? status : this_one;
    }
    return status;
}

static enum status run_with_client(const struct command *command, const cos_client *client,
                                   const struct place *places, int count)
{
    if (count == 0)
        return command->run_alone(client);
    if (command->run_each)
        return run_each(command, client, places, count);
    return command->run(client, places, count);
}

/* Whether it copies from one bucket to another. */
static int is_between_buckets(const struct command *command, const struct place *places, int count)
{
    const char *from = count > 0 ? places[0].bucket : NULL;
    const char *to = count > 0 ? places[count - 1].bucket : NULL;
    return strchr(command->options, SOURCE_REGION) && from && to && strcmp(from, to) != 0;
}

static enum status run(const struct command *command, struct place *places, int count)
{
    struct configured configured = client_from_config();
    cos_transfer *stop = checked(cos_transfer_new());
    cos_client *client = NULL, *at_source = NULL;
    enum status status = configured.status;
    int i;
    set_stop(stop);
    for (i = 0; i < count && status == DONE; i++)
        place_without_appid(&places[i], configured.appid);
    if (status == DONE)
        cos_client_with_transfer(configured.client, stop, &client, NULL);
    if (client && configured.at_source)
        cos_client_with_transfer(configured.at_source, stop, &at_source, NULL);
    set_client_at_source(at_source);
    set_has_two_buckets(is_between_buckets(command, places, count));
    if (client)
        status = run_with_client(command, client, places, count);
    cos_client_free(client);
    cos_client_free(at_source);
    cos_client_free(configured.client);
    cos_client_free(configured.at_source);
    cos_transfer_free(stop);
    free(configured.appid);
    return status;
}

static enum status run_with_operands(const struct command *command, char **operands, int count)
{
    struct place *places = checked(calloc((size_t)count + 1, sizeof *places));
    enum status status = DONE;
    int i;
    for (i = 0; i < count; i++) {
        int may_be_pattern =
            command->patterns && !(command->patterns == SOURCE_PATTERNS && i == count - 1);
        places[i] = place_of_operand(copy_of(operands[i]), may_be_pattern);
        if (!place_is_valid(&places[i]))
            status = usage("\"%s\": a local path or cos://BUCKET/PATH is wanted", operands[i]);
    }
    if (status == DONE)
        status = run(command, places, count);
    for (i = 0; i < count; i++)
        place_free(&places[i]);
    free(places);
    return status;
}

/* Does what the command line asks for. */
static enum status dispatch(int argc, char **argv)
{
    struct words words = read_options(argc, argv);
    const struct command *command = NULL;
    enum status status = words.status;
    int asks_help;
    if (status != DONE)
        return status;
    if (words.count > 0)
        command = command_called(words.list[0]);
    if (command)
        set_command_name(command->name);
    status = settle_options(command ? command->options : "");
    asks_help = option(HELP) != NULL;
    if (status != DONE)
        return status;
    if (option('V'))
        return printf("cos %s\n", cos_version()) > 0 ? DONE : WRONG;
    if (words.count > 0 && strcmp(words.list[0], "help") == 0) {
        asks_help = 1;
        words.list++;
        words.count--;
        if (words.count > 0 && strcmp(words.list[0], "man") == 0) {
            print_manual();
            return DONE;
        }
        if (words.count > 0 && strcmp(words.list[0], "help") == 0)
            words.count = 0; /* all there is */
    }
    if (words.count > 0) {
        set_command_name(NULL);
        command = command_called(words.list[0]);
        if (!command)
            return no_such_command(words.list[0]);
        set_command_name(command->name);
    }
    if (asks_help) {
        print_help(command);
        return DONE;
    }
    if (!command)
        return usage("a command is missing");
    status = check_usage(command, words.count - 1);
    if (status == DONE && command->is_offline)
        return command->run_words(words.list + 1, words.count - 1);
    return status != DONE ? status : run_with_operands(command, words.list + 1, words.count - 1);
}

int main(int argc, char **argv)
{
    enum status status;
    if (system_start(&argc, &argv) != 0)
        return WRONG;
    if (cos_abi_version() != COS_ABI_VERSION) {
        complain("libcos %s is not the one this was compiled for", cos_version());
        return WRONG;
    }
    status = dispatch(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        end_if_broken_pipe(errno);
        set_command_name(NULL);
        complain("the standard output could not be written");
        status = status != DONE ? status : WRONG;
    }
    if (left_undone())
        end_if_interrupted();
    return (int)status;
}
