/* Events of the feed as SCIM events: a table of what becomes of each, and the claims around them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "set_token.h"

#define USER                                                                                                           \
    "\"user\":{\"schemas\":[\"urn:x\"],\"id\":\"u\",\"userName\":\"ada\",\"name\":{\"givenName\":\"A\"},"              \
    "\"externalId\":\"e1\"}"
#define GROUP   "\"group\":{\"schemas\":[\"urn:x\"],\"id\":\"g\",\"displayName\":\"staff\"}"
#define TITLE   "{\"path\":\"title\",\"old\":null,\"new\":\"Dr\"}"
#define SECRET  "{\"path\":\"nickName\",\"old\":null,\"new\":null,\"sensitive\":true}"
#define OFF     "{\"path\":\"active\",\"old\":true,\"new\":false}"
#define P       "urn:ietf:params:scim:event:prov:"
#define PATCH   "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":"
#define V       "\"version\":\"W/\\\"7\\\"\""
#define MEMBERS "\"members\":[{\"id\":\"m1\",\"type\":\"User\"},{\"id\":\"m2\",\"type\":\"Group\"}]"

static const struct vector {
    const char *name, *type;
    bool is_put;
    const char *data, *full, *notice; /* NULL: nothing is told */
} vectors[] = {
    {"EV-09 POST", "user.created", false, USER ",\"changes\":[]",
     "{\"" P
     "create:full\":{\"data\":{\"schemas\":[\"urn:x\"],\"id\":\"u\",\"userName\":\"ada\",\"name\":{\"givenName\":"
     "\"A\"},\"externalId\":\"e1\"}," V "}}",
     "{\"" P "create:notice\":{\"attributes\":[\"userName\",\"name.givenName\",\"externalId\"]," V "}}"},
    {"back again", "user.restored", false, "\"user\":{\"id\":\"u\",\"userName\":\"ada\"},\"changes\":[]",
     "{\"" P "create:full\":{\"data\":{\"id\":\"u\",\"userName\":\"ada\"}," V "}}",
     "{\"" P "create:notice\":{\"attributes\":[\"userName\"]," V "}}"},
    {"EV-09 PATCH", "user.updated", false, USER ",\"changes\":[" TITLE "]",
     "{\"" P "patch:full\":{\"data\":" PATCH "[{\"op\":\"add\",\"path\":\"title\",\"value\":\"Dr\"}]}," V "}}",
     "{\"" P "patch:notice\":{\"attributes\":[\"title\"]," V "}}"},
    {"a value that goes", "user.updated", false,
     USER ",\"changes\":[{\"path\":\"title\",\"old\":\"Dr\",\"new\":null},{\"path\":\"name.givenName\",\"old\":\"A\","
          "\"new\":\"B\"}]",
     "{\"" P "patch:full\":{\"data\":" PATCH
     "[{\"op\":\"remove\",\"path\":\"title\"},{\"op\":\"replace\",\"path\":\"name.givenName\",\"value\":\"B\"}]}," V
     "}}",
     "{\"" P "patch:notice\":{\"attributes\":[\"title\",\"name.givenName\"]," V "}}"},
    {"EV-09 PUT", "user.updated", true, "\"user\":{\"id\":\"u\",\"title\":\"Dr\"},\"changes\":[" TITLE "]",
     "{\"" P "put:full\":{\"data\":{\"id\":\"u\",\"title\":\"Dr\"}," V "}}",
     "{\"" P "put:notice\":{\"attributes\":[\"title\"]," V "}}"},
    {"EV-07 what is sensitive is named", "user.updated", false, USER ",\"changes\":[" TITLE "," SECRET "]",
     "{\"" P "patch:notice\":{\"attributes\":[\"title\",\"nickName\"]," V "}}",
     "{\"" P "patch:notice\":{\"attributes\":[\"title\",\"nickName\"]," V "}}"},
    {"what was before is forgotten", "user.updated", false, "\"user\":{\"id\":\"u\",\"title\":\"Dr\"},\"changes\":null",
     "{\"" P "put:full\":{\"data\":{\"id\":\"u\",\"title\":\"Dr\"}," V "}}",
     "{\"" P "put:notice\":{\"attributes\":[\"title\"]," V "}}"},
    {"EV-03 EV-06 EV-09 off", "user.deactivated", false, USER ",\"changes\":[" OFF "]",
     "{\"" P "patch:full\":{\"data\":" PATCH "[{\"op\":\"replace\",\"path\":\"active\",\"value\":false}]}," V "},\"" P
     "deactivate\":{}}",
     "{\"" P "patch:notice\":{\"attributes\":[\"active\"]," V "},\"" P "deactivate\":{}}"},
    {"EV-09 on by PUT", "user.activated", true, "\"user\":{\"id\":\"u\"},\"changes\":[" OFF "]",
     "{\"" P "put:full\":{\"data\":{\"id\":\"u\"}," V "},\"" P "activate\":{}}",
     "{\"" P "put:notice\":{\"attributes\":[\"active\"]," V "},\"" P "activate\":{}}"},
    {"EV-06 DELETE", "user.deleted", false, USER ",\"changes\":[]", "{\"" P "delete\":{}}", "{\"" P "delete\":{}}"},
    {"EV-08 a group that is put", "group.updated", true,
     GROUP ",\"changes\":[{\"path\":\"displayName\",\"old\":\"a\",\"new\":\"staff\"}]",
     "{\"" P "put:notice\":{\"attributes\":[\"displayName\"]," V "}}",
     "{\"" P "put:notice\":{\"attributes\":[\"displayName\"]," V "}}"},
    {"members who come", "group.member_added", false, GROUP "," MEMBERS ",\"part\":1,\"parts\":1",
     "{\"" P "patch:full\":{\"data\":" PATCH
     "[{\"op\":\"add\",\"path\":\"members\",\"value\":[{\"value\":\"m1\",\"type\":"
     "\"User\"},{\"value\":\"m2\",\"type\":\"Group\"}]}]}," V "}}",
     "{\"" P "patch:notice\":{\"attributes\":[\"members\"]," V "}}"},
    {"members who go", "group.member_removed", true, GROUP "," MEMBERS ",\"part\":1,\"parts\":1",
     "{\"" P "patch:full\":{\"data\":" PATCH
     "[{\"op\":\"remove\",\"path\":\"members[value eq \\\"m1\\\"]\"},{\"op\":\"remove\",\"path\":\"members[value eq "
     "\\\"m2\\\"]\"}]}," V "}}",
     "{\"" P "patch:notice\":{\"attributes\":[\"members\"]," V "}}"},
    {"EV-08 many members", "group.member_added", false, GROUP "," MEMBERS ",\"part\":1,\"parts\":3",
     "{\"" P "patch:notice\":{\"attributes\":[\"members\"]," V "}}",
     "{\"" P "patch:notice\":{\"attributes\":[\"members\"]," V "}}"},
    {"EV-08 the rest of them", "group.member_added", false, GROUP "," MEMBERS ",\"part\":2,\"parts\":3", NULL, NULL},
    {"own types", "resource.deleted", false, "\"resource_type\":\"Device\",\"resource\":{\"id\":\"d\"},\"changes\":[]",
     "{\"" P "delete\":{}}", "{\"" P "delete\":{}}"},
    {"nobody's", "token.created", false, "\"x\":1", NULL, NULL},
    {"a directory is no resource", "directory.deleted", false, "\"x\":1", NULL, NULL},
};

