/* Every family of rows that a view loads, what it locks, and what it writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/must.h"
#include "database.h"
#include "view_internal.h"

#define SKIP_LOCKED_COUNT                                                                                              \
    "SELECT COUNT(*) FROM (SELECT id FROM resource WHERE display = 'ada' FOR UPDATE SKIP LOCKED) x"

static struct db *db, *other;
static struct directory_id directory, stranger;
static struct view writing, reading;
static struct resource_id ada, bob, crew;
static struct token_id token;

static void run(const char *sql, const struct db_value *values, size_t count)
{
    struct err err = ERR_INIT;
    bool done = db_execute(db, sql, values, count, NULL, &err);
    if (!done)
        fprintf(stderr, "%s\n", err.detail);
    must(done);
}

static struct directory_id make_directory(const char *name, const struct id *environment)
{
    struct id organization = id_new(), id = id_new();
    run("INSERT INTO organization (id, environment_id, external_id, display_name, domains, created_ms, updated_ms) "
        "VALUES (?, ?, NULL, 'o', '[]', 0, 0)",
        (struct db_value[]){db_id(&organization), db_id(environment)}, 2);
    run("INSERT INTO directory (id, organization_id, name, state, policy, created_ms, updated_ms) "
        "VALUES (?, ?, ?, 2, '{\"strict\":true}', 0, 0)",
        (struct db_value[]){db_id(&id), db_id(&organization), db_bytes(slice_str(name))}, 3);
    run("INSERT INTO resource_count VALUES (?, 1, 0), (?, 2, 0)", (struct db_value[]){db_id(&id), db_id(&id)}, 2);
    return (struct directory_id){id};
}

static struct scim_stored stored(const char *text) { return (struct scim_stored){slice_str(text), 1}; }

static struct scim_row_keys *keys_of(struct view *view, const char *unique, const char *display, const char *manager,
                                     const char *email)
{
    struct scim_row_keys *keys = arena_new(view_arena(view), struct scim_row_keys);
    struct scim_key *list = arena_array(view_arena(view), struct scim_key, 2);
    size_t count = 0;
    if (email)
        list[count++] = (struct scim_key){SCIM_INDEX_EMAIL, slice_str(email)};
    if (manager)
        list[count++] = (struct scim_key){SCIM_INDEX_MANAGER, slice_str(manager)};
    *keys = (struct scim_row_keys){.unique_key = slice_str(unique),
                                   .external_key = slice_str(email),
                                   .display = slice_str(display),
                                   .manager = slice_str(manager),
                                   .keys = list,
                                   .key_count = count};
    return keys;
}

static struct view_change fresh_change(void) { return (struct view_change){.operation.id = id_new(), .now_ms = 1000}; }

static void begin(void)
{
    struct err err = ERR_INIT;
    view_restart(&writing);
    must(db_begin(db, &err));
}

static void load(struct view *view)
{
    struct err err = ERR_INIT;
    bool loaded = view_load(view, db, &err);
    if (!loaded)
        fprintf(stderr, "%s\n", err.detail);
    assert_true(loaded);
}

static void flush(void)
{
    struct err err = ERR_INIT;
    bool flushed = view_flush(&writing, db, &err) && db_commit(db, &err);
    if (!flushed)
        fprintf(stderr, "%s\n", err.detail);
    assert_true(flushed);
}

static void refuse_flush(enum db_failure failure)
{
    struct err err = ERR_INIT;
    assert_false(view_flush(&writing, db, &err));
    assert_int_equal(db_failure(db), failure);
    db_rollback(db);
}

static void lock_group(void)
{
    const struct view_resource *row;
    (void)view_want_resource(&writing, directory, SCIM_TYPE_GROUP, crew, VIEW_WHOLE, &row);
    load(&writing);
}

/* ada, whose manager is bob; the group crew with ada in it. */
static int set_up(void **state)
{
    (void)state;
    database_migrate();
    db = database_connect();
    other = database_connect();
    struct id environment = id_new();
    run("INSERT INTO environment (id, name, created_ms, updated_ms) VALUES (?, 'e', 0, 0)",
        (struct db_value[]){db_id(&environment)}, 1);
    directory = make_directory("ours", &environment);
    stranger = make_directory("theirs", &environment);
    token.id = id_new();
    run("INSERT INTO scim_token (directory_id, id, hash, pepper_version, scopes, label, hint, created_ms, "
        "last_used_ms) "
        "VALUES (?, ?, REPEAT('h', 32), 7, 5, 't', 'abcd', 0, 99)",
        (struct db_value[]){db_id(&directory.id), db_id(&token.id)}, 2);
    view_init(&writing, true);
    view_init(&reading, false);
    ada.id = id_new();
    bob.id = id_new();
    crew.id = id_new();
    begin();
    char manager[ID_UUID_CHARS + 1];
    id_to_uuid(&bob.id, manager);
    struct view_change change = fresh_change();
    view_insert(&writing, directory, SCIM_TYPE_USER, ada, stored("{\"a\":1"),
                keys_of(&writing, "ada", "ada", arena_copy(view_arena(&writing), slice_str(manager)), "a@x"), &change);
    view_insert(&writing, directory, SCIM_TYPE_USER, bob, stored("{\"b\":1"),
                keys_of(&writing, "bob", "bob", NULL, "b@x"), &change);
    view_insert(&writing, directory, SCIM_TYPE_GROUP, crew, stored("{\"c\":1"),
                keys_of(&writing, "crew", "crew", NULL, NULL), &change);
    struct view_member_change add = {.member = ada, .type = SCIM_TYPE_USER, .added = true};
    view_change_members(&writing, directory, crew, &add, 1, &change);
    flush();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    db_rollback(db);
    view_fini(&writing);
    view_fini(&reading);
    db_close(db);
    db_close(other);
    return 0;
}

