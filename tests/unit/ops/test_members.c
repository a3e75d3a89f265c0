/* PATCH and PUT of a group's members, in every shape that clients send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* In the operations of a row, A to D stand for the ids of users, E for that of a group, X for one that nobody has. */
struct fixture {
    struct world *world;
    const char *ids[6];
};

static const char letters[] = "ABCDEX";

static struct fixture fixture_of(void **state)
{
    struct world *world = *state;
    struct fixture f = {.world = world};
    static const char *const names[] = {"ann", "ben", "cem", "dot"};
    for (size_t i = 0; i < 4; i++)
        f.ids[i] = world_user(world, names[i]);
    f.ids[4] = world_group(world, "inner", NULL);
    f.ids[5] = "01890a5d-ac96-774b-bcce-b302099a8057";
    return f;
}

/* Letters between quotes become ids; "AB" as a member list becomes [{"value":…},…]. */
static const char *with_ids(struct fixture *f, const char *text)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    for (const char *at = text; *at; at++) {
        const char *letter = *at == '$' ? strchr(letters, at[1]) : NULL;
        if (letter && *letter) {
            buf_add_str(&out, f->ids[letter - letters]);
            at++;
        } else {
            buf_add_char(&out, *at);
        }
    }
    const char *copy = arena_copy(&f->world->arena, buf_slice(&out));
    buf_fini(&out);
    return copy;
}

static const char *member_list(struct fixture *f, const char *members)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    buf_add_char(&out, '[');
    for (const char *at = members; *at; at++)
        buf_printf(&out, "%s{'value':'$%c'}", at == members ? "" : ",", *at);
    buf_add_str(&out, "]");
    buf_add_char(&out, 0);
    const char *list = with_ids(f, out.data);
    buf_fini(&out);
    return list;
}

static const char *members_of(struct fixture *f, const char *group)
{
    json_t *members = world_members(f->world, group);
    char found[sizeof(letters)] = "";
    size_t count = 0;
    for (size_t i = 0; i < COUNT(f->ids); i++)
        if (json_object_get(members, f->ids[i]))
            found[count++] = letters[i];
    assert_int_equal(count, json_object_size(members));
    return arena_copy(&f->world->arena, slice_of(found, count));
}

