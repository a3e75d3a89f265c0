#include "precondition.h"

#include "reply.h"
#include "tag.h"

static bool is_method(const struct op *op, const char *method) { return strcmp(op->route->method, method) == 0; }

static const struct admin_operation *find_reader(const struct call *call, const struct admin_operation *operation)
{
    const struct op *op = call->op;
    if (operation->shown_by)
        return operation->shown_by;
    for (size_t i = 0; i < op->service->route_count; i++) {
        const struct route *route = &op->service->routes[i];
        if (strcmp(route->method, "GET") == 0 && strcmp(route->pattern, op->route->pattern) == 0)
            return (const struct admin_operation *)route->operation;
    }
    return NULL;
}

/* What the GET would show, as a tag. Its answer goes nowhere. */
static bool current_tag(struct call *call, const struct admin_operation *reader, char out[TAG_TEXT_BYTES],
                        struct err *err)
{
    call->locks = true;
    bool shown = reader->handle(call, err);
    call->locks = false;
    if (shown)
        tag_of(buf_slice(&call->op->reply.body), &reader->tag, out);
    reply_clear(call->op);
    return shown;
}

static bool compare(struct op *op, const char *tag, struct err *err)
{
    bool listed;
    if (op->if_match.data) {
        if (!tag_listed(op->if_match, tag, TAG_STRONG, &listed, err))
            return false;
        if (!listed)
            return err_set(err, ERR_PRECONDITION, "It has been changed: its entity tag is %s now. Read it again.", tag);
    }
    if (op->if_none_match.data) {
        if (!tag_listed(op->if_none_match, tag, TAG_WEAK, &listed, err))
            return false;
        if (listed)
            return err_set(err, ERR_PRECONDITION, "If-None-Match names its entity tag, %s.", tag);
    }
    return true;
}

bool precondition_check(struct call *call, const struct admin_operation *operation, struct err *err)
{
    struct op *op = call->op;
    char tag[TAG_TEXT_BYTES];
    if (is_method(op, "POST"))
        return true;
    if (!op->if_match.data && call->settings->require_if_match)
        return err_set(err, ERR_PRECONDITION_REQUIRED,
                       "Changes need an If-Match header with the ETag that was read, or \"*\".");
    if (!op->if_match.data && !op->if_none_match.data)
        return true;
    const struct admin_operation *reader = find_reader(call, operation);
    if (!reader)
        return err_set(err, ERR_PRECONDITION, "There is no entity tag at this path: send no If-Match.");
    return current_tag(call, reader, tag, err) && compare(op, tag, err);
}

/* Lists have none: a page of a thousand users is not hashed for nothing. */
static bool is_resource(const struct op *op, const struct admin_operation *operation)
{
    bool shown = op->reply.status == 201 || (op->reply.status == 200 && !is_method(op, "POST"));
    bool is_json = op->reply.content_type && strcmp(op->reply.content_type, reply_json_type) == 0;
    return shown && is_json && !(operation->queries & QUERY_PAGE) && !reply_has_header(op, "etag");
}

static bool answer_conditional_get(struct op *op, const char *tag, struct err *err)
{
    bool listed = false;
    if (op->if_match.data && (!tag_listed(op->if_match, tag, TAG_STRONG, &listed, err) || !listed))
        return err->kind != ERR_NONE ? false : err_set(err, ERR_PRECONDITION, "Its entity tag is %s.", tag);
    if (!op->if_none_match.data)
        return true;
    if (!tag_listed(op->if_none_match, tag, TAG_WEAK, &listed, err))
        return false;
    if (listed) {
        op->reply.status = 304;
        op->reply.content_type = NULL;
        buf_clear(&op->reply.body);
    }
    return true;
}

bool precondition_answer(struct call *call, const struct admin_operation *operation, struct err *err)
{
    struct op *op = call->op;
    char tag[TAG_TEXT_BYTES];
    if (!is_resource(op, operation) || op->reply.body.overflowed)
        return true;
    tag_of(buf_slice(&op->reply.body), &operation->tag, tag);
    op_header(op, "etag", slice_str(tag));
    return !is_method(op, "GET") || answer_conditional_get(op, tag, err);
}
