#include "load.h"

#include "auth/scope.h"
#include "base/clock.h"

static void insert(struct db *db, const char *sql, const struct db_value *parameters, size_t count)
{
    struct err err = ERR_INIT;
    load_must(db_execute(db, sql, parameters, count, NULL, &err), &err, sql);
}

#define INSERT(db, sql, ...)                                                                                           \
    insert((db), (sql), (const struct db_value[]){__VA_ARGS__},                                                        \
           sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value))

struct id load_environment(struct db *db)
{
    struct id id = id_new();
    int64_t now = clock_wall_ms();
    INSERT(db, "INSERT INTO environment (id, name, created_ms, updated_ms) VALUES (?, ?, ?, ?)", db_id(&id),
           load_text("benchmark"), db_integer(now), db_integer(now));
    return id;
}

static void insert_organization(struct db *db, const struct id *environment, const char *name,
                                const struct tenant *tenant, int64_t now)
{
    const struct id *organization = &tenant->organization.id, *directory = &tenant->directory.id;
    INSERT(db,
           "INSERT INTO organization (id, environment_id, external_id, display_name, domains, created_ms, updated_ms) "
           "VALUES (?, ?, ?, ?, ?, ?, ?)",
           db_id(organization), db_id(environment), load_text(name), load_text(name), load_text("[]"), db_integer(now),
           db_integer(now));
    INSERT(db,
           "INSERT INTO directory (id, organization_id, name, idp, policy, created_ms, updated_ms) "
           "VALUES (?, ?, ?, ?, ?, ?, ?)",
           db_id(directory), db_id(organization), load_text("Primary"), load_text("generic"), load_text("{}"),
           db_integer(now), db_integer(now));
    INSERT(db, "INSERT INTO resource_count (directory_id, type, resources) VALUES (?, 1, 0), (?, 2, 0)",
           db_id(directory), db_id(directory));
    INSERT(db, "INSERT INTO primary_directory (organization_id, directory_id) VALUES (?, ?)", db_id(organization),
           db_id(directory));
}

static void insert_token(struct db *db, const struct tenant *tenant, const struct id *id,
                         const struct auth_fresh *fresh, int64_t now)
{
    INSERT(db,
           "INSERT INTO scim_token (directory_id, id, hash, pepper_version, scopes, label, hint, created_ms) "
           "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
           db_id(&tenant->directory.id), db_id(id), db_bytes(slice_of((const char *)fresh->hash, AUTH_HASH_BYTES)),
           db_integer((int64_t)fresh->pepper_version), db_integer(SCOPE_DIRECTORY_ALL), load_text("benchmark"),
           load_text(fresh->hint), db_integer(now));
}

void load_tenant(struct db *db, const struct id *environment, const struct auth_peppers *peppers, const char *name,
                 struct tenant *tenant_out)
{
    int64_t now = clock_wall_ms();
    tenant_out->organization.id = id_new();
    tenant_out->directory.id = id_new();
    struct id token = id_new();
    struct auth_fresh fresh;
    auth_credential_make(peppers, AUTH_DIRECTORY_TOKEN, tenant_out->directory, token, &fresh);
    snprintf(tenant_out->token, sizeof(tenant_out->token), "%s", fresh.text);
    insert_organization(db, environment, name, tenant_out, now);
    insert_token(db, tenant_out, &token, &fresh, now);
}