static const struct {
    const char *before, *operations, *after;
    int status; /* 0: 204 */
    const char *scim_type;
} cases[] = {
    /* add */
    {"", "{'op':'add','path':'members','value':[{'value':'$A'}]}", "A", 0, NULL},
    {"A", "{'op':'add','path':'members','value':[{'value':'$B'},{'value':'$C'}]}", "ABC", 0, NULL},
    {"A", "{'op':'Add','path':'members','value':[{'value':'$B','$ref':null,'display':'zzz'}]}", "AB", 0, NULL},
    {"A", "{'op':'add','path':'members','value':{'value':'$B'}}", "AB", 0, NULL},
    {"A", "{'op':'add','value':{'members':[{'value':'$B'}]}}", "AB", 0, NULL},
    {"A", "{'op':'add','path':'Members','value':[{'value':'$E'}]}", "AE", 0, NULL},
    {"A", "{'op':'add','path':'urn:ietf:params:scim:schemas:core:2.0:Group:members','value':[{'value':'$B'}]}", "AB", 0,
     NULL},
    {"A", "{'op':'add','path':'members','value':[{'value':'$A'}]}", "A", 0, NULL},
    {"A", "{'op':'add','path':'members','value':[]}", "A", 0, NULL},
    {"A", "{'op':'add','path':'members','value':[{'value':'$B'},{'value':'$B'}]}", "AB", 0, NULL},
    {"A", "{'op':'add','path':'members','value':[{'value':'$X'}]}", "A", 400, "invalidValue"},
    {"A", "{'op':'add','path':'members','value':[{'value':'$B'},{'value':'$X'}]}", "A", 400, "invalidValue"},
    {"A", "{'op':'add','path':'members','value':[{'value':'bob'}]}", "A", 400, "invalidValue"},
    {"A", "{'op':'add','path':'members'}", "A", 400, "invalidValue"},
    /* remove */
    {"AB", "{'op':'remove','path':'members[value eq \\'$A\\']'}", "B", 0, NULL},
    {"AB", "{'op':'Remove','path':'members','value':[{'value':'$A'}]}", "B", 0, NULL},
    {"ABC", "{'op':'remove','path':'members','value':[{'value':'$A'},{'value':'$C'}]}", "B", 0, NULL},
    {"AB", "{'op':'remove','path':'members[value eq \\'$C\\']'}", "AB", 0, NULL},
    {"AB", "{'op':'remove','path':'members[value eq \\'$X\\']'}", "AB", 0, NULL},
    {"AB", "{'op':'remove','path':'members[value eq \\'nobody\\']'}", "AB", 0, NULL},
    {"AB", "{'op':'remove','path':'members'}", "", 0, NULL},
    {"", "{'op':'remove','path':'members'}", "", 0, NULL},
    {"ABC", "{'op':'remove','path':'members[value eq \\'$A\\' or value eq \\'$B\\']'}", "C", 0, NULL},
    {"ABE", "{'op':'remove','path':'members[type eq \\'Group\\']'}", "AB", 0, NULL},
    {"ABE", "{'op':'remove','path':'members[type eq \\'User\\']'}", "E", 0, NULL},
    {"ABC", "{'op':'remove','path':'members[display sw \\'b\\']'}", "AC", 0, NULL},
    {"ABC", "{'op':'remove','path':'members[not (value eq \\'$B\\')]'}", "B", 0, NULL},
    {"A", "{'op':'remove','path':'members[value eq ]'}", "A", 400, "invalidFilter"},
    /* replace */
    {"AB", "{'op':'replace','path':'members','value':[{'value':'$B'},{'value':'$C'}]}", "BC", 0, NULL},
    {"AB", "{'op':'replace','value':{'members':[{'value':'$D'}]}}", "D", 0, NULL},
    {"AB", "{'op':'replace','path':'members','value':[]}", "", 0, NULL},
    {"AB", "{'op':'replace','path':'members','value':null}", "", 0, NULL},
    {"AB", "{'op':'replace','path':'members','value':[{'value':'$B'},{'value':'$A'}]}", "AB", 0, NULL},
    {"AB", "{'op':'replace','path':'members','value':[{'value':'$X'}]}", "AB", 400, "invalidValue"},
    {"AB", "{'op':'replace','path':'members[value eq \\'$A\\'].display','value':'x'}", "AB", 400, "mutability"},
    /* several in order, each on the result of the one before */
    {"A", "{'op':'add','path':'members','value':[{'value':'$B'}]},{'op':'remove','path':'members[value eq \\'$B\\']'}",
     "A", 0, NULL},
    {"A", "{'op':'remove','path':'members[value eq \\'$A\\']'},{'op':'add','path':'members','value':[{'value':'$A'}]}",
     "A", 0, NULL},
    {"AB", "{'op':'remove','path':'members'},{'op':'add','path':'members','value':[{'value':'$A'},{'value':'$C'}]}",
     "AC", 0, NULL},
    {"AB",
     "{'op':'add','path':'members','value':[{'value':'$C'}]},{'op':'replace','path':'members','value':[{'value':'$C'}]"
     "}",
     "C", 0, NULL},
    {"AB",
     "{'op':'replace','path':'members','value':[{'value':'$C'}]},{'op':'add','path':'members','value':[{'value':'$A'}]"
     "}",
     "AC", 0, NULL},
    {"",
     "{'op':'add','path':'members','value':[{'value':'$A'},{'value':'$E'}]},"
     "{'op':'remove','path':'members[type eq \\'Group\\']'}",
     "A", 0, NULL},
    {"",
     "{'op':'add','path':'members','value':[{'value':'$A'},{'value':'$B'}]},"
     "{'op':'remove','path':'members[display eq \\'ann\\']'}",
     "B", 0, NULL},
    {"A", "{'op':'add','path':'members','value':[{'value':'$X'}]},{'op':'remove','path':'members[value eq \\'$X\\']'}",
     "A", 400, "invalidValue"},
    {"A", "{'op':'add','path':'members','value':[{'value':'$B'}]},{'op':'move','path':'members'}", "A", 400,
     "invalidSyntax"},
};

