/* A list on its way: what the files of this use case share. docs/internals/queries.md says how each kind of query is
 * answered. */
#ifndef OPS_LISTING_H
#define OPS_LISTING_H

#include "call.h"
#include "ops/sift.h"
#include "scim/cursor.h"

struct listed { /* one resource of the page */
    const struct scim_resource_type *type;
    struct scim_place place;  /* in the order of the list; its key in the listing's arena */
    struct view_resource row; /* its texts, too */
    struct view_refs refs;
};

struct listing_part { /* the resources of one type, as the query understands them */
    const struct scim_resource_type *type;
    struct scim_filter *filter; /* NULL: all */
    struct scim_sort sort;      /* when sorted */
};

struct listing {
    struct call *call;
    struct db *db;
    struct err *err;
    struct arena arena;
    struct listing_part *parts; /* one, or at the root several; in the order of the list when it is not sorted */
    size_t part_count;
    bool sorted, descending;
    uint64_t first, most; /* the page: 1-based, resources */
    bool by_cursor;
    struct scim_cursor from; /* where the page begins: the edge, or a place whose key is in the arena */
    uint64_t total;
    struct listed *page; /* room for most + 1 */
    size_t count;
    bool more;   /* the walk could go on */
    bool behind; /* of a walk backward: there is something behind the page */
    uint64_t deadline_ns;
};

/* Who is asked, and for what: types, filter, order, page, cursor. false: refused, with op->err. */
MUST_CHECK bool listing_prepare(struct listing *listing);

/* Fill the page. Return false when the database failed (listing->err); a refusal is in op->err. */
MUST_CHECK bool listing_by_id(struct listing *listing);
MUST_CHECK bool listing_sorted(struct listing *listing);

/* The first resource of the walk (which listing_by_id and listing_sorted make) behind the page's last one: is there
 * any? `walk` is the one that made the page. */
MUST_CHECK bool listing_look_behind(struct listing *listing, bool (*walk)(struct listing *listing));

/* Reads the query's cursor into listing->from. Sets op->err. */
MUST_CHECK bool listing_open_cursor(struct listing *listing);
/* A cursor to the page behind a place, or in front of it. In the arena. */
struct slice listing_make_cursor(const struct listing *listing, bool backward, uint16_t type,
                                 const struct scim_place *place);

/* Loads what shows beside the rows and writes the reply. */
MUST_CHECK bool listing_reply(struct listing *listing);

/* --- small things --- */

struct directory_id listing_directory(const struct listing *listing);
/* The part of a type; part_count when there is none. */
size_t listing_part_of(const struct listing *listing, uint16_t type);
bool listing_is_filtered(const struct listing *listing);
/* What of a part matches, behind an id (zero: all of it): see sift_run. A filter that would have to look at too much
 * sets op->err (ERR_TOO_MANY) and returns true. */
enum { LISTING_SIFT_MS = 4000 };
MUST_CHECK bool listing_sift(struct listing *listing, const struct listing_part *part, struct resource_id after,
                             store_row_fn *visit, void *context);
struct listed *listing_add(struct listing *listing, const struct listing_part *part);
/* The page's row, copied. */
void listing_keep_row(struct listing *listing, const struct listing_part *part, const struct view_resource *row);
/* The page from `first` on the other way round: what a walk backward found, in the order of the list. */
void listing_turn(struct listing *listing, size_t first);
/* The total from the counters. */
MUST_CHECK bool listing_count_all(struct listing *listing);
/* The rows of a page of places: all, or those of a type. */
MUST_CHECK bool listing_load_rows(struct listing *listing);
MUST_CHECK bool listing_load_rows_of(struct listing *listing, const struct scim_resource_type *type);

#endif
