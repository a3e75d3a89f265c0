/* Answers: JSON objects, and the parts that many of them have. */
#ifndef ADMIN_REPLY_H
#define ADMIN_REPLY_H

#include <jansson.h>

#include "base/id.h"
#include "ops/op.h"

extern const char reply_json_type[]; /* "application/json" */

/* Takes the reference. Always true, so that a handler can end with it. */
bool reply_json(struct op *op, int status, json_t *value);
/* The same for a body that was written already. */
bool reply_body(struct op *op, int status);
/* 201 with Location: collection + "/" + id. */
bool reply_created(struct op *op, const char *collection, const char *id, json_t *value);
bool reply_empty(struct op *op); /* 204 */

/* No answer of the admin API is for a cache: most hold secrets or people's data. */
void reply_uncached(struct op *op);

bool reply_has_header(const struct op *op, const char *name);
void reply_clear(struct op *op); /* as if nothing had been answered yet */

/* New references. */
json_t *show_id(const char *prefix, const struct id *id);
json_t *show_text_or_null(struct slice text); /* null when empty */
json_t *show_time(int64_t wall_ms);
json_t *show_time_or_null(int64_t wall_ms); /* null when 0 */

#endif
