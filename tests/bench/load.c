/* Fills a migrated, empty database with the benchmark's data:
 *
 *   load DATABASE_URL PEPPER_FILE DIRECTORY USERS ORGANIZATIONS USERS_EACH
 *
 * One organization with USERS users, a group of half of them ("large"), one of ten ("small") and twenty that share half
 * of the users between them; ORGANIZATIONS more with USERS_EACH users each. What the generators need to know goes to
 * DIRECTORY: directory.txt (the big one's directory id and number of users), tenants.txt (organization, token; the big
 * one first), users.txt (id, userName), groups.txt (name, id), others.txt (line of tenants.txt, user id). */
#include "load.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/must.h"
#include "base/num.h"
#include "users.h"

enum { SMALL_MEMBERS = 10, SHARING_GROUPS = 20 };

static const char *directory;

void load_must(bool good, const struct err *err, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "load: %s: %s\n", what, err && err->detail[0] ? err->detail : "failed");
    exit(1);
}

static FILE *open_file(const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    load_must(file != NULL, NULL, path);
    return file;
}

static void close_file(FILE *file) { load_must(fclose(file) == 0, NULL, "writing a file"); }

static void note_tenant(FILE *file, const struct tenant *tenant)
{
    char id[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_ORGANIZATION, &tenant->organization.id, id);
    fprintf(file, "%s %s\n", id, tenant->token);
}

static void note_users(const char *family, const struct resource_id *ids, size_t count)
{
    FILE *file = open_file("users.txt");
    for (size_t i = 0; i < count; i++) {
        char uuid[ID_UUID_CHARS + 1], name[USERS_NAME_BYTES];
        id_to_uuid(&ids[i].id, uuid);
        users_name(family, i, name);
        fprintf(file, "%s %s\n", uuid, name);
    }
    close_file(file);
}

static void note_directory(const struct tenant *tenant, size_t users)
{
    char uuid[ID_UUID_CHARS + 1];
    id_to_uuid(&tenant->directory.id, uuid);
    FILE *file = open_file("directory.txt");
    fprintf(file, "%s %zu\n", uuid, users);
    close_file(file);
}

static void load_one_group(struct db *db, const struct tenant *tenant, FILE *file, const char *name,
                           const struct resource_id *members, size_t count)
{
    struct resource_id group = load_group(db, tenant, name, members, count);
    char uuid[ID_UUID_CHARS + 1];
    id_to_uuid(&group.id, uuid);
    fprintf(file, "%s %s\n", name, uuid);
}

/* Group k of the twenty has users k, k+40, k+80, …: half of the users are in one of them. */
static void load_sharing_groups(struct db *db, const struct tenant *tenant, FILE *file, const struct resource_id *ids,
                                size_t count)
{
    struct resource_id *members = calloc(count / 40 + 1, sizeof(*members));
    load_must(members != NULL, NULL, "memory");
    for (size_t k = 0; k < SHARING_GROUPS; k++) {
        char name[32];
        snprintf(name, sizeof(name), "team-%zu", k);
        size_t filled = 0;
        for (size_t i = k; i < count; i += 40)
            members[filled++] = ids[i];
        load_one_group(db, tenant, file, name, members, filled);
    }
    free(members);
}

static void load_big(struct db *db, const struct id *environment, const struct auth_peppers *peppers, FILE *tenants,
                     size_t users)
{
    struct tenant tenant;
    struct resource_id *ids = calloc(users, sizeof(*ids));
    load_must(ids != NULL, NULL, "memory");
    load_tenant(db, environment, peppers, "big", &tenant);
    load_users(db, &tenant, "big", ids, users);
    FILE *groups = open_file("groups.txt");
    load_one_group(db, &tenant, groups, "large", ids, users / 2);
    load_one_group(db, &tenant, groups, "small", ids, SMALL_MEMBERS);
    load_sharing_groups(db, &tenant, groups, ids, users);
    close_file(groups);
    note_tenant(tenants, &tenant);
    note_directory(&tenant, users);
    note_users("big", ids, users);
    free(ids);
}

static void load_others(struct db *db, const struct id *environment, const struct auth_peppers *peppers, FILE *tenants,
                        size_t organizations, size_t users)
{
    struct resource_id *ids = calloc(users, sizeof(*ids));
    load_must(ids != NULL, NULL, "memory");
    FILE *others = open_file("others.txt");
    for (size_t k = 1; k <= organizations; k++) {
        struct tenant tenant;
        char name[32];
        snprintf(name, sizeof(name), "customer-%zu", k);
        load_tenant(db, environment, peppers, name, &tenant);
        load_users(db, &tenant, name, ids, users);
        note_tenant(tenants, &tenant);
        for (size_t i = 0; i < users; i++) {
            char uuid[ID_UUID_CHARS + 1];
            id_to_uuid(&ids[i].id, uuid);
            fprintf(others, "%zu %s\n", k, uuid);
        }
    }
    close_file(others);
    free(ids);
}

static size_t number(const char *text)
{
    uint64_t value = 0;
    load_must(num_parse_uint(slice_str(text), SMALL_MEMBERS, 100000000, &value), NULL, text);
    return (size_t)value;
}

int main(int argc, char **argv)
{
    load_must(argc == 7, NULL, "usage: load DATABASE_URL PEPPER_FILE DIRECTORY USERS ORGANIZATIONS USERS_EACH");
    directory = argv[3];
    struct err err = ERR_INIT;
    struct auth_peppers *peppers = auth_peppers_load(argv[2], &err);
    load_must(peppers != NULL, &err, "pepper");
    struct db_settings settings = {.url = argv[1], .connect_timeout_s = 5, .io_timeout_s = 60};
    struct db *db = db_open(&settings, &err);
    load_must(db != NULL, &err, "connect");

    FILE *tenants = open_file("tenants.txt");
    struct id environment = load_environment(db);
    load_big(db, &environment, peppers, tenants, number(argv[4]));
    load_others(db, &environment, peppers, tenants, number(argv[5]), number(argv[6]));
    close_file(tenants);
    db_close(db);
    auth_peppers_free(peppers);
    return 0;
}
