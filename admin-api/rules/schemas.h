/* The schemas of a directory, the built-in ones and its own. */
#ifndef ADMIN_SCHEMAS_H
#define ADMIN_SCHEMAS_H

#include "call.h"

extern const struct admin_operation schema_list, schema_create, schema_get, schema_replace, schema_delete;

#endif
