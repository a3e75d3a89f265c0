/* What the events of a row are, without a database: rows are given whole. */
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
#include "diff.h"
#include "feed_difference.h"
#include "feed_render.h"

#define CUSTOM "urn:example:Custom"

static struct arena arena;
static struct scim_rules *hiding, *sensitive;

static struct scim_rules *make_rules(const char *policy, const char *catalog)
{
    struct err err = ERR_INIT;
    struct scim_rules_source source = {.policy = slice_str(policy), .catalog = slice_str(catalog)};
    struct scim_rules *rules = scim_rules_make(&source, &err);
    if (!rules)
        print_error("%s\n", err.detail);
    must(rules);
    return rules;
}

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    hiding = make_rules("{}", "{\"schemas\": [{\"id\": \"" CUSTOM "\", \"name\": \"Custom\", \"attributes\": ["
                              "{\"name\": \"pin\", \"type\": \"string\", \"returned\": \"never\"},"
                              "{\"name\": \"badge\", \"type\": \"string\"}]}],"
                              "\"resource_types\": [{\"name\": \"User\", \"schemaExtensions\": ["
                              "{\"schema\": \"" CUSTOM "\", \"required\": false}]}]}");
    sensitive =
        make_rules("{\"sensitive_attributes\": [\"title\", \"emails.value\", \"name.familyName\", \"custom\"]}", "");
    return 0;
}

static int end(void **state)
{
    (void)state;
    scim_rules_free(hiding);
    scim_rules_free(sensitive);
    arena_fini(&arena);
    return 0;
}

static struct feed_row row_of(uint16_t type, enum history_kind kind, const char *beside, const char *document)
{
    struct feed_row row = {.sequence = 5,
                           .source = FEED_CHANGE,
                           .type = type,
                           .kind = kind,
                           .is_there = true,
                           .version = 2,
                           .cause = 1,
                           .document = slice_str(document),
                           .beside = slice_str(beside)};
    memset(&row.resource, 0xab, sizeof row.resource);
    return row;
}

static struct feed_page render(const struct feed_row *row, const struct scim_rules *rules, struct feed_place from,
                               uint64_t types, size_t limit)
{
    struct feed_query query = {.from = from, .types = types, .limit = limit};
    struct feed_page page = {.list = arena_array(&arena, struct feed_event, limit)};
    struct feed_render rendering = {.query = &query, .page = &page, .arena = &arena, .scratch = &arena};
    buf_init(&rendering.text, FEED_EVENT_BYTES);
    feed_render_row(&rendering, row, rules);
    buf_fini(&rendering.text);
    return page;
}

static struct feed_page render_all(const struct feed_row *row, const struct scim_rules *rules)
{
    return render(row, rules, (struct feed_place){0, 0}, FEED_ALL_TYPES, 100);
}

static void check(const struct feed_page *page, size_t index, const char *type, const char *data)
{
    assert_true(index < page->count);
    struct slice json = page->list[index].json;
    json_scoped *event = json_loadb(json.data, json.len, 0, NULL), *wanted = json_loads(data, 0, NULL);
    assert_non_null(event);
    assert_non_null(wanted);
    assert_string_equal(json_string_value(json_object_get(event, "type")), type);
    if (!json_equal(json_object_get(event, "data"), wanted))
        print_error("%.*s\n", (int)json.len, json.data);
    assert_true(json_equal(json_object_get(event, "data"), wanted));
}

static void test_what_is_never_returned_is_neither_shown_nor_compared(void **state)
{
    (void)state;
    struct feed_row row = row_of(SCIM_TYPE_USER, HISTORY_UPDATED,
                                 "{\"userName\":\"a\",\"" CUSTOM "\":{\"pin\":\"secret\",\"badge\":\"red\"}}",
                                 "{\"userName\":\"a\",\"" CUSTOM "\":{\"pin\":\"SECRET\",\"badge\":\"green\"}}");
    struct feed_page page = render_all(&row, hiding);
    assert_int_equal(page.count, 1);
    check(&page, 0, "user.updated",
          "{\"user\": {\"userName\": \"a\", \"" CUSTOM "\": {\"badge\": \"green\"}}, \"version\": 2, \"changes\":"
          " [{\"path\": \"" CUSTOM ":badge\", \"old\": \"red\", \"new\": \"green\"}]}");
    row = row_of(SCIM_TYPE_USER, HISTORY_DELETED, "", "{\"userName\":\"a\",\"" CUSTOM "\":{\"pin\":\"secret\"}}");
    page = render_all(&row, hiding);
    check(&page, 0, "user.deleted", "{\"user\": {\"userName\": \"a\"}, \"version\": 2, \"changes\": []}");
}

