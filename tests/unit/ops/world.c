#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/must.h"

enum { MOST_ROUNDS = 6 };

const char *text_of(struct world *world, const char *format, ...)
{
    va_list arguments;
    char line[4096];
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    must(length >= 0 && (size_t)length < sizeof(line));
    return arena_copy(&world->arena, slice_str(line));
}

static void put_token(struct world *world, const struct view_token *token)
{
    fake_put_token(world->knowing, token);
    fake_put_token(world->learning, token);
}

static void make_token(struct world *world, struct directory_id directory, struct token_id id, unsigned scopes,
                       bool live, char *bearer_out, size_t size)
{
    struct auth_fresh fresh;
    auth_credential_make(world->peppers, AUTH_DIRECTORY_TOKEN, directory, id.id, &fresh);
    struct view_token token = {.id = id,
                               .directory = directory,
                               .organization = world->organization,
                               .state = VIEW_DIRECTORY_ACTIVE,
                               .rules = &scim_rules_default,
                               .pepper_version = fresh.pepper_version,
                               .scopes = scopes,
                               .live = live};
    memcpy(token.hash, fresh.hash, sizeof(token.hash));
    put_token(world, &token);
    snprintf(bearer_out, size, "Bearer %s", fresh.text);
}

const char *world_token(struct world *world, struct directory_id directory, unsigned scopes, bool live)
{
    char *bearer = arena_alloc(&world->arena, sizeof(world->bearer));
    make_token(world, directory, (struct token_id){id_new()}, scopes, live, bearer, sizeof(world->bearer));
    return bearer;
}

struct world *world_new(void)
{
    struct world *world = calloc(1, sizeof(*world));
    must(world);
    arena_init(&world->arena);
    world->peppers = request_peppers();
    world->settings = (struct scim_service_settings){.peppers = world->peppers,
                                                     .default_page = 100,
                                                     .max_page = 1000,
                                                     .max_scan = 1000000,
                                                     .cursor_timeout_s = 3600,
                                                     .max_reply = 100 << 20,
                                                     .bulk_max_operations = 1000,
                                                     .bulk_max_payload = 4 << 20,
                                                     .bulk_timeout_ms = 20000,
                                                     .max_body = 1 << 20};
    world->service = scim_service(&world->settings);
    world->organization.id = id_new();
    id_to_prefixed(ID_PREFIX_ORGANIZATION, &world->organization.id, world->organization_text);
    world->directory.id = id_new();
    world->token.id = id_new();
    world->now_ms = 1750000000000;
    world->knowing = fake_new();
    world->learning = fake_new();
    world->replies = json_array();
    make_token(world, world->directory, world->token, SCOPE_DIRECTORY_ALL, true, world->bearer, sizeof(world->bearer));
    return world;
}

void world_free(struct world *world)
{
    json_decref(world->replies);
    fake_free(world->knowing);
    fake_free(world->learning);
    auth_peppers_free(world->peppers);
    arena_fini(&world->arena);
    free(world);
}

int world_set_up(void **state)
{
    *state = world_new();
    return 0;
}

int world_tear_down(void **state)
{
    world_free(*state);
    return 0;
}

struct op *world_op(struct world *world, const struct request *request)
{
    struct caller caller = {world->service, world->organization_text, world->bearer};
    return request_op(&caller, request, world->now_ms);
}

enum job_step world_run(struct op *op, struct view *view, enum fake_knowledge knowledge, size_t *rounds_out)
{
    enum job_step step;
    size_t rounds = 0;
    fake_begin(view, op->operation->lane == OP_WRITE, knowledge);
    while ((step = op_job_class.step(&op->job, view)) == JOB_WANTS) {
        must(++rounds <= MOST_ROUNDS);
        must(fake_load(view) > 0); /* a step that wants nothing would be stepped for ever */
    }
    if (rounds_out)
        *rounds_out = rounds;
    return step;
}

static void assert_same_reply(const struct op *a, const struct op *b)
{
    struct buf left, right;
    assert_int_equal(a->reply.status, b->reply.status);
    assert_int_equal(a->reply.header_count, b->reply.header_count);
    buf_init(&left, 1 << 20);
    buf_init(&right, 1 << 20);
    for (size_t i = 0; i < a->reply.header_count; i++) {
        buf_printf(&left, "%s: %s\n", a->reply.headers[i].name, a->reply.headers[i].value.data);
        buf_printf(&right, "%s: %s\n", b->reply.headers[i].name, b->reply.headers[i].value.data);
    }
    buf_add(&left, buf_slice(&a->reply.body));
    buf_add(&right, buf_slice(&b->reply.body));
    buf_add_char(&left, 0);
    buf_add_char(&right, 0);
    assert_string_equal(left.data, right.data);
    buf_fini(&left);
    buf_fini(&right);
}

