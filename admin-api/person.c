#include "base/must.h"
#include "people.h"
#include "scim/document.h"
#include "skim.h"

struct profile { /* JSON values as they stand in the document; empty: absent */
    struct slice user_name, active, emails, external_id;
};

static struct profile profile_of(struct slice document)
{
    struct profile profile = {.user_name = SLICE_EMPTY};
    struct slice name, value;
    while (skim_member(&document, &name, &value)) {
        if (slice_equals(name, SLICE_LITERAL("userName")))
            profile.user_name = value;
        else if (slice_equals(name, SLICE_LITERAL("active")))
            profile.active = value;
        else if (slice_equals(name, SLICE_LITERAL("emails")))
            profile.emails = value;
        else if (slice_equals(name, SLICE_LITERAL("externalId")))
            profile.external_id = value;
    }
    return profile;
}

static void add_uuid(const struct id *id, struct buf *out)
{
    char text[ID_UUID_CHARS + 1];
    id_to_uuid(id, text);
    buf_add_char(out, '"');
    buf_add(out, slice_of(text, ID_UUID_CHARS));
    buf_add_char(out, '"');
}

static void add_value(const char *name, struct slice value, const char *absent, struct buf *out)
{
    buf_add(out, SLICE_LITERAL(",\""));
    buf_add_str(out, name);
    buf_add(out, SLICE_LITERAL("\":"));
    buf_add(out, value.len ? value : slice_str(absent));
}

static void add_display(struct slice display, struct buf *out)
{
    buf_add(out, SLICE_LITERAL(",\"displayName\":"));
    if (display.len)
        buf_add_json_string(out, display);
    else
        buf_add(out, SLICE_LITERAL("null"));
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

void person_render(const struct person *person, struct buf *out)
{
    const struct view_resource *row = person->row;
    struct profile profile = profile_of(row->stored.text);
    struct scim_served served = served_of(person);
    must(row->type == SCIM_TYPE_USER || row->type == SCIM_TYPE_GROUP);

    buf_add(out, SLICE_LITERAL("{\"id\":"));
    add_uuid(&row->id.id, out);
    if (row->type == SCIM_TYPE_USER)
        add_value("userName", profile.user_name, "null", out);
    add_display(row->display, out);
    if (row->type == SCIM_TYPE_USER) {
        add_value("active", profile.active, "true", out); /* no provider that leaves it out means false */
        add_value("emails", profile.emails, "[]", out);
    }
    add_value("external_id", profile.external_id, "null", out);
    if (row->type == SCIM_TYPE_USER)
        add_groups(&person->groups, out);
    buf_add(out, SLICE_LITERAL(",\"scim\":"));
    scim_document_serve(&served, person->base_url, out);
    buf_add_char(out, '}');
}
