/* What rollcall-admin does beside serving. Each returns an exit status. */
#ifndef ADMIN_COMMANDS_H
#define ADMIN_COMMANDS_H

#include "config/settings.h"
#include "store/db.h"

struct command {
    const char *name, *help;
    int (*run)(const struct settings *settings, bool another);
};

int command_serve(const struct settings *settings, bool another);
int command_migrate(const struct settings *settings, bool another);
int command_pepper(const struct settings *settings, bool another);
int command_operator_key(const struct settings *settings, bool another);
int command_settings_markdown(const struct settings *settings, bool another);

struct db_settings command_database(const struct settings *settings);
/* Tells the operator why a command ends. Returns 1. */
int command_fail(const struct err *err);

#endif
