/* What is known of users beside their resources. */
#ifndef STORE_PEOPLE_H
#define STORE_PEOPLE_H

#include "base/arena.h"
#include "store/db.h"

struct store_person {
    struct slice vendor_user_id; /* empty: none is linked */
    int64_t deactivated_ms;      /* since when the user is inactive; 0: active */
    struct resource_id person;   /* the id under which the person was first created: mostly the user's own */
    struct resource_id *previous;
    size_t previous_count; /* ids that the person has had before this one, in their order */
};

/* people_out[i] is about ids[i], no id twice. One statement for 1,000 of them. In the arena. */
MUST_CHECK bool store_people_of(struct db *db, struct directory_id directory, const struct resource_id *ids,
                                size_t count, struct arena *arena, struct store_person *people_out, struct err *err);

#endif
