/* docs/admin-api/openapi.json says what the tables say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "call.h"
#include "query.h"
#include "scopes.h"

#define DOCUMENT TEST_VECTORS_DIR "/../../docs/admin-api/openapi.json"

static json_t *document;

static int load(void **state)
{
    (void)state;
    document = json_load_file(DOCUMENT, JSON_REJECT_DUPLICATES, NULL);
    return document ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    json_decref(document);
    return 0;
}

/* "/v1/a/{b}" as the routes table writes it: "/v1/a/{}". */
static void as_pattern(const char *path, char out[256])
{
    size_t length = 0;
    bool inside = false;
    for (; *path && length < 255; path++) {
        if (*path == '}')
            inside = false;
        if (!inside)
            out[length++] = *path;
        if (*path == '{')
            inside = true;
    }
    out[length] = '\0';
}

static const struct route *find_route(const char *method, const char *pattern)
{
    for (size_t i = 0; i < admin_route_count; i++)
        if (strcasecmp(admin_routes[i].method, method) == 0 && strcmp(admin_routes[i].pattern, pattern) == 0)
            return &admin_routes[i];
    return NULL;
}

/* Calls visit for every operation of the document, with its route. */
static size_t for_each_operation(void (*visit)(const struct route *route, json_t *operation))
{
    size_t count = 0;
    const char *path, *method;
    json_t *methods, *operation;
    json_object_foreach (json_object_get(document, "paths"), path, methods) {
        char pattern[256];
        as_pattern(path, pattern);
        json_object_foreach (methods, method, operation) {
            const struct route *route = find_route(method, pattern);
            if (!route)
                fail_msg("%s %s is documented, but there is no such route", method, path);
            visit(route, operation);
            count++;
        }
    }
    return count;
}

static void compare_name(const struct route *route, json_t *operation)
{
    assert_string_equal(json_string_value(json_object_get(operation, "operationId")), route->operation->name);
}

static void test_openapi_has_every_route_and_no_other(void **state)
{
    (void)state;
    assert_int_equal(for_each_operation(compare_name), admin_route_count);
}

/* Answered by itself: admin_run, which asks who calls, has no part in it. */
static bool asks_nobody(const struct operation *operation)
{
    return operation->lane == OP_INLINE || (operation->run && operation->run != admin_run);
}

static const char *kind_of_caller(const struct admin_operation *operation)
{
    if (asks_nobody(&operation->operation))
        return "Scope: none.";
    return operation->callers == CALLER_SETUP_LINK      ? "Scope: setup link."
           : operation->callers == CALLER_SETUP_SESSION ? "Scope: setup session."
                                                        : "Scope: any key.";
}

static const char *setup_scope(unsigned scope)
{
    static char text[64];
    snprintf(text, sizeof text, "Scope: %s.", admin_scope_name(scope, admin_setup_permissions));
    return text;
}

/* The scope is the first sentence; others may follow. */
static void assert_begins(const char *text, const char *beginning)
{
    if (strncmp(text, beginning, strlen(beginning)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", text, beginning);
}

static void compare_scope(const struct route *route, json_t *operation)
{
    const char *said = json_string_value(json_object_get(operation, "description"));
    switch (route->operation->scope) {
    case SCOPE_OPERATOR:
        assert_begins(said, "Scope: operator key.");
        break;
    case SCOPE_ADMIN_READ:
        assert_begins(said, "Scope: read.");
        break;
    case SCOPE_ADMIN_MANAGE:
        assert_begins(said, "Scope: manage.");
        break;
    case SCOPE_ADMIN_TOKENS:
        assert_begins(said, "Scope: tokens.");
        break;
    case 0:
        assert_begins(said, kind_of_caller((const struct admin_operation *)route->operation));
        break;
    default:
        assert_true(route->operation->scope & SCOPE_SETUP_ALL);
        assert_begins(said, setup_scope(route->operation->scope));
    }
}

static void test_openapi_names_the_scope_that_is_enforced(void **state)
{
    (void)state;
    for_each_operation(compare_scope);
}

static json_t *resolve(json_t *schema)
{
    const char *reference = json_string_value(json_object_get(schema, "$ref"));
    if (!reference)
        return schema;
    json_t *components = json_object_get(document, "components");
    const char *name = strrchr(reference, '/') + 1;
    const char *kind = strstr(reference, "/schemas/") ? "schemas" : "parameters";
    json_t *found = json_object_get(json_object_get(components, kind), name);
    if (!found)
        fail_msg("%s is nowhere", reference);
    return found;
}

/* NULL: none that is JSON. */
static json_t *body_of(json_t *operation)
{
    json_t *content = json_object_get(json_object_get(operation, "requestBody"), "content");
    json_t *json = json_object_get(content, "application/json");
    return json ? resolve(json_object_get(json, "schema")) : NULL;
}

static bool is_listed(const json_t *list, const char *word)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), word) == 0)
            return true;
    return false;
}

