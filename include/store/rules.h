/* Rules of directories (scim/rules.h), shared by the threads of a process.
 *
 * A view_token brings its directory's rules. They live as long as the token does; who needs them longer takes a
 * reference. Any thread. */
#ifndef STORE_RULES_H
#define STORE_RULES_H

#include "scim/rules.h"

/* One user more: returns `rules`. Rules that nobody counts (scim_rules_default) are returned as they are. */
const struct scim_rules *store_rules_ref(const struct scim_rules *rules);
/* One user less; the last one frees them. NULL is fine. */
void store_rules_unref(const struct scim_rules *rules);

#endif
