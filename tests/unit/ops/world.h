/* One directory on two fake views, which everything is asked of: one that knows all at once, and one that knows nothing
 * at first and whose every request is rolled back once and run again. Both must give the same answers. */
#ifndef TEST_OPS_WORLD_H
#define TEST_OPS_WORLD_H

#include <jansson.h>

#include "auth/scope.h"
#include "fake_view.h"
#include "ops/scim.h"
#include "request.h"

struct world {
    struct arena arena;
    struct scim_service_settings settings;
    const struct service *service;
    struct auth_peppers *peppers;
    struct organization_id organization;
    char organization_text[ID_PREFIXED_CHARS + 1];
    struct directory_id directory;
    struct token_id token;
    char bearer[AUTH_TEXT_BYTES + 8]; /* "Bearer …" */
    int64_t now_ms;                   /* of the next request; every request moves it on by a second */
    struct view *knowing, *learning;
    json_t *replies; /* those given out, to be freed */
    size_t rounds;   /* of the last request, on the view that knows nothing */
    bool hurried;    /* replies are compared, states are not: for many requests in a row */
};

struct answer {
    int status; /* 0: handed to the query lane */
    json_t *body;
    const char *text; /* of the body */
    const char *content_type;
    const char *etag, *location, *content_location, *www_authenticate, *retry_after, *cache_control, *accept;
    const char *scim_type, *detail; /* of an error, NULL when there is none */
    char id[ID_UUID_CHARS + 1];     /* of the body, or "" */
};

struct world *world_new(void);
void world_free(struct world *world);
int world_set_up(void **state); /* for cmocka_unit_test_setup_teardown */
int world_tear_down(void **state);

struct answer world_ask(struct world *world, const struct request *request);
#define ask(world, ...) world_ask((world), &(struct request){__VA_ARGS__})

const char *text_of(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* must() succeed; the id as text. */
const char *world_user(struct world *world, const char *user_name);
const char *world_group(struct world *world, const char *display_name, const char *members); /* a JSON array or NULL */
struct answer world_get(struct world *world, const char *path);
json_t *world_members(struct world *world, const char *group); /* {"id": "type", …} as stored */

/* Another token: of another directory, with other scopes, dead, … Returns its header value. */
const char *world_token(struct world *world, struct directory_id directory, unsigned scopes, bool live);

/* For tests that step by step. */
struct op *world_op(struct world *world, const struct request *request);
enum job_step world_run(struct op *op, struct view *view, enum fake_knowledge knowledge, size_t *rounds_out);

#endif