static bool has_field(const struct admin_operation *operation, const char *name)
{
    for (size_t i = 0; i < operation->field_count; i++)
        if (strcmp(operation->fields[i].name, name) == 0)
            return true;
    return false;
}

static void compare_fields(const struct route *route, json_t *operation)
{
    const struct admin_operation *own = (const struct admin_operation *)route->operation;
    json_t *schema = body_of(operation);
    assert_int_equal(schema != NULL, own->fields != NULL);
    if (!own->fields)
        return;
    json_t *properties = json_object_get(schema, "properties");
    const char *name;
    json_t *ignored;
    json_object_foreach (properties, name, ignored)
        if (!has_field(own, name))
            fail_msg("%s: \"%s\" is documented, but not taken", route->operation->name, name);
    for (size_t i = 0; i < own->field_count; i++) {
        if (!json_object_get(properties, own->fields[i].name))
            fail_msg("%s: \"%s\" is not documented", route->operation->name, own->fields[i].name);
        assert_int_equal(is_listed(json_object_get(schema, "required"), own->fields[i].name),
                         own->fields[i].flags & FIELD_REQUIRED);
    }
}

static void test_openapi_has_the_fields_of_every_body(void **state)
{
    (void)state;
    for_each_operation(compare_fields);
}

static uint64_t bits_of(const json_t *parameters)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < json_array_size(parameters); i++) {
        json_t *parameter = resolve(json_array_get(parameters, i));
        const char *name = json_string_value(json_object_get(parameter, "name"));
        if (strcmp(json_string_value(json_object_get(parameter, "in")), "query") != 0)
            continue;
        for (int known = 0; known < ADMIN_QUERIES; known++)
            if (strcmp(name, admin_query_names[known]) == 0)
                bits |= QUERY_BIT(known);
    }
    return bits;
}

static void compare_queries(const struct route *route, json_t *operation)
{
    uint64_t documented = bits_of(json_object_get(operation, "parameters"));
    if (documented != ((const struct admin_operation *)route->operation)->queries)
        fail_msg("%s: other query parameters are documented", route->operation->name);
}

static void test_openapi_has_the_query_parameters_of_every_operation(void **state)
{
    (void)state;
    for_each_operation(compare_queries);
}

/* If-Match is held against what a GET shows. */
static void test_every_change_has_a_read_that_shows_its_tag(void **state)
{
    (void)state;
    for (size_t i = 0; i < admin_route_count; i++) {
        const struct route *route = &admin_routes[i];
        const struct admin_operation *operation = (const struct admin_operation *)route->operation;
        bool changes = strcmp(route->method, "GET") != 0 && strcmp(route->method, "POST") != 0;
        if (changes && !operation->shown_by && !find_route("GET", route->pattern))
            fail_msg("%s: say whose entity tag If-Match means (shown_by)", operation->operation.name);
        if (changes && !operation->writes)
            fail_msg("%s changes something, but runs in no transaction (writes)", operation->operation.name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openapi_has_every_route_and_no_other),
        cmocka_unit_test(test_openapi_names_the_scope_that_is_enforced),
        cmocka_unit_test(test_openapi_has_the_fields_of_every_body),
        cmocka_unit_test(test_openapi_has_the_query_parameters_of_every_operation),
        cmocka_unit_test(test_every_change_has_a_read_that_shows_its_tag),
    };
    return cmocka_run_group_tests_name("openapi", tests, load, unload);
}
