/* The text of directory.indexes. */
#include <stdio.h>

#include "base/json.h"
#include "filter_text.h"
#include "index_extra.h"
#include "path_value.h"

json_t *scim_indexes_read(struct slice text)
{
    json_t *list = text.len ? json_loadb(text.data, text.len, 0, NULL) : json_object();
    if (!json_is_object(list)) {
        json_decref(list);
        return NULL;
    }
    if (!json_is_array(json_object_get(list, "indexes")))
        json_object_set_new(list, "indexes", json_array());
    if (!json_is_integer(json_object_get(list, "next_code")))
        json_object_set_new(list, "next_code", json_integer(SCIM_INDEXES_FIRST_CODE));
    return list;
}

json_t *scim_indexes_find(const json_t *list, const char *member, json_int_t number)
{
    const json_t *entries = json_object_get(list, "indexes");
    for (size_t i = 0; i < json_array_size(entries); i++)
        if (json_integer_value(json_object_get(json_array_get(entries, i), member)) == number)
            return json_array_get(entries, i);
    return NULL;
}

static json_int_t take_code(json_t *list)
{
    json_int_t code = json_integer_value(json_object_get(list, "next_code"));
    json_object_set_new(list, "next_code", json_integer(code + 1));
    return code;
}

static const char *member_text(const json_t *entry, const char *name)
{
    const char *text = json_string_value(json_object_get(entry, name));
    return text ? text : "";
}

static bool check_new(const json_t *list, const struct scim_resource_type *type, const struct scim_extra_index *index,
                      struct arena *arena, struct err *err)
{
    const json_t *entries = json_object_get(list, "indexes");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        struct scim_extra_index other = {0};
        struct err ignored = ERR_INIT;
        if (strcmp(member_text(entry, "resource_type"), type->name) == 0 &&
            scim_index_resolve(type, json_slice(json_object_get(entry, "attribute")), arena, &other, &ignored) &&
            scim_index_is_of(&other, &index->path))
            return err_set(err, ERR_CONFLICT, "The attribute has an index already: %lld.",
                           (long long)json_integer_value(json_object_get(entry, "id")));
    }
    if (json_array_size(entries) >= SCIM_INDEXES_MOST)
        return err_set(err, ERR_CONFLICT, "A directory has at most %d indexes: delete one first.",
                       (int)SCIM_INDEXES_MOST);
    return json_integer_value(json_object_get(list, "next_code")) <= SCIM_INDEXES_LAST_CODE ||
           err_set(err, ERR_CONFLICT, "The directory has had too many indexes.");
}

static bool check_entry(const json_t *list, const struct scim_rules *rules, struct slice name, struct slice attribute,
                        struct err *err)
{
    const struct scim_resource_type *type = scim_rules_type_by_name(rules, name);
    struct scim_extra_index index = {0};
    struct arena arena;
    if (!type)
        return err_set(err, ERR_NOT_FOUND, "The directory has no such resource type.");
    arena_init(&arena);
    bool good = scim_index_resolve(type, attribute, &arena, &index, err) && check_new(list, type, &index, &arena, err);
    arena_fini(&arena);
    return good;
}

json_t *scim_indexes_add(json_t *list, const struct scim_rules *rules, struct slice type, struct slice attribute,
                         int64_t now_ms, struct err *err)
{
    if (!check_entry(list, rules, type, attribute, err))
        return NULL;
    json_int_t code = take_code(list);
    json_t *entry =
        json_pack("{s:I, s:I, s:o, s:o, s:b, s:I}", "id", code, "code", code, "resource_type", json_from_slice(type),
                  "attribute", json_from_slice(attribute), "ready", 0, "created_ms", (json_int_t)now_ms);
    json_array_append_new(json_object_get(list, "indexes"), entry);
    return entry;
}

void scim_indexes_remove(json_t *list, const json_t *entry)
{
    json_t *entries = json_object_get(list, "indexes");
    for (size_t i = 0; i < json_array_size(entries); i++)
        if (json_array_get(entries, i) == entry) {
            json_array_remove(entries, i);
            return;
        }
}

/* --- under other rules --- */

enum { SIGNATURE_BYTES = 1024 };

/* What the keys of an index depend on. "": it cannot be. */
static void sign(const struct scim_rules *rules, const json_t *entry, char out[SIGNATURE_BYTES])
{
    const struct scim_resource_type *type =
        scim_rules_type_by_name(rules, json_slice(json_object_get(entry, "resource_type")));
    struct scim_extra_index index = {0};
    struct err ignored = ERR_INIT;
    struct arena arena;
    arena_init(&arena);
    *out = '\0';
    if (type && scim_index_resolve(type, json_slice(json_object_get(entry, "attribute")), &arena, &index, &ignored)) {
        const struct scim_path *path = &index.path;
        const struct scim_attribute *leaf = scim_path_has_sub(path) ? path->sub : path->attribute;
        snprintf(out, SIGNATURE_BYTES, "%u %d %d %d %s %.*s %s %s", type->code, (int)index.kind,
                 (int)scim_text_kind(leaf), path->extension, path->schema ? path->schema->urn : "-", (int)path->urn.len,
                 path->urn.len ? path->urn.data : "", path->attribute ? path->attribute->name : "-",
                 path->sub ? path->sub->name : "-");
    }
    arena_fini(&arena);
}

void scim_indexes_adapt(json_t *list, const struct scim_rules *before, const struct scim_rules *after,
                        void (*changed)(const json_t *before, const json_t *after, void *context), void *context)
{
    json_t *entries = json_object_get(list, "indexes");
    for (size_t i = json_array_size(entries); i-- > 0;) {
        json_t *entry = json_array_get(entries, i);
        char then[SIGNATURE_BYTES], now[SIGNATURE_BYTES];
        sign(before, entry, then);
        sign(after, entry, now);
        if (strcmp(then, now) == 0)
            continue;
        json_scoped *old = json_deep_copy(entry);
        if (*now && json_integer_value(json_object_get(list, "next_code")) <= SCIM_INDEXES_LAST_CODE) {
            json_object_set_new(entry, "code", json_integer(take_code(list)));
            json_object_set_new(entry, "ready", json_false());
            changed(old, entry, context);
        } else {
            json_array_remove(entries, i);
            changed(old, NULL, context);
        }
    }
}
