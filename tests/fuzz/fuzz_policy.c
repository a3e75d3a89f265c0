/* Policies: any text becomes a policy or a refusal that says why; a policy is obeyed without harm, whatever its lists,
 * patterns and paths are. The text of the policy, a line feed, then the body of a user. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/must.h"
#include "scim/resource.h"
#include "scim/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct resource_id some_id = {{{1, 2, 3}}};

/* What the policy lets in is let in as it came out. */
static void obey(const struct scim_rules *rules, const json_t *body, struct arena *arena)
{
    const struct scim_resource_type *type = rules->types[0];
    struct scim_members members;
    struct err err = ERR_INIT;
    json_scoped *document = scim_resource_normalise(body, type, &rules->policy, &some_id, NULL, arena, &members, &err);
    must((document == NULL) == (err.kind != ERR_NONE));
    if (!document)
        return;
    json_scoped *again =
        scim_resource_normalise(document, type, &rules->policy, &some_id, document, arena, &members, &err);
    must(again || err.detail[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t length = line ? (size_t)(line - data) : size;
    struct slice domains = SLICE_LITERAL("[\"example.com\",\"b\\u00fccher.example\"]");
    struct scim_rules_source source = {.policy = slice_of((const char *)data, length), .domains = domains};
    struct err err = ERR_INIT;
    struct scim_rules *rules = scim_rules_make(&source, &err);
    must(rules || ((err.kind == ERR_INVALID_VALUE || err.kind == ERR_INVALID_SYNTAX) && err.detail[0]));
    if (rules && line) {
        struct slice text = slice_of((const char *)line + 1, size - length - 1);
        json_scoped *body = json_parse_object(text, &json_limits_default, &err);
        struct arena arena;
        arena_init(&arena);
        if (body)
            obey(rules, body, &arena);
        arena_fini(&arena);
    }
    scim_rules_free(rules);
    return 0;
}
