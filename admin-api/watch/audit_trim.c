#include "audit_trim.h"

#include <stdio.h>

#include "admin_api_sql.h"
#include "audit_verify.h"
#include "base/clock.h"
#include "base/must.h"

enum { TRIM_ROWS = 1000 };

struct cut {
    struct audit_head head; /* locked */
    uint64_t position;      /* the last record that goes; 0: none */
    struct audit_hash hash; /* its hash */
};

/* The last of those that are old without a younger one before them. */
static bool find_cut(struct db *db, int64_t before_ms, struct cut *cut, struct err *err)
{
    struct db_value parameters[] = {db_id(&cut->head.chain), db_integer((int64_t)cut->head.anchor_position),
                                    db_integer((int64_t)cut->head.position), db_integer(TRIM_ROWS)};
    struct db_rows *rows = db_query(db, sql_audit_walk, parameters, 4, err);
    const struct db_value *row;
    bool young = false;
    while (rows && (row = db_next(rows))) {
        struct audit_sealed sealed = audit_record_read(row);
        young |= sealed.record.created_ms >= before_ms;
        if (young)
            continue;
        cut->position = sealed.record.position;
        cut->hash = sealed.hash;
    }
    return rows && db_rows_end(rows, err);
}

static bool apply_cut(struct db *db, const struct auth_peppers *peppers, struct cut *cut, uint64_t *deleted_out,
                      struct err *err)
{
    struct audit_head *head = &cut->head;
    head->anchor_position = cut->position;
    head->anchor_hash = cut->hash;
    audit_head_seal(peppers, head);
    struct db_value deleting[] = {db_id(&head->chain), db_integer((int64_t)cut->position), db_integer(TRIM_ROWS)};
    struct db_value moving[] = {
        db_integer((int64_t)head->anchor_position),
        db_bytes(slice_of((const char *)head->anchor_hash.bytes, AUDIT_HASH_BYTES)),
        db_bytes(slice_of((const char *)head->seal, AUTH_SEAL_BYTES)),
        db_integer(head->pepper_version),
        db_id(&head->chain),
    };
    return db_execute(db, sql_audit_trim, deleting, 3, deleted_out, err) &&
           db_execute(db, sql_audit_head_anchor, moving, 5, NULL, err);
}

/* That something was taken away is on record, too. */
static bool record_cut(struct db *db, const struct auth_peppers *peppers, const struct cut *cut, struct err *err)
{
    char chain[ID_PREFIXED_CHARS + 1], detail[128];
    id_to_prefixed(ID_PREFIX_ENVIRONMENT, &cut->head.chain, chain);
    int length = snprintf(detail, sizeof detail, "{\"chain\":\"%s\",\"up_to_position\":%llu}",
                          id_is_zero(&cut->head.chain) ? "operators" : chain, (unsigned long long)cut->position);
    struct audit_record record = {
        .id = id_new(),
        .actor = SLICE_LITERAL("command line"),
        .action = SLICE_LITERAL("audit.trim"),
        .detail = slice_of(detail, (size_t)length),
        .created_ms = clock_wall_ms(),
    };
    return audit_append(db, peppers, &record, err);
}

static bool check(struct db *db, const struct auth_peppers *peppers, const struct id *chain, struct err *err)
{
    struct audit_verdict verdict;
    if (!audit_verify(db, peppers, chain, 0, TRIM_ROWS, &verdict, err))
        return false;
    return verdict.intact || err_set(err, ERR_CONFLICT, "Nothing is taken from a chain that is broken at record %llu.",
                                     (unsigned long long)verdict.broken_at);
}

static bool trim_some(struct db *db, const struct auth_peppers *peppers, const struct id *chain, int64_t before_ms,
                      uint64_t *deleted_out, struct err *err)
{
    const struct db_value *row;
    struct cut cut = {.position = 0};
    struct db_value parameters[] = {db_id(chain)};
    *deleted_out = 0;
    if (!db_begin(db, err) || !db_query_one(db, sql_audit_head_lock, parameters, 1, &row, err))
        return false;
    must(row);
    cut.head = audit_head_read(row);
    if (!check(db, peppers, chain, err) || !find_cut(db, before_ms, &cut, err) ||
        (cut.position && (!apply_cut(db, peppers, &cut, deleted_out, err) || !record_cut(db, peppers, &cut, err))))
        return false;
    return db_commit(db, err);
}

bool audit_trim(struct db *db, const struct auth_peppers *peppers, const struct id *chain, int64_t before_ms,
                uint64_t *trimmed_out, struct err *err)
{
    uint64_t deleted;
    *trimmed_out = 0;
    do {
        if (!trim_some(db, peppers, chain, before_ms, &deleted, err)) {
            db_rollback(db);
            return false;
        }
        *trimmed_out += deleted;
    } while (deleted == TRIM_ROWS);
    return true;
}
