#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "obs/log.h"

#ifndef ROLLCALL_VERSION
#define ROLLCALL_VERSION "0.1.0"
#endif

static const struct command commands[] = {
    {"serve", "serve the admin API (what it does without a command)", command_serve},
    {"migrate", "bring the database to this version's schema", command_migrate},
    {"pepper", "make the pepper file, which tokens and keys are hashed with", command_pepper},
    {"operator-key", "make the operator key and print it once; --another: although there is one", command_operator_key},
    {"settings-markdown", "print docs/settings.md", command_settings_markdown},
};

static int show_help(void)
{
    struct buf help;
    buf_init(&help, 1 << 20);
    buf_add_str(&help, "rollcall-admin [COMMAND] [SETTING...]\n\nCommands\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        buf_printf(&help, "  %-20s %s\n", commands[i].name, commands[i].help);
    buf_add_str(&help, "  --help, --version\n");
    settings_help(ADMIN, &help);
    fwrite(help.data, 1, help.len, stdout);
    buf_fini(&help);
    return 0;
}

/* Takes a word out of argv; false when it is not there. */
static bool take_word(int *argc, char **argv, const char *word)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], word) != 0)
            continue;
        memmove(&argv[i], &argv[i + 1], sizeof *argv * (size_t)(*argc - i));
        --*argc;
        return true;
    }
    return false;
}

static const struct command *find_command(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "serve";
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static bool set_up_log(const struct settings *settings, struct err *err)
{
    enum log_level level;
    if (!log_level_parse(settings->log_level, &level))
        return err_set(err, ERR_INVALID_VALUE, "--log-level must be debug, info, warn or error");
    log_open(STDERR_FILENO, level);
    return true;
}

int main(int argc, char **argv)
{
    if (take_word(&argc, argv, "--help") || take_word(&argc, argv, "-h"))
        return show_help();
    if (take_word(&argc, argv, "--version"))
        return puts("rollcall-admin " ROLLCALL_VERSION) < 0;

    struct settings settings;
    struct err err = ERR_INIT;
    bool another = take_word(&argc, argv, "--another");
    if (!settings_load(ADMIN, &argc, argv, &settings, &err) || !set_up_log(&settings, &err)) {
        command_fail(&err);
        return 2;
    }
    const struct command *command = argc <= 2 ? find_command(argc, argv) : NULL;
    if (!command) {
        fprintf(stderr, "rollcall-admin: unknown command \"%s\"; see --help\n", argv[argc > 2 ? 2 : 1]);
        return 2;
    }
    return command->run(&settings, another);
}
