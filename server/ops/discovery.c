/* ServiceProviderConfig, ResourceTypes, Schemas: readable without a token (D-05): then the
 * built-in ones, the same for every organization. A token that is sent must be good, and shows what its directory has.
 */
#include "scim/discovery.h"

#include "scim/etag.h"
#include "use_cases.h"

static bool admit(struct call *call)
{
    struct op *op = call->op;
    if (call->credential_sent ? !call_admit(call) : !call_check_media_types(call))
        return false;
    if (!call->organization_known)
        return err_set(&op->err, ERR_NOT_FOUND, "There is nothing at this URL.");
    if (call->query.has_filter)
        return err_set(&op->err, ERR_FORBIDDEN, "Discovery endpoints cannot be filtered.");
    return true;
}

static struct scim_capabilities capabilities(const struct call *call)
{
    const struct scim_service_settings *settings = call->settings;
    uint64_t max_page = settings->max_page;
    return (struct scim_capabilities){.max_results = max_page,
                                      .default_page =
                                          settings->default_page < max_page ? settings->default_page : max_page,
                                      .cursor_timeout_s = settings->cursor_timeout_s,
                                      .bulk_max_operations = call->settings->bulk_max_operations,
                                      .bulk_max_payload = call->settings->bulk_max_payload,
                                      .sort = true,
                                      .documentation_uri = NULL};
}

/* What was written into the reply's body becomes the reply; 304 when the client has it. */
static void reply(struct call *call)
{
    struct op *op = call->op;
    char tag[SCIM_ETAG_BYTES];
    scim_discovery_etag(buf_slice(&op->reply.body), tag);
    enum scim_condition none_match;
    if (!scim_etag_check(op->if_none_match, tag, &none_match, &op->err))
        return;
    op_header(op, "etag", slice_str(tag));
    struct slice location = scim_discovery_location(buf_slice(&op->reply.body));
    if (location.len > 0)
        op_header(op, "content-location", location); /* H-22 */
    if (none_match == SCIM_CONDITION_MET) {
        buf_clear(&op->reply.body);
        op->reply.status = 304;
        return;
    }
    call_reply_body(call, 200);
}

enum job_step scim_show_config(struct op *op, struct view *view)
{
    struct call *call = call_of(op);
    if (!call_want_token(call, view))
        return JOB_WANTS;
    if (admit(call)) {
        struct scim_capabilities able = capabilities(call);
        scim_discovery_config(&able, call->base_url, &op->reply.body);
        reply(call);
    }
    return JOB_DONE;
}

enum job_step scim_show_types(struct op *op, struct view *view)
{
    struct call *call = call_of(op);
    if (!call_want_token(call, view))
        return JOB_WANTS;
    if (admit(call)) {
        scim_discovery_types(call->rules, call->base_url, &op->reply.body);
        reply(call);
    }
    return JOB_DONE;
}

enum job_step scim_show_schemas(struct op *op, struct view *view)
{
    struct call *call = call_of(op);
    if (!call_want_token(call, view))
        return JOB_WANTS;
    if (admit(call)) {
        scim_discovery_schemas(call->rules, call->base_url, &op->reply.body);
        reply(call);
    }
    return JOB_DONE;
}

static enum job_step show_one(struct op *op, struct view *view, const char *noun,
                              bool (*show)(const struct scim_rules *rules, struct slice name, struct slice base_url,
                                           struct buf *out))
{
    struct call *call = call_of(op);
    if (!call_want_token(call, view))
        return JOB_WANTS;
    if (!admit(call))
        return JOB_DONE;
    if (show(call->rules, op->parameters[1], call->base_url, &op->reply.body))
        reply(call);
    else
        err_set(&op->err, ERR_NOT_FOUND, "There is no %s with this id.", noun);
    return JOB_DONE;
}

enum job_step scim_show_type(struct op *op, struct view *view)
{
    return show_one(op, view, "resource type", scim_discovery_type);
}

enum job_step scim_show_schema(struct op *op, struct view *view)
{
    return show_one(op, view, "schema", scim_discovery_schema);
}

void scim_not_implemented(struct op *op)
{
    err_set(&op->err, ERR_NOT_IMPLEMENTED, "This endpoint is not implemented: see /ServiceProviderConfig.");
}
