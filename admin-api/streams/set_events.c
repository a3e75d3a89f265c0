#include "set_events.h"

#include <stdio.h>

#include "base/json.h"
#include "diff.h"

#define URN      "urn:ietf:params:scim:event:"
#define PATCH_OP "urn:ietf:params:scim:api:messages:2.0:PatchOp"

static const struct {
    const char *full, *notice; /* the same: it has no payload, and no format */
} uris[SET_EVENTS] = {
    [SET_ADD] = {URN "feed:add", URN "feed:add"},
    [SET_REMOVE] = {URN "feed:remove", URN "feed:remove"},
    [SET_CREATE] = {URN "prov:create:full", URN "prov:create:notice"},
    [SET_PATCH] = {URN "prov:patch:full", URN "prov:patch:notice"},
    [SET_PUT] = {URN "prov:put:full", URN "prov:put:notice"},
    [SET_DELETE] = {URN "prov:delete", URN "prov:delete"},
    [SET_ACTIVATE] = {URN "prov:activate", URN "prov:activate"},
    [SET_DEACTIVATE] = {URN "prov:deactivate", URN "prov:deactivate"},
};

/* What verbs of the feed are here. SET_PATCH stands for SET_PUT, too. */
static const struct {
    const char *verb;
    unsigned events;
} verbs[] = {
    {"created", SET_BIT(SET_CREATE)},
    {"restored", SET_BIT(SET_CREATE)},
    {"updated", SET_BIT(SET_PATCH)},
    {"deleted", SET_BIT(SET_DELETE)},
    {"activated", SET_BIT(SET_PATCH) | SET_BIT(SET_ACTIVATE)},
    {"deactivated", SET_BIT(SET_PATCH) | SET_BIT(SET_DEACTIVATE)},
    {"member_added", SET_BIT(SET_PATCH)},
    {"member_removed", SET_BIT(SET_PATCH)},
};

const char *set_event_uri(enum set_event event, enum set_format format)
{
    return format == SET_FULL ? uris[event].full : uris[event].notice;
}

bool set_event_parse(struct slice uri, enum set_event *event_out)
{
    for (enum set_event event = 0; event < SET_EVENTS; event++)
        if (slice_equals(uri, slice_str(uris[event].full)) || slice_equals(uri, slice_str(uris[event].notice))) {
            *event_out = event;
            return true;
        }
    return false;
}

/* --- types of the feed --- */

static bool is_of_a_resource(const char *type)
{
    return strncmp(type, "user.", 5) == 0 || strncmp(type, "group.", 6) == 0 || strncmp(type, "resource.", 9) == 0;
}

static const char *verb_of(const char *type) { return strchr(type, '.') + 1; }

static unsigned events_of_type(const char *type)
{
    if (strcmp(type, "directory.deleted") == 0 || strcmp(type, "organization.deleted") == 0)
        return SET_BIT(SET_REMOVE);
    if (strcmp(type, "directory.restored") == 0 || strcmp(type, "organization.restored") == 0)
        return SET_BIT(SET_ADD);
    for (size_t i = 0; is_of_a_resource(type) && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(verb_of(type), verbs[i].verb) == 0)
            return verbs[i].events;
    return 0;
}

uint64_t set_types_of(unsigned events)
{
    uint64_t types = 0;
    if (events & SET_BIT(SET_PUT))
        events |= SET_BIT(SET_PATCH);
    for (int i = 0; i < FEED_TYPES; i++)
        if (events_of_type(feed_type_names[i]) & events)
            types |= UINT64_C(1) << i;
    return types;
}

bool set_event_moves(const struct feed_event *event, enum set_event *event_out)
{
    unsigned moves = events_of_type(feed_type_names[event->type]) & SET_OF_THE_FEED;
    *event_out = moves & SET_BIT(SET_ADD) ? SET_ADD : SET_REMOVE;
    return moves != 0;
}

/* --- payloads --- */

const json_t *set_resource_of(const json_t *data)
{
    static const char *const names[] = {"user", "group", "resource"};
    const json_t *resource = NULL;
    for (size_t i = 0; !resource && i < sizeof names / sizeof names[0]; i++)
        resource = json_object_get(data, names[i]);
    return resource;
}

static json_t *paths_of(const json_t *changes)
{
    json_t *paths = json_array();
    for (size_t i = 0; i < json_array_size(changes); i++)
        json_array_append(paths, json_object_get(json_array_get(changes, i), "path"));
    return paths;
}

static json_t *payload(const json_t *data, const char *name, json_t *value)
{
    char tag[32];
    json_int_t version = json_integer_value(json_object_get(data, "version"));
    snprintf(tag, sizeof tag, "W/\"%lld\"", (long long)version);
    return json_pack("{s:o, s:s}", name, value, "version", tag);
}

static json_t *notice_of(const json_t *data, json_t *attributes) { return payload(data, "attributes", attributes); }

static json_t *operation_of(const json_t *change)
{
    json_t *path = json_object_get(change, "path"), *value = json_object_get(change, "new");
    if (json_is_null(value))
        return json_pack("{s:s, s:O}", "op", "remove", "path", path);
    bool is_new = json_is_null(json_object_get(change, "old"));
    return json_pack("{s:s, s:O, s:O}", "op", is_new ? "add" : "replace", "path", path, "value", value);
}

