/* Random resources and filters: what a plan leaves out must not match, and what an exact plan takes in must. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "fixture.h"
#include "scim/index.h"
#include "scim/rules.h"

#define UUID "0198c223-7f76-753a-919d-413861904601"

static struct arena arena;

static const struct scim_policy by_email = {.unique_identifier = SCIM_IDENTIFIER_EMAIL, .unique_group_names = true};
static const struct scim_policy loose_groups = {.unique_group_names = false};

static uint64_t seed = 20261122;

static size_t pick(size_t count)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)((seed >> 16) % count);
}

static const char *values[24] = {
    "a",  "A",  "ab",     "AB",     "b",        "",        "\u00e9", "e\u0301", "E",  "\uff22", "k",  "\u212a",
    "ss", "a ", "\u00df", "\u1e9e", "a\u0301b", "\u05d0a", "a@x.y",  "A@X.Y",   UUID, NULL,     NULL, NULL,
};

static const char *value(void) { return values[pick(24)]; }

static const char *const ids[] = {UUID, "0198c223-7f76-753a-919d-413861904602", "0198C223-7F76-753A-919D-413861904602"};

static void maybe_set(json_t *object, const char *name, const char *text)
{
    if (pick(3) > 0)
        json_object_set_new(object, name, json_string(text));
}

static const char *const numbers[] = {"0", "-0.0", "1", "1.0", "1.5", "9007199254740993", "9.1e18", "1e300"};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static json_t *number(void) { return json_loads(numbers[pick(NUMBERS)], JSON_DECODE_ANY, NULL); }

/* What no schema declares can be anything. */
static json_t *anything(int depth)
{
    switch (pick(depth > 0 ? 7 : 4)) {
    case 0:
        return number();
    case 1:
        return json_boolean(pick(2));
    case 2:
        return pick(8) ? json_string(value()) : json_null();
    case 3:
        return json_string(numbers[pick(NUMBERS)]);
    case 4:
        return json_pack("[o, o]", anything(depth - 1), anything(depth - 1));
    case 5:
        return json_pack("{s:o, s:o}", pick(2) ? "value" : "VALUE", anything(depth - 1), "sub", anything(depth - 1));
    default:
        return json_pack("[o]", anything(depth - 1));
    }
}

static json_t *random_user(void)
{
    json_t *user = json_object(), *name = json_object(), *emails = json_array(), *groups = json_array();
    json_t *enterprise = json_object();
    json_object_set_new(user, "id", json_string(ids[pick(2)]));
    maybe_set(user, "userName", value());
    maybe_set(user, "externalId", value());
    maybe_set(user, "displayName", value());
    maybe_set(user, "title", value());
    maybe_set(name, "familyName", value());
    maybe_set(name, "givenName", value());
    for (size_t i = pick(4); i > 0; i--) {
        json_t *email = json_object();
        maybe_set(email, "value", value());
        maybe_set(email, "type", value());
        json_array_append_new(emails, email);
    }
    if (pick(2))
        json_array_append_new(groups, json_pack("{s:s}", "value", ids[pick(2)]));
    maybe_set(enterprise, "employeeNumber", value());
    json_object_set_new(enterprise, "manager", json_pack("{s:s}", "value", value()));
    if (pick(4))
        json_object_set_new(user, "undeclared", anything(2));
    if (pick(4))
        json_object_set_new(user, "shoeSize", number());
    if (pick(4))
        json_object_set_new(name, "nick", anything(1));
    json_object_set_new(user, "name", name);
    json_object_set_new(user, "emails", emails);
    json_object_set_new(user, "groups", groups);
    json_object_set_new(user, SCIM_URN_ENTERPRISE, enterprise);
    return user;
}

static json_t *random_group(void)
{
    json_t *group = json_object(), *members = json_array();
    json_object_set_new(group, "id", json_string(ids[pick(2)]));
    maybe_set(group, "displayName", value());
    maybe_set(group, "externalId", value());
    for (size_t i = pick(3); i > 0; i--)
        json_array_append_new(members,
                              json_pack("{s:s,s:s}", "value", ids[pick(2)], "type", pick(2) ? "User" : "Group"));
    json_object_set_new(group, "members", members);
    return group;
}

static const char *const user_paths[] = {
    "userName",        "emails.value",   "emails",        "externalId", "displayName",    "name.givenName",
    "name.familyName", "employeeNumber", "manager.value", "manager",    "title",          "id",
    "groups.value",    "emails.type",    "undeclared",    "name.nick",  "undeclared.sub", "shoeSize"};
static const char *const group_paths[] = {"displayName", "externalId",   "members.value",
                                          "members",     "members.type", "id"};
