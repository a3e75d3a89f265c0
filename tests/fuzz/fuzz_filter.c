/* Filters and value paths: nothing is read outside the text, and what parses can be evaluated, negated and planned. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "scim/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
    "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"id\":\"0198c223-7f76-753a-919d-413861904601\","
    "\"externalId\":\"x\",\"userName\":\"B\u00f6b\",\"active\":true,\"title\":\"a\",\"size\":5,\"tags\":[\"a\",1.5,"
    "true],"
    "\"name\":{\"familyName\":\"f\"},\"emails\":[{\"value\":\"a@x\",\"type\":\"work\",\"primary\":true},{\"type\":"
    "\"b\"}],"
    "\"urn:x:y\":{\"a\":{\"b\":[{\"value\":1}]}},\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":"
    "{\"department\":\"d\",\"manager\":{\"value\":\"m\"}},\"meta\":{\"created\":\"2026-01-01T00:00:00.123Z\"}}";

static json_t *resource(void)
{
    static json_t *loaded;
    if (!loaded)
        loaded = json_loads(document, 0, NULL);
    return loaded;
}

static void use_filter(struct slice text, const struct scim_resource_type *type, const struct scim_policy *policy,
                       struct arena *arena)
{
    struct err err = ERR_INIT;
    struct scim_filter *filter;
    struct scim_plan plan;
    if (!scim_filter_parse(text, type, policy, arena, &filter, &err)) {
        if (err.kind != ERR_INVALID_FILTER || err.detail[0] == '\0')
            abort();
        return;
    }
    struct scim_filter negated = {.kind = SCIM_NOT, .left = filter};
    bool matches = scim_filter_matches(filter, resource());
    if (matches == scim_filter_matches(&negated, resource()))
        abort();
    scim_filter_plan(filter, type, policy, arena, &plan);
    if (matches && plan.kind == SCIM_PLAN_NOTHING)
        abort();
    scim_filter_uses(filter, SLICE_LITERAL("groups"));
}

static void use_value_path(struct slice text, const struct scim_policy *policy, struct arena *arena)
{
    struct err err = ERR_INIT;
    struct scim_path path;
    struct scim_filter *filter;
    if (scim_value_path_parse(text, &scim_user_type, policy, arena, &path, &filter, &err)) {
        if (filter)
            scim_filter_matches_value(filter, json_array_get(json_object_get(resource(), "emails"), 0));
    } else if (err.kind != ERR_INVALID_FILTER && err.kind != ERR_INVALID_PATH) {
        abort();
    }
}

/* The first byte chooses policy and type. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    if (size == 0)
        return 0;
    const struct scim_policy *policy = data[0] & 1 ? &scim_policy_strict : &scim_policy_default;
    const struct scim_resource_type *types[] = {&scim_user_type, &scim_group_type, NULL, &scim_user_type};
    struct slice text = slice_of((const char *)data + 1, size - 1);
    arena_init(&arena);
    use_filter(text, types[(data[0] >> 1) & 3], policy, &arena);
    use_value_path(text, policy, &arena);
    arena_fini(&arena);
    return 0;
}
