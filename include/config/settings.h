/* Settings: one table (settings.def) gives flags, environment variables, --help and the page in docs/. */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum config_executable { SERVER = 1, ADMIN = 2, BOTH = SERVER | ADMIN };

struct settings { /* texts are "" when unset; they live as long as the process */
#define GROUP(title)
#define TEXT_SETTING(field, value, flag, variable, executables, help)             const char *field;
#define NUMBER_SETTING(field, value, min, max, flag, variable, executables, help) uint64_t field;
#include "config/settings.def"
#undef GROUP
#undef TEXT_SETTING
#undef NUMBER_SETTING
};

/* Reads the environment (an empty variable counts as unset), then the flags (--flag value or --flag=value). Words that
 * are no flag, --help, -h and --version stay in argv, in order, and *argc is their number (argv[0] included).
 * ERR_INVALID_VALUE names the flag or variable and what is allowed, for an unknown flag the nearest one. */
MUST_CHECK bool settings_load(enum config_executable executable, int *argc, char **argv, struct settings *settings_out,
                              struct err *err);

void settings_help(enum config_executable executable, struct buf *out);     /* for --help */
void settings_markdown(enum config_executable executable, struct buf *out); /* for docs/settings.md */

#endif
