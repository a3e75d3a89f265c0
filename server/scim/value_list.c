#include <stdlib.h>

#include "base/must.h"
#include "scim/resource.h"
#include "value.h"

size_t value_primaries(const json_t *list)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        count += json_is_true(json_object_get(json_array_get(list, i), "primary"));
    return count;
}

bool value_is_same(const json_t *a, const json_t *b)
{
    const json_t *value = json_object_get(a, "value"), *type = json_object_get(a, "type");
    if (!json_is_string(value) || (type && !json_is_string(type)))
        return json_equal(a, b);
    const json_t *other_type = json_object_get(b, "type");
    return json_equal(value, json_object_get(b, "value")) && (type == other_type || json_equal(type, other_type));
}

/* What makes an element the same as another: `value` and `type`, or the whole of it. */
struct identity {
    char *rendered;           /* owned; NULL when value and type decide */
    struct slice value, type; /* views */
    bool has_type;
    size_t index, keeper; /* keeper: the first element that is the same */
};

static int compare_slices(struct slice a, struct slice b)
{
    int order = memcmp(a.len ? a.data : "", b.len ? b.data : "", a.len < b.len ? a.len : b.len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_sameness(const struct identity *a, const struct identity *b)
{
    if (!a->rendered != !b->rendered)
        return a->rendered ? 1 : -1;
    if (a->has_type != b->has_type)
        return a->has_type ? 1 : -1;
    int order = compare_slices(a->value, b->value);
    return order != 0 ? order : compare_slices(a->type, b->type);
}

static int compare_identities(const void *x, const void *y)
{
    const struct identity *a = x, *b = y;
    int order = compare_sameness(a, b);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static struct identity identity_of(const json_t *element, size_t index)
{
    const json_t *value = json_object_get(element, "value"), *type = json_object_get(element, "type");
    struct identity identity = {.index = index, .keeper = index};

    if (json_is_string(value) && (!type || json_is_string(type))) {
        identity.value = json_slice(value);
        identity.has_type = type;
        identity.type = type ? json_slice(type) : SLICE_EMPTY;
        return identity;
    }
    identity.rendered = json_dumps(element, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    must(identity.rendered);
    identity.value = slice_str(identity.rendered);
    return identity;
}

/* keeper[i] for every element i of the list; false when every element is its own. */
static bool find_keepers(const json_t *list, size_t *keepers)
{
    size_t count = json_array_size(list);
    bool doubles = false;
    struct identity *identities = calloc(count, sizeof *identities);
    must(identities);

    for (size_t i = 0; i < count; i++)
        identities[i] = identity_of(json_array_get(list, i), i);
    qsort(identities, count, sizeof *identities, compare_identities);
    for (size_t i = 1; i < count; i++) {
        if (compare_sameness(&identities[i - 1], &identities[i]) != 0)
            continue;
        identities[i].keeper = identities[i - 1].keeper;
        doubles = true;
    }
    for (size_t i = 0; i < count; i++) {
        keepers[identities[i].index] = identities[i].keeper;
        free(identities[i].rendered);
    }
    free(identities);
    return doubles;
}

/* In place of one whose name differs only in case, as everywhere. An object that is too large is refused later. */
static void merge_member(json_t *kept, const char *name, json_t *value)
{
    const char *spelling = NULL;
    bool is_new = !json_object_get(kept, name) && json_object_size(kept) <= SCIM_MAX_MEMBERS;
    if (is_new && json_member_nocase(kept, slice_str(name), &spelling))
        json_object_del(kept, spelling);
    json_object_set_nocheck(kept, name, value);
}

/* Adds to the element at `at` what a double of it says. The copy made for the first double takes the others in place:
 * a thousand doubles must not be a thousand copies. */
static void merge_into(json_t *distinct, size_t at, const json_t *later)
{
    json_t *kept = json_array_get(distinct, at);
    if (!json_is_object(kept) || json_equal(kept, later))
        return;
    if (kept->refcount > 1) {
        kept = json_copy(kept);
        json_array_set_new(distinct, at, kept);
    }
    const char *name;
    json_t *value;
    json_object_foreach (value_iterable(later), name, value) {
        merge_member(kept, name, value);
    }
}

/* The elements that keep themselves, each with what its doubles add. */
static json_t *merge_doubles(const json_t *list, const size_t *keepers)
{
    size_t count = json_array_size(list), *positions = calloc(count, sizeof *positions);
    json_t *distinct = json_array();
    must(positions);

    for (size_t i = 0; i < count; i++) {
        const json_t *element = json_array_get(list, i);
        if (keepers[i] == i) {
            positions[i] = json_array_size(distinct);
            json_array_append_new(distinct, value_share(element));
        } else {
            merge_into(distinct, positions[keepers[i]], element);
        }
    }
    free(positions);
    return distinct;
}

json_t *value_distinct(const json_t *list)
{
    if (json_array_size(list) < 2)
        return value_share(list);
    size_t *keepers = calloc(json_array_size(list), sizeof *keepers);
    must(keepers);
    json_t *distinct = find_keepers(list, keepers) ? merge_doubles(list, keepers) : value_share(list);
    free(keepers);
    return distinct;
}

json_t *value_without(const json_t *list, const json_t *unwanted)
{
    size_t unwanted_count = json_array_size(unwanted), count = unwanted_count + json_array_size(list);
    size_t *keepers = calloc(count, sizeof *keepers);
    json_t *kept = json_array();
    json_scoped *both = json_copy(value_iterable(unwanted));
    must(keepers);

    /* Behind the unwanted ones, whatever is the same as one of them is kept by it. */
    json_array_extend(both, value_iterable(list));
    find_keepers(both, keepers);
    for (size_t i = unwanted_count; i < count; i++)
        if (keepers[i] >= unwanted_count)
            json_array_append(kept, json_array_get(both, i));
    free(keepers);
    return kept;
}

bool value_refuse_size(struct err *err)
{
    return err_set(err, ERR_INVALID_VALUE, "An object has more than %d attributes.", (int)SCIM_MAX_MEMBERS);
}

bool value_refuse_length(const char *name, struct err *err)
{
    return err_set(err, ERR_INVALID_VALUE, "\"%s\" has more than %d values.", name, (int)SCIM_MAX_VALUES);
}
