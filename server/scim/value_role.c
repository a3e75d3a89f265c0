#include "scim/unicode.h"
#include "value.h"

/* Entra's AppRoleAssignmentsComplex sends {"value": "{\"id\":\"…\",\"value\":\"25\",\"displayName\":\"Role1234\"}"}. */

static void take_text(json_t *role, const char *name, const json_t *inner, const char *inner_name)
{
    const json_t *text = json_member_nocase(inner, slice_str(inner_name), NULL);
    if (json_is_string(text) && !scim_has_control(json_slice(text)) && !json_object_get(role, name))
        json_object_set_new_nocheck(role, name, value_share(text));
}

void value_open_role(json_t *role)
{
    const json_t *text = json_object_get(role, "value");
    struct err ignored = ERR_INIT;
    if (!json_is_string(text) || !slice_starts_with(slice_trim(json_slice(text)), SLICE_LITERAL("{")))
        return;
    json_scoped *inner = json_parse_object(json_slice(text), &json_limits_default, &ignored);
    if (!inner)
        return;
    json_scoped *verbatim = value_share(text);
    json_object_del(role, "value");
    take_text(role, "value", inner, "value");
    take_text(role, "value", inner, "id");
    if (!json_object_get(role, "value"))
        json_object_set_nocheck(role, "value", verbatim);
    take_text(role, "display", inner, "display");
    take_text(role, "display", inner, "displayName");
    take_text(role, "type", inner, "type");
    const json_t *primary = json_member_nocase(inner, SLICE_LITERAL("primary"), NULL);
    if (json_is_boolean(primary) && !json_object_get(role, "primary"))
        json_object_set_new_nocheck(role, "primary", value_share(primary));
}