static json_t *data_of(const struct vector *vector)
{
    char text[4096];
    snprintf(text, sizeof text, "{%s,\"version\":7}", vector->data);
    json_t *data = json_loads(text, 0, NULL);
    assert_non_null(data);
    return data;
}

static void check(const struct vector *vector, enum set_format format, const char *expected_text)
{
    const struct feed_event event = {.type = feed_type_find(slice_str(vector->type)), .is_put = vector->is_put};
    json_scoped *data = data_of(vector);
    json_scoped *events = set_events_of(&event, data, format, SET_EVERYTHING);
    json_scoped *expected = expected_text ? json_loads(expected_text, 0, NULL) : NULL;
    assert_int_equal(expected_text != NULL, expected != NULL);
    if (expected ? json_equal(events, expected) : !events)
        return;
    char *got = events ? json_dumps(events, 0) : NULL;
    print_message("%s: %s\n", vector->name, got ? got : "nothing");
    free(got);
    fail();
}

static void test_EV_05_EV_06_EV_08_EV_09_each_event_is_told_as_it_should_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        check(&vectors[i], SET_FULL, vectors[i].full);
        check(&vectors[i], SET_NOTICE, vectors[i].notice);
    }
}

static void test_EV_05_exactly_one_of_data_and_attributes_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct feed_event event = {.type = feed_type_find(slice_str(vectors[i].type)),
                                         .is_put = vectors[i].is_put};
        json_scoped *data = data_of(&vectors[i]);
        for (int format = SET_FULL; format <= SET_NOTICE; format++) {
            json_scoped *events = set_events_of(&event, data, (enum set_format)format, SET_EVERYTHING);
            const char *uri;
            json_t *payload;
            json_object_foreach (events, uri, payload) {
                assert_int_equal(json_object_get(payload, "data") != NULL, strstr(uri, ":full") != NULL);
                assert_int_equal(json_object_get(payload, "attributes") != NULL, strstr(uri, ":notice") != NULL);
            }
        }
    }
}

