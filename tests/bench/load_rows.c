#include "load.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "scim/document.h"
#include "scim/index.h"
#include "scim/resource.h"
#include "users.h"

enum { BATCH = 500, RESOURCE_WIDTH = 12, VALUE_WIDTH = 5, CHANGE_WIDTH = 10, MEMBER_WIDTH = 4 };

static const char insert_resource[] =
    "INSERT INTO resource (directory_id, type, id, unique_key, external_key, display, "
    "manager_id, open_braces, version, created_ms, modified_ms, document) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char insert_value[] =
    "INSERT INTO attribute_value (directory_id, type, attribute, value_key, resource_id) "
    "VALUES (?, ?, ?, ?, ?)";
static const char insert_change[] =
    "INSERT INTO `change` (operation_id, ordinal, directory_id, type, resource_id, kind, "
    "version, created_ms, document, members) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char insert_member[] = "INSERT INTO membership (directory_id, group_id, member_type, member_id) "
                                    "VALUES (?, ?, ?, ?)";
static const char add_to_count[] = "UPDATE resource_count SET resources = resources + ? "
                                   "WHERE directory_id = ? AND type = ?";

struct batch { /* rows of one transaction */
    struct db *db;
    struct arena arena;
    const struct tenant *tenant;
    uint16_t type;
    struct db_value *resources, *values, *changes;
    size_t resource_count, value_count, change_count;
};

static void run(struct db *db, const char *sql, const struct db_value *rows, size_t width, size_t count)
{
    struct err err = ERR_INIT;
    if (count)
        load_must(db_execute_bulk(db, sql, rows, width, count, NULL, &err), &err, sql);
}

static struct batch batch_begin(struct db *db, const struct tenant *tenant, uint16_t type, size_t most)
{
    struct batch batch = {.db = db, .tenant = tenant, .type = type};
    arena_init(&batch.arena);
    batch.resources = arena_array(&batch.arena, struct db_value, most * RESOURCE_WIDTH);
    batch.values = arena_array(&batch.arena, struct db_value, most * VALUE_WIDTH * 16);
    batch.changes = arena_array(&batch.arena, struct db_value, most * CHANGE_WIDTH * 2);
    struct err err = ERR_INIT;
    load_must(db_begin(db, &err), &err, "BEGIN");
    return batch;
}

static void batch_end(struct batch *batch)
{
    run(batch->db, insert_resource, batch->resources, RESOURCE_WIDTH, batch->resource_count);
    run(batch->db, insert_value, batch->values, VALUE_WIDTH, batch->value_count);
    run(batch->db, insert_change, batch->changes, CHANGE_WIDTH, batch->change_count);
    struct err err = ERR_INIT;
    struct db_value count[] = {db_integer((int64_t)batch->resource_count), db_id(&batch->tenant->directory.id),
                               db_integer(batch->type)};
    load_must(db_execute(batch->db, add_to_count, count, 3, NULL, &err), &err, add_to_count);
    load_must(db_commit(batch->db, &err), &err, "COMMIT");
    arena_fini(&batch->arena);
}

static void put(struct db_value *rows, size_t width, size_t *count, const struct db_value *row)
{
    memcpy(rows + width * (*count)++, row, width * sizeof(*row));
}

static const struct id *kept_id(struct batch *batch, struct id id)
{
    struct id *copy = arena_new(&batch->arena, struct id);
    *copy = id;
    return copy;
}

static void add_change(struct batch *batch, const struct id *operation, int64_t ordinal, const struct id *id,
                       int64_t kind, int64_t now, struct slice document, struct slice members)
{
    struct db_value row[CHANGE_WIDTH] = {
        db_id(operation),         db_integer(ordinal), db_id(&batch->tenant->directory.id),
        db_integer(batch->type),  db_id(id),           db_integer(kind),
        db_integer(ordinal + 1),  db_integer(now),     db_bytes_or_null(document),
        db_bytes_or_null(members)};
    put(batch->changes, CHANGE_WIDTH, &batch->change_count, row);
}

static void add_keys(struct batch *batch, const struct id *id, const struct scim_row_keys *keys)
{
    for (size_t i = 0; i < keys->key_count; i++) {
        struct db_value row[VALUE_WIDTH] = {db_id(&batch->tenant->directory.id), db_integer(batch->type),
                                            db_integer(keys->keys[i].code), db_bytes(keys->keys[i].key), db_id(id)};
        put(batch->values, VALUE_WIDTH, &batch->value_count, row);
    }
}

static struct slice closed(struct batch *batch, struct slice text, uint8_t braces)
{
    return slice_str(arena_printf(&batch->arena, "%.*s%.*s", (int)text.len, text.data, braces, "}}}"));
}

static struct db_value manager_of(struct batch *batch, const struct scim_row_keys *keys)
{
    struct id manager;
    return id_from_uuid(keys->manager, true, &manager) ? db_id(kept_id(batch, manager)) : db_null();
}

