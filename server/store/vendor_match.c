/* Vendor users on one side, users of the directory on the other: who has the same key, and has it alone? */
#include "base/buf.h"
#include "base/must.h"
#include "scim/index.h"
#include "scim/unicode.h"
#include "store/find.h"
#include "store/vendor.h"
#include "store_sql.h"

enum { BUCKETS = 4096, MOST_ROWS = 20000 }; /* MOST_ROWS: the LIMIT of the statements */

bool store_vendor_user_name_key(struct slice user_name, struct arena *arena, struct slice *key_out, struct err *err)
{
    struct buf key;
    buf_init(&key, SIZE_MAX / 2);
    bool good = scim_prepare_username(user_name, false, &key, err);
    if (good && key.len > SCIM_UNIQUE_KEY_BYTES)
        good = err_set(err, ERR_INVALID_VALUE, "is longer than %d bytes", SCIM_UNIQUE_KEY_BYTES);
    *key_out = good ? arena_slice(arena, buf_slice(&key)) : SLICE_EMPTY;
    buf_fini(&key);
    return good;
}

/* Keys in the side index are cut: one that long could be of two addresses. */
bool store_vendor_email_key(struct slice email, struct arena *arena, struct slice *key_out, struct err *err)
{
    struct buf key;
    buf_init(&key, SIZE_MAX / 2);
    scim_prepare_folded(email, &key);
    bool good =
        key.len < SCIM_KEY_BYTES || err_set(err, ERR_INVALID_VALUE, "is longer than %d bytes", SCIM_KEY_BYTES - 1);
    *key_out = good ? arena_slice(arena, buf_slice(&key)) : SLICE_EMPTY;
    buf_fini(&key);
    return good;
}

struct holder { /* a user of the directory who has a key */
    struct holder *next, *next_by_id;
    struct slice key, external;
    struct resource_id id;
    bool linked;
};

struct sharer { /* a vendor user who has it */
    struct sharer *next;
    struct slice key, vendor_user_id;
};

struct matching {
    struct arena *arena;
    struct holder *holders[BUCKETS];
    struct holder *by_id[BUCKETS]; /* the same, linked by next_by_id */
    struct sharer *sharers[BUCKETS];
    struct store_keys holder_ids;
    size_t sharer_count;
};

static size_t bucket_of(struct slice key)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ (unsigned char)key.data[i]) * 16777619u;
    return hash % BUCKETS;
}

static struct slice bytes_of(const struct resource_id *id) { return slice_of((const char *)id->id.bytes, ID_BYTES); }

static struct slice text_of(const struct matching *matching, const struct db_value *value)
{
    return value->kind == DB_BYTES ? arena_slice(matching->arena, value->bytes) : SLICE_EMPTY;
}

static void take_holder(const struct db_value *row, void *context)
{
    struct matching *matching = context;
    struct holder *holder = arena_new(matching->arena, struct holder);
    holder->key = text_of(matching, &row[0]);
    db_id_out(&row[1], &holder->id.id);
    holder->external = text_of(matching, &row[2]);
    struct holder **bucket = &matching->holders[bucket_of(holder->key)];
    holder->next = *bucket;
    *bucket = holder;
    bucket = &matching->by_id[bucket_of(bytes_of(&holder->id))];
    holder->next_by_id = *bucket;
    *bucket = holder;
    store_keys_add(&matching->holder_ids, matching->arena, bytes_of(&holder->id));
}

static void take_sharer(const struct db_value *row, void *context)
{
    struct matching *matching = context;
    struct sharer *sharer = arena_new(matching->arena, struct sharer);
    sharer->key = text_of(matching, &row[0]);
    sharer->vendor_user_id = text_of(matching, &row[1]);
    struct sharer **bucket = &matching->sharers[bucket_of(sharer->key)];
    sharer->next = *bucket;
    *bucket = sharer;
    matching->sharer_count++;
}

/* One user can stand under several keys. */
static void take_linked(const struct db_value *row, void *context)
{
    struct matching *matching = context;
    struct resource_id id;
    db_id_out(&row[0], &id.id);
    for (struct holder *holder = matching->by_id[bucket_of(bytes_of(&id))]; holder; holder = holder->next_by_id)
        if (id_equals(&holder->id.id, &id.id))
            holder->linked = true;
}

static const struct holder *find_holders(const struct matching *matching, struct slice key, size_t *count_out)
{
    const struct holder *found = NULL;
    *count_out = 0;
    for (const struct holder *holder = matching->holders[bucket_of(key)]; holder; holder = holder->next) {
        if (!slice_equals(holder->key, key))
            continue;
        found = holder;
        ++*count_out;
    }
    return found;
}

