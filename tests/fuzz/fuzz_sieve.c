/* A filter on a resource as a client sends it: the sieve, which reads parts of the stored text, decides like the
 * reference evaluator, which sees the whole representation. Input: a byte of options, the filter, NUL, the body. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "scim/resource.h"
#include "scim/sieve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BASE SLICE_LITERAL("https://x.example/scim/v2")

static const struct scim_group_ref refs[] = {
    {.id.id.bytes = {1}, .type = SCIM_TYPE_USER, .display = {"a\"b", 3}},
    {.id.id.bytes = {2}, .type = SCIM_TYPE_GROUP, .indirect = true},
};

static bool reference(const struct scim_filter *filter, const struct scim_served *served)
{
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    scim_document_serve(served, BASE, &text);
    json_scoped *resource = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!resource)
        abort(); /* what is served is JSON */
    buf_fini(&text);
    return scim_filter_matches(filter, resource);
}

static void compare(const struct scim_filter *filter, struct scim_served *served, struct arena *arena)
{
    struct scim_sieve *sieve = scim_sieve_new(filter, served->type, arena);
    struct scim_sieve_needs needs = scim_sieve_needs(sieve);
    bool expected = reference(filter, served);
    served->manager_known &= needs.manager; /* what is not needed may be missing */
    served->ref_count = needs.refs ? served->ref_count : 0;
    if (scim_sieve_passes(sieve, served, BASE) != expected)
        abort();
    scim_sieve_free(sieve);
}

static void use(struct slice text, struct slice body, uint8_t options, struct arena *arena)
{
    struct err err = ERR_INIT;
    struct scim_filter *filter;
    struct scim_members members;
    const struct scim_resource_type *type = options & 1 ? &scim_group_type : &scim_user_type;
    struct scim_served served = {.type = type, .version = 3, .created_ms = 1750000000000, .modified_ms = 1750000000001};
    if (!scim_filter_parse(text, options & 2 ? NULL : type, &scim_policy_default, arena, &filter, &err))
        return;
    json_scoped *sent = json_parse_object(body, &json_limits_default, &err);
    json_scoped *document =
        sent ? scim_resource_normalise(sent, type, &scim_policy_default, &served.id, NULL, arena, &members, &err)
             : NULL;
    if (!document)
        return;
    struct buf stored;
    buf_init(&stored, SIZE_MAX / 2);
    served.stored.open_braces = scim_document_store(document, &stored);
    served.stored.text = buf_slice(&stored);
    served.manager_known = options & 4 && served.stored.open_braces == 3;
    served.manager_display = SLICE_LITERAL("Boss");
    served.refs = refs;
    served.ref_count = (options >> 3) % 3;
    served.refs_shown = true;
    compare(filter, &served, arena);
    buf_fini(&stored);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *nul = size > 1 ? memchr(data + 1, 0, size - 1) : NULL;
    if (!nul)
        return 0;
    struct arena arena;
    arena_init(&arena);
    struct slice text = slice_of((const char *)data + 1, (size_t)(nul - (const char *)data) - 1);
    use(text, slice_skip(slice_of((const char *)data, size), text.len + 2), data[0], &arena);
    arena_fini(&arena);
    return 0;
}
