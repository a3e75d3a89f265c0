#include "tenant.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "auth/scope.h"
#include "base/must.h"
#include "database.h"

enum { PATIENCE_S = 60 };

static struct arena texts;

static void insert(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    struct err err = ERR_INIT;
    bool done = db_execute(db, sql, values, count, NULL, &err);
    if (!done)
        fprintf(stderr, "%s\n", err.detail);
    must(done);
}

static void insert_rows(struct tenant *tenant, struct db *db)
{
    static const char environment[] = "INSERT INTO environment (id, name, created_ms, updated_ms) VALUES (?, ?, 0, 0)";
    static const char organization[] =
        "INSERT INTO organization (id, environment_id, display_name, domains, created_ms, "
        "updated_ms) VALUES (?, ?, 'o', '[]', 0, 0)";
    static const char directory[] = "INSERT INTO directory (id, organization_id, name, policy, created_ms, updated_ms) "
                                    "VALUES (?, ?, 'd', '{}', 0, 0)";
    static const char count[] = "INSERT INTO resource_count VALUES (?, ?, 0)";
    static const char token[] =
        "INSERT INTO scim_token (directory_id, id, hash, pepper_version, scopes, label, hint, created_ms) "
        "VALUES (?, ?, ?, ?, ?, 't', 'abcd', 0)";
    struct id top = id_new();
    struct db_value of_directory = db_id(&tenant->directory.id);
    insert(db, environment, (struct db_value[]){db_id(&top), db_bytes(slice_str(tenant->organization_text))}, 2);
    insert(db, organization, (struct db_value[]){db_id(&tenant->organization.id), db_id(&top)}, 2);
    insert(db, directory, (struct db_value[]){of_directory, db_id(&tenant->organization.id)}, 2);
    insert(db, count, (struct db_value[]){of_directory, db_integer(1)}, 2);
    insert(db, count, (struct db_value[]){of_directory, db_integer(2)}, 2);
    insert(db, token,
           (struct db_value[]){of_directory, db_id(&tenant->token.id),
                               db_bytes(slice_of((const char *)tenant->fresh.hash, AUTH_HASH_BYTES)),
                               db_integer(tenant->fresh.pepper_version), db_integer(SCOPE_DIRECTORY_ALL)},
           5);
}

void tenant_make(struct tenant *tenant, struct db *db)
{
    *tenant = (struct tenant){.peppers = request_peppers()};
    arena_init(&texts);
    tenant->organization.id = id_new();
    tenant->directory.id = id_new();
    tenant->token.id = id_new();
    id_to_prefixed(ID_PREFIX_ORGANIZATION, &tenant->organization.id, tenant->organization_text);
    auth_credential_make(tenant->peppers, AUTH_DIRECTORY_TOKEN, tenant->directory, tenant->token.id, &tenant->fresh);
    snprintf(tenant->bearer, sizeof(tenant->bearer), "Bearer %s", tenant->fresh.text);
    tenant->settings = (struct scim_service_settings){.peppers = tenant->peppers,
                                                      .default_page = 100,
                                                      .max_page = 1000,
                                                      .max_scan = 1000000,
                                                      .cursor_timeout_s = 3600,
                                                      .max_reply = 100 << 20,
                                                      .bulk_max_operations = 1000,
                                                      .bulk_max_payload = 4 << 20,
                                                      .bulk_timeout_ms = 20000,
                                                      .max_body = 1 << 20};
    tenant->caller = (struct caller){scim_service(&tenant->settings), tenant->organization_text, tenant->bearer};
    insert_rows(tenant, db);
}

void tenant_free(struct tenant *tenant)
{
    auth_peppers_free(tenant->peppers);
    arena_fini(&texts);
}

static void deliver(struct home *home, struct job *first)
{
    struct office *office = (struct office *)home;
    size_t count = 0;
    for (struct job *job = first; job; job = job->next)
        count++;
    pthread_mutex_lock(&office->mutex);
    office->back += count;
    pthread_cond_broadcast(&office->changed);
    pthread_mutex_unlock(&office->mutex);
}

void office_init(struct office *office)
{
    *office = (struct office){.home = {.deliver = deliver}};
    pthread_mutex_init(&office->mutex, NULL);
    pthread_cond_init(&office->changed, NULL);
}

struct db_settings office_database(void)
{
    static char url[512];
    struct db_settings settings = database_settings();
    if (url[0] == 0) /* the same for the whole run */
        snprintf(url, sizeof(url), "%s", settings.url);
    settings.url = url;
    return settings;
}

void office_send(struct office *office, struct store *store, enum store_lane lane, struct op **ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ops[i]->job.home = &office->home;
        ops[i]->job.query_queue = store_queue(store, STORE_QUERY);
        ops[i]->job.next = i + 1 < count ? &ops[i + 1]->job : NULL;
    }
    must(!queue_push_all(store_queue(store, lane), &ops[0]->job));
}

void office_wait(struct office *office, size_t count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&office->mutex);
    while (office->back < count)
        must(pthread_cond_timedwait(&office->changed, &office->mutex, &until) == 0);
    must(office->back == count); /* nothing comes back twice */
    office->back = 0;
    pthread_mutex_unlock(&office->mutex);
}

void office_run(struct office *office, struct store *store, struct op **ops, size_t count)
{
    office_send(office, store, ops[0]->operation->lane == OP_WRITE ? STORE_WRITE : STORE_READ, ops, count);
    office_wait(office, count);
}

void office_body_id(const struct op *op, char id_out[ID_UUID_CHARS + 1])
{
    json_t *body = op->reply.body.len ? json_loadb(op->reply.body.data, op->reply.body.len, 0, NULL) : NULL;
    const char *id = json_string_value(json_object_get(body, "id"));
    snprintf(id_out, ID_UUID_CHARS + 1, "%s", id ? id : "");
    json_decref(body);
}

int office_ask(struct office *office, struct store *store, const struct tenant *tenant, const struct request *request,
               char id_out[ID_UUID_CHARS + 1])
{
    struct op *op = request_op(&tenant->caller, request, 1750000000000);
    office_run(office, store, &op, 1);
    int status = op->reply.status;
    if (id_out)
        office_body_id(op, id_out);
    request_free(op);
    return status;
}

const char *format(const char *text, ...)
{
    char buffer[4096];
    va_list arguments;
    va_start(arguments, text);
    int length = vsnprintf(buffer, sizeof(buffer), text, arguments);
    va_end(arguments);
    must(length >= 0 && (size_t)length < sizeof(buffer));
    return arena_copy(&texts, slice_of(buffer, (size_t)length));
}
