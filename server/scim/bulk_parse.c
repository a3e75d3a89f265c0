/* The BulkRequest message. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bulk_parts.h"
#include "scim/schema.h"

/* A user with everything a directory knows has about thirty objects and arrays, and a thousand of them fit. */
const struct json_limits scim_bulk_json_limits = {.depth = 35, .containers = 100000, .tokens = 400000, .number = 64};

static json_t *member(const json_t *object, const char *name)
{
    json_t *value = json_member_nocase(object, slice_str(name), NULL);
    return json_is_null(value) ? NULL : value;
}

void bulk_refuse(struct scim_bulk_operation *operation, struct arena *arena, enum err_kind kind, const char *format,
                 ...)
{
    if (operation->err)
        return;
    char detail[sizeof(((struct err *)NULL)->detail)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    struct err *err = arena_new(arena, struct err);
    operation->err = err;
    err_set(err, kind, "%s", detail);
}

/* --- one operation --- */

struct reading {
    struct scim_bulk_operation *operation;
    const json_t *object;
    struct arena *arena;
};

/* A string member; an absent one is empty. */
static struct slice read_text(struct reading *reading, const char *name)
{
    const json_t *value = member(reading->object, name);
    if (value && !json_is_string(value))
        bulk_refuse(reading->operation, reading->arena, ERR_INVALID_SYNTAX, "\"%s\" must be a string.", name);
    return json_is_string(value) ? json_slice(value) : SLICE_EMPTY;
}

static void read_method(struct reading *reading)
{
    static const char *const names[] = {"", "POST", "PUT", "PATCH", "DELETE"};
    struct scim_bulk_operation *operation = reading->operation;
    operation->method_text = read_text(reading, "method");
    for (size_t i = SCIM_BULK_POST; i <= SCIM_BULK_DELETE; i++) {
        if (slice_equals_ascii_nocase(operation->method_text, slice_str(names[i]))) {
            operation->method = (enum scim_bulk_method)i;
            operation->method_text = slice_str(names[i]);
            return;
        }
    }
    bulk_refuse(operation, reading->arena, ERR_INVALID_SYNTAX,
                "The \"method\" of an operation must be POST, PUT, PATCH or DELETE.");
}

static void read_path(struct reading *reading)
{
    struct scim_bulk_operation *operation = reading->operation;
    operation->path = read_text(reading, "path");
    if (operation->path.len == 0)
        bulk_refuse(operation, reading->arena, ERR_INVALID_SYNTAX, "An operation needs a \"path\".");
    else if (operation->path.data[0] != '/')
        operation->path = slice_str(arena_printf(reading->arena, "/%s", operation->path.data));
}

static void read_data(struct reading *reading)
{
    struct scim_bulk_operation *operation = reading->operation;
    json_t *data = member(reading->object, "data");
    if (operation->method == SCIM_BULK_DELETE)
        return;
    if (json_is_object(data))
        operation->data = data;
    else
        bulk_refuse(operation, reading->arena, ERR_INVALID_SYNTAX, "%.*s needs an object as its \"data\".",
                    (int)operation->method_text.len, operation->method_text.data);
}

/* Everything is read as far as it goes: the result of a refused operation shows what there was. */
static void read_operation(struct reading *reading)
{
    struct scim_bulk_operation *operation = reading->operation;
    if (!json_is_object(reading->object)) {
        bulk_refuse(operation, reading->arena, ERR_INVALID_SYNTAX, "Each of the \"Operations\" must be an object.");
        return;
    }
    read_method(reading);
    read_path(reading);
    operation->bulk_id = read_text(reading, "bulkId");
    if (operation->method == SCIM_BULK_POST && operation->bulk_id.len == 0)
        bulk_refuse(operation, reading->arena, ERR_INVALID_SYNTAX, "POST needs a \"bulkId\".");
    operation->version = read_text(reading, "version");
    read_data(reading);
}

/* --- bulkIds --- */

static int compare_slices(struct slice a, struct slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

struct named {
    struct slice bulk_id;
    size_t operation;
};

static int compare_named(const void *a, const void *b)
{
    return compare_slices(((const struct named *)a)->bulk_id, ((const struct named *)b)->bulk_id);
}

static bool sort_ids(struct scim_bulk *bulk, struct arena *arena, struct err *err)
{
    struct named *list = arena_array(arena, struct named, bulk->count + 1);
    size_t *by_id = arena_array(arena, size_t, bulk->count + 1);
    for (size_t i = 0; i < bulk->count; i++)
        if (bulk->operations[i].bulk_id.len > 0)
            list[bulk->id_count++] = (struct named){bulk->operations[i].bulk_id, i};
    qsort(list, bulk->id_count, sizeof(*list), compare_named);
    for (size_t i = 0; i < bulk->id_count; i++) {
        if (i > 0 && slice_equals(list[i].bulk_id, list[i - 1].bulk_id))
            return err_set(err, ERR_INVALID_SYNTAX, "The bulkId \"%.80s\" occurs twice.", list[i].bulk_id.data);
        by_id[i] = list[i].operation;
    }
    bulk->by_id = by_id;
    return true;
}

long bulk_find(const struct scim_bulk *bulk, struct slice bulk_id)
{
    size_t low = 0, high = bulk->id_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_slices(bulk->operations[bulk->by_id[middle]].bulk_id, bulk_id);
        if (order == 0)
            return (long)bulk->by_id[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return BULK_NOBODY;
}

/* --- the message --- */

static bool names_schema(const json_t *message)
{
    const json_t *schemas = member(message, "schemas");
    for (size_t i = 0; i < json_array_size(schemas); i++) {
        const json_t *urn = json_array_get(schemas, i);
        if (json_is_string(urn) && slice_equals_ascii_nocase(json_slice(urn), SLICE_LITERAL(SCIM_URN_BULK_REQUEST)))
            return true;
    }
    return false;
}

static bool read_limit(const json_t *message, struct scim_bulk *bulk, struct err *err)
{
    const json_t *limit = member(message, "failOnErrors");
    if (!limit)
        return true;
    if (!json_is_integer(limit) || json_integer_value(limit) < 1)
        return err_set(err, ERR_INVALID_VALUE, "\"failOnErrors\" must be a whole number of at least 1.");
    bulk->fail_on_errors = (uint64_t)json_integer_value(limit);
    return true;
}

static bool check_message(const json_t *message, uint64_t max_operations, struct err *err)
{
    const json_t *operations = member(message, "Operations");
    if (!names_schema(message))
        return err_set(err, ERR_INVALID_SYNTAX, "\"schemas\" must name " SCIM_URN_BULK_REQUEST ".");
    if (!json_is_array(operations))
        return err_set(err, ERR_INVALID_SYNTAX, "\"Operations\" must be a list of operations.");
    size_t count = json_array_size(operations);
    return count <= max_operations ||
           err_set(err, ERR_TOO_LARGE, "The request has %zu operations: more than maxOperations, which is %llu.", count,
                   (unsigned long long)max_operations);
}

bool scim_bulk_parse(const json_t *message, uint64_t max_operations, struct arena *arena, struct scim_bulk *bulk_out,
                     struct err *err)
{
    *bulk_out = (struct scim_bulk){.count = 0};
    if (!check_message(message, max_operations, err) || !read_limit(message, bulk_out, err))
        return false;
    const json_t *operations = member(message, "Operations");
    bulk_out->count = json_array_size(operations);
    bulk_out->operations = arena_array(arena, struct scim_bulk_operation, bulk_out->count + 1);
    for (size_t i = 0; i < bulk_out->count; i++) {
        struct reading reading = {&bulk_out->operations[i], json_array_get(operations, i), arena};
        read_operation(&reading);
    }
    if (!sort_ids(bulk_out, arena, err))
        return false;
    for (size_t i = 0; i < bulk_out->count; i++)
        if (!bulk_out->operations[i].err)
            bulk_note_references(bulk_out, i, arena);
    return true;
}
