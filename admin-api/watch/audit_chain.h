/* The audit log's chains: each record's hash covers the one before it, so that an export can be checked by anybody, and
 * each is sealed with the pepper, so that nobody who has the database alone can write history. docs/audit.md. */
#ifndef ADMIN_AUDIT_CHAIN_H
#define ADMIN_AUDIT_CHAIN_H

#include "auth/seal.h"
#include "auth/token.h"
#include "base/buf.h"
#include "store/db.h"

enum { AUDIT_HASH_BYTES = 32 };

struct audit_hash {
    uint8_t bytes[AUDIT_HASH_BYTES];
};

struct audit_record {
    struct id chain;   /* an environment's id; zero: what operators do beside environments */
    uint64_t position; /* 1-based, without gaps */
    struct id id;
    struct slice actor, action;
    struct id environment, organization, directory; /* zero: none */
    struct slice detail;                            /* JSON object */
    struct slice request_id;
    int64_t created_ms;
};

/* The record as JSON, always the same bytes: what is hashed, and what is shown. */
void audit_record_text(const struct audit_record *record, struct buf *out);
struct audit_hash audit_record_hash(const struct audit_hash *previous, struct slice text);

/* A row of audit_list and its like; texts are good as long as the row. */
struct audit_sealed {
    struct audit_record record;
    struct audit_hash hash;
    uint8_t seal[AUTH_SEAL_BYTES];
    unsigned pepper_version;
};
struct audit_sealed audit_record_read(const struct db_value *row);
bool audit_record_check(const struct auth_peppers *peppers, const struct audit_sealed *sealed);

/* Where a chain ends and begins. */
struct audit_head {
    struct id chain;
    uint64_t position, anchor_position;
    struct audit_hash hash, anchor_hash;
    uint8_t seal[AUTH_SEAL_BYTES];
    unsigned pepper_version;
};
struct audit_head audit_head_read(const struct db_value *row);
bool audit_head_check(const struct auth_peppers *peppers, const struct audit_head *head);
/* Keyed with the newest pepper. */
void audit_head_seal(const struct auth_peppers *peppers, struct audit_head *head);

/* Makes an empty chain; one that is there stays as it is. */
MUST_CHECK bool audit_chain_begin(struct db *db, const struct auth_peppers *peppers, const struct id *chain,
                                  struct err *err);

/* Appends the record to its chain, position filled in, in the caller's transaction and last in it: nobody else can
 * write to the chain until that ends. */
MUST_CHECK bool audit_append(struct db *db, const struct auth_peppers *peppers, struct audit_record *record,
                             struct err *err);

#endif
