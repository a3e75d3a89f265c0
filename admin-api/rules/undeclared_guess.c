/* Of which type undeclared attributes seem to be. A bounded number of stored documents is looked at, the oldest first;
 * that ends as soon as enough values of everything have been seen. */
#include <stdlib.h>

#include "base/json.h"
#include "scim/document.h"
#include "scim/undeclared.h"
#include "store/query.h"
#include "undeclared.h"

enum { PAGE = 500, MOST_DOCUMENTS = 20000, ENOUGH = 50 };

struct sampling {
    struct call *call;
    struct undeclared *first; /* of the type */
    size_t count, unsettled;
    struct resource_id last;
    size_t read;
};

static unsigned kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return UNDECLARED_STRING;
    case JSON_TRUE:
    case JSON_FALSE:
        return UNDECLARED_BOOLEAN;
    case JSON_INTEGER:
        return UNDECLARED_INTEGER;
    case JSON_REAL:
        return UNDECLARED_DECIMAL;
    case JSON_OBJECT:
        return UNDECLARED_OBJECT;
    case JSON_ARRAY:
    case JSON_NULL:
        break;
    }
    return 0;
}

static struct undeclared_values *values_of_sub(struct sampling *sampling, struct undeclared *one, const char *name)
{
    if (!one->subs)
        one->subs = arena_array(call_arena(sampling->call), struct undeclared_sub, UNDECLARED_SUBS);
    for (size_t i = 0; i < one->sub_count; i++)
        if (slice_equals_ascii_nocase(slice_str(one->subs[i].name), slice_str(name)))
            return &one->subs[i].values;
    if (one->sub_count == UNDECLARED_SUBS)
        return NULL;
    one->subs[one->sub_count].name = arena_copy(call_arena(sampling->call), slice_str(name));
    return &one->subs[one->sub_count++].values;
}

static void take_scalar(struct undeclared_values *values, const json_t *value)
{
    values->kinds |= kind_of(value);
    values->is_list |= json_is_array(value);
    for (size_t i = 0; i < json_array_size(value); i++)
        values->kinds |= kind_of(json_array_get(value, i));
}

static void take_object(struct sampling *sampling, struct undeclared *one, const json_t *object)
{
    const char *name;
    json_t *member;
    json_object_foreach ((json_t *)(uintptr_t)object, name, member) {
        struct undeclared_values *values = values_of_sub(sampling, one, name);
        if (values)
            take_scalar(values, member);
    }
}

static int compare_path(const void *key, const void *element)
{
    const struct slice *path = key;
    struct slice other = slice_str(((const struct undeclared *)element)->path);
    size_t common = path->len < other.len ? path->len : other.len;
    int order = memcmp(path->data, other.data, common);
    return order ? order : (path->len > other.len) - (path->len < other.len);
}

static void take_value(struct slice path, const json_t *value, void *context)
{
    struct sampling *sampling = context;
    struct undeclared *one = bsearch(&path, sampling->first, sampling->count, sizeof *one, compare_path);
    if (!one || one->values.samples >= ENOUGH)
        return;
    take_scalar(&one->values, value);
    take_object(sampling, one, value);
    for (size_t i = 0; i < json_array_size(value); i++)
        take_object(sampling, one, json_array_get(value, i));
    if (++one->values.samples == ENOUGH)
        sampling->unsettled--;
}

static bool take_document(const struct view_resource *row, void *context)
{
    struct sampling *sampling = context;
    json_t *document = scim_document_load(row->stored);
    scim_undeclared_visit(document, sampling->first->type, take_value, sampling);
    json_decref(document);
    sampling->last = row->id;
    sampling->read++;
    return sampling->unsettled > 0;
}

static bool sample_type(struct call *call, struct directory_id directory, struct undeclared *first, size_t count,
                        struct err *err)
{
    struct sampling sampling = {.call = call, .first = first, .count = count, .unsettled = count};
    size_t total = 0;
    do {
        sampling.read = 0;
        if (!store_scan(call->db, directory, first->type->code, sampling.last, PAGE, take_document, &sampling, err))
            return false;
        total += sampling.read;
    } while (sampling.read == PAGE && sampling.unsettled > 0 && total < MOST_DOCUMENTS);
    return true;
}

bool undeclared_sample(struct call *call, struct directory_id directory, struct undeclared_attributes *all,
                       struct err *err)
{
    size_t first = 0;
    for (size_t i = 1; i <= all->count; i++) {
        if (i < all->count && all->list[i].type == all->list[first].type)
            continue;
        if (!sample_type(call, directory, &all->list[first], i - first, err))
            return false;
        first = i;
    }
    return true;
}

static const char *type_of(unsigned kinds)
{
    switch (kinds) {
    case UNDECLARED_STRING:
        return "string";
    case UNDECLARED_BOOLEAN:
        return "boolean";
    case UNDECLARED_INTEGER:
        return "integer";
    case UNDECLARED_DECIMAL:
    case UNDECLARED_DECIMAL | UNDECLARED_INTEGER:
        return "decimal";
    case UNDECLARED_OBJECT:
        return "complex";
    default:
        return NULL;
    }
}

static json_t *guess_subs(const struct undeclared *one)
{
    json_t *list = json_array();
    for (size_t i = 0; i < one->sub_count; i++) {
        const struct undeclared_sub *sub = &one->subs[i];
        const char *type = type_of(sub->values.kinds);
        if (type && sub->values.kinds != UNDECLARED_OBJECT)
            json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "name", sub->name, "type", type, "multiValued",
                                                  sub->values.is_list));
    }
    return list;
}

json_t *undeclared_guess(const struct undeclared *one)
{
    const char *type = type_of(one->values.kinds);
    if (!type)
        return NULL;
    json_t *guess = json_pack("{s:s, s:b}", "type", type, "multiValued", one->values.is_list);
    if (one->values.kinds == UNDECLARED_OBJECT)
        json_object_set_new(guess, "subAttributes", guess_subs(one));
    return guess;
}
