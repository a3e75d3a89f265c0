/* Loading what a batch wants: one statement per directory and family, the token's arm behind the first of them, so that
 * a credential is checked in the same round trip as the first read. */
#include <stdlib.h>

#include "base/must.h"
#include "row.h"
#include "view_internal.h"

enum { TOKEN_PARAMETERS = 2, MOST_PARAMETERS = TOKEN_PARAMETERS + 2 + 128 };

/* The columns of view_arm_token, in the places that row.h gives to a resource's. */
enum {
    TOKEN_STATE = ROW_TYPE,
    TOKEN_ORGANIZATION = ROW_ID,
    TOKEN_SCOPES = ROW_VERSION,
    TOKEN_LIVE = ROW_CREATED_MS,
    TOKEN_LAST_USED_MS = ROW_MODIFIED_MS,
    TOKEN_PEPPER = ROW_OPEN_BRACES,
    TOKEN_POLICY = ROW_DOCUMENT,
    TOKEN_HASH = ROW_UNIQUE_KEY,
    TOKEN_ID = ROW_EXTERNAL_KEY,
};

static bool token_read(const struct db_value *row, struct directory_id directory, struct view_token *token,
                       struct err *err)
{
    db_id_out(&row[TOKEN_ID], &token->id.id);
    token->directory = directory;
    db_id_out(&row[TOKEN_ORGANIZATION], &token->organization.id);
    token->state = (enum view_directory_state)row[TOKEN_STATE].integer;
    token->scopes = (unsigned)row[TOKEN_SCOPES].integer;
    token->live = row[TOKEN_LIVE].integer != 0;
    token->last_used_ms = row[TOKEN_LAST_USED_MS].integer;
    token->pepper_version = (unsigned)row[TOKEN_PEPPER].integer;
    must(row[TOKEN_HASH].bytes.len == sizeof(token->hash));
    memcpy(token->hash, row[TOKEN_HASH].bytes.data, sizeof(token->hash));
    return scim_policy_parse(row[TOKEN_POLICY].bytes, &token->policy, err);
}

