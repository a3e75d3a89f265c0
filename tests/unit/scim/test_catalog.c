#include "documents.h"
#include "scim/catalog.h"
#include "scim/project.h"
#include "scim/resource.h"
#include "scim/rules.h"

/* Single quotes stand for double ones. */
static char *quoted(const char *text)
{
    char *copy = strdup(text);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    return copy;
}

static struct scim_rules *make(const char *catalog, struct err *err)
{
    char *text = quoted(catalog);
    *err = ERR_INIT;
    struct scim_rules *rules = scim_rules_make(&(struct scim_rules_source){.catalog = slice_str(text)}, err);
    free(text);
    return rules;
}

#define BADGE "{'id':'urn:x:ext:Badge','attributes':[{'name':'number'},{'name':'secret','mutability':'writeOnly'}]}"
#define DEVICE                                                                                                         \
    "{'id':'urn:x:Device','name':'Device','attributes':["                                                              \
    "{'name':'serial','required':true,'caseExact':true,'mutability':'immutable','uniqueness':'server'},"               \
    "{'name':'ports','type':'complex','multiValued':true,'subAttributes':[{'name':'value','type':'integer'},"          \
    "{'name':'tags','multiValued':true}]},"                                                                            \
    "{'name':'photo','type':'binary'},{'name':'home','type':'reference','referenceTypes':['external']},"               \
    "{'name':'notes','returned':'request'},{'name':'pin','returned':'never'}]}"
#define GOOD                                                                                                           \
    "{'schemas':[" BADGE "," DEVICE "],'resource_types':["                                                             \
    "{'name':'User','schemaExtensions':[{'schema':'URN:x:ext:badge','required':false}]},"                              \
    "{'name':'Device','endpoint':'/Devices','schema':'urn:x:device','code':16,"                                        \
    "'schemaExtensions':[{'schema':'urn:x:ext:Badge','required':true}]}],'next_code':17}"

static const struct scim_attribute *attribute_of(const struct scim_rules *rules, const char *urn, const char *name)
{
    const struct scim_schema *schema = scim_rules_schema_by_urn(rules, slice_str(urn));
    assert_non_null(schema);
    const struct scim_attribute *attribute = scim_schema_attribute(schema, slice_str(name));
    assert_non_null(attribute);
    return attribute;
}

static void test_a_catalog_becomes_types_and_schemas(void **state)
{
    (void)state;
    struct err err;
    struct scim_rules *rules = make(GOOD, &err);
    if (!rules)
        fail_msg("%s", err.detail);
    assert_int_equal(rules->type_count, 3);
    assert_int_equal(rules->schema_count, scim_schema_count + 2);
    const struct scim_resource_type *user = scim_rules_type(rules, SCIM_TYPE_USER);
    assert_int_equal(user->extension_count, 2);
    assert_true(user->has_hidden && !user->extension_required[1]);
    assert_string_equal(user->extensions[0]->urn, SCIM_URN_ENTERPRISE);
    assert_ptr_equal(scim_rules_type(rules, SCIM_TYPE_GROUP), &scim_group_type);

    const struct scim_resource_type *device = scim_rules_type_by_endpoint(rules, SLICE_LITERAL("Devices"));
    assert_int_equal(device->code, 16);
    assert_true(device->has_hidden && device->extension_required[0]);
    assert_string_equal(scim_type_unique(device)->name, "serial");
    assert_null(scim_rules_type_by_endpoint(rules, SLICE_LITERAL("devices")));
    assert_ptr_equal(scim_rules_type_by_name(rules, SLICE_LITERAL("Device")), device);

    assert_int_equal(rules->root->type_count, 3);
    assert_int_equal(rules->root->extension_count, 2);
    scim_rules_free(rules);
}

