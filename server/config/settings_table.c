#include "settings_table.h"

#include <stddef.h>

const struct setting config_settings[] = {
#define GROUP(title) {.kind = SETTING_GROUP, .help = (title)},
#define TEXT_SETTING(field, value, flag_, variable_, executables_, help_)                                              \
    {.kind = SETTING_TEXT,                                                                                             \
     .help = (help_),                                                                                                  \
     .flag = (flag_),                                                                                                  \
     .variable = (variable_),                                                                                          \
     .executables = (executables_),                                                                                    \
     .offset = offsetof(struct settings, field),                                                                       \
     .text_default = (value)},
#define NUMBER_SETTING(field, value, min, max, flag_, variable_, executables_, help_)                                  \
    {.kind = SETTING_NUMBER,                                                                                           \
     .help = (help_),                                                                                                  \
     .flag = (flag_),                                                                                                  \
     .variable = (variable_),                                                                                          \
     .executables = (executables_),                                                                                    \
     .offset = offsetof(struct settings, field),                                                                       \
     .number_default = (value),                                                                                        \
     .minimum = (min),                                                                                                 \
     .maximum = (max)},
#include "config/settings.def"
#undef GROUP
#undef TEXT_SETTING
#undef NUMBER_SETTING
};

const size_t config_setting_count = sizeof config_settings / sizeof config_settings[0];

bool config_group_is_for(size_t index, enum config_executable executable)
{
    for (size_t i = index + 1; i < config_setting_count && config_settings[i].kind != SETTING_GROUP; i++)
        if (config_setting_is_for(&config_settings[i], executable))
            return true;
    return false;
}
