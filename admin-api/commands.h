/* What rollcall-admin does beside serving. */
#ifndef ADMIN_COMMANDS_H
#define ADMIN_COMMANDS_H

#include "auth/token.h"
#include "config/settings.h"
#include "store/db.h"

struct command {
    const char *name, *help;
    int (*run)(const struct settings *settings, bool another); /* returns an exit status */
};

const struct command *command_find(const char *name); /* NULL: there is none */
void commands_help(struct buf *out);

int command_verify_audit(const struct settings *settings, bool another); /* 3: a chain is broken */
int command_trim_audit(const struct settings *settings, bool another);

/* From --pepper-file. ERR_INVALID_VALUE, ERR_UNAVAILABLE. */
MUST_CHECK struct auth_peppers *command_peppers(const struct settings *settings, struct err *err);

/* Tells the operator why the process ends. Returns 1. */
int command_fail(const struct err *err);

#endif