static json_t *patch_of(const json_t *data, json_t *operations)
{
    return payload(data, "data", json_pack("{s:[s], s:o}", "schemas", PATCH_OP, "Operations", operations));
}

static json_t *patch_of_changes(const json_t *data, const json_t *changes)
{
    json_t *operations = json_array();
    for (size_t i = 0; i < json_array_size(changes); i++)
        json_array_append_new(operations, operation_of(json_array_get(changes, i)));
    return patch_of(data, operations);
}

static void set_payload(json_t *events, enum set_event event, enum set_format format, json_t *value)
{
    json_object_set_new(events, set_event_uri(event, format), value);
}

/* --- events --- */

static void add_creation(json_t *events, const json_t *data, enum set_format format)
{
    const json_t *resource = set_resource_of(data);
    json_t *told = format == SET_FULL ? payload(data, "data", json_incref((json_t *)(uintptr_t)resource))
                                      : notice_of(data, diff_paths(NULL, resource));
    set_payload(events, SET_CREATE, format, told);
}

/* Something was changed that policy calls sensitive: it may be named, and its value stands nowhere. */
static bool hides_something(const json_t *changes)
{
    for (size_t i = 0; i < json_array_size(changes); i++)
        if (json_object_get(json_array_get(changes, i), "sensitive"))
            return true;
    return false;
}

static bool is_group(const json_t *data) { return json_object_get(data, "group") != NULL; }

/* What changed is not known when the version before was dropped meanwhile: then the whole is told, as if it had been
 * put. A group is never put whole: its members are told apart, and who read "no members" would empty it. */
static void add_change(json_t *events, const struct feed_event *event, const json_t *data, enum set_format format,
                       unsigned wanted)
{
    const json_t *changes = json_object_get(data, "changes"), *resource = set_resource_of(data);
    bool is_known = json_is_array(changes);
    enum set_event told = event->is_put || !is_known ? SET_PUT : SET_PATCH;
    if (!(wanted & SET_BIT(told)))
        return;
    if (format == SET_NOTICE || hides_something(changes) || (told == SET_PUT && is_group(data)))
        set_payload(events, told, SET_NOTICE,
                    notice_of(data, is_known ? paths_of(changes) : diff_paths(NULL, resource)));
    else if (told == SET_PUT)
        set_payload(events, told, SET_FULL, payload(data, "data", json_incref((json_t *)(uintptr_t)resource)));
    else
        set_payload(events, told, SET_FULL, patch_of_changes(data, changes));
}

static json_t *members_added(const json_t *members)
{
    json_t *values = json_array();
    for (size_t i = 0; i < json_array_size(members); i++) {
        const json_t *member = json_array_get(members, i);
        json_array_append_new(values, json_pack("{s:O, s:O}", "value", json_object_get(member, "id"), "type",
                                                json_object_get(member, "type")));
    }
    return json_pack("[{s:s, s:s, s:o}]", "op", "add", "path", "members", "value", values);
}

static json_t *members_removed(const json_t *members)
{
    json_t *operations = json_array();
    for (size_t i = 0; i < json_array_size(members); i++) {
        const char *id = json_string_value(json_object_get(json_array_get(members, i), "id"));
        json_array_append_new(
            operations, json_pack("{s:s, s:o}", "op", "remove", "path", json_sprintf("members[value eq \"%s\"]", id)));
    }
    return operations;
}

/* A change of many members is one notice, however many events it is in the feed (RFC 9967 section 5). */
static void add_members(json_t *events, const json_t *data, enum set_format format, bool added)
{
    const json_t *members = json_object_get(data, "members");
    bool is_large = json_integer_value(json_object_get(data, "parts")) > 1;
    if (is_large && json_integer_value(json_object_get(data, "part")) > 1)
        return;
    if (is_large || format == SET_NOTICE)
        set_payload(events, SET_PATCH, SET_NOTICE, notice_of(data, json_pack("[s]", "members")));
    else
        set_payload(events, SET_PATCH, SET_FULL,
                    patch_of(data, added ? members_added(members) : members_removed(members)));
}

static void add_plain(json_t *events, unsigned told)
{
    static const enum set_event plain[] = {SET_DELETE, SET_ACTIVATE, SET_DEACTIVATE};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (told & SET_BIT(plain[i]))
            set_payload(events, plain[i], SET_FULL, json_object());
}

json_t *set_events_of(const struct feed_event *event, const json_t *data, enum set_format format, unsigned wanted)
{
    const char *type = feed_type_names[event->type];
    unsigned told = events_of_type(type);
    json_t *events = json_object();
    if (told & wanted & SET_BIT(SET_CREATE))
        add_creation(events, data, format);
    if (json_object_get(data, "members") && (told & wanted & SET_BIT(SET_PATCH)))
        add_members(events, data, format, strcmp(verb_of(type), "member_added") == 0);
    else if (told & SET_BIT(SET_PATCH))
        add_change(events, event, data, format, wanted);
    add_plain(events, told & wanted);
    if (json_object_size(events) > 0)
        return events;
    json_decref(events);
    return NULL;
}
