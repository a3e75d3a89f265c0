#include "value.h"

#include "filter_instant.h"
#include "scim/unicode.h"

bool value_refuse(const struct value_place *place, const char *must_be)
{
    return err_set(place->err, ERR_INVALID_VALUE, "\"%s%s%s\" must be %s.", place->path, place->sub ? "." : "",
                   place->sub ? place->sub : "", must_be);
}

/* Is the value one of this top-level attribute's? */
static bool is_of(const struct value_place *place, struct slice attribute)
{
    struct slice path = slice_str(place->path);
    return slice_starts_with(path, attribute) && (path.len == attribute.len || path.data[attribute.len] == '.');
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static json_t *text_value(const json_t *value, const struct value_place *place)
{
    if (!json_is_string(value)) {
        value_refuse(place, "a string");
        return NULL;
    }
    if (scim_has_control(json_slice(value))) {
        value_refuse(place, "free of control characters");
        return NULL;
    }
    return value_share(value);
}

static json_t *boolean_value(const json_t *value, const struct scim_attribute *attribute,
                             const struct value_place *place, bool *unassigned_out)
{
    if (json_is_boolean(value))
        return value_share(value);
    if (scim_lenient(place->policy, SCIM_BOOLEANS_AS_TEXT) && json_is_string(value)) {
        if (slice_equals_ascii_nocase(json_slice(value), SLICE_LITERAL("true")))
            return json_true();
        if (slice_equals_ascii_nocase(json_slice(value), SLICE_LITERAL("false")))
            return json_false();
    }
    /* A deployed validator sends a phone number as the `primary` of a phone number, and expects success. */
    if (scim_lenient(place->policy, SCIM_UNUSABLE_PRIMARY) && strcmp(attribute->name, "primary") == 0) {
        *unassigned_out = true;
        return NULL;
    }
    value_refuse(place, "true or false");
    return NULL;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

struct base64 {
    size_t bytes;          /* decoded */
    unsigned char head[6]; /* the first of them */
};

/* RFC 4648 section 4; padding may be left out (RFC 7643 section 2.3.6). Line breaks of a pasted PEM body are passed
 * over when `lines` is set. */
static bool base64_scan(struct slice text, bool lines, struct base64 *result_out)
{
    size_t digits = 0, padding = 0;
    uint32_t group = 0;
    struct base64 result = {0};

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (lines && (c == '\r' || c == '\n'))
            continue;
        if (c == '=') {
            padding++;
            continue;
        }
        int digit = base64_digit(c);
        if (digit < 0 || padding > 0)
            return false;
        group = group << 6 | (uint32_t)digit;
        if (++digits % 4 == 1)
            continue;
        unsigned shift = digits % 4 == 2 ? 4 : digits % 4 == 3 ? 2 : 0;
        if (result.bytes < sizeof result.head)
            result.head[result.bytes] = (unsigned char)(group >> shift);
        result.bytes++;
    }
    *result_out = result;
    return digits % 4 != 1 && (padding == 0 || (digits + padding) % 4 == 0) && padding <= 2;
}

/* One DER SEQUENCE and nothing behind it: what tells one certificate from two, or from a PEM text. That the inside is a
 * certificate is left to whoever uses it. */
static bool is_one_der_sequence(const struct base64 *data)
{
    if (data->bytes < 2 || data->head[0] != 0x30)
        return false;
    size_t length = data->head[1], header = 2;
    if (length >= 0x80) {
        size_t octets = length & 0x7f;
        if (octets == 0 || octets > 4 || data->bytes < 2 + octets)
            return false;
        length = 0;
        for (size_t i = 0; i < octets; i++)
            length = length << 8 | data->head[2 + i];
        header += octets;
    }
    return length == data->bytes - header;
}

static json_t *binary_value(const json_t *value, const struct value_place *place)
{
    struct base64 data;
    if (!json_is_string(value) ||
        !base64_scan(json_slice(value), scim_lenient(place->policy, SCIM_LINES_IN_BASE64), &data)) {
        value_refuse(place, "a string in base64");
        return NULL;
    }
    if (is_of(place, SLICE_LITERAL("x509Certificates")) && !is_one_der_sequence(&data)) {
        value_refuse(place, "exactly one DER certificate in base64");
        return NULL;
    }
    return value_share(value);
}

static json_t *date_value(const json_t *value, const struct value_place *place)
{
    struct scim_instant instant;
    if (json_is_string(value) && scim_instant_parse(json_slice(value), &instant))
        return value_share(value);
    value_refuse(place, "a date and time such as 2026-01-31T12:00:00Z");
    return NULL;
}

/* L-25. NULL: it is no such text. */
static json_t *number_of_text(const json_t *value, const struct value_place *place)
{
    struct slice text = json_is_string(value) ? slice_trim(json_slice(value)) : SLICE_EMPTY;
    if (text.len == 0 || text.len > json_limits_default.number || !scim_lenient(place->policy, SCIM_NUMBERS_AS_TEXT))
        return NULL;
    json_t *number = json_loadb(text.data, text.len, JSON_DECODE_ANY, NULL);
    if (json_is_number(number))
        return number;
    json_decref(number);
    return NULL;
}

/* A decimal is sent with digits on both sides of its point; 2^53 is where doubles stop holding every integer. */
static json_t *decimal_value(const json_t *value, const struct value_place *place)
{
    json_scoped *read = number_of_text(value, place);
    value = read ? read : value;
    if (json_is_real(value))
        return value_share(value);
    if (json_is_integer(value)) {
        json_int_t number = json_integer_value(value), limit = (json_int_t)1 << 53;
        return number > limit || number < -limit ? value_share(value) : json_real((double)number);
    }
    value_refuse(place, "a number");
    return NULL;
}

static json_t *integer_value(const json_t *value, const struct value_place *place)
{
    json_scoped *read = number_of_text(value, place);
    value = read ? read : value;
    if (json_is_integer(value))
        return value_share(value);
    value_refuse(place, "a whole number");
    return NULL;
}

json_t *value_simple(const json_t *value, const struct scim_attribute *attribute, const struct value_place *place,
                     bool *unassigned_out)
{
    bool textual = attribute->type == SCIM_STRING || attribute->type == SCIM_REFERENCE;

    /* "" is a value of a string, and how clients clear anything else. */
    bool text = json_is_string(value);
    if (!textual && text && json_string_length(value) == 0 && scim_lenient(place->policy, SCIM_TEXT_FOR_COMPLEX)) {
        *unassigned_out = true;
        return NULL;
    }
    switch (attribute->type) {
    case SCIM_BOOLEAN:
        return boolean_value(value, attribute, place, unassigned_out);
    case SCIM_INTEGER:
        return integer_value(value, place);
    case SCIM_DECIMAL:
        return decimal_value(value, place);
    case SCIM_DATETIME:
        return date_value(value, place);
    case SCIM_BINARY:
        return binary_value(value, place);
    case SCIM_STRING:
    case SCIM_REFERENCE:
    case SCIM_COMPLEX:
        break;
    }
    return text_value(value, place);
}