static void test_only_what_is_wanted_is_told(void **state)
{
    (void)state;
    const struct feed_event event = {.type = feed_type_find(SLICE_LITERAL("user.deactivated"))};
    json_scoped *data = data_of(&vectors[7]);
    json_scoped *one = set_events_of(&event, data, SET_NOTICE, SET_BIT(SET_DEACTIVATE));
    json_scoped *none = set_events_of(&event, data, SET_NOTICE, SET_BIT(SET_CREATE) | SET_BIT(SET_PUT));
    assert_int_equal(json_object_size(one), 1);
    assert_non_null(json_object_get(one, P "deactivate"));
    assert_null(none);
}

static void test_every_event_has_its_names(void **state)
{
    (void)state;
    for (enum set_event event = 0; event < SET_EVENTS; event++)
        for (int format = SET_FULL; format <= SET_NOTICE; format++) {
            enum set_event found;
            assert_true(set_event_parse(slice_str(set_event_uri(event, (enum set_format)format)), &found));
            assert_int_equal(found, event);
        }
    enum set_event found;
    assert_false(set_event_parse(SLICE_LITERAL("urn:ietf:params:scim:event:misc:asyncresp"), &found));
    assert_false(set_event_parse(SLICE_LITERAL("urn:ietf:params:SCIM:event:feed:add"), &found));
}

static void test_a_stream_reads_what_it_may_tell(void **state)
{
    (void)state;
    uint64_t removals = set_types_of(SET_BIT(SET_REMOVE)), changes = set_types_of(SET_BIT(SET_PUT));
    assert_true(removals == (UINT64_C(1) << feed_type_find(SLICE_LITERAL("directory.deleted")) |
                             UINT64_C(1) << feed_type_find(SLICE_LITERAL("organization.deleted"))));
    assert_true(changes >> feed_type_find(SLICE_LITERAL("user.updated")) & 1);
    assert_true(changes >> feed_type_find(SLICE_LITERAL("user.activated")) & 1);
    assert_false(changes >> feed_type_find(SLICE_LITERAL("user.created")) & 1);
    assert_false(set_types_of(SET_EVERYTHING) >> feed_type_find(SLICE_LITERAL("token.created")) & 1);
}

/* --- claims --- */

#define EVENT_JSON                                                                                                     \
    "{\"id\":\"evt-1\",\"type\":\"user.deleted\",\"organization_external_id\":\"acme\",\"data\":{" USER                \
    ",\"version\":7,\"changes\":[]}}"

