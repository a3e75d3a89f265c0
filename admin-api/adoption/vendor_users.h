/* The vendor's own users beside a directory, and who of the directory is none of them. */
#ifndef ADMIN_VENDOR_USERS_H
#define ADMIN_VENDOR_USERS_H

#include "call.h"

extern const struct admin_operation vendor_user_list, vendor_user_get, vendor_user_delete, vendor_user_count,
    vendor_user_link, vendor_user_unlink, user_list_unmatched;

/* As a list shows it; the columns of vendor_user_list. A new reference. */
json_t *vendor_user_show(struct call *call, const struct db_value *row);

#endif
