/* Lists that others keep: ISO, IANA, and the grammar of RFC 5646. ICU has them all. */
#include <unicode/ucal.h>
#include <unicode/uloc.h>
#include <unicode/uregion.h>
#include <unicode/ustring.h>

#include "value_rule.h"

const char *const value_list_names[VALUE_LISTS] = {
    [VALUE_LIST_LANGUAGES] = "iso-639-1",
    [VALUE_LIST_COUNTRIES] = "iso-3166-1",
    [VALUE_LIST_ZONES] = "iana-timezone",
    [VALUE_LIST_TAGS] = "bcp-47",
};

enum { LONGEST = 100 };

/* As the list spells it; NULL when it has none such. ICU's lists have codes of three letters, too. */
static const char *find(const char *const *list, struct slice text)
{
    for (; text.len == 2 && *list; list++)
        if (slice_equals_ascii_nocase(slice_str(*list), text))
            return *list;
    return NULL;
}

/* ICU's countries include reserved codes; those of the standard have a number below the private ones. */
static bool is_country(struct slice text)
{
    UErrorCode status = U_ZERO_ERROR;
    const char *code = find(uloc_getISOCountries(), text);
    const URegion *region = code ? uregion_getRegionFromCode(code, &status) : NULL;
    int32_t number = region && U_SUCCESS(status) ? uregion_getNumericCode(region) : -1;
    return number > 0 && number < 900;
}

/* Area/Location, and UTC. Names without a slash are old links, or abbreviations of ICU's own. */
static bool is_zone(const char *text)
{
    UChar wide[LONGEST + 1], canonical[LONGEST + 1];
    UErrorCode status = U_ZERO_ERROR;
    UBool is_system = false;
    bool is_foreign = strncmp(text, "SystemV/", strlen("SystemV/")) == 0 || strcmp(text, "Etc/Unknown") == 0;
    if (is_foreign || (!strchr(text, '/') && strcmp(text, "UTC") != 0))
        return false;
    u_uastrcpy(wide, text);
    ucal_getCanonicalTimeZoneID(wide, -1, canonical, LONGEST, &is_system, &status);
    return U_SUCCESS(status) && is_system;
}

static bool is_tag(char *text, bool underscores)
{
    char locale[ULOC_FULLNAME_CAPACITY];
    int32_t parsed = 0;
    UErrorCode status = U_ZERO_ERROR;
    for (char *c = text; underscores && *c; c++)
        *c = *c == '_' ? '-' : *c;
    uloc_forLanguageTag(text, locale, sizeof locale, &parsed, &status);
    return U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING && parsed == (int32_t)strlen(text);
}

bool value_list_has(enum value_list list, bool underscores, struct slice text)
{
    char copy[LONGEST + 1];
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7F)
            return false;
    if (text.len == 0 || text.len > LONGEST)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    switch (list) {
    case VALUE_LIST_LANGUAGES:
        return find(uloc_getISOLanguages(), text);
    case VALUE_LIST_COUNTRIES:
        return is_country(text);
    case VALUE_LIST_ZONES:
        return is_zone(copy);
    case VALUE_LIST_TAGS:
        return is_tag(copy, underscores);
    case VALUE_LISTS:
        break;
    }
    return false;
}
