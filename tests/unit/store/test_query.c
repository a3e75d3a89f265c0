#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/must.h"
#include "database.h"
#include "scim/schema.h"
#include "store/query.h"
#include "store/rules.h"

static struct db *db;
static struct err err;
static struct arena arena;
static struct organization_id organization;
static struct directory_id here, elsewhere;
static struct token_id token;

/* Ids that sort by number: users from 1, groups from 1,000,000. */
static struct resource_id resource_id(unsigned number)
{
    struct resource_id id = {.id.bytes = {0x01, 0x90}};
    for (unsigned i = 0; i < 4; i++)
        id.id.bytes[12 + i] = (uint8_t)(number >> (24 - 8 * i));
    return id;
}

enum { USERS = 2500, FIRST_GROUP = 1000000, BIG_GROUP = FIRST_GROUP, SMALL_GROUP };

static void execute(const char *sql, const struct db_value *values, size_t count)
{
    must(db_execute(db, sql, values, count, NULL, &err));
}

static void add_directory(struct directory_id *directory)
{
    directory->id = id_new();
    const struct db_value values[] = {db_id(&directory->id), db_id(&organization.id),
                                      db_bytes(SLICE_LITERAL("{\"strict\":true}"))};
    execute(
        "INSERT INTO directory (id, organization_id, name, policy, created_ms, updated_ms) VALUES (?, ?, '', ?, 1, 1)",
        values, 3);
}

static void add_resource(struct directory_id directory, uint16_t type, unsigned number, const char *name,
                         unsigned manager)
{
    char document[64];
    struct resource_id id = resource_id(number), manager_id = resource_id(manager);
    snprintf(document, sizeof(document), "{\"userName\":\"%s\"", name);
    const struct db_value values[] = {
        db_id(&directory.id),
        db_integer(type),
        db_id(&id.id),
        db_bytes(slice_str(name)),
        db_bytes(slice_str(name)),
        db_bytes(slice_str(name)),
        manager ? db_id(&manager_id.id) : db_null(),
        db_integer((int64_t)number + 5),
        db_bytes(slice_str(document)),
    };
    execute("INSERT INTO resource (directory_id, type, id, unique_key, external_key, display, manager_id, version, "
            "document, open_braces, created_ms, modified_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 100, 200)",
            values, 9);
}

static void add_value(unsigned number, uint16_t code, struct slice key)
{
    struct resource_id id = resource_id(number);
    const struct db_value values[] = {db_id(&here.id), db_integer(code), db_bytes(key), db_id(&id.id)};
    execute(
        "INSERT INTO attribute_value (directory_id, type, attribute, value_key, resource_id) VALUES (?, 1, ?, ?, ?)",
        values, 4);
}

static void add_member(unsigned group, uint16_t type, unsigned number)
{
    struct resource_id group_id = resource_id(group), id = resource_id(number);
    const struct db_value values[] = {db_id(&here.id), db_id(&group_id.id), db_integer(type), db_id(&id.id)};
    execute("INSERT INTO membership (directory_id, group_id, member_type, member_id) VALUES (?, ?, ?, ?)", values, 4);
}

static void add_organization(void)
{
    struct environment_id environment = {id_new()};
    organization.id = id_new();
    const struct db_value one[] = {db_id(&environment.id)};
    execute("INSERT INTO environment (id, name, created_ms, updated_ms) VALUES (?, 'test', 1, 1)", one, 1);
    const struct db_value two[] = {db_id(&organization.id), db_id(&environment.id)};
    execute(
        "INSERT INTO organization (id, environment_id, display_name, domains, created_ms, updated_ms) VALUES (?, ?, "
        "'', '[]', 1, 1)",
        two, 2);
}