static void test_keywords_that_are_absent_take_the_rfcs_defaults(void **state)
{
    (void)state;
    struct err err;
    struct scim_rules *rules = make(GOOD, &err);
    const struct scim_attribute *number = attribute_of(rules, "urn:x:ext:Badge", "NUMBER");
    assert_int_equal(number->type, SCIM_STRING);
    assert_false(number->multi_valued || number->required || number->case_exact);
    assert_int_equal(number->mutability, SCIM_READ_WRITE);
    assert_int_equal(number->returned, SCIM_RETURNED_DEFAULT);
    assert_int_equal(number->uniqueness, SCIM_UNIQUE_NONE);
    assert_int_equal(attribute_of(rules, "urn:x:ext:Badge", "secret")->returned, SCIM_RETURNED_NEVER);
    assert_true(attribute_of(rules, "urn:x:Device", "photo")->case_exact);
    assert_true(attribute_of(rules, "urn:x:Device", "home")->case_exact);
    assert_true(attribute_of(rules, "urn:x:Device", "ports")->sub_attributes[1].multi_valued);
    scim_rules_free(rules);
}

#define SCHEMA(attribute)        "{'schemas':[{'id':'urn:x:T','attributes':[" attribute "]}]}"
#define SCHEMA_ID(urn)           "{'schemas':[{'id':'" urn "','attributes':[{'name':'a'}]}]}"
#define T_SCHEMA(attribute)      "{'schemas':[{'id':'urn:x:T','attributes':[" attribute "]}],"
#define TYPE(attribute, members) T_SCHEMA(attribute) "'resource_types':[{" members "}]}"
#define OWN                      "'name':'T','schema':'urn:x:T','code':16"

