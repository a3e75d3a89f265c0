/* Answers: a resource as it is shown, its conditions, and what goes around it. */
#include "base/json.h"
#include "base/must.h"
#include "call.h"
#include "scim/etag.h"

bool call_shows_refs(const struct call *call)
{
    bool is_group = call->type->code == SCIM_TYPE_GROUP;
    return scim_projection_shows(call->projection, is_group ? SLICE_LITERAL("members") : SLICE_LITERAL("groups"));
}

struct scim_served call_served(const struct call *call, const struct call_shown *shown)
{
    const struct view_resource *row = shown->row;
    return (struct scim_served){
        .type = call->type,
        .id = row->id,
        .stored = row->stored,
        .version = row->version,
        .created_ms = row->created_ms,
        .modified_ms = row->modified_ms,
        .manager_known = row->manager_known || shown->manager,
        .manager_id = row->manager_id,
        .manager_display = shown->manager ? shown->manager->display : row->manager_display,
        .refs = shown->refs.list,
        .ref_count = shown->refs.count,
        .refs_shown = call_shows_refs(call),
    };
}

bool call_want_groups(struct call *call, struct view *view, struct resource_id user, struct view_refs *refs_out)
{
    bool nests_groups = call->token && call->token->nests_groups;
    return view_want_all_groups(view, call_directory(call), nests_groups, user, refs_out);
}

bool call_want_manager(struct call *call, struct view *view, const struct view_resource *row,
                       const struct view_resource **manager_out)
{
    *manager_out = NULL;
    if (!row || !row->has_manager)
        return true;
    return view_want_resource(view, call_directory(call), SCIM_TYPE_USER, row->manager_id, VIEW_NARROW, manager_out);
}

bool call_preconditions(struct call *call, const struct scim_served *served)
{
    struct op *op = call->op;
    if (op->if_match.len == 0 && !call_reads(op) && !call->insider && call_policy(call)->if_match_required)
        return err_set(&op->err, ERR_PRECONDITION_REQUIRED, "Changes in this directory need an If-Match header.");
    if (op->if_match.len == 0 && op->if_none_match.len == 0)
        return true;
    char tag[SCIM_ETAG_BYTES];
    scim_document_etag(served, tag);
    enum scim_condition match, none_match;
    if (!scim_etag_check(op->if_match, tag, &match, &op->err) ||
        !scim_etag_check(op->if_none_match, tag, &none_match, &op->err))
        return false;
    if (match == SCIM_CONDITION_FAILED)
        return err_set(&op->err, ERR_PRECONDITION, "The resource has changed: its version is %s.", tag);
    if (none_match != SCIM_CONDITION_MET)
        return true;
    if (!call_reads(op))
        return err_set(&op->err, ERR_PRECONDITION, "The resource exists: its version is %s.", tag);
    op->reply.status = 304;
    op_header(op, "etag", slice_str(tag));
    op_header(op, "cache-control", SLICE_LITERAL("no-cache, private"));
    return false;
}

json_t *call_representation(const struct call *call, const struct scim_served *served)
{
    struct buf text;
    buf_init(&text, call->settings->max_reply);
    scim_document_serve(served, call->base_url, &text);
    json_t *resource = json_loadb(text.data, text.len, 0, NULL);
    must(resource); /* our own text */
    buf_fini(&text);
    return resource;
}

void call_render(const struct call *call, const struct scim_served *served, struct buf *out)
{
    bool plain = !call->projection || scim_projection_is_plain(call->projection);
    if (plain && !served->type->has_hidden) {
        scim_document_serve(served, call->base_url, out);
        return;
    }
    json_scoped *resource = call_representation(call, served);
    scim_projection_apply(call->sent ? call->sent : call->projection, served->type, resource);
    json_render(resource, out);
}

void call_reply_body(struct call *call, int status)
{
    struct op *op = call->op;
    if (op->reply.body.overflowed) {
        err_set(&op->err, ERR_TOO_MANY,
                "The answer would be larger than %zu bytes: ask for fewer resources or attributes.",
                call->settings->max_reply);
        return;
    }
    op->reply.status = status;
    op->reply.content_type = call_media_type(op);
    op_header(op, "cache-control", SLICE_LITERAL("no-cache, private"));
}

static void add_tag(struct call *call, const struct scim_served *served)
{
    char tag[SCIM_ETAG_BYTES];
    scim_document_etag(served, tag);
    op_header(call->op, "etag", slice_str(tag));
}

void call_reply_resource(struct call *call, int status, const struct scim_served *served)
{
    struct op *op = call->op;
    call_render(call, served, &op->reply.body);
    call_reply_body(call, status);
    if (op->err.kind != ERR_NONE)
        return;
    char uuid[ID_UUID_CHARS + 1];
    id_to_uuid(&served->id.id, uuid);
    struct slice location = slice_str(arena_printf(&op->arena, "%.*s%s/%s", (int)call->base_url.len,
                                                   call->base_url.data, served->type->endpoint, uuid));
    add_tag(call, served);
    op_header(op, "location", location);
    op_header(op, "content-location", location);
}

void call_reply_no_content(struct call *call, const struct scim_served *served)
{
    call->op->reply.status = 204;
    add_tag(call, served);
}
