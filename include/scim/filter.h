/* Filters (RFC 7644 section 3.4.2.2, checklist F-01 to F-25): the parser, and the reference evaluator that every other
 * way of answering must agree with. */
#ifndef SCIM_FILTER_H
#define SCIM_FILTER_H

#include "scim/path.h"

enum scim_filter_kind { SCIM_AND, SCIM_OR, SCIM_NOT, SCIM_COMPARE, SCIM_PRESENT, SCIM_VALUE_PATH };
enum scim_operator { SCIM_EQ, SCIM_NE, SCIM_CO, SCIM_SW, SCIM_EW, SCIM_GT, SCIM_GE, SCIM_LT, SCIM_LE };
enum scim_literal_kind { SCIM_LITERAL_NULL, SCIM_LITERAL_BOOLEAN, SCIM_LITERAL_NUMBER, SCIM_LITERAL_TEXT };

/* Already coerced to the attribute's type where it is known (L-10): a boolean attribute has a boolean literal. */
struct scim_literal {
    enum scim_literal_kind kind;
    bool boolean;
    bool is_integer;
    int64_t integer;
    double number;
    struct slice text;     /* as written, unescaped */
    struct slice prepared; /* as the attribute's values are prepared (unicode.h): what comparison uses */
    int64_t instant_s;     /* dateTime attributes: seconds since 1970 UTC, */
    uint32_t instant_ns;   /* and nanoseconds */
};

/* Inside a value path, too, a path is complete: emails[type eq "work"] compares emails.type, and its evaluation looks
 * at path.sub (or sub_name) of one value. Comparing with null comes out as PRESENT or NOT PRESENT (F-12); a comparison
 * with a complex attribute that has a `value` comes out with that as path.sub (F-15). */
struct scim_filter {
    enum scim_filter_kind kind;
    struct scim_filter *left, *right; /* AND, OR: both; NOT: left; VALUE_PATH: left is the sub-filter */
    struct scim_path path;            /* COMPARE, PRESENT, VALUE_PATH */
    enum scim_operator op;
    struct scim_literal literal;
};

enum { SCIM_FILTER_MAX_BYTES = 8192, SCIM_FILTER_MAX_DEPTH = 32, SCIM_FILTER_MAX_TERMS = 100 };

/* Parses `text` (percent-decoding done) for a resource type; NULL means the root, where every type's attributes are
 * known. The result and its texts live in the arena. ERR_INVALID_FILTER says what is wrong and at which character
 * (1-based). Shared with PATCH: see scim_value_path_parse. Leniencies L-10, L-11, L-13 unless policy->strict;
 * undeclared attributes are accepted as strings when the policy keeps them, refused otherwise (F-04). Attributes that
 * are never returned are refused: with ERR_SENSITIVE, which is for URLs, where the policy counts them among the
 * sensitive ones; a filter that came in a body is refused with ERR_INVALID_FILTER then. */
MUST_CHECK bool scim_filter_parse(struct slice text, const struct scim_resource_type *type,
                                  const struct scim_policy *policy, struct arena *arena,
                                  struct scim_filter **filter_out, struct err *err);

/* attrPath "[" filter "]" ["." sub], the PATCH path form (P-07). filter_out is NULL when there are no brackets. Errors:
 * ERR_INVALID_PATH for the path, ERR_INVALID_FILTER for what stands between the brackets (P-08). `path_out->sub` or
 * `sub_name` is what stands behind the brackets, too. */
MUST_CHECK bool scim_value_path_parse(struct slice text, const struct scim_resource_type *type,
                                      const struct scim_policy *policy, struct arena *arena, struct scim_path *path_out,
                                      struct scim_filter **filter_out, struct err *err);

/* Does the resource match? `resource` is the whole representation in canonical spelling: with meta, and with groups or
 * members where the filter names them. Allocates nothing that outlives the call. */
bool scim_filter_matches(const struct scim_filter *filter, const json_t *resource);

/* The same for one value of a multi-valued attribute and a filter of a value path on it. */
bool scim_filter_matches_value(const struct scim_filter *filter, const json_t *value);

/* Does the filter look at this top-level attribute of the core schema ("groups", "members", "meta")? So that callers
 * load what is derived only when it is asked for. */
bool scim_filter_uses(const struct scim_filter *filter, struct slice attribute);

/* Can a resource of the type with this name match, as far as meta.resourceType tells? */
bool scim_filter_may_match_type(const struct scim_filter *filter, struct slice type_name);

/* Calls visit for every literal that is compared by eq with the sub-attribute `value` of a multi-valued attribute
 * ("members", "groups"); false when the filter also looks at that attribute in any other way. */
bool scim_filter_only_eq_values(const struct scim_filter *filter, struct slice attribute,
                                void (*visit)(struct slice literal, void *context), void *context);

#endif
