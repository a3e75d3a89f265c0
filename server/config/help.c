#include <inttypes.h>

#include "settings_table.h"

enum { WIDTH = 110, TEXT_COLUMN = 34 };

static void fill_to(struct buf *out, size_t *column, size_t target)
{
    for (; *column < target; ++*column)
        buf_add_char(out, ' ');
}

/* One word, on a new line when it would pass the width. */
static void add_word(struct buf *out, size_t *column, struct slice word)
{
    if (*column > TEXT_COLUMN && *column + 1 + word.len > WIDTH) {
        buf_add_char(out, '\n');
        *column = 0;
    }
    fill_to(out, column, *column > TEXT_COLUMN ? *column + 1 : TEXT_COLUMN);
    buf_add(out, word);
    *column += word.len;
}

static void add_paragraph(struct buf *out, size_t *column, const char *text)
{
    struct slice rest = slice_str(text);
    while (rest.len > 0) {
        const char *blank = memchr(rest.data, ' ', rest.len);
        size_t length = blank ? (size_t)(blank - rest.data) : rest.len;
        add_word(out, column, slice_of(rest.data, length));
        rest = slice_skip(rest, blank ? length + 1 : length);
    }
    buf_add_char(out, '\n');
    *column = 0;
}

static void add_origin(struct buf *out, const struct setting *setting)
{
    size_t column = 0;
    fill_to(out, &column, TEXT_COLUMN);
    buf_printf(out, "[%s", setting->variable);
    if (setting->kind == SETTING_NUMBER)
        buf_printf(out, ", default %" PRIu64 ", %" PRIu64 " to %" PRIu64, setting->number_default, setting->minimum,
                   setting->maximum);
    else if (*setting->text_default)
        buf_printf(out, ", default %s", setting->text_default);
    buf_add_str(out, "]\n");
}

static void add_setting(struct buf *out, const struct setting *setting)
{
    const char *value = setting->kind == SETTING_NUMBER ? "NUMBER" : "TEXT";
    buf_printf(out, "  %s %s", setting->flag, value);
    size_t column = 3 + strlen(setting->flag) + strlen(value);
    add_paragraph(out, &column, setting->help);
    add_origin(out, setting);
}

void settings_help(enum config_executable executable, struct buf *out)
{
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        if (setting->kind == SETTING_GROUP && config_group_is_for(i, executable))
            buf_printf(out, "\n%s\n", setting->help);
        else if (setting->kind != SETTING_GROUP && config_setting_is_for(setting, executable))
            add_setting(out, setting);
    }
}
