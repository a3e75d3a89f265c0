/* store/view.h without a database: a second implementation in plain arrays, written from the header alone. Use cases
 * run on it in unit tests, and it is the model that MariaDB must agree with. It checks what its callers promised. */
#ifndef TEST_OPS_FAKE_VIEW_H
#define TEST_OPS_FAKE_VIEW_H

#include <jansson.h>

#include "store/view.h"

struct view *fake_new(void);
/* To try something and throw it away. Must not outlive the original. */
struct view *fake_copy(const struct view *view);
void fake_free(struct view *view);

enum fake_knowledge {
    FAKE_KNOWS_ALL,    /* every want is answered at once */
    FAKE_KNOWS_NOTHING /* every want is refused until fake_load, and spoils what it was to fill in */
};
/* A new batch. What it stages stays: there is no commit. */
void fake_begin(struct view *view, bool writes, enum fake_knowledge knowledge);
size_t fake_load(struct view *view); /* how much was wanted */

void fake_put_token(struct view *view, const struct view_token *token);
void fake_state(struct view *view, struct directory_id directory, enum view_directory_state state);
/* NULL: they cannot be read. */
void fake_rules(struct view *view, struct directory_id directory, const struct scim_rules *rules);
void fake_policy(struct view *view, struct directory_id directory, struct scim_policy policy);

/* What another server would have done meanwhile, with the row at the same place in memory: the next step must not take
 * it for the one it saw. */
void fake_overwrite(struct view *view, struct directory_id directory, struct resource_id id,
                    const struct view_resource *row);
const struct view_resource *fake_row(const struct view *view, struct directory_id directory, struct resource_id id);

/* All that is stored, as a database would show it: resources, values, memberships, counts, changes. A new reference. */
json_t *fake_dump(const struct view *view);
size_t fake_change_count(const struct view *view);
const char *fake_undeclared(size_t *count_out); /* the last path of store_undeclared_seen; how often it was called */
size_t fake_touched(void);                      /* how often store_token_used was called */

#endif
