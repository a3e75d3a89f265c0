/* A thread that asks the database once a second whether it would serve: it reads a real table, with short timeouts and
 * a connection of its own. (A connect or a SELECT 1 succeeds on a node that cannot read a row.) */
#ifndef STORE_PROBE_H
#define STORE_PROBE_H

#include "store/db.h"

struct probe;

struct probe *probe_start(const struct db_settings *settings); /* settings outlive it */
void probe_stop(struct probe *probe);

/* Never blocks. false: err says why. true with a text in err->detail (kind ERR_NONE): ready, but the operator should
 * know that. Before the first answer: not ready. */
MUST_CHECK bool probe_ready(struct probe *probe, struct err *err);

#endif
