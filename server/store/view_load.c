/* Loading what a batch wants: one statement for each family of rows, for all directories together; the tokens go with
 * the first of them, so that a credential is checked in the same round trip as the first read. */
#include <stdlib.h>

#include "base/must.h"
#include "row.h"
#include "rules_cache.h"
#include "view_statement.h"

/* The columns of view_arm_token, in the places that row.h gives to a resource's. */
enum {
    TOKEN_STATE = ROW_TYPE,
    TOKEN_ORGANIZATION = ROW_ID,
    TOKEN_SCOPES = ROW_VERSION,
    TOKEN_FLAGS =
        ROW_CREATED_MS, /* 1: live; its directory 2: nests groups, 4: has vendor users, 8: has departed ones */
    TOKEN_LAST_USED_MS = ROW_MODIFIED_MS,
    TOKEN_PEPPER = ROW_OPEN_BRACES,
    TOKEN_HASH = ROW_UNIQUE_KEY,
    TOKEN_ID = ROW_EXTERNAL_KEY,
    TOKEN_USER = ROW_MANAGER_ID,
    TOKEN_REVISION = ROW_MANAGER_KNOWN,
};

static void token_read(const struct db_value *row, struct directory_id directory, struct view_token *token)
{
    db_id_out(&row[TOKEN_ID], &token->id.id);
    token->directory = directory;
    db_id_out(&row[TOKEN_ORGANIZATION], &token->organization.id);
    token->state = (enum view_directory_state)row[TOKEN_STATE].integer;
    token->scopes = (unsigned)row[TOKEN_SCOPES].integer;
    token->live = row[TOKEN_FLAGS].integer & 1;
    token->nests_groups = row[TOKEN_FLAGS].integer & 2;
    token->has_vendor_users = row[TOKEN_FLAGS].integer & 4;
    token->has_departed = row[TOKEN_FLAGS].integer & 8;
    token->has_user = row[TOKEN_USER].kind != DB_NULL;
    if (token->has_user)
        db_id_out(&row[TOKEN_USER], &token->user.id);
    token->last_used_ms = row[TOKEN_LAST_USED_MS].integer;
    token->pepper_version = (unsigned)row[TOKEN_PEPPER].integer;
    must(row[TOKEN_HASH].bytes.len == sizeof(token->hash));
    memcpy(token->hash, row[TOKEN_HASH].bytes.data, sizeof(token->hash));
    token->revision = (uint32_t)row[TOKEN_REVISION].integer;
}

static void take_token(struct view *view, struct directory_id directory, const struct db_value *row)
{
    struct view_token *token = arena_new(&view->arena, struct view_token);
    token_read(row, directory, token);
    struct known_key key = {.kind = KNOWN_TOKEN, .directory = directory, .id = token->id.id};
    view_enter(view, &key)->token = token;
}

/* When the tokens' result has been read: on a miss this is a statement more on the same connection. */
static bool load_rules(struct view *view, struct db *db, struct known *const *tokens, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        struct view_token *token = tokens[i]->token;
        if (!token)
            continue;
        if (!rules_of_directory(db, token->directory, token->revision, &token->rules, err))
            return false;
        view_hold_rules(view, token->rules);
        view->guards |= token->rules && token->rules->policy.guard.enabled;
    }
    return true;
}

/* Enters a loaded row, unless the batch has changed it meanwhile: then what the batch knows is newer. */
static struct known *take_resource(struct view *view, struct directory_id directory, const struct db_value *row,
                                   enum view_depth depth)
{
    struct view_resource *loaded = arena_new(&view->arena, struct view_resource);
    row_read(row, &view->arena, loaded);
    struct known_key key = {.kind = KNOWN_RESOURCE, .type = loaded->type, .directory = directory, .id = loaded->id.id};
    struct known *known = view_enter(view, &key);
    if (known->staged || (known->is_known && known->depth == VIEW_WHOLE))
        return known;
    known->row = loaded;
    known->depth = depth;
    known->existed = known->exists = true;
    known->is_known = true;
    return known;
}

static void take_ref(struct view *view, const struct known_key *key, const struct db_value *row, bool of_member)
{
    struct scim_group_ref ref = {.type = of_member ? (uint16_t)2 : (uint16_t)row[ROW_TYPE].integer};
    db_id_out(&row[of_member ? ROW_MANAGER_ID : ROW_ID], &ref.id.id);
    ref.display = arena_slice(&view->arena, row[ROW_DISPLAY].bytes);
    struct known *known = view_find(view, key);
    must(known);
    view_ref_add(view, &known->refs, ref);
}

static void take_holder(struct view *view, const struct known_key *key, struct known *holder)
{
    struct known *known = view_find(view, key);
    must(known);
    if (!known->staged) /* the batch may have given it away meanwhile */
        known->holder = holder;
}

