#include "store/event.h"

#include "base/json.h"
#include "base/must.h"
#include "store_sql.h"

enum { MAX_DATA = 1 << 20 };

static bool is_known(const char *type)
{
    static const char *const types[] = {
#define EVENT_TYPE(name, meaning) name,
#include "store/event_types.def"
#undef EVENT_TYPE
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

static struct db_value id_or_null(const struct id *id) { return id_is_zero(id) ? db_null() : db_id(id); }

bool store_event_raise(struct db *db, const struct event_new *event, struct err *err)
{
    struct id id = id_new();
    struct buf data;
    must(is_known(event->type)); /* or nobody would ever read it */
    buf_init(&data, MAX_DATA);
    if (event->data)
        json_render(event->data, &data);
    must(!data.overflowed);
    struct db_value parameters[] = {
        db_id(&id),
        db_id(&event->environment.id),
        id_or_null(&event->organization.id),
        id_or_null(&event->directory.id),
        db_bytes(slice_str(event->type)),
        db_bytes(event->data ? buf_slice(&data) : SLICE_LITERAL("{}")),
        db_integer(event->now_ms),
        db_integer(event->cause),
        id_or_null(&event->operation),
        event->actor ? db_bytes(slice_str(event->actor)) : db_null(),
    };
    bool raised = db_execute(db, sql_event_insert, parameters, sizeof parameters / sizeof parameters[0], NULL, err);
    buf_fini(&data);
    return raised && db_execute(db, sql_outbox_event, parameters, 4, NULL, err);
}
