#include "feed_difference.h"

#include "base/json.h"
#include "base/must.h"
#include "diff.h"
#include "scim/project.h"
#include "skim.h"

enum { MOST_MEMBERS = 256 };

struct member {
    struct slice name, value;
    bool is_equal; /* in both documents */
};

struct members { /* of a document, at the top */
    struct member list[MOST_MEMBERS];
    size_t count;
};

/* false: too many to compare this way. */
static bool read_members(struct slice document, struct members *members)
{
    struct member member = {.is_equal = false};
    members->count = 0;
    while (skim_member(&document, &member.name, &member.value)) {
        if (members->count == MOST_MEMBERS)
            return false;
        members->list[members->count++] = member;
    }
    return true;
}

static struct member *find(struct members *members, struct slice name, size_t guess)
{
    if (guess < members->count && slice_equals(members->list[guess].name, name))
        return &members->list[guess];
    for (size_t i = 0; i < members->count; i++)
        if (slice_equals(members->list[i].name, name))
            return &members->list[i];
    return NULL;
}

static void match(struct members *before, struct members *after)
{
    for (size_t i = 0; i < after->count; i++) {
        struct member *same = find(before, after->list[i].name, i);
        if (same && slice_equals(same->value, after->list[i].value))
            same->is_equal = after->list[i].is_equal = true;
    }
}

static json_t *parse(struct slice text)
{
    json_t *document = json_loadb(text.data, text.len, 0, NULL);
    must(json_is_object(document)); /* our own text */
    return document;
}

/* An object of those that are different. */
static json_t *parse_different(const struct members *members, struct arena *arena)
{
    size_t bytes = 2;
    for (size_t i = 0; i < members->count; i++)
        bytes += members->list[i].is_equal ? 0 : members->list[i].name.len + members->list[i].value.len + 4;
    struct buf text = {.data = arena_take(arena, bytes), .capacity = bytes, .ceiling = bytes};
    buf_add_char(&text, '{');
    for (size_t i = 0; i < members->count; i++) {
        if (members->list[i].is_equal)
            continue;
        buf_add_str(&text, text.len > 1 ? ",\"" : "\"");
        buf_add(&text, members->list[i].name);
        buf_add(&text, SLICE_LITERAL("\":"));
        buf_add(&text, members->list[i].value);
    }
    buf_add_char(&text, '}');
    must(!text.overflowed);
    return parse(buf_slice(&text));
}

static json_t *parse_shown(struct slice document, const struct scim_resource_type *type)
{
    json_t *parsed = parse(document);
    if (type->has_hidden)
        scim_projection_apply(NULL, type, parsed);
    return parsed;
}

/* Most of a document is the same, byte by byte, and need not be parsed. */
static void parse_both(const struct feed_row *row, const struct scim_resource_type *type, struct arena *arena,
                       json_t **before_out, json_t **after_out)
{
    struct members before, after;
    if (type->has_hidden || !read_members(row->beside, &before) || !read_members(row->document, &after)) {
        *before_out = parse_shown(row->beside, type);
        *after_out = parse_shown(row->document, type);
        return;
    }
    match(&before, &after);
    *before_out = parse_different(&before, arena);
    *after_out = parse_different(&after, arena);
}

/* No provider that leaves it out means false. */
static bool is_active(const json_t *document) { return !json_is_false(json_object_get(document, "active")); }

static void take_activity_out(struct feed_difference *difference)
{
    for (size_t i = 0; i < json_array_size(difference->others); i++) {
        json_t *change = json_array_get(difference->others, i);
        if (strcmp(json_string_value(json_object_get(change, "path")), "active") != 0)
            continue;
        difference->activity = json_pack("[O]", change);
        must(difference->activity);
        json_array_remove(difference->others, i);
        break;
    }
    if (json_array_size(difference->others) > 0)
        return;
    json_decref(difference->others);
    difference->others = NULL;
}

void feed_difference_make(struct feed_difference *difference, const struct feed_row *row,
                          const struct scim_rules *rules, struct arena *arena)
{
    const struct scim_resource_type *type = scim_rules_type(rules, row->type);
    *difference = (struct feed_difference){.is_active = true};
    if (!row->beside.data || !row->document.data || !type)
        return;
    json_scoped *before = NULL, *after = NULL;
    parse_both(row, type, arena, &before, &after);
    difference->others = diff_documents(before, after, rules, type, arena);
    difference->is_active = is_active(after);
    if (row->type == SCIM_TYPE_USER && difference->is_active != is_active(before))
        take_activity_out(difference);
}

void feed_difference_end(struct feed_difference *difference)
{
    json_decref(difference->others);
    json_decref(difference->activity);
}