/* Everything that can be asked, wanted at once; then again when it has been loaded. */
struct wants {
    const struct view_token *token, *no_token;
    const struct view_resource *whole, *narrow, *nobody, *member, *group_member, *no_member, *unique, *no_unique;
    const struct resource_id *holder, *no_holder;
    struct view_refs groups, members, shown, managed, no_refs;
    bool is_member, is_no_member;
};

static unsigned want_all(struct view *view, struct wants *w)
{
    struct resource_id none = {{{1}}};
    struct token_id no_token = {{{2}}};
    unsigned known = view_want_token(view, directory, token, &w->token);
    known += view_want_token(view, directory, no_token, &w->no_token);
    known += view_want_resource(view, directory, SCIM_TYPE_USER, ada, VIEW_WHOLE, &w->whole);
    known += view_want_resource(view, directory, SCIM_TYPE_USER, bob, VIEW_NARROW, &w->narrow);
    known += view_want_resource(view, stranger, SCIM_TYPE_USER, ada, VIEW_WHOLE, &w->nobody);
    known += view_want_member(view, directory, bob, &w->member);
    known += view_want_member(view, directory, crew, &w->group_member);
    known += view_want_member(view, stranger, bob, &w->no_member);
    known += view_want_unique(view, directory, SCIM_TYPE_USER, SLICE_LITERAL("bob"), &w->unique);
    known += view_want_unique(view, directory, SCIM_TYPE_GROUP, SLICE_LITERAL("bob"), &w->no_unique);
    known += view_want_holder(view, directory, SCIM_TYPE_USER, SLICE_LITERAL("ada"), &w->holder);
    known += view_want_holder(view, stranger, SCIM_TYPE_USER, SLICE_LITERAL("ada"), &w->no_holder);
    known += view_want_groups(view, directory, SCIM_TYPE_USER, ada, &w->groups);
    known += view_want_groups(view, stranger, SCIM_TYPE_USER, ada, &w->no_refs);
    known += view_want_membership(view, directory, crew, ada, &w->is_member);
    known += view_want_membership(view, directory, crew, bob, &w->is_no_member);
    known += view_want_members(view, directory, crew, true, &w->shown);
    known += view_want_managed(view, directory, bob, &w->managed);
    known += view_want_resource(view, directory, SCIM_TYPE_USER, none, VIEW_WHOLE, &w->nobody);
    return known;
}
enum { WANTS = 19 };

static void assert_refs(struct view_refs refs, struct resource_id id, uint16_t type, const char *display)
{
    assert_int_equal(refs.count, 1);
    assert_true(id_equals(&refs.list[0].id.id, &id.id));
    assert_int_equal(refs.list[0].type, type);
    assert_true(slice_equals(refs.list[0].display, slice_str(display)));
}

