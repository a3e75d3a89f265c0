/* A directory in MariaDB with a token, and a post office that sends requests through real workers and waits. */
#ifndef TEST_STORE_TENANT_H
#define TEST_STORE_TENANT_H

#include <pthread.h>

#include "request.h"
#include "store/db.h"

struct tenant {
    struct scim_service_settings settings;
    struct auth_peppers *peppers;
    struct caller caller;
    struct organization_id organization;
    struct directory_id directory;
    struct token_id token;
    struct auth_fresh fresh;
    char organization_text[ID_PREFIXED_CHARS + 1];
    char bearer[AUTH_TEXT_BYTES + 8];
};

/* Rows of an organization, a directory and a token with every scope. */
void tenant_make(struct tenant *tenant, struct db *db);
void tenant_free(struct tenant *tenant);

struct office {
    struct home home; /* first */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t back;
};
void office_init(struct office *office);
/* The database's settings for workers: their own copy, because the fixture writes its anew each time it is asked. */
struct db_settings office_database(void);

/* Puts all into the lane at once, so that an idle worker takes them as one batch. */
void office_send(struct office *office, struct store *store, enum store_lane lane, struct op **ops, size_t count);
void office_wait(struct office *office, size_t count); /* until so many are back; then they are counted from 0 again */
/* Sends to the lane that the operation belongs to, and waits. */
void office_run(struct office *office, struct store *store, struct op **ops, size_t count);

/* One request and its answer's status; the id of the body in id_out, which may be NULL. */
int office_ask(struct office *office, struct store *store, const struct tenant *tenant, const struct request *request,
               char id_out[ID_UUID_CHARS + 1]);
void office_body_id(const struct op *op, char id_out[ID_UUID_CHARS + 1]);

/* Text for the bodies and paths of requests, valid between tenant_make and tenant_free. */
const char *format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
