/* What the files of the policy share. Private to the room. */
#ifndef SCIM_POLICY_PARTS_H
#define SCIM_POLICY_PARTS_H

#include "base/json.h"
#include "scim/filter.h"
#include "scim/policy.h"
#include "value_rule.h"

/* Reading (policy.c, policy_leniencies.c, policy_lists.c). */

bool policy_read_flag(const json_t *value, const char *name, bool *flag_out, struct err *err);
bool policy_read_leniencies(const json_t *value, struct scim_policy *policy, struct err *err);
bool policy_read_guard(const json_t *value, struct scim_guard *guard, struct err *err);
json_t *policy_show_guard(const struct scim_guard *guard);
bool policy_read_names(const json_t *value, const char *name, struct arena *arena, struct scim_names *names_out,
                       struct err *err);
bool policy_read_value_rules(const json_t *value, struct arena *arena, struct scim_policy *policy, struct err *err);
/* The rules that follow from other members (A-30, L-24), where none is named for the attribute. */
void policy_add_implied_rules(struct scim_policy *policy, struct arena *arena);

/* Bound (policy_bind.c). */

struct bound_name {
    const struct scim_resource_type *type;
    struct scim_path path;
    const struct scim_filter *filter; /* of a value path, or NULL */
    struct slice text;                /* as the policy has it */
};

struct bound_names {
    const struct bound_name *list;
    size_t count;
};

struct bound_rule {
    struct bound_name name;
    const struct scim_value_rule *rule;
    struct value_pattern *pattern; /* NULL: the rule is none */
    const struct slice *prepared;  /* the rule's values as the attribute's are compared */
};

struct scim_bound_policy {
    struct bound_names required, sensitive, self_service;
    const struct bound_rule *rules;
    size_t rule_count;
};

/* Calls visit for each value that the name leads to, until it returns true. */
bool policy_visit(const struct bound_name *name, const json_t *document,
                  bool (*visit)(const json_t *value, void *context), void *context);

/* Does the name stand for the path's attribute, or a part of it that is the path's? `path` may have no sub-attribute,
 * and be an extension alone. */
bool policy_name_meets(const struct bound_name *name, const struct scim_path *path);

/* Is a filter on the path, an attribute that is never returned, refused as sensitive in a URL? */
bool policy_hides(const struct scim_policy *policy, const struct scim_path *path);

/* Checks of documents (policy_check.c). `before` NULL: a new resource. */

/* The first required attribute that `after` has not; NULL: none. Unless `whole` (POST, PUT), what `before` has not
 * either is passed over: a PATCH that deactivates somebody must not fail because the policy became stricter. */
const struct bound_name *policy_missing(const struct scim_policy *policy, const struct scim_resource_type *type,
                                        const json_t *before, const json_t *after, bool whole);

/* Is what the path names, or a part of it, required? */
bool policy_requires(const struct scim_policy *policy, const struct scim_resource_type *type,
                     const struct scim_path *path);

/* Value rules and domains, of what `before` has not. ERR_INVALID_VALUE. */
MUST_CHECK bool policy_check_values(const struct scim_policy *policy, const struct scim_resource_type *type,
                                    const json_t *before, const json_t *after, struct err *err);

/* policy_domains.c: the first address of a foreign domain, as scim_policy_finds_foreign_domain; its domain is in the
 * document. */
bool policy_foreign_domain(const struct scim_policy *policy, const struct scim_resource_type *type,
                           const json_t *before, const json_t *after, struct slice *domain_out);

#endif