static void add_resources(void)
{
    char name[32];
    for (unsigned i = 1; i <= USERS; i++) {
        snprintf(name, sizeof(name), "user%04u", i);
        add_resource(here, SCIM_TYPE_USER, i, name, i % 10 == 0 ? i - 1 : 0);
    }
    for (unsigned i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "group%02u", i);
        add_resource(here, SCIM_TYPE_GROUP, FIRST_GROUP + i, name, 0);
    }
    add_resource(elsewhere, SCIM_TYPE_USER, 1, "user0001", 0);
    add_resource(elsewhere, SCIM_TYPE_USER, USERS + 1, "stranger", 0);
}

static void add_token(void)
{
    token.id = id_new();
    const struct db_value values[] = {db_id(&here.id), db_id(&token.id)};
    execute(
        "INSERT INTO scim_token (directory_id, id, hash, pepper_version, scopes, label, hint, created_ms) VALUES (?, "
        "?, REPEAT('h', 32), 3, 5, '', '', 1)",
        values, 2);
}

static int fill_database(void **state)
{
    if (database_start(state) != 0)
        return 1;
    database_migrate();
    arena_init(&arena);
    db = database_connect();
    must(db_begin(db, &err));
    add_organization();
    add_directory(&here);
    add_directory(&elsewhere);
    add_resources();
    for (unsigned i = 1; i <= USERS; i++)
        add_member(BIG_GROUP, SCIM_TYPE_USER, i);
    add_member(SMALL_GROUP, SCIM_TYPE_USER, 7);
    add_member(SMALL_GROUP, SCIM_TYPE_GROUP, FIRST_GROUP + 5);
    for (unsigned i = 2; i < 40; i++)
        add_member(FIRST_GROUP + i, SCIM_TYPE_USER, 11);
    add_token();
    must(db_commit(db, &err));
    return 0;
}

static int end_database(void **state)
{
    db_close(db);
    arena_fini(&arena);
    return database_stop(state);
}

struct seen { /* what a visit met: their numbers, in order */
    unsigned numbers[USERS + 1];
    size_t count, stop_after; /* 0: never */
    struct view_resource last;
    char name[32];
};

static unsigned number_of(struct resource_id id)
{
    const uint8_t *bytes = &id.id.bytes[12];
    return (unsigned)bytes[0] << 24 | (unsigned)bytes[1] << 16 | (unsigned)bytes[2] << 8 | bytes[3];
}

static bool see(const struct view_resource *row, void *context)
{
    struct seen *seen = context;
    must(seen->count <= USERS);
    seen->numbers[seen->count++] = number_of(row->id);
    seen->last = *row;
    snprintf(seen->name, sizeof(seen->name), "%.*s", (int)row->unique_key.len, row->unique_key.data);
    return seen->count != seen->stop_after;
}

static void assert_range(const struct seen *seen, unsigned first, size_t count)
{
    assert_int_equal(seen->count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(seen->numbers[i], first + i);
}

static void test_pages_are_cut_from_the_list_of_ids(void **state)
{
    (void)state;
    static const struct {
        uint64_t offset, limit;
        unsigned first;
        size_t count;
    } pages[] = {{0, 10, 1, 10}, {10, 10, 11, 10}, {2495, 10, 2496, 5},           {2500, 10, 0, 0},
                 {0, 0, 0, 0},   {0, 1, 1, 1},     {1, UINT64_MAX, 2, USERS - 1}, {UINT64_MAX, 5, 0, 0}};
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct seen seen = {0};
        assert_true(store_page(db, here, SCIM_TYPE_USER, pages[i].offset, pages[i].limit, see, &seen, &err));
        assert_range(&seen, pages[i].first, pages[i].count);
    }
    struct seen groups = {0}, strangers = {0};
    assert_true(store_page(db, here, SCIM_TYPE_GROUP, 0, 100, see, &groups, &err));
    assert_range(&groups, FIRST_GROUP, 40);
    assert_true(store_page(db, elsewhere, SCIM_TYPE_USER, 1, 100, see, &strangers, &err));
    assert_range(&strangers, USERS + 1, 1);
}

static void test_a_walk_by_id_meets_everything_once(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct resource_id after = {0};
    size_t before;
    do {
        before = seen.count;
        assert_true(store_page_after(db, here, SCIM_TYPE_USER, after, 700, see, &seen, &err));
        after = seen.last.id;
    } while (seen.count > before);
    assert_range(&seen, 1, USERS);
}

