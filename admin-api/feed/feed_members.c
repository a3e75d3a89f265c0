/* Who became a member of a group, and who ceased to be one: first all of those, then all of these, FEED_MEMBERS in an
 * event. */
#include "feed_render.h"

struct side { /* those added, or those removed */
    const char *type;
    bool added;
    size_t count;
    struct slice rest; /* what has not been looked at for them */
};

static struct side side_of(struct slice entries, bool added)
{
    struct side side = {.type = added ? "group.member_added" : "group.member_removed", .added = added, .rest = entries};
    struct history_entry entry;
    while (history_next_entry(&entries, &entry))
        side.count += entry.added == added;
    return side;
}

static uint32_t parts_of(const struct side *side)
{
    return (uint32_t)((side->count + FEED_MEMBERS - 1) / FEED_MEMBERS);
}

static bool next_of(struct side *side, struct history_entry *entry_out)
{
    while (history_next_entry(&side->rest, entry_out))
        if (entry_out->added == side->added)
            return true;
    return false;
}

static void add_member(const struct history_entry *entry, struct buf *out)
{
    char id[ID_UUID_CHARS + 1];
    id_to_uuid(&entry->member.id, id);
    buf_add(out, SLICE_LITERAL("{\"id\":\""));
    buf_add(out, slice_of(id, ID_UUID_CHARS));
    buf_add_str(out, entry->is_group ? "\",\"type\":\"Group\"}" : "\",\"type\":\"User\"}");
}

static void add_members(struct side *side, struct buf *out)
{
    struct history_entry entry;
    buf_add(out, SLICE_LITERAL(",\"members\":["));
    for (size_t i = 0; i < FEED_MEMBERS && next_of(side, &entry); i++) {
        if (i > 0)
            buf_add_char(out, ',');
        add_member(&entry, out);
    }
    buf_add_char(out, ']');
}

static void pass_members(struct side *side)
{
    struct history_entry entry;
    for (size_t i = 0; i < FEED_MEMBERS && next_of(side, &entry); i++)
        continue;
}

/* first: how many events of the row come before these. */
static void render_side(struct feed_render *render, const struct feed_row *row, const struct scim_rules *rules,
                        struct side *side, uint32_t first, uint32_t all)
{
    uint32_t parts = parts_of(side);
    for (uint32_t part = 0; part < parts && !render->is_full; part++) {
        if (!feed_render_begin(render, row, side->type, first + part, all)) {
            pass_members(side);
            continue;
        }
        feed_render_resource(render, row, rules, row->beside);
        add_members(side, &render->text);
        buf_printf(&render->text, ",\"part\":%u,\"parts\":%u}", part + 1, parts);
        feed_render_end(render);
    }
}

void feed_render_members(struct feed_render *render, const struct feed_row *row, const struct scim_rules *rules)
{
    struct side added = side_of(row->members, true), removed = side_of(row->members, false);
    uint32_t parts_added = parts_of(&added), all = parts_added + parts_of(&removed);
    render_side(render, row, rules, &added, 0, all);
    render_side(render, row, rules, &removed, parts_added, all);
}
