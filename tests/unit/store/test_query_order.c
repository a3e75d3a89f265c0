/* Walks along the orders that indexes hold: from any place, in both directions, with and without values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/must.h"
#include "database.h"
#include "scim/schema.h"
#include "store/query.h"

enum { USERS = 120, CODE = SCIM_INDEX_FAMILY_NAME };

static struct db *db;
static struct err err;
static struct arena arena;
static struct directory_id here, elsewhere;

static struct resource_id resource_id(unsigned number)
{
    struct resource_id id = {.id.bytes = {0x01, 0x90}};
    id.id.bytes[14] = (uint8_t)(number >> 8);
    id.id.bytes[15] = (uint8_t)number;
    return id;
}

static unsigned number_of(const struct resource_id *id) { return (unsigned)id->id.bytes[14] << 8 | id->id.bytes[15]; }

static void execute(const char *sql, const struct db_value *values, size_t count)
{
    must(db_execute(db, sql, values, count, NULL, &err));
}

static void add_tenant(struct directory_id *directory)
{
    static struct environment_id environment;
    static struct organization_id organization;
    if (id_is_zero(&environment.id)) {
        environment.id = id_new();
        organization.id = id_new();
        const struct db_value values[] = {db_id(&organization.id), db_id(&environment.id)};
        execute("INSERT INTO environment (id, name, created_ms, updated_ms) VALUES (?, 'test', 1, 1)", &values[1], 1);
        execute("INSERT INTO organization (id, environment_id, display_name, domains, created_ms, updated_ms) "
                "VALUES (?, ?, '', '[]', 1, 1)",
                values, 2);
    }
    directory->id = id_new();
    const struct db_value values[] = {db_id(&directory->id), db_id(&organization.id)};
    execute("INSERT INTO directory (id, organization_id, name, policy, created_ms, updated_ms) "
            "VALUES (?, ?, '', '{}', 1, 1)",
            values, 2);
}

/* What a user's keys are, or an empty one. Every fifth has no family name, every third no externalId. */
static struct slice key_of(enum scim_sort_way way, unsigned number, char text[16])
{
    unsigned key = way == SCIM_SORT_UNIQUE ? number * 37 % 1000 : number * 7 % 11;
    bool none = (way == SCIM_SORT_EXTERNAL && number % 3 == 0) || (way == SCIM_SORT_ATTRIBUTE && number % 5 == 0);
    snprintf(text, 16, "k%03u", key);
    return none || way == SCIM_SORT_ID || way == SCIM_SORT_ABSENT ? SLICE_EMPTY : slice_str(text);
}

static void add_user(struct directory_id directory, unsigned number)
{
    char unique[16], external[16], family[16];
    struct resource_id id = resource_id(number);
    struct slice name = key_of(SCIM_SORT_ATTRIBUTE, number, family);
    const struct db_value row[] = {db_id(&directory.id), db_id(&id.id),
                                   db_bytes(key_of(SCIM_SORT_UNIQUE, number, unique)),
                                   db_bytes_or_null(key_of(SCIM_SORT_EXTERNAL, number, external))};
    execute("INSERT INTO resource (directory_id, type, id, unique_key, external_key, version, document, open_braces, "
            "created_ms, modified_ms) VALUES (?, 1, ?, ?, ?, 1, '{', 1, 100, 200)",
            row, 4);
    const struct db_value value[] = {db_id(&directory.id), db_integer(CODE), db_bytes(name), db_id(&id.id)};
    if (name.len)
        execute("INSERT INTO attribute_value (directory_id, type, attribute, value_key, resource_id) "
                "VALUES (?, 1, ?, ?, ?)",
                value, 4);
    const struct db_value count[] = {db_id(&directory.id)};
    execute("INSERT INTO resource_count (directory_id, type, resources) VALUES (?, 1, 1) "
            "ON DUPLICATE KEY UPDATE resources = resources + 1",
            count, 1);
}

