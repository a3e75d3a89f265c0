/* What migrations and tests need of a connection beyond store/db.h. */
#ifndef STORE_DB_SCRIPT_H
#define STORE_DB_SCRIPT_H

#include "store/db.h"

/* db_script, also telling how many statements took effect. */
MUST_CHECK bool db_script_counted(struct db *db, const char *text, size_t *done_out, struct err *err);

/* An error code of the server or the client library. */
enum db_failure db_classify(unsigned code);

#endif
