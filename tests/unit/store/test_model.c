/* Random requests in batches, on MariaDB and on the fake directory: the same answers, and the same rows at the end.
 *
 * The fake runs the requests of a batch one after another in the order in which the worker decided on them.
 * ROLLCALL_SEED repeats a run, ROLLCALL_STEPS sets its length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/must.h"
#include "database.h"
#include "model.h"
#include "store/store.h"

#define PATCH_OP   "'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp']"
#define GROUP      "'schemas':['urn:ietf:params:scim:schemas:core:2.0:Group']"
#define USER_URN   "'urn:ietf:params:scim:schemas:core:2.0:User'"
#define ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

enum { STEPS = 3000, MOST_JOBS = 12, NAMES = 40, GROUP_NAMES = 12, MOST_IDS = 14 };

static struct db *db;
static struct tenant tenant;
static struct office office;
static struct store *store;
static uint64_t random_state;
static int64_t now_ms = 1750000000000;

struct ids { /* of resources that are there, and of some that were */
    char list[MOST_IDS][ID_UUID_CHARS + 1];
    size_t count;
};
static struct ids users, groups;

static uint64_t random_below(uint64_t limit) /* xorshift64* */
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (random_state * 2685821657736338717u >> 33) % limit;
}

static bool one_in(uint64_t chances) { return random_below(chances) == 0; }

/* Most of the time one that is there, now and then nobody's. */
static const char *any_id(const struct ids *ids)
{
    if (ids->count == 0 || one_in(30))
        return "01890a5d-ac96-774b-bcce-b302099a8057";
    return ids->list[random_below(ids->count)];
}

static const char *any_member(void) { return any_id(one_in(6) ? &groups : &users); }

static void learn(struct ids *ids, const char *id)
{
    size_t at = ids->count < MOST_IDS ? ids->count++ : (size_t)random_below(MOST_IDS);
    snprintf(ids->list[at], sizeof(ids->list[at]), "%s", id);
}

static void forget(struct ids *ids, const char *path)
{
    for (size_t i = 0; i < ids->count; i++)
        if (strstr(path, ids->list[i]))
            memmove(ids->list[i], ids->list[--ids->count], sizeof(ids->list[i]));
}

static const char *member_list(size_t most)
{
    const char *list = "";
    size_t count = (size_t)random_below(most + 1);
    for (size_t i = 0; i < count; i++)
        list = format("%s%s{'value':'%s'}", list, i ? "," : "", any_member());
    return format("[%s]", list);
}

static const char *user_body(void)
{
    const char *body =
        format("'schemas':[" USER_URN "],'userName':'%s%d'", one_in(5) ? "USER" : "user", (int)random_below(NAMES));
    if (!one_in(3))
        body = format("%s,'displayName':'Name %d'", body, (int)random_below(5));
    if (one_in(2))
        body = format("%s,'emails':[{'value':'m%d@example.com','type':'work'},{'value':'m%d@example.com'}]", body,
                      (int)random_below(9), (int)random_below(9));
    if (one_in(3))
        body = format("%s,'name':{'givenName':'Gi\u0307 %d','familyName':'F%d'}", body, (int)random_below(4),
                      (int)random_below(4));
    if (one_in(3))
        body = format("%s,'externalId':'x%d'", body, (int)random_below(9));
    if (one_in(3))
        body = format("%s,'" ENTERPRISE "':{'employeeNumber':'%d','manager':{'value':'%s'}}", body,
                      (int)random_below(9), any_id(&users));
    return format("{%s}", body);
}

static const char *user_operation(void)
{
    switch (random_below(8)) {
    case 0:
        return format("{'op':'replace','path':'userName','value':'user%d'}", (int)random_below(NAMES));
    case 1:
        return format("{'op':'replace','path':'displayName','value':'Name %d'}", (int)random_below(5));
    case 2:
        return format("{'op':'add','path':'" ENTERPRISE ":manager','value':{'value':'%s'}}", any_id(&users));
    case 3:
        return "{'op':'remove','path':'" ENTERPRISE ":manager'}";
    case 4:
        return format("{'op':'replace','path':'emails[type eq \\'work\\'].value','value':'m%d@example.com'}",
                      (int)random_below(9));
    case 5:
        return format("{'op':'replace','value':{'active':%s}}", one_in(2) ? "true" : "false");
    case 6:
        return "{'op':'remove','path':'emails'}";
    default:
        return one_in(6) ? "{'op':'remove','path':'userName'}" : "{'op':'add','path':'title','value':'t'}";
    }
}

