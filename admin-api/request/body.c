#include "body.h"

#include "base/json.h"
#include "problem.h"

struct slice call_text(const struct call *call, const char *name, struct slice otherwise)
{
    const json_t *member = call_member(call, name);
    if (!member)
        return otherwise;
    return json_is_string(member) ? json_slice(member) : SLICE_EMPTY;
}

static bool is_json(struct slice content_type)
{
    const char *semicolon = content_type.len ? memchr(content_type.data, ';', content_type.len) : NULL;
    struct slice type = semicolon ? slice_of(content_type.data, (size_t)(semicolon - content_type.data)) : content_type;
    type = slice_trim(type);
    return slice_equals_ascii_nocase(type, SLICE_LITERAL("application/json")) ||
           slice_equals_ascii_nocase(type, SLICE_LITERAL("application/merge-patch+json"));
}

static bool check_fields(struct call *call, const struct admin_operation *operation, struct err *err)
{
    struct field_context context = {.arena = call_arena(call), .now_ms = call->op->now_ms};
    struct field_errors *errors = &call_state(call->op)->errors;
    *errors = (struct field_errors){.count = 0};
    admin_fields_check(call->body, operation->fields, operation->field_count, &context, errors);
    if (errors->count == 0)
        return true;
    return err_set(err, ERR_VALIDATION, "The request body has %zu value%s that cannot be accepted: see errors.",
                   errors->count, errors->count == 1 ? "" : "s");
}

bool body_read(struct call *call, const struct admin_operation *operation, struct err *err)
{
    struct slice body = slice_trim(call->op->body);
    if (!operation->fields || (operation->body_optional && body.len == 0)) {
        call->body = json_object();
        return true;
    }
    if (!is_json(call->op->content_type))
        return err_set(err, ERR_MEDIA_TYPE, "The body must be JSON, sent with Content-Type: application/json.");
    call->body = json_parse_object(body, &json_limits_default, err);
    return call->body && check_fields(call, operation, err);
}
