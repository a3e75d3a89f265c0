/* The statement that comes next in a round: what it asks for, in which form, and its parameters. */
#include "view_statement.h"
#include "base/must.h"

static size_t class_of(const size_t *sizes, size_t classes, size_t count)
{
    size_t class = 0;
    while (class + 1 < classes && sizes[class] < count)
        class ++;
    return class;
}

static void add(struct view_parameters *parameters, struct db_value value)
{
    must(parameters->count < VIEW_MOST_PARAMETERS);
    parameters->values[parameters->count++] = value;
}

static void add_row(struct view_parameters *parameters, const struct known *known, struct db_value scope,
                    struct db_value key)
{
    add(parameters, db_id(&known->key.directory.id));
    add(parameters, scope);
    add(parameters, key);
}

static struct db_value uuid_text(struct view *view, const struct id *id)
{
    char *text = arena_take(&view->arena, ID_UUID_CHARS + 1);
    id_to_uuid(id, text);
    return db_bytes(slice_of(text, ID_UUID_CHARS));
}

static bool is_member(const struct known *known) { return known->key.kind == KNOWN_MEMBER; }

/* A member may be a user or a group: two rows. */
size_t view_rows_of(const struct known *known) { return is_member(known) ? 2 : 1; }

static struct db_value scope_of(const struct known *known)
{
    if (known->key.kind == KNOWN_MEMBERSHIP)
        return db_id(&known->key.second);
    if (known->key.kind == KNOWN_MEMBERS)
        return db_integer(SCIM_TYPE_GROUP);
    return db_integer(known->key.kind == KNOWN_MANAGED ? SCIM_TYPE_USER : known->key.type);
}

static struct db_value key_of(struct view *view, const struct known *known)
{
    if (known->key.kind == KNOWN_UNIQUE || known->key.kind == KNOWN_MATCHES)
        return db_bytes(known->key.text);
    return known->key.kind == KNOWN_MANAGED ? uuid_text(view, &known->key.id) : db_id(&known->key.id);
}

static void add_joined(struct view *view, struct view_parameters *parameters, const struct known *known)
{
    if (!is_member(known)) {
        add_row(parameters, known, scope_of(known), key_of(view, known));
        return;
    }
    add_row(parameters, known, db_integer(SCIM_TYPE_USER), db_id(&known->key.id));
    add_row(parameters, known, db_integer(SCIM_TYPE_GROUP), db_id(&known->key.id));
}

static void add_listed(struct view *view, struct view_parameters *parameters, struct known **list, size_t count,
                       size_t size)
{
    if (list[0]->key.code)
        add(parameters, db_integer(list[0]->key.code));
    add(parameters, db_id(&list[0]->key.directory.id));
    add(parameters, scope_of(list[0]));
    for (size_t i = 0; i < size; i++) /* the last key again: not a row more */
        add(parameters, key_of(view, list[i < count ? i : count - 1]));
}

static bool has_one_scope(struct known **list, size_t count)
{
    const struct known_key *first = &list[0]->key, *last = &list[count - 1]->key;
    return id_equals(&first->directory.id, &last->directory.id) && first->type == last->type &&
           first->code == last->code && id_equals(&first->second, &last->second);
}

static bool any_crowded(struct known **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i]->crowded)
            return true;
    return false;
}

/* Can they be asked for by a list of keys? The list is sorted by directory and scope. */
static bool is_listed(struct known **list, size_t count)
{
    return view_sql_has_arms(list[0]->family) || (!is_member(list[0]) && has_one_scope(list, count));
}

/* Several keys of one attribute of one directory take one arm together, which costs the database a fraction of an arm
 * each. */
static enum view_family family_of(const struct view_statement *statement)
{
    enum view_family family = statement->count ? statement->list[0]->family : FAMILY_TOKENS;
    if (!view_sql_has_arms(family) || statement->count < 2 || !has_one_scope(statement->list, statement->count) ||
        any_crowded(statement->list, statement->count))
        return family;
    return family == FAMILY_VALUE ? FAMILY_VALUES : FAMILY_EXTERNALS;
}

static void add_arms(struct view_parameters *parameters, struct known **list, size_t count, size_t size)
{
    bool has_code = list[0]->family == FAMILY_VALUE;
    for (size_t i = 0; i < size; i++) {
        const struct known_key *key = &list[i < count ? i : 0]->key;
        add(parameters, i < count ? db_id(&key->directory.id) : db_null()); /* in no directory there is nothing */
        add(parameters, db_integer(key->type));
        if (has_code)
            add(parameters, db_integer(key->code));
        add(parameters, db_bytes(key->text));
    }
}

/* A row without a directory joins nothing, and nothing is looked up for it. */
static void add_padding(struct view_parameters *parameters, size_t values)
{
    for (; values > 0; values--)
        add(parameters, db_null());
}

static void add_all_joined(struct view *view, struct view_parameters *parameters, struct known **list, size_t count,
                           size_t unused_rows)
{
    for (size_t i = 0; i < count; i++)
        add_joined(view, parameters, list[i]);
    add_padding(parameters, 3 * unused_rows);
}

static void add_tokens(struct view_parameters *parameters, struct known **tokens, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        add(parameters, db_id(&tokens[i]->key.directory.id));
        add(parameters, db_id(&tokens[i]->key.id));
    }
    add_padding(parameters, 2 * (size - count));
}

static void add_gate(struct view_parameters *parameters, const struct view_statement *statement)
{
    if (statement->has_gate)
        add(parameters, db_id(&statement->tokens[0]->key.directory.id));
}

static void add_keys(struct view *view, struct view_parameters *parameters, const struct view_statement *statement)
{
    size_t size = view_sizes[statement->size_class];
    if (statement->count == 0)
        return;
    if (view_sql_has_arms(statement->family))
        add_arms(parameters, statement->list, statement->count, size);
    else if (statement->listed)
        add_listed(view, parameters, statement->list, statement->count, size);
    else
        add_all_joined(view, parameters, statement->list, statement->count, size - statement->rows);
}

void view_statement_make(struct view *view, struct view_statement *statement)
{
    statement->family = family_of(statement);
    statement->listed = statement->count > 0 && is_listed(statement->list, statement->count);
    statement->size_class = class_of(view_sizes, VIEW_SIZES, statement->rows);
    statement->token_class = class_of(view_token_sizes, VIEW_TOKEN_SIZES, statement->token_count);
    statement->has_gate = view->writes && view_token_sizes[statement->token_class] == 1;
}

/* In the order of view_sql.c: rows of tokens stand in front of listed keys and behind joined ones, and so does the
 * gate. */
void view_statement_parameters(struct view *view, const struct view_statement *statement,
                               struct view_parameters *parameters)
{
    bool joined = statement->count > 0 && !statement->listed;
    bool tokens_first = view_sql_tokens_first(statement->listed, statement->token_class);
    size_t tokens = view_token_sizes[statement->token_class];
    parameters->count = 0;
    if (!joined)
        add_gate(parameters, statement);
    if (tokens_first)
        add_tokens(parameters, statement->tokens, statement->token_count, tokens);
    add_keys(view, parameters, statement);
    if (joined)
        add_gate(parameters, statement);
    if (!tokens_first)
        add_tokens(parameters, statement->tokens, statement->token_count, tokens);
}
