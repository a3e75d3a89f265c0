/* The vendor's roles, and which groups of a directory stand for them. */
#ifndef ADMIN_ROLES_H
#define ADMIN_ROLES_H

#include "call.h"

extern const struct admin_operation role_create, role_list, role_get, role_update, role_delete;
extern const struct admin_operation role_mapping_get, role_mapping_replace;

#endif
