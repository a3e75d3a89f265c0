#include "rekey.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "scim/resource.h"
#include "store/query.h"
#include "store_sql.h"

enum { PAGE = 500 }; /* resources read, and rows written, by one statement */

struct row {
    struct resource_id id;
    struct slice key; /* the new one */
};

struct value { /* of the side index */
    struct resource_id id;
    struct scim_key key;
};

struct list {
    void *data;
    size_t size, count, capacity; /* size: bytes of an element */
};

/* The new keys of all resources of one type, made before any is written. */
struct keys {
    const struct rekey *rekey;
    const struct scim_resource_type *type;
    struct arena arena, page; /* page: the documents of one */
    struct list rows, come, gone;
    struct resource_id last;
    size_t conflicts;
};

static void *list_add(struct list *list)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 1024;
        list->data = realloc(list->data, list->capacity * list->size);
        must(list->data);
    }
    return (char *)list->data + list->size * list->count++;
}

static void add_conflict(struct keys *keys, const struct resource_id *id, const struct resource_id *other,
                         const char *why)
{
    struct store_key_conflicts *conflicts = keys->rekey->conflicts;
    size_t at = keys->conflicts++;
    if (!conflicts)
        return;
    conflicts->count = keys->conflicts;
    if (at >= STORE_KEY_CONFLICTS)
        return;
    struct store_key_conflict *conflict = &conflicts->list[at];
    *conflict = (struct store_key_conflict){.type = keys->type->code, .id = *id};
    if (other)
        conflict->other = *other;
    snprintf(conflict->why, sizeof(conflict->why), "%.*s", (int)sizeof(conflict->why) - 1, why);
}

static void add_value(struct keys *keys, struct list *list, struct resource_id id, const struct scim_key *key)
{
    struct value *value = list_add(list);
    *value = (struct value){id, {key->code, arena_slice(&keys->arena, key->key)}};
}