static const struct feed_event deletion = {
    .place = {5, 1},
    .organization = {{{1}}},
    .directory = {{{2}}},
    .operation = {{3}},
    .resource_type = 1,
    .resource = {{{4}}},
    .endpoint = {"/Users", 6},
    .happened_ms = 1508184845123,
    .json = {EVENT_JSON, sizeof EVENT_JSON - 1},
};

static json_t *claims_of(const char *audience, struct feed_event event)
{
    struct set_stream stream = {.issuer = "https://a.example/v1/environments/env-1",
                                .audience = slice_str(audience),
                                .format = SET_FULL,
                                .events = SET_EVERYTHING};
    memcpy(stream.salt, audience, 4);
    struct arena arena;
    arena_init(&arena);
    event.type = feed_type_find(SLICE_LITERAL("user.deleted"));
    struct slice text = set_of_event(&stream, NULL, &event, &arena);
    json_t *claims = json_loadb(text.data, text.len, 0, NULL);
    assert_non_null(claims);
    arena_fini(&arena);
    return claims;
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void test_EV_01_EV_02_claims_are_there_and_the_subject_is_a_path(void **state)
{
    (void)state;
    json_scoped *claims = claims_of("https://r.example", deletion);
    const json_t *subject = json_object_get(claims, "sub_id");
    assert_string_equal(text_of(claims, "iss"), "https://a.example/v1/environments/env-1");
    assert_string_equal(text_of(claims, "aud"), "https://r.example");
    assert_int_equal(json_integer_value(json_object_get(claims, "iat")), 1508184845);
    assert_int_equal(json_integer_value(json_object_get(claims, "toe")), 1508184845);
    assert_string_equal(text_of(claims, "organization_external_id"), "acme");
    assert_string_equal(text_of(subject, "format"), "scim");
    assert_string_equal(text_of(subject, "uri"), "/Users/04000000-0000-0000-0000-000000000000");
    assert_string_equal(text_of(subject, "id"), "04000000-0000-0000-0000-000000000000");
    assert_string_equal(text_of(subject, "externalId"), "e1");
    assert_null(json_object_get(claims, "sub"));
    assert_null(json_object_get(claims, "exp"));
}

static void test_EV_04_two_receivers_share_the_transaction_and_not_the_id(void **state)
{
    (void)state;
    json_scoped *one = claims_of("one.example", deletion), *other = claims_of("two.example", deletion);
    json_scoped *again = claims_of("one.example", deletion);
    assert_string_equal(text_of(one, "txn"), "03000000-0000-0000-0000-000000000000");
    assert_string_equal(text_of(one, "txn"), text_of(other, "txn"));
    assert_string_not_equal(text_of(one, "jti"), text_of(other, "jti"));
    assert_true(json_equal(one, again));
}

static void test_a_type_that_is_gone_is_not_told(void **state)
{
    (void)state;
    struct set_stream stream = {.issuer = "x", .format = SET_FULL, .events = SET_EVERYTHING};
    struct feed_event event = deletion;
    struct arena arena;
    arena_init(&arena);
    event.endpoint = SLICE_EMPTY;
    assert_null(set_of_event(&stream, NULL, &event, &arena).data);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_EV_05_EV_06_EV_08_EV_09_each_event_is_told_as_it_should_be),
        cmocka_unit_test(test_EV_05_exactly_one_of_data_and_attributes_is_there),
        cmocka_unit_test(test_only_what_is_wanted_is_told),
        cmocka_unit_test(test_every_event_has_its_names),
        cmocka_unit_test(test_a_stream_reads_what_it_may_tell),
        cmocka_unit_test(test_EV_01_EV_02_claims_are_there_and_the_subject_is_a_path),
        cmocka_unit_test(test_EV_04_two_receivers_share_the_transaction_and_not_the_id),
        cmocka_unit_test(test_a_type_that_is_gone_is_not_told),
    };
    return cmocka_run_group_tests_name("set_token", tests, NULL, NULL);
}
