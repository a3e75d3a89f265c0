/* Which groups of a directory stand for which role: a list that is put as a whole. */
#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "directories.h"
#include "problem.h"
#include "reply.h"
#include "role_book.h"
#include "roles.h"
#include "scim/index.h"
#include "scim/unicode.h"

enum { MOST_GROUP_NAME = 255, MOST_PRIORITY = 1000000, MOST_AUDITED = 50 };

/* --- showing --- */

static json_t *show_rule(const struct role_rule *rule)
{
    char id[ID_UUID_CHARS + 1] = "";
    static const char *const by[] = {
        [ROLE_BY_GROUP_ID] = "group_id", [ROLE_BY_GROUP_NAME] = "group_name", [ROLE_BY_GROUP_PREFIX] = "group_prefix"};
    id_to_uuid(&rule->group, id);
    struct slice group = rule->kind == ROLE_BY_GROUP_ID ? slice_str(id) : rule->group_name;
    return json_pack("{s:o, s:o, s:I, s:s}", by[rule->kind], json_from_slice(group), "role",
                     json_from_slice(rule->role), "priority", (json_int_t)rule->priority, "status",
                     rule->is_present ? "active" : "group_missing");
}

static bool gives(const struct role_book *book, struct slice role)
{
    size_t count;
    const struct role_rule *rules = role_book_rules(book, &count);
    for (size_t i = 0; i < count; i++)
        if (rules[i].is_present && slice_equals(rules[i].role, role))
            return true;
    return slice_equals(role_book_default(book), role);
}

/* Roles that nobody of the directory can have. */
static json_t *list_unmapped(struct call *call, const struct environment_id *environment, const struct role_book *book,
                             struct err *err)
{
    const struct db_value parameters[] = {db_id(&environment->id)}, *row;
    json_t *names = json_array();
    struct db_rows *rows = db_query(call->db, sql_role_list_unmapped, parameters, 1, err);
    while (rows && (row = db_next(rows)))
        if (!gives(book, row[1].bytes))
            json_array_append_new(names, json_from_slice(row[1].bytes));
    if (rows && db_rows_end(rows, err))
        return names;
    json_decref(names);
    return NULL;
}