static void test_a_visit_may_stop(void **state)
{
    (void)state;
    struct seen seen = {.stop_after = 3};
    assert_true(store_page(db, here, SCIM_TYPE_USER, 0, 100, see, &seen, &err));
    assert_range(&seen, 1, 3);
    seen.count = 0;
    assert_true(store_page_after(db, here, SCIM_TYPE_USER, (struct resource_id){0}, 100, see, &seen, &err));
    assert_range(&seen, 1, 3);
}

static void test_a_resource_comes_with_all_its_columns(void **state)
{
    (void)state;
    const struct view_resource *row;
    assert_true(store_resource(db, here, SCIM_TYPE_USER, resource_id(20), &arena, &row, &err));
    assert_non_null(row);
    assert_int_equal(row->type, SCIM_TYPE_USER);
    assert_int_equal(row->version, 25);
    assert_int_equal(row->created_ms, 100);
    assert_int_equal(row->modified_ms, 200);
    assert_true(slice_equals(row->stored.text, SLICE_LITERAL("{\"userName\":\"user0020\"")));
    assert_int_equal(row->stored.open_braces, 1);
    assert_true(slice_equals(row->external_key, SLICE_LITERAL("user0020")));
    assert_true(slice_equals(row->display, SLICE_LITERAL("user0020")));
    assert_true(row->has_manager && row->manager_known && number_of(row->manager_id) == 19);
    assert_true(slice_equals(row->manager_display, SLICE_LITERAL("user0019")));

    assert_true(store_resource(db, here, SCIM_TYPE_USER, resource_id(21), &arena, &row, &err));
    assert_true(!row->has_manager && !row->manager_known);
}

static void test_an_unknown_manager_is_kept_but_not_known(void **state)
{
    (void)state;
    assert_true(db_begin(db, &err));
    add_resource(here, SCIM_TYPE_USER, 9001, "managed by a stranger", USERS + 1);
    add_resource(here, SCIM_TYPE_USER, 9002, "managed by a group", FIRST_GROUP);
    for (unsigned i = 9001; i <= 9002; i++) {
        const struct view_resource *row;
        assert_true(store_resource(db, here, SCIM_TYPE_USER, resource_id(i), &arena, &row, &err));
        assert_true(row->has_manager && !row->manager_known && row->manager_display.len == 0);
    }
    db_rollback(db);
}

static void test_a_resource_of_another_directory_or_type_is_not_found(void **state)
{
    (void)state;
    const struct view_resource *row;
    assert_true(store_resource(db, here, SCIM_TYPE_USER, resource_id(USERS + 1), &arena, &row, &err));
    assert_null(row);
    assert_true(store_resource(db, here, SCIM_TYPE_GROUP, resource_id(1), &arena, &row, &err));
    assert_null(row);
}

static void candidates(uint16_t type, const struct scim_plan *plan, uint64_t limit, struct seen *seen)
{
    *seen = (struct seen){0};
    assert_true(store_candidates(db, here, type, plan, (struct resource_id){0}, limit, see, seen, &err));
}

static void test_plans_by_key_find_the_one(void **state)
{
    (void)state;
    struct seen seen;
    struct scim_plan plan = {.kind = SCIM_PLAN_UNIQUE, .key = SLICE_LITERAL("user0042")};
    candidates(SCIM_TYPE_USER, &plan, 10, &seen);
    assert_range(&seen, 42, 1);
    assert_string_equal(seen.name, "user0042");
    candidates(SCIM_TYPE_GROUP, &plan, 10, &seen);
    assert_range(&seen, 0, 0);
    candidates(SCIM_TYPE_USER, &plan, 0, &seen);
    assert_range(&seen, 0, 0);
    plan.kind = SCIM_PLAN_EXTERNAL;
    candidates(SCIM_TYPE_USER, &plan, 10, &seen);
    assert_range(&seen, 42, 1);
    plan.key = SLICE_LITERAL("stranger");
    candidates(SCIM_TYPE_USER, &plan, 10, &seen);
    assert_range(&seen, 0, 0);
    plan.kind = SCIM_PLAN_NOTHING;
    candidates(SCIM_TYPE_USER, &plan, 10, &seen);
    assert_range(&seen, 0, 0);
}

