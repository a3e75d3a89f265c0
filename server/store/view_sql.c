/* The statements of a view: the fragments of sql/view.sql, composed once for each number of parameters. */
#include <pthread.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/must.h"
#include "store_sql.h"
#include "view_internal.h"

const size_t view_sizes[VIEW_SIZES] = {1, 4, 8, 16, 32, 128};

static const char *const arms[FAMILY_COUNT] = {
    [FAMILY_LOCKED] = sql_view_arm_locked,
    [FAMILY_WHOLE] = sql_view_arm_whole,
    [FAMILY_UNIQUE] = sql_view_arm_unique,
    [FAMILY_UNIQUE_PROBE] = sql_view_arm_unique_probe,
    [FAMILY_MEMBER_LOCKED] = sql_view_arm_member_locked,
    [FAMILY_MEMBER] = sql_view_arm_member,
    [FAMILY_NARROW] = sql_view_arm_narrow,
    [FAMILY_GROUPS] = sql_view_arm_groups,
    [FAMILY_MEMBERSHIP] = sql_view_arm_membership,
    [FAMILY_MEMBERS_SHOWN] = sql_view_arm_members_shown,
    [FAMILY_MEMBERS] = sql_view_arm_members,
    [FAMILY_MANAGED] = sql_view_arm_managed,
};

static struct {
    pthread_once_t once;
    struct arena arena;
    const char *text[FAMILY_COUNT][VIEW_SIZES][2];
} composed = {.once = PTHREAD_ONCE_INIT};

static void add_expanded(struct buf *out, const char *fragment, size_t parameters)
{
    const char *mark = strstr(fragment, "?*");
    must(mark);
    buf_add(out, slice_of(fragment, (size_t)(mark - fragment)));
    for (size_t i = 0; i < parameters; i++)
        buf_add_str(out, i ? ",?" : "?");
    buf_add_str(out, mark + 2);
}

static const char *compose(const char *fragment, size_t parameters, bool with_token)
{
    struct buf text;
    buf_init(&text, 64 * 1024);
    /* Parentheses on every arm: without them FOR UPDATE would be an error, or lock the last arm alone. The token comes
     * behind: its plain read opens the statement's snapshot, and a row that was waited for behind a snapshot is refused
     * (1020, innodb_snapshot_isolation). */
    buf_add_str(&text, with_token ? "(" : "");
    add_expanded(&text, fragment, parameters);
    if (with_token) {
        buf_add_str(&text, ") UNION ALL (");
        buf_add_str(&text, sql_view_arm_token);
        buf_add_str(&text, ")");
    }
    must(!text.overflowed);
    const char *copy = arena_copy(&composed.arena, buf_slice(&text));
    buf_fini(&text);
    return copy;
}

static void compose_all(void)
{
    arena_init(&composed.arena);
    for (size_t size = 0; size < VIEW_SIZES; size++) {
        for (size_t family = 0; family < FAMILY_COUNT; family++) {
            composed.text[family][size][0] = compose(arms[family], view_sizes[size], false);
            composed.text[family][size][1] = compose(arms[family], view_sizes[size], true);
        }
    }
}

const char *view_sql(enum view_family family, size_t size_class, bool with_token)
{
    pthread_once(&composed.once, compose_all);
    return composed.text[family][size_class][with_token];
}

const char *view_sql_token(void) { return sql_view_arm_token; }