static void assert_all(const struct wants *w)
{
    assert_null(w->no_token);
    assert_int_equal(w->token->pepper_version, 7);
    assert_int_equal(w->token->scopes, 5);
    assert_int_equal(w->token->state, VIEW_DIRECTORY_PAUSED);
    assert_int_equal(w->token->last_used_ms, 99);
    assert_int_equal(w->token->hash[31], 'h');
    assert_true(w->token->live && w->token->rules->policy.strict);
    assert_true(slice_equals(w->whole->stored.text, SLICE_LITERAL("{\"a\":1")));
    assert_true(slice_equals(w->whole->external_key, SLICE_LITERAL("a@x")));
    assert_true(w->whole->has_manager && id_equals(&w->whole->manager_id.id, &bob.id));
    assert_false(w->whole->manager_known); /* whoever shows the manager wants its row */
    assert_int_equal(w->whole->version, 1);
    assert_int_equal(w->whole->created_ms, 1000);
    assert_true(slice_equals(w->narrow->display, SLICE_LITERAL("bob")));
    assert_true(w->member == w->narrow && w->unique == w->narrow);
    assert_int_equal(w->group_member->type, SCIM_TYPE_GROUP);
    assert_true(id_equals(&w->holder->id, &ada.id));
    assert_true(!w->nobody && !w->no_member && !w->no_unique && !w->no_holder && w->no_refs.count == 0);
    assert_refs(w->groups, crew, SCIM_TYPE_GROUP, "crew");
    assert_refs(w->shown, ada, SCIM_TYPE_USER, "ada");
    assert_int_equal(w->managed.count, 1);
    assert_true(id_equals(&w->managed.list[0].id.id, &ada.id));
    assert_true(w->is_member && !w->is_no_member);
}

static void test_everything_is_loaded_at_once_in_both_lanes(void **state)
{
    (void)state;
    for (int writes = 0; writes < 2; writes++) {
        struct view *view = writes ? &writing : &reading;
        struct wants wants;
        begin();
        assert_int_equal(want_all(view, &wants), 0);
        load(view);
        memset(&wants, 0x5a, sizeof(wants));
        if (want_all(view, &wants) < WANTS)
            load(view);
        assert_int_equal(want_all(view, &wants), WANTS);
        assert_all(&wants);
        db_rollback(db);
    }
}

