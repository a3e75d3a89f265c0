#include "store/inside.h"

#include "base/must.h"
#include "rules_cache.h"
#include "store_sql.h"
#include "worker.h"

/* The bits of auth/scope.h that tokens of a directory have: all of them. */
enum { EVERY_SCOPE = 15 };

static struct view_token *enter_directory(struct view *view, struct directory_id directory)
{
    struct known_key key = {.kind = KNOWN_TOKEN, .directory = directory};
    struct known *known = view_enter(view, &key);
    known->token = arena_new(&view->arena, struct view_token);
    known->is_known = true;
    return known->token;
}

/* The gate is waited for: whoever changes the rules has committed when it opens. */
static bool admit(struct view *view, struct db *db, struct directory_id directory, struct err *err)
{
    const struct db_value id = db_id(&directory.id), *row;
    if (!db_query_one(db, sql_inside_directory, &id, 1, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "There is no such directory.");
    struct view_token *token = enter_directory(view, directory);
    *token = (struct view_token){.directory = directory, .is_inside = true, .live = true, .scopes = EVERY_SCOPE};
    token->state = (enum view_directory_state)row[0].integer;
    db_id_out(&row[1], &token->organization.id);
    token->nests_groups = row[2].integer;
    token->revision = (uint32_t)row[3].integer;
    token->has_vendor_users = row[4].integer;
    token->has_departed = row[5].integer;
    if (!rules_of_directory(db, directory, token->revision, &token->rules, err))
        return false;
    view_hold_rules(view, token->rules);
    return true;
}

bool store_inside_run(struct db *db, struct directory_id directory, struct job *const *jobs, size_t count,
                      struct err *err)
{
    must(count > 0 && count <= INSIDE_MOST_JOBS);
    struct batch batch = {.count = count, .in_order = true};
    memcpy(batch.jobs, jobs, count * sizeof(*jobs));
    struct view view = {.looks_ahead = false};
    view_init(&view, true);
    bool done = admit(&view, db, directory, err) && batch_decide(&batch, &view, db, err) &&
                (!view_is_dirty(&view) || view_flush(&view, db, err));
    view_fini(&view);
    return done;
}
