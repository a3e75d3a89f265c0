#include "write.h"

#include "obs/log.h"
#include "obs/metrics.h"
#include "scim/policy_bind.h"
#include "undeclared.h"

bool write_keys(struct call *call, const json_t *document, struct scim_row_keys *keys_out)
{
    return scim_row_keys(call->type, call_policy(call), document, &call->op->arena, keys_out, &call->op->err);
}

bool write_decide(struct call *call, const json_t *before, const json_t *document, struct decision *decision)
{
    struct buf text;
    buf_init(&text, call->settings->max_body * 8 + 65536); /* escapes can lengthen what was sent */
    uint8_t open_braces = scim_document_store(document, &text);
    bool fits = !text.overflowed;
    if (fits)
        decision->stored =
            (struct scim_stored){.text = arena_slice(&call->op->arena, buf_slice(&text)), .open_braces = open_braces};
    buf_fini(&text);
    decision->changes = true;
    decision->foreign_domain = scim_policy_finds_foreign_domain(call_policy(call), call->type, before, document);
    decision->undeclared = undeclared_find(call, document);
    return fits ? write_keys(call, document, &decision->keys)
                : err_set(&call->op->err, ERR_TOO_LARGE, "The resource is too large.");
}

/* Neither the address nor its domain: logs hold no personal data. */
static void report_foreign_domain(const struct call *call)
{
    char directory[ID_PREFIXED_CHARS + 1];
    struct directory_id id = call_directory(call);
    id_to_prefixed(ID_PREFIX_DIRECTORY, &id.id, directory);
    metric_add(metric_series(METRIC_FOREIGN_DOMAINS, NULL, NULL), 1);
    log_event(LOG_WARN, "scim", "an address is outside the domains of the organization",
              LOG_TEXT("directory", directory), LOG_TEXT("request_id", call->op->request_id));
}

/* Once, although a decision can be staged again after a roll-back. */
void write_report(struct call *call, struct decision *decision)
{
    if (decision->reported)
        return;
    decision->reported = true;
    if (decision->foreign_domain)
        report_foreign_domain(call);
    undeclared_note(call, decision->undeclared);
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
    const struct scim_attribute *own = scim_type_unique(call->type);
    const char *attribute = own ? own->name : "displayName";
    if (call->type->code == SCIM_TYPE_USER)
        attribute = call_policy(call)->unique_identifier == SCIM_IDENTIFIER_EMAIL ? "The primary e-mail" : "userName";
    return err_set(&call->op->err, ERR_UNIQUENESS, "%s is already in use by another %s.", attribute, call->type->name);
}
