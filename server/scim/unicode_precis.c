#include "unicode_precis.h"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>

#include "base/must.h"

enum property { PVALID, CONTEXT, DISALLOWED };

static const struct {
    UChar32 first, last;
    enum property property;
} exceptions[] = {
    {0x00DF, 0x00DF, PVALID},     {0x03C2, 0x03C2, PVALID},     {0x06FD, 0x06FE, PVALID},
    {0x0F0B, 0x0F0B, PVALID},     {0x3007, 0x3007, PVALID},     {0x00B7, 0x00B7, CONTEXT},
    {0x0375, 0x0375, CONTEXT},    {0x05F3, 0x05F4, CONTEXT},    {0x30FB, 0x30FB, CONTEXT},
    {0x0660, 0x0669, CONTEXT},    {0x06F0, 0x06F9, CONTEXT},    {0x0640, 0x0640, DISALLOWED},
    {0x07FA, 0x07FA, DISALLOWED}, {0x302E, 0x302F, DISALLOWED}, {0x3031, 0x3035, DISALLOWED},
    {0x303B, 0x303B, DISALLOWED},
};

static bool is_old_hangul(UChar32 c)
{
    int32_t kind = u_getIntPropertyValue(c, UCHAR_HANGUL_SYLLABLE_TYPE);
    return kind == U_HST_LEADING_JAMO || kind == U_HST_VOWEL_JAMO || kind == U_HST_TRAILING_JAMO;
}

static bool has_compatibility_form(UChar32 c)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfkc = unorm2_getNFKCInstance(&status);
    struct scim_wide one;
    scim_wide_init(&one);
    scim_wide_add(&one, c);
    UBool same = unorm2_isNormalized(nfkc, one.data, one.len, &status);
    must(U_SUCCESS(status));
    return !same;
}

/* The derived property for the IdentifierClass, in the order of RFC 8264 section 8. */
static enum property derive(UChar32 c)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (c >= exceptions[i].first && c <= exceptions[i].last)
            return exceptions[i].property;
    if (u_charType(c) == U_UNASSIGNED)
        return DISALLOWED;
    if (c >= 0x21 && c <= 0x7E)
        return PVALID;
    if (u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL))
        return CONTEXT;
    if (is_old_hangul(c) || u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) || has_compatibility_form(c))
        return DISALLOWED;
    const uint32_t letters_digits =
        U_GC_LL_MASK | U_GC_LU_MASK | U_GC_LO_MASK | U_GC_ND_MASK | U_GC_LM_MASK | U_GC_MN_MASK | U_GC_MC_MASK;
    return letters_digits & (1U << u_charType(c)) ? PVALID : DISALLOWED;
}

static int32_t joining(UChar32 c)
{
    return c == U_SENTINEL ? (int32_t)U_JT_NON_JOINING : u_getIntPropertyValue(c, UCHAR_JOINING_TYPE);
}

/* U+200C between letters that would join (RFC 5892 appendix A.1). */
static bool breaks_a_join(const struct scim_wide *text, int32_t start, int32_t end)
{
    int32_t left, right;
    do
        left = joining(scim_wide_previous(text, &start));
    while (left == U_JT_TRANSPARENT);
    do
        right = joining(scim_wide_next(text, &end));
    while (right == U_JT_TRANSPARENT);
    return (left == U_JT_LEFT_JOINING || left == U_JT_DUAL_JOINING) &&
           (right == U_JT_RIGHT_JOINING || right == U_JT_DUAL_JOINING);
}

static bool has_script(UChar32 c, UScriptCode script)
{
    UErrorCode status = U_ZERO_ERROR;
    return c != U_SENTINEL && uscript_getScript(c, &status) == script;
}

static bool any_between(const struct scim_wide *text, UChar32 first, UChar32 last)
{
    for (int32_t i = 0; i < text->len;) {
        UChar32 c = scim_wide_next(text, &i);
        if (c >= first && c <= last)
            return true;
    }
    return false;
}

