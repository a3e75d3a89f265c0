/* From groups to roles: the rules of a directory, ready to be asked for a page of users.
 *
 * Pure but for role_book_load. A group's rules are looked up once for each book, so that a page of a thousand users in
 * the same groups costs little more than reading their lists. */
#ifndef ADMIN_ROLE_BOOK_H
#define ADMIN_ROLE_BOOK_H

#include "base/arena.h"
#include "store/db.h"
#include "store/view.h"

enum { ROLES_MOST = 200, ROLE_RULES_MOST = 1000, ROLE_NAME_MOST = 64 };

enum role_rule_kind { ROLE_BY_GROUP_ID = 1, ROLE_BY_GROUP_NAME = 2, ROLE_BY_GROUP_PREFIX = 3 }; /* in the database */

struct role_rule {
    enum role_rule_kind kind;
    struct id group;         /* ROLE_BY_GROUP_ID */
    struct slice group_name; /* the others, as the vendor wrote it */
    struct slice role;       /* its name */
    int64_t priority;
    bool is_present; /* the directory has such a group (role_book_find_present) */
};

struct role_book; /* in its arena */

/* rules in the order in which they were put; of the same priority the first one wins. default_role: empty: none. Texts
 * must live as long as the book. */
struct role_book *role_book_make(const struct role_rule *rules, size_t count, struct slice default_role,
                                 struct arena *arena);

/* The directory's; *updated_ms_out, which may be NULL, is 0 where the vendor has put no rules yet. */
MUST_CHECK bool role_book_load(struct db *db, struct directory_id directory, struct arena *arena,
                               struct role_book **book_out, int64_t *updated_ms_out, struct err *err);
/* Fills in is_present. */
MUST_CHECK bool role_book_find_present(struct db *db, struct directory_id directory, struct role_book *book,
                                       struct err *err);

const struct role_rule *role_book_rules(const struct role_book *book, size_t *count_out); /* as they were put */
struct slice role_book_default(const struct role_book *book);

struct role_names { /* each once, the one of the highest priority first; in the book's arena */
    const struct slice *list;
    size_t count;
};
struct role_names role_book_resolve(struct role_book *book, const struct view_refs *groups);

#endif