/* NULL: the database failed. */
static json_t *show(struct call *call, const struct directory *directory, struct err *err)
{
    struct role_book *book;
    int64_t updated_ms;
    size_t count;
    if (!role_book_load(call->db, directory->id, call_arena(call), &book, &updated_ms, err) ||
        !role_book_find_present(call->db, directory->id, book, err))
        return NULL;
    json_t *unmapped = list_unmapped(call, &directory->environment, book, err), *list = json_array();
    if (!unmapped) {
        json_decref(list);
        return NULL;
    }
    const struct role_rule *rules = role_book_rules(book, &count);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, show_rule(&rules[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "directory_id", show_id(ID_PREFIX_DIRECTORY, &directory->id.id),
                     "default_role", show_text_or_null(role_book_default(book)), "rules", list, "unmapped_roles",
                     unmapped, "updated_at", show_time_or_null(updated_ms));
}

static bool get(struct call *call, struct err *err)
{
    struct directory directory;
    const struct db_value *row;
    if (!directory_of_path(call, DIRECTORY_SHARED, &directory, err))
        return false;
    const struct db_value parameters[] = {db_id(&directory.id.id)};
    if (call->locks && !db_query_one(call->db, sql_role_mapping_lock, parameters, 1, &row, err))
        return false;
    json_t *shown = show(call, &directory, err);
    return shown && reply_json(call->op, 200, shown);
}

/* --- putting --- */

struct known_role {
    struct id id;
    struct slice name;
};

struct putting {
    struct call *call;
    struct directory directory;
    struct known_role *roles;
    size_t role_count;
    struct db_value *values; /* of the rules */
    size_t count;
};

enum { COLUMNS = 9 };

static bool load_roles(struct putting *putting, struct err *err)
{
    struct arena *arena = call_arena(putting->call);
    const struct db_value parameters[] = {db_id(&putting->directory.environment.id)}, *row;
    struct db_rows *rows = db_query(putting->call->db, sql_role_names, parameters, 1, err);
    putting->roles = arena_array(arena, struct known_role, ROLE_RULES_MOST);
    while (rows && (row = db_next(rows))) {
        struct known_role *role = &putting->roles[putting->role_count++];
        db_id_out(&row[0], &role->id);
        role->name = arena_slice(arena, row[1].bytes);
    }
    return rows && db_rows_end(rows, err);
}

static const struct known_role *find_role(const struct putting *putting, const json_t *name)
{
    for (size_t i = 0; i < putting->role_count; i++)
        if (slice_equals(putting->roles[i].name, json_slice(name)))
            return &putting->roles[i];
    return NULL;
}

/* What cannot be accepted of rule `i`. */
static bool refuse(struct putting *putting, size_t i, const char *member, const char *detail, struct err *err)
{
    const char *pointer = arena_printf(call_arena(putting->call), "#/rules/%zu%s%s", i, *member ? "/" : "", member);
    return problem_invalid(putting->call->op, pointer, detail, err);
}

struct sent_rule { /* borrowed */
    const json_t *group_id, *group_name, *group_prefix, *role, *priority;
};

static bool read_members(struct putting *putting, size_t i, json_t *rule, struct sent_rule *sent, struct err *err)
{
    const struct {
        const char *name;
        const json_t **member;
    } members[] = {{"group_id", &sent->group_id},
                   {"group_name", &sent->group_name},
                   {"group_prefix", &sent->group_prefix},
                   {"role", &sent->role},
                   {"priority", &sent->priority}};
    const char *name;
    json_t *value;
    if (!json_is_object(rule))
        return refuse(putting, i, "", "must be an object", err);
    json_object_foreach (rule, name, value) {
        size_t k = 0;
        while (k < sizeof members / sizeof members[0] && strcmp(members[k].name, name) != 0)
            k++;
        if (strcmp(name, "status") == 0) /* what was read can be sent back */
            continue;
        if (k == sizeof members / sizeof members[0])
            return problem_invalid(putting->call->op,
                                   admin_pointer(arena_printf(call_arena(putting->call), "#/rules/%zu", i), name,
                                                 call_arena(putting->call)),
                                   "is not known here", err);
        *members[k].member = value;
    }
    bool one = !!sent->group_id + !!sent->group_name + !!sent->group_prefix == 1;
    return one || refuse(putting, i, "", "must have one of group_id, group_name and group_prefix", err);
}

static struct slice prepare(struct putting *putting, struct slice text)
{
    struct buf prepared;
    buf_init(&prepared, (size_t)MOST_GROUP_NAME * 32);
    scim_prepare_folded(text, &prepared);
    struct slice kept = arena_slice(call_arena(putting->call), buf_slice(&prepared));
    buf_fini(&prepared);
    return slice_of(kept.data, kept.len < SCIM_KEY_BYTES ? kept.len : SCIM_KEY_BYTES);
}

/* The least key behind all that begin with it. UTF-8 has no byte 0xff. */
static struct slice end_of(struct putting *putting, struct slice key)
{
    char *end = arena_take(call_arena(putting->call), key.len);
    memcpy(end, key.data, key.len);
    end[key.len - 1] = (char)((unsigned char)end[key.len - 1] + 1);
    return slice_of(end, key.len);
}

static bool is_name(const json_t *value)
{
    return json_is_string(value) && json_string_length(value) > 0 && json_string_length(value) <= MOST_GROUP_NAME;
}

static bool read_group(struct putting *putting, size_t i, const struct sent_rule *sent, struct db_value *row,
                       struct err *err)
{
    struct id *group = arena_new(call_arena(putting->call), struct id);
    row[5] = row[6] = row[7] = row[8] = db_null();
    if (sent->group_id) {
        row[4] = db_integer(ROLE_BY_GROUP_ID);
        row[5] = db_id(group);
        return (json_is_string(sent->group_id) && id_from_uuid(json_slice(sent->group_id), true, group)) ||
               refuse(putting, i, "group_id", "must be the id of a group", err);
    }
    const json_t *name = sent->group_name ? sent->group_name : sent->group_prefix;
    if (!is_name(name))
        return refuse(putting, i, sent->group_name ? "group_name" : "group_prefix",
                      "must be a string of 1 to 255 bytes", err);
    row[4] = db_integer(sent->group_name ? ROLE_BY_GROUP_NAME : ROLE_BY_GROUP_PREFIX);
    row[6] = db_bytes(json_slice(name));
    struct slice key = prepare(putting, json_slice(name));
    row[7] = db_bytes(key);
    if (sent->group_prefix)
        row[8] = db_bytes(end_of(putting, key));
    return true;
}

static bool is_priority(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= -MOST_PRIORITY &&
           json_integer_value(value) <= MOST_PRIORITY;
}

static bool read_rule(struct putting *putting, size_t i, json_t *rule, struct err *err)
{
    struct sent_rule sent = {.role = NULL};
    struct db_value *row = putting->values + COLUMNS * i;
    if (!read_members(putting, i, rule, &sent, err) || !read_group(putting, i, &sent, row, err))
        return false;
    const struct known_role *role = json_is_string(sent.role) ? find_role(putting, sent.role) : NULL;
    if (!role)
        return refuse(putting, i, "role", "must be the name of a role of the environment", err);
    if (sent.priority && !is_priority(sent.priority))
        return refuse(putting, i, "priority", "must be a whole number from -1000000 to 1000000", err);
    row[0] = db_id(&putting->directory.id.id);
    row[1] = db_integer((int64_t)i);
    row[2] = db_id(&role->id);
    row[3] = db_integer(json_integer_value(sent.priority));
    return true;
}

static bool read_rules(struct putting *putting, struct err *err)
{
    json_t *rules = call_member(putting->call, "rules");
    putting->count = json_array_size(rules);
    putting->values = arena_array(call_arena(putting->call), struct db_value, COLUMNS * (putting->count + 1));
    for (size_t i = 0; i < putting->count; i++)
        if (!read_rule(putting, i, json_array_get(rules, i), err))
            return false;
    return true;
}

static bool read_default(struct putting *putting, struct db_value *id_out, struct err *err)
{
    const json_t *name = call_member(putting->call, "default_role");
    *id_out = db_null();
    if (!name || json_is_null(name))
        return true;
    const struct known_role *role = find_role(putting, name);
    if (!role)
        return problem_invalid(putting->call->op, "#/default_role", "must be the name of a role of the environment",
                               err);
    *id_out = db_id(&role->id);
    return true;
}

static bool write(struct putting *putting, struct db_value default_role, struct err *err)
{
    struct call *call = putting->call;
    const struct db_value mapping[] = {db_id(&putting->directory.id.id), default_role, db_integer(call->op->now_ms)};
    return db_execute(call->db, sql_role_mapping_put, mapping, 3, NULL, err) &&
           db_execute(call->db, sql_role_rules_delete, mapping, 1, NULL, err) &&
           (putting->count == 0 ||
            db_execute_bulk(call->db, sql_role_rule_insert, putting->values, COLUMNS, putting->count, NULL, err));
}

/* What the audit log keeps of a mapping: what was put, and of long lists their length alone. */
static json_t *note_of(const json_t *shown)
{
    json_t *rules = json_object_get(shown, "rules");
    size_t count = json_array_size(rules);
    json_t *list = count <= MOST_AUDITED ? json_deep_copy(rules) : json_integer((json_int_t)count);
    for (size_t i = 0; i < json_array_size(list); i++)
        json_object_del(json_array_get(list, i), "status");
    return json_pack("{s:O, s:o}", "default_role", json_object_get(shown, "default_role"), "rules", list);
}

static bool replace(struct call *call, struct err *err)
{
    struct putting putting = {.call = call};
    struct db_value default_role;
    if (!directory_of_path(call, DIRECTORY_SHARED, &putting.directory, err) || !load_roles(&putting, err) ||
        !read_rules(&putting, err) || !read_default(&putting, &default_role, err))
        return false;
    json_scoped *before = show(call, &putting.directory, err);
    if (!before || !write(&putting, default_role, err))
        return false;
    json_t *shown = show(call, &putting.directory, err);
    if (!shown)
        return false;
    audit_before(call, note_of(before));
    audit_after(call, note_of(shown));
    return reply_json(call->op, 200, shown);
}

static const char *field_rules(const json_t *value, const struct field_context *context)
{
    (void)context;
    return json_is_array(value) && json_array_size(value) <= ROLE_RULES_MOST ? NULL
                                                                             : "must be a list of at most 1,000 rules";
}

static const char *field_default_role(const json_t *value, const struct field_context *context)
{
    (void)context;
    return json_is_string(value) ? NULL : "must be the name of a role, or null";
}

static const struct admin_field fields[] = {
    {"rules", field_rules, FIELD_REQUIRED},
    {"default_role", field_default_role, FIELD_NULLABLE},
};

const struct admin_operation role_mapping_get = {
    .operation = ADMIN_OPERATION("role_mapping.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation role_mapping_replace = {
    .operation = ADMIN_OPERATION("role_mapping.replace", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(fields),
    .handle = replace,
};