static void test_D_17_A_02_what_is_wrong_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *catalog, *says;
    } cases[] = {
        {"[]", "object"},
        {"{'schema':[]}", "\"schema\""},
        {"{'schemas':{}}", "\"schemas\" must be a list"},
        {"{'schemas':[1]}", "must be an object"},
        {"{'schemas':[{'id':'urn:x:T'}]}", "no attributes"},
        {"{'schemas':[{'attributes':[{'name':'a'}]}]}", "\"id\" is needed"},
        {"{'schemas':[{'id':'urn:x:T','attribute':[]}]}", "\"attribute\""},
        {SCHEMA_ID("x:y"), "URN"},
        {SCHEMA_ID("urn:x"), "URN"},
        {SCHEMA_ID("urn:x:"), "URN"},
        {SCHEMA_ID("urn:xx:"), "URN"},
        {SCHEMA_ID("urn:xx:a b"), "URN"},
        {SCHEMA_ID("urn:xx:a[b]"), "URN"},
        {SCHEMA_ID("https://x/y"), "URN"},
        {SCHEMA_ID("urn:ietf:params:scim:api:messages:2.0:Thing"), "message"},
        {SCHEMA_ID("urn:ietf:params:scim:schemas:CORE:2.0:Schema"), "nothing can be added"},
        {"{'schemas':[" BADGE "," BADGE "]}", "already"},
        {SCHEMA("{}"), "\"name\" is needed"},
        {SCHEMA("{'name':'1a'}"), "a name is"},
        {SCHEMA("{'name':'a b'}"), "a name is"},
        {SCHEMA("{'name':'a.b'}"), "a name is"},
        {SCHEMA("{'name':'$ref'}"), "a name is"},
        {SCHEMA("{'name':5}"), "must be text"},
        {SCHEMA("{'name':'ID'}"), "reserved"},
        {SCHEMA("{'name':'meta'}"), "reserved"},
        {SCHEMA("{'name':'schemas'}"), "reserved"},
        {SCHEMA("{'name':'externalId'}"), "reserved"},
        {SCHEMA("{'name':'password'}"), "reserved"},
        {SCHEMA("{'name':'a'},{'name':'A'}"), "two of this name"},
        {SCHEMA("{'name':'a','type':'String'}"), "\"type\""},
        {SCHEMA("{'name':'a','type':'date'}"), "\"type\""},
        {SCHEMA("{'name':'a','mutability':'readwrite'}"), "\"mutability\""},
        {SCHEMA("{'name':'a','returned':'Always'}"), "\"returned\""},
        {SCHEMA("{'name':'a','uniqueness':'unique'}"), "\"uniqueness\""},
        {SCHEMA("{'name':'a','multiValued':'true'}"), "\"multiValued\""},
        {SCHEMA("{'name':'a','multivalued':true}"), "\"multivalued\""},
        {SCHEMA("{'name':'a','mutability':'writeOnly','returned':'default'}"), "writeOnly"},
        {SCHEMA("{'name':'a','canonicalValues':'x'}"), "\"canonicalValues\""},
        {SCHEMA("{'name':'a','canonicalValues':[1]}"), "\"canonicalValues\""},
        {SCHEMA("{'name':'a','type':'complex'}"), "needs \"subAttributes\""},
        {SCHEMA("{'name':'a','subAttributes':[{'name':'b'}]}"), "only a complex"},
        {SCHEMA("{'name':'a','type':'complex','subAttributes':[{'name':'b','type':'complex',"
                "'subAttributes':[{'name':'c'}]}]}"),
         "\"a.b\" of urn:x:T: a sub-attribute cannot be complex"},
        {SCHEMA("{'name':'a','type':'complex','subAttributes':[{'name':'b'},{'name':'B'}]}"), "\"a.B\""},
        {SCHEMA("{'name':'a','uniqueness':'global'}"), "uniqueness"},
        {TYPE("{'name':'a','uniqueness':'global'}", OWN ",'endpoint':'/Ts'"), "uniqueness"},
        {TYPE("{'name':'a','uniqueness':'server','multiValued':true}", OWN ",'endpoint':'/Ts'"), "uniqueness"},
        {TYPE("{'name':'a','uniqueness':'server','type':'integer'}", OWN ",'endpoint':'/Ts'"), "uniqueness"},
        {TYPE("{'name':'a','uniqueness':'server'},{'name':'b','uniqueness':'server'}", OWN ",'endpoint':'/Ts'"),
         "\"b\""},
        {TYPE("{'name':'a','type':'complex','subAttributes':[{'name':'b','uniqueness':'server'}]}",
              OWN ",'endpoint':'/Ts'"),
         "uniqueness"},
        {TYPE("{'name':'a','uniqueness':'server'}", "'name':'Group','schemaExtensions':[{'schema':'urn:x:T'}]"),
         "uniqueness"},
        {TYPE("{'name':'a'}", OWN), "\"endpoint\" is needed"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'Ts'"), "slash"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/T/s'"), "slash"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/.search'"), "slash"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/users'"), "taken"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/Groups'"), "taken"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/Me'"), "taken"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/Bulk'"), "taken"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/Schemas'"), "taken"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/ResourceTypes'"), "taken"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/ServiceProviderConfig'"), "taken"},
        {TYPE("{'name':'a'}", "'name':'T','code':16,'endpoint':'/Ts'"), "\"schema\" is needed"},
        {TYPE("{'name':'a'}", "'name':'T','code':16,'endpoint':'/Ts','schema':'urn:x:U'"), "\"schema\""},
        {TYPE("{'name':'a'}",
              "'name':'T','code':16,'endpoint':'/Ts','schema':'urn:ietf:params:scim:schemas:core:2.0:User'"),
         "\"schema\""},
        {TYPE("{'name':'a'}", "'name':'T','schema':'urn:x:T','endpoint':'/Ts'"), "\"code\""},
        {TYPE("{'name':'a'}", "'name':'T','schema':'urn:x:T','endpoint':'/Ts','code':2"), "\"code\""},
        {TYPE("{'name':'a'}", "'name':'T','schema':'urn:x:T','endpoint':'/Ts','code':65535"), "\"code\""},
        {TYPE("{'name':'a'}", "'name':'T T','schema':'urn:x:T','endpoint':'/Ts','code':16"), "\"name\""},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/Ts'},{" OWN ",'endpoint':'/Us'"), "this name"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/Ts'},{'name':'U','schema':'urn:x:T','code':17,'endpoint':'/TS'"),
         "endpoint /TS is taken"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/Ts'},{'name':'U','schema':'urn:x:T','code':16,'endpoint':'/Us'"),
         "code 16 is taken"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/Ts','schemaExtensions':[{'schema':'urn:x:T'}]"), "extend it"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/Ts','schemaExtensions':[{'schema':'urn:y:T'}]"), "extend it"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/Ts','schemaExtensions':[{'required':true}]"), "\"schema\" is needed"},
        {TYPE("{'name':'a'}", OWN ",'endpoint':'/Ts','schemaExtensions':[{'schema':'" SCIM_URN_ENTERPRISE "'}]"),
         "built-in"},
        {TYPE("{'name':'a'}", "'name':'User'},{'name':'User'"), "twice"},
        {TYPE("{'name':'groups'}", OWN ",'endpoint':'/Ts'"), "\"groups\""},
        {TYPE("{'name':'members'}", OWN ",'endpoint':'/Ts'"), "\"members\""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err;
        struct scim_rules *rules = make(cases[i].catalog, &err);
        if (rules)
            fail_msg("accepted: %s", cases[i].catalog);
        if (!strstr(err.detail, cases[i].says))
            fail_msg("%s: %s", cases[i].catalog, err.detail);
        assert_true(err.kind == ERR_INVALID_VALUE || err.kind == ERR_INVALID_SYNTAX);
    }
}

