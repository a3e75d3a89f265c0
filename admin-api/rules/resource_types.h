/* The resource types of a directory, the built-in ones and its own. */
#ifndef ADMIN_RESOURCE_TYPES_H
#define ADMIN_RESOURCE_TYPES_H

#include "call.h"

extern const struct admin_operation resource_type_list, resource_type_create, resource_type_get, resource_type_replace,
    resource_type_delete;

#endif
