#include "documents.h"
#include "scim/document.h"

#define BASE  "https://h.example/orgs/org-1/scim/v2"
#define UUID  "01890a5d-ac96-774b-bcce-b302099a8057"
#define OTHER "01890a5d-ac96-774b-bcce-b302099a8058"
#define META                                                                                                           \
    "\"meta\":{\"resourceType\":\"User\",\"created\":\"2026-01-02T03:04:05.006Z\","                                    \
    "\"lastModified\":\"2026-01-02T03:04:05.007Z\",\"location\":\"" BASE "/Users/" UUID "\",\"version\":\"W/\\\"7"

static const char *const plain = "{\"schemas\":[\"" SCIM_URN_USER "\"],\"id\":\"" UUID "\",\"userName\":\"b\"}";
static const char *const managed =
    "{\"schemas\":[\"" SCIM_URN_USER "\",\"" SCIM_URN_ENTERPRISE "\"],\"id\":\"" UUID
    "\",\"userName\":\"b\",\"" SCIM_URN_ENTERPRISE "\":{\"department\":\"d\",\"manager\":{\"value\":\"" OTHER "\"}}}";

static struct resource_id id_of(const char *text)
{
    struct resource_id id;
    assert_true(id_from_uuid(slice_str(text), false, &id.id));
    return id;
}

static struct scim_served served_of(struct scim_stored stored)
{
    return (struct scim_served){.type = &scim_user_type,
                                .id = id_of(UUID),
                                .stored = stored,
                                .version = 7,
                                .created_ms = 1767323045006,
                                .modified_ms = 1767323045007,
                                .manager_id = id_of(OTHER),
                                .manager_display = SLICE_LITERAL("Al \"A\" B"),
                                .refs_shown = true};
}

/* Stores the document into `text` and says what the database would hold. */
static struct scim_stored store(const char *document, struct buf *text)
{
    json_t *parsed = json_of(document);
    buf_init(text, 4096);
    uint8_t open_braces = scim_document_store(parsed, text);
    json_decref(parsed);
    return (struct scim_stored){buf_slice(text), open_braces};
}

static void assert_served(const struct scim_served *served, const char *expected)
{
    struct buf out;
    buf_init(&out, 8192);
    scim_document_serve(served, SLICE_LITERAL(BASE), &out);
    assert_buf_equal(&out, expected);

    char etag[SCIM_ETAG_BYTES];
    scim_document_etag(served, etag);
    json_t *parsed = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(parsed);
    assert_string_equal(json_string_value(json_object_get(json_object_get(parsed, "meta"), "version")), etag);
    json_decref(parsed);
    buf_fini(&out);
}

/* A group has no manager: what a client calls so is an undeclared attribute, and may stand anywhere. A server that took
 * it for a user's was stopped by it. */
static void test_A_06_a_manager_that_is_no_users_is_stored_as_it_is(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "{\"a\":1,\"" SCIM_URN_ENTERPRISE "\":{\"manager\":{\"value\":\"m\"}},\"b\":[]}",
        "{\"a\":1,\"" SCIM_URN_ENTERPRISE "\":{\"manager\":{\"value\":\"m\"},\"department\":\"d\"}}",
        "{\"a\":1,\"" SCIM_URN_ENTERPRISE "\":{\"manager\":\"m\"}}",
        "{\"a\":1,\"" SCIM_URN_ENTERPRISE "\":{\"manager\":[{}]}}",
        "{\"a\":1,\"" SCIM_URN_ENTERPRISE "\":{\"manager\":{}}}",
        "{\"a\":1,\"" SCIM_URN_ENTERPRISE "\":[]}",
    };
    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        struct buf text;
        struct scim_stored stored = store(documents[i], &text);
        assert_int_equal(stored.open_braces, 1);
        json_t *loaded = scim_document_load(stored), *expected = json_of(documents[i]);
        assert_json_equal(documents[i], loaded, expected);
        json_decref(loaded);
        json_decref(expected);
        buf_fini(&text);
    }
}

static void test_what_was_stored_comes_back(void **state)
{
    (void)state;
    static const struct {
        const char *const *document;
        uint8_t open_braces;
    } cases[] = {{&plain, 1}, {&managed, 3}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf text;
        struct scim_stored stored = store(*cases[i].document, &text);
        assert_int_equal(stored.open_braces, cases[i].open_braces);
        assert_int_equal(stored.text.len, strlen(*cases[i].document) - cases[i].open_braces);
        json_t *loaded = scim_document_load(stored), *before = json_of(*cases[i].document);
        assert_json_equal("loaded", loaded, before);
        json_decref(loaded);
        json_decref(before);
        buf_fini(&text);
    }
}

static void test_meta_is_written_behind_the_text(void **state)
{
    (void)state;
    struct buf text;
    struct scim_served served = served_of(store(plain, &text));
    assert_served(&served,
                  "{\"schemas\":[\"" SCIM_URN_USER "\"],\"id\":\"" UUID "\",\"userName\":\"b\"," META "\\\"\"}}");
    buf_fini(&text);
}

static void test_an_unknown_manager_stays_as_sent(void **state)
{
    (void)state;
    struct buf text;
    struct scim_served served = served_of(store(managed, &text));
    assert_served(&served, "{\"schemas\":[\"" SCIM_URN_USER "\",\"" SCIM_URN_ENTERPRISE "\"],\"id\":\"" UUID
                           "\",\"userName\":\"b\",\"" SCIM_URN_ENTERPRISE
                           "\":{\"department\":\"d\",\"manager\":{\"value\":\"" OTHER "\"}}," META "\\\"\"}}");
    buf_fini(&text);
}

