/* One statement of a round. Private to view_load.c and view_statement.c. */
#ifndef STORE_VIEW_STATEMENT_H
#define STORE_VIEW_STATEMENT_H

#include "view_internal.h"

enum {
    VIEW_MOST_ROWS = 128,
    VIEW_MOST_ARMS = 32,
    VIEW_MOST_PARAMETERS = 3 * VIEW_MOST_ROWS + 2 * VIEW_MOST_TOKENS + 1,
};

struct view_statement {
    struct known **list; /* wanted in one family, sorted by directory and scope */
    size_t count, rows;  /* entries, and rows of `wanted` that they take */
    struct known **tokens;
    size_t token_count;

    enum view_family family; /* the rest: view_statement_make */
    bool listed, has_gate;
    size_t size_class, token_class;
};

struct view_parameters {
    struct db_value values[VIEW_MOST_PARAMETERS];
    size_t count;
};

size_t view_rows_of(const struct known *known);
void view_statement_make(struct view *view, struct view_statement *statement);
void view_statement_parameters(struct view *view, const struct view_statement *statement,
                               struct view_parameters *parameters);

#endif
