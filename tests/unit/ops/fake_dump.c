/* What the fake view holds, in the shape that a database's tables are read into, and the ways to meddle with it. */
#include "base/json.h"
#include "base/must.h"
#include "fake_internal.h"

const struct view_resource *fake_row(const struct view *view, struct directory_id directory, struct resource_id id)
{
    const struct fake_resource *resource = fake_find(view, directory, 0, &id, NULL);
    return resource ? resource->row : NULL;
}

void fake_overwrite(struct view *view, struct directory_id directory, struct resource_id id,
                    const struct view_resource *row)
{
    const struct fake_resource *resource = fake_find(view, directory, 0, &id, NULL);
    must(resource);
    memcpy((void *)(uintptr_t)resource->row, row, sizeof(*row));
}

size_t fake_change_count(const struct view *view) { return view->changes.count; }

static json_t *uuid(const struct id *id)
{
    char text[ID_UUID_CHARS + 1];
    id_to_uuid(id, text);
    return json_string(text);
}

static json_t *hex(struct slice s)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < s.len; i++)
        buf_printf(&text, "%02x", (unsigned)(unsigned char)s.data[i]);
    json_t *value = json_stringn(text.len ? text.data : "", text.len);
    must(value);
    buf_fini(&text);
    return value;
}

static json_t *resource_json(const struct fake_resource *resource)
{
    const struct view_resource *row = resource->row;
    json_t *keys = json_array();
    for (size_t i = 0; i < resource->keys.key_count; i++)
        json_array_append_new(keys,
                              json_pack("[i, o]", (int)resource->keys.keys[i].code, hex(resource->keys.keys[i].key)));
    return json_pack("{s:i, s:I, s:I, s:I, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "type", (int)row->type, "version",
                     (json_int_t)row->version, "created", (json_int_t)row->created_ms, "modified",
                     (json_int_t)row->modified_ms, "braces", (int)row->stored.open_braces, "text",
                     hex(row->stored.text), "unique", hex(row->unique_key), "external", hex(row->external_key),
                     "display", hex(row->display), "manager",
                     row->has_manager ? uuid(&row->manager_id.id) : json_null(), "keys", keys);
}

static json_t *resources_json(const struct view *view, json_t *counts)
{
    json_t *resources = json_object();
    int users = 0, groups = 0;
    for (size_t i = 0; i < view->resources.count; i++) {
        const struct fake_resource *resource = view->resources.items[i];
        char text[ID_UUID_CHARS + 1];
        id_to_uuid(&resource->row->id.id, text);
        must(json_object_set_new(resources, text, resource_json(resource)) == 0);
        *(resource->row->type == SCIM_TYPE_USER ? &users : &groups) += 1;
    }
    json_object_set_new(counts, "1", json_integer(users));
    json_object_set_new(counts, "2", json_integer(groups));
    return resources;
}

static json_t *memberships_json(const struct view *view)
{
    json_t *memberships = json_object();
    for (size_t i = 0; i < view->memberships.count; i++) {
        const struct fake_membership *membership = view->memberships.items[i];
        char group[ID_UUID_CHARS + 1], member[ID_UUID_CHARS + 1];
        id_to_uuid(&membership->group.id, group);
        id_to_uuid(&membership->member.id, member);
        json_t *members = json_object_get(memberships, group);
        if (!members) {
            members = json_object();
            json_object_set_new(memberships, group, members);
        }
        json_object_set_new(members, member, json_integer(membership->type));
    }
    return memberships;
}

static json_t *changes_json(const struct view *view)
{
    json_t *changes = json_object();
    for (size_t i = 0; i < view->changes.count; i++) {
        const struct fake_change *change = view->changes.items[i];
        char name[ID_UUID_CHARS + 16], operation[ID_UUID_CHARS + 1];
        id_to_uuid(&change->operation.id, operation);
        snprintf(name, sizeof(name), "%s/%u", operation, (unsigned)change->ordinal);
        must(!json_object_get(changes, name));
        json_object_set_new(changes, name,
                            json_pack("[o, i, I, o, o]", uuid(&change->resource.id), change->kind,
                                      (json_int_t)change->version, hex(change->document), hex(change->members)));
    }
    return changes;
}

json_t *fake_dump(const struct view *view)
{
    json_t *counts = json_object();
    json_t *resources = resources_json(view, counts);
    return json_pack("{s:o, s:o, s:o, s:o}", "resources", resources, "counts", counts, "memberships",
                     memberships_json(view), "changes", changes_json(view));
}
