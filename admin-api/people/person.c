#include "person.h"

#include "base/clock.h"
#include "base/must.h"
#include "profile.h"
#include "scim/document.h"

static void add_uuid(const struct id *id, struct buf *out)
{
    char text[ID_UUID_CHARS + 1];
    id_to_uuid(id, text);
    buf_add_char(out, '"');
    buf_add(out, slice_of(text, ID_UUID_CHARS));
    buf_add_char(out, '"');
}

/* name: ",\"title\":" and so on. */
#define ADD(name, value, absent, out) add_value(SLICE_LITERAL(",\"" name "\":"), value, SLICE_LITERAL(absent), out)

static void add_value(struct slice name, struct slice value, struct slice absent, struct buf *out)
{
    buf_add(out, name);
    buf_add(out, value.len ? value : absent);
}

static void add_text(struct slice name, struct slice text, struct buf *out)
{
    buf_add(out, name);
    if (text.len)
        buf_add_json_string(out, text);
    else
        buf_add(out, SLICE_LITERAL("null"));
}

static void add_display(struct slice display, struct buf *out)
{
    add_text(SLICE_LITERAL(",\"displayName\":"), display, out);
}

static void add_time(struct slice name, int64_t wall_ms, struct buf *out)
{
    char text[CLOCK_TEXT_BYTES];
    clock_text(wall_ms, text);
    buf_add(out, name);
    buf_add_char(out, '"');
    buf_add(out, slice_of(text, CLOCK_TEXT_BYTES - 1));
    buf_add_char(out, '"');
}

static void add_groups(const struct view_refs *groups, struct buf *out)
{
    buf_add(out, SLICE_LITERAL(",\"groups\":["));
    for (size_t i = 0; i < groups->count; i++) {
        buf_add_str(out, i ? ",{\"id\":" : "{\"id\":");
        add_uuid(&groups->list[i].id.id, out);
        add_display(groups->list[i].display, out);
        buf_add_str(out, groups->list[i].indirect ? ",\"type\":\"indirect\"}" : ",\"type\":\"direct\"}");
    }
    buf_add_char(out, ']');
}

/* Their names need no escapes. */
static void add_roles(const struct role_names *roles, struct buf *out)
{
    buf_add(out, SLICE_LITERAL(",\"role\":"));
    if (roles->count == 0) {
        buf_add(out, SLICE_LITERAL("null,\"roles\":[]"));
        return;
    }
    for (size_t i = 0; i <= roles->count; i++) {
        if (i > 0)
            buf_add(out, i == 1 ? SLICE_LITERAL(",\"roles\":[") : SLICE_LITERAL(","));
        buf_add_char(out, '"');
        buf_add(out, roles->list[i ? i - 1 : 0]);
        buf_add_char(out, '"');
    }
    buf_add_char(out, ']');
}

static void add_manager(const struct view_resource *row, struct slice id, struct buf *out)
{
    buf_add(out, SLICE_LITERAL(",\"manager\":"));
    if (!id.len) {
        buf_add(out, SLICE_LITERAL("null"));
        return;
    }
    buf_add(out, SLICE_LITERAL("{\"id\":"));
    buf_add(out, id);
    add_display(row->manager_known ? row->manager_display : SLICE_EMPTY, out);
    buf_add_char(out, '}');
}

static void add_custom(const struct profile *profile, struct slice document, struct buf *out)
{
    buf_add(out, SLICE_LITERAL(",\"custom\":{"));
    if (profile->has_custom)
        profile_add_custom(document, out);
    buf_add_char(out, '}');
}

const char *person_held_kind(const struct store_held *held)
{
    return held->kinds & STORE_HELD_DELETED       ? "deleted"
           : held->kinds & STORE_HELD_DEACTIVATED ? "deactivated"
                                                  : "left_groups";
}

static void add_held(const struct person *person, struct buf *out)
{
    if (!person->held)
        return;
    add_time(SLICE_LITERAL(",\"held\":{\"held_at\":"), person->held->since_ms, out);
    buf_printf(out, ",\"kind\":\"%s\"}", person_held_kind(person->held));
}