static void assert_fault(const char *catalog, const char *pointer)
{
    char *text = quoted(catalog);
    struct err err = ERR_INIT;
    struct scim_fault fault = {.pointer = "?"};
    struct scim_rules *rules =
        scim_rules_make(&(struct scim_rules_source){.catalog = slice_str(text), .fault = &fault}, &err);
    free(text);
    assert_string_equal(fault.pointer, pointer);
    assert_int_equal(rules == NULL, *pointer != '\0');
    scim_rules_free(rules);
}

static void test_D_17_what_is_wrong_is_pointed_at(void **state)
{
    (void)state;
    assert_fault(GOOD, "");
    assert_fault("{'schemas':[" BADGE "],'x':1}", "/x");
    assert_fault("{'schemas':[" BADGE ",{'id':'urn:x:T'}]}", "/schemas/1/attributes");
    assert_fault("{'schemas':[" BADGE ",{'id':'urn:x:T','attributes':[{'name':'a'},{'name':'b','type':'x'}]}]}",
                 "/schemas/1/attributes/1/type");
    assert_fault("{'schemas':[" BADGE
                 "],'resource_types':[{'name':'User','schemaExtensions':[{'schema':'urn:x:ext:Badge'"
                 "},{'schema':'urn:x'}]}]}",
                 "/resource_types/0/schemaExtensions/1/schema");
    assert_fault("{'schemas':[{'id':'" SCIM_URN_USER "','attributes':[{'name':'x'},{'name':'title'}]}]}",
                 "/schemas/0/attributes/1/name");
    assert_fault("{'schemas':[" BADGE
                 ",{'id':'urn:x:T','attributes':[{'name':'a'},{'name':'b','uniqueness':'global'}]}]}",
                 "/schemas/1/attributes/1/uniqueness");
}

#define ADDITION                                                                                                       \
    "{'schemas':[{'id':'" SCIM_URN_USER "','attributes':[{'name':'shoeSize','type':'integer'},"                        \
    "{'name':'name','subAttributes':[{'name':'nick'}]}]},{'id':'" SCIM_URN_ENTERPRISE                                  \
    "','attributes':[{'name':'UID'}]}]"

static void test_attributes_are_added_to_built_in_schemas(void **state)
{
    (void)state;
    struct err err;
    struct scim_rules *rules = make(ADDITION "}", &err);
    if (!rules)
        fail_msg("%s", err.detail);
    assert_int_equal(rules->schema_count, scim_schema_count);
    const struct scim_resource_type *user = scim_rules_type(rules, SCIM_TYPE_USER);
    assert_ptr_equal(user->schema, scim_rules_schema_by_urn(rules, SLICE_LITERAL(SCIM_URN_USER)));
    assert_int_equal(user->schema->attribute_count, scim_user_type.schema->attribute_count + 1);
    assert_int_equal(attribute_of(rules, SCIM_URN_USER, "shoeSize")->type, SCIM_INTEGER);
    const struct scim_attribute *name = attribute_of(rules, SCIM_URN_USER, "name");
    assert_non_null(scim_sub_attribute(name, SLICE_LITERAL("nick")));
    assert_non_null(scim_sub_attribute(name, SLICE_LITERAL("givenName")));
    assert_null(
        scim_sub_attribute(scim_schema_attribute(scim_user_type.schema, SLICE_LITERAL("name")), SLICE_LITERAL("nick")));
    assert_int_equal(user->extension_count, 1);
    assert_non_null(scim_schema_attribute(user->extensions[0], SLICE_LITERAL("uid")));
    assert_false(user->has_hidden);
    assert_ptr_equal(scim_rules_type(rules, SCIM_TYPE_GROUP), &scim_group_type);
    scim_rules_free(rules);
}

