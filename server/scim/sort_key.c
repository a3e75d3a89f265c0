/* Keys that sort as bytes, whatever they were made of. */
#include "base/json.h"
#include "filter_instant.h"
#include "filter_text.h"
#include "path_value.h"
#include "scim/sort.h"

static void add_big_endian(uint64_t number, unsigned bytes, struct buf *out)
{
    while (bytes-- > 0)
        buf_add_char(out, (char)(number >> (8 * bytes) & 0xff));
}

/* Negative numbers first. */
static void add_signed(int64_t number, struct buf *out)
{
    add_big_endian((uint64_t)number ^ UINT64_C(1) << 63, 8, out);
}

/* IEEE 754 sorts as sign and magnitude: negative ones are turned round. */
static void add_real(double number, struct buf *out)
{
    uint64_t bits;
    if (number == 0)
        number = 0; /* there are two zeros */
    memcpy(&bits, &number, sizeof bits);
    add_big_endian(bits >> 63 ? ~bits : bits | UINT64_C(1) << 63, 8, out);
}

static bool add_integer(const json_t *value, struct buf *out)
{
    if (json_is_integer(value))
        add_signed(json_integer_value(value), out);
    return json_is_integer(value);
}

/* The nearest double, then how far an integer of more than 53 bits is from it (a long double holds both). */
static bool add_decimal(const json_t *value, struct buf *out)
{
    if (!json_is_number(value))
        return false;
    double nearest = json_number_value(value);
    long double rest = json_is_integer(value) ? (long double)json_integer_value(value) - (long double)nearest : 0;
    add_real(nearest, out);
    add_big_endian((uint64_t)((int64_t)rest + 0x8000), 2, out);
    return true;
}

static bool add_instant(const json_t *value, struct buf *out)
{
    struct scim_instant instant;
    if (!json_is_string(value) || !scim_instant_parse(json_slice(value), &instant))
        return false;
    add_signed(instant.seconds, out);
    add_big_endian(instant.nanoseconds, 4, out);
    return true;
}

static bool add_text(const struct scim_sort *sort, const struct scim_attribute *leaf, const json_t *value,
                     struct buf *out)
{
    size_t start = out->len, most = sort->way == SCIM_SORT_UNIQUE ? SCIM_UNIQUE_KEY_BYTES : SCIM_KEY_BYTES;
    if (!json_is_string(value))
        return false;
    scim_text_prepare(scim_text_kind(leaf), json_slice(value), out);
    if (out->len - start > most)
        out->len = start + most;
    return out->len > start;
}

static bool add_key(const struct scim_sort *sort, const json_t *value, struct buf *out)
{
    const struct scim_attribute *leaf = sort->path.sub ? sort->path.sub : sort->path.attribute;
    switch (leaf->type) {
    case SCIM_BOOLEAN:
        buf_add_char(out, json_is_true(value) ? 1 : 0);
        return json_is_boolean(value);
    case SCIM_INTEGER:
        return add_integer(value, out);
    case SCIM_DECIMAL:
        return add_decimal(value, out);
    case SCIM_DATETIME:
        return add_instant(value, out);
    case SCIM_STRING:
    case SCIM_REFERENCE:
        return add_text(sort, leaf, value, out);
    case SCIM_BINARY:
    case SCIM_COMPLEX:
        break;
    }
    return false;
}

/* The primary one of several values, else the first (S-04). */
static const json_t *choose(const json_t *value)
{
    if (!json_is_array(value))
        return value;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (json_is_true(json_object_get(json_array_get(value, i), "primary")))
            return json_array_get(value, i);
    return json_array_get(value, 0);
}

bool scim_sort_key(const struct scim_sort *sort, const json_t *resource, struct buf *out)
{
    if (sort->way == SCIM_SORT_ABSENT)
        return false;
    if (sort->way == SCIM_SORT_ID)
        return true;
    size_t start = out->len;
    const json_t *value = choose(scim_path_value(&sort->path, resource));
    if (sort->path.sub)
        value = choose(scim_path_sub_value(&sort->path, value));
    bool has_value = add_key(sort, value, out);
    if (!has_value)
        out->len = start;
    return has_value;
}

bool scim_sort_key_of_time(const struct scim_sort *sort, int64_t created_ms, int64_t modified_ms, struct buf *out)
{
    bool is_meta = sort->path.sub && scim_path_is_top_level(&sort->path, SLICE_LITERAL("meta"));
    bool created = is_meta && strcmp(sort->path.sub->name, "created") == 0;
    bool modified = is_meta && strcmp(sort->path.sub->name, "lastModified") == 0;
    if (created || modified)
        add_signed(created ? created_ms : modified_ms, out);
    return created || modified;
}
