#include "audit.h"

#include <stdio.h>

#include "admin_api_sql.h"
#include "base/json.h"

enum { MAX_DETAIL = 60000 }; /* the column holds 65,535 bytes */

void audit_actor(const struct call *call, char out[ID_PREFIXED_CHARS + 1])
{
    const struct principal *principal = &call->principal;
    const char *prefix = principal->kind == CALLER_OPERATOR ? ID_PREFIX_OPERATOR_KEY
                         : principal->kind == CALLER_SIGNER ? ID_PREFIX_SIGNING_KEY
                         : principal->kind & CALLERS_SETUP  ? ID_PREFIX_SETUP_LINK
                                                            : ID_PREFIX_KEY;
    id_to_prefixed(prefix, &principal->key.id, out);
}

/* --- before and after --- */

void audit_before(struct call *call, json_t *shown)
{
    json_decref(call->audit.before);
    call->audit.before = shown;
}

void audit_after(struct call *call, json_t *shown)
{
    json_decref(call->audit.after);
    call->audit.after = shown;
}

void audit_forget(struct call *call)
{
    json_decref(call->audit.detail);
    json_decref(call->audit.before);
    json_decref(call->audit.after);
    call->audit = (struct audit_note){.detail = NULL};
}

/* Nobody's doing. */
static bool is_told(const char *name)
{
    static const char *const untold[] = {"id",      "updated_at",   "expires_in_days", "expiring",
                                         "expired", "last_used_at", "health",          "counts"};
    for (size_t i = 0; i < sizeof untold / sizeof untold[0]; i++)
        if (strcmp(name, untold[i]) == 0)
            return false;
    return true;
}

static bool is_credential(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && strncmp(text, "scim", 4) == 0 && text[4] && text[5] == '_';
}

/* What of `mine` is not the same in `other`; all of it where there is no other. */
static json_t *differing(const json_t *mine, const json_t *other)
{
    json_t *different = json_object();
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)mine, name, value) {
        if (is_told(name) && !is_credential(value) && !json_equal(value, json_object_get(other, name)))
            json_object_set(different, name, value);
    }
    return different;
}

/* A new reference. */
static json_t *detail_of(const struct audit_note *note)
{
    json_t *detail = json_object(), *id = json_object_get(note->before ? note->before : note->after, "id");
    if (id)
        json_object_set(detail, "id", id);
    if (note->detail)
        json_object_update(detail, note->detail);
    if (note->before)
        json_object_set_new(detail, "before", differing(note->before, note->after));
    if (note->after)
        json_object_set_new(detail, "after", differing(note->after, note->before));
    return detail;
}

/* --- records --- */

/* An environment's records are for its vendor to see, an operator's acts in it included. */
static struct id chain_of(const struct audit_note *note)
{
    static const struct id operators;
    return note->of_operators ? operators : note->environment.id;
}

/* Of what is too large the log keeps what was done, without before and after. */
static void render_detail(const struct audit_note *note, struct buf *out)
{
    json_scoped *detail = detail_of(note);
    buf_init(out, MAX_DETAIL);
    json_render(detail, out);
    if (!out->overflowed)
        return;
    buf_fini(out);
    buf_init(out, MAX_DETAIL);
    json_object_del(detail, "before");
    json_object_del(detail, "after");
    json_object_set_new(detail, "too_large", json_true());
    json_render(detail, out);
}

bool audit_write(struct call *call, struct err *err)
{
    struct op *op = call->op;
    char actor[ID_PREFIXED_CHARS + 1];
    struct buf detail;
    audit_actor(call, actor);
    render_detail(&call->audit, &detail);
    struct audit_record record = {
        .chain = chain_of(&call->audit),
        .id = op->operation_id.id,
        .actor = slice_str(actor),
        .action = slice_str(op->operation->name),
        .environment = call->audit.environment.id,
        .organization = call->audit.organization.id,
        .directory = call->audit.directory.id,
        .detail = detail.overflowed ? SLICE_LITERAL("{\"too_large\":true}") : buf_slice(&detail),
        .request_id = slice_str(op->request_id),
        .created_ms = op->now_ms,
    };
    bool written = audit_append(call->db, call->settings->peppers, &record, err);
    buf_fini(&detail);
    return written;
}

bool audit_find(struct db *db, const struct operation_id *operation, bool *found_out, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&operation->id)};
    if (!db_query_one(db, sql_audit_find, parameters, 1, &row, err))
        return false;
    *found_out = row != NULL;
    return true;
}

bool audit_write_command(struct db *db, const struct auth_peppers *peppers, const char *action, const struct id *key,
                         int64_t now_ms, struct err *err)
{
    char shown[ID_PREFIXED_CHARS + 1], detail[64];
    id_to_prefixed(ID_PREFIX_OPERATOR_KEY, key, shown);
    int length = snprintf(detail, sizeof detail, "{\"id\":\"%s\"}", shown);
    struct audit_record record = {
        .id = id_new(),
        .actor = SLICE_LITERAL("command line"),
        .action = slice_str(action),
        .detail = slice_of(detail, (size_t)length),
        .created_ms = now_ms,
    };
    return audit_append(db, peppers, &record, err);
}