static void test_a_plan_by_id_wants_the_canonical_form(void **state)
{
    (void)state;
    char text[ID_UUID_CHARS + 1];
    struct seen seen;
    struct resource_id id = resource_id(0xabc);
    id_to_uuid(&id.id, text);
    struct scim_plan plan = {.kind = SCIM_PLAN_ID, .text = slice_str(text)};
    assert_true(db_begin(db, &err));
    add_resource(here, SCIM_TYPE_USER, 0xabc, "abc", 0);
    candidates(SCIM_TYPE_USER, &plan, 10, &seen);
    assert_range(&seen, 0xabc, 1);
    text[ID_UUID_CHARS - 1] = 'C';
    candidates(SCIM_TYPE_USER, &plan, 10, &seen);
    assert_range(&seen, 0, 0);
    plan.text = SLICE_LITERAL("not an id");
    candidates(SCIM_TYPE_USER, &plan, 10, &seen);
    assert_range(&seen, 0, 0);
    db_rollback(db);
}

static void test_plans_by_value_come_in_the_order_of_ids_and_once(void **state)
{
    (void)state;
    struct seen seen;
    assert_true(db_begin(db, &err));
    for (unsigned i = 5; i > 0; i--) {
        add_value(i, SCIM_INDEX_EMAIL, SLICE_LITERAL("same@example.com"));
        add_value(i, SCIM_INDEX_EMAIL, i % 2 ? SLICE_LITERAL("sam") : SLICE_LITERAL("sz"));
        add_value(i, SCIM_INDEX_GIVEN_NAME, SLICE_LITERAL("same name"));
    }
    add_value(6, SCIM_INDEX_EMAIL, SLICE_LITERAL("sa"));
    add_value(7, SCIM_INDEX_EMAIL, SLICE_LITERAL("s\xff\xff"));
    add_value(8, SCIM_INDEX_EMAIL, SLICE_LITERAL("t"));

    struct scim_plan plan = {
        .kind = SCIM_PLAN_ATTRIBUTE, .code = SCIM_INDEX_EMAIL, .key = SLICE_LITERAL("same@example.com")};
    candidates(SCIM_TYPE_USER, &plan, 100, &seen);
    assert_range(&seen, 1, 5);
    candidates(SCIM_TYPE_USER, &plan, 2, &seen);
    assert_range(&seen, 1, 2);

    static const struct {
        const char *prefix;
        unsigned first;
        size_t count;
    } prefixes[] = {{"same", 1, 5},  {"sa", 1, 6},  {"s", 1, 7}, {"", 1, 8}, {"same@example.com.au", 0, 0},
                    {"s\xff", 7, 1}, {"\xff", 0, 0}};
    plan.kind = SCIM_PLAN_PREFIX;
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        plan.key = slice_str(prefixes[i].prefix);
        candidates(SCIM_TYPE_USER, &plan, 100, &seen);
        assert_range(&seen, prefixes[i].first, prefixes[i].count);
    }
    plan.key = SLICE_LITERAL("sa");
    candidates(SCIM_TYPE_USER, &plan, 3, &seen);
    assert_range(&seen, 1, 3);
    db_rollback(db);
}

