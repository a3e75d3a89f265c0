/* Query strings, and the projections that they ask for. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "scim/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
    "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\",\"urn:x:y\"],\"id\":\"1\",\"userName\":\"u\","
    "\"name\":{\"familyName\":\"f\"},\"emails\":[{\"value\":\"a@x\",\"type\":\"work\"},{\"type\":\"b\"}],\"badge\":[1],"
    "\"urn:x:y\":{\"a\":{\"b\":1}},\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":"
    "{\"manager\":{\"value\":\"m\"}},\"meta\":{\"version\":\"1\"}}";

static void use_projection(const struct scim_query *query, struct arena *arena)
{
    struct err err = ERR_INIT;
    struct scim_projection *projection;
    if (!scim_projection_parse(query->attributes, query->excluded, &scim_user_type, arena, &projection, &err))
        return;
    json_t *resource = json_loads(document, 0, NULL);
    scim_projection_apply(projection, &scim_user_type, resource);
    /* these are in every representation. */
    if (!json_object_get(resource, "id") || json_array_size(json_object_get(resource, "schemas")) == 0)
        abort();
    if (!scim_projection_shows(projection, SLICE_LITERAL("meta")) && json_object_get(resource, "meta"))
        abort();
    json_decref(resource);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_query query;
    arena_init(&arena);
    if (scim_query_parse(slice_of((const char *)data, size), &arena, &query, &err)) {
        if (query.count < 0 || query.start_index < 1)
            abort();
        use_projection(&query, &arena);
    } else if (err.kind != ERR_INVALID_VALUE && err.kind != ERR_INVALID_FILTER && err.kind != ERR_INVALID_COUNT) {
        abort();
    }
    arena_fini(&arena);
    return 0;
}