/* Where a manager would be told stands which key it is. */
static void take_match(struct view *view, struct directory_id directory, const struct db_value *row)
{
    struct db_value plain[ROW_COLUMN_COUNT];
    memcpy(plain, row, sizeof(plain));
    plain[ROW_MANAGER_KNOWN] = db_integer(0);
    plain[ROW_MANAGER_DISPLAY] = db_null();
    struct known_key key = {.kind = KNOWN_MATCHES,
                            .directory = directory,
                            .type = (uint16_t)row[ROW_TYPE].integer,
                            .code = (uint16_t)row[ROW_MANAGER_KNOWN].integer,
                            .text = row[ROW_MANAGER_DISPLAY].bytes};
    bool too_large = row[ROW_DOCUMENT].kind == DB_NULL;
    view_take_match(view, key, too_large ? NULL : take_resource(view, directory, plain, VIEW_WHOLE));
}

/* A probe tells who holds a key and nothing more about it. */
static struct known *probed_holder(struct view *view, struct directory_id directory, const struct db_value *row)
{
    struct known_key key = {.kind = KNOWN_RESOURCE, .type = (uint16_t)row[ROW_TYPE].integer, .directory = directory};
    db_id_out(&row[ROW_ID], &key.id);
    return view_enter(view, &key);
}

static void take_membership(struct view *view, struct known_key key, const struct db_value *row)
{
    key.kind = KNOWN_MEMBERSHIP;
    key.type = 0;
    db_id_out(&row[ROW_MANAGER_ID], &key.second);
    struct known *known = view_find(view, &key);
    must(known);
    if (known->staged)
        return;
    known->existed = known->exists = true;
    known->member_type = (uint16_t)row[ROW_TYPE].integer;
}

/* One row of a family's arm. */
static void take_row(struct view *view, enum view_family family, struct directory_id directory,
                     const struct db_value *row)
{
    struct known_key key = {.directory = directory, .type = (uint16_t)row[ROW_TYPE].integer};
    db_id_out(&row[ROW_ID], &key.id);
    switch (family) {
    case FAMILY_LOCKED:
    case FAMILY_WHOLE:
        take_resource(view, directory, row, VIEW_WHOLE);
        return;
    case FAMILY_NARROW:
        take_resource(view, directory, row, VIEW_NARROW);
        return;
    case FAMILY_UNIQUE:
    case FAMILY_UNIQUE_PROBE:
        key.kind = KNOWN_UNIQUE;
        key.id = (struct id){0};
        key.text = row[ROW_UNIQUE_KEY].bytes;
        take_holder(view, &key,
                    family == FAMILY_UNIQUE ? take_resource(view, directory, row, VIEW_WHOLE)
                                            : probed_holder(view, directory, row));
        return;
    case FAMILY_VALUE:
    case FAMILY_EXTERNAL:
    case FAMILY_VALUES:
    case FAMILY_EXTERNALS:
        take_match(view, directory, row);
        return;
    case FAMILY_MEMBER:
    case FAMILY_MEMBER_LOCKED:
        key.kind = KNOWN_MEMBER;
        key.type = 0;
        take_holder(view, &key, take_resource(view, directory, row, VIEW_NARROW));
        return;
    case FAMILY_GROUPS:
        key.kind = KNOWN_GROUPS;
        take_ref(view, &key, row, true);
        return;
    case FAMILY_MEMBERSHIP:
        take_membership(view, key, row);
        return;
    case FAMILY_MEMBERS_SHOWN:
    case FAMILY_MEMBERS:
        key.kind = KNOWN_MEMBERS;
        key.type = 0;
        db_id_out(&row[ROW_MANAGER_ID], &key.id);
        take_ref(view, &key, row, false);
        return;
    case FAMILY_MANAGED:
        key.kind = KNOWN_MANAGED;
        key.type = 0;
        if (id_from_uuid(row[ROW_UNIQUE_KEY].bytes, true, &key.id))
            take_ref(view, &key, row, false);
        return;
    case FAMILY_ABOVE:
    case FAMILY_TOKENS:
    case FAMILY_COUNT:
        break;
    }
    must(family == FAMILY_COUNT); /* a family without rows */
}

/* A row that was known in part and has gone before it was loaded whole. */
static bool has_gone(const struct known *known)
{
    return known->key.kind == KNOWN_RESOURCE && !known->staged && known->depth != VIEW_WHOLE &&
           (known->family == FAMILY_LOCKED || known->family == FAMILY_WHOLE);
}

static void settle(struct known *known)
{
    known->wanted = false;
    known->is_known = true;
    if (has_gone(known)) {
        known->row = NULL;
        known->existed = known->exists = false;
    }
    if (known->key.kind == KNOWN_MEMBERS)
        known->depth = known->family == FAMILY_MEMBERS_SHOWN ? VIEW_WHOLE : VIEW_NARROW;
    view_refs_sort(&known->refs);
}

/* The order of a round: tokens first, then by family; within it by directory and id, so that two batches lock rows in
 * the same order. */
