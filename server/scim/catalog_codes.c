/* Codes of custom types: resource.type in the database. Never reused, so that rows of a type that was given up never
 * show under another. */
#include <strings.h>

#include "base/json.h"
#include "scim/catalog.h"
#include "scim/schema.h"

static json_t *types_of(const json_t *catalog)
{
    json_t *types = json_object_get(catalog, "resource_types");
    return json_is_array(types) ? types : NULL;
}

static json_int_t code_of(const json_t *type) { return json_integer_value(json_object_get(type, "code")); }

/* The first code that no type has ever had. */
static json_int_t next_code_of(const json_t *before)
{
    json_int_t next = json_integer_value(json_object_get(before, "next_code"));
    if (next < SCIM_CATALOG_FIRST_CODE)
        next = SCIM_CATALOG_FIRST_CODE;
    for (size_t i = 0; i < json_array_size(types_of(before)); i++) {
        json_int_t code = code_of(json_array_get(types_of(before), i));
        if (code >= next)
            next = code + 1;
    }
    return next;
}

static json_int_t kept_code(const json_t *before, const char *name)
{
    for (size_t i = 0; i < json_array_size(types_of(before)); i++) {
        const json_t *type = json_array_get(types_of(before), i);
        const char *other = json_string_value(json_object_get(type, "name"));
        if (other && strcasecmp(other, name) == 0)
            return code_of(type);
    }
    return 0;
}

static bool assign(json_t *catalog, const json_t *before, struct err *err)
{
    json_int_t next = next_code_of(before);
    for (size_t i = 0; i < json_array_size(types_of(catalog)); i++) {
        json_t *type = json_array_get(types_of(catalog), i);
        const char *name = json_string_value(json_object_get(type, "name"));
        if (!name || scim_type_by_name(slice_str(name)))
            continue;
        json_int_t code = kept_code(before, name);
        json_object_set_new(type, "code", json_integer(code ? code : next++));
    }
    json_object_set_new(catalog, "next_code", json_integer(next));
    return next <= SCIM_CATALOG_LAST_CODE + 1 ||
           err_set(err, ERR_INVALID_VALUE, "The directory has had too many resource types.");
}

bool scim_catalog_assign(struct slice catalog, struct slice before, struct buf *out, struct err *err)
{
    if (catalog.len > SCIM_CATALOG_BYTES)
        return err_set(err, ERR_INVALID_VALUE, "The catalog has more than %d bytes.", (int)SCIM_CATALOG_BYTES);
    json_scoped *json = json_parse_object(catalog, &json_limits_default, err);
    if (!json)
        return false;
    json_scoped *old = before.len ? json_loadb(before.data, before.len, 0, NULL) : NULL;
    if (!assign(json, old, err))
        return false;
    json_render(json, out);
    return !out->overflowed || err_set(err, ERR_INVALID_VALUE, "The catalog is too large.");
}
