/* "Did you mean …?" */
#ifndef CONFIG_NEAREST_H
#define CONFIG_NEAREST_H

#include "config/settings.h"

/* The flag of the executable with the fewest edits to `flag`; NULL when none is near. */
const char *config_nearest_flag(enum config_executable executable, struct slice flag);

#endif
