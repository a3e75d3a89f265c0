#include "documents.h"
#include "scim/patch.h"

struct fixture {
    const char *name;
    const struct scim_resource_type *type;
    struct scim_policy policy;
    struct arena arena;
};

static json_t *normalise(struct fixture *f, const json_t *body)
{
    struct resource_id id;
    struct scim_members members;
    struct err err = ERR_INIT;
    assert_true(id_from_uuid(SLICE_LITERAL(TEST_ID), false, &id.id));
    json_t *document =
        scim_resource_normalise(body, f->type, &scim_policy_default, &id, NULL, &f->arena, &members, &err);
    if (!document)
        fail_msg("%s: before: %s", f->name, err.detail);
    return document;
}

/* The document afterwards, NULL with err set; *patch_out stays NULL when parsing failed. */
static json_t *run(struct fixture *f, const json_t *before, const json_t *request, struct scim_patch **patch_out,
                   struct err *err)
{
    *patch_out = NULL;
    struct scim_patch *patch;
    if (!scim_patch_parse(request, f->type, &f->policy, &f->arena, &patch, err))
        return NULL;
    *patch_out = patch;
    return scim_patch_apply(patch, before, f->type, &f->policy, &f->arena, err);
}

static void assert_refused(const struct fixture *f, const json_t *vector, const json_t *after, const struct err *err)
{
    const char *expected = json_string_value(json_object_get(vector, "error"));
    const char *named = json_string_value(json_object_get(vector, "names")), *scim_type = err_scim_type(err->kind);
    if (after)
        fail_msg("%s: was accepted: %s", f->name, json_dumps(after, 0));
    if (!scim_type || strcmp(scim_type, expected) != 0 || (named && !strstr(err->detail, named)))
        fail_msg("%s: %s instead of %s: %s", f->name, scim_type, expected, err->detail);
}

static void assert_after(const struct fixture *f, const json_t *before, const json_t *after, const json_t *expected)
{
    if (json_is_string(expected)) {
        assert_json_equal(f->name, after, before);
        return;
    }
    json_t *copy = json_copy((json_t *)(uintptr_t)after);
    json_object_del(copy, "id");
    if (!json_object_get(expected, "schemas"))
        json_object_del(copy, "schemas");
    assert_json_equal(f->name, copy, expected);
    json_decref(copy);
}

static void assert_edits(const struct fixture *f, const struct scim_member_edit *edit, const json_t *expected)
{
    static const char *const kinds[] = {"add", "remove", "replace", "remove_where"};
    for (size_t i = 0; i < json_array_size(expected); i++, edit = edit->next) {
        const json_t *wanted = json_array_get(expected, i), *ids = json_object_get(wanted, "ids");
        if (!edit || strcmp(kinds[edit->kind], json_string_value(json_object_get(wanted, "kind"))) != 0 ||
            edit->count != json_array_size(ids) || (edit->filter != NULL) != (edit->kind == SCIM_MEMBERS_REMOVE_WHERE))
            fail_msg("%s: edit %zu", f->name, i);
        for (size_t j = 0; j < edit->count; j++) {
            char text[ID_UUID_CHARS + 1];
            id_to_uuid(&edit->ids[j].id, text);
            assert_string_equal(text, json_string_value(json_array_get(ids, j)));
        }
    }
    if (edit)
        fail_msg("%s: one edit too many", f->name);
}

static char *text_of(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    assert_non_null(text);
    return text;
}

static void assert_unchanged(const struct fixture *f, const json_t *before, const char *text)
{
    char *now = text_of(before);
    if (strcmp(now, text) != 0)
        fail_msg("%s: the document before was changed: %s", f->name, now);
    free(now);
}