static void test_the_size_of_a_catalog_is_bounded(void **state)
{
    (void)state;
    struct err err;
    json_t *catalog = json_pack("{s:[{s:s, s:[]}]}", "schemas", "id", "urn:x:T", "attributes");
    json_t *attributes = json_object_get(json_array_get(json_object_get(catalog, "schemas"), 0), "attributes");
    for (int i = 0; i <= SCIM_CATALOG_ATTRIBUTES; i++) {
        char *text = json_dumps(catalog, 0);
        struct scim_rules *rules = make(text, &err);
        if (i == 0 || i == SCIM_CATALOG_ATTRIBUTES)
            assert_int_equal(rules != NULL, i > 0);
        scim_rules_free(rules);
        free(text);
        for (; i < SCIM_CATALOG_ATTRIBUTES - 1; i++)
            json_array_append_new(attributes, json_pack("{s:o}", "name", json_sprintf("a%d", i)));
        json_array_append_new(attributes, json_pack("{s:o}", "name", json_sprintf("a%d", i)));
    }
    json_array_append_new(attributes, json_pack("{s:s}", "name", "more"));
    char *text = json_dumps(catalog, 0);
    assert_null(make(text, &err));
    assert_non_null(strstr(err.detail, "1000"));
    free(text);
    json_decref(catalog);
}

static json_t *assigned(const char *catalog, const char *before)
{
    struct err err = ERR_INIT;
    struct buf out;
    buf_init(&out, SCIM_CATALOG_BYTES);
    char *new = quoted(catalog), *old = quoted(before);
    assert_true(scim_catalog_assign(slice_str(new), slice_str(old), &out, &err));
    json_t *json = json_loadb(out.data, out.len, 0, NULL);
    free(new);
    free(old);
    buf_fini(&out);
    return json;
}

static json_int_t code_of(const json_t *catalog, size_t at)
{
    const json_t *type = json_array_get(json_object_get(catalog, "resource_types"), at);
    return json_integer_value(json_object_get(type, "code"));
}

static void test_codes_are_kept_by_name_and_never_reused(void **state)
{
    (void)state;
    json_t *first = assigned("{'resource_types':[{'name':'User'},{'name':'A'},{'name':'B','code':999}]}", "");
    assert_int_equal(code_of(first, 0), 0);
    assert_int_equal(code_of(first, 1), 16);
    assert_int_equal(code_of(first, 2), 17);
    char *before = json_dumps(first, 0);
    json_t *second = assigned("{'resource_types':[{'name':'C'},{'name':'a'}]}", before);
    assert_int_equal(code_of(second, 0), 18);
    assert_int_equal(code_of(second, 1), 16);
    free(before);
    before = json_dumps(second, 0);
    json_t *none = assigned("{}", before);
    free(before);
    before = json_dumps(none, 0);
    json_t *third = assigned("{'resource_types':[{'name':'B'},{'name':'D'}]}", before);
    assert_int_equal(code_of(third, 0), 19);
    assert_int_equal(code_of(third, 1), 20);
    free(before);
    json_decref(first);
    json_decref(second);
    json_decref(none);
    json_decref(third);
}

/* --- what the rules mean for documents --- */

struct given {
    struct scim_rules *rules;
    const struct scim_resource_type *type;
    struct arena arena;
    struct err err;
};

static struct given given_device(void)
{
    struct given given = {.err = ERR_INIT};
    given.rules = make(GOOD, &given.err);
    given.type = scim_rules_type_by_name(given.rules, SLICE_LITERAL("Device"));
    arena_init(&given.arena);
    return given;
}

static void done(struct given *given)
{
    arena_fini(&given->arena);
    scim_rules_free(given->rules);
}

static json_t *document_of(struct given *given, const char *body, const json_t *before)
{
    char *text = quoted(body);
    json_t *json = json_of(text);
    struct resource_id id = {{{1}}};
    struct scim_members members;
    json_t *document = scim_resource_normalise(json, given->type, &scim_policy_default, &id, before, &given->arena,
                                               &members, &given->err);
    json_decref(json);
    free(text);
    return document;
}

