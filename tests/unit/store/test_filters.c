/* Random filters over random resources: a list of the real service on MariaDB, through whichever lane and index, names
 * the resources that the reference evaluator says match what a GET of each shows, in order of their ids.
 *
 * ROLLCALL_SEED repeats a run, ROLLCALL_STEPS sets how many filters it asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/must.h"
#include "database.h"
#include "scim/filter.h"
#include "store/store.h"
#include "tenant.h"
#include "wild.h"

enum { FILTERS = 10000, USERS = 48, GROUPS = 20, BATCH = 16, IDS = USERS + GROUPS };

static struct db *db;
static struct tenant tenant;
static struct office office;
static struct store *store;

static char id_texts[IDS][ID_UUID_CHARS + 1];
static const char *ids[IDS]; /* of users, then of groups */
static json_t *shown[IDS];   /* as a GET shows them */
static size_t user_count, group_count;

static struct op *op_of(const char *method, const char *path)
{
    return request_op(&tenant.caller, &(struct request){.method = method, .path = path}, 1750000000000);
}

/* Returns whether it was accepted. */
static bool post(const char *path, const json_t *body, char id_out[ID_UUID_CHARS + 1])
{
    struct op *op = op_of("POST", path);
    char *text = json_dumps(body, JSON_COMPACT);
    op->body = arena_slice(&op->arena, slice_str(text));
    free(text);
    office_run(&office, store, &op, 1);
    int status = op->reply.status;
    if (status != 201 && status != 400)
        fail_msg("%d %.*s", status, (int)op->reply.body.len, op->reply.body.data);
    office_body_id(op, id_out);
    request_free(op);
    return status == 201;
}

static json_t *get(const char *path)
{
    struct op *op = op_of("GET", path);
    office_run(&office, store, &op, 1);
    assert_int_equal(op->reply.status, 200);
    json_t *body = json_loadb(op->reply.body.data, op->reply.body.len, 0, NULL);
    must(body);
    request_free(op);
    return body;
}

/* Members and managers are chosen among what was made before. */
static void make(const struct scim_resource_type *type, size_t number, size_t at)
{
    for (bool made = false; !made;) {
        json_scoped *body = wild_resource(type, number, ids, at);
        made = post(type->endpoint, body, id_texts[at]);
    }
    ids[at] = id_texts[at];
}

static void make_all(void)
{
    for (; user_count < USERS; user_count++)
        make(&scim_user_type, user_count, user_count);
    for (; group_count < GROUPS; group_count++)
        make(&scim_group_type, group_count, USERS + group_count);
    for (size_t i = 0; i < IDS; i++)
        shown[i] = get(format("/%s/%s", i < USERS ? "Users" : "Groups", ids[i]));
}

/* --- asking --- */

struct question {
    const struct scim_resource_type *type;
    char *filter;
    struct scim_filter *parsed;
    struct arena arena;
    struct op *op;
};

static void add_escaped(struct buf *out, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        buf_printf(out, "%%%02X", *at);
}

/* A filter that is accepted, and the request that asks it. */
static void ask(struct question *question, struct buf *text)
{
    struct err err = ERR_INIT;
    do {
        question->type = wild_pick(3) ? &scim_user_type : &scim_group_type;
        wild_filter(question->type, ids, IDS, text);
    } while (!scim_filter_parse(slice_str(text->data), question->type, &scim_policy_default, &question->arena,
                                &question->parsed, &err));
    question->filter = arena_copy(&question->arena, slice_str(text->data));
    buf_clear(text);
    buf_printf(text, "%s?attributes=id&count=1000&filter=", question->type->endpoint);
    add_escaped(text, question->filter);
    buf_add_char(text, '\0');
    question->op = op_of("GET", text->data);
    question->op->query = arena_slice(&question->op->arena, question->op->query);
}

static json_t *expected_ids(const struct question *question)
{
    bool users = question->type == &scim_user_type;
    json_t *list = json_array();
    for (size_t i = users ? 0 : USERS; i < (users ? (size_t)USERS : (size_t)IDS); i++)
        if (scim_filter_matches(question->parsed, shown[i]))
            json_array_append_new(list, json_string(ids[i]));
    return list;
}

static json_t *found_ids(const struct op *op)
{
    json_scoped *body = json_loadb(op->reply.body.data, op->reply.body.len, 0, NULL);
    json_t *list = json_array(), *resource;
    size_t i;
    json_array_foreach (json_object_get(body, "Resources"), i, resource)
        json_array_append(list, json_object_get(resource, "id"));
    must(json_array_size(list) == (size_t)json_integer_value(json_object_get(body, "totalResults")));
    return list;
}

