/* The statements of a view: an arm of sql/view.sql behind the rows it joins, composed when first needed, once for each
 * number of rows.
 *
 *   WITH wanted(d, s, k) AS (VALUES (…), …), presented(d, k) AS (VALUES (…), …)
 *   (the family's arm) UNION ALL (the arm of the tokens)
 *
 * Measured as fast as `id IN (…)` of one directory, and it serves all directories of a batch at once. The casts give
 * the columns types that the indexes know; a parameter alone has none. */
#include <pthread.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/must.h"
#include "store_sql.h"
#include "view_internal.h"

const size_t view_sizes[VIEW_SIZES] = {1, 4, 8, 16, 32, 128};
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
    [FAMILY_TOKENS] = {NULL, NULL},
};

static struct {
    pthread_mutex_t mutex;
    struct arena arena;
    const char *text[FAMILY_COUNT][VIEW_SIZES][VIEW_TOKEN_SIZES];
} composed = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void add_rows(struct buf *out, const char *name, const char *row, size_t count)
{
    buf_printf(out, "%s AS (VALUES ", name);
    for (size_t i = 0; i < count; i++) {
        buf_add_str(out, i ? "," : "");
        buf_add_str(out, row);
    }
    buf_add_str(out, ")");
}

/* Parentheses on every arm: without them FOR UPDATE would be an error, or lock the last arm alone. The tokens come
 * behind: their plain read opens the statement's snapshot, and a row that was waited for behind a snapshot is refused
 * (1020, innodb_snapshot_isolation). */
static void add_arm(struct buf *out, const char *arm)
{
    buf_add_str(out, "(");
    buf_add_str(out, arm);
    buf_add_str(out, ")");
}

static const char *compose(enum view_family family, size_t rows, size_t tokens)
{
    struct buf text;
    buf_init(&text, 64 * 1024);
    buf_add_str(&text, "WITH ");
    if (family != FAMILY_TOKENS)
        add_rows(&text, "wanted(d, s, k)", families[family].row, rows);
    if (tokens) {
        buf_add_str(&text, family != FAMILY_TOKENS ? ", " : "");
        add_rows(&text, "presented(d, k)", "(" ID "," ID ")", tokens);
    }
    buf_add_str(&text, " ");
    if (family != FAMILY_TOKENS)
        add_arm(&text, families[family].arm);
    if (tokens) {
        buf_add_str(&text, family != FAMILY_TOKENS ? " UNION ALL " : "");
        add_arm(&text, sql_view_arm_token);
    }
    must(!text.overflowed);
    const char *copy = arena_copy(&composed.arena, buf_slice(&text));
    buf_fini(&text);
    return copy;
}

const char *view_sql(enum view_family family, size_t size_class, size_t token_class)
{
    pthread_mutex_lock(&composed.mutex);
    const char **text = &composed.text[family][size_class][token_class];
    if (!*text)
        *text = compose(family, view_sizes[size_class], view_token_sizes[token_class]);
    const char *found = *text;
    pthread_mutex_unlock(&composed.mutex);
    return found;
}
