/* Bodies of POST and PUT: what is accepted is in normal form, is stored and served without loss, and means no change
 * when it is put back. The first byte chooses the type and the policy, the rest is the body. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/must.h"
#include "scim/document.h"
#include "scim/resource.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct resource_id some_id = {{{1, 2, 3}}};

static json_t *normalise(const json_t *body, const struct scim_resource_type *type, const struct scim_policy *policy,
                         const json_t *before, struct arena *arena)
{
    struct scim_members members;
    struct err err = ERR_INIT;
    json_t *document = scim_resource_normalise(body, type, policy, &some_id, before, arena, &members, &err);
    must((document == NULL) == (err.kind != ERR_NONE));
    must(document == NULL || type->code == SCIM_TYPE_GROUP || !members.given);
    return document;
}

static void check_stored(const json_t *document, const struct scim_resource_type *type)
{
    struct buf text, served_text;
    struct err err = ERR_INIT;
    buf_init(&text, (size_t)64 << 20);
    buf_init(&served_text, (size_t)64 << 20);
    uint8_t open_braces = scim_document_store(document, &text);
    struct scim_served served = {.type = type,
                                 .id = some_id,
                                 .stored = {buf_slice(&text), open_braces},
                                 .version = 1,
                                 .manager_known = open_braces == 3,
                                 .manager_id = some_id,
                                 .manager_display = SLICE_LITERAL("M")};
    json_scoped *loaded = scim_document_load(served.stored);
    must(json_equal(loaded, document));

    struct json_limits roomy = {.depth = 64, .containers = 100000, .tokens = 1000000, .number = 400};
    scim_document_serve(&served, SLICE_LITERAL("https://h/scim/v2"), &served_text);
    json_scoped *parsed = json_parse(buf_slice(&served_text), &roomy, &err);
    must(parsed && json_object_get(parsed, "meta"));
    buf_fini(&served_text);
    buf_fini(&text);
}

static void check(const json_t *body, const struct scim_resource_type *type, const struct scim_policy *policy)
{
    struct arena arena;
    struct err err = ERR_INIT;
    arena_init(&arena);
    json_scoped *document = normalise(body, type, policy, NULL, &arena);
    if (document) {
        json_scoped *finished = json_deep_copy(document);
        must(scim_resource_finish(finished, type, policy, &err) && json_equal(finished, document));
        json_scoped *again = normalise(document, type, policy, document, &arena);
        bool active_unassigned = type->code == SCIM_TYPE_USER && !json_object_get(document, "active");
        must(again && (active_unassigned || json_equal(again, document)));
        check_stored(document, type);
    }
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = ERR_INIT;
    struct scim_policy policy = scim_policy_default;
    if (size == 0)
        return 0;
    policy.strict = data[0] & 2;
    policy.unknown_attributes = (enum scim_unknown)((data[0] >> 2) % 3);
    json_scoped *body = json_parse_object(slice_of((const char *)data + 1, size - 1), &json_limits_default, &err);
    if (body)
        check(body, data[0] & 1 ? &scim_user_type : &scim_group_type, &policy);
    return 0;
}