static void test_a_token_lives_by_the_databases_clock(void **state)
{
    (void)state;
    static const struct {
        const char *change;
        bool live;
    } cases[] = {
        {"UPDATE scim_token SET expires_ms = NULL", true},
        {"UPDATE scim_token SET expires_ms = UNIX_TIMESTAMP() * 1000 + 60000", true},
        {"UPDATE scim_token SET expires_ms = UNIX_TIMESTAMP() * 1000 - 1", false},
        {"UPDATE scim_token SET expires_ms = NULL, revoked_ms = 1", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct view_token *loaded;
        run(cases[i].change, NULL, 0);
        view_restart(&reading);
        (void)view_want_token(&reading, directory, token, &loaded);
        load(&reading);
        assert_true(view_want_token(&reading, directory, token, &loaded));
        assert_int_equal(loaded->live, cases[i].live);
    }
}

static void test_many_rows_come_in_few_statements(void **state)
{
    (void)state;
    enum { MANY = 300 };
    const struct view_resource *row;
    const struct view_token *loaded;
    struct resource_id ids[MANY];
    view_restart(&reading);
    (void)view_want_token(&reading, directory, token, &loaded);
    for (size_t i = 0; i < MANY; i++) {
        ids[i].id = i == 150 ? ada.id : id_new();
        assert_false(view_want_resource(&reading, directory, SCIM_TYPE_USER, ids[i], VIEW_WHOLE, &row));
    }
    uint64_t before = db_round_trips(db);
    load(&reading);
    assert_true(db_round_trips(db) - before <= 2 * 4); /* 128 a statement, the rules, and preparing them */
    for (size_t i = 0; i < MANY; i++) {
        assert_true(view_want_resource(&reading, directory, SCIM_TYPE_USER, ids[i], VIEW_WHOLE, &row));
        assert_true(!row == (i != 150));
    }
    assert_true(view_want_token(&reading, directory, token, &loaded) && loaded);
}

static bool want_email(struct directory_id where, const char *email, struct view_matches *matches)
{
    return view_want_by_value(&reading, where, SCIM_TYPE_USER, SCIM_INDEX_EMAIL, slice_str(email), matches);
}

static bool want_external(const char *key, struct view_matches *matches)
{
    return view_want_by_external(&reading, directory, SCIM_TYPE_USER, slice_str(key), matches);
}

static void insert_with_email(const char *name, const char *email)
{
    struct resource_id id = {id_new()};
    struct view_change change = fresh_change();
    const char *kept = arena_copy(view_arena(&writing), slice_str(name));
    view_insert(&writing, directory, SCIM_TYPE_USER, id, stored("{\"a\":9"),
                keys_of(&writing, kept, "many", NULL, email), &change);
}

/* As many as a key may have, one more, and none; of several directories in one statement; with the token. */
static void test_matches_of_a_key_come_by_id_and_are_bounded(void **state)
{
    (void)state;
    struct view_matches few, many, none, theirs, external, nobody;
    const struct view_token *loaded;
    char name[8];
    begin();
    for (int i = 0; i <= VIEW_MOST_MATCHES; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        insert_with_email(name, i < VIEW_MOST_MATCHES ? "many@x" : "few@x");
    }
    flush();
    view_restart(&reading);
    assert_false(want_email(directory, "few@x", &few));
    assert_false(want_email(directory, "many@x", &many));
    assert_false(want_email(directory, "none@x", &none));
    assert_false(want_email(stranger, "few@x", &theirs));
    assert_false(want_external("many@x", &external));
    assert_false(want_external("nobody", &nobody));
    (void)view_want_token(&reading, directory, token, &loaded);
    load(&reading);
    assert_true(want_email(directory, "few@x", &few) && want_email(directory, "many@x", &many) &&
                want_email(directory, "none@x", &none) && want_email(stranger, "few@x", &theirs) &&
                want_external("many@x", &external) && want_external("nobody", &nobody) &&
                view_want_token(&reading, directory, token, &loaded));
    assert_non_null(loaded);
    assert_int_equal(few.count, 1);
    assert_int_equal(many.count, VIEW_MOST_MATCHES);
    assert_int_equal(external.count, VIEW_MOST_MATCHES);
    assert_int_equal(none.count + theirs.count + nobody.count, 0);
    for (size_t i = 0; i < many.count; i++) {
        assert_true(slice_equals(many.list[i]->stored.text, SLICE_LITERAL("{\"a\":9")));
        assert_false(many.list[i]->manager_known);
        assert_true(many.list[i] == external.list[i]);
        assert_true(i == 0 || id_compare(&many.list[i - 1]->id.id, &many.list[i]->id.id) < 0);
    }

    begin();
    insert_with_email("one more", "many@x");
    flush();
    view_restart(&reading);
    (void)want_email(directory, "many@x", &many);
    (void)want_external("many@x", &external);
    load(&reading);
    assert_true(want_email(directory, "many@x", &many) && many.too_many && many.count == 0);
    assert_true(want_external("many@x", &external) && external.too_many && external.count == 0);
}

/* Keys of one attribute go together; when one of them takes the room of the others, each is asked for by itself. */
static void test_a_crowded_key_hides_no_other(void **state)
{
    (void)state;
    struct view_matches few, crowd, none, external;
    char name[8];
    for (int people = 3; people <= VIEW_MOST_TOGETHER; people += VIEW_MOST_TOGETHER - 3) {
        begin();
        for (int i = 0; i <= people; i++) {
            snprintf(name, sizeof(name), "%d-%d", people, i);
            insert_with_email(name, i < people ? "crowd@x" : "zoe@x");
        }
        flush();
        view_restart(&reading);
        assert_false(want_email(directory, "zoe@x", &few));
        assert_false(want_email(directory, "crowd@x", &crowd));
        assert_false(want_email(directory, "none@x", &none));
        assert_false(want_external("zoe@x", &external));
        assert_false(want_external("crowd@x", &external));
        load(&reading);
        assert_true(want_email(directory, "zoe@x", &few) && want_email(directory, "crowd@x", &crowd) &&
                    want_email(directory, "none@x", &none) && want_external("zoe@x", &external));
        assert_int_equal(few.count, people == 3 ? 1 : 2);
        assert_int_equal(external.count, few.count);
        assert_int_equal(none.count, 0);
        assert_int_equal(crowd.too_many, people > VIEW_MOST_MATCHES);
        assert_int_equal(crowd.count, people > VIEW_MOST_MATCHES ? 0 : people);
        for (size_t i = 1; i < crowd.count; i++)
            assert_true(id_compare(&crowd.list[i - 1]->id.id, &crowd.list[i]->id.id) < 0);
    }
}

static void test_a_large_document_is_no_match_for_the_view(void **state)
{
    (void)state;
    struct view_matches matches;
    begin();
    insert_with_email("large", "large@x");
    flush();
    for (int large = 0; large < 2; large++) {
        view_restart(&reading);
        (void)want_email(directory, "large@x", &matches);
        load(&reading);
        assert_true(want_email(directory, "large@x", &matches));
        assert_int_equal(matches.too_many, large);
        assert_int_equal(matches.count, !large);
        run("UPDATE resource SET document = CONCAT(document, REPEAT(' ', 65536)) WHERE unique_key = 'large'", NULL, 0);
    }
}

static int64_t free_rows(void)
{
    struct err err = ERR_INIT;
    must(db_begin(other, &err));
    int64_t count = database_integer(other, SKIP_LOCKED_COUNT);
    db_rollback(other);
    return count;
}

static void test_a_whole_row_is_locked_for_a_writer_alone(void **state)
{
    (void)state;
    const struct view_resource *row;
    view_restart(&reading);
    struct err err = ERR_INIT;
    must(db_begin(db, &err));
    (void)view_want_resource(&reading, directory, SCIM_TYPE_USER, ada, VIEW_WHOLE, &row);
    load(&reading);
    assert_int_equal(free_rows(), 1);
    db_rollback(db);

    begin();
    (void)view_want_resource(&writing, directory, SCIM_TYPE_USER, ada, VIEW_NARROW, &row);
    load(&writing);
    assert_int_equal(free_rows(), 1);
    (void)view_want_resource(&writing, directory, SCIM_TYPE_USER, ada, VIEW_WHOLE, &row);
    load(&writing);
    assert_int_equal(free_rows(), 0);
    db_rollback(db);

    begin(); /* also behind the token's arm */
    const struct view_token *loaded;
    (void)view_want_token(&writing, directory, token, &loaded);
    (void)view_want_resource(&writing, directory, SCIM_TYPE_USER, ada, VIEW_WHOLE, &row);
    load(&writing);
    assert_int_equal(free_rows(), 0);
    db_rollback(db);
    assert_int_equal(free_rows(), 1);
}

static void change_policy(struct db *by)
{
    struct err err = ERR_INIT;
    const struct db_value id = db_id(&directory.id);
    must(db_begin(by, &err) &&
         db_execute(by, "UPDATE directory SET revision = revision + 1 WHERE id = ?", &id, 1, NULL, &err));
}

/* The token's answer after at most `most` loads; NULL: it is still wanted. */
static const struct view_token *wanted_token(struct view *view, unsigned most)
{
    const struct view_token *loaded = NULL;
    for (unsigned i = 0; i <= most; i++) {
        if (view_want_token(view, directory, token, &loaded))
            return loaded;
        load(view);
    }
    return NULL;
}

static void test_nobody_writes_while_the_rules_are_changed(void **state)
{
    (void)state;
    change_policy(other);
    view_restart(&reading);
    assert_false(wanted_token(&reading, 1)->closed);

    begin();
    const struct view_resource *row;
    (void)view_want_resource(&writing, directory, SCIM_TYPE_USER, ada, VIEW_WHOLE, &row);
    assert_null(wanted_token(&writing, 2)); /* asked for again, */
    const struct view_token *loaded = wanted_token(&writing, 10);
    assert_true(loaded && loaded->closed); /* and then told */
    db_rollback(db);
    db_rollback(other);
}

static void test_a_change_that_ends_soon_is_waited_for(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    change_policy(other);
    begin();
    assert_null(wanted_token(&writing, 1));
    must(db_commit(other, &err));
    const struct view_token *loaded = wanted_token(&writing, 1);
    assert_true(loaded && !loaded->closed);
    uint32_t revision = loaded->revision;
    db_rollback(db);

    begin();
    assert_int_equal(wanted_token(&writing, 1)->revision, revision);
    db_rollback(db);
}

static void test_rules_are_changed_when_all_have_written(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    const struct db_value id = db_id(&directory.id);
    begin();
    assert_false(wanted_token(&writing, 1)->closed);
    must(db_begin(other, &err));
    const struct db_value *row;
    const char *share = "SELECT 1 FROM directory WHERE id = ? LOCK IN SHARE MODE NOWAIT";
    const char *change = "SELECT 1 FROM directory WHERE id = ? FOR UPDATE NOWAIT";
    assert_true(db_query_one(other, share, &id, 1, &row, &err) && row);
    assert_false(db_query_one(other, change, &id, 1, &row, &err));
    db_rollback(other);
    db_rollback(db);
}

static void test_a_member_is_locked_so_that_it_stays(void **state)
{
    (void)state;
    const struct view_resource *row;
    begin();
    (void)view_want_member(&writing, directory, ada, &row);
    load(&writing);
    assert_int_equal(free_rows(), 0);
    struct err err = ERR_INIT;
    must(db_begin(other, &err));
    assert_int_equal(database_integer(other, "SELECT COUNT(*) FROM (SELECT id FROM resource WHERE display = 'ada' "
                                             "LOCK IN SHARE MODE NOWAIT) x"),
                     1);
    db_rollback(other);
    db_rollback(db);
}

static void test_an_update_changes_the_row_its_values_and_nothing_else(void **state)
{
    (void)state;
    const struct view_resource *row;
    begin();
    (void)view_want_resource(&writing, directory, SCIM_TYPE_USER, ada, VIEW_WHOLE, &row);
    load(&writing);
    struct view_change change = fresh_change();
    char manager[ID_UUID_CHARS + 1];
    id_to_uuid(&bob.id, manager);
    const struct scim_row_keys *before = keys_of(&writing, "ada", "ada", manager, "a@x");
    change.now_ms = 500; /* a clock that went back */
    view_update(&writing, directory, SCIM_TYPE_USER, ada, stored("{\"a\":2"), before,
                keys_of(&writing, "eve", "eve", manager, "e@x"), &change);
    flush();
    assert_int_equal(database_integer(db,
                                      "SELECT version FROM resource WHERE unique_key = 'eve' AND display = 'eve' AND "
                                      "external_key = 'e@x' AND document = '{\"a\":2' AND modified_ms = 1000"),
                     2);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM attribute_value WHERE value_key = 'e@x'"), 1);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM attribute_value WHERE value_key = 'a@x'"), 0);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM attribute_value"), 3);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM `change` WHERE kind = 2 AND document = '{\"a\":2}'"),
                     1);
    assert_int_equal(database_integer(db, "SELECT SUM(resources) FROM resource_count"), 3);
}

