/* Bodies of /.search, and what they ask for: order, filter, projection. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/must.h"
#include "scim/query.h"
#include "scim/sort.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
    "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"id\":\"0198c223-7f76-753a-919d-413861904601\","
    "\"userName\":\"u\",\"active\":true,\"name\":{\"familyName\":\"f\"},\"emails\":[{\"value\":\"a@x\",\"type\":"
    "\"work\"},"
    "{\"value\":\"b\",\"primary\":true}],\"badge\":[1,\"x\"],\"urn:x:y\":{\"a\":{\"b\":1.5}},\"meta\":{\"created\":"
    "\"2026-01-01T00:00:00.123Z\",\"version\":\"1\"}}";

static void use_order(const struct scim_query *query, const json_t *resource, struct arena *arena)
{
    struct err err = ERR_INIT;
    struct scim_sort sort;
    struct buf key;
    bool descending;
    if (query->sort_by.len == 0)
        return;
    if (!scim_sort_parse(query->sort_by, query->sort_order, &scim_user_type, &scim_policy_default, arena, &sort,
                         &descending, &err)) {
        must(err.kind == ERR_INVALID_VALUE && err.detail[0]);
        return;
    }
    buf_init(&key, 1 << 20);
    scim_sort_key(&sort, resource, &key);
    must(!key.overflowed && key.len <= SCIM_SORT_KEY_BYTES);
    buf_fini(&key);
}

static void use_rest(const struct scim_query *query, json_t *resource, struct arena *arena)
{
    struct err err = ERR_INIT;
    struct scim_filter *filter;
    struct scim_projection *projection;
    if (query->has_filter &&
        scim_filter_parse(query->filter, &scim_user_type, &scim_policy_default, arena, &filter, &err))
        scim_filter_matches(filter, resource);
    if (scim_projection_parse(query->attributes, query->excluded, &scim_user_type, arena, &projection, &err))
        scim_projection_apply(projection, &scim_user_type, resource);
    must(json_object_get(resource, "id"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_query query;
    json_scoped *body = json_parse_object(slice_of((const char *)data, size), &json_limits_default, &err);
    if (!body)
        return 0;
    arena_init(&arena);
    if (scim_search_parse(body, &arena, &query, &err)) {
        json_scoped *resource = json_loads(document, 0, NULL);
        must(query.count >= 0 && query.start_index >= 1);
        use_order(&query, resource, &arena);
        use_rest(&query, resource, &arena);
    } else {
        must(err.kind != ERR_NONE && err_status(err.kind) == 400 && err.detail[0]);
    }
    arena_fini(&arena);
    return 0;
}