static const char *patch_of(struct fixture *f, const char *operations)
{
    return arena_printf(&f->world->arena,
                        "{'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp'],'Operations':[%s]}",
                        with_ids(f, operations));
}

/* In a case \' stands for a quote inside a string: the body has \" there. */
static void check_case(struct fixture *f, size_t i)
{
    const char *group = world_group(f->world, text_of(f->world, "g%zu", i), member_list(f, cases[i].before));
    const char *path = text_of(f->world, "/Groups/%s", group);
    const char *shown = text_of(f->world, "%s?excludedAttributes=members", path);
    struct answer before = world_get(f->world, shown);
    struct answer answer = ask(f->world, .method = "PATCH", .path = path, .body = patch_of(f, cases[i].operations));
    int expected = cases[i].status ? cases[i].status : 204;
    if (answer.status != expected)
        fail_msg("%s: %d %s", cases[i].operations, answer.status, answer.text);
    if (cases[i].scim_type)
        assert_string_equal(answer.scim_type, cases[i].scim_type);
    const char *after = members_of(f, group);
    if (strcmp(after, cases[i].after) != 0)
        fail_msg("%s: %s", cases[i].operations, after);
    bool changed = strcmp(cases[i].before, cases[i].after) != 0;
    struct answer now = world_get(f->world, shown);
    if (changed == (strcmp(now.etag, before.etag) == 0))
        fail_msg("%s: %s, then %s", cases[i].operations, before.etag, now.etag);
    if (!changed)
        assert_string_equal(now.text, before.text);
}

static void test_members_change_as_patch_says(void **state)
{
    struct fixture f = fixture_of(state);
    for (size_t i = 0; i < COUNT(cases); i++)
        check_case(&f, i);
}

/* The same operations with the reply that shows the members: other rows are wanted on the way there. */
static void test_members_change_alike_when_they_are_shown(void **state)
{
    struct fixture f = fixture_of(state);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *group = world_group(f.world, text_of(f.world, "g%zu", i), member_list(&f, cases[i].before));
        struct answer answer =
            ask(f.world, .method = "PATCH", .path = text_of(f.world, "/Groups/%s?attributes=members", group),
                .body = patch_of(&f, cases[i].operations));
        assert_int_equal(answer.status, cases[i].status ? cases[i].status : 200);
        assert_string_equal(members_of(&f, group), cases[i].after);
        if (answer.status != 200)
            continue;
        const json_t *members = json_object_get(answer.body, "members");
        assert_int_equal(json_array_size(members), strlen(cases[i].after));
        for (size_t k = 0; k < json_array_size(members); k++) {
            const json_t *member = json_array_get(members, k);
            const char *value = json_string_value(json_object_get(member, "value"));
            bool is_group = strcmp(value, f.ids[4]) == 0;
            assert_string_equal(json_string_value(json_object_get(member, "type")), is_group ? "Group" : "User");
            assert_non_null(json_string_value(json_object_get(member, "display")));
            assert_non_null(strstr(json_string_value(json_object_get(member, "$ref")), value));
        }
    }
}

static void test_members_and_attributes_change_together(void **state)
{
    struct fixture f = fixture_of(state);
    const char *group = world_group(f.world, "old", member_list(&f, "AB"));
    size_t changes = fake_change_count(f.world->knowing);
    struct answer answer =
        ask(f.world, .method = "PATCH", .path = text_of(f.world, "/Groups/%s?attributes=displayName,members", group),
            .body = patch_of(&f, "{'op':'replace','path':'displayName','value':'new'},"
                                 "{'op':'add','path':'members','value':[{'value':'$C'}]}"));
    assert_int_equal(answer.status, 200);
    assert_string_equal(json_string_value(json_object_get(answer.body, "displayName")), "new");
    assert_int_equal(json_array_size(json_object_get(answer.body, "members")), 3);
    assert_string_equal(members_of(&f, group), "ABC");
    /* what the group was before, the attribute, the members */
    assert_int_equal(fake_change_count(f.world->knowing), changes + 3);
    struct answer got = world_get(f.world, text_of(f.world, "/Groups/%s?excludedAttributes=members", group));
    assert_string_equal(got.etag, answer.etag);
}

