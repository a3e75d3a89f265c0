#include "reply.h"

#include "base/clock.h"
#include "base/json.h"

const char reply_json_type[] = "application/json";

void reply_uncached(struct op *op) { op_header(op, "cache-control", SLICE_LITERAL("no-store")); }

bool reply_body(struct op *op, int status)
{
    op->reply.status = status;
    op->reply.content_type = reply_json_type;
    reply_uncached(op);
    return true;
}

bool reply_json(struct op *op, int status, json_t *value)
{
    json_render(value, &op->reply.body);
    json_decref(value);
    return reply_body(op, status);
}

bool reply_created(struct op *op, const char *collection, const char *id, json_t *value)
{
    op_header(op, "location", slice_str(arena_printf(&op->arena, "%s/%s", collection, id)));
    return reply_json(op, 201, value);
}

bool reply_empty(struct op *op)
{
    op->reply.status = 204;
    reply_uncached(op);
    return true;
}

bool reply_has_header(const struct op *op, const char *name)
{
    for (size_t i = 0; i < op->reply.header_count; i++)
        if (strcmp(op->reply.headers[i].name, name) == 0)
            return true;
    return false;
}

void reply_clear(struct op *op)
{
    op->reply.status = 0;
    op->reply.content_type = NULL;
    op->reply.header_count = 0;
    buf_clear(&op->reply.body);
}

json_t *show_id(const char *prefix, const struct id *id)
{
    char text[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(prefix, id, text);
    return json_string(text);
}

json_t *show_text_or_null(struct slice text) { return text.len ? json_from_slice(text) : json_null(); }

json_t *show_time(int64_t wall_ms)
{
    char text[CLOCK_TEXT_BYTES];
    clock_text(wall_ms, text);
    return json_string(text);
}

json_t *show_time_or_null(int64_t wall_ms) { return wall_ms ? show_time(wall_ms) : json_null(); }
