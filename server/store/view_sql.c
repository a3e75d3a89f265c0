/* The statements of a view: an arm of sql/view.sql with what it is asked for, composed when first needed, once for each
 * number of keys. For one directory:
 *
 *   (SELECT … WHERE r.directory_id = ? AND r.type = ? AND r.id IN (?, …)) UNION ALL (the arm of the tokens)
 *
 * and for many, a third dearer per row, but one statement instead of one for each:
 *
 *   WITH wanted(d, s, k) AS (VALUES (…), …), presented(d, k) AS (VALUES (…), …)
 *   (SELECT … FROM wanted JOIN … WHERE r.directory_id = wanted.d AND …) UNION ALL (the arm of the tokens)
 *
 * One token has a plain arm without `presented`. Where there are tokens, the write lane has the arm of the gates in
 * front. Keys that are limited one by one have an arm each;
 * those of one attribute of one directory are asked for together first (view_statement.c).
 *
 * The casts give the columns types that the indexes know; a parameter alone has none. */
#include <pthread.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/must.h"
#include "store_sql.h"
#include "view_internal.h"

const size_t view_sizes[VIEW_SIZES] = {1, 2, 4, 8, 12, 16, 20, 24, 28, 32, 64, 128};
const size_t view_token_sizes[VIEW_TOKEN_SIZES] = {0, 1, 8, 32};

#define ID   "CAST(? AS BINARY(16))"
#define TYPE "CAST(? AS UNSIGNED)"
#define TEXT "CAST(? AS VARCHAR(700))"

static const struct {
    const char *arm, *row;
} families[FAMILY_COUNT] = {
    [FAMILY_LOCKED] = {sql_view_arm_locked, "(" ID "," TYPE "," ID ")"},
    [FAMILY_WHOLE] = {sql_view_arm_whole, "(" ID "," TYPE "," ID ")"},
    [FAMILY_UNIQUE] = {sql_view_arm_unique, "(" ID "," TYPE "," TEXT ")"},
    [FAMILY_UNIQUE_PROBE] = {sql_view_arm_unique_probe, "(" ID "," TYPE "," TEXT ")"},
    [FAMILY_MEMBER_LOCKED] = {sql_view_arm_narrow_locked, "(" ID "," TYPE "," ID ")"},
    [FAMILY_MEMBER] = {sql_view_arm_narrow, "(" ID "," TYPE "," ID ")"},
    [FAMILY_NARROW] = {sql_view_arm_narrow, "(" ID "," TYPE "," ID ")"},
    [FAMILY_GROUPS] = {sql_view_arm_groups, "(" ID "," TYPE "," ID ")"},
    [FAMILY_MEMBERSHIP] = {sql_view_arm_membership, "(" ID "," ID "," ID ")"},
    [FAMILY_MEMBERS_SHOWN] = {sql_view_arm_members_shown, "(" ID "," TYPE "," ID ")"},
    [FAMILY_MEMBERS] = {sql_view_arm_members, "(" ID "," TYPE "," ID ")"},
    [FAMILY_MANAGED] = {sql_view_arm_managed, "(" ID "," TYPE "," TEXT ")"},
    [FAMILY_VALUES] = {sql_view_arm_values, NULL},
    [FAMILY_EXTERNALS] = {sql_view_arm_externals, NULL},
    [FAMILY_VALUE] = {sql_view_arm_value, NULL},
    [FAMILY_EXTERNAL] = {sql_view_arm_external, NULL},
    [FAMILY_ABOVE] = {NULL, NULL},
    [FAMILY_TOKENS] = {NULL, NULL},
};

static struct {
    pthread_mutex_t mutex;
    struct arena arena;
    const char *text[2][2][FAMILY_COUNT][VIEW_SIZES][VIEW_TOKEN_SIZES];
} composed = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void add_list(struct buf *out, const char *item, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_add_str(out, i ? "," : "");
        buf_add_str(out, item);
    }
}