static void assert_nothing_empty(const json_t *value)
{
    const char *name;
    json_t *inner;
    size_t i;
    assert_false(json_is_null(value));
    json_array_foreach (value, i, inner)
        assert_nothing_empty(inner);
    json_object_foreach ((json_t *)(uintptr_t)value, name, inner) {
        assert_false(json_is_array(inner) && json_array_size(inner) == 0);
        assert_false(json_is_object(inner) && json_object_size(inner) == 0);
        assert_nothing_empty(inner);
    }
}

static void assert_normalised(const struct fixture *f, const json_t *document)
{
    struct err err = ERR_INIT;
    json_t *copy = json_deep_copy(document);
    assert_nothing_empty(document);
    if (!scim_resource_finish(copy, f->type, &f->policy, &err))
        fail_msg("%s: %s", f->name, err.detail);
    char *is = text_of(document), *finished = text_of(copy);
    assert_string_equal(is, finished);
    free(is);
    free(finished);
    json_decref(copy);
}

static void run_vector(const json_t *vector)
{
    struct fixture f = {.name = json_string_value(json_object_get(vector, "name")),
                        .type = scim_type_by_name(json_slice(json_object_get(vector, "type")))};
    const json_t *policy = json_object_get(vector, "policy");
    char *policy_text = policy ? text_of(policy) : strdup("");
    struct err err = ERR_INIT;
    struct scim_patch *patch = NULL;

    arena_init(&f.arena);
    assert_true(scim_policy_parse(slice_str(policy_text), &f.arena, &f.policy, &err));
    json_t *before = normalise(&f, json_object_get(vector, "before"));
    char *before_text = text_of(before);
    json_t *after = run(&f, before, json_object_get(vector, "request"), &patch, &err);
    assert_unchanged(&f, before, before_text);
    if (json_object_get(vector, "error")) {
        assert_refused(&f, vector, after, &err);
    } else {
        if (!after)
            fail_msg("%s: %s", f.name, err.detail);
        assert_after(&f, before, after, json_object_get(vector, "after"));
        assert_normalised(&f, after);
        assert_edits(&f, scim_patch_members(patch), json_object_get(vector, "members"));
    }
    json_decref(after);
    json_decref(before);
    free(before_text);
    free(policy_text);
    arena_fini(&f.arena);
}

static void test_every_vector_comes_out_as_it_says(void **state)
{
    (void)state;
    json_error_t error;
    json_t *vectors = json_load_file(TEST_VECTORS_DIR "/scim/patch.json", 0, &error);
    if (!vectors)
        fail_msg("%s in line %d", error.text, error.line);
    assert_true(json_array_size(vectors) > 200);
    for (size_t i = 0; i < json_array_size(vectors); i++)
        run_vector(json_array_get(vectors, i));
    json_decref(vectors);
}

static json_t *operation(const char *op, const char *path, json_t *value)
{
    json_t *operation = json_pack("{s:s,s:o}", "op", op, "value", value);
    if (path)
        json_object_set_new(operation, "path", json_string(path));
    return operation;
}

static json_t *message(json_t *operations)
{
    return json_pack("{s:[s],s:o}", "schemas", "urn:ietf:params:scim:api:messages:2.0:PatchOp", "Operations",
                     operations);
}

