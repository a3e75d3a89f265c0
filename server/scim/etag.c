#include "scim/etag.h"

#include "base/must.h"

/* What stands between the quotes of an entity-tag, and how much of `rest` it took; false when there is none. */
static bool take_tag(struct slice *rest, struct slice *opaque_out)
{
    struct slice s = *rest;
    if (slice_starts_with(s, SLICE_LITERAL("W/")))
        s = slice_skip(s, 2);
    if (s.len < 2 || s.data[0] != '"')
        return false;
    size_t end = 1;
    while (end < s.len && s.data[end] != '"') {
        unsigned char c = (unsigned char)s.data[end++];
        if (c < 0x21 || c == 0x7f)
            return false;
    }
    if (end == s.len)
        return false;
    *opaque_out = slice_of(s.data + 1, end - 1);
    *rest = slice_trim(slice_skip(s, end + 1));
    return true;
}

static bool malformed(struct err *err)
{
    return err_set(err, ERR_INVALID_VALUE,
                   "If-Match and If-None-Match must be \"*\" or a list of entity-tags such as W/\"3\".");
}

bool scim_etag_check(struct slice header, const char *current, enum scim_condition *condition_out, struct err *err)
{
    struct slice tag = slice_str(current), rest = slice_trim(header), current_opaque, opaque;
    must(take_tag(&tag, &current_opaque));

    *condition_out = SCIM_CONDITION_NONE;
    if (rest.len == 0)
        return true;
    *condition_out = SCIM_CONDITION_MET;
    if (slice_equals(rest, SLICE_LITERAL("*")))
        return true;

    bool any = false, met = false;
    while (rest.len > 0) {
        if (rest.data[0] == ',') { /* RFC 9110 section 5.6.1: empty elements of a list are tolerated */
            rest = slice_trim(slice_skip(rest, 1));
            continue;
        }
        if (!take_tag(&rest, &opaque) || (rest.len > 0 && rest.data[0] != ','))
            return malformed(err);
        any = true;
        met |= slice_equals(opaque, current_opaque);
    }
    if (!any)
        return malformed(err);
    *condition_out = met ? SCIM_CONDITION_MET : SCIM_CONDITION_FAILED;
    return true;
}