static void test_put_replaces_the_members_as_a_whole(void **state)
{
    static const struct {
        const char *before, *members, *after;
        int status;
    } puts[] = {
        {"AB", ",'members':[{'value':'$B'},{'value':'$C'}]", "BC", 200},
        {"AB", "", "", 200},
        {"AB", ",'members':[]", "", 200},
        {"AB", ",'members':null", "", 200},
        {"AB", ",'members':[{'value':'$A'},{'value':'$B'}]", "AB", 200},
        {"", ",'members':[{'value':'$E'}]", "E", 200},
        {"AB", ",'members':[{'value':'$X'}]", "AB", 400},
        {"AB", ",'members':[{'display':'ann'}]", "AB", 400},
        {"AB", ",'members':[{'value':7}]", "AB", 400},
    };
    struct fixture f = fixture_of(state);
    for (size_t i = 0; i < COUNT(puts); i++) {
        const char *group = world_group(f.world, text_of(f.world, "g%zu", i), member_list(&f, puts[i].before));
        const char *body = text_of(f.world,
                                   "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:Group'],"
                                   "'displayName':'g%zu'%s}",
                                   i, with_ids(&f, puts[i].members));
        struct answer answer =
            ask(f.world, .method = "PUT", .path = text_of(f.world, "/Groups/%s", group), .body = body);
        if (answer.status != puts[i].status)
            fail_msg("%s: %d %s", puts[i].members, answer.status, answer.text);
        assert_string_equal(members_of(&f, group), puts[i].after);
        if (answer.status == 200)
            assert_int_equal(json_array_size(json_object_get(answer.body, "members")), strlen(puts[i].after));
        bool changed = strcmp(puts[i].before, puts[i].after) != 0;
        if (answer.status == 200 && !changed)
            assert_string_equal(answer.etag, strlen(puts[i].before) ? "W/\"2\"" : "W/\"1\"");
    }
}

static void test_a_group_with_an_unknown_member_is_not_made(void **state)
{
    struct fixture f = fixture_of(state);
    size_t changes = fake_change_count(f.world->knowing);
    struct answer answer = ask(f.world, .method = "POST", .path = "/Groups",
                               .body = text_of(f.world,
                                               "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:Group'],"
                                               "'displayName':'g','members':%s}",
                                               member_list(&f, "AX")));
    assert_int_equal(answer.status, 400);
    assert_string_equal(answer.scim_type, "invalidValue");
    assert_non_null(strstr(answer.detail, f.ids[5]));
    assert_int_equal(fake_change_count(f.world->knowing), changes);
}

static void test_a_member_of_another_tenant_is_unknown(void **state)
{
    struct fixture f = fixture_of(state);
    struct world *world = f.world;
    const char *stranger = world_token(world, (struct directory_id){id_new()}, SCOPE_DIRECTORY_ALL, true);
    struct answer theirs = ask(world, .method = "POST", .path = "/Users", .authorization = stranger,
                               .body = "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:User'],'userName':'ann'}");
    assert_int_equal(theirs.status, 201); /* the name is free there */
    const char *group = world_group(world, "ours", NULL);
    struct answer answer =
        ask(world, .method = "PATCH", .path = text_of(world, "/Groups/%s", group),
            .body = patch_of(&f, text_of(world, "{'op':'add','path':'members','value':[{'value':'%s'}]}", theirs.id)));
    assert_int_equal(answer.status, 400);
    assert_string_equal(members_of(&f, group), "");
}