static void add_rows(struct buf *out, const char *name, const char *row, size_t count)
{
    buf_printf(out, "%s AS (VALUES ", name);
    add_list(out, row, count);
    buf_add_str(out, ")");
}

/* "{match a, b, c}" without its braces and word. */
static void add_match(struct buf *out, struct slice columns, bool listed, size_t count)
{
    static const char *const ends_listed[] = {" = ? AND ", " = ? AND ", " IN ("};
    static const char *const ends_joined[] = {" = wanted.d AND ", " = wanted.s AND ", " = wanted.k"};
    for (size_t i = 0; i < 3; i++) {
        const char *comma = memchr(columns.data, ',', columns.len);
        struct slice column = slice_of(columns.data, comma ? (size_t)(comma - columns.data) : columns.len);
        columns = slice_skip(columns, comma ? column.len + 1 : column.len);
        buf_add(out, slice_trim(column));
        buf_add_str(out, listed ? ends_listed[i] : ends_joined[i]);
    }
    if (listed) {
        add_list(out, "?", count);
        buf_add_str(out, ")");
    }
}

static void add_filled(struct buf *out, const char *arm, bool listed, size_t count)
{
    const char *open;
    for (; (open = strchr(arm, '{')); arm = strchr(open, '}') + 1) {
        struct slice mark = slice_of(open + 1, (size_t)(strchr(open, '}') - open - 1));
        buf_add(out, slice_of(arm, (size_t)(open - arm)));
        if (slice_starts_with(mark, SLICE_LITERAL("match ")))
            add_match(out, slice_skip(mark, strlen("match ")), listed, count);
        else
            buf_add_str(out, listed ? "" : "wanted JOIN");
    }
    buf_add_str(out, arm);
}

static void add_arms(struct buf *out, enum view_family family, bool listed, size_t count)
{
    size_t arms = view_sql_has_arms(family) ? count : 1;
    for (size_t i = 0; i < arms; i++) {
        buf_add_str(out, i ? " UNION ALL (" : " (");
        add_filled(out, families[family].arm, listed, count);
        buf_add_str(out, ")");
    }
}

/* Parentheses on every arm: without them FOR UPDATE would be an error, or lock the last arm alone. The tokens come
 * behind: their plain read opens the statement's snapshot, and a row that was waited for behind a snapshot is refused
 * (1020, innodb_snapshot_isolation). */
static const char *compose(bool writes, enum view_family family, bool listed, size_t count, size_t tokens)
{
    bool joined = family != FAMILY_TOKENS && !listed, many_tokens = tokens > 1;
    struct buf text;
    buf_init(&text, (size_t)64 * 1024);
    buf_add_str(&text, joined || many_tokens ? "WITH " : "");
    if (joined)
        add_rows(&text, "wanted(d, s, k)", families[family].row, count);
    if (many_tokens)
        add_rows(&text, joined ? ", presented(d, k)" : "presented(d, k)", "(" ID "," ID ")", tokens);
    if (writes && tokens)
        buf_printf(&text, " (%s) UNION ALL", many_tokens ? sql_view_arm_gates : sql_view_arm_gate);
    if (family != FAMILY_TOKENS)
        add_arms(&text, family, listed, count);
    if (tokens)
        buf_printf(&text, "%s(%s)", family == FAMILY_TOKENS ? " " : " UNION ALL ",
                   many_tokens ? sql_view_arm_tokens : sql_view_arm_token);
    must(!text.overflowed);
    const char *copy = arena_copy(&composed.arena, buf_slice(&text));
    buf_fini(&text);
    return copy;
}

const char *view_sql(bool writes, enum view_family family, bool listed, size_t size_class, size_t token_class)
{
    pthread_mutex_lock(&composed.mutex);
    const char **text = &composed.text[writes][listed][family][size_class][token_class];
    if (!*text)
        *text = compose(writes, family, listed, view_sizes[size_class], view_token_sizes[token_class]);
    const char *found = *text;
    pthread_mutex_unlock(&composed.mutex);
    return found;
}
