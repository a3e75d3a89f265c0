/* Which identity provider feeds a directory: a word, so that a vendor can count and filter by it. Words that nobody
 * here has heard of are welcome (there are more providers than we know); two words for the same one are not. */
#include "base/json.h"
#include "field.h"

enum { MAX_IDP = 32 };

static const struct {
    const char *other, *known;
} synonyms[] = {
    {"aad", "entra"},          {"azure", "entra"},           {"azure-ad", "entra"},
    {"azuread", "entra"},      {"entra-id", "entra"},        {"entraid", "entra"},
    {"microsoft", "entra"},    {"microsoft-entra", "entra"}, {"google-workspace", "google"},
    {"gsuite", "google"},      {"workspace", "google"},      {"jump-cloud", "jumpcloud"},
    {"one-login", "onelogin"}, {"ping-identity", "ping"},    {"pingfederate", "ping"},
    {"pingidentity", "ping"},  {"pingone", "ping"},          {"custom", "generic"},
    {"other", "generic"},      {"scim", "generic"},          {"unknown", "generic"},
};

static bool is_word(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && c != '-')
            return false;
    }
    return text.len >= 1 && text.len <= MAX_IDP;
}

const char *field_idp(const json_t *value, const struct field_context *context)
{
    if (!json_is_string(value))
        return "must be a string";
    struct slice text = json_slice(value);
    if (!is_word(text))
        return "must be okta, entra, onelogin, jumpcloud, ping, google, rippling, generic, or another word of at most "
               "32 "
               "lower-case letters, digits and \"-\"";
    for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++)
        if (slice_equals(text, slice_str(synonyms[i].other)))
            return arena_printf(context->arena, "is called \"%s\" here", synonyms[i].known);
    return NULL;
}
