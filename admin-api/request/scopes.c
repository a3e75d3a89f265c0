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

const struct admin_scope admin_setup_permissions[] = {
    {"view_connection", SCOPE_SETUP_CONNECTION}, {"rotate_token", SCOPE_SETUP_TOKENS}, {"choose_idp", SCOPE_SETUP_IDP},
    {"edit_domains", SCOPE_SETUP_DOMAINS},       {"view_log", SCOPE_SETUP_LOG},        {NULL, 0},
};

static unsigned bit_of_name(struct slice name, const struct admin_scope *table)
{
    for (; table->name; table++)
        if (slice_equals(name, slice_str(table->name)))
            return table->bit;
    return 0;
}

static unsigned bit_named(const json_t *name, const struct admin_scope *table)
{
    return json_is_string(name) ? bit_of_name(json_slice(name), table) : 0;
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

unsigned admin_scopes_of_text(struct slice text, const struct admin_scope *table)
{
    unsigned bits = 0;
    while (text.len > 0) {
        const char *blank = memchr(text.data, ' ', text.len);
        struct slice word = slice_of(text.data, blank ? (size_t)(blank - text.data) : text.len);
        bits |= bit_of_name(word, table);
        text = slice_skip(text, word.len + (blank ? 1 : 0));
    }
    return bits;
}

const char *admin_scope_name(unsigned bit, const struct admin_scope *table)
{
    for (; table->name; table++)
        if (table->bit == bit)
            return table->name;
    return "";
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