static bool take_token(struct view *view, struct directory_id directory, const struct db_value *row, struct err *err)
{
    struct view_token *token = arena_new(&view->arena, struct view_token);
    if (!token_read(row, directory, token, err))
        return false;
    struct known_key key = {.kind = KNOWN_TOKEN, .directory = directory, .id = token->id.id};
    view_enter(view, &key)->token = token;
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

/* A probe tells who holds a key and nothing more about it. */
static struct known *probed_holder(struct view *view, struct directory_id directory, const struct db_value *row)
{
    struct known_key key = {.kind = KNOWN_RESOURCE, .type = (uint16_t)row[ROW_TYPE].integer, .directory = directory};
    db_id_out(&row[ROW_ID], &key.id);
    return view_enter(view, &key);
}

/* One row of a family's arm. `run` is the first of the entries that the statement was made for. */
static void take_row(struct view *view, const struct known *run, const struct db_value *row)
{
    struct directory_id directory = run->key.directory;
    struct known_key key = {.directory = directory, .type = run->key.type};
    switch (run->family) {
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
        key.text = row[ROW_UNIQUE_KEY].bytes;
        take_holder(view, &key,
                    run->family == FAMILY_UNIQUE ? take_resource(view, directory, row, VIEW_WHOLE)
                                                 : probed_holder(view, directory, row));
        return;
    case FAMILY_MEMBER:
    case FAMILY_MEMBER_LOCKED:
        key.kind = KNOWN_MEMBER;
        key.type = 0;
        db_id_out(&row[ROW_ID], &key.id);
        take_holder(view, &key, take_resource(view, directory, row, VIEW_NARROW));
        return;
    case FAMILY_GROUPS:
        key.kind = KNOWN_GROUPS;
        db_id_out(&row[ROW_ID], &key.id);
        take_ref(view, &key, row, true);
        return;
    case FAMILY_MEMBERSHIP: {
        key.kind = KNOWN_MEMBERSHIP;
        db_id_out(&row[ROW_ID], &key.id);
        key.second = run->key.second;
        struct known *known = view_find(view, &key);
        must(known);
        if (known->staged)
            return;
        known->existed = known->exists = true;
        known->member_type = (uint16_t)row[ROW_TYPE].integer;
        return;
    }
    case FAMILY_MEMBERS_SHOWN:
    case FAMILY_MEMBERS:
        key.kind = KNOWN_MEMBERS;
        db_id_out(&row[ROW_MANAGER_ID], &key.id);
        take_ref(view, &key, row, false);
        return;
    case FAMILY_MANAGED:
        key.kind = KNOWN_MANAGED;
        key.type = 0;
        if (id_from_uuid(row[ROW_UNIQUE_KEY].bytes, true, &key.id))
            take_ref(view, &key, row, false);
        return;
    case FAMILY_COUNT:
        break;
    }
    must(!"a family without rows");
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

/* Same statement: same directory and family, and what else is bound once. */
static bool same_run(const struct known *a, const struct known *b)
{
    return id_equals(&a->key.directory.id, &b->key.directory.id) && a->family == b->family &&
           a->key.type == b->key.type && id_equals(&a->key.second, &b->key.second);
}

/* The order of the rounds: by directory, token first, then by family; ids ascending, so that two batches lock rows in
 * the same order. */
static int compare_wanted(const void *a, const void *b)
{
    const struct known *left = *(struct known *const *)a, *right = *(struct known *const *)b;
    int order = id_compare(&left->key.directory.id, &right->key.directory.id);
    if (order)
        return order;
    bool left_token = left->key.kind == KNOWN_TOKEN, right_token = right->key.kind == KNOWN_TOKEN;
    if (left_token != right_token)
        return left_token ? -1 : 1;
    if (left->family != right->family)
        return left->family < right->family ? -1 : 1;
    if (left->key.type != right->key.type)
        return left->key.type < right->key.type ? -1 : 1;
    order = id_compare(&left->key.second, &right->key.second);
    return order ? order : id_compare(&left->key.id, &right->key.id);
}

static size_t size_class(size_t count)
{
    size_t class = 0;
    while (class + 1 < VIEW_SIZES && view_sizes[class] < count)
        class ++;
    return class;
}

struct parameters {
    struct db_value values[MOST_PARAMETERS];
    size_t count;
};

static void add(struct parameters *parameters, struct db_value value)
{
    must(parameters->count < MOST_PARAMETERS);
    parameters->values[parameters->count++] = value;
}

/* What an entry puts into IN (…). */
static struct db_value wanted_value(struct view *view, const struct known *known)
{
    if (known->key.kind == KNOWN_UNIQUE)
        return db_bytes(known->key.text);
    if (known->key.kind == KNOWN_MANAGED) {
        char *text = arena_take(&view->arena, ID_UUID_CHARS + 1);
        id_to_uuid(&known->key.id, text);
        return db_bytes(slice_of(text, ID_UUID_CHARS));
    }
    return db_id(&known->key.id);
}

/* What stands in front of IN (…), behind the directory: a type, a group or nothing. */
static void add_scope(struct parameters *parameters, const struct known *run)
{
    switch (run->family) {
    case FAMILY_LOCKED:
    case FAMILY_WHOLE:
    case FAMILY_NARROW:
    case FAMILY_UNIQUE:
    case FAMILY_UNIQUE_PROBE:
    case FAMILY_GROUPS:
        add(parameters, db_integer(run->key.type));
        return;
    case FAMILY_MEMBERSHIP:
        add(parameters, db_id(&run->key.second));
        return;
    case FAMILY_MEMBER:
    case FAMILY_MEMBER_LOCKED:
    case FAMILY_MEMBERS_SHOWN:
    case FAMILY_MEMBERS:
    case FAMILY_MANAGED:
    case FAMILY_COUNT:
        return;
    }
}

static void add_token(struct parameters *parameters, const struct known *token)
{
    add(parameters, db_id(&token->key.directory.id));
    add(parameters, db_id(&token->key.id));
}

static bool run_statement(struct view *view, struct db *db, const char *sql, const struct parameters *parameters,
                          const struct known *run, struct directory_id directory, struct err *err)
{
    struct db_rows *rows = db_query(db, sql, parameters->values, parameters->count, err);
    if (!rows)
        return false;
    bool good = true;
    const struct db_value *row;
    while ((row = db_next(rows))) {
        bool is_token = row[0].integer == 0;
        if (is_token && good)
            good = take_token(view, directory, row + 1, err);
        else if (!is_token)
            take_row(view, run, row + 1);
    }
    struct err ignored = ERR_INIT;
    return db_rows_end(rows, good ? err : &ignored) && good;
}

static bool load_token_alone(struct view *view, struct db *db, struct known *token, struct err *err)
{
    struct parameters parameters = {.count = 0};
    add_token(&parameters, token);
    if (!run_statement(view, db, view_sql_token(), &parameters, token, token->key.directory, err))
        return false;
    settle(token);
    return true;
}

/* The entries of one run, at most as many as the largest statement takes; with the directory's token when there is one
 * to load. */
static bool load_run(struct view *view, struct db *db, struct known *token, struct known **run, size_t count,
                     struct err *err)
{
    size_t class = size_class(count);
    struct parameters parameters = {.count = 0};
    add(&parameters, db_id(&run[0]->key.directory.id));
    add_scope(&parameters, run[0]);
    for (size_t i = 0; i < count; i++)
        add(&parameters, wanted_value(view, run[i]));
    for (size_t i = count; i < view_sizes[class]; i++) /* the last value again: not a row more */
        add(&parameters, parameters.values[parameters.count - 1]);
    if (token)
        add_token(&parameters, token);

    const char *sql = view_sql(run[0]->family, class, token != NULL);
    if (!run_statement(view, db, sql, &parameters, run[0], run[0]->key.directory, err))
        return false;
    if (token)
        settle(token);
    for (size_t i = 0; i < count; i++)
        settle(run[i]);
    return true;
}

static size_t run_length(struct known **run, size_t most)
{
    size_t count = 1;
    while (count < most && count < view_sizes[VIEW_SIZES - 1] && same_run(run[0], run[count]))
        count++;
    return count;
}

/* Takes the directory's tokens off the head of the list: the last one is returned to go with the first run, the
 * others (two tokens of one directory in one batch: during a rotation) are loaded alone. */
static bool take_tokens(struct view *view, struct db *db, struct known **list, size_t count, size_t *taken,
                        struct known **token_out, struct err *err)
{
    *token_out = NULL;
    while (*taken < count && list[*taken]->key.kind == KNOWN_TOKEN) {
        struct known *token = list[(*taken)++];
        bool followed = *taken < count && id_equals(&list[*taken]->key.directory.id, &token->key.directory.id);
        if (followed && list[*taken]->key.kind != KNOWN_TOKEN)
            *token_out = token;
        else if (!load_token_alone(view, db, token, err))
            return false;
        if (*token_out)
            return true;
    }
    return true;
}

bool view_load(struct view *view, struct db *db, struct err *err)
{
    struct known **list = view->wanted;
    size_t count = view->wanted_count, at = 0;
    view->wanted = NULL;
    view->wanted_count = view->wanted_capacity = 0;
    if (count > 1)
        qsort(list, count, sizeof(struct known *), compare_wanted);
    while (at < count) {
        struct known *token;
        if (!take_tokens(view, db, list, count, &at, &token, err))
            return false;
        if (at == count)
            break;
        size_t length = run_length(list + at, count - at);
        if (!load_run(view, db, token, list + at, length, err))
            return false;
        at += length;
    }
    return true;
}
