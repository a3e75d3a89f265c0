/* Users and groups, read by the vendor's application. */
#ifndef ADMIN_PEOPLE_H
#define ADMIN_PEOPLE_H

#include "call.h"

extern const struct admin_operation user_list, user_get, user_list_groups, group_list, group_get, group_list_members,
    user_find;
/* The same where the path names a directory. */
extern const struct admin_operation directory_user_list, directory_user_get, directory_user_list_groups,
    directory_group_list, directory_group_get, directory_group_list_members;

#endif
