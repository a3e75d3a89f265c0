#include "write.h"

#include "base/json.h"

bool write_prepare(struct call *call, struct view *view, json_t *document, struct decided *decided_out)
{
    struct arena *arena = view_arena(view);
    struct buf text;
    buf_init(&text, call->settings->max_body * 8 + 65536); /* escapes can lengthen what was sent */
    uint8_t open_braces = scim_document_store(document, &text);
    bool fits = !text.overflowed;
    struct slice copy = fits ? arena_slice(arena, buf_slice(&text)) : SLICE_EMPTY;
    buf_fini(&text);
    if (!fits)
        return err_set(&call->op->err, ERR_TOO_LARGE, "The resource is too large.");
    *decided_out = (struct decided){.document = document, .stored = {.text = copy, .open_braces = open_braces}};
    return scim_row_keys(call->type, call_policy(call), document, arena, &decided_out->keys, &call->op->err);
}

bool write_keys_before(struct call *call, struct view *view, const struct view_resource *row,
                       struct scim_row_keys **keys_out)
{
    json_scoped *before = scim_document_load(row->stored);
    *keys_out = arena_new(view_arena(view), struct scim_row_keys);
    return scim_row_keys(call->type, call_policy(call), before, view_arena(view), *keys_out, &call->op->err);
}

bool write_want_holder(struct call *call, struct view *view, struct slice key, const struct resource_id **holder_out)
{
    *holder_out = NULL;
    return key.len == 0 || view_want_holder(view, call_directory(call), call->type->code, key, holder_out);
}

bool write_check_holder(struct call *call, const struct resource_id *holder, const struct resource_id *self)
{
    if (!holder || id_equals(&holder->id, &self->id))
        return true;
    const char *attribute = "displayName";
    if (call->type->code == SCIM_TYPE_USER)
        attribute = call_policy(call)->unique_identifier == SCIM_IDENTIFIER_EMAIL ? "The primary e-mail" : "userName";
    return err_set(&call->op->err, ERR_UNIQUENESS, "%s is already in use by another %s.", attribute, call->type->name);
}