static void add_known(const struct person *person, struct buf *out)
{
    struct store_person bare = {.person = person->row->id};
    const struct store_person *known = person->known ? person->known : &bare;
    add_text(SLICE_LITERAL(",\"vendor_user_id\":"), known->vendor_user_id, out);
    buf_add(out, SLICE_LITERAL(",\"person_id\":"));
    add_uuid(&known->person.id, out);
    buf_add(out, SLICE_LITERAL(",\"previous_ids\":["));
    for (size_t i = 0; i < known->previous_count; i++) {
        if (i)
            buf_add_char(out, ',');
        add_uuid(&known->previous[i].id, out);
    }
    buf_add_char(out, ']');
    if (known->deactivated_ms)
        add_time(SLICE_LITERAL(",\"deactivated_at\":"), known->deactivated_ms, out);
    else
        buf_add(out, SLICE_LITERAL(",\"deactivated_at\":null"));
}

static void add_user(const struct person *person, struct buf *out)
{
    const struct view_resource *row = person->row;
    struct profile profile = profile_of_user(row->stored.text);
    ADD("userName", profile.user_name, "null", out);
    add_display(row->display, out);
    ADD("name", profile.name, "null", out);
    ADD("active", profile.active, "true", out); /* no provider that leaves it out means false */
    ADD("email", profile.email, "null", out);
    ADD("emails", profile.emails, "[]", out);
    ADD("external_id", profile.external_id, "null", out);
    ADD("title", profile.title, "null", out);
    ADD("department", profile.department, "null", out);
    ADD("employeeNumber", profile.employee_number, "null", out);
    ADD("costCenter", profile.cost_center, "null", out);
    ADD("organization", profile.organization, "null", out);
    ADD("division", profile.division, "null", out);
    add_manager(row, profile.manager, out);
    add_groups(&person->groups, out);
    add_roles(&person->roles, out);
    add_custom(&profile, row->stored.text, out);
    add_held(person, out);
    add_known(person, out);
}

static void add_group(const struct person *person, struct buf *out)
{
    struct profile profile = profile_of_group(person->row->stored.text);
    add_display(person->row->display, out);
    ADD("external_id", profile.external_id, "null", out);
}

static struct scim_served served_of(const struct person *person)
{
    const struct view_resource *row = person->row;
    bool is_user = row->type == SCIM_TYPE_USER;
    return (struct scim_served){
        .type = is_user ? &scim_user_type : &scim_group_type,
        .id = row->id,
        .stored = row->stored,
        .version = row->version,
        .created_ms = row->created_ms,
        .modified_ms = row->modified_ms,
        .manager_known = row->manager_known,
        .manager_id = row->manager_id,
        .manager_display = row->manager_display,
        .refs = person->groups.list,
        .ref_count = person->groups.count,
        .refs_shown = is_user,
    };
}

void person_render(const struct person *person, const struct person_style *style, struct buf *out)
{
    const struct view_resource *row = person->row;
    must(row->type == SCIM_TYPE_USER || row->type == SCIM_TYPE_GROUP);
    buf_add(out, SLICE_LITERAL("{\"id\":"));
    add_uuid(&row->id.id, out);
    (row->type == SCIM_TYPE_USER ? add_user : add_group)(person, out);
    add_time(SLICE_LITERAL(",\"created_at\":"), row->created_ms, out);
    add_time(SLICE_LITERAL(",\"updated_at\":"), row->modified_ms, out);
    if (person->is_deleted)
        add_time(SLICE_LITERAL(",\"deleted_at\":"), row->modified_ms, out);
    else
        buf_add(out, SLICE_LITERAL(",\"deleted_at\":null"));
    if (!style->profile_only) {
        struct scim_served served = served_of(person);
        buf_add(out, SLICE_LITERAL(",\"scim\":"));
        scim_document_serve(&served, style->base_url, out);
    }
    buf_add_char(out, '}');
}
