#include "store/indexes.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/must.h"
#include "indexes_private.h"
#include "row.h"
#include "rules_cache.h"
#include "scim/index.h"
#include "scim/resource.h"
#include "store_sql.h"

enum { LIST_BYTES = 1 << 20 };

/* --- the list --- */

static bool lock(struct db *db, struct directory_id directory, json_t **list_out, const struct scim_rules **rules_out,
                 struct err *err)
{
    const struct db_value id = db_id(&directory.id), *row;
    *list_out = NULL;
    *rules_out = NULL;
    if (!db_query_one(db, sql_rules_lock, &id, 1, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "There is no such directory.");
    if (!db_query_one(db, sql_indexes_load, &id, 1, &row, err) || !row)
        return false;
    *list_out = scim_indexes_read(row[0].bytes);
    if (!store_rules_load(db, directory, rules_out, err))
        return false;
    return (*list_out && *rules_out) || err_set(err, ERR_INTERNAL, "The rules of the directory cannot be read.");
}

bool indexes_save(struct db *db, struct directory_id directory, const json_t *list, struct err *err)
{
    struct buf text;
    buf_init(&text, LIST_BYTES);
    json_render(list, &text);
    must(!text.overflowed);
    const struct db_value parameters[] = {db_bytes(buf_slice(&text)), db_id(&directory.id)};
    bool good = db_execute(db, sql_indexes_save, parameters, 2, NULL, err);
    buf_fini(&text);
    return good;
}

void indexes_work(json_t *work, uint16_t type, json_int_t code)
{
    if (work && type != 0)
        json_array_append_new(work, json_pack("{s:i, s:I}", "type", (int)type, "code", code));
}

bool indexes_drop(struct db *db, struct directory_id directory, uint16_t type, json_int_t code, int64_t now_ms,
                  struct err *err)
{
    const struct db_value parameters[] = {db_id(&directory.id), db_integer(type), db_integer(code), db_integer(now_ms)};
    return type == 0 || db_execute(db, sql_indexes_drop_later, parameters, 4, NULL, err);
}

static json_int_t number_of(const json_t *entry, const char *name)
{
    return json_integer_value(json_object_get(entry, name));
}

uint16_t indexes_type(const struct scim_rules *rules, const json_t *entry)
{
    const struct scim_resource_type *type =
        scim_rules_type_by_name(rules, json_slice(json_object_get(entry, "resource_type")));
    return type ? type->code : 0;
}

static bool add(struct db *db, struct directory_id directory, json_t *list, const struct scim_rules *rules,
                const struct store_index_new *fresh, json_int_t *id_out, json_t *work_out, struct err *err)
{
    json_t *entry = scim_indexes_add(list, rules, fresh->type, fresh->attribute, fresh->now_ms, err);
    if (!entry)
        return false;
    json_object_set_new(entry, "job", json_from_slice(fresh->job));
    *id_out = number_of(entry, "id");
    indexes_work(work_out, indexes_type(rules, entry), number_of(entry, "code"));
    return indexes_save(db, directory, list, err);
}

bool store_index_add(struct db *db, struct directory_id directory, const struct store_index_new *fresh,
                     json_int_t *id_out, json_t *work_out, struct err *err)
{
    const struct scim_rules *rules;
    json_t *list;
    bool good =
        lock(db, directory, &list, &rules, err) && add(db, directory, list, rules, fresh, id_out, work_out, err);
    json_decref(list);
    store_rules_unref(rules);
    return good;
}

static bool remove_one(struct db *db, struct directory_id directory, json_t *list, const struct scim_rules *rules,
                       json_int_t id, int64_t now_ms, struct err *err)
{
    const json_t *entry = scim_indexes_find(list, "id", id);
    if (!entry)
        return err_set(err, ERR_NOT_FOUND, "The directory has no such index.");
    if (!indexes_drop(db, directory, indexes_type(rules, entry), number_of(entry, "code"), now_ms, err))
        return false;
    scim_indexes_remove(list, entry);
    return indexes_save(db, directory, list, err);
}

bool store_index_remove(struct db *db, struct directory_id directory, json_int_t id, int64_t now_ms, struct err *err)
{
    const struct scim_rules *rules;
    json_t *list;
    bool good = lock(db, directory, &list, &rules, err) && remove_one(db, directory, list, rules, id, now_ms, err);
    json_decref(list);
    store_rules_unref(rules);
    return good;
}

static void set_job(const json_t *list, const json_t *work, struct slice job)
{
    for (size_t i = 0; i < json_array_size(work); i++) {
        json_t *entry = scim_indexes_find(list, "code", number_of(json_array_get(work, i), "code"));
        if (entry)
            json_object_set_new(entry, "job", json_from_slice(job));
    }
}

bool store_index_set_job(struct db *db, struct directory_id directory, const json_t *work, struct slice job,
                         struct err *err)
{
    const struct scim_rules *rules;
    json_t *list;
    bool good = lock(db, directory, &list, &rules, err);
    if (good)
        set_job(list, work, job);
    good = good && indexes_save(db, directory, list, err);
    json_decref(list);
    store_rules_unref(rules);
    return good;
}

static bool finish(struct db *db, struct directory_id directory, json_t *list, uint16_t code, struct err *err)
{
    json_t *entry = scim_indexes_find(list, "code", code);
    if (!entry)
        return true;
    json_object_set_new(entry, "ready", json_true());
    return indexes_save(db, directory, list, err);
}

bool store_index_finish(struct db *db, struct directory_id directory, uint16_t code, struct err *err)
{
    const struct scim_rules *rules;
    json_t *list;
    bool good = lock(db, directory, &list, &rules, err) && finish(db, directory, list, code, err);
    json_decref(list);
    store_rules_unref(rules);
    return good;
}

/* --- rows --- */

struct building {
    struct store_index_batch *batch;
    const struct scim_resource_type *type;
    const struct scim_policy *policy;
    struct arena arena;
    struct db_value *values; /* five for each row */
    size_t count, capacity;
};

static void add_row(struct building *building, const struct resource_id *id, const struct scim_key *key)
{
    if (building->count == building->capacity) {
        building->capacity = building->capacity ? 2 * building->capacity : 256;
        building->values = realloc(building->values, building->capacity * 5 * sizeof(*building->values));
        must(building->values);
    }
    struct resource_id *kept = arena_new(&building->arena, struct resource_id);
    *kept = *id;
    struct db_value *row = building->values + 5 * building->count++;
    row[0] = db_id(&building->batch->directory.id);
    row[1] = db_integer(building->batch->type);
    row[2] = db_integer(key->code);
    row[3] = db_bytes(key->key);
    row[4] = db_id(&kept->id);
}

/* Documents without keys are as good as none: they were let in under other rules. */
static void take_document(struct building *building, const struct view_resource *resource)
{
    struct scim_row_keys keys = {0};
    struct err ignored = ERR_INIT;
    json_t *document = scim_document_load(resource->stored);
    scim_resource_respell(document, building->type);
    /* Also of a document that has no unique key any more: its side index is made first. */
    bool whole = scim_row_keys(building->type, building->policy, document, &building->arena, &keys, &ignored);
    (void)whole;
    for (size_t i = 0; i < keys.key_count; i++)
        if (keys.keys[i].code == building->batch->code)
            add_row(building, &resource->id, &keys.keys[i]);
    json_decref(document);
}

static bool read_documents(struct db *db, struct building *building, struct err *err)
{
    struct store_index_batch *batch = building->batch;
    const struct db_value parameters[] = {db_id(&batch->directory.id), db_integer(batch->type), db_id(&batch->after.id),
                                          db_integer((int64_t)batch->limit)},
                          *row;
    struct db_rows *rows = db_query(db, sql_indexes_documents, parameters, 4, err);
    while (rows && (row = db_next(rows)) != NULL) {
        struct view_resource resource;
        row_borrow(row, &resource);
        take_document(building, &resource);
        batch->after = resource.id;
        batch->read++;
    }
    return rows && db_rows_end(rows, err);
}

static bool is_wanted(const struct scim_resource_type *type, uint16_t code)
{
    for (size_t i = 0; type && i < type->index_count; i++)
        if (type->indexes[i].code == code)
            return !type->indexes[i].ready;
    return false;
}

static bool build(struct db *db, struct store_index_batch *batch, const struct scim_rules *rules, struct err *err)
{
    struct building building = {.batch = batch, .type = scim_rules_type(rules, batch->type), .policy = &rules->policy};
    batch->gone = !is_wanted(building.type, batch->code);
    if (batch->gone)
        return true;
    arena_init(&building.arena);
    bool good =
        read_documents(db, &building, err) &&
        (building.count == 0 || db_execute_bulk(db, sql_indexes_insert, building.values, 5, building.count, NULL, err));
    free(building.values);
    arena_fini(&building.arena);
    return good;
}

/* As writers do: the directory's row first, so that the rules stay as they are, then resources in the order of ids. A
 * resource that is being written is waited for; one that was read here cannot change until its rows are committed. */
bool store_index_build(struct db *db, struct store_index_batch *batch, struct err *err)
{
    const struct db_value id = db_id(&batch->directory.id), *row;
    const struct scim_rules *rules = NULL;
    batch->read = 0;
    batch->gone = true;
    if (!db_query_one(db, sql_indexes_gate, &id, 1, &row, err))
        return false;
    if (!row)
        return true;
    if (!rules_of_directory(db, batch->directory, (uint32_t)row[0].integer, &rules, err))
        return false;
    bool good = rules ? build(db, batch, rules, err) : true;
    store_rules_unref(rules);
    return good;
}
