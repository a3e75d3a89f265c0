/* Changing the rules of a directory. */
#include "base/json.h"
#include "indexes_private.h"
#include "rekey.h"
#include "rules_cache.h"
#include "scim/catalog.h"
#include "scim/policy_bind.h"
#include "store/rules.h"
#include "store_sql.h"

struct saving {
    struct db *db;
    struct directory_id directory;
    struct arena arena;
    struct scim_rules_source source; /* as it is, then as it is to be; texts in the arena */
    struct scim_rules *rules;        /* made of it */
};

static bool load(struct saving *saving, struct err *err)
{
    const struct db_value id = db_id(&saving->directory.id), *row;
    if (!db_query_one(saving->db, sql_rules_lock, &id, 1, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "There is no such directory.");
    if (!db_query_one(saving->db, sql_rules_load, &id, 1, &row, err) || !row)
        return false;
    saving->source = (struct scim_rules_source){.policy = arena_slice(&saving->arena, row[1].bytes),
                                                .catalog = arena_slice(&saving->arena, row[2].bytes),
                                                .domains = arena_slice(&saving->arena, row[3].bytes),
                                                .indexes = arena_slice(&saving->arena, row[4].bytes)};
    return true;
}

static bool take_catalog(struct saving *saving, struct slice catalog, struct err *err)
{
    struct buf text;
    buf_init(&text, SCIM_CATALOG_BYTES);
    bool good = scim_catalog_assign(catalog, saving->source.catalog, &text, err);
    if (good)
        saving->source.catalog = arena_slice(&saving->arena, buf_slice(&text));
    buf_fini(&text);
    return good;
}

static bool check(struct saving *saving, const struct store_rules_change *change, struct err *err)
{
    if (change->policy.data)
        saving->source.policy = change->policy;
    if (change->catalog.data && !take_catalog(saving, change->catalog, err))
        return false;
    saving->rules = scim_rules_make(&saving->source, err);
    return saving->rules && scim_policy_check_names(&saving->rules->policy, err);
}

/* Rules that cannot be read any more had no effect, as if they were the default ones. */
static bool make_keys(struct saving *saving, const struct scim_rules_source *before,
                      const struct store_rules_change *change, struct err *err)
{
    struct err ignored = ERR_INIT;
    struct scim_rules *old = scim_rules_make(before, &ignored);
    const struct rekey rekey = {.db = saving->db,
                                .directory = saving->directory,
                                .before = old ? old : &scim_rules_default,
                                .after = saving->rules,
                                .conflicts = change->conflicts};
    bool good = rekey_run(&rekey, err);
    scim_rules_free(old);
    return good;
}

struct adapting {
    const struct saving *saving;
    const struct scim_rules *before;
    json_t *work;
    int64_t now_ms;
    struct err *err;
    bool good;
};

static void note_change(const json_t *before, const json_t *after, void *context)
{
    struct adapting *adapting = context;
    const struct saving *saving = adapting->saving;
    json_int_t code = json_integer_value(json_object_get(before, "code"));
    uint16_t type = indexes_type(adapting->before, before);
    adapting->good =
        adapting->good && indexes_drop(saving->db, saving->directory, type, code, adapting->now_ms, adapting->err);
    if (after)
        indexes_work(adapting->work, indexes_type(saving->rules, after),
                     json_integer_value(json_object_get(after, "code")));
}

static bool adapt(struct saving *saving, const struct scim_rules *before, const struct store_rules_change *change,
                  struct err *err)
{
    json_scoped *list = scim_indexes_read(saving->source.indexes);
    struct adapting adapting = {saving, before, change->index_work, change->now_ms, err, true};
    if (!list)
        return true;
    json_scoped *was = json_deep_copy(list);
    scim_indexes_adapt(list, before, saving->rules, note_change, &adapting);
    return adapting.good && (json_equal(list, was) || indexes_save(saving->db, saving->directory, list, err));
}

/* A new catalog can make other keys of the same documents. */
static bool adapt_indexes(struct saving *saving, const struct scim_rules_source *before,
                          const struct store_rules_change *change, struct err *err)
{
    struct err ignored = ERR_INIT;
    if (saving->source.indexes.len == 0)
        return true;
    struct scim_rules *old = scim_rules_make(before, &ignored);
    bool good = adapt(saving, old ? old : &scim_rules_default, change, err);
    scim_rules_free(old);
    return good;
}

/* Every type's number of resources is counted from its beginning. */
static bool add_counters(const struct saving *saving, struct err *err)
{
    for (size_t i = 0; i < saving->rules->type_count; i++) {
        const struct db_value parameters[] = {db_id(&saving->directory.id), db_integer(saving->rules->types[i]->code)};
        if (!db_execute(saving->db, sql_rules_add_counter, parameters, 2, NULL, err))
            return false;
    }
    return true;
}

static bool update(const struct saving *saving, int64_t now_ms, struct err *err)
{
    const struct db_value parameters[] = {db_bytes(saving->source.policy), db_bytes_or_null(saving->source.catalog),
                                          db_integer(now_ms), db_id(&saving->directory.id)};
    return db_execute(saving->db, sql_rules_update, parameters, 4, NULL, err) && add_counters(saving, err) &&
           rules_forget_declared(saving->db, saving->directory, saving->rules, err);
}

bool store_rules_save(struct db *db, struct directory_id directory, const struct store_rules_change *change,
                      struct err *err)
{
    struct saving saving = {.db = db, .directory = directory};
    arena_init(&saving.arena);
    struct scim_rules_source before = {0};
    bool good = load(&saving, err);
    if (good)
        before = saving.source;
    good = good && check(&saving, change, err) && make_keys(&saving, &before, change, err) &&
           adapt_indexes(&saving, &before, change, err) && update(&saving, change->now_ms, err);
    scim_rules_free(saving.rules);
    arena_fini(&saving.arena);
    return good;
}
