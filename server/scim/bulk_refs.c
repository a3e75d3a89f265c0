/* The references of bulk requests: found, replaced, left out. */
#include <stdlib.h>

#include "base/must.h"
#include "bulk_parts.h"

#define PREFIX "bulkId:"
enum { PREFIX_BYTES = sizeof(PREFIX) - 1, MOST_TEXT = 64 * 1024 * 1024 };

/* What is done with each reference. */
struct walk {
    const struct scim_bulk *bulk;
    size_t operation;
    void (*meet)(struct walk *walk, struct slice bulk_id, struct buf *out);
    const struct resource_id *ids; /* replacing: meet appends what stands for it to out. NULL: nothing is replaced */
    size_t *met, met_count;        /* noting: operations, and */
    size_t met_capacity;
    struct slice unknown; /* the first one that names nobody */
};

/* --- strings --- */

static struct slice between(struct slice text, const char *from, const char *to)
{
    return slice_of(from, (size_t)((to ? to : text.data + text.len) - from));
}

static bool is_reference(struct slice text)
{
    return text.len > PREFIX_BYTES && slice_starts_with(text, SLICE_LITERAL(PREFIX));
}

/* "bulkId:x", or ".../bulkId:x" where a path is allowed. */
static bool walk_name(struct walk *walk, struct slice text, bool may_be_path, struct buf *out)
{
    const char *slash = may_be_path && text.len ? memmem(text.data, text.len, "/" PREFIX, PREFIX_BYTES + 1) : NULL;
    struct slice before = slash ? between(text, text.data, slash + 1) : slice_of(text.data, 0);
    struct slice name = slice_skip(text, before.len);
    if (!is_reference(name))
        return false;
    buf_add(out, before);
    walk->meet(walk, slice_skip(name, PREFIX_BYTES), out);
    return true;
}

/* Each "bulkId:x", in its quotes, of a path with a filter. */
static bool walk_filter(struct walk *walk, struct slice text, struct buf *out)
{
    bool found = false;
    const char *at;
    while (text.len && (at = memmem(text.data, text.len, "\"" PREFIX, PREFIX_BYTES + 1))) {
        struct slice name = between(text, at + 1, NULL);
        const char *quote = memchr(name.data, '"', name.len);
        if (!quote)
            break;
        buf_add(out, between(text, text.data, at + 1));
        name = between(name, name.data, quote);
        if (is_reference(name))
            walk->meet(walk, slice_skip(name, PREFIX_BYTES), out);
        else
            buf_add(out, name);
        text = between(text, quote, NULL);
        found = true;
    }
    buf_add(out, text);
    return found;
}

static bool named(const char *key, const char *name)
{
    return key && slice_equals_ascii_nocase(slice_str(key), slice_str(name));
}

/* The string that takes the place of this one, in a new reference; NULL: it stays. */
static json_t *walk_string(struct walk *walk, const json_t *string, const char *key)
{
    struct slice text = json_slice(string);
    if (text.len <= PREFIX_BYTES || !memmem(text.data, text.len, PREFIX, PREFIX_BYTES))
        return NULL;
    struct buf out;
    buf_init(&out, MOST_TEXT);
    bool is_filter = walk->bulk->operations[walk->operation].method == SCIM_BULK_PATCH && named(key, "path");
    bool found = is_filter ? walk_filter(walk, text, &out) : walk_name(walk, text, named(key, "$ref"), &out);
    json_t *replaced = found && walk->ids ? json_from_slice(buf_slice(&out)) : NULL;
    buf_fini(&out);
    return replaced;
}

static void walk_value(struct walk *walk, json_t *value);

static void walk_object(struct walk *walk, json_t *object)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        json_t *value = json_object_iter_value(at);
        if (!json_is_string(value)) {
            walk_value(walk, value);
            continue;
        }
        json_t *replaced = walk_string(walk, value, json_object_iter_key(at));
        if (replaced)
            json_object_iter_set_new(object, at, replaced);
    }
}

static void walk_array(struct walk *walk, json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *value = json_array_get(array, i);
        json_t *replaced = json_is_string(value) ? walk_string(walk, value, NULL) : NULL;
        if (replaced)
            json_array_set_new(array, i, replaced);
        else
            walk_value(walk, value);
    }
}

static void walk_value(struct walk *walk, json_t *value)
{
    if (json_is_object(value))
        walk_object(walk, value);
    else if (json_is_array(value))
        walk_array(walk, value);
}

/* --- noting --- */

static void add_met(struct walk *walk, size_t operation)
{
    if (operation == walk->operation)
        return;
    if (walk->met_count == walk->met_capacity) {
        walk->met_capacity = walk->met_capacity ? walk->met_capacity * 2 : 16;
        walk->met = realloc(walk->met, walk->met_capacity * sizeof(*walk->met));
        must(walk->met);
    }
    walk->met[walk->met_count++] = operation;
}

static void note(struct walk *walk, struct slice bulk_id, struct buf *out)
{
    (void)out;
    long target = bulk_find(walk->bulk, bulk_id);
    if (target >= 0 && walk->bulk->operations[target].method == SCIM_BULK_POST)
        add_met(walk, (size_t)target);
    else if (!walk->unknown.data)
        walk->unknown = bulk_id;
}