/* One resource from the body that a client would have sent. */
static void add_resource(struct batch *batch, struct slice body, const struct id *id, int64_t version, int64_t now,
                         const struct id *operation)
{
    struct err err = ERR_INIT;
    const struct scim_resource_type *type = scim_type_by_code(batch->type);
    json_scoped *sent = json_parse_object(body, &json_limits_default, &err);
    load_must(sent != NULL, &err, "parse");
    struct scim_members members;
    struct resource_id resource = {*id};
    json_scoped *document =
        scim_resource_normalise(sent, type, &scim_policy_default, &resource, NULL, &batch->arena, &members, &err);
    load_must(document != NULL, &err, "normalise");
    struct scim_row_keys keys;
    load_must(scim_row_keys(type, &scim_policy_default, document, &batch->arena, &keys, &err), &err, "keys");
    struct buf stored;
    buf_init(&stored, 1 << 20);
    uint8_t braces = scim_document_store(document, &stored);
    struct slice text = arena_slice(&batch->arena, buf_slice(&stored));
    buf_fini(&stored);

    struct db_value row[RESOURCE_WIDTH] = {db_id(&batch->tenant->directory.id),
                                           db_integer(batch->type),
                                           db_id(id),
                                           db_bytes_or_null(keys.unique_key),
                                           db_bytes_or_null(keys.external_key),
                                           db_bytes_or_null(keys.display),
                                           manager_of(batch, &keys),
                                           db_integer(braces),
                                           db_integer(version),
                                           db_integer(now),
                                           db_integer(now),
                                           db_bytes(text)};
    put(batch->resources, RESOURCE_WIDTH, &batch->resource_count, row);
    add_keys(batch, id, &keys);
    add_change(batch, operation, 0, id, 1, now, closed(batch, text, braces), SLICE_EMPTY);
}

void load_users(struct db *db, const struct tenant *tenant, const char *family, struct resource_id *ids_out,
                size_t count)
{
    struct buf body;
    buf_init(&body, 1 << 16);
    for (size_t at = 0; at < count;) {
        struct batch batch = batch_begin(db, tenant, SCIM_TYPE_USER, BATCH);
        for (size_t i = 0; i < BATCH && at < count; i++, at++) {
            char manager[ID_UUID_CHARS + 1];
            bool managed = at % 10 == 5;
            if (managed)
                id_to_uuid(&ids_out[at - at % 100].id, manager);
            ids_out[at].id = id_new();
            buf_clear(&body);
            users_body(&body, family, at, managed ? manager : NULL);
            add_resource(&batch, buf_slice(&body), &ids_out[at].id, 1, clock_wall_ms(), kept_id(&batch, id_new()));
        }
        batch_end(&batch);
    }
    buf_fini(&body);
}

static struct slice member_list(struct arena *arena, const struct resource_id *members, size_t count)
{
    char *bytes = arena_take(arena, count * (1 + ID_BYTES));
    for (size_t i = 0; i < count; i++) {
        bytes[i * (1 + ID_BYTES)] = '+';
        memcpy(bytes + i * (1 + ID_BYTES) + 1, members[i].id.bytes, ID_BYTES);
    }
    return slice_of(bytes, count * (1 + ID_BYTES));
}

static void add_members(struct batch *batch, const struct id *group, const struct resource_id *members, size_t count)
{
    struct db_value *rows = arena_array(&batch->arena, struct db_value, count * MEMBER_WIDTH);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        struct db_value row[MEMBER_WIDTH] = {db_id(&batch->tenant->directory.id), db_id(group),
                                             db_integer(SCIM_TYPE_USER), db_id(&members[i].id)};
        put(rows, MEMBER_WIDTH, &at, row);
    }
    run(batch->db, insert_member, rows, MEMBER_WIDTH, count);
}

struct resource_id load_group(struct db *db, const struct tenant *tenant, const char *name,
                              const struct resource_id *members, size_t count)
{
    struct resource_id group = {id_new()};
    struct id operation = id_new();
    int64_t now = clock_wall_ms();
    struct buf body;
    buf_init(&body, 1 << 16);
    buf_printf(&body, "{\"schemas\":[\"" SCIM_URN_GROUP "\"],\"displayName\":\"%s\",\"externalId\":\"group %s\"}", name,
               name);
    struct batch batch = batch_begin(db, tenant, SCIM_TYPE_GROUP, 1);
    add_resource(&batch, buf_slice(&body), &group.id, 2, now, &operation);
    add_change(&batch, &operation, 1, &group.id, 4, now, SLICE_EMPTY, member_list(&batch.arena, members, count));
    /* The group's row goes first: the members point to it. */
    run(db, insert_resource, batch.resources, RESOURCE_WIDTH, 1);
    add_members(&batch, &group.id, members, count);
    batch.resource_count = 0;
    struct err err = ERR_INIT;
    struct db_value added[] = {db_integer(1), db_id(&tenant->directory.id), db_integer(SCIM_TYPE_GROUP)};
    load_must(db_execute(db, add_to_count, added, 3, NULL, &err), &err, add_to_count);
    batch_end(&batch);
    buf_fini(&body);
    return group;
}