static void test_what_is_sensitive_is_named_alone(void **state)
{
    (void)state;
    struct feed_row row =
        row_of(SCIM_TYPE_USER, HISTORY_UPDATED, "{\"title\":\"a\",\"nickName\":\"x\"}", "{\"title\":\"b\"}");
    struct feed_page page = render_all(&row, sensitive);
    check(&page, 0, "user.updated",
          "{\"user\": {\"title\": \"b\"}, \"version\": 2, \"changes\":"
          " [{\"path\": \"title\", \"old\": null, \"new\": null, \"sensitive\": true},"
          " {\"path\": \"nickName\", \"old\": \"x\", \"new\": null}]}");
}

static void test_what_has_or_is_part_of_something_sensitive_is_named_alone(void **state)
{
    (void)state;
    struct feed_row row = row_of(SCIM_TYPE_USER, HISTORY_UPDATED,
                                 "{\"emails\":[{\"value\":\"a@x\"}],\"name\":{\"familyName\":\"A\"},\"custom\":{\"a\":{"
                                 "\"b\":{\"c\":1}},\"d e\":2}}",
                                 "{}");
    struct feed_page page = render_all(&row, sensitive);
    check(&page, 0, "user.updated",
          "{\"user\": {}, \"version\": 2, \"changes\":"
          " [{\"path\": \"emails\", \"old\": null, \"new\": null, \"sensitive\": true},"
          " {\"path\": \"name.familyName\", \"old\": null, \"new\": null, \"sensitive\": true},"
          " {\"path\": \"custom.a.b.c\", \"old\": null, \"new\": null, \"sensitive\": true},"
          " {\"path\": \"custom.d e\", \"old\": null, \"new\": null, \"sensitive\": true}]}");
}

static void test_activity_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after, *types[2];
    } cases[] = {
        {"{\"active\":true}", "{\"active\":false}", {"user.deactivated", NULL}},
        {"{\"active\":false}", "{\"active\":true}", {"user.activated", NULL}},
        {"{}", "{\"active\":false}", {"user.deactivated", NULL}},
        {"{\"active\":false}", "{}", {"user.activated", NULL}},
        {"{}", "{\"active\":true}", {"user.updated", NULL}},
        {"{\"active\":true,\"title\":\"a\"}", "{\"active\":false}", {"user.updated", "user.deactivated"}},
        {"{\"active\":false,\"title\":\"a\"}", "{\"active\":false}", {"user.updated", NULL}},
        {"{\"a\":1}", "{\"a\":1}", {"user.updated", NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct feed_row row = row_of(SCIM_TYPE_USER, HISTORY_UPDATED, cases[i].before, cases[i].after);
        struct feed_page page = render_all(&row, &scim_rules_default);
        assert_int_equal(page.count, cases[i].types[1] ? 2 : 1);
        for (size_t k = 0; k < page.count; k++)
            assert_string_equal(feed_type_names[page.list[k].type], cases[i].types[k]);
    }
    struct feed_row group = row_of(SCIM_TYPE_GROUP, HISTORY_UPDATED, "{\"active\":true}", "{\"active\":false}");
    struct feed_page page = render_all(&group, &scim_rules_default);
    assert_int_equal(page.count, 1);
    assert_string_equal(feed_type_names[page.list[0].type], "group.updated");
}

static void test_parts_keep_their_places_whatever_is_asked_for(void **state)
{
    (void)state;
    struct feed_row row =
        row_of(SCIM_TYPE_USER, HISTORY_UPDATED, "{\"active\":true,\"title\":\"a\"}", "{\"active\":false}");
    struct feed_page both = render_all(&row, &scim_rules_default);
    assert_int_equal(both.count, 2);
    struct feed_page second = render(&row, &scim_rules_default, both.list[0].next, FEED_ALL_TYPES, 100);
    assert_int_equal(second.count, 1);
    uint64_t types = UINT64_C(1) << feed_type_find(SLICE_LITERAL("user.deactivated"));
    struct feed_page filtered = render(&row, &scim_rules_default, (struct feed_place){0, 0}, types, 100);
    assert_int_equal(filtered.count, 1);
    const struct feed_event *ways[] = {&both.list[1], &second.list[0], &filtered.list[0]};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ways[i]->place.part, 1);
        assert_int_equal(ways[i]->next.sequence, 6);
        assert_true(id_equals(&ways[i]->id, &both.list[1].id));
        assert_true(slice_equals(ways[i]->json, both.list[1].json));
    }
    struct feed_page first = render(&row, &scim_rules_default, (struct feed_place){0, 0}, FEED_ALL_TYPES, 1);
    assert_int_equal(first.count, 1);
    assert_int_equal(first.next.sequence, 5);
    assert_int_equal(first.next.part, 1);
}