static int compare_keys(struct slice a, struct slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool has_value(const struct scim_row_keys *keys, const struct scim_key *sought)
{
    for (size_t i = 0; i < keys->key_count; i++)
        if (keys->keys[i].code == sought->code && slice_equals(keys->keys[i].key, sought->key))
            return true;
    return false;
}

static void take_values(struct keys *keys, struct resource_id id, const struct scim_row_keys *before,
                        const struct scim_row_keys *after)
{
    for (size_t i = 0; i < before->key_count; i++)
        if (!has_value(after, &before->keys[i]))
            add_value(keys, &keys->gone, id, &before->keys[i]);
    for (size_t i = 0; i < after->key_count; i++)
        if (!has_value(before, &after->keys[i]))
            add_value(keys, &keys->come, id, &after->keys[i]);
}

static bool take_resource(const struct view_resource *resource, void *context)
{
    struct keys *keys = context;
    struct scim_row_keys before = {0}, after;
    struct err why = ERR_INIT, ignored = ERR_INIT;
    json_t *document = scim_document_load(resource->stored);

    keys->last = resource->id;
    scim_resource_respell(document, keys->type);
    if (!scim_row_keys(keys->type, &keys->rekey->before->policy, document, &keys->page, &before, &ignored))
        before = (struct scim_row_keys){0};
    if (scim_row_keys(keys->type, &keys->rekey->after->policy, document, &keys->page, &after, &why)) {
        struct row *row = list_add(&keys->rows);
        *row = (struct row){resource->id, arena_slice(&keys->arena, after.unique_key)};
        take_values(keys, resource->id, &before, &after);
    } else {
        add_conflict(keys, &resource->id, NULL, why.detail);
    }
    json_decref(document);
    return true;
}

static bool read_all(struct keys *keys, struct err *err)
{
    const struct rekey *rekey = keys->rekey;
    size_t read = PAGE;
    while (read == PAGE) {
        size_t before = keys->rows.count + keys->conflicts;
        if (!store_page_after(rekey->db, rekey->directory, keys->type->code, keys->last, PAGE, take_resource, keys,
                              err))
            return false;
        read = keys->rows.count + keys->conflicts - before;
        arena_reset(&keys->page);
    }
    return true;
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *left = a, *right = b;
    int order = compare_keys(left->key, right->key);
    return order ? order : id_compare(&left->id.id, &right->id.id);
}

static bool find_conflicts(struct keys *keys, struct err *err)
{
    struct row *rows = keys->rows.data;
    if (keys->rows.count > 1)
        qsort(rows, keys->rows.count, sizeof(*rows), compare_rows);
    for (size_t i = 1; i < keys->rows.count; i++)
        if (rows[i].key.len > 0 && slice_equals(rows[i - 1].key, rows[i].key))
            add_conflict(keys, &rows[i].id, &rows[i - 1].id, "");
    return keys->conflicts == 0 ||
           err_set(err, ERR_CONFLICT, "%zu resources of type %s cannot be told apart by what this policy asks for.",
                   keys->conflicts, keys->type->name);
}

/* Some rows of a list, `width` parameters each. */
typedef void fill_fn(const struct keys *keys, const void *element, struct db_value *parameters);

static bool write_list(const struct keys *keys, const struct list *list, const char *sql, size_t width, fill_fn *fill,
                       struct err *err)
{
    struct db_value *parameters = calloc(PAGE * width, sizeof(*parameters));
    bool good = true;
    must(parameters);
    for (size_t first = 0; first < list->count && good; first += PAGE) {
        size_t count = list->count - first < PAGE ? list->count - first : PAGE;
        for (size_t i = 0; i < count; i++)
            fill(keys, (const char *)list->data + (first + i) * list->size, &parameters[i * width]);
        good = db_execute_bulk(keys->rekey->db, sql, parameters, width, count, NULL, err);
    }
    free(parameters);
    return good;
}

static void fill_row(const struct keys *keys, const struct row *row, struct db_value key, struct db_value *parameters)
{
    parameters[0] = key;
    parameters[1] = db_id(&keys->rekey->directory.id);
    parameters[2] = db_integer(keys->type->code);
    parameters[3] = db_id(&row->id.id);
}

static void fill_no_key(const struct keys *keys, const void *row, struct db_value *parameters)
{
    fill_row(keys, row, db_null(), parameters);
}

static void fill_key(const struct keys *keys, const void *row, struct db_value *parameters)
{
    fill_row(keys, row, db_bytes_or_null(((const struct row *)row)->key), parameters);
}

static void fill_value(const struct keys *keys, const void *element, struct db_value *parameters)
{
    const struct value *value = element;
    parameters[0] = db_id(&keys->rekey->directory.id);
    parameters[1] = db_integer(keys->type->code);
    parameters[2] = db_integer(value->key.code);
    parameters[3] = db_bytes(value->key.key);
    parameters[4] = db_id(&value->id.id);
}

/* First nobody has a key: the new one of one may be the old one of another. */
static bool write_all(const struct keys *keys, struct err *err)
{
    return write_list(keys, &keys->gone, sql_view_delete_value, 5, fill_value, err) &&
           write_list(keys, &keys->rows, sql_rekey_resource, 4, fill_no_key, err) &&
           write_list(keys, &keys->rows, sql_rekey_resource, 4, fill_key, err) &&
           write_list(keys, &keys->come, sql_view_insert_value, 5, fill_value, err);
}

static bool rekey_type(const struct rekey *rekey, const struct scim_resource_type *type, struct err *err)
{
    struct keys keys = {.rekey = rekey,
                        .type = type,
                        .rows = {.size = sizeof(struct row)},
                        .come = {.size = sizeof(struct value)},
                        .gone = {.size = sizeof(struct value)}};
    arena_init(&keys.arena);
    arena_init(&keys.page);
    bool good = read_all(&keys, err) && find_conflicts(&keys, err) && write_all(&keys, err);
    arena_fini(&keys.page);
    arena_fini(&keys.arena);
    free(keys.rows.data);
    free(keys.come.data);
    free(keys.gone.data);
    return good;
}

static bool is_same_unique(const struct scim_attribute *a, const struct scim_attribute *b)
{
    return a == b || (a && b && strcmp(a->name, b->name) == 0 && a->case_exact == b->case_exact);
}

/* Types that have been there before, with another unique attribute. A new one has no resources. */
static bool rekey_own_types(const struct rekey *rekey, struct err *err)
{
    for (size_t i = 0; i < rekey->after->type_count; i++) {
        const struct scim_resource_type *type = rekey->after->types[i];
        const struct scim_resource_type *old = scim_rules_type(rekey->before, type->code);
        if (old && !is_same_unique(scim_type_unique(old), scim_type_unique(type)) && !rekey_type(rekey, type, err))
            return false;
    }
    return true;
}

bool rekey_run(const struct rekey *rekey, struct err *err)
{
    const struct scim_policy *before = &rekey->before->policy, *after = &rekey->after->policy;
    if (before->unique_identifier != after->unique_identifier &&
        !rekey_type(rekey, scim_rules_type(rekey->after, SCIM_TYPE_USER), err))
        return false;
    if (before->unique_group_names != after->unique_group_names &&
        !rekey_type(rekey, scim_rules_type(rekey->after, SCIM_TYPE_GROUP), err))
        return false;
    return rekey_own_types(rekey, err);
}
