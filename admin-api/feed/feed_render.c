#include "feed_render.h"

#include <sodium.h>

#include "base/clock.h"
#include "base/must.h"

/* --- ids --- */

/* As UUIDv7 of the moment of the change; the rest is a hash of what names the event. */
struct id feed_event_id(struct environment_id environment, const struct feed_row *row, uint32_t part)
{
    uint8_t named[ID_BYTES + 12];
    struct id id;
    memcpy(named, environment.id.bytes, ID_BYTES);
    for (size_t i = 0; i < 8; i++)
        named[ID_BYTES + i] = (uint8_t)(row->sequence >> (56 - 8 * i));
    for (size_t i = 0; i < 4; i++)
        named[ID_BYTES + 8 + i] = (uint8_t)(part >> (24 - 8 * i));
    must(crypto_generichash(id.bytes, ID_BYTES, named, sizeof named, NULL, 0) == 0);
    for (size_t i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)((uint64_t)row->happened_ms >> (40 - 8 * i));
    id.bytes[6] = 0x70 | (id.bytes[6] & 0x0f);
    id.bytes[8] = 0x80 | (id.bytes[8] & 0x3f);
    return id;
}

/* --- the envelope --- */

static void add_id(const char *name, const char *prefix, const struct id *id, struct buf *out)
{
    char text[ID_PREFIXED_CHARS + 1];
    buf_add_str(out, name);
    if (id_is_zero(id)) {
        buf_add(out, SLICE_LITERAL("null"));
        return;
    }
    id_to_prefixed(prefix, id, text);
    buf_add_char(out, '"');
    buf_add(out, slice_of(text, ID_PREFIXED_CHARS));
    buf_add_char(out, '"');
}

static void add_time(int64_t wall_ms, struct buf *out)
{
    char text[CLOCK_TEXT_BYTES];
    clock_text(wall_ms, text);
    buf_add(out, SLICE_LITERAL(",\"timestamp\":\""));
    buf_add(out, slice_of(text, CLOCK_TEXT_BYTES - 1));
    buf_add_char(out, '"');
}

static void add_place(const struct feed_row *row, struct buf *out)
{
    add_id(",\"organization_id\":", ID_PREFIX_ORGANIZATION, &row->organization.id, out);
    buf_add(out, SLICE_LITERAL(",\"organization_external_id\":"));
    if (row->organization_external.data)
        buf_add_json_string(out, row->organization_external);
    else
        buf_add(out, SLICE_LITERAL("null"));
    add_id(",\"directory_id\":", ID_PREFIX_DIRECTORY, &row->directory.id, out);
    if (id_is_zero(&row->directory.id))
        buf_add(out, SLICE_LITERAL(",\"primary\":null"));
    else
        buf_add_str(out, row->is_primary ? ",\"primary\":true" : ",\"primary\":false");
}

static void add_cause(const struct feed_row *row, struct buf *out)
{
    static const char *const causes[] = {"system", "scim", "admin", "job", "restore"};
    char text[ID_UUID_CHARS + 1];
    must(row->cause >= 0 && row->cause < (int)(sizeof causes / sizeof causes[0]));
    buf_add(out, SLICE_LITERAL(",\"cause\":{\"kind\":\""));
    buf_add_str(out, causes[row->cause]);
    if (id_is_zero(&row->operation)) {
        buf_add(out, SLICE_LITERAL("\",\"id\":null}"));
    } else {
        id_to_uuid(&row->operation, text);
        buf_add(out, SLICE_LITERAL("\",\"id\":\""));
        buf_add(out, slice_of(text, ID_UUID_CHARS));
        buf_add(out, SLICE_LITERAL("\"}"));
    }
    buf_add(out, SLICE_LITERAL(",\"actor\":"));
    if (row->actor[0])
        buf_add_json_string(out, slice_str(row->actor));
    else
        buf_add(out, SLICE_LITERAL("null"));
}

static void add_envelope(const struct feed_query *query, const struct feed_row *row, const struct feed_event *event,
                         struct buf *out)
{
    add_id("{\"id\":", ID_PREFIX_EVENT, &event->id, out);
    buf_add(out, SLICE_LITERAL(",\"type\":\""));
    buf_add_str(out, feed_type_names[event->type]);
    buf_add_char(out, '"');
    add_time(row->happened_ms, out);
    add_id(",\"environment_id\":", ID_PREFIX_ENVIRONMENT, &query->environment.id, out);
    add_place(row, out);
    add_cause(row, out);
    buf_add(out, SLICE_LITERAL(",\"data\":"));
}

/* --- the page --- */

static struct feed_place place_behind(const struct feed_row *row, uint32_t part, uint32_t parts)
{
    return part + 1 < parts ? (struct feed_place){row->sequence, part + 1} : (struct feed_place){row->sequence + 1, 0};
}

static bool is_wanted(const struct feed_query *query, int type, struct feed_place place)
{
    return feed_place_compare(place, query->from) >= 0 && query->types >> type & 1;
}

static bool is_full(struct feed_render *render, struct feed_place place)
{
    const struct feed_page *page = render->page;
    size_t most_bytes = render->query->most_bytes ? render->query->most_bytes : FEED_PAGE_BYTES;
    if (render->is_full || (page->count < render->query->limit && render->bytes < most_bytes))
        return render->is_full;
    render->is_full = true;
    render->page->next = place;
    return true;
}

bool feed_render_begin(struct feed_render *render, const struct feed_row *row, const char *type_name, uint32_t part,
                       uint32_t parts)
{
    struct feed_place place = {row->sequence, part};
    int type = feed_type_find(slice_str(type_name));
    must(type >= 0);
    if (!is_wanted(render->query, type, place) || is_full(render, place))
        return false;
    struct feed_event *event = &render->page->list[render->page->count];
    *event = (struct feed_event){
        .place = place,
        .next = place_behind(row, part, parts),
        .id = row->source == FEED_EVENT ? row->key : feed_event_id(render->query->environment, row, part),
        .type = type,
        .organization = row->organization,
        .directory = row->directory,
        .operation = row->operation,
        .resource_type = row->type,
        .resource = row->resource,
        .is_put = row->is_put,
        .happened_ms = row->happened_ms,
    };
    buf_clear(&render->text);
    add_envelope(render->query, row, event, &render->text);
    return true;
}

void feed_render_end(struct feed_render *render)
{
    buf_add_char(&render->text, '}');
    must(!render->text.overflowed);
    render->page->list[render->page->count++].json = arena_slice(render->arena, buf_slice(&render->text));
    render->bytes += render->text.len;
}

/* --- rows --- */

/* Types that are not known any more are passed over. What the guard tells (guarded.h) is about a user or a group. */
static void render_event(struct feed_render *render, const struct feed_row *row, const struct scim_rules *rules)
{
    int type = feed_type_find(row->event_type);
    const struct scim_resource_type *about = row->type ? scim_rules_type(rules, row->type) : NULL;
    if (type < 0 || !feed_render_begin(render, row, feed_type_names[type], 0, 1))
        return;
    if (about)
        render->page->list[render->page->count].endpoint = arena_slice(render->arena, slice_str(about->endpoint));
    buf_add(&render->text, row->event_data);
    feed_render_end(render);
}

void feed_render_row(struct feed_render *render, const struct feed_row *row, const struct scim_rules *rules)
{
    if (!row->is_there)
        return;
    if (row->source == FEED_EVENT)
        render_event(render, row, rules);
    else if (row->kind == HISTORY_MEMBERS)
        feed_render_members(render, row, rules);
    else
        feed_render_change(render, row, rules);
}
