/* The fake directory as a child process, and what MariaDB holds in the form in which it tells what it holds. */
#ifndef TEST_STORE_MODEL_H
#define TEST_STORE_MODEL_H

#include <jansson.h>

#include "tenant.h"

void model_start(const char *program, const struct tenant *tenant);
void model_stop(void);
/* What it answers to the request that the op was packed from: {"status", "body", "etag", "location"}. A new reference.
 */
json_t *model_ask(const struct request *request, const struct op *op);
json_t *model_dump(void);
json_t *model_dump_database(struct db *db);

#endif