static const char *const operators[] = {"eq", "eq", "eq", "eq", "sw", "sw", "ne", "co", "ew", "gt", "le"};

static void add_term(struct buf *text, const char *path)
{
    if (strcmp(path, "shoeSize") == 0) {
        buf_printf(text, "%s %s %s", path, pick(3) ? "eq" : "ge", numbers[pick(NUMBERS)]);
        return;
    }
    if (strncmp(path, "un", 2) == 0 && pick(3) == 0) {
        bool quoted = pick(2);
        buf_printf(text, quoted ? "%s %s \"%s\"" : "%s %s %s", path, pick(4) ? "eq" : "ne",
                   pick(4) ? numbers[pick(NUMBERS)] : "true");
        return;
    }
    bool by_id = strstr(path, "id") == path || strstr(path, "groups") || strstr(path, "members");
    buf_printf(text, "%s %s ", path, operators[pick(sizeof operators / sizeof *operators)]);
    const char *literal = by_id && pick(4) ? ids[pick(3)] : value();
    buf_add_json_string(text, slice_str(literal));
}

static void add_filter(struct buf *text, bool group, int depth)
{
    switch (depth > 0 ? pick(7) : 6) {
    case 0:
    case 1:
        add_filter(text, group, depth - 1);
        buf_add_str(text, " and ");
        add_filter(text, group, depth - 1);
        break;
    case 2:
        buf_add_char(text, '(');
        add_filter(text, group, depth - 1);
        buf_add_str(text, " or ");
        add_filter(text, group, depth - 1);
        buf_add_char(text, ')');
        break;
    case 3:
        buf_add_str(text, "not (");
        add_filter(text, group, depth - 1);
        buf_add_char(text, ')');
        break;
    case 4:
        buf_add_str(text, group ? "members[" : "emails[");
        add_term(text, "value");
        if (pick(2)) {
            buf_add_str(text, pick(3) ? " and " : " or ");
            add_term(text, "type");
        }
        buf_add_char(text, ']');
        break;
    default:
        add_term(text, group ? group_paths[pick(sizeof group_paths / sizeof *group_paths)]
                             : user_paths[pick(sizeof user_paths / sizeof *user_paths)]);
    }
}

static bool holds(const json_t *list, struct slice id)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (slice_equals_ascii_nocase(json_slice(json_object_get(json_array_get(list, i), "value")), id))
            return true;
    return false;
}

/* What the database would find by the plan. */
static bool is_candidate(const struct scim_plan *plan, const struct scim_row_keys *keys, const json_t *document)
{
    switch (plan->kind) {
    case SCIM_PLAN_SCAN:
        return true;
    case SCIM_PLAN_NOTHING:
        return false;
    case SCIM_PLAN_ID:
        return slice_equals(json_slice(json_object_get(document, "id")), plan->text);
    case SCIM_PLAN_UNIQUE:
        return keys->unique_key.len && slice_equals(keys->unique_key, plan->key);
    case SCIM_PLAN_EXTERNAL:
        return keys->external_key.len && slice_equals(keys->external_key, plan->key);
    case SCIM_PLAN_HAS_MEMBER:
        return holds(json_object_get(document, "members"), plan->text);
    case SCIM_PLAN_IN_GROUP:
        return holds(json_object_get(document, "groups"), plan->text);
    case SCIM_PLAN_ANY:
        for (size_t i = 0; i < plan->any_count; i++)
            if (is_candidate(&plan->any[i], keys, document))
                return true;
        return false;
    case SCIM_PLAN_ATTRIBUTE:
    case SCIM_PLAN_PREFIX:
        break;
    }
    for (size_t i = 0; i < keys->key_count; i++) {
        const struct scim_key *key = &keys->keys[i];
        bool found =
            plan->kind == SCIM_PLAN_PREFIX ? slice_starts_with(key->key, plan->key) : slice_equals(key->key, plan->key);
        if (key->code == plan->code && found)
            return true;
    }
    return false;
}

struct row {
    json_t *document;
    struct scim_row_keys keys;
    bool storable;
};

enum { ROWS = 40, FILTERS = 5000 };

static size_t extra_plans;