static void test_only_changes_beyond_members_touch_the_document(void **state)
{
    (void)state;
    static const struct {
        const char *operation;
        bool touches;
    } cases[] = {
        {"{\"op\":\"remove\",\"path\":\"members\"}", false},
        {"{\"op\":\"add\",\"value\":{\"id\":\"x\",\"members\":[]}}", false},
        {"{\"op\":\"add\",\"value\":{\"displayName\":\"x\"}}", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fixture f = {.name = "", .type = &scim_group_type, .policy = scim_policy_default};
        struct scim_patch *patch;
        struct err err = ERR_INIT;
        arena_init(&f.arena);
        json_t *operations = json_array();
        json_array_append_new(operations, json_of(cases[i].operation));
        json_t *request = message(operations);
        assert_true(scim_patch_parse(request, f.type, &f.policy, &f.arena, &patch, &err));
        assert_int_equal(scim_patch_touches_document(patch), cases[i].touches);
        json_decref(request);
        arena_fini(&f.arena);
    }
}

static struct resource_id numbered_id(unsigned n)
{
    struct resource_id id = {{{1, 2, 3, 4}}};
    memcpy(id.id.bytes + 12, &n, sizeof n);
    return id;
}

static void test_a_thousand_operations_of_one_member_are_one_edit(void **state)
{
    (void)state;
    struct fixture f = {.name = "", .type = &scim_group_type, .policy = scim_policy_default};
    struct scim_patch *patch;
    struct err err = ERR_INIT;
    json_t *operations = json_array();
    arena_init(&f.arena);
    for (unsigned i = 0; i < SCIM_PATCH_MAX_OPERATIONS; i++) {
        char text[ID_UUID_CHARS + 1];
        struct resource_id id = numbered_id(i);
        id_to_uuid(&id.id, text);
        json_array_append_new(operations, operation("Add", "members", json_pack("[{s:s}]", "value", text)));
    }
    json_t *request = message(operations);
    assert_true(scim_patch_parse(request, f.type, &f.policy, &f.arena, &patch, &err));
    const struct scim_member_edit *edit = scim_patch_members(patch);
    assert_int_equal(edit->count, SCIM_PATCH_MAX_OPERATIONS);
    assert_null(edit->next);
    for (size_t i = 1; i < edit->count; i++)
        assert_true(id_compare(&edit->ids[i - 1].id, &edit->ids[i].id) < 0);

    json_array_append_new(json_object_get(request, "Operations"), operation("add", "members", json_array()));
    assert_false(scim_patch_parse(request, f.type, &f.policy, &f.arena, &patch, &err));
    assert_int_equal(err.kind, ERR_INVALID_SYNTAX);
    json_decref(request);
    arena_fini(&f.arena);
}

static void test_lists_do_not_grow_past_their_bound(void **state)
{
    (void)state;
    struct fixture f = {.name = "", .type = &scim_user_type, .policy = scim_policy_default};
    struct scim_patch *patch;
    struct err err = ERR_INIT;
    json_t *operations = json_array(), *many = json_array();
    arena_init(&f.arena);
    for (unsigned i = 0; i < SCIM_MAX_VALUES; i++)
        json_array_append_new(many, json_pack("{s:o}", "value", json_sprintf("%u", i)));
    json_array_append_new(operations, operation("add", "roles", many));
    for (unsigned i = 1; i < SCIM_PATCH_MAX_OPERATIONS; i++)
        json_array_append_new(operations, operation("add", "roles[value eq \"7\"].primary", json_true()));
    json_t *request = message(operations), *body = json_of("{\"schemas\":[\"" SCIM_URN_USER "\"],\"userName\":\"u\"}");
    json_t *before = normalise(&f, body), *after = run(&f, before, request, &patch, &err);
    assert_non_null(after);
    assert_int_equal(json_array_size(json_object_get(after, "roles")), SCIM_MAX_VALUES);
    json_decref(after);

    json_array_append_new(many, json_pack("{s:s}", "value", "one more"));
    arena_reset(&f.arena);
    assert_null(run(&f, before, request, &patch, &err));
    assert_int_equal(err.kind, ERR_INVALID_VALUE);
    json_decref(before);
    json_decref(body);
    json_decref(request);
    arena_fini(&f.arena);
}

/* --- random sequences --- */

static uint64_t random_state;

static unsigned random_below(unsigned bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % bound;
}

static json_t *random_operation(void)
{
    static const char *const ops[] = {"add", "remove", "replace", "Replace"};
    static const char *const paths[] = {
        NULL,
        NULL,
        "title",
        "active",
        "name",
        "name.givenName",
        "emails",
        "emails.display",
        "emails[type eq \"work\"]",
        "emails[type eq \"work\"].value",
        "emails[primary eq true].type",
        "emails[value sw \"a\"].primary",
        "roles",
        "roles[type eq \"x\" and primary eq \"True\"].value",
        "addresses[type eq \"work\"].country",
        "addresses",
        SCIM_URN_ENTERPRISE,
        SCIM_URN_ENTERPRISE ":manager",
        SCIM_URN_ENTERPRISE ":department",
        "manager.value",
        "externalId",
        "schemas",
        "userName",
        "password",
    };
    static const char *const values[] = {
        "null",
        "\"\"",
        "\"a\"",
        "\"work\"",
        "true",
        "\"False\"",
        "[]",
        "{}",
        "5",
        "{\"value\":\"\"}",
        "[\"a\",\"b\"]",
        "{\"value\":\"a\",\"type\":\"work\"}",
        "[{\"value\":\"a\",\"type\":\"work\",\"primary\":true},{\"value\":\"b\"}]",
        "[{\"value\":\"b\",\"primary\":\"True\",\"x\":1}]",
        "{\"givenName\":\"g\",\"familyName\":null,\"odd\":[1]}",
        "{\"department\":\"d\",\"manager\":\"m\",\"UID\":\"u\"}",
        "{\"type\":\"work\",\"country\":\"DE\",\"locality\":\"L\"}",
        "{\"title\":\"t\",\"emails\":[{\"value\":\"c\",\"primary\":true}],\"name.givenName\":\"h\",\"colour\":\"red\"}",
        "{\"urn:acme:x\":{\"a\":1,\"b\":null},\"car.colour\":null,\"zeta\":{\"y\":[null]},\"emails[type eq "
        "\\\"home\\\"].value\":\"h\"}",
        "{\"" SCIM_URN_ENTERPRISE
        ":manager\":{\"value\":\"n\",\"displayName\":\"N\"},\"id\":\"x\",\"active\":\"true\"}",
    };
    const char *path = paths[random_below(COUNT_OF(paths))];
    return operation(ops[random_below(COUNT_OF(ops))], path, json_of(values[random_below(COUNT_OF(values))]));
}

static void test_random_changes_keep_the_document_normalised(void **state)
{
    (void)state;
    const char *seed = getenv("ROLLCALL_TEST_SEED");
    random_state = seed ? strtoull(seed, NULL, 10) : 20260101;
    print_message("seed %llu\n", (unsigned long long)random_state);
    struct fixture f = {.name = "random", .type = &scim_user_type, .policy = scim_policy_default};
    arena_init(&f.arena);
    json_t *body = json_of("{\"schemas\":[\"" SCIM_URN_USER "\"],\"userName\":\"u\"}");
    json_t *document = normalise(&f, body);
    unsigned applied = 0;

    for (unsigned i = 0; i < 20000; i++) {
        json_t *operations = json_array();
        for (unsigned n = 1 + random_below(3); n > 0; n--)
            json_array_append_new(operations, random_operation());
        json_t *request = message(operations);
        struct scim_patch *patch;
        struct err err = ERR_INIT;
        char *before_text = text_of(document);
        json_t *after = run(&f, document, request, &patch, &err);
        assert_unchanged(&f, document, before_text);
        free(before_text);
        if (after) {
            applied++;
            assert_normalised(&f, after);
            json_decref(document);
            document = after;
        } else {
            assert_true(err.kind != ERR_NONE && err_status(err.kind) == 400);
        }
        json_decref(request);
        arena_reset(&f.arena);
    }
    assert_true(applied > 1000);
    json_decref(document);
    json_decref(body);
    arena_fini(&f.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_vector_comes_out_as_it_says),
        cmocka_unit_test(test_only_changes_beyond_members_touch_the_document),
        cmocka_unit_test(test_a_thousand_operations_of_one_member_are_one_edit),
        cmocka_unit_test(test_lists_do_not_grow_past_their_bound),
        cmocka_unit_test(test_random_changes_keep_the_document_normalised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
