/* settings.def as rows, for the loader and the two ways of showing it. */
#ifndef CONFIG_SETTINGS_TABLE_H
#define CONFIG_SETTINGS_TABLE_H

#include "config/settings.h"

enum setting_kind { SETTING_GROUP, SETTING_TEXT, SETTING_NUMBER };

struct setting {
    enum setting_kind kind;
    const char *help; /* of a group: its title; then nothing below is set */
    const char *flag, *variable;
    unsigned executables;
    size_t offset; /* of its field in struct settings */
    const char *text_default;
    uint64_t number_default, minimum, maximum;
};

extern const struct setting config_settings[];
extern const size_t config_setting_count;

static inline bool config_setting_is_for(const struct setting *setting, enum config_executable executable)
{
    return (setting->executables & (unsigned)executable) != 0;
}

/* Has the group at this index any setting for the executable? */
bool config_group_is_for(size_t index, enum config_executable executable);

#endif