static void test_ids_differ_by_environment_number_and_part(void **state)
{
    (void)state;
    struct feed_row row = row_of(SCIM_TYPE_USER, HISTORY_CREATED, "", "{}");
    struct environment_id one = {{{1}}}, two = {{{2}}};
    row.happened_ms = 0x0123456789ab;
    struct id ids[4] = {feed_event_id(one, &row, 0), feed_event_id(two, &row, 0), feed_event_id(one, &row, 1)};
    row.sequence++;
    ids[3] = feed_event_id(one, &row, 0);
    for (size_t i = 0; i < 4; i++) {
        assert_memory_equal(ids[i].bytes, "\x01\x23\x45\x67\x89\xab", 6);
        assert_int_equal(ids[i].bytes[6] >> 4, 7);
        assert_int_equal(ids[i].bytes[8] >> 6, 2);
        for (size_t k = 0; k < i; k++)
            assert_false(id_equals(&ids[i], &ids[k]));
    }
}

static void test_a_type_that_is_gone_shows_nothing_but_the_id(void **state)
{
    (void)state;
    struct feed_row row = row_of(77, HISTORY_UPDATED, "{\"pin\":\"1\"}", "{\"pin\":\"2\"}");
    struct feed_page page = render_all(&row, &scim_rules_default);
    check(&page, 0, "resource.updated",
          "{\"resource_type\": null, \"resource\": {\"id\": \"abababab-abab-abab-abab-abababababab\"}, \"version\": 2,"
          " \"changes\": null}");
}

/* --- comparing text is as good as comparing values --- */

static void add_random_value(struct buf *out, int depth)
{
    static const char *const plain[] = {"1", "\"a\"", "true", "false", "\"\\\"}{,\\\\\"", "\"\xc3\xa4\"", "[]", "{}"};
    long choice = random() % 12;
    if (choice < 8 || depth > 2) {
        buf_add_str(out, plain[choice % 8]);
        return;
    }
    bool is_object = choice % 2;
    buf_add_char(out, is_object ? '{' : '[');
    for (long i = 0, count = random() % 3; i < count; i++) {
        buf_printf(out, is_object ? "%s\"s%ld\":" : "%s", i ? "," : "", i);
        add_random_value(out, depth + 1);
    }
    buf_add_char(out, is_object ? '}' : ']');
}

static struct slice random_document(size_t names)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    buf_add_char(&out, '{');
    for (size_t i = 0; i < names; i++) {
        if (random() % 3 == 0)
            continue;
        buf_printf(&out, "%s\"%s%zu\":", out.len > 1 ? "," : "", i % 5 ? "n" : "urn:x\\\"", i);
        add_random_value(&out, 0);
    }
    buf_add_char(&out, '}');
    struct slice copy = arena_slice(&arena, buf_slice(&out));
    buf_fini(&out);
    return copy;
}

static void test_random_documents_differ_as_their_values_do(void **state)
{
    (void)state;
    srandom(20261126);
    for (size_t i = 0; i < 3000; i++) {
        size_t names = i % 100 == 0 ? 600 : 1 + (size_t)random() % 8;
        struct feed_row row = row_of(SCIM_TYPE_USER, HISTORY_UPDATED, "", "");
        row.beside = random_document(names);
        row.document = random_document(names);
        json_scoped *before = json_loadb(row.beside.data, row.beside.len, 0, NULL);
        json_scoped *after = json_loadb(row.document.data, row.document.len, 0, NULL);
        assert_non_null(before);
        assert_non_null(after);
        const struct scim_resource_type *type = scim_rules_type(&scim_rules_default, SCIM_TYPE_USER);
        json_scoped *wanted = diff_documents(before, after, &scim_rules_default, type, &arena);
        struct feed_difference difference;
        feed_difference_make(&difference, &row, &scim_rules_default, &arena);
        if (json_array_size(wanted) == 0)
            assert_true(json_array_size(difference.others) == 0);
        else
            assert_true(json_equal(difference.others, wanted));
        feed_difference_end(&difference);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_never_returned_is_neither_shown_nor_compared),
        cmocka_unit_test(test_what_is_sensitive_is_named_alone),
        cmocka_unit_test(test_what_has_or_is_part_of_something_sensitive_is_named_alone),
        cmocka_unit_test(test_activity_is_told_apart),
        cmocka_unit_test(test_parts_keep_their_places_whatever_is_asked_for),
        cmocka_unit_test(test_ids_differ_by_environment_number_and_part),
        cmocka_unit_test(test_a_type_that_is_gone_shows_nothing_but_the_id),
        cmocka_unit_test(test_random_documents_differ_as_their_values_do),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
