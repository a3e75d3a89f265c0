#include "filter_text.h"

#include <stdint.h>

#include "scim/index.h"
#include "scim/unicode.h"
#include "unicode_text.h"

enum { FOLDED_ON_STACK = 256 };

enum scim_text_kind scim_text_kind(const struct scim_attribute *attribute)
{
    if (!attribute)
        return SCIM_TEXT_FOLDED;
    if (attribute->index_code == SCIM_INDEX_USER_NAME)
        return SCIM_TEXT_USER_NAME;
    if (attribute->type == SCIM_REFERENCE && strcmp(attribute->name, "$ref") == 0)
        return SCIM_TEXT_URI;
    return attribute->case_exact ? SCIM_TEXT_EXACT : SCIM_TEXT_FOLDED;
}

/* Where the segment that ends in front of `end` begins. */
static size_t segment_start(struct slice uri, size_t end)
{
    while (end > 0 && uri.data[end - 1] != '/')
        end--;
    return end;
}

static bool is_version(struct slice segment)
{
    if (segment.len < 2 || segment.data[0] != 'v')
        return false;
    for (size_t i = 1; i < segment.len; i++)
        if (segment.data[i] < '0' || segment.data[i] > '9')
            return false;
    return true;
}

/* …/v2/Users/id becomes …/Users/id. */
static void prepare_uri(struct slice uri, struct buf *out)
{
    size_t id = segment_start(uri, uri.len);
    size_t endpoint = id ? segment_start(uri, id - 1) : 0;
    size_t version = endpoint ? segment_start(uri, endpoint - 1) : 0;
    if (endpoint == 0 || !is_version(slice_of(uri.data + version, endpoint - 1 - version))) {
        scim_prepare_exact(uri, out);
        return;
    }
    buf_add(out, slice_of(uri.data, version));
    buf_add(out, slice_skip(uri, endpoint));
}

void scim_text_prepare(enum scim_text_kind kind, struct slice value, struct buf *out)
{
    struct err refused = ERR_INIT;
    switch (kind) {
    case SCIM_TEXT_EXACT:
        scim_prepare_exact(value, out);
        return;
    case SCIM_TEXT_URI:
        prepare_uri(value, out);
        return;
    case SCIM_TEXT_USER_NAME:
        if (scim_prepare_username(value, false, out, &refused))
            return;
        break;
    case SCIM_TEXT_FOLDED:
        break;
    }
    scim_prepare_folded(value, out);
}

struct slice scim_text_prepare_in(enum scim_text_kind kind, struct slice value, struct arena *arena)
{
    struct buf out;
    buf_init(&out, SIZE_MAX / 2);
    scim_text_prepare(kind, value, &out);
    struct slice prepared = arena_slice(arena, buf_slice(&out));
    buf_fini(&out);
    return prepared;
}

static bool contains(struct slice value, struct slice part)
{
    return part.len == 0 || (value.len >= part.len && memmem(value.data, value.len, part.data, part.len));
}

static bool ends_with(struct slice value, struct slice end)
{
    return value.len >= end.len && slice_equals(slice_skip(value, value.len - end.len), end);
}

static int order(struct slice a, struct slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int difference = common ? memcmp(a.data, b.data, common) : 0;
    return difference ? difference : (a.len > b.len) - (a.len < b.len);
}

static bool compare_prepared(struct slice value, enum scim_operator op, struct slice literal)
{
    switch (op) {
    case SCIM_EQ:
        return slice_equals(value, literal);
    case SCIM_NE:
        return !slice_equals(value, literal);
    case SCIM_CO:
        return contains(value, literal);
    case SCIM_SW:
        return slice_starts_with(value, literal);
    case SCIM_EW:
        return ends_with(value, literal);
    case SCIM_GT:
        return order(value, literal) > 0;
    case SCIM_GE:
        return order(value, literal) >= 0;
    case SCIM_LT:
        return order(value, literal) < 0;
    case SCIM_LE:
        return order(value, literal) <= 0;
    }
    return false;
}

static bool compare_slowly(enum scim_text_kind kind, struct slice value, enum scim_operator op, struct slice prepared)
{
    struct buf out;
    buf_init(&out, SIZE_MAX / 2);
    scim_text_prepare(kind, value, &out);
    bool result = compare_prepared(buf_slice(&out), op, prepared);
    buf_fini(&out);
    return result;
}

bool scim_text_compare(enum scim_text_kind kind, struct slice value, enum scim_operator op, struct slice prepared)
{
    /* A scan calls this for every document: most values are short and ASCII, and then nothing is allocated. */
    if (kind == SCIM_TEXT_URI || !scim_text_is_ascii(value))
        return compare_slowly(kind, value, op, prepared);
    if (kind == SCIM_TEXT_EXACT)
        return compare_prepared(value, op, prepared);
    if ((op == SCIM_EQ || op == SCIM_NE) && value.len != prepared.len)
        return op == SCIM_NE;
    if (value.len > FOLDED_ON_STACK)
        return compare_slowly(kind, value, op, prepared);
    char folded[FOLDED_ON_STACK];
    for (size_t i = 0; i < value.len; i++)
        folded[i] = scim_ascii_lower(value.data[i]);
    return compare_prepared(slice_of(folded, value.len), op, prepared);
}
