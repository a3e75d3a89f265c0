#include "guarded_tell.h"

#include "admin_api_sql.h"
#include "base/must.h"
#include "column.h"
#include "feed.h"
#include "feed_document.h"

enum { EVENT_COLUMNS = 10, MOST_BYTES = 16 << 20 };

void *tell_grow(struct arena *arena, void *list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return list;
    *capacity = *capacity ? *capacity * 2 : 64;
    void *larger = arena_take(arena, *capacity * size);
    if (count)
        memcpy(larger, list, count * size);
    return larger;
}

void tell_keep(struct tell *tell, const struct pending *pending)
{
    tell->list = tell_grow(tell->arena, tell->list, tell->count, &tell->capacity, sizeof *tell->list);
    tell->list[tell->count++] = *pending;
}

struct tell_why tell_why_of(const struct db_value *columns)
{
    static const char *const prefixes[] = {ID_PREFIX_TOKEN, ID_PREFIX_KEY, ID_PREFIX_OPERATOR_KEY,
                                           ID_PREFIX_SIGNING_KEY};
    struct tell_why why = {
        .at_ms = columns[0].integer, .cause = (int)columns[1].integer, .actor_prefix = prefixes[columns[3].integer]};
    if (columns[2].kind != DB_NULL)
        db_id_out(&columns[2], &why.actor);
    return why;
}

static struct db_value actor_text(struct tell *tell)
{
    char *text = arena_take(tell->arena, ID_PREFIXED_CHARS + 1);
    if (id_is_zero(&tell->why.actor))
        return db_null();
    id_to_prefixed(tell->why.actor_prefix, &tell->why.actor, text);
    return db_bytes(slice_str(text));
}

static struct db_value own_id(struct tell *tell, const struct id *id)
{
    struct id *own = arena_new(tell->arena, struct id);
    *own = *id;
    return column_id(own);
}

void tell_event(struct tell *tell, const struct pending *like, const char *type, const struct history_of *about,
                struct slice data)
{
    struct pending event = *like;
    event.source = FEED_EVENT;
    event.operation = id_new();
    event.ordinal = 0;
    event.type = about->type;
    event.kind = 0;
    event.resource = about->id;
    tell_keep(tell, &event);
    tell->events = tell_grow(tell->arena, tell->events, tell->event_count, &tell->event_capacity,
                             EVENT_COLUMNS * sizeof *tell->events);
    const struct db_value row[EVENT_COLUMNS] = {
        own_id(tell, &event.operation),
        own_id(tell, &event.environment.id),
        own_id(tell, &event.organization.id),
        own_id(tell, &event.directory.id),
        db_bytes(slice_str(type)),
        db_bytes(arena_slice(&tell->bodies, data)),
        db_integer(tell->why.at_ms ? tell->why.at_ms : tell->now_ms),
        db_integer(tell->why.cause),
        own_id(tell, &tell->why.operation),
        actor_text(tell),
    };
    memcpy(tell->events + EVENT_COLUMNS * tell->event_count++, row, sizeof row);
    tell->body_bytes += data.len;
}

static void add_member(struct buf *out, const struct tell_member *member, bool first)
{
    char id[ID_UUID_CHARS + 1];
    id_to_uuid(&member->id, id);
    buf_printf(out, "%s{\"id\":\"%s\",\"type\":\"%s\"}", first ? "" : ",", id, member->is_group ? "Group" : "User");
}

static void tell_part(struct tell *tell, const struct pending *like, const struct tell_members *members, size_t part,
                      size_t parts)
{
    struct buf data;
    size_t first = (part - 1) * TELL_MOST_MEMBERS;
    buf_init(&data, MOST_BYTES);
    buf_add_str(&data, "{\"group\":");
    buf_add(&data, members->document);
    buf_printf(&data, ",\"version\":%llu,\"members\":[", (unsigned long long)members->version);
    for (size_t i = first; i < members->count && i < first + TELL_MOST_MEMBERS; i++)
        add_member(&data, &members->list[i], i == first);
    buf_printf(&data, "],\"part\":%zu,\"parts\":%zu", part, parts);
    if (members->guard)
        buf_printf(&data, ",\"guard\":\"%s\"", members->guard);
    buf_add_str(&data, "}");
    must(!data.overflowed);
    const struct history_of about = {like->directory, SCIM_TYPE_GROUP, members->group};
    tell_event(tell, like, members->added ? "group.member_added" : "group.member_removed", &about, buf_slice(&data));
    buf_fini(&data);
}

void tell_members(struct tell *tell, const struct pending *like, const struct tell_members *members)
{
    size_t parts = (members->count + TELL_MOST_MEMBERS - 1) / TELL_MOST_MEMBERS;
    for (size_t part = 1; part <= parts; part++)
        tell_part(tell, like, members, part, parts);
}

bool tell_write(struct tell *tell, struct err *err)
{
    size_t count = tell->event_count;
    if (count > 0 && !db_execute_bulk(tell->db, sql_guarded_event, tell->events, EVENT_COLUMNS, count, NULL, err))
        return false;
    tell->event_count = tell->body_bytes = 0;
    arena_reset(&tell->bodies);
    return true;
}

struct slice tell_document(struct arena *arena, const struct scim_resource_type *type, struct scim_stored stored)
{
    struct buf text;
    buf_init(&text, MOST_BYTES);
    feed_document_add(type, stored, &text);
    must(!text.overflowed);
    struct slice document = arena_slice(arena, buf_slice(&text));
    buf_fini(&text);
    return document;
}
