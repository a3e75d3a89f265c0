/* Gives a directory other rules, as the admin API will: rules_driver DIRECTORY [policy=JSON] [catalog=JSON], with the
 * database's address in ROLLCALL_DATABASE_URL. Ends with 2 and the reason when they are refused. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/rules.h"
#include "store/store.h"

static bool take_argument(const char *argument, struct store_rules_change *change)
{
    static const char policy[] = "policy=", catalog[] = "catalog=";
    if (strncmp(argument, policy, sizeof(policy) - 1) == 0)
        change->policy = slice_str(argument + sizeof(policy) - 1);
    else if (strncmp(argument, catalog, sizeof(catalog) - 1) == 0)
        change->catalog = slice_str(argument + sizeof(catalog) - 1);
    else
        return false;
    return true;
}

static int fail(struct db *db, int status, const char *why)
{
    fprintf(stderr, "%s\n", why);
    db_close(db);
    return status;
}

int main(int count, char **arguments)
{
    struct db_settings settings = {.url = getenv("ROLLCALL_DATABASE_URL"),
                                   .connect_timeout_s = 5,
                                   .io_timeout_s = 30,
                                   .statement_timeout_ms = 20000};
    struct store_rules_change change = {.now_ms = clock_wall_ms()};
    struct directory_id directory;
    struct err err = ERR_INIT;
    if (count < 2 || !settings.url || !id_from_prefixed(ID_PREFIX_DIRECTORY, slice_str(arguments[1]), &directory.id))
        return fail(NULL, 1, "usage: rules_driver DIRECTORY [policy=JSON] [catalog=JSON]");
    for (int i = 2; i < count; i++)
        if (!take_argument(arguments[i], &change))
            return fail(NULL, 1, arguments[i]);
    struct db *db = db_open(&settings, &err);
    if (!db || !db_begin(db, &err))
        return fail(db, 1, err.detail);
    if (!store_rules_save(db, directory, &change, &err))
        return fail(db, 2, err.detail);
    if (!db_commit(db, &err))
        return fail(db, 1, err.detail);
    db_close(db);
    return 0;
}
