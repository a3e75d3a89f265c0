/* PATCH: whatever is asked for, the document before stays as it is, and the one after is in normal form. The first byte
 * chooses the type and the policy; behind it the body of the resource, a line break, the body of the PATCH. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/must.h"
#include "scim/document.h"
#include "scim/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct resource_id some_id = {{{1, 2, 3}}};

static void check_edits(const struct scim_member_edit *edit)
{
    for (; edit; edit = edit->next) {
        must((edit->kind == SCIM_MEMBERS_REMOVE_WHERE) == (edit->filter != NULL));
        for (size_t i = 1; i < edit->count; i++)
            must(id_compare(&edit->ids[i - 1].id, &edit->ids[i].id) < 0);
    }
}

static void check_after(const json_t *after, const struct scim_resource_type *type, const struct scim_policy *policy)
{
    struct err err = ERR_INIT;
    json_scoped *finished = json_deep_copy(after);
    must(scim_resource_finish(finished, type, policy, &err) && json_equal(finished, after));

    struct buf is, should_be;
    buf_init(&is, (size_t)64 << 20);
    buf_init(&should_be, (size_t)64 << 20);
    scim_document_store(after, &is);
    scim_document_store(finished, &should_be);
    must(slice_equals(buf_slice(&is), buf_slice(&should_be)));
    buf_fini(&is);
    buf_fini(&should_be);
}

static void check(const json_t *body, const json_t *request, const struct scim_resource_type *type,
                  const struct scim_policy *policy, struct arena *arena)
{
    struct err err = ERR_INIT;
    struct scim_members members;
    struct scim_patch *patch;
    json_scoped *before =
        scim_resource_normalise(body, type, &scim_policy_default, &some_id, NULL, arena, &members, &err);
    if (!before || !scim_patch_parse(request, type, policy, arena, &patch, &err))
        return;
    check_edits(scim_patch_members(patch));

    json_scoped *copy = json_deep_copy(before);
    json_scoped *after = scim_patch_apply(patch, before, type, policy, arena, &err);
    must((after == NULL) == (err.kind != ERR_NONE));
    must(json_equal(before, copy));
    must(scim_patch_touches_document(patch) || json_equal(before, after));
    if (after)
        check_after(after, type, policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = ERR_INIT;
    struct scim_policy policy = scim_policy_default;
    const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
    if (!line || line == data)
        return 0;
    policy.strict = data[0] & 2;
    policy.unknown_attributes = (enum scim_unknown)((data[0] >> 2) % 3);

    struct slice first = slice_of((const char *)data + 1, (size_t)(line - data) - 1);
    struct slice second = slice_of((const char *)line + 1, size - (size_t)(line - data) - 1);
    json_scoped *body = json_parse_object(first, &json_limits_default, &err);
    json_scoped *request = body ? json_parse_object(second, &json_limits_default, &err) : NULL;
    if (request) {
        struct arena arena;
        arena_init(&arena);
        check(body, request, data[0] & 1 ? &scim_user_type : &scim_group_type, &policy, &arena);
        arena_fini(&arena);
    }
    return 0;
}
