/* What follows from the users that a batch has written: who is inactive, who came back, and whom of the vendor's own
 * users they are. Each is called once, after the resources and their keys are written, in the batch's transaction. */
#ifndef STORE_VIEW_PEOPLE_H
#define STORE_VIEW_PEOPLE_H

#include "view_internal.h"

/* Table deactivated_user. */
MUST_CHECK bool view_note_deactivated(struct view *view, struct db *db, struct err *err);
/* Tables departed_user and incarnation. */
MUST_CHECK bool view_follow_people(struct view *view, struct db *db, struct err *err);
/* Links in table vendor_user. */
MUST_CHECK bool view_link_vendor_users(struct view *view, struct db *db, struct err *err);

/* Directories of the batch whose tokens say so. */
enum view_people_flag { VIEW_HAS_VENDOR_USERS, VIEW_HAS_DEPARTED };
enum { VIEW_MOST_FLAGGED = 2 * JOB_GROUP_MOST };
struct view_flagged {
    struct directory_id list[VIEW_MOST_FLAGGED];
    size_t count;
};
void view_find_flagged(struct view *view, enum view_people_flag flag, struct view_flagged *flagged_out);
bool view_is_flagged(const struct view_flagged *flagged, struct directory_id directory);

/* Of a staged resource: was or is it a user that was written in this batch? */
static inline bool view_is_user(const struct known *known) { return known->key.type == SCIM_TYPE_USER; }
static inline bool view_was_created(const struct known *known) { return !known->existed && known->exists; }
static inline bool view_was_deleted(const struct known *known) { return known->existed && !known->exists; }

/* Rows of parameters for one bulk statement, in the view's arena. */
struct people_rows {
    struct view *view;
    size_t width, count, capacity;
    struct db_value *values;
};
struct db_value *people_row(struct people_rows *rows);
#define PEOPLE_ROW(rows, ...)                                                                                          \
    memcpy(people_row(rows), (const struct db_value[]){__VA_ARGS__}, sizeof((const struct db_value[]){__VA_ARGS__}))
/* affected_out may be NULL. */
MUST_CHECK bool people_run(struct db *db, const char *sql, const struct people_rows *rows, uint64_t *affected_out,
                           struct err *err);

#endif