static bool is_shared(const struct matching *matching, struct slice key, struct slice vendor_user_id)
{
    for (const struct sharer *sharer = matching->sharers[bucket_of(key)]; sharer; sharer = sharer->next)
        if (slice_equals(sharer->key, key) && !slice_equals(sharer->vendor_user_id, vendor_user_id))
            return true;
    return false;
}

static struct store_vendor_found conflict(enum vendor_conflict why)
{
    return (struct store_vendor_found){.state = VENDOR_CONFLICT, .conflict = why};
}

static struct store_vendor_found decide(const struct matching *matching, struct slice key,
                                        const struct store_vendor_row *row)
{
    size_t count;
    const struct holder *holder = find_holders(matching, key, &count);
    if (is_shared(matching, key, row->vendor_user_id))
        return conflict(VENDOR_SHARED);
    if (count == 0)
        return (struct store_vendor_found){.state = VENDOR_UNMATCHED};
    if (count > 1)
        return conflict(VENDOR_SEVERAL);
    if (holder->linked)
        return conflict(VENDOR_TAKEN);
    if (row->previous_external.len > 0 && holder->external.len > 0 &&
        !slice_equals(row->previous_external, holder->external))
        return conflict(VENDOR_STRANGER);
    return (struct store_vendor_found){.state = VENDOR_MATCHED, .resource = holder->id};
}

static struct slice key_of(const struct store_vendor_row *row, enum vendor_match how)
{
    return how == VENDOR_BY_EMAIL ? row->email_key : row->user_name_key;
}

static struct store_find_query *holders_query(const struct scim_policy *policy, enum vendor_match how, bool locks)
{
    static struct store_find_query queries[3][2] = {
        {{.sql = sql_vendor_holders_unique, .lists = 1}, {.sql = sql_vendor_holders_unique_locked, .lists = 1}},
        {{.sql = sql_vendor_holders_user_name, .lists = 1}, {.sql = sql_vendor_holders_user_name_locked, .lists = 1}},
        {{.sql = sql_vendor_holders_email, .lists = 1}, {.sql = sql_vendor_holders_email_locked, .lists = 1}},
    };
    size_t which = how == VENDOR_BY_EMAIL ? 2 : policy->unique_identifier == SCIM_IDENTIFIER_USER_NAME ? 0 : 1;
    return &queries[which][locks];
}

static bool look(struct matching *matching, struct db *db, struct directory_id directory, const struct store_keys *keys,
                 struct store_find_query *holders, enum vendor_match how, struct err *err)
{
    static struct store_find_query linked = {.sql = sql_vendor_linked, .lists = 1};
    static struct store_find_query emails = {.sql = sql_vendor_sharers_email, .lists = 1};
    static struct store_find_query names = {.sql = sql_vendor_sharers_user_name, .lists = 1};
    struct store_find_query *sharers = how == VENDOR_BY_EMAIL ? &emails : &names;
    return store_find(db, holders, directory, keys, take_holder, matching, err) &&
           store_find(db, sharers, directory, keys, take_sharer, matching, err) &&
           store_find(db, &linked, directory, &matching->holder_ids, take_linked, matching, err);
}

/* Some key is so common that it may have taken the room of others. One alone is told all the same. */
static bool is_crowded(const struct matching *matching, size_t count)
{
    return count > 1 && (matching->holder_ids.count >= MOST_ROWS || matching->sharer_count >= MOST_ROWS);
}

bool store_vendor_match(struct db *db, struct directory_id directory, const struct scim_policy *policy,
                        enum vendor_match how, bool locks, const struct store_vendor_row *rows, size_t count,
                        struct arena *arena, struct store_vendor_found *found_out, struct err *err)
{
    struct matching *matching = arena_new(arena, struct matching);
    struct store_keys keys = {NULL, 0, 0};
    matching->arena = arena;
    for (size_t i = 0; i < count; i++)
        store_keys_add(&keys, arena, key_of(&rows[i], how));
    if (!look(matching, db, directory, &keys, holders_query(policy, how, locks), how, err))
        return false;
    if (is_crowded(matching, count))
        return store_vendor_match(db, directory, policy, how, locks, rows, count / 2, arena, found_out, err) &&
               store_vendor_match(db, directory, policy, how, locks, rows + count / 2, count - count / 2, arena,
                                  found_out + count / 2, err);
    for (size_t i = 0; i < count; i++) {
        struct slice key = key_of(&rows[i], how);
        found_out[i] = (struct store_vendor_found){.state = VENDOR_UNMATCHED};
        if (key.len > 0)
            found_out[i] = decide(matching, key, &rows[i]);
    }
    return true;
}
