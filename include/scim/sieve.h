/* A filter made ready to be asked of very many stored resources. Of each it reads the parts that the filter names and
 * passes over the rest of the text, which is most of what the reference evaluator would spend its time on:
 *
 *   scim_sieve_passes(sieve, served, base_url)
 *
 * is scim_filter_matches(filter, r), where r is what scim_document_serve writes, parsed. */
#ifndef SCIM_SIEVE_H
#define SCIM_SIEVE_H

#include "scim/document.h"
#include "scim/filter.h"

struct scim_sieve; /* in its arena, but for a buffer; of one thread */

/* What of a resource the filter can see that does not stand in its stored text. What is not needed may be missing from
 * `served`. */
struct scim_sieve_needs {
    bool refs;    /* groups of a user, members of a group */
    bool manager; /* manager_known, manager_display */
};

struct scim_sieve *scim_sieve_new(const struct scim_filter *filter, const struct scim_resource_type *type,
                                  struct arena *arena);
void scim_sieve_free(struct scim_sieve *sieve);
struct scim_sieve_needs scim_sieve_needs(const struct scim_sieve *sieve);

/* served->type is the type the sieve was made for. served->refs_shown does not matter: a filter sees them. */
bool scim_sieve_passes(struct scim_sieve *sieve, const struct scim_served *served, struct slice base_url);

/* What the filter names of it, as JSON: attributes that stand in the filter are whole, others may be missing. A new
 * reference. */
json_t *scim_sieve_see(struct scim_sieve *sieve, const struct scim_served *served, struct slice base_url);

#endif
