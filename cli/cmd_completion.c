/* completion. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "print.h"

static void print_name(char letter, const char *name, const char *value, const char *help, void *user)
{
    (void)letter, (void)value, (void)help, (void)user;
    printf(" --%s", name);
}

static void print_names_of(const struct command *command)
{
    each_option_name(command->options, print_name, NULL);
    each_option_name(COMMON_OPTIONS, print_name, NULL);
}

static void print_commands(void)
{
    int i;
    for (i = 0; COMMANDS[i]; i++)
        printf(" %s", COMMANDS[i]->name);
    printf(" help");
}

/* A case of the shell for each command, which sets the variable `options`. */
static void print_cases(const char *before, const char *after)
{
    int i;
    for (i = 0; COMMANDS[i]; i++) {
        if (COMMANDS[i] == &COMPLETION)
            continue; /* it has words of its own */
        printf("    %s) options%s", COMMANDS[i]->name, before);
        print_names_of(COMMANDS[i]);
        printf("%s ;;\n", after);
    }
}

/* A word may have colons and blanks in it, at which readline begins new words, but not within quotes. So the
 * word is taken from the line, and what readline leaves in front of the last colon is taken away again. Names
 * are offered as operands, with a backslash before what may have a meaning; which of these backslashes are
 * typed already makes no difference. */
static const char BASH_START[] =
    "# Completion of cos for bash: eval \"$(cos completion bash)\"\n"
    "_cos_remote() {\n"
    "    case $1 in\n"
    "        cos://*/*) cos ls -T 5 -R 0 -- \"$1\" 2>/dev/null | sed 's/[*?\\[]/\\\\&/g' |\n"
    "            while IFS= read -r found; do printf '%s\\n' \"${1%/*}/$found\"; done ;;\n"
    "        *) cos buckets -T 5 -R 0 2>/dev/null ;;\n"
    "    esac\n"
    "}\n"
    "\n"
    "_cos() {\n"
    "    local rest=${COMP_LINE:0:COMP_POINT} word='' command='' options='' name i quoted=''\n"
    "    COMPREPLY=()\n"
    "    if [[ ${rest##*[\\\"\\']} == cos:* ]]; then\n"
    "        quoted=1 word=${rest##*[\\\"\\']} rest=''\n"
    "    fi\n"
    "    while [ -n \"$rest\" ]; do\n"
    "        name=${rest##*[[:space:]]} rest=${rest%\"${rest##*[[:space:]]}\"} word=$name$word\n"
    "        [[ $rest == *\\\\[[:space:]] ]] || break\n"
    "        word=${rest: -1}$word rest=${rest%?}\n"
    "    done\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in -*) ;; *) command=${COMP_WORDS[i]}; break ;; esac\n"
    "    done\n"
    "    case $command in\n"
    "    '') options='";
static const char BASH_END[] =
    "    completion) options='bash zsh fish' ;;\n"
    "    esac\n"
    "    case $word in\n"
    "    cos:*)\n"
    "        # shellcheck disable=SC2162 # what is behind a backslash is meant\n"
    "        [ -n \"$quoted\" ] || IFS= read word <<<\"$word\"\n"
    "        while IFS= read -r name; do\n"
    "            [[ ${name//\\\\/} == \"${word//\\\\/}\"* ]] || continue\n"
    "            if [ -z \"$quoted\" ]; then\n"
    "                name=$(printf %q \"${name#\"${word%\"${word##*:}\"}\"}\")\n"
    "            fi\n"
    "            COMPREPLY+=(\"$name\")\n"
    "        done < <(_cos_remote \"$word\")\n"
    "        compopt -o nospace ;;\n"
    "    -*)\n"
    "        while IFS= read -r name; do COMPREPLY+=(\"$name\"); done \\\n"
    "            < <(compgen -W \"$options\" -- \"$word\") ;;\n"
    "    *)\n"
    "        if [ -z \"$command\" ] || [ \"$command\" = help ] || [ \"$command\" = completion ]; then\n"
    "            while IFS= read -r name; do COMPREPLY+=(\"$name\"); done \\\n"
    "                < <(compgen -W \"$options\" -- \"$word\")\n"
    "        fi ;;\n"
    "    esac\n"
    "}\n"
    "complete -o default -F _cos cos\n";

static void print_bash(void)
{
    fputs(BASH_START, stdout);
    print_commands();
    each_option_name(COMMON_OPTIONS, print_name, NULL);
    fputs("' ;;\n    help) options='man", stdout);
    print_commands();
    fputs("' ;;\n", stdout);
    print_cases("='", "'");
    fputs(BASH_END, stdout);
}

/* A text within single quotes of zsh or fish. */
static void print_quoted(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
}

