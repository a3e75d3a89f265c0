#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "filter_text.h"
#include "index_extra.h"
#include "path_value.h"
#include "scim/index.h"
#include "scim/unicode.h"
#include "unicode_text.h"

struct found_key {
    struct scim_key key;
    struct found_key *next;
};

struct collector {
    struct arena *arena;
    struct found_key *found;
    size_t count;
    const struct scim_attribute *attribute; /* whose values are visited; */
    const struct scim_extra_index *extra;   /* or of which index */
};

static struct slice cut_key(struct slice prepared)
{
    return slice_of(prepared.data, prepared.len < SCIM_KEY_BYTES ? prepared.len : SCIM_KEY_BYTES);
}

static bool collect_value(const json_t *value, void *context)
{
    struct collector *collector = context;
    const struct scim_attribute *attribute = collector->attribute;
    if (!json_is_string(value) || json_string_length(value) == 0)
        return false;
    struct slice prepared = scim_text_prepare_in(scim_text_kind(attribute), json_slice(value), collector->arena);
    struct found_key *found = arena_new(collector->arena, struct found_key);
    found->key = (struct scim_key){attribute->index_code, cut_key(prepared)};
    found->next = collector->found;
    collector->found = found;
    collector->count++;
    return false;
}

static void add_key(struct collector *collector, uint16_t code, struct slice prepared)
{
    if (prepared.len == 0)
        return;
    struct found_key *found = arena_new(collector->arena, struct found_key);
    found->key = (struct scim_key){code, cut_key(prepared)};
    found->next = collector->found;
    collector->found = found;
    collector->count++;
}

struct slice index_number_key(bool is_integer, int64_t integer, double real, char room[SCIM_NUMBER_KEY_BYTES])
{
    static const double limit = 9223372036854775808.0; /* of int64_t */
    bool whole = is_integer || (real >= -limit && real < limit && real == (double)(int64_t)real);
    int len = whole ? snprintf(room, SCIM_NUMBER_KEY_BYTES, "%" PRId64, is_integer ? integer : (int64_t)real)
                    : snprintf(room, SCIM_NUMBER_KEY_BYTES, "%.17g", real);
    return slice_of(room, (size_t)len);
}

/* As compare_undeclared of filter_match.c looks at it. */
static void collect_undeclared(const json_t *value, struct collector *collector)
{
    char text[SCIM_SCALAR_TEXT_BYTES];
    while (json_is_object(value))
        value = json_member_nocase(value, SLICE_LITERAL("value"), NULL);
    if (!value || json_is_null(value) || json_is_array(value))
        return;
    struct slice written = scim_undeclared_text(value, text);
    add_key(collector, collector->extra->code, scim_text_prepare_in(SCIM_TEXT_FOLDED, written, collector->arena));
}

static bool collect_extra_value(const json_t *value, void *context)
{
    struct collector *collector = context;
    const struct scim_extra_index *extra = collector->extra;
    const struct scim_attribute *leaf = scim_path_has_sub(&extra->path) ? extra->path.sub : extra->path.attribute;
    char number[SCIM_NUMBER_KEY_BYTES];
    if (extra->kind == SCIM_INDEXED_UNDECLARED)
        collect_undeclared(value, collector);
    else if (extra->kind == SCIM_INDEXED_NUMBER && json_is_number(value))
        add_key(collector, extra->code,
                arena_slice(collector->arena, index_number_key(json_is_integer(value), json_integer_value(value),
                                                               json_number_value(value), number)));
    else if (extra->kind == SCIM_INDEXED_TEXT && json_is_string(value))
        add_key(collector, extra->code,
                scim_text_prepare_in(scim_text_kind(leaf), json_slice(value), collector->arena));
    return false;
}

static void collect_extra(const struct scim_resource_type *type, const json_t *document, struct collector *collector)
{
    for (size_t i = 0; i < type->index_count; i++) {
        collector->extra = &type->indexes[i];
        scim_path_visit(&collector->extra->path, document, collect_extra_value, collector);
    }
}

static void collect_schema(const struct scim_schema *schema, bool extension, const struct scim_policy *policy,
                           const json_t *document, struct collector *collector)
{
    struct scim_path path = {.schema = schema, .extension = extension};
    for (size_t i = 0; i < schema->attribute_count; i++) {
        const struct scim_attribute *attribute = &schema->attributes[i];
        path.attribute = collector->attribute = attribute;
        path.sub = NULL;
        bool unique =
            attribute->index_code == SCIM_INDEX_USER_NAME && policy->unique_identifier == SCIM_IDENTIFIER_USER_NAME;
        if (attribute->index_code && !unique)
            scim_path_visit(&path, document, collect_value, collector);
        for (size_t j = 0; j < attribute->sub_attribute_count; j++) {
            path.sub = collector->attribute = &attribute->sub_attributes[j];
            if (path.sub->index_code)
                scim_path_visit(&path, document, collect_value, collector);
        }
    }
}

static int compare_keys(const void *a, const void *b)
{
    const struct scim_key *left = a, *right = b;
    if (left->code != right->code)
        return left->code < right->code ? -1 : 1;
    size_t common = left->key.len < right->key.len ? left->key.len : right->key.len;
    int difference = memcmp(left->key.data, right->key.data, common);
    return difference ? difference : (left->key.len > right->key.len) - (left->key.len < right->key.len);
}

