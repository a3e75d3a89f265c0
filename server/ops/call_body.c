/* What was sent, and in which form an answer may be: media types and bodies. */
#include "base/json.h"
#include "call.h"
#include "scim/policy_bind.h"

static struct slice next_item(struct slice *list)
{
    const char *comma = list->len ? memchr(list->data, ',', list->len) : NULL;
    size_t len = comma ? (size_t)(comma - list->data) : list->len;
    struct slice item = slice_trim(slice_of(list->data, len));
    *list = slice_skip(*list, comma ? len + 1 : len);
    return item;
}

static struct slice without_parameters(struct slice media_type)
{
    const char *semicolon = media_type.len ? memchr(media_type.data, ';', media_type.len) : NULL;
    return slice_trim(slice_of(media_type.data, semicolon ? (size_t)(semicolon - media_type.data) : media_type.len));
}

static bool is_type(struct slice type, const char *name) { return slice_equals_ascii_nocase(type, slice_str(name)); }

enum { ACCEPTS_NOTHING = 0, ACCEPTS_JSON = 1, ACCEPTS_SCIM = 2 };

static int accepted(struct slice accept)
{
    if (accept.len == 0)
        return ACCEPTS_SCIM;
    int found = ACCEPTS_NOTHING;
    while (accept.len > 0) {
        struct slice type = without_parameters(next_item(&accept));
        if (is_type(type, "*/*") || is_type(type, "application/*") || is_type(type, CALL_MEDIA_TYPE))
            found |= ACCEPTS_SCIM;
        else if (is_type(type, "application/json"))
            found |= ACCEPTS_JSON;
    }
    return found;
}

/* H-04 to H-07, and P-35: a JSON Patch is not a SCIM PATCH. */
bool call_check_media_types(struct call *call)
{
    struct op *op = call->op;
    struct slice sent = without_parameters(op->content_type);
    if (op->body.len > 0 && sent.len > 0 && !is_type(sent, CALL_MEDIA_TYPE) && !is_type(sent, "application/json"))
        return err_set(&op->err, ERR_MEDIA_TYPE, "The body must be application/scim+json or application/json.");
    if (accepted(op->accept) == ACCEPTS_NOTHING)
        return err_set(&op->err, ERR_NOT_ACCEPTABLE, "Only application/scim+json and application/json can be sent.");
    return true;
}

const char *call_media_type(const struct op *op)
{
    return accepted(op->accept) == ACCEPTS_JSON ? "application/json" : CALL_MEDIA_TYPE;
}

/* A group of 50,000 members is an object for each of them, each with a few members. */
static const struct json_limits *json_limits(const struct call *call)
{
    static const struct json_limits of_groups = {.depth = 32, .containers = 60000, .tokens = 600000, .number = 64};
    return call->type && call->type->code == SCIM_TYPE_GROUP ? &of_groups : &json_limits_default;
}

bool call_read_body(struct call *call)
{
    if (!call->body_read) {
        call->body_read = true;
        if (call->op->json)
            call->body = json_incref(call->op->json);
        else if (call->op->body.len == 0)
            err_set(&call->body_err, ERR_INVALID_SYNTAX, "The request needs a JSON object as its body.");
        else
            call->body = json_parse_object(call->op->body, json_limits(call), &call->body_err);
    }
    if (!call->body)
        call->op->err = call->body_err;
    return call->body != NULL;
}

bool call_read_search(struct call *call)
{
    if (!call->op->operation->searches || call->query_good || call->parameter_err.kind != ERR_NONE)
        return true;
    if (!call_read_body(call))
        return false;
    call->query_good = scim_search_parse(call->body, &call->op->arena, &call->query, &call->parameter_err);
    call_read_projection(call);
    return true;
}

void call_note_sent(struct call *call)
{
    struct arena *arena = &call->op->arena;
    if (!call->type->has_hidden || call->sent)
        return;
    size_t count;
    const struct scim_path *paths = call->patch ? scim_patch_paths(call->patch, arena, &count)
                                                : scim_resource_paths(call->body, call->type, arena, &count);
    call->sent = scim_projection_with_sent(call->projection, paths, count, arena);
}
