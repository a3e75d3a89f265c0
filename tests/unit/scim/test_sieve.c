/* The sieve decides on parts of a stored text as the reference evaluator does on the whole representation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "fixture.h"
#include "scim/resource.h"
#include "scim/sieve.h"
#include "wild.h"

#define BASE SLICE_LITERAL("https://x.example/orgs/org-1/scim/v2")

enum { RESOURCES = 30, FILTERS = 2000, ROUNDS = 4, IDS = 3 };

static const char *const ids[IDS] = {"0198c223-7f76-753a-919d-413861904601", "0198c223-7f76-753a-919d-413861904602",
                                     "0198c223-7f76-753a-919d-413861904603"};

struct subject {
    struct scim_served served;
    json_t *representation;
};

static struct arena arena;

static json_t *representation(const struct scim_served *served)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    scim_document_serve(served, BASE, &text);
    json_t *resource = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(resource);
    buf_fini(&text);
    return resource;
}

static json_t *document_of(const struct scim_resource_type *type, size_t number, struct resource_id id)
{
    for (;;) {
        struct err err = ERR_INIT;
        struct scim_members members;
        json_scoped *body = wild_resource(type, number, ids, IDS);
        json_t *document = scim_resource_normalise(body, type, &scim_policy_default, &id, NULL, &arena, &members, &err);
        if (document)
            return document;
    }
}

static struct scim_group_ref any_ref(uint16_t type)
{
    struct scim_group_ref ref = {.type = type == SCIM_TYPE_GROUP ? (uint16_t)(1 + wild_pick(2)) : SCIM_TYPE_GROUP,
                                 .indirect = wild_pick(2),
                                 .display = slice_str(wild_text())};
    assert_true(id_from_uuid(slice_str(ids[wild_pick(IDS)]), true, &ref.id.id));
    return ref;
}

static void add_derived(struct subject *subject)
{
    struct scim_served *served = &subject->served;
    size_t count = wild_pick(3);
    struct scim_group_ref *refs = arena_array(&arena, struct scim_group_ref, count + 1);
    for (size_t i = 0; i < count; i++)
        refs[i] = any_ref(served->type->code);
    served->refs = refs;
    served->ref_count = count;
    served->refs_shown = true;
    served->manager_known = served->stored.open_braces == 3 && wild_pick(2);
    served->manager_id = served->id;
    served->manager_display = slice_str(wild_text());
    served->created_ms = 1750000000000 + (int64_t)wild_pick(3) * 500;
    served->modified_ms = served->created_ms + (int64_t)wild_pick(3);
    served->version = 1 + wild_pick(3);
}

static void make(const struct scim_resource_type *type, size_t number, struct subject *subject)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    *subject = (struct subject){.served = {.type = type}};
    assert_true(id_from_uuid(slice_str(ids[wild_pick(IDS)]), true, &subject->served.id.id));
    json_scoped *document = document_of(type, number, subject->served.id);
    subject->served.stored.open_braces = scim_document_store(document, &text);
    subject->served.stored.text = arena_slice(&arena, buf_slice(&text));
    buf_fini(&text);
    add_derived(subject);
    subject->representation = representation(&subject->served);
}

/* What the sieve says it does not need is missing. */
static struct scim_served without_the_unneeded(const struct scim_served *served, struct scim_sieve_needs needs)
{
    struct scim_served copy = *served;
    copy.refs_shown = false;
    if (!needs.refs)
        copy.ref_count = 0;
    if (!needs.manager)
        copy.manager_known = false;
    return copy;
}

