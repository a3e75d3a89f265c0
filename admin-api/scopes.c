#include "scopes.h"

#include "base/json.h"

const struct admin_scope admin_token_scopes[] = {
    {"users:read", SCOPE_USERS_READ},
    {"users:write", SCOPE_USERS_WRITE},
    {"groups:read", SCOPE_GROUPS_READ},
    {"groups:write", SCOPE_GROUPS_WRITE},
    {NULL, 0},
};

const struct admin_scope admin_key_scopes[] = {
    {"read", SCOPE_ADMIN_READ},
    {"manage", SCOPE_ADMIN_MANAGE},
    {"tokens", SCOPE_ADMIN_TOKENS},
    {NULL, 0},
};

static unsigned bit_named(const json_t *name, const struct admin_scope *table)
{
    for (; table->name && json_is_string(name); table++)
        if (slice_equals(json_slice(name), slice_str(table->name)))
            return table->bit;
    return 0;
}

bool admin_scopes_parse(const json_t *names, const struct admin_scope *table, unsigned *bits_out)
{
    unsigned bits = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        unsigned bit = bit_named(json_array_get(names, i), table);
        if (bit == 0 || (bits & bit))
            return false;
        bits |= bit;
    }
    *bits_out = bits;
    return bits != 0;
}

json_t *admin_scopes_show(unsigned bits, const struct admin_scope *table)
{
    json_t *names = json_array();
    for (; table->name; table++)
        if (bits & table->bit)
            json_array_append_new(names, json_string(table->name));
    return names;
}

const char *admin_scopes_names(const struct admin_scope *table, struct arena *arena)
{
    const char *names = table->name;
    while ((++table)->name)
        names = arena_printf(arena, "%s, %s", names, table->name);
    return names;
}
