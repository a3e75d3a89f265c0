/* Which texts an attribute may hold. Private to the room. */
#ifndef SCIM_VALUE_RULE_H
#define SCIM_VALUE_RULE_H

#include "base/arena.h"
#include "base/err.h"

enum value_list { VALUE_LIST_LANGUAGES, VALUE_LIST_COUNTRIES, VALUE_LIST_ZONES, VALUE_LIST_TAGS, VALUE_LISTS };

struct scim_value_rule {
    struct slice name; /* of the attribute, as the policy has it */
    enum { VALUE_RULE_LIST, VALUE_RULE_PATTERN, VALUE_RULE_VALUES } kind;
    enum value_list list;
    bool underscores;           /* a list of tags takes "_" for "-" (L-24) */
    struct slice pattern;       /* a regular expression as ICU has them, for the whole text */
    const struct slice *values; /* as the policy has them */
    size_t value_count;
};

enum { VALUE_PATTERN_MAX_BYTES = 500 };

/* "iso-639-1", … in the order of the enum. */
extern const char *const value_list_names[VALUE_LISTS];
/* ASCII case is ignored, but for time zones. */
bool value_list_has(enum value_list list, bool underscores, struct slice text);

/* NULL with ERR_INVALID_VALUE. Immutable; read by any thread. */
struct value_pattern;
MUST_CHECK struct value_pattern *value_pattern_compile(struct slice pattern, struct err *err);
void value_pattern_free(struct value_pattern *pattern);
/* The whole text. A match that takes too long is none. */
bool value_pattern_matches(const struct value_pattern *pattern, struct slice text);

#endif
