#include "tell.h"

#include "audit.h"
#include "base/json.h"
#include "store/event.h"

bool admin_tell(struct call *call, const char *type, json_t *data, struct err *err)
{
    json_scoped *owned = data;
    char actor[ID_PREFIXED_CHARS + 1];
    audit_actor(call, actor);
    struct event_new event = {
        .type = type,
        .environment = call->audit.environment,
        .organization = call->audit.organization,
        .directory = call->audit.directory,
        .data = owned,
        .now_ms = call->op->now_ms,
        .cause = VIEW_CAUSE_ADMIN,
        .operation = call->op->operation_id.id,
        .actor = actor,
    };
    return store_event_raise(call->db, &event, err);
}
