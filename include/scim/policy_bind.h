/* What a policy says about attributes, once it is known which attributes a directory has. */
#ifndef SCIM_POLICY_BIND_H
#define SCIM_POLICY_BIND_H

#include <jansson.h>

#include "scim/filter.h"

struct scim_rules;

/* Finds what the policy's lists name in the types, the first of which is the User. Names that no schema declares stand
 * for undeclared attributes, so that a policy outlives a schema. What it makes lies in the arena, but for compiled
 * patterns: scim_policy_unbind. */
MUST_CHECK bool scim_policy_bind(struct scim_policy *policy, const struct scim_resource_type *const *types,
                                 size_t count, struct arena *arena, struct err *err);
void scim_policy_unbind(struct scim_policy *policy); /* not bound: nothing happens */

/* What people may change of themselves where the policy does not say. */
extern const struct scim_names scim_policy_self_service;

/* The policy with every member, those with their default included. A new reference. */
struct json_t *scim_policy_show(const struct scim_rules *rules);

/* Is there a name in the bound policy that can have no effect: no schema declares it, or clients cannot set it? Asked
 * before a policy is stored. ERR_INVALID_VALUE naming it. */
MUST_CHECK bool scim_policy_check_names(const struct scim_policy *policy, struct err *err);

/* Does the filter look at what the policy keeps out of URLs (R-11)? */
bool scim_filter_is_sensitive(const struct scim_filter *filter, const struct scim_policy *policy);

/* May somebody change this from `before` to `after`, both normalised documents of the own user (M-03)? ERR_FORBIDDEN
 * naming the attribute that is not the policy's "self_service_attributes"; by default nickName, displayName,
 * preferredLanguage, locale, timezone, profileUrl, photos and phoneNumbers are. */
MUST_CHECK bool scim_policy_check_self_service(const struct scim_policy *policy, const struct scim_resource_type *type,
                                               const json_t *before, const json_t *after, struct err *err);

/* Does `after`, a user's normalised document, have an address outside the organization's domains that `before` (NULL:
 * a new user) had not? False where the policy does not look at domains, or the organization has none. The addresses
 * that count: userName where it holds an "@", the primary e-mail (the first where none is marked), and those of type
 * "work". */
bool scim_policy_finds_foreign_domain(const struct scim_policy *policy, const struct scim_resource_type *type,
                                      const json_t *before, const json_t *after);

#endif