static void assert_same_state(const struct world *world)
{
    json_t *a = fake_dump(world->knowing), *b = fake_dump(world->learning);
    bool same = json_equal(a, b);
    if (!same)
        fprintf(stderr, "%s\n%s\n", json_dumps(a, JSON_INDENT(1)), json_dumps(b, JSON_INDENT(1)));
    assert_true(same);
    json_decref(a);
    json_decref(b);
}

static const char *kept(struct world *world, const char *text)
{
    return text ? arena_copy(&world->arena, slice_str(text)) : NULL;
}

/* The same for every reply: an error has its body, no reply has a body without a type. */
static void check_shape(const struct op *op, const struct answer *answer)
{
    if (answer->status >= 400) {
        assert_non_null(answer->body);
        assert_string_equal(answer->content_type, "application/scim+json");
        const char *status = json_string_value(json_object_get(answer->body, "status"));
        assert_non_null(status);
        char expected[16];
        snprintf(expected, sizeof(expected), "%d", answer->status);
        assert_string_equal(status, expected);
        assert_non_null(answer->detail);
    }
    if (answer->status == 204 || answer->status == 304)
        assert_int_equal(op->reply.body.len, 0);
    assert_true((op->reply.body.len > 0) == (op->reply.content_type != NULL));
}

static struct answer answer_of(struct world *world, const struct op *op)
{
    struct answer answer = {.status = op->reply.status,
                            .content_type = op->reply.content_type,
                            .text = arena_copy(&world->arena, buf_slice(&op->reply.body)),
                            .etag = kept(world, request_header(op, "etag")),
                            .location = kept(world, request_header(op, "location")),
                            .content_location = kept(world, request_header(op, "content-location")),
                            .www_authenticate = kept(world, request_header(op, "www-authenticate")),
                            .retry_after = kept(world, request_header(op, "retry-after")),
                            .cache_control = kept(world, request_header(op, "cache-control")),
                            .accept = kept(world, request_header(op, "accept"))};
    if (op->reply.body.len) {
        answer.body = json_loadb(op->reply.body.data, op->reply.body.len, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(answer.body);
        json_array_append_new(world->replies, answer.body);
        answer.scim_type = json_string_value(json_object_get(answer.body, "scimType"));
        answer.detail = json_string_value(json_object_get(answer.body, "detail"));
        const char *id = json_string_value(json_object_get(answer.body, "id"));
        snprintf(answer.id, sizeof(answer.id), "%s", id ? id : "");
    }
    check_shape(op, &answer);
    return answer;
}

/* As after a collision: the job runs to its end, everything that it saw and staged is thrown away, and it runs again.
 */
static enum job_step run_twice(struct op *op, struct view *view, size_t *rounds_out)
{
    struct view *copy = fake_copy(view);
    (void)world_run(op, copy, FAKE_KNOWS_NOTHING, NULL);
    fake_free(copy);
    return world_run(op, view, FAKE_KNOWS_NOTHING, rounds_out);
}

struct answer world_ask(struct world *world, const struct request *request)
{
    struct op *first = world_op(world, request), *second = world_op(world, request);
    second->operation_id = first->operation_id;
    second->fresh_id = first->fresh_id;
    enum job_step step = world_run(first, world->knowing, FAKE_KNOWS_ALL, NULL);
    assert_int_equal(step, run_twice(second, world->learning, &world->rounds));
    assert_same_reply(first, second);
    if (!world->hurried)
        assert_same_state(world);
    assert_true((step == JOB_QUERY) == (first->reply.status == 0));
    struct answer answer = answer_of(world, first);
    request_free(first);
    request_free(second);
    world->now_ms += 1000;
    return answer;
}

const char *world_user(struct world *world, const char *user_name)
{
    struct answer made = ask(world, .method = "POST", .path = "/Users",
                             .body = text_of(world,
                                             "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:User'],"
                                             "'userName':'%s','displayName':'%s'}",
                                             user_name, user_name));
    assert_int_equal(made.status, 201);
    return kept(world, made.id);
}

const char *world_group(struct world *world, const char *display_name, const char *members)
{
    struct answer made = ask(world, .method = "POST", .path = "/Groups",
                             .body = text_of(world,
                                             "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:Group'],"
                                             "'displayName':'%s','members':%s}",
                                             display_name, members ? members : "[]"));
    assert_int_equal(made.status, 201);
    return kept(world, made.id);
}

struct answer world_get(struct world *world, const char *path) { return ask(world, .method = "GET", .path = path); }

json_t *world_members(struct world *world, const char *group)
{
    json_t *dump = fake_dump(world->knowing);
    json_t *members = json_object_get(json_object_get(dump, "memberships"), group);
    members = members ? json_incref(members) : json_object();
    json_array_append_new(world->replies, members);
    json_decref(dump);
    return members;
}