static bool any_kana_or_han(const struct scim_wide *text)
{
    for (int32_t i = 0; i < text->len;) {
        UChar32 c = scim_wide_next(text, &i);
        if (has_script(c, USCRIPT_HIRAGANA) || has_script(c, USCRIPT_KATAKANA) || has_script(c, USCRIPT_HAN))
            return true;
    }
    return false;
}

/* The contextual rule of the character c at start..end. */
static bool context_allows(const struct scim_wide *text, UChar32 c, int32_t start, int32_t end)
{
    int32_t left_at = start, right_at = end;
    UChar32 left = scim_wide_previous(text, &left_at), right = scim_wide_next(text, &right_at);
    bool behind_virama = left != U_SENTINEL && u_getCombiningClass(left) == 9;

    switch (c) {
    case 0x200C:
        return behind_virama || breaks_a_join(text, start, end);
    case 0x200D:
        return behind_virama;
    case 0x00B7:
        return left == 'l' && right == 'l';
    case 0x0375:
        return has_script(right, USCRIPT_GREEK);
    case 0x05F3:
    case 0x05F4:
        return has_script(left, USCRIPT_HEBREW);
    case 0x30FB:
        return any_kana_or_han(text);
    default:
        /* Two sets of Arabic digits, which do not mix. */
        return c <= 0x0669 ? !any_between(text, 0x06F0, 0x06F9) : !any_between(text, 0x0660, 0x0669);
    }
}

bool scim_precis_is_identifier(const struct scim_wide *text)
{
    for (int32_t i = 0; i < text->len;) {
        int32_t start = i;
        UChar32 c = scim_wide_next(text, &i);
        enum property property = derive(c);
        if (property == DISALLOWED || (property == CONTEXT && !context_allows(text, c, start, i)))
            return false;
    }
    return text->len > 0;
}

static uint32_t direction(UChar32 c) { return 1U << u_charDirection(c); }

enum {
    BIDI_L = 1U << U_LEFT_TO_RIGHT,
    BIDI_R_AL = 1U << U_RIGHT_TO_LEFT | 1U << U_RIGHT_TO_LEFT_ARABIC,
    BIDI_AN = 1U << U_ARABIC_NUMBER,
    BIDI_EN = 1U << U_EUROPEAN_NUMBER,
    BIDI_NSM = 1U << U_DIR_NON_SPACING_MARK,
    BIDI_NEUTRAL = 1U << U_EUROPEAN_NUMBER_SEPARATOR | 1U << U_COMMON_NUMBER_SEPARATOR |
                   1U << U_EUROPEAN_NUMBER_TERMINATOR | 1U << U_OTHER_NEUTRAL | 1U << U_BOUNDARY_NEUTRAL |
                   1U << U_DIR_NON_SPACING_MARK,
};

bool scim_precis_obeys_bidi(const struct scim_wide *text)
{
    uint32_t all = 0, first = 0, last = 0;
    for (int32_t i = 0; i < text->len;) {
        uint32_t d = direction(scim_wide_next(text, &i));
        if (all == 0)
            first = d;
        all |= d;
        if (d != BIDI_NSM)
            last = d;
    }
    if (!(all & (BIDI_R_AL | BIDI_AN)))
        return true;
    if (first & BIDI_L)
        return !(all & ~(uint32_t)(BIDI_L | BIDI_EN | BIDI_NEUTRAL)) && (last & (BIDI_L | BIDI_EN));
    if (!(first & BIDI_R_AL))
        return false;
    if ((all & BIDI_EN) && (all & BIDI_AN))
        return false;
    return !(all & ~(uint32_t)(BIDI_R_AL | BIDI_AN | BIDI_EN | BIDI_NEUTRAL)) &&
           (last & (BIDI_R_AL | BIDI_EN | BIDI_AN));
}