static void test_a_row_that_moved_on_is_not_overwritten(void **state)
{
    (void)state;
    const struct view_resource *row;
    begin();
    (void)view_want_resource(&writing, directory, SCIM_TYPE_USER, bob, VIEW_WHOLE, &row);
    load(&writing);
    run("UPDATE resource SET version = 7 WHERE display = 'bob'", NULL, 0); /* in spite of the lock: our own session */
    struct view_change change = fresh_change();
    const struct scim_row_keys *keys = keys_of(&writing, "bob", "bob", NULL, "b@x");
    view_update(&writing, directory, SCIM_TYPE_USER, bob, stored("{\"b\":2"), keys, keys, &change);
    refuse_flush(DB_FINE);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM `change` WHERE kind = 2"), 0);
}

static void test_a_second_holder_of_a_key_is_a_duplicate(void **state)
{
    (void)state;
    begin();
    struct view_change change = fresh_change();
    struct resource_id id = {id_new()};
    view_insert(&writing, directory, SCIM_TYPE_USER, id, stored("{\"d\":1"), keys_of(&writing, "ada", "x", NULL, NULL),
                &change);
    refuse_flush(DB_DUPLICATE);
    begin(); /* elsewhere, and as a group's, it is free */
    change = fresh_change();
    view_insert(&writing, stranger, SCIM_TYPE_USER, id, stored("{\"d\":1"), keys_of(&writing, "ada", "x", NULL, NULL),
                &change);
    view_insert(&writing, directory, SCIM_TYPE_GROUP, (struct resource_id){id_new()}, stored("{\"d\":1"),
                keys_of(&writing, "ada", "x", NULL, NULL), &change);
    flush();
}