static int compare_wanted(const void *a, const void *b)
{
    const struct known *left = *(struct known *const *)a, *right = *(struct known *const *)b;
    bool left_token = left->key.kind == KNOWN_TOKEN, right_token = right->key.kind == KNOWN_TOKEN;
    if (left_token != right_token)
        return left_token ? -1 : 1;
    if (left->family != right->family)
        return left->family < right->family ? -1 : 1;
    int order = id_compare(&left->key.directory.id, &right->key.directory.id);
    if (order)
        return order;
    if (left->key.type != right->key.type)
        return left->key.type < right->key.type ? -1 : 1;
    if (left->key.code != right->key.code)
        return left->key.code < right->key.code ? -1 : 1;
    order = id_compare(&left->key.second, &right->key.second);
    return order ? order : id_compare(&left->key.id, &right->key.id);
}

static bool run_statement(struct view *view, struct db *db, const char *sql, const struct view_parameters *parameters,
                          enum view_family family, struct view_gates *gates, size_t *found_out, struct err *err)
{
    *found_out = 0;
    struct db_rows *rows = db_query(db, sql, parameters->values, parameters->count, err);
    if (!rows)
        return false;
    const struct db_value *row;
    while ((row = db_next(rows))) {
        struct directory_id directory;
        db_id_out(&row[1], &directory.id);
        if (row[0].integer == 0)
            take_token(view, directory, row + 2);
        else if (row[0].integer == 2)
            view_take_gate(gates, directory, row + 2);
        else {
            take_row(view, family, directory, row + 2);
            ++*found_out;
        }
    }
    return db_rows_end(rows, err);
}

struct round { /* what is left to load, in order */
    struct known **list;
    size_t count;
    struct known **tokens;
    size_t token_count;
    bool closed; /* some gate was */
};

static struct known **take_tokens(struct round *round, size_t *count_out)
{
    struct known **tokens = round->tokens;
    *count_out = round->token_count < VIEW_MOST_TOKENS ? round->token_count : VIEW_MOST_TOKENS;
    round->tokens += *count_out;
    round->token_count -= *count_out;
    return tokens;
}

/* As many entries of the family at the head as the largest statement takes. */
static size_t run_length(const struct round *round, size_t *rows_out)
{
    size_t count = 0;
    *rows_out = 0;
    size_t most = round->count && view_sql_has_arms(round->list[0]->family) ? VIEW_MOST_ARMS : VIEW_MOST_ROWS;
    while (count < round->count && round->list[count]->family == round->list[0]->family &&
           *rows_out + view_rows_of(round->list[count]) <= most)
        *rows_out += view_rows_of(round->list[count++]);
    return count;
}

static void settle_all(struct known **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        settle(list[i]);
}

/* Its statement is none that tokens go with: those come before it, by themselves if need be. */
static bool is_above(const struct round *round)
{
    return round->count && round->list[0]->family == FAMILY_ABOVE && !round->token_count;
}

/* Some key took the room of the others: they stay in the round, and each will be asked for by itself. */
static bool is_crowded(const struct view_statement *statement, size_t found)
{
    bool together = statement->family == FAMILY_VALUES || statement->family == FAMILY_EXTERNALS;
    return together && found >= VIEW_MOST_TOGETHER;
}

/* The next statement of the round. */
static bool load_next(struct view *view, struct db *db, struct round *round, struct err *err)
{
    if (is_above(round)) {
        size_t taken;
        if (!view_above_load(view, db, round->list, round->count, &taken, err))
            return false;
        settle_all(round->list, taken);
        round->list += taken;
        round->count -= taken;
        return true;
    }
    struct view_statement statement = {.list = round->list};
    if (!(round->count && round->list[0]->family == FAMILY_ABOVE))
        statement.count = run_length(round, &statement.rows);
    statement.tokens = take_tokens(round, &statement.token_count);
    view_statement_make(view, &statement);

    struct view_parameters parameters;
    struct view_gates gates = {.count = 0};
    view_statement_parameters(view, &statement, &parameters);
    const char *sql =
        view_sql(view->writes, statement.family, statement.listed, statement.size_class, statement.token_class);
    size_t found;
    if (!run_statement(view, db, sql, &parameters, statement.family, &gates, &found, err) ||
        !load_rules(view, db, statement.tokens, statement.token_count, err))
        return false;
    settle_all(statement.tokens, statement.token_count);
    if (is_crowded(&statement, found)) {
        view_forget_matches(statement.list, statement.count);
        statement.count = 0;
    }
    settle_all(statement.list, statement.count);
    round->closed |= !view_pass_gates(view, &gates, statement.tokens, statement.token_count);
    round->list += statement.count;
    round->count -= statement.count;
    return true;
}

bool view_load(struct view *view, struct db *db, struct err *err)
{
    struct round round = {.list = view->wanted, .count = view->wanted_count};
    view->wanted = NULL;
    view->wanted_count = view->wanted_capacity = 0;
    if (round.count > 1)
        qsort(round.list, round.count, sizeof(struct known *), compare_wanted);
    round.tokens = round.list;
    while (round.token_count < round.count && round.list[round.token_count]->key.kind == KNOWN_TOKEN)
        round.token_count++;
    round.list += round.token_count;
    round.count -= round.token_count;
    while (round.count + round.token_count > 0)
        if (!load_next(view, db, &round, err))
            return false;
    if (round.closed)
        view_wait_for_gates(view);
    return true;
}