#define BODY                                                                                                           \
    "{'schemas':['urn:x:Device'],'serial':'S1','notes':'n','pin':'p','urn:x:ext:Badge':{'number':'7','secret':'s'}}"

static void test_A_04_required_extensions_and_attributes_are_asked_for(void **state)
{
    (void)state;
    struct given given = given_device();
    assert_null(document_of(&given, "{'schemas':['urn:x:Device'],'serial':'S1'}", NULL));
    assert_int_equal(given.err.kind, ERR_INVALID_VALUE);
    assert_non_null(strstr(given.err.detail, "urn:x:ext:Badge"));
    assert_null(document_of(&given, "{'schemas':['urn:x:Device'],'urn:x:ext:Badge':{'number':'7'}}", NULL));
    assert_non_null(strstr(given.err.detail, "serial"));
    done(&given);
}

static void test_A_26_write_only_values_are_kept_and_survive_a_put_without_them(void **state)
{
    (void)state;
    struct given given = given_device();
    json_t *before = document_of(&given, BODY, NULL);
    assert_non_null(before);
    json_t *after =
        document_of(&given, "{'schemas':['urn:x:Device'],'serial':'S1','urn:x:ext:Badge':{'number':'8'}}", before);
    const json_t *badge = json_object_get(after, "urn:x:ext:Badge");
    assert_string_equal(json_string_value(json_object_get(badge, "secret")), "s");
    assert_string_equal(json_string_value(json_object_get(badge, "number")), "8");
    assert_null(json_object_get(after, "notes"));
    json_decref(after);
    json_decref(before);
    done(&given);
}

static void assert_shown(struct given *given, const char *attributes, const char *sent, const char *expected)
{
    json_t *document = document_of(given, BODY, NULL);
    struct scim_projection *projection;
    assert_true(scim_projection_parse(slice_str(attributes), SLICE_EMPTY, given->type, &given->arena, &projection,
                                      &given->err));
    const struct scim_projection *used = projection;
    if (sent) {
        char *text = quoted(sent);
        json_t *body = json_of(text);
        size_t count;
        const struct scim_path *paths = scim_resource_paths(body, given->type, &given->arena, &count);
        used = scim_projection_with_sent(projection, paths, count, &given->arena);
        json_decref(body);
        free(text);
    }
    scim_projection_apply(used, given->type, document);
    json_object_del(document, "id");
    json_object_del(document, "schemas");
    char *shown = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS), *wanted = quoted(expected);
    assert_string_equal(shown, wanted);
    free(shown);
    free(wanted);
    json_decref(document);
}

static void test_A_27_what_is_returned_on_request_shows_when_named_or_sent(void **state)
{
    (void)state;
    struct given given = given_device();
    assert_shown(&given, "", NULL, "{'serial':'S1','urn:x:ext:Badge':{'number':'7'}}");
    assert_shown(&given, "notes,pin", NULL, "{'notes':'n'}");
    assert_shown(&given, "urn:x:ext:Badge:secret", NULL, "{}");
    assert_shown(&given, "", "{'NOTES':'x','pin':'y'}", "{'notes':'n','serial':'S1','urn:x:ext:Badge':{'number':'7'}}");
    assert_shown(&given, "serial", "{'urn:x:Device':{'notes':'x'}}", "{'notes':'n','serial':'S1'}");
    done(&given);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_catalog_becomes_types_and_schemas),
        cmocka_unit_test(test_keywords_that_are_absent_take_the_rfcs_defaults),
        cmocka_unit_test(test_D_17_A_02_what_is_wrong_is_refused_by_name),
        cmocka_unit_test(test_D_17_what_is_wrong_is_pointed_at),
        cmocka_unit_test(test_attributes_are_added_to_built_in_schemas),
        cmocka_unit_test(test_the_size_of_a_catalog_is_bounded),
        cmocka_unit_test(test_codes_are_kept_by_name_and_never_reused),
        cmocka_unit_test(test_A_04_required_extensions_and_attributes_are_asked_for),
        cmocka_unit_test(test_A_26_write_only_values_are_kept_and_survive_a_put_without_them),
        cmocka_unit_test(test_A_27_what_is_returned_on_request_shows_when_named_or_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