static int compare_numbers(const void *a, const void *b)
{
    size_t left = *(const size_t *)a, right = *(const size_t *)b;
    return (left > right) - (left < right);
}

static void keep_met(struct walk *walk, struct scim_bulk_operation *operation, struct arena *arena)
{
    size_t *refs = arena_array(arena, size_t, walk->met_count + 1);
    if (walk->met_count > 0)
        qsort(walk->met, walk->met_count, sizeof(*walk->met), compare_numbers);
    for (size_t i = 0; i < walk->met_count; i++)
        if (i == 0 || walk->met[i] != walk->met[i - 1])
            refs[operation->ref_count++] = walk->met[i];
    operation->refs = refs;
    free(walk->met);
}

void bulk_note_references(struct scim_bulk *bulk, size_t operation, struct arena *arena)
{
    struct scim_bulk_operation *of = &bulk->operations[operation];
    struct walk walk = {.bulk = bulk, .operation = operation, .meet = note};
    struct buf ignored;
    buf_init(&ignored, MOST_TEXT);
    walk_name(&walk, of->path, true, &ignored);
    buf_fini(&ignored);
    walk_value(&walk, of->data);
    keep_met(&walk, of, arena);
    if (walk.unknown.data)
        bulk_refuse(of, arena, ERR_INVALID_VALUE, "No POST of this request has the bulkId \"%.*s\".",
                    (int)(walk.unknown.len < 80 ? walk.unknown.len : 80), walk.unknown.data);
}

/* --- replacing --- */

static void replace(struct walk *walk, struct slice bulk_id, struct buf *out)
{
    char uuid[ID_UUID_CHARS + 1];
    long target = bulk_find(walk->bulk, bulk_id);
    must(target >= 0);
    id_to_uuid(&walk->ids[target].id, uuid);
    buf_add(out, slice_of(uuid, ID_UUID_CHARS));
}

void scim_bulk_resolve(const struct scim_bulk *bulk, size_t operation, const struct resource_id *ids, json_t *data)
{
    struct walk walk = {.bulk = bulk, .operation = operation, .meet = replace, .ids = ids};
    walk_value(&walk, data);
}

struct slice scim_bulk_path(const struct scim_bulk *bulk, size_t operation, const struct resource_id *ids,
                            struct arena *arena)
{
    struct slice path = bulk->operations[operation].path;
    struct walk walk = {.bulk = bulk, .operation = operation, .meet = replace, .ids = ids};
    struct buf out;
    buf_init(&out, MOST_TEXT);
    if (walk_name(&walk, path, true, &out))
        path = arena_slice(arena, buf_slice(&out));
    buf_fini(&out);
    return path;
}

/* --- leaving out --- */

struct pruning {
    const struct scim_bulk *bulk;
    const struct scim_bulk_step *step;
};

static bool is_left_out(const struct pruning *pruning, struct slice bulk_id)
{
    long target = bulk_find(pruning->bulk, bulk_id);
    for (size_t i = 0; i < pruning->step->without_count; i++)
        if ((size_t)target == pruning->step->without[i])
            return true;
    return false;
}

static void look(struct walk *walk, struct slice bulk_id, struct buf *out)
{
    (void)out;
    walk->unknown = bulk_id;
}

static bool names_left_out(const struct pruning *pruning, const json_t *string, const char *key)
{
    struct walk walk = {.bulk = pruning->bulk, .operation = pruning->step->operation, .meet = look};
    (void)walk_string(&walk, string, key);
    return walk.unknown.data && is_left_out(pruning, walk.unknown);
}

static bool goes(const struct pruning *pruning, json_t *value, const char *key);

/* An array goes when nothing of it is left. */
static bool array_goes(const struct pruning *pruning, json_t *array, const char *key)
{
    bool changed = false;
    for (size_t i = json_array_size(array); i-- > 0;) {
        if (goes(pruning, json_array_get(array, i), key)) {
            json_array_remove(array, i);
            changed = true;
        }
    }
    return changed && json_array_size(array) == 0;
}

/* A value with a reference in it goes as a whole: a member without its id is no member. */
static bool goes(const struct pruning *pruning, json_t *value, const char *key)
{
    if (json_is_string(value))
        return names_left_out(pruning, value, key);
    if (json_is_array(value))
        return array_goes(pruning, value, key);
    bool any = false;
    if (json_is_object(value))
        for (void *at = json_object_iter(value); at && !any; at = json_object_iter_next(value, at))
            any = goes(pruning, json_object_iter_value(at), json_object_iter_key(at));
    return any;
}

static void prune_attributes(const struct pruning *pruning, json_t *object)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, key, value)
    {
        bool is_extension = strchr(key, ':') && json_is_object(value);
        if (is_extension)
            prune_attributes(pruning, value);
        else if (goes(pruning, value, key))
            json_object_del(object, key);
    }
}

json_t *scim_bulk_data_without(const struct scim_bulk *bulk, const struct scim_bulk_step *step)
{
    json_t *copy = json_deep_copy(bulk->operations[step->operation].data);
    must(copy);
    struct pruning pruning = {bulk, step};
    prune_attributes(&pruning, copy);
    return copy;
}
