/* Patterns of a policy. Whoever writes one can write a slow one: every match has a limit of steps and of memory. */
#include <unicode/uregex.h>

#include "base/must.h"
#include "unicode_text.h"
#include "unicode_wide.h"
#include "value_rule.h"

enum {
    STEPS = 100,       /* of 10,000 operations of the engine each: some milliseconds */
    STACK = 64 * 1024, /* bytes */
    LONGEST_TEXT = 4096
};

static URegularExpression *expression(const struct value_pattern *pattern)
{
    return (URegularExpression *)(uintptr_t)pattern;
}

struct value_pattern *value_pattern_compile(struct slice pattern, struct err *err)
{
    UErrorCode status = U_ZERO_ERROR;
    UParseError where;
    struct scim_wide wide;
    if (pattern.len == 0 || pattern.len > VALUE_PATTERN_MAX_BYTES) {
        err_set(err, ERR_INVALID_VALUE, "A pattern has 1 to %d bytes.", VALUE_PATTERN_MAX_BYTES);
        return NULL;
    }
    scim_wide_init(&wide);
    scim_wide_read(&wide, pattern);
    URegularExpression *compiled = uregex_open(wide.data, wide.len, 0, &where, &status);
    scim_wide_fini(&wide);
    if (U_SUCCESS(status))
        return (struct value_pattern *)compiled;
    uregex_close(compiled);
    err_set(err, ERR_INVALID_VALUE, "It is no regular expression: %s.", u_errorName(status));
    return NULL;
}

void value_pattern_free(struct value_pattern *pattern) { uregex_close(expression(pattern)); }

bool value_pattern_matches(const struct value_pattern *pattern, struct slice text)
{
    UErrorCode status = U_ZERO_ERROR;
    struct scim_wide wide;
    if (text.len > LONGEST_TEXT)
        return false;
    URegularExpression *own = uregex_clone(expression(pattern), &status);
    scim_wide_init(&wide);
    scim_wide_read(&wide, text);
    uregex_setTimeLimit(own, STEPS, &status);
    uregex_setStackLimit(own, STACK, &status);
    uregex_setText(own, wide.data, wide.len, &status);
    bool matches = uregex_matches(own, 0, &status);
    uregex_close(own);
    scim_wide_fini(&wide);
    return matches && U_SUCCESS(status);
}
