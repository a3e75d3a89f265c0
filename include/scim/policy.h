/* What a directory lets its clients do differently. Stored as a JSON object in directory.policy; absent members take
 * these defaults. (The leniencies L-xx are on by default; `strict` turns every one off.) */
#ifndef SCIM_POLICY_H
#define SCIM_POLICY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

enum scim_unknown { SCIM_UNKNOWN_KEEP, SCIM_UNKNOWN_IGNORE, SCIM_UNKNOWN_REJECT };
enum scim_identifier { SCIM_IDENTIFIER_USER_NAME, SCIM_IDENTIFIER_EMAIL };

struct scim_policy {
    enum scim_unknown unknown_attributes;   /* "unknown_attributes": "keep" (default), "ignore", "reject" */
    enum scim_identifier unique_identifier; /* "unique_identifier": "userName" (default), "email" (primary e-mail) */
    bool unique_group_names;                /* "unique_group_names": true (default) */
    bool strict;                            /* "strict": false (default) */

    /* Not of the policy's text: the organization's domains, in lower case (scim_rules_make sets them). */
    const struct slice *organization_domains;
    size_t organization_domain_count;
};

#define SCIM_POLICY_DEFAULT                                                                                            \
    {                                                                                                                  \
        .unknown_attributes = SCIM_UNKNOWN_KEEP, .unique_identifier = SCIM_IDENTIFIER_USER_NAME,                       \
        .unique_group_names = true, .strict = false                                                                    \
    }

extern const struct scim_policy scim_policy_default;

/* The text of directory.policy. Unknown members are refused with ERR_INVALID_VALUE naming them, so that a typo in the
 * admin API is noticed. "" and "{}" are the defaults. What the policy points to lies in the arena. */
MUST_CHECK bool scim_policy_parse(struct slice json, struct arena *arena, struct scim_policy *policy_out,
                                  struct err *err);

#endif
