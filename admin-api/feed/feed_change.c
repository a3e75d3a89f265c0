/* Events of a user, a group or a resource of an own type: that it came, changed, went or came back. */
#include "base/json.h"
#include "feed_difference.h"
#include "feed_document.h"
#include "feed_render.h"

static void add_own_type(const struct scim_resource_type *type, struct buf *out)
{
    buf_add(out, SLICE_LITERAL("{\"resource_type\":"));
    if (type)
        buf_add_json_string(out, slice_str(type->name));
    else
        buf_add(out, SLICE_LITERAL("null"));
    buf_add(out, SLICE_LITERAL(",\"resource\":"));
}

/* Of a type that the directory does not have any more nobody can tell what of it may be shown; of a group whose members
 * have changed nothing else may be known. */
static void add_id_alone(const struct feed_row *row, struct buf *out)
{
    char id[ID_UUID_CHARS + 1];
    id_to_uuid(&row->resource.id, id);
    buf_printf(out, "{\"id\":\"%s\"}", id);
}

void feed_render_resource(struct feed_render *render, const struct feed_row *row, const struct scim_rules *rules,
                          struct slice document)
{
    const struct scim_resource_type *type = scim_rules_type(rules, row->type);
    struct buf *out = &render->text;
    if (type)
        render->page->list[render->page->count].endpoint = arena_slice(render->arena, slice_str(type->endpoint));
    if (row->type == SCIM_TYPE_USER)
        buf_add(out, SLICE_LITERAL("{\"user\":"));
    else if (row->type == SCIM_TYPE_GROUP)
        buf_add(out, SLICE_LITERAL("{\"group\":"));
    else
        add_own_type(type, out);
    if (type && document.len)
        feed_document_add_whole(type, document, out);
    else
        add_id_alone(row, out);
    buf_add(out, SLICE_LITERAL(",\"version\":"));
    buf_add_uint(out, row->version);
}

/* "user" or "group" or "resource", and what happened to it. */
#define TYPE_OF(row, happening)                                                                                        \
    ((row)->type == SCIM_TYPE_USER    ? "user." happening                                                              \
     : (row)->type == SCIM_TYPE_GROUP ? "group." happening                                                             \
                                      : "resource." happening)

static void render_one(struct feed_render *render, const struct feed_row *row, const struct scim_rules *rules,
                       const char *type)
{
    if (!feed_render_begin(render, row, type, 0, 1))
        return;
    feed_render_resource(render, row, rules, row->document);
    buf_add(&render->text, SLICE_LITERAL(",\"changes\":[]}"));
    feed_render_end(render);
}

static void render_changes(struct feed_render *render, const struct feed_row *row, const struct scim_rules *rules,
                           const json_t *changes)
{
    feed_render_resource(render, row, rules, row->document);
    buf_add(&render->text, SLICE_LITERAL(",\"changes\":"));
    if (changes)
        json_render(changes, &render->text);
    else
        buf_add(&render->text, SLICE_LITERAL("null"));
    buf_add_char(&render->text, '}');
    feed_render_end(render);
}

static bool wants_update(const struct feed_render *render, const struct feed_row *row)
{
    static const char *const of_user[] = {"user.updated", "user.activated", "user.deactivated"};
    uint64_t types = 0;
    for (size_t i = 0; i < sizeof of_user / sizeof of_user[0]; i++)
        types |= UINT64_C(1) << feed_type_find(slice_str(of_user[i]));
    return row->type != SCIM_TYPE_USER || (render->query->types & types);
}

static void render_update(struct feed_render *render, const struct feed_row *row, const struct scim_rules *rules)
{
    struct feed_difference difference;
    if (!wants_update(render, row))
        return;
    feed_difference_make(&difference, row, rules, render->scratch);
    bool is_told_apart = difference.activity != NULL;
    uint32_t parts = is_told_apart && difference.others ? 2 : 1;
    if (!is_told_apart || difference.others)
        if (feed_render_begin(render, row, TYPE_OF(row, "updated"), 0, parts))
            render_changes(render, row, rules, difference.others);
    if (is_told_apart &&
        feed_render_begin(render, row, difference.is_active ? "user.activated" : "user.deactivated", parts - 1, parts))
        render_changes(render, row, rules, difference.activity);
    feed_difference_end(&difference);
}

void feed_render_change(struct feed_render *render, const struct feed_row *row, const struct scim_rules *rules)
{
    switch (row->kind) {
    case HISTORY_CREATED:
        render_one(render, row, rules, row->version > 1 ? TYPE_OF(row, "restored") : TYPE_OF(row, "created"));
        break;
    case HISTORY_DELETED:
        render_one(render, row, rules, TYPE_OF(row, "deleted"));
        break;
    case HISTORY_UPDATED:
        render_update(render, row, rules);
        break;
    case HISTORY_MEMBERS:
    case HISTORY_BEFORE:
        break;
    }
}
