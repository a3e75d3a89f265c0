#include "nearest.h"

#include "settings_table.h"

enum { LONGEST = 64 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein distance; both at most LONGEST characters. */
static size_t edits(struct slice from, struct slice to)
{
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= to.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= from.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= to.len; j++) {
            size_t above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (from.data[i - 1] != to.data[j - 1]));
            diagonal = above;
        }
    }
    return row[to.len];
}

const char *config_nearest_flag(enum config_executable executable, struct slice flag)
{
    const char *nearest = NULL;
    size_t fewest = 1 + flag.len / 3; /* further away, a guess would only confuse */
    for (size_t i = 0; i < config_setting_count && flag.len <= LONGEST; i++) {
        const struct setting *setting = &config_settings[i];
        if (!config_setting_is_for(setting, executable))
            continue;
        size_t distance = edits(flag, slice_str(setting->flag));
        if (distance <= fewest) {
            nearest = setting->flag;
            fewest = distance > 0 ? distance - 1 : 0;
        }
    }
    return nearest;
}
