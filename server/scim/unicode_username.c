#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/must.h"
#include "scim/unicode.h"
#include "unicode_precis.h"
#include "unicode_text.h"
#include "unicode_wide.h"

/* Full-width and half-width characters become their decomposition mappings (RFC 8265 section 3.3.2). */
static void map_width(const struct scim_wide *from, struct scim_wide *to)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfkc = unorm2_getNFKCInstance(&status);
    must(U_SUCCESS(status));
    scim_wide_reserve(to, from->len * 2 + 2);
    for (int32_t i = 0; i < from->len;) {
        UChar32 c = scim_wide_next(from, &i);
        int32_t kind = u_getIntPropertyValue(c, UCHAR_DECOMPOSITION_TYPE);
        UChar mapped[8];
        int32_t units =
            kind == U_DT_WIDE || kind == U_DT_NARROW ? unorm2_getRawDecomposition(nfkc, c, mapped, 8, &status) : -1;
        must(U_SUCCESS(status));
        if (units == 1)
            c = mapped[0];
        scim_wide_add(to, c);
    }
}

static void lower(const struct scim_wide *from, struct scim_wide *to)
{
    UErrorCode status = U_ZERO_ERROR;
    scim_wide_reserve(to, from->len * 3);
    to->len = u_strToLower(to->data, to->capacity, from->data, from->len, "", &status);
    must(U_SUCCESS(status));
}

static bool has_forbidden(const struct scim_wide *text)
{
    for (int32_t i = 0; i < text->len;) {
        UChar32 c = scim_wide_next(text, &i);
        if (c < 0x20 || c == 0x7F || u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL))
            return true;
    }
    return false;
}

/* Width, case, NFC; then the class and the Bidi rule on the result. `text` is overwritten by it. */
static bool map(struct scim_wide *text)
{
    struct scim_wide other;
    scim_wide_init(&other);
    map_width(text, &other);
    lower(&other, text);
    scim_wide_nfc(text, &other);
    scim_wide_reserve(text, other.len);
    u_memcpy(text->data, other.data, other.len);
    text->len = other.len;
    scim_wide_fini(&other);
    return scim_precis_is_identifier(text) && scim_precis_obeys_bidi(text);
}

static bool prepare_wide(struct slice text, bool strict, struct buf *out, struct err *err)
{
    struct scim_wide wide;
    bool ok = true;
    scim_wide_init(&wide);
    scim_wide_read(&wide, text);
    if (has_forbidden(&wide))
        ok = err_set(err, ERR_INVALID_VALUE, "userName must not hold control characters.");
    else if (!map(&wide) && strict)
        ok = err_set(err, ERR_INVALID_VALUE, "userName holds characters that user names may not have (RFC 8265).");
    else
        scim_wide_write(&wide, out);
    scim_wide_fini(&wide);
    return ok;
}

static bool prepare_ascii(struct slice text, bool strict, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7F)
            return err_set(err, ERR_INVALID_VALUE, "userName must not hold control characters.");
        if (text.data[i] == ' ' && strict)
            return err_set(err, ERR_INVALID_VALUE, "userName must not hold blanks (RFC 8265).");
    }
    scim_text_add_lower(text, out);
    return true;
}

bool scim_prepare_username(struct slice text, bool strict, struct buf *out, struct err *err)
{
    if (text.len == 0)
        return err_set(err, ERR_INVALID_VALUE, "userName is required and must not be empty.");
    return scim_text_is_ascii(text) ? prepare_ascii(text, strict, out, err) : prepare_wide(text, strict, out, err);
}