static const char *group_operation(void)
{
    switch (random_below(8)) {
    case 0:
        return format("{'op':'replace','path':'displayName','value':'Group %d'}", (int)random_below(GROUP_NAMES));
    case 1:
        return format("{'op':'replace','path':'members','value':%s}", member_list(4));
    case 2:
        return format("{'op':'remove','path':'members[value eq \\'%s\\']'}", any_member());
    case 3:
        return format("{'op':'remove','path':'members','value':%s}", member_list(3));
    case 4:
        return one_in(2) ? "{'op':'remove','path':'members[type eq \\'Group\\']'}"
                         : format("{'op':'remove','path':'members[display co \\'%d\\']'}", (int)random_below(5));
    case 5:
        return one_in(3) ? "{'op':'remove','path':'members'}" : "{'op':'add','path':'members','value':[]}";
    default:
        return format("{'op':'add','path':'members','value':%s}", member_list(4));
    }
}

static const char *patch_body(const char *(*operation)(void))
{
    const char *list = operation();
    while (one_in(3))
        list = format("%s,%s", list, operation());
    return format("{" PATCH_OP ",'Operations':[%s]}", list);
}

static const char *projection(void)
{
    static const char *const queries[] = {"?attributes=members", "?excludedAttributes=displayName",
                                          "?attributes=displayName,groups,members",
                                          "?excludedAttributes=members,groups"};
    return one_in(3) ? queries[random_below(4)] : "";
}

static struct request user_change(void)
{
    const char *path = format("/Users/%s%s", any_id(&users), projection());
    switch (random_below(10)) {
    case 0:
    case 1:
    case 2:
        return (struct request){.method = "POST", .path = format("/Users%s", projection()), .body = user_body()};
    case 3:
    case 4:
        return (struct request){.method = "PUT", .path = path, .body = user_body()};
    case 5:
        return (struct request){.method = "DELETE", .path = path};
    default:
        return (struct request){.method = "PATCH", .path = path, .body = patch_body(user_operation)};
    }
}

static struct request group_change(void)
{
    const char *path = format("/Groups/%s%s", any_id(&groups), projection());
    const char *body =
        format("{" GROUP ",'displayName':'Group %d','members':%s}", (int)random_below(GROUP_NAMES), member_list(6));
    switch (random_below(12)) {
    case 0:
    case 1:
        return (struct request){.method = "POST", .path = format("/Groups%s", projection()), .body = body};
    case 2:
    case 3:
        return (struct request){.method = "PUT", .path = path, .body = body};
    case 4:
        return (struct request){.method = "DELETE", .path = path};
    default:
        return (struct request){.method = "PATCH", .path = path, .body = patch_body(group_operation)};
    }
}

static struct request any_change(void)
{
    struct request request = one_in(2) ? user_change() : group_change();
    if (one_in(8))
        request.if_match = one_in(2) ? "*" : format("W/\"%d\"", (int)random_below(4) + 1);
    if (one_in(20))
        request.if_none_match = format("W/\"%d\"", (int)random_below(4) + 1);
    return request;
}

static const char *filter_term(void)
{
    switch (random_below(8)) {
    case 0:
        return format("emails.value%%20eq%%20%%22m%d@example.com%%22", (int)random_below(9));
    case 1:
        return format("emails[type%%20eq%%20%%22work%%22%%20and%%20value%%20eq%%20%%22m%d@EXAMPLE.com%%22]",
                      (int)random_below(9));
    case 2:
        return format("externalId%%20eq%%20%%22x%d%%22", (int)random_below(9));
    case 3:
        return format("name.familyName%%20eq%%20%%22f%d%%22", (int)random_below(4));
    case 4:
        return format("(manager%%20eq%%20%%22%s%%22%%20and%%20manager.displayName%%20pr)", any_id(&users));
    case 5:
        return format("employeeNumber%%20eq%%20%%22%d%%22", (int)random_below(9));
    default:
        return format("userName%%20eq%%20%%22user%d%%22", (int)random_below(NAMES));
    }
}

static struct request any_read(void)
{
    const char *path = format("/Users?filter=%s", filter_term());
    while (one_in(3))
        path = format("%s%%20or%%20%s", path, filter_term());
    if (one_in(4))
        path = format("%s&count=%d&startIndex=%d", path, (int)random_below(3), (int)random_below(3));
    if (one_in(2))
        path = one_in(3) ? format("/Groups/%s?excludedAttributes=members", any_id(&groups))
                         : format("/Users/%s%s", any_id(&users), projection());
    return (struct request){.method = "GET", .path = path};
}

/* --- running --- */

struct ordered { /* an op, and when the worker decided on it for the last time */
    struct op *op;
    struct request request;
    size_t decided;
    bool is_elsewhere; /* handed to the query lane, which is not tried here */
};
static struct ordered batch[MOST_JOBS];
static size_t batch_count, decisions;

static enum job_step ordered_step(struct job *job, struct view *view)
{
    enum job_step step = op_job_class.step(job, view);
    for (size_t i = 0; step != JOB_WANTS && i < batch_count; i++) {
        if (&batch[i].op->job != job)
            continue;
        batch[i].decided = ++decisions;
        batch[i].is_elsewhere = step == JOB_QUERY;
    }
    return step == JOB_QUERY ? JOB_DONE : step;
}