static void test_a_known_manager_gets_a_name_and_a_reference(void **state)
{
    (void)state;
    struct buf text, out;
    struct scim_served served = served_of(store(managed, &text));
    served.manager_known = true;
    buf_init(&out, 8192);
    scim_document_serve(&served, SLICE_LITERAL(BASE), &out);
    json_t *parsed = json_loadb(out.data, out.len, 0, NULL);
    json_t *expected =
        json_of("{\"value\":\"" OTHER "\",\"$ref\":\"" BASE "/Users/" OTHER "\",\"displayName\":\"Al \\\"A\\\" B\"}");
    assert_json_equal("manager", json_object_get(json_object_get(parsed, SCIM_URN_ENTERPRISE), "manager"), expected);
    json_decref(expected);
    json_decref(parsed);
    buf_fini(&out);
    buf_fini(&text);
}

static void test_groups_are_shown_with_their_kind(void **state)
{
    (void)state;
    struct buf text, out;
    const struct scim_group_ref refs[] = {
        {.id = id_of(UUID), .type = SCIM_TYPE_GROUP, .display = SLICE_LITERAL("A")},
        {.id = id_of(OTHER), .type = SCIM_TYPE_GROUP, .indirect = true},
    };
    struct scim_served served = served_of(store(plain, &text));
    served.refs = refs;
    served.ref_count = 2;
    buf_init(&out, 8192);
    scim_document_serve(&served, SLICE_LITERAL(BASE), &out);
    json_t *parsed = json_loadb(out.data, out.len, 0, NULL);
    json_t *expected = json_of("[{\"value\":\"" UUID "\",\"$ref\":\"" BASE "/Groups/" UUID
                               "\",\"display\":\"A\",\"type\":\"direct\"},{\"value\":\"" OTHER "\",\"$ref\":\"" BASE
                               "/Groups/" OTHER "\",\"type\":\"indirect\"}]");
    assert_json_equal("groups", json_object_get(parsed, "groups"), expected);
    json_decref(expected);
    json_decref(parsed);

    served.refs_shown = false;
    buf_clear(&out);
    scim_document_serve(&served, SLICE_LITERAL(BASE), &out);
    parsed = json_loadb(out.data, out.len, 0, NULL);
    assert_null(json_object_get(parsed, "groups"));
    json_decref(parsed);
    buf_fini(&out);
    buf_fini(&text);
}

static void test_members_name_the_type_of_each(void **state)
{
    (void)state;
    struct buf text, out;
    const struct scim_group_ref refs[] = {{.id = id_of(UUID), .type = SCIM_TYPE_USER, .display = SLICE_LITERAL("u")},
                                          {.id = id_of(OTHER), .type = SCIM_TYPE_GROUP}};
    struct scim_served served =
        served_of(store("{\"schemas\":[\"" SCIM_URN_GROUP "\"],\"id\":\"" UUID "\",\"displayName\":\"g\"}", &text));
    served.type = &scim_group_type;
    served.refs = refs;
    served.ref_count = 2;
    buf_init(&out, 8192);
    scim_document_serve(&served, SLICE_LITERAL(BASE), &out);
    json_t *parsed = json_loadb(out.data, out.len, 0, NULL);
    json_t *expected = json_of("[{\"value\":\"" UUID "\",\"$ref\":\"" BASE "/Users/" UUID
                               "\",\"display\":\"u\",\"type\":\"User\"},{\"value\":\"" OTHER "\",\"$ref\":\"" BASE
                               "/Groups/" OTHER "\",\"type\":\"Group\"}]");
    assert_json_equal("members", json_object_get(parsed, "members"), expected);
    assert_string_equal(json_string_value(json_object_get(json_object_get(parsed, "meta"), "version")), "W/\"7\"");
    json_decref(expected);
    json_decref(parsed);
    buf_fini(&out);
    buf_fini(&text);
}

static void test_a_users_tag_changes_with_what_is_derived(void **state)
{
    (void)state;
    struct buf text;
    struct scim_group_ref ref = {.id = id_of(OTHER), .type = SCIM_TYPE_GROUP, .display = SLICE_LITERAL("A")};
    struct scim_served served = served_of(store(managed, &text));
    char tags[7][SCIM_ETAG_BYTES];

    scim_document_etag(&served, tags[0]);
    assert_string_equal(tags[0], "W/\"7\"");
    served.manager_known = true;
    scim_document_etag(&served, tags[1]);
    served.manager_display = SLICE_LITERAL("Al B");
    scim_document_etag(&served, tags[2]);
    served.refs = &ref;
    served.ref_count = 1;
    scim_document_etag(&served, tags[3]);
    ref.display = SLICE_LITERAL("B");
    scim_document_etag(&served, tags[4]);
    ref.indirect = true;
    scim_document_etag(&served, tags[5]);
    served.version = UINT64_MAX;
    scim_document_etag(&served, tags[6]);
    for (size_t i = 0; i < COUNT_OF(tags); i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(tags[i], tags[j]);

    char projected[SCIM_ETAG_BYTES];
    served.refs_shown = false;
    scim_document_etag(&served, projected);
    assert_string_equal(projected, tags[6]);
    buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_A_06_a_manager_that_is_no_users_is_stored_as_it_is),
        cmocka_unit_test(test_what_was_stored_comes_back),
        cmocka_unit_test(test_meta_is_written_behind_the_text),
        cmocka_unit_test(test_an_unknown_manager_stays_as_sent),
        cmocka_unit_test(test_a_known_manager_gets_a_name_and_a_reference),
        cmocka_unit_test(test_groups_are_shown_with_their_kind),
        cmocka_unit_test(test_members_name_the_type_of_each),
        cmocka_unit_test(test_a_users_tag_changes_with_what_is_derived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
