#include "lease.h"

#include "admin_api_sql.h"
#include "base/clock.h"
#include "base/must.h"

static bool renew(struct db *db, struct lease *lease, struct err *err)
{
    const struct db_value alive[] = {db_id(&lease->self), db_integer(LEASE_MS)};
    const struct db_value renewed[] = {db_integer(LEASE_MS), db_id(&lease->self)};
    uint64_t asked_ns = clock_monotonic_ns();
    if (!db_execute(db, sql_webhook_alive, alive, 2, NULL, err) ||
        !db_execute(db, sql_webhook_renew, renewed, 2, NULL, err))
        return false;
    lease->renewed_ns = asked_ns;
    return db_execute(db, sql_webhook_dead, NULL, 0, NULL, err);
}

static bool take(struct db *db, struct lease *lease, size_t count, struct err *err)
{
    const struct db_value parameters[] = {db_id(&lease->self), db_integer(LEASE_MS), db_integer((int64_t)count)};
    uint64_t taken;
    if (!db_execute(db, sql_webhook_take, parameters, 3, &taken, err))
        return false;
    lease->has_taken = taken > 0;
    return true;
}

/* Roughly even: the last one has less. */
static bool share(struct db *db, struct lease *lease, struct err *err)
{
    const struct db_value parameter = db_id(&lease->self), *row;
    if (!db_query_one(db, sql_webhook_share, &parameter, 1, &row, err))
        return false;
    must(row);
    lease->now_ms = row[0].integer;
    lease->now_ns = clock_monotonic_ns();
    size_t processes = (size_t)row[1].integer, endpoints = (size_t)row[2].integer;
    size_t most = processes > 1 ? (endpoints + processes - 1) / processes : endpoints;
    bool is_vacant = row[4].integer != 0;
    lease->held = (size_t)row[3].integer;
    lease->has_taken = false;
    lease->surplus = lease->held > most ? lease->held - most : 0;
    return !is_vacant || lease->held >= most || take(db, lease, most - lease->held, err);
}

bool lease_turn(struct db *db, struct lease *lease, struct err *err)
{
    return renew(db, lease, err) && share(db, lease, err);
}

bool lease_look(struct db *db, struct lease *lease, struct err *err)
{
    const struct db_value *row;
    lease->has_taken = false;
    if (!db_query_one(db, sql_webhook_vacant, NULL, 0, &row, err))
        return false;
    return !row || row[0].integer == 0 || share(db, lease, err);
}

bool lease_give(struct db *db, const struct id *endpoint, uint64_t fence, struct err *err)
{
    const struct db_value parameters[] = {db_id(endpoint), db_integer((int64_t)fence)};
    return db_execute(db, sql_webhook_give, parameters, 2, NULL, err);
}

bool lease_end(struct db *db, const struct lease *lease, struct err *err)
{
    const struct db_value parameter = db_id(&lease->self);
    return db_execute(db, sql_webhook_give_all, &parameter, 1, NULL, err) &&
           db_execute(db, sql_webhook_gone, &parameter, 1, NULL, err);
}

static int64_t passed_ms(uint64_t since_ns, uint64_t now_ns)
{
    return now_ns > since_ns ? (int64_t)((now_ns - since_ns) / 1000000) : 0;
}

bool lease_is_good(const struct lease *lease, uint64_t now_ns)
{
    return lease->renewed_ns != 0 && passed_ms(lease->renewed_ns, now_ns) < LEASE_MS - LEASE_MARGIN_MS;
}

int64_t lease_now_ms(const struct lease *lease, uint64_t now_ns)
{
    return lease->now_ms + passed_ms(lease->now_ns, now_ns);
}
