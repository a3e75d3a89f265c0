#ifndef ADMIN_OPERATOR_KEYS_H
#define ADMIN_OPERATOR_KEYS_H

#include "call.h"

extern const struct admin_operation operator_key_create, operator_key_list, operator_key_get, operator_key_revoke;
extern const struct admin_operation key_self;

#endif
