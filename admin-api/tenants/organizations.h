#ifndef ADMIN_ORGANIZATIONS_H
#define ADMIN_ORGANIZATIONS_H

#include "call.h"

extern const struct admin_operation organization_create, organization_list, organization_get, organization_update,
    organization_delete, organization_restore, organization_set_primary;

struct organization { /* texts in the request's arena */
    struct organization_id id;
    struct environment_id environment;
    struct directory_id primary;
    struct slice external_id; /* empty: none */
    struct slice display_name;
    struct slice domains; /* JSON array */
    int64_t created_ms, updated_ms;
    int64_t deleted_ms, erase_ms; /* 0: it is there */
    bool erasing;                 /* there is no way back */
};

/* DELETED: locked, and only those that were deleted and are not erased yet; by the vendor's own id it is the one that
 * was deleted last. */
enum organization_lock { ORGANIZATION_SHARED, ORGANIZATION_LOCKED, ORGANIZATION_DELETED };

/* What the path's first segment names: "org-…" or "external_id:" and the vendor's own id. Locked: nobody changes it,
 * its directories or its primary before this transaction ends. ERR_ORGANIZATION_NOT_FOUND, the same
 * for another environment's. */
MUST_CHECK bool organization_of_path(struct call *call, enum organization_lock lock, struct organization *organization,
                                     struct err *err);
MUST_CHECK bool organization_load(struct call *call, const struct organization_id *id, enum organization_lock lock,
                                  struct organization *organization, struct err *err);

/* A row with the columns of organization_load. */
struct organization organization_of_row(struct call *call, const struct db_value *row);

/* `domains` of the body as the database keeps them, `otherwise` when absent. In the arena. */
struct slice organization_domains(struct call *call, struct slice otherwise);

/* A copy in lower case, as domains are kept; no text stays none. */
struct slice domain_lower(struct arena *arena, struct slice text);

/* In the transaction that writes organization->domains: the table that finds organizations by them. */
MUST_CHECK bool organization_index_domains(struct call *call, const struct organization *organization, struct err *err);

/* After a statement that failed: says so when it was because of the external_id. Always false. */
bool organization_refuse_twin(struct call *call, struct err *err);

/* "https://host/orgs/org-…/scim/v2", in the arena. */
const char *organization_connector_url(struct call *call, const struct organization_id *id);

/* Makes a directory of the locked organization its primary, and says whether it has such a one. */
MUST_CHECK bool organization_promote(struct call *call, struct organization *organization,
                                     const struct directory_id *directory, bool *found_out, struct err *err);

json_t *organization_show(struct call *call, const struct organization *organization);

#endif