static void test_a_group_may_hold_itself_and_its_holder(void **state)
{
    struct fixture f = fixture_of(state);
    const char *path = text_of(f.world, "/Groups/%s", f.ids[4]);
    struct answer self = ask(f.world, .method = "PATCH", .path = path,
                             .body = patch_of(&f, "{'op':'add','path':'members','value':[{'value':'$E'}]}"));
    assert_int_equal(self.status, 204);
    const char *outer = world_group(f.world, "outer", member_list(&f, "E"));
    struct answer loop =
        ask(f.world, .method = "PATCH", .path = path,
            .body = patch_of(&f, text_of(f.world, "{'op':'add','path':'members','value':[{'value':'%s'}]}", outer)));
    assert_int_equal(loop.status, 204);
    assert_int_equal(ask(f.world, .method = "DELETE", .path = path).status, 204);
    assert_int_equal(json_object_size(world_members(f.world, outer)), 0);
}

/* Renamed by the request that makes it its own member, or keeps it so: the reply shows the new name. */
static void test_a_group_in_itself_shows_its_new_name(void **state)
{
    struct fixture f = fixture_of(state);
    const char *path = text_of(f.world, "/Groups/%s", f.ids[4]);
    for (int i = 0; i < 2; i++) {
        const char *name = text_of(f.world, "name %d", i);
        struct answer answer =
            ask(f.world, .method = "PUT", .path = path,
                .body = text_of(f.world,
                                "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:Group'],'displayName':'%s',"
                                "'members':%s}",
                                name, member_list(&f, "E")));
        assert_int_equal(answer.status, 200);
        const json_t *member = json_array_get(json_object_get(answer.body, "members"), 0);
        assert_string_equal(json_string_value(json_object_get(member, "display")), name);
    }
}

static void test_a_thousand_members_come_in_one_request(void **state)
{
    struct fixture f = fixture_of(state);
    struct buf list;
    f.world->hurried = true;
    buf_init(&list, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_printf(&list, "%s{'value':'%s'}", i ? "," : "", world_user(f.world, text_of(f.world, "user%d", i)));
    buf_add_char(&list, 0);
    const char *group = world_group(f.world, "many", NULL);
    char *body = arena_printf(&f.world->arena,
                              "{'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp'],'Operations':[{'op':'add','"
                              "path':'members','value':[%s]}]}",
                              list.data);
    buf_fini(&list);
    assert_int_equal(
        ask(f.world, .method = "PATCH", .path = text_of(f.world, "/Groups/%s", group), .body = body).status, 204);
    assert_int_equal(json_object_size(world_members(f.world, group)), 1000);
}

/* Okta sends an operation for each member. They must not cost a round each. */
static void test_many_operations_load_together(void **state)
{
    struct fixture f = fixture_of(state);
    struct buf operations;
    buf_init(&operations, 1 << 16);
    for (int i = 0; i < 40; i++) {
        const char *id = world_user(f.world, text_of(f.world, "user%d", i));
        buf_printf(&operations, "%s{'op':'%s','path':'members','value':[{'value':'%s'}]}", i ? "," : "",
                   i % 4 ? "add" : "remove", id);
    }
    buf_add_char(&operations, 0);
    const char *group = world_group(f.world, "many", NULL);
    struct answer answer = ask(f.world, .method = "PATCH", .path = text_of(f.world, "/Groups/%s", group),
                               .body = patch_of(&f, operations.data));
    buf_fini(&operations);
    assert_int_equal(answer.status, 204);
    assert_true(f.world->rounds <= 3);
    assert_int_equal(json_object_size(world_members(f.world, group)), 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_members_change_as_patch_says),
        TEST(test_members_change_alike_when_they_are_shown),
        TEST(test_members_and_attributes_change_together),
        TEST(test_put_replaces_the_members_as_a_whole),
        TEST(test_a_group_with_an_unknown_member_is_not_made),
        TEST(test_a_member_of_another_tenant_is_unknown),
        TEST(test_a_group_may_hold_itself_and_its_holder),
        TEST(test_a_group_in_itself_shows_its_new_name),
        TEST(test_a_thousand_members_come_in_one_request),
        TEST(test_many_operations_load_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
