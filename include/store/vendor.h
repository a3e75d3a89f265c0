/* The vendor's own users beside a directory (table vendor_user), and which user of the directory each of them is.
 *
 * A vendor user is linked by userName, else by e-mail address, when exactly one on either side has it; then it stays
 * linked until that user is deleted or somebody unlinks it. The data plane links in the transaction that writes a user
 * (view_vendor_users.c), an import links whoever is there already (store_vendor_match). */
#ifndef STORE_VENDOR_H
#define STORE_VENDOR_H

#include "base/arena.h"
#include "scim/policy.h"
#include "store/db.h"

enum vendor_state { VENDOR_UNMATCHED = 1, VENDOR_MATCHED = 2, VENDOR_CONFLICT = 3 };
enum vendor_match { VENDOR_BY_USER_NAME = 1, VENDOR_BY_EMAIL = 2, VENDOR_BY_HAND = 3, VENDOR_CAME_BACK = 4 };
enum vendor_conflict {
    VENDOR_AGREED = 0,
    VENDOR_SHARED = 1,   /* another vendor user has the same userName or address */
    VENDOR_SEVERAL = 2,  /* several users of the directory have it */
    VENDOR_TAKEN = 3,    /* the user who has it is linked to another vendor user */
    VENDOR_STRANGER = 4, /* the user who has it now is not the one who had it before */
    VENDOR_UNLINKED = 5, /* somebody has unlinked it: only somebody links it again */
};

/* Keys as the directory's resources have them. ERR_INVALID_VALUE: what is wrong with the text. In the arena. */
MUST_CHECK bool store_vendor_user_name_key(struct slice user_name, struct arena *arena, struct slice *key_out,
                                           struct err *err);
MUST_CHECK bool store_vendor_email_key(struct slice email, struct arena *arena, struct slice *key_out, struct err *err);

struct store_vendor_row { /* a vendor user that is not linked */
    struct slice vendor_user_id;
    struct slice user_name_key, email_key; /* empty: none */
    struct slice previous_external;        /* of the user that it was, who was deleted */
};
struct store_vendor_found {
    enum vendor_state
        state; /* VENDOR_MATCHED: resource; VENDOR_CONFLICT: conflict; VENDOR_UNMATCHED: nobody has the key */
    enum vendor_conflict conflict;
    struct resource_id resource;
};
/* Who in the directory are they, by userName or (how: VENDOR_BY_EMAIL) by e-mail address? Two of the rows may be given
 * the same user: they are told apart by the caller. Reads only; `locks`: users that were found stay until the
 * transaction ends. Three statements for 1,000 rows. */
MUST_CHECK bool store_vendor_match(struct db *db, struct directory_id directory, const struct scim_policy *policy,
                                   enum vendor_match how, bool locks, const struct store_vendor_row *rows, size_t count,
                                   struct arena *arena, struct store_vendor_found *found_out, struct err *err);

#endif
