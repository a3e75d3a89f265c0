/* Answers in pieces from threads of their own: each has a connection, and may keep a snapshot open as long as its
 * client reads. A few at a time; who comes then is asked to try again. */
#ifndef ADMIN_EXPORTS_H
#define ADMIN_EXPORTS_H

#include "ops/op.h"
#include "store/db.h"

struct exports;
struct export_stream;

struct exports *exports_start(const struct db_settings *database, unsigned most);
/* After the loops have ended: whoever is at work stops at its next piece. */
void exports_stop(struct exports *exports); /* NULL is fine */

struct export_kind {
    /* Fills op->reply.body and calls export_flush now and then. The connection has no transaction at entry or exit.
     * false: err says why; before the first flush it is answered, afterwards the answer is cut short. */
    bool (*run)(struct export_stream *stream, struct op *op, struct db *db, void *context, struct err *err);
    void (*free)(void *context);
};

/* Takes over the op, which the caller parks (JOB_PARKED), and the context. false: ERR_BUSY, nothing was taken: one
 * environment has at most half of the places, so that clients of one that read slowly leave room for others. */
MUST_CHECK bool exports_begin(struct exports *exports, const struct environment_id *whose, struct op *op,
                              const struct export_kind *kind, void *context, struct err *err);

/* Sends what is in the reply when there is enough for a piece, and waits until the client has taken it. *go_on_out
 * false: the client has left: return true. */
void export_flush(struct export_stream *stream, bool *go_on_out);

#endif
