#include "audit.h"

#include "admin_api_sql.h"
#include <stdio.h>

#include "base/json.h"

enum { MAX_DETAIL = 16384 };

static struct db_value id_or_null(const struct id *id) { return id_is_zero(id) ? db_null() : db_id(id); }

void audit_actor(const struct call *call, char out[ID_PREFIXED_CHARS + 1])
{
    const struct principal *principal = &call->principal;
    id_to_prefixed(principal->is_operator ? ID_PREFIX_OPERATOR_KEY : ID_PREFIX_KEY, &principal->key.id, out);
}

bool audit_write(struct call *call, struct err *err)
{
    struct op *op = call->op;
    char actor[ID_PREFIXED_CHARS + 1];
    audit_actor(call, actor);
    struct buf detail;
    buf_init(&detail, MAX_DETAIL);
    if (call->audit.detail)
        json_render(call->audit.detail, &detail);
    bool shown = detail.len > 0 && !detail.overflowed;
    struct db_value parameters[] = {
        db_id(&op->operation_id.id),
        db_bytes(slice_str(actor)),
        db_bytes(slice_str(op->operation->name)),
        id_or_null(&call->audit.environment.id),
        id_or_null(&call->audit.organization.id),
        id_or_null(&call->audit.directory.id),
        db_bytes(shown ? buf_slice(&detail) : SLICE_LITERAL("{}")),
        db_bytes(slice_str(op->request_id)),
        db_integer(op->now_ms),
    };
    bool written = db_execute(call->db, sql_audit_insert, parameters, 9, NULL, err);
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

bool audit_write_command(struct db *db, const char *action, const struct id *key, int64_t now_ms, struct err *err)
{
    struct id id = id_new();
    char shown[ID_PREFIXED_CHARS + 1], detail[64];
    id_to_prefixed(ID_PREFIX_OPERATOR_KEY, key, shown);
    int length = snprintf(detail, sizeof detail, "{\"key\":\"%s\"}", shown);
    struct db_value parameters[] = {
        db_id(&id),
        db_bytes(SLICE_LITERAL("command line")),
        db_bytes(slice_str(action)),
        db_null(),
        db_null(),
        db_null(),
        db_bytes(slice_of(detail, (size_t)length)),
        db_bytes(SLICE_LITERAL("")),
        db_integer(now_ms),
    };
    return db_execute(db, sql_audit_insert, parameters, 9, NULL, err);
}
