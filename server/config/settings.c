#include "config/settings.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/num.h"
#include "nearest.h"
#include "settings_table.h"

static const char **text_field(struct settings *settings, const struct setting *setting)
{
    return (const char **)((char *)settings + setting->offset);
}

static uint64_t *number_field(struct settings *settings, const struct setting *setting)
{
    return (uint64_t *)((char *)settings + setting->offset);
}

static void set_defaults(struct settings *settings)
{
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        if (setting->kind == SETTING_TEXT)
            *text_field(settings, setting) = setting->text_default;
        else if (setting->kind == SETTING_NUMBER)
            *number_field(settings, setting) = setting->number_default;
    }
}

/* source: the flag or the variable, for the message. */
static bool set_value(struct settings *settings, const struct setting *setting, const char *source, const char *value,
                      struct err *err)
{
    if (setting->kind == SETTING_TEXT) {
        *text_field(settings, setting) = value;
        return true;
    }
    uint64_t number;
    if (!num_parse_uint(slice_str(value), setting->minimum, setting->maximum, &number))
        return err_set(err, ERR_INVALID_VALUE, "%s must be a whole number from %" PRIu64 " to %" PRIu64 ", not \"%s\"",
                       source, setting->minimum, setting->maximum, value);
    *number_field(settings, setting) = number;
    return true;
}

static bool read_environment(enum config_executable executable, struct settings *settings, struct err *err)
{
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        if (!config_setting_is_for(setting, executable))
            continue;
        const char *value = getenv(setting->variable);
        if (value && *value && !set_value(settings, setting, setting->variable, value, err))
            return false;
    }
    return true;
}

static const struct setting *find_flag(enum config_executable executable, struct slice flag)
{
    for (size_t i = 0; i < config_setting_count; i++)
        if (config_setting_is_for(&config_settings[i], executable) &&
            slice_equals(slice_str(config_settings[i].flag), flag))
            return &config_settings[i];
    return NULL;
}

static bool refuse_flag(enum config_executable executable, struct slice flag, struct err *err)
{
    const char *nearest = config_nearest_flag(executable, flag);
    if (nearest)
        return err_set(err, ERR_INVALID_VALUE, "unknown flag %.*s; did you mean %s?", (int)flag.len, flag.data,
                       nearest);
    return err_set(err, ERR_INVALID_VALUE, "unknown flag %.*s; see --help", (int)flag.len, flag.data);
}

static bool is_flag(const char *word)
{
    struct slice text = slice_str(word);
    return slice_starts_with(text, SLICE_LITERAL("--")) && !slice_equals(text, SLICE_LITERAL("--help")) &&
           !slice_equals(text, SLICE_LITERAL("--version"));
}

/* The flag at argv[*at], with its value; *at moves to the last word it took. */
static bool read_flag(enum config_executable executable, int argc, char **argv, int *at, struct settings *settings,
                      struct err *err)
{
    const char *word = argv[*at], *equals = strchr(word, '=');
    struct slice flag = slice_of(word, equals ? (size_t)(equals - word) : strlen(word));
    const struct setting *setting = find_flag(executable, flag);
    if (!setting)
        return refuse_flag(executable, flag, err);
    if (!equals && *at + 1 == argc)
        return err_set(err, ERR_INVALID_VALUE, "%s needs a value", setting->flag);
    return set_value(settings, setting, setting->flag, equals ? equals + 1 : argv[++*at], err);
}

bool settings_load(enum config_executable executable, int *argc, char **argv, struct settings *settings_out,
                   struct err *err)
{
    set_defaults(settings_out);
    if (!read_environment(executable, settings_out, err))
        return false;
    int kept = 0;
    for (int at = 0; at < *argc; at++) {
        if (at == 0 || !is_flag(argv[at]))
            argv[kept++] = argv[at];
        else if (!read_flag(executable, *argc, argv, &at, settings_out, err))
            return false;
    }
    argv[kept] = NULL;
    *argc = kept;
    return true;
}