static void test_plans_by_membership(void **state)
{
    (void)state;
    char text[ID_UUID_CHARS + 1];
    struct seen seen;
    struct resource_id id = resource_id(11);
    id_to_uuid(&id.id, text);
    struct scim_plan plan = {.kind = SCIM_PLAN_HAS_MEMBER, .text = slice_str(text)};
    candidates(SCIM_TYPE_GROUP, &plan, 100, &seen);
    assert_int_equal(seen.count, 39);
    assert_int_equal(seen.numbers[0], BIG_GROUP);
    assert_int_equal(seen.numbers[1], FIRST_GROUP + 2);
    candidates(SCIM_TYPE_USER, &plan, 100, &seen);
    assert_range(&seen, 0, 0);

    id = resource_id(FIRST_GROUP + 5);
    id_to_uuid(&id.id, text);
    candidates(SCIM_TYPE_GROUP, &plan, 100, &seen);
    assert_range(&seen, SMALL_GROUP, 1);

    id = resource_id(SMALL_GROUP);
    id_to_uuid(&id.id, text);
    plan.kind = SCIM_PLAN_IN_GROUP;
    candidates(SCIM_TYPE_USER, &plan, 100, &seen);
    assert_range(&seen, 7, 1);
    candidates(SCIM_TYPE_GROUP, &plan, 100, &seen);
    assert_range(&seen, FIRST_GROUP + 5, 1);
}

static void test_groups_of_many_members_belong_to_the_right_ones(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 8, 9, 33, 128, 129, 400};
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        size_t count = counts[c];
        struct resource_id ids[400];
        struct view_refs refs[400];
        for (size_t i = 0; i < count; i++) /* backwards, 11 and unknown ones among them, some twice */
            ids[i] = resource_id(i % 5 == 4 ? 777777 : (unsigned)(count - i + 9) / 2 + 6);
        assert_true(store_groups_of(db, here, SCIM_TYPE_USER, ids, count, &arena, refs, &err));
        for (size_t i = 0; i < count; i++) {
            unsigned number = number_of(ids[i]);
            size_t expected = number == 777777 ? 0 : number == 11 ? 39 : number == 7 ? 2 : 1;
            assert_int_equal(refs[i].count, expected);
            for (size_t r = 1; r < expected; r++)
                assert_true(id_compare(&refs[i].list[r - 1].id.id, &refs[i].list[r].id.id) < 0);
            if (expected) {
                assert_int_equal(number_of(refs[i].list[0].id), BIG_GROUP);
                assert_int_equal(refs[i].list[0].type, SCIM_TYPE_GROUP);
                assert_true(slice_equals(refs[i].list[0].display, SLICE_LITERAL("group00")));
            }
        }
    }
    assert_true(store_groups_of(db, here, SCIM_TYPE_USER, NULL, 0, &arena, NULL, &err));
}

struct members {
    unsigned next, groups;
    size_t count, stop_after;
};

static bool see_member(const struct scim_group_ref *ref, void *context)
{
    struct members *members = context;
    char name[32];
    unsigned number = number_of(ref->id);
    snprintf(name, sizeof(name), number >= FIRST_GROUP ? "group%02u" : "user%04u", number % FIRST_GROUP);
    must(slice_equals(ref->display, slice_str(name)));
    must(number > members->next);
    members->next = number;
    members->groups += ref->type == SCIM_TYPE_GROUP;
    return ++members->count != members->stop_after;
}

static void test_members_of_a_large_group_come_in_order(void **state)
{
    (void)state;
    struct members members = {0};
    assert_true(store_members_of(db, here, resource_id(BIG_GROUP), see_member, &members, &err));
    assert_int_equal(members.count, USERS);
    assert_int_equal(members.groups, 0);
    for (size_t stop = 999; stop < 1002; stop++) {
        members = (struct members){.stop_after = stop};
        assert_true(store_members_of(db, here, resource_id(BIG_GROUP), see_member, &members, &err));
        assert_int_equal(members.count, stop);
    }
    members = (struct members){0};
    assert_true(store_members_of(db, here, resource_id(SMALL_GROUP), see_member, &members, &err));
    assert_int_equal(members.count, 2);
    assert_int_equal(members.groups, 1);
    members = (struct members){0};
    assert_true(store_members_of(db, elsewhere, resource_id(BIG_GROUP), see_member, &members, &err));
    assert_int_equal(members.count, 0);
}