static void collect_keys(const struct scim_resource_type *type, const struct scim_policy *policy,
                         const json_t *document, struct arena *arena, struct scim_row_keys *keys_out)
{
    struct collector collector = {.arena = arena};
    collect_schema(type->schema, false, policy, document, &collector);
    for (size_t i = 0; i < type->extension_count; i++)
        collect_schema(type->extensions[i], true, policy, document, &collector);
    collect_extra(type, document, &collector);

    struct scim_key *keys = arena_array(arena, struct scim_key, collector.count);
    size_t count = 0;
    for (const struct found_key *found = collector.found; found; found = found->next)
        keys[count++] = found->key;
    if (count)
        qsort(keys, count, sizeof *keys, compare_keys);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare_keys(&keys[i], &keys[kept - 1]) != 0)
            keys[kept++] = keys[i];
    keys_out->keys = keys;
    keys_out->key_count = kept;
}

static struct slice text_member(const json_t *object, const char *name)
{
    return json_slice(json_object_get(object, name)); /* empty when it is no string */
}

/* The value of the primary e-mail, else of the first that has one. */
static struct slice primary_email(const json_t *document)
{
    const json_t *emails = json_object_get(document, "emails");
    struct slice first = SLICE_EMPTY;
    for (size_t i = 0; i < json_array_size(emails); i++) {
        const json_t *email = json_array_get(emails, i);
        struct slice value = text_member(email, "value");
        if (value.len && json_is_true(json_object_get(email, "primary")))
            return value;
        if (first.len == 0)
            first = value;
    }
    return first;
}

static bool set_unique_key(const char *name, struct slice prepared, struct scim_row_keys *keys_out, struct err *err)
{
    if (prepared.len == 0)
        return err_set(err, ERR_INVALID_VALUE, "%s is required and must not be empty.", name);
    if (prepared.len > SCIM_UNIQUE_KEY_BYTES)
        return err_set(err, ERR_INVALID_VALUE, "%s is longer than %d bytes.", name, SCIM_UNIQUE_KEY_BYTES);
    keys_out->unique_key = prepared;
    return true;
}

/* Whether the name may be an unusual one was decided when it was written: keys are made of what is stored, too. */
static bool prepare_user_name(const json_t *document, struct arena *arena, struct slice *prepared_out, struct err *err)
{
    struct buf out;
    buf_init(&out, SIZE_MAX / 2);
    bool ok = scim_prepare_username(text_member(document, "userName"), false, &out, err);
    *prepared_out = ok ? arena_slice(arena, buf_slice(&out)) : SLICE_EMPTY;
    buf_fini(&out);
    return ok;
}

static bool find_user_key(const struct scim_policy *policy, const json_t *document, struct arena *arena,
                          struct scim_row_keys *keys_out, struct err *err)
{
    /* userName has to be a possible one even where it is not what identifies a user: the policy can change. */
    struct slice user_name;
    if (!prepare_user_name(document, arena, &user_name, err))
        return false;
    if (policy->unique_identifier == SCIM_IDENTIFIER_USER_NAME)
        return set_unique_key("userName", user_name, keys_out, err);
    struct slice email = scim_text_prepare_in(SCIM_TEXT_FOLDED, primary_email(document), arena);
    return set_unique_key("The primary e-mail address, by which users of this directory are told apart,", email,
                          keys_out, err);
}

/* Of a type that is not built in: resources without a value share nothing. */
static bool find_own_key(const struct scim_resource_type *type, const json_t *document, struct arena *arena,
                         struct scim_row_keys *keys_out, struct err *err)
{
    const struct scim_attribute *attribute = scim_type_unique(type);
    struct slice text = attribute ? text_member(document, attribute->name) : SLICE_EMPTY;
    if (text.len == 0)
        return true;
    struct slice prepared = scim_text_prepare_in(scim_text_kind(attribute), text, arena);
    return set_unique_key(attribute->name, prepared, keys_out, err);
}

static bool find_unique_key(const struct scim_resource_type *type, const struct scim_policy *policy,
                            const json_t *document, struct arena *arena, struct scim_row_keys *keys_out,
                            struct err *err)
{
    if (type->code == SCIM_TYPE_USER)
        return find_user_key(policy, document, arena, keys_out, err);
    if (type->code != SCIM_TYPE_GROUP)
        return find_own_key(type, document, arena, keys_out, err);
    if (!policy->unique_group_names)
        return true;
    struct slice name = scim_text_prepare_in(SCIM_TEXT_FOLDED, text_member(document, "displayName"), arena);
    return set_unique_key("displayName", name, keys_out, err);
}

static struct slice display_of(const json_t *document)
{
    struct slice display = text_member(document, "displayName");
    if (display.len == 0)
        display = text_member(json_object_get(document, "name"), "formatted");
    if (display.len == 0)
        display = text_member(document, "userName");
    return scim_text_cut(display, SCIM_DISPLAY_BYTES);
}

bool scim_row_keys(const struct scim_resource_type *type, const struct scim_policy *policy, const json_t *document,
                   struct arena *arena, struct scim_row_keys *keys_out, struct err *err)
{
    bool managed = scim_type_extension(type, SLICE_LITERAL(SCIM_URN_ENTERPRISE)) != NULL;
    const json_t *enterprise = managed ? json_object_get(document, SCIM_URN_ENTERPRISE) : NULL;
    struct slice external = scim_text_prepare_in(SCIM_TEXT_EXACT, text_member(document, "externalId"), arena);
    *keys_out = (struct scim_row_keys){
        .external_key = cut_key(external),
        .display = arena_slice(arena, display_of(document)),
        .manager = arena_slice(arena, text_member(json_object_get(enterprise, "manager"), "value")),
        .inactive = type->code == SCIM_TYPE_USER && json_is_false(json_object_get(document, "active")),
    };
    collect_keys(type, policy, document, arena, keys_out);
    return find_unique_key(type, policy, document, arena, keys_out, err);
}
