/* What an update changed, attribute by attribute, with whether it (de)activated a user apart. */
#ifndef ADMIN_FEED_DIFFERENCE_H
#define ADMIN_FEED_DIFFERENCE_H

#include "feed_row.h"

struct feed_difference {
    json_t *others;   /* [{"path", "old", "new"}]; NULL: activity is all, or the version before is not known any more */
    json_t *activity; /* the same of `active` alone, of a user who was activated or deactivated; else NULL */
    bool is_active;
};

void feed_difference_make(struct feed_difference *difference, const struct feed_row *row,
                          const struct scim_rules *rules, struct arena *arena);
void feed_difference_end(struct feed_difference *difference);

#endif