static int fill_database(void **state)
{
    if (database_start(state) != 0)
        return 1;
    database_migrate();
    arena_init(&arena);
    db = database_connect();
    must(db_begin(db, &err));
    add_tenant(&here);
    add_tenant(&elsewhere);
    for (unsigned i = 1; i <= USERS; i++)
        add_user(here, i);
    for (unsigned i = 200; i < 240; i++)
        add_user(elsewhere, i);
    must(db_commit(db, &err));
    return 0;
}

static int end_database(void **state)
{
    db_close(db);
    arena_fini(&arena);
    return database_stop(state);
}

struct places {
    struct scim_place list[USERS + 1];
    size_t count, stop_after; /* 0: never */
};

static bool see(const struct scim_place *place, void *context)
{
    struct places *places = context;
    must(places->count < USERS);
    places->list[places->count] = *place;
    places->list[places->count++].key = arena_slice(&arena, place->key);
    return places->count != places->stop_after;
}

static int compare(const void *a, const void *b) { return scim_place_compare(a, b); }

/* The order as it must be, made here. */
static struct places expected(enum scim_sort_way way)
{
    struct places places = {.count = USERS};
    for (unsigned i = 0; i < USERS; i++) {
        char text[16];
        struct scim_place *place = &places.list[i];
        place->key = arena_slice(&arena, key_of(way, i + 1, text));
        place->kind = place->key.len || way == SCIM_SORT_ID ? SCIM_PLACE_VALUED : SCIM_PLACE_UNVALUED;
        place->id = resource_id(i + 1);
    }
    qsort(places.list, USERS, sizeof(places.list[0]), compare);
    return places;
}

static struct places walk(enum scim_sort_way way, const struct scim_place *from, bool backward, uint64_t skip,
                          uint64_t limit)
{
    struct places places = {0};
    const struct scim_sort sort = {.way = way, .code = CODE};
    if (!store_walk(db, here, SCIM_TYPE_USER, &sort, from, backward, skip, limit, see, &places, &err))
        fail_msg("%s", err.detail);
    return places;
}

static void assert_places(const struct places *actual, const struct places *order, size_t from, size_t count,
                          bool backward)
{
    assert_int_equal(actual->count, count);
    for (size_t i = 0; i < count; i++) {
        const struct scim_place *wanted = &order->list[backward ? USERS - 1 - (from + i) : from + i];
        if (scim_place_compare(&actual->list[i], wanted) != 0)
            fail_msg("%u is in the place of %u", number_of(&actual->list[i].id), number_of(&wanted->id));
    }
}

static const enum scim_sort_way ways[] = {SCIM_SORT_ID, SCIM_SORT_UNIQUE, SCIM_SORT_EXTERNAL, SCIM_SORT_ATTRIBUTE,
                                          SCIM_SORT_ABSENT};
enum { WAYS = sizeof ways / sizeof ways[0] };

static void test_S_02_S_03_a_walk_from_an_edge_meets_everything_in_order(void **state)
{
    (void)state;
    const struct scim_place edge = {.kind = SCIM_PLACE_EDGE};
    for (size_t way = 0; way < WAYS; way++) {
        struct places order = expected(ways[way]);
        for (int backward = 0; backward < 2; backward++) {
            for (uint64_t skip = 0; skip <= USERS + 7; skip += skip < 90 ? 30 : 3) {
                size_t left = skip < USERS ? USERS - (size_t)skip : 0;
                struct places all = walk(ways[way], &edge, backward, skip, UINT32_MAX);
                assert_places(&all, &order, (size_t)skip, left, backward);
                struct places some = walk(ways[way], &edge, backward, skip, 7);
                assert_places(&some, &order, (size_t)skip, left < 7 ? left : 7, backward);
            }
        }
    }
}

static void test_CU_14_a_walk_goes_on_behind_every_place(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        struct places order = expected(ways[way]);
        for (size_t i = 0; i < USERS; i += 3) {
            size_t behind = USERS - 1 - i;
            struct places forward = walk(ways[way], &order.list[i], false, 0, 10);
            assert_places(&forward, &order, i + 1, behind < 10 ? behind : 10, false);
            struct places back = walk(ways[way], &order.list[i], true, 0, 10);
            assert_places(&back, &order, behind + 1, i < 10 ? i : 10, true);
        }
    }
}