static void test_a_membership_across_tenants_cannot_be_written(void **state)
{
    (void)state;
    struct resource_id theirs = {id_new()};
    begin();
    struct view_change change = fresh_change();
    view_insert(&writing, stranger, SCIM_TYPE_USER, theirs, stored("{\"t\":1"), keys_of(&writing, "t", "t", NULL, NULL),
                &change);
    flush();
    begin();
    lock_group();
    change = fresh_change();
    struct view_member_change add = {.member = theirs, .type = SCIM_TYPE_USER, .added = true};
    view_change_members(&writing, directory, crew, &add, 1, &change);
    refuse_flush(DB_REFERENCE);
    begin(); /* nor one of a type that the id is not of */
    lock_group();
    change = fresh_change();
    add = (struct view_member_change){.member = bob, .type = SCIM_TYPE_GROUP, .added = true};
    view_change_members(&writing, directory, crew, &add, 1, &change);
    refuse_flush(DB_REFERENCE);
}

static void test_a_member_cannot_be_deleted_behind_its_group(void **state)
{
    (void)state;
    const struct view_resource *row;
    begin();
    (void)view_want_resource(&writing, directory, SCIM_TYPE_USER, ada, VIEW_WHOLE, &row);
    load(&writing);
    struct view_change change = fresh_change();
    view_delete(&writing, directory, SCIM_TYPE_USER, ada, keys_of(&writing, "ada", "ada", NULL, "a@x"), &change);
    refuse_flush(DB_REFERENCE);
}

