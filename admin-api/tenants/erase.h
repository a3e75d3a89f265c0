/* Erasing what was deleted and can no longer be restored: every row of a directory, and of an organization whose last
 * directory is gone. erase.c has the tables; a test compares them with the database's. */
#ifndef ADMIN_ERASE_H
#define ADMIN_ERASE_H

#include "housekeeping.h"

/* A directory that a late write keeps alive is left for the next turn. */
MUST_CHECK bool erase_chore(struct chore *chore, struct err *err);

/* Rows without a foreign key that were written after their directory was erased (erase_late.c has the tables). */
MUST_CHECK bool erase_late_chore(struct chore *chore, struct err *err);

#endif
