/* Reading and changing the catalog of a directory: its schemas and resource types (scim/catalog.h). */
#ifndef ADMIN_CATALOGS_H
#define ADMIN_CATALOGS_H

#include "call.h"
#include "directories.h"
#include "scim/narrowing.h"

extern const struct admin_operation catalog_get, catalog_replace;

struct catalog_state { /* catalog_state_fini */
    struct directory directory;
    uint32_t revision;
    struct scim_rules_source source; /* texts in the request's arena */
    json_t *catalog;                 /* object with the lists "schemas" and "resource_types" */
    struct scim_rules *rules;
};
void catalog_state_fini(struct catalog_state *state);
#define catalog_scoped __attribute__((cleanup(catalog_state_fini))) struct catalog_state

/* Of the directory that the path names; nothing is locked. */
MUST_CHECK bool catalog_load(struct call *call, struct catalog_state *state, struct err *err);

/* Where in the body of the request errors of the catalog show: what stands at `prefix` in the catalog is the body. */
struct catalog_pointers {
    char prefix[64];
    const char *member;                   /* "attributes" in the catalog is this one in the body; NULL: the same */
    const char *otherwise;                /* errors elsewhere */
    const struct catalog_origin *origins; /* instead of prefix: what came of several parts of the body */
    size_t origin_count;
};
struct catalog_origin {
    char prefix[96];     /* in the catalog */
    const char *pointer; /* of the part; its name is the member "path" */
};
/* Saves state->catalog as it is now. ERR_VALIDATION with pointers; ERR_CONFLICT when stored documents use what it takes
 * away, counted, unless the request says ?force=true; then state->rules are the new ones. */
MUST_CHECK bool catalog_save(struct call *call, struct catalog_state *state, const struct catalog_pointers *pointers,
                             struct err *err);

json_t *catalog_own_schemas(const struct catalog_state *state); /* borrowed */
json_t *catalog_own_types(const struct catalog_state *state);
json_t *catalog_show(const struct catalog_state *state); /* as the API does: a new reference */
/* The entry's place in a list by its "id" or "name", in any case; the list's size when there is none. */
size_t catalog_find(const json_t *list, const char *member, const char *value);

/* Adds the schema to what extends the type, in the catalog. */
void catalog_extend(struct catalog_state *state, const char *type, const char *urn);

/* catalog_uses.c: counts, for each thing that the new rules take away, the stored documents that hold it; ERR_CONFLICT
 * when there are some. */
MUST_CHECK bool catalog_check_uses(struct call *call, struct directory_id directory, const struct scim_rules *before,
                                   const struct scim_rules *after, const char *pointer, struct err *err);

#endif