static void check_filter(const char *text, const struct scim_resource_type *type, const struct scim_policy *policy,
                         const struct row *rows, size_t kinds[], size_t *matches)
{
    struct arena own;
    struct err err = ERR_INIT;
    struct scim_filter *filter;
    struct scim_plan plan;
    arena_init(&own);
    if (!scim_filter_parse(slice_str(text), type, policy, &own, &filter, &err))
        fail_msg("%s: %s", text, err.detail);
    scim_filter_plan(filter, type, policy, &own, &plan);
    kinds[plan.kind]++;
    extra_plans += plan.code >= 1000;
    for (size_t i = 0; i < ROWS; i++) {
        if (!rows[i].storable)
            continue;
        bool match = scim_filter_matches(filter, rows[i].document);
        bool candidate = is_candidate(&plan, &rows[i].keys, rows[i].document);
        *matches += match;
        if ((match && !candidate) || (plan.exact && candidate && !match))
            fail_msg("plan %d of %s %s %s", (int)plan.kind, text, match ? "loses" : "is not exact about",
                     json_dumps(rows[i].document, 0));
    }
    arena_fini(&own);
}

static void check_random(const struct scim_resource_type *type, const struct scim_policy *policy, size_t kinds[],
                         size_t *matches)
{
    bool group = type->code == SCIM_TYPE_GROUP;
    struct row rows[ROWS];
    struct buf text;
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < ROWS; i++) {
        struct err err = ERR_INIT;
        rows[i].document = group ? random_group() : random_user();
        rows[i].storable = scim_row_keys(type, policy, rows[i].document, &arena, &rows[i].keys, &err);
    }
    for (size_t i = 0; i < FILTERS; i++) {
        buf_clear(&text);
        add_filter(&text, group, 3);
        buf_add_char(&text, '\0');
        check_filter(text.data, type, policy, rows, kinds, matches);
    }
    for (size_t i = 0; i < ROWS; i++)
        json_decref(rows[i].document);
    buf_fini(&text);
}

static char *repeat(const char *head, const char *body, size_t times, const char *tail)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_add_str(&text, head);
    for (size_t i = 0; i < times; i++)
        buf_add_str(&text, body);
    buf_add_str(&text, tail);
    char *copy = arena_copy(&arena, buf_slice(&text));
    buf_fini(&text);
    return copy;
}

#define INDEX(code, attribute)                                                                                         \
    "{\"id\":" code ",\"code\":" code ",\"resource_type\":\"User\",\"attribute\":\"" attribute "\",\"ready\":true}"

/* A User that has indexes for what else has none. */
static struct scim_rules *with_indexes(void)
{
    static const char catalog[] =
        "{\"schemas\":[{\"id\":\"" SCIM_URN_USER "\",\"attributes\":[{\"name\":\"shoeSize\",\"type\":\"decimal\"}]}]}";
    static const char indexes[] =
        "{\"next_code\":1007,\"indexes\":[" INDEX("1000", "title") "," INDEX("1001", "emails.type") "," INDEX(
            "1002", "undeclared") "," INDEX("1003", "undeclared.sub") "," INDEX("1004",
                                                                                "name.nick") "," INDEX("1005",
                                                                                                       "shoeSize") "]}";
    struct err err = ERR_INIT;
    const struct scim_rules_source source = {.catalog = slice_str(catalog), .indexes = slice_str(indexes)};
    struct scim_rules *rules = scim_rules_make(&source, &err);
    if (!rules)
        fail_msg("%s", err.detail);
    assert_int_equal(scim_rules_type(rules, SCIM_TYPE_USER)->index_count, 6);
    return rules;
}

static const struct scim_resource_type *without_indexes_type(const struct scim_rules *rules)
{
    static struct scim_resource_type type;
    type = *scim_rules_type(rules, SCIM_TYPE_USER);
    type.index_count = 0;
    return &type;
}

static void test_F_25_a_plan_never_loses_a_match(void **state)
{
    (void)state;
    size_t kinds[SCIM_PLAN_ANY + 1] = {0}, matches = 0;
    values[21] = repeat("", "x", 191, "");
    values[22] = repeat("", "X", 191, "y");
    values[23] = repeat("x", "\u00e9", 120, "");
    struct scim_rules *rules = with_indexes();
    check_random(scim_rules_type(rules, SCIM_TYPE_USER), &scim_policy_default, kinds, &matches);
    check_random(scim_rules_type(rules, SCIM_TYPE_USER), &by_email, kinds, &matches);
    assert_true(extra_plans > 500);
    size_t extra = extra_plans;
    check_random(without_indexes_type(rules), &scim_policy_default, kinds, &matches);
    assert_int_equal(extra_plans, extra);
    check_random(&scim_group_type, &scim_policy_default, kinds, &matches);
    check_random(&scim_group_type, &loose_groups, kinds, &matches);
    scim_rules_free(rules);
    for (size_t i = 0; i <= SCIM_PLAN_ANY; i++)
        assert_true(kinds[i] > 50);
    assert_true(matches > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_F_25_a_plan_never_loses_a_match)};
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
