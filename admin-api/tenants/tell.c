#include "tell.h"

#include "base/json.h"
#include "store/event.h"

bool admin_tell(struct call *call, const char *type, json_t *data, struct err *err)
{
    json_scoped *owned = data;
    struct event_new event = {
        .type = type,
        .environment = call->audit.environment,
        .organization = call->audit.organization,
        .directory = call->audit.directory,
        .data = owned,
        .now_ms = call->op->now_ms,
    };
    return store_event_raise(call->db, &event, err);
}