static void test_membership_of_one(void **state)
{
    (void)state;
    bool is_member;
    assert_true(store_is_member(db, here, resource_id(SMALL_GROUP), resource_id(7), &is_member, &err));
    assert_true(is_member);
    assert_true(store_is_member(db, here, resource_id(SMALL_GROUP), resource_id(8), &is_member, &err));
    assert_false(is_member);
    assert_true(store_is_member(db, elsewhere, resource_id(SMALL_GROUP), resource_id(7), &is_member, &err));
    assert_false(is_member);
}

static void test_counts_come_from_the_counter(void **state)
{
    (void)state;
    uint64_t count = 99;
    assert_true(store_count(db, here, SCIM_TYPE_USER, &count, &err));
    assert_int_equal(count, 0);
    const struct db_value directory = db_id(&here.id);
    assert_true(db_begin(db, &err));
    execute("INSERT INTO resource_count VALUES (?, 1, 2500)", &directory, 1);
    assert_true(store_count(db, here, SCIM_TYPE_USER, &count, &err));
    assert_int_equal(count, 2500);
    db_rollback(db);
}

static bool token_is_live(void)
{
    struct view_token row;
    bool found;
    assert_true(store_token_load(db, here, token, &row, &found, &err));
    assert_true(found);
    store_rules_unref(row.rules);
    return row.live;
}

static void test_a_token_comes_with_its_directory(void **state)
{
    (void)state;
    struct view_token row;
    bool found;
    assert_true(store_token_load(db, here, token, &row, &found, &err));
    assert_true(found && row.live && row.rules->policy.strict);
    store_rules_unref(row.rules);
    assert_true(id_equals(&row.organization.id, &organization.id));
    assert_true(id_equals(&row.directory.id, &here.id) && id_equals(&row.id.id, &token.id));
    assert_int_equal(row.state, VIEW_DIRECTORY_ACTIVE);
    assert_memory_equal(row.hash, "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", 32);
    assert_int_equal(row.pepper_version, 3);
    assert_int_equal(row.scopes, 5);
    assert_int_equal(row.last_used_ms, 0);
    assert_true(store_token_load(db, elsewhere, token, &row, &found, &err));
    assert_false(found);
}

static void test_revoked_and_expired_tokens_are_dead(void **state)
{
    (void)state;
    static const struct {
        const char *change;
        bool live;
    } changes[] = {
        {"UPDATE scim_token SET expires_ms = UNIX_TIMESTAMP() * 1000 - 1000", false},
        {"UPDATE scim_token SET expires_ms = UNIX_TIMESTAMP() * 1000 + 60000", true},
        {"UPDATE scim_token SET revoked_ms = 1", false},
    };
    assert_true(db_begin(db, &err));
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        execute(changes[i].change, NULL, 0);
        assert_int_equal(token_is_live(), changes[i].live);
    }
    db_rollback(db);
    assert_true(token_is_live());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_are_cut_from_the_list_of_ids),
        cmocka_unit_test(test_a_walk_by_id_meets_everything_once),
        cmocka_unit_test(test_a_visit_may_stop),
        cmocka_unit_test(test_a_resource_comes_with_all_its_columns),
        cmocka_unit_test(test_an_unknown_manager_is_kept_but_not_known),
        cmocka_unit_test(test_a_resource_of_another_directory_or_type_is_not_found),
        cmocka_unit_test(test_plans_by_key_find_the_one),
        cmocka_unit_test(test_a_plan_by_id_wants_the_canonical_form),
        cmocka_unit_test(test_plans_by_value_come_in_the_order_of_ids_and_once),
        cmocka_unit_test(test_plans_by_membership),
        cmocka_unit_test(test_groups_of_many_members_belong_to_the_right_ones),
        cmocka_unit_test(test_members_of_a_large_group_come_in_order),
        cmocka_unit_test(test_membership_of_one),
        cmocka_unit_test(test_counts_come_from_the_counter),
        cmocka_unit_test(test_a_token_comes_with_its_directory),
        cmocka_unit_test(test_revoked_and_expired_tokens_are_dead),
    };
    return cmocka_run_group_tests(tests, fill_database, end_database);
}