static void test_S_05_a_walk_goes_on_behind_places_that_nobody_has(void **state)
{
    (void)state;
    struct places order = expected(SCIM_SORT_ATTRIBUTE);
    struct scim_place between = order.list[40];
    between.id.id.bytes[13] = 1; /* behind all others of its key */
    size_t next = 41;
    while (scim_place_compare(&order.list[next], &between) < 0)
        next++;
    struct places forward = walk(SCIM_SORT_ATTRIBUTE, &between, false, 0, 5);
    assert_places(&forward, &order, next, 5, false);
    struct places back = walk(SCIM_SORT_ATTRIBUTE, &between, true, 0, 5);
    assert_places(&back, &order, USERS - next, 5, true);
    /* At the root places come from other types, too, which may have a value where this one has none. */
    struct places absent = walk(SCIM_SORT_ABSENT, &order.list[40], false, 0, USERS), ids = expected(SCIM_SORT_ABSENT);
    assert_places(&absent, &ids, 0, USERS, false);
    assert_int_equal(walk(SCIM_SORT_ABSENT, &order.list[40], true, 0, USERS).count, 0);
}

static void test_a_walk_may_stop_and_be_of_nothing(void **state)
{
    (void)state;
    const struct scim_place edge = {.kind = SCIM_PLACE_EDGE};
    for (size_t way = 0; way < WAYS; way++) {
        struct places places = {.stop_after = 3};
        const struct scim_sort sort = {.way = ways[way], .code = CODE};
        assert_true(store_walk(db, here, SCIM_TYPE_USER, &sort, &edge, false, 0, USERS, see, &places, &err));
        assert_int_equal(places.count, 3);
        assert_int_equal(walk(ways[way], &edge, false, 0, 0).count, 0);
        struct places none = {0};
        assert_true(store_walk(db, here, SCIM_TYPE_GROUP, &sort, &edge, true, 0, USERS, see, &none, &err));
        assert_int_equal(none.count, 0);
    }
}

static void test_rows_are_found_by_their_ids(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 16, 17, 100, 101, USERS};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        struct resource_id ids[USERS];
        struct view_resource rows[USERS];
        for (unsigned i = 0; i < counts[c]; i++)
            ids[i] = resource_id((i * 77 + 5) % (USERS + 40) + 1);
        assert_true(store_rows(db, here, SCIM_TYPE_USER, ids, counts[c], &arena, rows, &err));
        for (size_t i = 0; i < counts[c]; i++) {
            bool exists = number_of(&ids[i]) <= USERS;
            assert_int_equal(rows[i].version, exists);
            assert_int_equal(id_equals(&rows[i].id.id, &ids[i].id), exists);
        }
    }
}

struct rows {
    unsigned numbers[USERS];
    size_t count;
};

static bool see_row(const struct view_resource *row, void *context)
{
    struct rows *rows = context;
    rows->numbers[rows->count++] = number_of(&row->id);
    return true;
}

static void test_CU_03_a_page_in_front_of_an_id_comes_backward(void **state)
{
    (void)state;
    struct rows rows = {0};
    assert_true(store_page_before(db, here, SCIM_TYPE_USER, resource_id(50), 10, see_row, &rows, &err));
    assert_int_equal(rows.count, 10);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(rows.numbers[i], 49 - i);
    rows.count = 0;
    assert_true(store_page_before(db, here, SCIM_TYPE_USER, resource_id(1), 10, see_row, &rows, &err));
    assert_int_equal(rows.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S_02_S_03_a_walk_from_an_edge_meets_everything_in_order),
        cmocka_unit_test(test_CU_14_a_walk_goes_on_behind_every_place),
        cmocka_unit_test(test_S_05_a_walk_goes_on_behind_places_that_nobody_has),
        cmocka_unit_test(test_a_walk_may_stop_and_be_of_nothing),
        cmocka_unit_test(test_rows_are_found_by_their_ids),
        cmocka_unit_test(test_CU_03_a_page_in_front_of_an_id_comes_backward),
    };
    return cmocka_run_group_tests(tests, fill_database, end_database);
}
