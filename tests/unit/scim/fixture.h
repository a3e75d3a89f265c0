/* What the tests of the protocol room share. */
#ifndef TEST_SCIM_FIXTURE_H
#define TEST_SCIM_FIXTURE_H

#include <jansson.h>

#include "base/arena.h"
#include "scim/filter.h"

json_t *fixture_vectors(const char *name); /* tests/vectors/scim/<name>; a new reference */
json_t *fixture_json(const char *text);    /* apostrophes stand for double quotes; a new reference */

/* Does the filter match? Fails the test when it does not parse. In the filter, too, apostrophes stand for quotes. */
bool fixture_matches(const char *filter, const struct scim_resource_type *type, const json_t *resource);
bool fixture_user_matches(const char *filter, const char *user);
bool fixture_group_matches(const char *filter, const char *group);

/* Fails the test unless the filter is refused with ERR_INVALID_FILTER. */
void fixture_refused(const char *filter, const struct scim_resource_type *type, const struct scim_policy *policy);

struct scim_filter *fixture_parse(const char *filter, const struct scim_resource_type *type,
                                  const struct scim_policy *policy, struct arena *arena, struct err *err);

#endif