static void test_lists_follow_what_the_batch_stages(void **state)
{
    (void)state;
    struct view_refs shown, groups, managed;
    const struct view_resource *row;
    for (int loaded_before = 0; loaded_before < 2; loaded_before++) {
        begin();
        lock_group();
        (void)view_want_resource(&writing, directory, SCIM_TYPE_USER, ada, VIEW_WHOLE, &row);
        if (loaded_before) {
            (void)view_want_members(&writing, directory, crew, true, &shown);
            (void)view_want_groups(&writing, directory, SCIM_TYPE_USER, ada, &groups);
            (void)view_want_groups(&writing, directory, SCIM_TYPE_USER, bob, &groups);
            (void)view_want_managed(&writing, directory, bob, &managed);
        }
        load(&writing);
        struct view_change change = fresh_change();
        struct view_member_change list[] = {
            {.member = ada, .type = SCIM_TYPE_USER, .added = false},
            {.member = bob, .type = SCIM_TYPE_USER, .added = true, .display = SLICE_LITERAL("bob")}};
        view_change_members(&writing, directory, crew, list, 2, &change);
        const struct scim_row_keys *keys = keys_of(&writing, "ada", "ada", NULL, "a@x");
        view_update(&writing, directory, SCIM_TYPE_USER, ada, stored("{\"a\":2"), keys, keys, &change);
        if (!loaded_before) {
            (void)view_want_members(&writing, directory, crew, true, &shown);
            (void)view_want_groups(&writing, directory, SCIM_TYPE_USER, ada, &groups);
            (void)view_want_groups(&writing, directory, SCIM_TYPE_USER, bob, &groups);
            (void)view_want_managed(&writing, directory, bob, &managed);
            load(&writing);
        }
        assert_true(view_want_members(&writing, directory, crew, true, &shown));
        assert_refs(shown, bob, SCIM_TYPE_USER, "bob");
        assert_true(view_want_groups(&writing, directory, SCIM_TYPE_USER, ada, &groups));
        assert_int_equal(groups.count, 0);
        assert_true(view_want_groups(&writing, directory, SCIM_TYPE_USER, bob, &groups));
        assert_refs(groups, crew, SCIM_TYPE_GROUP, "crew");
        assert_true(view_want_managed(&writing, directory, bob, &managed));
        assert_int_equal(managed.count, 0);
        db_rollback(db);
    }
}

/* Added by one job, renamed by the next, shown by a third. */
static void test_a_member_that_is_renamed_after_it_was_added_shows_its_new_name(void **state)
{
    (void)state;
    struct view_refs shown;
    const struct view_resource *row;
    for (int loaded_before = 0; loaded_before < 2; loaded_before++) {
        begin();
        lock_group();
        (void)view_want_resource(&writing, directory, SCIM_TYPE_USER, bob, VIEW_WHOLE, &row);
        if (loaded_before)
            (void)view_want_members(&writing, directory, crew, true, &shown);
        load(&writing);
        struct view_change change = fresh_change();
        struct view_member_change list[] = {
            {.member = ada, .type = SCIM_TYPE_USER, .added = false},
            {.member = bob, .type = SCIM_TYPE_USER, .added = true, .display = SLICE_LITERAL("bob")}};
        view_change_members(&writing, directory, crew, list, 2, &change);
        view_update(&writing, directory, SCIM_TYPE_USER, bob, stored("{\"b\":2"),
                    keys_of(&writing, "bob", "bob", NULL, "b@x"), keys_of(&writing, "bob", "rob", NULL, "b@x"),
                    &change);
        (void)view_want_members(&writing, directory, crew, true, &shown);
        load(&writing);
        assert_true(view_want_members(&writing, directory, crew, true, &shown));
        assert_refs(shown, bob, SCIM_TYPE_USER, "rob");
        db_rollback(db);
    }
}

