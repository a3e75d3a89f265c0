/* Rules that are not in memory are read and compiled. */
#include "store/rules.h"

#include "obs/log.h"
#include "rules_cache.h"
#include "store_sql.h"

/* Texts are checked before they are stored: ones that cannot be read are somebody's mistake, and this directory's
 * alone. */
static void complain(struct directory_id directory, const struct err *err)
{
    char id[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_DIRECTORY, &directory.id, id);
    log_event(LOG_ERROR, "store", "the rules of a directory cannot be read", LOG_TEXT("directory", id),
              LOG_TEXT("error", err->detail));
}

static bool read_rules(struct db *db, struct directory_id directory, const struct scim_rules **rules_out,
                       struct err *err)
{
    const struct db_value id = db_id(&directory.id), *row;
    if (!db_query_one(db, sql_rules_load, &id, 1, &row, err))
        return false;
    if (!row)
        return true;
    struct scim_rules_source source = {
        .policy = row[1].bytes, .catalog = row[2].bytes, .domains = row[3].bytes, .indexes = row[4].bytes};
    struct err refusal = ERR_INIT;
    struct scim_rules *rules = scim_rules_make(&source, &refusal);
    if (rules)
        *rules_out = rules_cache_put(directory, (uint32_t)row[0].integer, rules);
    else
        complain(directory, &refusal);
    return true;
}

bool rules_of_directory(struct db *db, struct directory_id directory, uint32_t revision,
                        const struct scim_rules **rules_out, struct err *err)
{
    *rules_out = rules_cache_find(directory, revision);
    return *rules_out || read_rules(db, directory, rules_out, err);
}

bool store_rules_load(struct db *db, struct directory_id directory, const struct scim_rules **rules_out,
                      struct err *err)
{
    const struct db_value id = db_id(&directory.id), *row;
    *rules_out = NULL;
    if (!db_query_one(db, sql_rules_revision, &id, 1, &row, err))
        return false;
    return !row || rules_of_directory(db, directory, (uint32_t)row[0].integer, rules_out, err);
}

bool store_rules_at(struct db *db, struct directory_id directory, uint32_t revision,
                    const struct scim_rules **rules_out, struct err *err)
{
    return rules_of_directory(db, directory, revision, rules_out, err);
}
