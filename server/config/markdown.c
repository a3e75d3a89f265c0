#include <inttypes.h>

#include "settings_table.h"

static const char *readers(const struct setting *setting)
{
    switch (setting->executables) {
    case SERVER:
        return "server";
    case ADMIN:
        return "admin";
    default:
        return "both";
    }
}

/* A table cell: "|" would end it. */
static void add_cell(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            buf_add_char(out, '\\');
        buf_add_char(out, *text);
    }
}

static void add_row(struct buf *out, const struct setting *setting)
{
    buf_printf(out, "| `%s` | `%s` | %s | ", setting->flag, setting->variable, readers(setting));
    if (setting->kind == SETTING_NUMBER)
        buf_printf(out, "%" PRIu64 " | %" PRIu64 " to %" PRIu64 " | ", setting->number_default, setting->minimum,
                   setting->maximum);
    else if (*setting->text_default)
        buf_printf(out, "`%s` | text | ", setting->text_default);
    else
        buf_add_str(out, "none | text | ");
    add_cell(out, setting->help);
    buf_add_str(out, " |\n");
}

void settings_markdown(enum config_executable executable, struct buf *out)
{
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        if (setting->kind == SETTING_GROUP && config_group_is_for(i, executable))
            buf_printf(out,
                       "\n## %s\n\n| flag | variable | read by | default | allowed | meaning |\n"
                       "|---|---|---|---|---|---|\n",
                       setting->help);
        else if (setting->kind != SETTING_GROUP && config_setting_is_for(setting, executable))
            add_row(out, setting);
    }
}