/* Returns how many match; SIZE_MAX when the filter is refused. */
static size_t check(const char *text, const struct scim_resource_type *type,
                    const struct scim_resource_type *parsed_for, const struct subject *subjects)
{
    struct arena own;
    struct err err = ERR_INIT;
    struct scim_filter *filter;
    arena_init(&own);
    if (!scim_filter_parse(slice_str(text), parsed_for, &scim_policy_default, &own, &filter, &err)) {
        arena_fini(&own);
        return SIZE_MAX;
    }
    size_t matches = 0;
    struct scim_sieve *sieve = scim_sieve_new(filter, type, &own);
    for (size_t i = 0; i < RESOURCES; i++) {
        struct scim_served served = without_the_unneeded(&subjects[i].served, scim_sieve_needs(sieve));
        bool expected = scim_filter_matches(filter, subjects[i].representation);
        bool passes = scim_sieve_passes(sieve, &served, BASE);
        if (passes != expected) {
            fprintf(stderr, "%s\n%.*s\n", text, (int)served.stored.text.len, served.stored.text.data);
            fail_msg("the sieve says %d, the reference %d", passes, expected);
        }
        matches += passes;
    }
    scim_sieve_free(sieve);
    arena_fini(&own);
    return matches;
}

static void check_type(const struct scim_resource_type *type, size_t *good, size_t *matching)
{
    struct subject subjects[RESOURCES];
    struct buf filter;
    buf_init(&filter, 1 << 16);
    for (size_t i = 0; i < RESOURCES; i++)
        make(type, i, &subjects[i]);
    for (size_t i = 0; i < FILTERS; i++) {
        wild_filter(type, ids, IDS, &filter);
        size_t matches = check(filter.data, type, wild_pick(10) ? type : NULL, subjects);
        *good += matches != SIZE_MAX;
        *matching += matches != SIZE_MAX && matches > 0 && matches < RESOURCES;
    }
    for (size_t i = 0; i < RESOURCES; i++)
        json_decref(subjects[i].representation);
    buf_fini(&filter);
}

static void test_F_25_the_sieve_decides_like_the_reference(void **state)
{
    (void)state;
    size_t good = 0, matching = 0;
    wild_seed();
    for (size_t round = 0; round < ROUNDS; round++) {
        check_type(&scim_user_type, &good, &matching);
        check_type(&scim_group_type, &good, &matching);
    }
    print_message("%zu filters, %zu of them match some\n", good, matching);
    assert_true(good > (size_t)ROUNDS * FILTERS);
    assert_true(matching > good / 4);
}

/* A resource that is told not to match before it is parsed must not match. */
static void test_F_07_A_19_a_glance_at_the_text_refuses_no_match(void **state)
{
    (void)state;
    static const char *const filters[] = {
        "manager.$ref eq 'https://x.example/orgs/org-1/scim/Users/0198c223-7f76-753a-919d-413861904601'",
        "manager.displayName co 'BOSS'",
        "title co '\\\\'",
        "title co 'A\\\"'",
        "title co '\u212a'",
        "nickName eq 'K'",
        "userName eq '\uff22ob'",
        "emails[value sw '\u00e9' and type pr]",
        "groups.value sw '0198' and meta.location pr"};
    static const char text[] =
        "{\"userName\":\"BOB\",\"title\":\"\\\\ka\\\"\",\"nickName\":\"\u212a\",\"emails\":[{\"value\":\"e\u0301x\","
        "\"type\":\"w\"}],\"" SCIM_URN_ENTERPRISE "\":{\"manager\":{\"value\":\"m\"";
    struct scim_group_ref ref = any_ref(SCIM_TYPE_USER);
    struct scim_served served = {.type = &scim_user_type,
                                 .stored = {SLICE_LITERAL(text), 3},
                                 .manager_known = true,
                                 .manager_display = SLICE_LITERAL("The boss"),
                                 .refs = &ref,
                                 .ref_count = 1};
    assert_true(id_from_uuid(slice_str(ids[0]), true, &served.manager_id.id));
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        struct err err = ERR_INIT;
        struct scim_filter *filter = fixture_parse(filters[i], &scim_user_type, &scim_policy_default, &arena, &err);
        if (!filter)
            fail_msg("%s: %s", filters[i], err.detail);
        struct scim_sieve *sieve = scim_sieve_new(filter, &scim_user_type, &arena);
        if (!scim_sieve_passes(sieve, &served, BASE))
            fail_msg("%s is refused", filters[i]);
        scim_sieve_free(sieve);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_F_25_the_sieve_decides_like_the_reference),
        cmocka_unit_test(test_F_07_A_19_a_glance_at_the_text_refuses_no_match),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
