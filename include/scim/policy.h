/* What a directory lets its clients do differently. Stored as a JSON object in directory.policy; absent members take
 * these defaults. docs/policies.md tells what each member does. */
#ifndef SCIM_POLICY_H
#define SCIM_POLICY_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

enum scim_unknown { SCIM_UNKNOWN_KEEP, SCIM_UNKNOWN_IGNORE, SCIM_UNKNOWN_REJECT };
enum scim_identifier { SCIM_IDENTIFIER_USER_NAME, SCIM_IDENTIFIER_EMAIL };

enum scim_leniency {
#define LENIENCY(symbol, number, name, on, accepted) symbol,
#include "scim/leniency.def"
#undef LENIENCY
    SCIM_LENIENCIES
};

enum {
    SCIM_LENIENCIES_DEFAULT = 0
#define LENIENCY(symbol, number, name, on, accepted) | ((on) ? 1U << (symbol) : 0U)
#include "scim/leniency.def"
#undef LENIENCY
};
_Static_assert(SCIM_LENIENCIES <= 31, "one bit each");

enum scim_domains { SCIM_DOMAINS_OFF, SCIM_DOMAINS_REPORT, SCIM_DOMAINS_ENFORCE };

/* What the request log keeps of a request: nothing, no bodies, bodies without people's data, or all but secrets
 * (docs/request-log.md). Numbers are stored in scim_request_body.mode. */
enum scim_request_log { SCIM_LOG_NONE, SCIM_LOG_OFF, SCIM_LOG_REDACTED, SCIM_LOG_FULL };

/* Attributes as a policy names them: "name", "name.sub", "name[filter].sub", a User's unless a URN stands in front. */
struct scim_names {
    const struct slice *list;
    size_t count;
};

struct scim_value_rule;   /* value_rule.h, private to the room */
struct scim_bound_policy; /* its names, found in a directory's schemas: policy_bind.h */

enum { SCIM_GUARD_LONGEST_S = 7 * 86400 };
struct scim_guard { /* docs/guard-and-history.md */
    bool enabled;
    uint32_t max_users;   /* so many departures are borne; 0: any number */
    uint32_t max_percent; /* of the directory's users; 0: any share */
    uint32_t window_s;
};

struct scim_policy {
    enum scim_unknown unknown_attributes;   /* "unknown_attributes": "keep" (default), "ignore", "reject" */
    enum scim_identifier unique_identifier; /* "unique_identifier": "userName" (default), "email" (primary e-mail) */
    bool unique_group_names;                /* "unique_group_names": true (default) */
    bool strict;                            /* "strict": false (default) */
    /* Bit n: enum scim_leniency n. "leniencies": {"name or number": true, ...}; those that are not named are as
     * leniency.def says, or off when "strict" is true. */
    uint32_t leniencies;
    enum scim_request_log request_log;      /* "request_log": "redacted" (default), "none", "off", "full" */
    enum scim_domains domains;              /* "domains": "off" (default), "report", "enforce" */
    bool if_match_required;                 /* "if_match_required": false (default); V-09 */
    struct scim_names required_attributes;  /* "required_attributes": [] (default) */
    struct scim_names sensitive_attributes; /* "sensitive_attributes": R-11; list NULL: not given, which means what is
                                               never returned */
    struct scim_names self_service_attributes; /* "self_service_attributes": M-03; list NULL: not given */
    const struct scim_value_rule *value_rules; /* "value_rules": {} (default) */
    size_t value_rule_count;

    struct scim_guard
        guard; /* "guard": {"enabled": false, "max_users": null, "max_percent": 20, "window_seconds": 3600} */

    const struct scim_bound_policy *bound; /* by scim_policy_bind; NULL: the lists above have no effect */

    /* Not of the policy's text: the organization's domains, in lower case (scim_rules_make sets them). */
    const struct slice *organization_domains;
    size_t organization_domain_count;
};

#define SCIM_GUARD_DEFAULT                                                                                             \
    {                                                                                                                  \
        .enabled = false, .max_users = 0, .max_percent = 20, .window_s = 3600                                          \
    }
#define SCIM_POLICY_DEFAULT                                                                                            \
    {                                                                                                                  \
        .unknown_attributes = SCIM_UNKNOWN_KEEP, .unique_identifier = SCIM_IDENTIFIER_USER_NAME,                       \
        .unique_group_names = true, .strict = false, .leniencies = SCIM_LENIENCIES_DEFAULT,                            \
        .request_log = SCIM_LOG_REDACTED, .guard = SCIM_GUARD_DEFAULT                                                  \
    }

extern const struct scim_policy scim_policy_default;
extern const struct scim_policy scim_policy_strict; /* {"strict": true} */

static inline bool scim_lenient(const struct scim_policy *policy, enum scim_leniency leniency)
{
    return policy->leniencies >> leniency & 1;
}

/* The text of directory.policy. Unknown members are refused with ERR_INVALID_VALUE naming them, so that a typo in the
 * admin API is noticed, as are names that are no attribute paths, unknown lists and bad patterns. Whether a name is an
 * attribute's is seen when it is bound. "" and "{}" are the defaults. What the policy points to lies in the arena. */
MUST_CHECK bool scim_policy_parse(struct slice json, struct arena *arena, struct scim_policy *policy_out,
                                  struct err *err);

#endif