static size_t check(const struct question *question)
{
    if (question->op->reply.status != 200) {
        fprintf(stderr, "%s\n", question->filter);
        fail_msg("%d %.*s", question->op->reply.status, (int)question->op->reply.body.len,
                 question->op->reply.body.data);
    }
    json_scoped *expected = expected_ids(question);
    json_scoped *found = found_ids(question->op);
    if (!json_equal(expected, found)) {
        fprintf(stderr, "%s %s\nexpected ", question->type->endpoint, question->filter);
        json_dumpf(expected, stderr, 0);
        fprintf(stderr, "\nfound    ");
        json_dumpf(found, stderr, 0);
        fprintf(stderr, "\n");
        fail();
    }
    return json_array_size(found);
}

/* So many at once, as many clients would ask. Returns how many of them found some and not all. */
static size_t ask_batch(struct buf *text)
{
    struct question questions[BATCH];
    struct op *ops[BATCH];
    size_t telling = 0;
    for (size_t i = 0; i < BATCH; i++) {
        arena_init(&questions[i].arena);
        ask(&questions[i], text);
        ops[i] = questions[i].op;
    }
    office_run(&office, store, ops, BATCH);
    for (size_t i = 0; i < BATCH; i++) {
        size_t found = check(&questions[i]);
        telling += found > 0 && found < (questions[i].type == &scim_user_type ? USERS : GROUPS);
        request_free(ops[i]);
        arena_fini(&questions[i].arena);
    }
    return telling;
}

static void test_F_23_F_25_filters_through_mariadb_find_what_the_reference_finds(void **state)
{
    (void)state;
    const char *steps = getenv("ROLLCALL_STEPS");
    size_t most = steps ? (size_t)strtoull(steps, NULL, 10) : FILTERS, asked = 0, telling = 0;
    struct buf text;
    buf_init(&text, 1 << 20);
    wild_seed();
    make_all();
    for (; asked < most; asked += BATCH)
        telling += ask_batch(&text);
    print_message("%zu filters, %zu of them found some and not all\n", asked, telling);
    assert_true(telling > asked / 4);
    for (size_t i = 0; i < IDS; i++)
        json_decref(shown[i]);
    buf_fini(&text);
}

static int status_of(const char *path)
{
    struct op *op = op_of("GET", path);
    office_run(&office, store, &op, 1);
    int status = op->reply.status;
    assert_true(status == 200 || memmem(op->reply.body.data, op->reply.body.len, "\"tooMany\"", 9));
    request_free(op);
    return status;
}

/* What an index finds is few; what it does not is looked at up to a limit, also when references must be loaded. */
static void test_F_22_R_10_a_scan_that_looks_at_too_much_is_refused(void **state)
{
    (void)state;
    static const char *const scans[] = {
        "/Users?filter=title%20eq%20%22no%22", "/Users?filter=groups.display%20eq%20%22no%22",
        "/Users?filter=userName%20eq%20%22no%22%20or%20title%20eq%20%22no%22",
        "/Groups?filter=members.display%20eq%20%22no%22", "/Users?filter=meta.version%20eq%20%22no%22"};
    for (size_t i = 0; i < sizeof(scans) / sizeof(scans[0]); i++) {
        tenant.settings.max_scan = i == 3 ? GROUPS : USERS;
        assert_int_equal(status_of(scans[i]), 200);
        tenant.settings.max_scan--;
        assert_int_equal(status_of(scans[i]), 400);
    }
    assert_int_equal(status_of(format("/Users?filter=id%%20eq%%20%%22%s%%22", ids[0])), 200);
    assert_int_equal(status_of("/Users?filter=externalId%20eq%20%22a%22"), 200);
}

static int set_up(void **state)
{
    struct err err = ERR_INIT;
    if (database_start(state))
        return -1;
    database_migrate();
    db = database_connect();
    tenant_make(&tenant, db);
    office_init(&office);
    static struct store_settings settings;
    settings =
        (struct store_settings){.db = office_database(), .workers = {1, 1, 2}, .queue_capacity = 1024, .batch = BATCH};
    store = store_start(&settings, &err);
    return store ? 0 : -1;
}

static int tear_down(void **state)
{
    store_stop(store);
    tenant_free(&tenant);
    db_close(db);
    return database_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_F_23_F_25_filters_through_mariadb_find_what_the_reference_finds),
        cmocka_unit_test(test_F_22_R_10_a_scan_that_looks_at_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