static void ordered_fail(struct job *job, const struct err *err) { (op_job_class.fail)(job, err); }
static const struct job_class ordered_class = {.step = ordered_step, .fail = ordered_fail};

static int compare_decisions(const void *a, const void *b)
{
    const struct ordered *left = a, *right = b;
    return (left->decided > right->decided) - (left->decided < right->decided);
}

static bool same(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

static void compare(const struct ordered *ordered)
{
    const struct op *op = ordered->op;
    if (ordered->is_elsewhere)
        return;
    json_t *expected = model_ask(&ordered->request, op);
    const char *body = json_string_value(json_object_get(expected, "body"));
    const char *etag = json_string_value(json_object_get(expected, "etag"));
    const char *location = json_string_value(json_object_get(expected, "location"));
    int status = (int)json_integer_value(json_object_get(expected, "status"));
    bool equal = status == op->reply.status && same(etag, request_header(op, "etag")) &&
                 same(location, request_header(op, "location")) &&
                 slice_equals(slice_str(body), buf_slice(&op->reply.body));
    if (!equal) {
        for (size_t i = 0; i < batch_count; i++)
            fprintf(stderr, "%s %s %s\n", batch[i].request.method, batch[i].request.path,
                    batch[i].request.body ? batch[i].request.body : "");
        fprintf(stderr, "\n%s %s %s\nmodel   %d %s %s\nMariaDB %d %s %.*s\n", ordered->request.method,
                ordered->request.path, ordered->request.body ? ordered->request.body : "", status, etag ? etag : "-",
                body, op->reply.status, request_header(op, "etag") ? request_header(op, "etag") : "-",
                (int)op->reply.body.len, op->reply.body.len ? op->reply.body.data : "");
        fail_msg("%s", "the model answers something else"); /* cmocka cuts long messages off */
    }
    if (status == 201) {
        char id[ID_UUID_CHARS + 1];
        id_to_uuid(&op->fresh_id.id, id);
        learn(ordered->request.path[1] == 'U' ? &users : &groups, id);
    }
    if (status == 204 && ordered->request.method[0] == 'D' && !one_in(4))
        forget(ordered->request.path[1] == 'U' ? &users : &groups, ordered->request.path);
    json_decref(expected);
}

static void run_batch(size_t count, struct request (*any)(void))
{
    struct op *ops[MOST_JOBS];
    batch_count = count;
    for (size_t i = 0; i < count; i++) {
        batch[i] = (struct ordered){.request = any()};
        batch[i].op = ops[i] = request_op(&tenant.caller, &batch[i].request, now_ms += 7);
        ops[i]->job.class = &ordered_class;
    }
    office_run(&office, store, ops, count);
    qsort(batch, count, sizeof(batch[0]), compare_decisions);
    for (size_t i = 0; i < count; i++)
        compare(&batch[i]);
    for (size_t i = 0; i < count; i++)
        request_free(ops[i]);
}

static void compare_all(void)
{
    json_t *expected = model_dump(), *found = model_dump_database(db);
    bool equal = json_equal(expected, found);
    if (!equal) {
        json_dump_file(expected, "/tmp/rollcall-model.json", JSON_INDENT(1) | JSON_SORT_KEYS);
        json_dump_file(found, "/tmp/rollcall-mariadb.json", JSON_INDENT(1) | JSON_SORT_KEYS);
    }
    json_decref(expected);
    json_decref(found);
    if (!equal)
        fail_msg("%s", "the rows differ: see /tmp/rollcall-model.json and /tmp/rollcall-mariadb.json");
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void test_mariadb_answers_like_the_model(void **state)
{
    (void)state;
    uint64_t seed = number_from("ROLLCALL_SEED", clock_monotonic_ns() % 1000000000);
    uint64_t steps = number_from("ROLLCALL_STEPS", STEPS);
    fprintf(stderr, "ROLLCALL_SEED=%llu\n", (unsigned long long)seed);
    random_state = seed * 2654435761u + 88172645463325252u;
    for (uint64_t done = 0, turn = 0; done < steps; turn++) {
        size_t count = one_in(4) ? 1 : 1 + (size_t)random_below(MOST_JOBS);
        bool reads = one_in(3);
        run_batch(count, reads ? any_read : any_change);
        done += count;
        if (turn % 50 == 49)
            compare_all();
    }
    compare_all();
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
    settings = (struct store_settings){
        .db = office_database(), .workers = {1, 1, 0}, .queue_capacity = 1024, .batch = MOST_JOBS};
    store = store_start(&settings, &err);
    model_start(FAKE_DIRECTORY, &tenant);
    return store ? 0 : -1;
}

static int tear_down(void **state)
{
    model_stop();
    store_stop(store);
    tenant_free(&tenant);
    db_close(db);
    return database_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mariadb_answers_like_the_model)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
