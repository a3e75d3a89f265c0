#include "audit_verify.h"

#include "admin_api_sql.h"
#include "base/must.h"

enum { PAGE = 1000, MAX_TEXT = 1 << 20 };

struct walk {
    struct db *db;
    const struct auth_peppers *peppers;
    struct audit_head head;
    struct audit_hash previous; /* of the record at `at` */
    uint64_t at;
    struct audit_verdict *verdict;
};

/* Always false, so that a check can end with it. */
static bool broken(struct walk *walk, uint64_t position, const char *problem)
{
    walk->verdict->intact = false;
    walk->verdict->broken_at = position;
    walk->verdict->problem = problem;
    return false;
}

static struct audit_hash hash_of(const struct walk *walk, const struct audit_record *record)
{
    struct buf text;
    buf_init(&text, MAX_TEXT);
    audit_record_text(record, &text);
    struct audit_hash hash = audit_record_hash(&walk->previous, buf_slice(&text));
    buf_fini(&text);
    return hash;
}

static bool same(const struct audit_hash *a, const struct audit_hash *b)
{
    return memcmp(a->bytes, b->bytes, AUDIT_HASH_BYTES) == 0; /* public: everybody may know hashes */
}

static bool check_record(struct walk *walk, const struct audit_sealed *sealed)
{
    struct audit_hash hash = hash_of(walk, &sealed->record);
    if (sealed->record.position != walk->at + 1)
        return broken(walk, walk->at + 1, "The record is missing.");
    if (!same(&hash, &sealed->hash))
        return broken(walk, sealed->record.position, "The record was changed, or the one before it is another.");
    if (!audit_record_check(walk->peppers, sealed))
        return broken(walk, sealed->record.position,
                      "The record was not written by Rollcall, or with a pepper that is not in the pepper file.");
    walk->at = sealed->record.position;
    walk->previous = sealed->hash;
    return true;
}

/* *done_out: nothing is left, or something is wrong. */
static bool check_page(struct walk *walk, uint64_t to, bool *done_out, struct err *err)
{
    struct db_value parameters[] = {db_id(&walk->head.chain), db_integer((int64_t)walk->at), db_integer((int64_t)to),
                                    db_integer(PAGE)};
    struct db_rows *rows = db_query(walk->db, sql_audit_walk, parameters, 4, err);
    const struct db_value *row;
    uint64_t count = 0;
    if (!rows)
        return false;
    for (; (row = db_next(rows)); count++) {
        struct audit_sealed sealed = audit_record_read(row);
        if (walk->verdict->intact)
            (void)check_record(walk, &sealed);
    }
    *done_out = count < PAGE || !walk->verdict->intact;
    return db_rows_end(rows, err);
}

static bool check_records(struct walk *walk, uint64_t to, struct err *err)
{
    for (bool done = walk->at >= to; !done;)
        if (!check_page(walk, to, &done, err))
            return false;
    if (walk->verdict->intact && walk->at < to)
        (void)broken(walk, walk->at + 1, "The record is missing.");
    return true;
}

/* The record that a walk in pieces goes on from. */
static bool find_start(struct walk *walk, uint64_t after, struct err *err)
{
    const struct db_value *row;
    walk->at = walk->head.anchor_position;
    walk->previous = walk->head.anchor_hash;
    if (after <= walk->at)
        return true;
    struct db_value parameters[] = {db_id(&walk->head.chain), db_integer((int64_t)after)};
    if (!db_query_one(walk->db, sql_audit_load, parameters, 2, &row, err))
        return false;
    struct audit_sealed sealed = {.pepper_version = 0};
    if (row)
        sealed = audit_record_read(row);
    walk->at = after;
    walk->previous = sealed.hash;
    if (!row || !audit_record_check(walk->peppers, &sealed))
        (void)broken(walk, after, "The record is missing, or was not written by Rollcall.");
    return true;
}

static void check_head(struct walk *walk, bool has_strangers)
{
    const struct audit_head *head = &walk->head;
    if (!audit_head_check(walk->peppers, head))
        (void)broken(walk, head->position, "The end of the chain was moved by somebody else than Rollcall.");
    else if (has_strangers)
        (void)broken(walk, head->position, "There are records outside the chain's beginning and end.");
}

bool audit_verify(struct db *db, const struct auth_peppers *peppers, const struct id *chain, uint64_t after,
                  uint64_t most, struct audit_verdict *verdict_out, struct err *err)
{
    const struct db_value *row;
    struct walk walk = {.db = db, .peppers = peppers, .verdict = verdict_out};
    struct db_value parameters[] = {db_id(chain)};
    *verdict_out = (struct audit_verdict){.intact = true, .first = 1};
    if (!db_query_one(db, sql_audit_head_load, parameters, 1, &row, err))
        return false;
    if (!row)
        return true;
    walk.head = audit_head_read(row);
    bool has_strangers = row[7].integer != 0;
    if (!find_start(&walk, after, err))
        return false;
    uint64_t left = walk.head.position > walk.at ? walk.head.position - walk.at : 0;
    uint64_t to = walk.at + (left < most ? left : most);
    verdict_out->first = walk.at + 1;
    verdict_out->previous = walk.previous;
    verdict_out->end = walk.head.position;
    if (verdict_out->intact && !check_records(&walk, to, err))
        return false;
    verdict_out->last = walk.at;
    verdict_out->hash = walk.previous;
    if (verdict_out->intact && walk.at == walk.head.position && !same(&walk.previous, &walk.head.hash))
        (void)broken(&walk, walk.at, "The last record is not the one that the chain ends with.");
    if (verdict_out->intact)
        check_head(&walk, has_strangers);
    return true;
}