static const char ZSH_END[] =
    "    completion) options=(bash zsh fish) ;;\n"
    "    esac\n"
    "    case $word in\n"
    "    -*) compadd -- $options ;;\n"
    "    cos://*/*)\n"
    "        names=(${(f)\"$(cos ls -T 5 -R 0 -- $word 2>/dev/null | sed 's/[*?\\[]/\\\\&/g')\"})\n"
    "        compadd -S '' -- ${word%/*}/${^names} ;;\n"
    "    c|co|cos|cos:*)\n"
    "        names=(${(f)\"$(cos buckets -T 5 -R 0 2>/dev/null)\"})\n"
    "        compadd -S '' -- $names\n"
    "        _files ;;\n"
    "    *) if [[ $command == (help|completion) ]]; then compadd -- $options; else _files; fi ;;\n"
    "    esac\n"
    "}\n"
    "if [[ $funcstack[1] == _cos ]]; then _cos \"$@\"; else compdef _cos cos; fi\n";

static void print_zsh(void)
{
    int i;
    fputs("#compdef cos\n# Completion of cos for zsh: eval \"$(cos completion zsh)\" behind compinit\n"
          "_cos() {\n    local -a commands options names\n    local word=${(Q)PREFIX} command\n"
          "    commands=(\n",
          stdout);
    for (i = 0; COMMANDS[i]; i++) {
        printf("        '%s:", COMMANDS[i]->name);
        print_quoted(in_language(COMMANDS[i]->summary));
        printf("'\n");
    }
    fputs("    )\n    command=${${(@)words[2,CURRENT-1]:#-*}[1]}\n"
          "    if [[ -z $command && $word != -* ]]; then\n"
          "        _describe command commands\n        return\n    fi\n"
          "    case $command in\n    '') options=(", stdout);
    each_option_name(COMMON_OPTIONS, print_name, NULL);
    fputs(") ;;\n    help) options=(man", stdout);
    print_commands();
    fputs(") ;;\n", stdout);
    print_cases("=(", ")");
    fputs(ZSH_END, stdout);
}

static const char FISH_START[] =
    "# Completion of cos for fish: cos completion fish | source\n"
    "function __cos_word\n"
    "    set -l word (commandline -ct)\n"
    "    string unescape -- $word; or string unescape -- $word'\"'; or string unescape -- $word\"'\"\n"
    "end\n"
    "function __cos_remote\n"
    "    set -l word (__cos_word)\n"
    "    if string match -q 'cos://*/*' -- $word\n"
    "        set -l folder (string replace -r '[^/]*$' '' -- $word)\n"
    "        for name in (cos ls -T 5 -R 0 -- $word 2>/dev/null | sed 's/[*?\\[]/\\\\\\\\&/g')\n"
    "            echo $folder$name\n"
    "        end\n"
    "    else\n"
    "        cos buckets -T 5 -R 0 2>/dev/null\n"
    "    end\n"
    "end\n"
    "complete -c cos -n \"string match -q 'cos:*' -- (__cos_word)\" -f -a '(__cos_remote)'\n"
    "complete -c cos -n '__fish_seen_subcommand_from help' -f -a 'man help'\n"
    "complete -c cos -n __fish_use_subcommand -f -a help -d 'show help'\n"
    "complete -c cos -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n";

static void print_fish_option(char letter, const char *name, const char *value, const char *help,
                              void *user)
{
    printf("complete -c cos -n '__fish_seen_subcommand_from %s' -l %s", (const char *)user, name);
    if (letter)
        printf(" -s %c", letter);
    if (value)
        printf(" -r");
    printf(" -d '");
    print_quoted(in_language(help));
    printf("'\n");
}

static void print_fish(void)
{
    int i;
    fputs(FISH_START, stdout);
    for (i = 0; COMMANDS[i]; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s", COMMANDS[i]->name);
        printf("complete -c cos -n __fish_use_subcommand -f -a %s -d '", name);
        print_quoted(in_language(COMMANDS[i]->summary));
        printf("'\n");
        printf("complete -c cos -n '__fish_seen_subcommand_from help' -f -a %s\n", name);
        each_option_name(COMMANDS[i]->options, print_fish_option, name);
        each_option_name(COMMON_OPTIONS, print_fish_option, name);
    }
}

static enum status run_completion(char **words, int count)
{
    (void)count;
    if (strcmp(words[0], "bash") == 0)
        print_bash();
    else if (strcmp(words[0], "zsh") == 0)
        print_zsh();
    else if (strcmp(words[0], "fish") == 0)
        print_fish();
    else
        return usage("%s: it takes bash, zsh or fish", words[0]);
    return DONE;
}

const struct command COMPLETION = {
    .name = "completion",
    .operands = "bash|zsh|fish",
    .options = "",
    .least = 1,
    .most = 1,
    .is_offline = 1,
    .run_words = run_completion,
    .summary = "print what makes a shell complete the command",
    .details =
        "Commands, options, and names at the service, which it asks for.\n",
    .examples =
        "  eval \"$(cos completion bash)\"      in ~/.bashrc\n"
        "  eval \"$(cos completion zsh)\"       in ~/.zshrc, behind compinit\n"
        "  cos completion fish | source       in ~/.config/fish/config.fish\n",
};