/* Groups that the batch itself has put one into the other: they must not cost a round each. */
static void test_a_chain_of_groups_that_is_staged_link_by_link_is_walked(void **state)
{
    (void)state;
    enum { LINKS = 20 };
    struct view_refs groups;
    begin();
    lock_group();
    struct view_change change = fresh_change();
    struct resource_id below = crew;
    for (int i = 0; i < LINKS; i++) {
        struct resource_id above = {id_new()};
        char *name = arena_printf(view_arena(&writing), "above %d", i);
        view_insert(&writing, directory, SCIM_TYPE_GROUP, above, stored("{\"g\":1"),
                    keys_of(&writing, name, name, NULL, NULL), &change);
        struct view_member_change add = {.member = below, .type = SCIM_TYPE_GROUP, .added = true};
        view_change_members(&writing, directory, above, &add, 1, &change);
        below = above;
    }
    int rounds = 0;
    for (; !view_want_all_groups(&writing, directory, false, ada, &groups); rounds++)
        load(&writing);
    assert_int_equal(rounds, 2);
    assert_int_equal(groups.count, 1 + LINKS);
    for (size_t i = 0; i < groups.count; i++)
        assert_int_equal(groups.list[i].indirect, !id_equals(&groups.list[i].id.id, &crew.id));
    flush();
    assert_int_equal(database_integer(db, "SELECT SUM(nests_groups) FROM directory"), 1);

    view_restart(&reading); /* the same from the database, by depth 20 in two rounds */
    assert_false(view_want_all_groups(&reading, directory, true, ada, &groups));
    load(&reading);
    assert_false(view_want_all_groups(&reading, directory, true, ada, &groups));
    load(&reading);
    assert_true(view_want_all_groups(&reading, directory, true, ada, &groups));
    assert_int_equal(groups.count, 1 + LINKS);
}

/* Wanted by one job, staged by another before it came: the batch's own knowledge stands. */
static void test_what_is_loaded_late_does_not_undo_what_was_staged(void **state)
{
    (void)state;
    bool is_member;
    const struct resource_id *holder;
    const struct view_resource *row;
    begin();
    (void)view_want_resource(&writing, directory, SCIM_TYPE_USER, ada, VIEW_WHOLE, &row);
    lock_group();
    assert_false(view_want_membership(&writing, directory, crew, ada, &is_member));
    assert_false(view_want_holder(&writing, directory, SCIM_TYPE_USER, SLICE_LITERAL("ada"), &holder));
    struct view_change change = fresh_change();
    struct view_member_change leave = {.member = ada, .type = SCIM_TYPE_USER, .added = false};
    view_change_members(&writing, directory, crew, &leave, 1, &change);
    view_update(&writing, directory, SCIM_TYPE_USER, ada, stored("{\"a\":2"),
                keys_of(&writing, "ada", "ada", NULL, "a@x"), keys_of(&writing, "eve", "ada", NULL, "a@x"), &change);
    load(&writing);
    assert_true(view_want_membership(&writing, directory, crew, ada, &is_member));
    assert_false(is_member);
    assert_true(view_want_holder(&writing, directory, SCIM_TYPE_USER, SLICE_LITERAL("ada"), &holder));
    assert_null(holder);
    flush();
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM membership"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_everything_is_loaded_at_once_in_both_lanes),
        TEST(test_a_token_lives_by_the_databases_clock),
        TEST(test_many_rows_come_in_few_statements),
        TEST(test_a_crowded_key_hides_no_other),
        TEST(test_a_large_document_is_no_match_for_the_view),
        TEST(test_matches_of_a_key_come_by_id_and_are_bounded),
        TEST(test_a_whole_row_is_locked_for_a_writer_alone),
        TEST(test_nobody_writes_while_the_rules_are_changed),
        TEST(test_a_change_that_ends_soon_is_waited_for),
        TEST(test_rules_are_changed_when_all_have_written),
        TEST(test_a_member_is_locked_so_that_it_stays),
        TEST(test_an_update_changes_the_row_its_values_and_nothing_else),
        TEST(test_a_row_that_moved_on_is_not_overwritten),
        TEST(test_a_second_holder_of_a_key_is_a_duplicate),
        TEST(test_a_membership_across_tenants_cannot_be_written),
        TEST(test_a_member_cannot_be_deleted_behind_its_group),
        TEST(test_lists_follow_what_the_batch_stages),
        TEST(test_a_member_that_is_renamed_after_it_was_added_shows_its_new_name),
        TEST(test_a_chain_of_groups_that_is_staged_link_by_link_is_walked),
        TEST(test_what_is_loaded_late_does_not_undo_what_was_staged),
    };
    return cmocka_run_group_tests(tests, database_start, database_stop);
}
