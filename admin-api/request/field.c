#include "field.h"

#include <inttypes.h>

#include "base/id.h"
#include "base/json.h"
#include "instant.h"
#include "scim/policy.h"
#include "scopes.h"

enum {
    MAX_DOMAINS = 100,
    MAX_DOMAIN = 253,
    MAX_OVERLAP_SECONDS = 86400,
    MIN_SETUP_SECONDS = 60,
    MAX_SETUP_SECONDS = 30 * 86400
};

static size_t count_characters(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += (text.data[i] & 0xc0) != 0x80;
    return count;
}

static bool has_control_character(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return true;
    return false;
}

static const char *check_text(const json_t *value, size_t most, const struct field_context *context)
{
    if (!json_is_string(value))
        return "must be a string";
    struct slice text = json_slice(value);
    if (text.len == 0 || slice_trim(text).len != text.len)
        return "must not be empty, nor begin or end with a blank";
    if (count_characters(text) > most)
        return arena_printf(context->arena, "must have at most %zu characters", most);
    if (has_control_character(text))
        return "must not contain control characters";
    return NULL;
}

const char *field_name(const json_t *value, const struct field_context *context)
{
    return check_text(value, 200, context);
}

const char *field_display_name(const json_t *value, const struct field_context *context)
{
    return check_text(value, 255, context);
}

const char *field_external_id(const json_t *value, const struct field_context *context)
{
    return check_text(value, 255, context);
}

static bool is_word(struct slice text, const char *others)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool is_alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_alphanumeric && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return true;
}

static bool is_domain(const json_t *value)
{
    if (!json_is_string(value))
        return false;
    struct slice text = json_slice(value);
    return text.len >= 1 && text.len <= MAX_DOMAIN && is_word(text, "-.") && text.data[0] != '.' &&
           text.data[text.len - 1] != '.' && !memmem(text.data, text.len, "..", 2);
}

const char *field_domains(const json_t *value, const struct field_context *context)
{
    if (!json_is_array(value) || json_array_size(value) > MAX_DOMAINS)
        return arena_printf(context->arena, "must be an array of at most %d domain names", MAX_DOMAINS);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!is_domain(json_array_get(value, i)))
            return arena_printf(context->arena,
                                "element %zu is not a domain name (letters, digits, \"-\" and \".\"; others in their "
                                "ASCII form)",
                                i);
    return NULL;
}

const char *field_policy(const json_t *value, const struct field_context *context)
{
    if (!json_is_object(value))
        return "must be an object";
    struct buf text;
    buf_init(&text, 1 << 14);
    json_render(value, &text);
    struct scim_policy policy;
    struct err err = ERR_INIT;
    bool fine = !text.overflowed && scim_policy_parse(buf_slice(&text), context->arena, &policy, &err);
    bool too_large = text.overflowed;
    buf_fini(&text);
    if (too_large)
        return "is too large";
    return fine ? NULL : arena_printf(context->arena, "%s", err.detail);
}

const char *field_state(const json_t *value, const struct field_context *context)
{
    (void)context;
    bool known = json_is_string(value) && (slice_equals(json_slice(value), SLICE_LITERAL("active")) ||
                                           slice_equals(json_slice(value), SLICE_LITERAL("paused")));
    return known ? NULL : "must be \"active\" or \"paused\"";
}

const char *field_flag(const json_t *value, const struct field_context *context)
{
    (void)context;
    return json_is_boolean(value) ? NULL : "must be true or false";
}

const char *field_url(const json_t *value, const struct field_context *context)
{
    (void)context;
    return json_is_string(value) ? NULL : "must be a URL, a string";
}

static const char *check_id(const json_t *value, const char *prefix, const struct field_context *context)
{
    struct id id;
    if (json_is_string(value) && id_from_prefixed(prefix, json_slice(value), &id))
        return NULL;
    return arena_printf(context->arena, "must be an id that begins with \"%s\"", prefix);
}

const char *field_directory_id(const json_t *value, const struct field_context *context)
{
    return check_id(value, ID_PREFIX_DIRECTORY, context);
}

const char *field_environment_id(const json_t *value, const struct field_context *context)
{
    return check_id(value, ID_PREFIX_ENVIRONMENT, context);
}

static const char *check_scopes(const json_t *value, const struct admin_scope *scopes,
                                const struct field_context *context)
{
    unsigned bits;
    if (admin_scopes_parse(value, scopes, &bits))
        return NULL;
    return arena_printf(context->arena, "must be an array of at least one of %s",
                        admin_scopes_names(scopes, context->arena));
}

const char *field_token_scopes(const json_t *value, const struct field_context *context)
{
    return check_scopes(value, admin_token_scopes, context);
}

const char *field_key_scopes(const json_t *value, const struct field_context *context)
{
    return check_scopes(value, admin_key_scopes, context);
}

const char *field_expires_at(const json_t *value, const struct field_context *context)
{
    int64_t instant_ms;
    if (!json_is_string(value) || !admin_instant_parse(json_slice(value), &instant_ms))
        return "must be a time such as \"2027-01-31T12:00:00Z\"";
    return instant_ms > context->now_ms ? NULL : "must be in the future";
}

const char *field_cadence_seconds(const json_t *value, const struct field_context *context)
{
    enum { LEAST_SECONDS = 60, MOST_SECONDS = 365 * 86400 };
    (void)context;
    bool fine = json_is_integer(value) && json_integer_value(value) >= LEAST_SECONDS &&
                json_integer_value(value) <= MOST_SECONDS;
    return fine ? NULL : "must be a whole number of seconds, from a minute to a year";
}

const char *field_retention_days(const json_t *value, const struct field_context *context)
{
    enum { MOST_DAYS = 3650 };
    bool fine = json_is_integer(value) && json_integer_value(value) >= 1 && json_integer_value(value) <= MOST_DAYS;
    return fine ? NULL : arena_printf(context->arena, "must be a whole number of days, from 1 to %d", MOST_DAYS);
}

const char *field_overlap_seconds(const json_t *value, const struct field_context *context)
{
    bool fine =
        json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= MAX_OVERLAP_SECONDS;
    return fine ? NULL : arena_printf(context->arena, "must be a whole number from 0 to %d", MAX_OVERLAP_SECONDS);
}

const char *field_pem(const json_t *value, const struct field_context *context)
{
    (void)context;
    return json_is_string(value) ? NULL : "must be a PEM text that begins with \"-----BEGIN PUBLIC KEY-----\"";
}

const char *field_jwk(const json_t *value, const struct field_context *context)
{
    (void)context;
    return json_is_object(value) ? NULL : "must be a JSON Web Key, an object";
}

const char *field_setup_permissions(const json_t *value, const struct field_context *context)
{
    return check_scopes(value, admin_setup_permissions, context);
}

const char *field_setup_expires_in(const json_t *value, const struct field_context *context)
{
    bool fine = json_is_integer(value) && json_integer_value(value) >= MIN_SETUP_SECONDS &&
                json_integer_value(value) <= MAX_SETUP_SECONDS;
    return fine ? NULL
                : arena_printf(context->arena, "must be a whole number of seconds from %d to %d (30 days)",
                               MIN_SETUP_SECONDS, MAX_SETUP_SECONDS);
}
