#ifndef ADMIN_DIRECTORIES_H
#define ADMIN_DIRECTORIES_H

#include "call.h"
#include "health.h"

extern const struct admin_operation directory_create, directory_list, directory_get, directory_update, directory_delete,
    directory_restore;

enum directory_state { DIRECTORY_ACTIVE = 1, DIRECTORY_PAUSED = 2, DIRECTORY_DELETING = 3 };

struct directory { /* texts in the request's arena */
    struct directory_id id;
    struct organization_id organization;
    struct environment_id environment;
    bool is_primary;
    enum directory_state state;
    struct slice name, idp, policy; /* policy: JSON object */
    int64_t created_ms, updated_ms;
    int64_t guarded_ms;           /* since when departures are held; 0: they are not */
    int64_t users, groups;        /* how many it has */
    int64_t deleted_ms, erase_ms; /* 0: it is there */
    bool erasing;                 /* there is no way back */
    bool with_organization;       /* it was deleted with its organization, and comes back with it */
    struct health health;
};

enum directory_lock { DIRECTORY_SHARED, DIRECTORY_LOCKED };

/* ERR_DIRECTORY_NOT_FOUND, the same for one of another environment or one that is being deleted. */
MUST_CHECK bool directory_load(struct call *call, const struct directory_id *id, enum directory_lock lock,
                               struct directory *directory, struct err *err);
/* One that was deleted and is not erased yet, else ERR_DIRECTORY_NOT_FOUND. */
MUST_CHECK bool directory_load_deleted(struct call *call, const struct directory_id *id, enum directory_lock lock,
                                       struct directory *directory, struct err *err);
/* What the path's first segment names. */
MUST_CHECK bool directory_of_path(struct call *call, enum directory_lock lock, struct directory *directory,
                                  struct err *err);

struct directory_new {
    struct directory_id id;
    struct organization_id organization;
    struct slice name;
};
/* With `idp` and `policy` of the body, and its counters. */
MUST_CHECK bool directory_insert(struct call *call, const struct directory_new *directory, struct err *err);

/* ERR_DIRECTORY_NOT_FOUND in the same words as everywhere. Always false. */
bool directory_refuse_unknown(struct err *err);

/* Raises directory.created. */
MUST_CHECK bool directory_tell_created(struct call *call, const struct directory *directory, struct err *err);

json_t *directory_show(const struct directory *directory);
json_t *directory_show_row(struct call *call, const struct db_value *row); /* with the columns of directory_load */

#endif
