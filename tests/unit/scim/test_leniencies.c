/* Each leniency by itself: what the default policy does, and what the same policy does with this one switched. */
#include "documents.h"
#include "fixture.h"
#include "scim/patch.h"
#include "scim/policy_bind.h"

#define USER_URN  "'schemas':['urn:ietf:params:scim:schemas:core:2.0:User']"
#define PATCH_URN "'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp']"
#define ENT       "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

struct bed {
    struct arena arena;
    struct scim_policy policy;
    struct err err;
};

static const struct scim_attribute size_attribute = {.name = "size", .type = SCIM_INTEGER},
                                   ratio_attribute = {.name = "ratio", .type = SCIM_DECIMAL};

static void bed_init(struct bed *bed, const char *policy)
{
    json_t *json = fixture_json(policy);
    char *text = json_dumps(json, 0);
    arena_init(&bed->arena);
    bed->err = ERR_INIT;
    if (!scim_policy_parse(slice_str(text), &bed->arena, &bed->policy, &bed->err))
        fail_msg("%s: %s", policy, bed->err.detail);
    assert_true(scim_policy_bind(&bed->policy, scim_resource_types, scim_resource_type_count, &bed->arena, &bed->err));
    free(text);
    json_decref(json);
}

static void bed_fini(struct bed *bed)
{
    scim_policy_unbind(&bed->policy);
    arena_fini(&bed->arena);
}

/* Without what every document has. */
static char *shown(json_t *document, const struct bed *bed)
{
    if (!document)
        return strdup(err_scim_type(bed->err.kind));
    json_object_del(document, "id");
    json_object_del(document, "schemas");
    char *text = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    for (char *c = text; *c; c++)
        *c = *c == '"' ? '\'' : *c;
    return text;
}

static json_t *normalised(struct bed *bed, const struct scim_resource_type *type, const char *text)
{
    struct resource_id id;
    struct scim_members members;
    json_t *body = fixture_json(text);
    assert_true(id_from_uuid(SLICE_LITERAL(TEST_ID), false, &id.id));
    json_t *document = scim_resource_normalise(body, type, &bed->policy, &id, NULL, &bed->arena, &members, &bed->err);
    json_decref(body);
    return document;
}

static void check(const char *policy, char *is, const char *input, const char *expected)
{
    if (strcmp(is, expected) != 0)
        fail_msg("%s under %s:\n  is        %s\n  should be %s", input, policy, is, expected);
    free(is);
}

static void body_becomes(const char *policy, const char *members, const char *expected)
{
    struct bed bed;
    char text[2048];
    bed_init(&bed, policy);
    snprintf(text, sizeof text, "{%s,'userName':'b','active':null%s}", USER_URN, members);
    json_t *document = normalised(&bed, &scim_user_type, text);
    json_object_del(document, "userName");
    check(policy, shown(document, &bed), members, expected);
    json_decref(document);
    bed_fini(&bed);
}

/* The user is {userName: b, title: t, emails: [work a, home h]}. */
static void patch_makes(const char *policy, const char *message, const char *expected)
{
    struct bed bed;
    bed_init(&bed, "{}");
    json_t *before = normalised(&bed, &scim_user_type,
                                "{" USER_URN ",'userName':'b','active':null,'title':'t','emails':"
                                "[{'value':'a','type':'work'},{'value':'h','type':'home'}]}");
    bed_fini(&bed);
    bed_init(&bed, policy);
    json_t *request = fixture_json(message), *after = NULL;
    struct scim_patch *patch;
    if (scim_patch_parse(request, &scim_user_type, &bed.policy, &bed.arena, &patch, &bed.err))
        after = scim_patch_apply(patch, before, &scim_user_type, &bed.policy, &bed.arena, &bed.err);
    if (after == before) {
        after = json_deep_copy(before);
        json_decref(before);
    }
    json_object_del(after, "userName");
    check(policy, shown(after, &bed), message, expected);
    json_decref(after);
    json_decref(before);
    json_decref(request);
    bed_fini(&bed);
}

static void operation_makes(const char *policy, const char *operation, const char *expected)
{
    char message[2048];
    snprintf(message, sizeof message, "{%s,'Operations':[%s]}", PATCH_URN, operation);
    patch_makes(policy, message, expected);
}

static void filter_says(const char *policy, const char *filter, const char *expected)
{
    struct bed bed;
    bed_init(&bed, policy);
    json_t *user = fixture_json("{'userName':'b','active':true,'externalId':'jyoung','title':'5',"
                                "'emails':[{'value':'x','type':'work'}],'" ENT "':{'manager':{'value':'m'}}}");
    struct scim_filter *parsed = fixture_parse(filter, &scim_user_type, &bed.policy, &bed.arena, &bed.err);
    const char *is = !parsed ? err_scim_type(bed.err.kind) : scim_filter_matches(parsed, user) ? "matches" : "differs";
    check(policy, strdup(is), filter, expected);
    json_decref(user);
    bed_fini(&bed);
}

static void taken_as(const char *policy, const struct scim_attribute *attribute, const char *value,
                     const char *expected)
{
    struct bed bed;
    bool unassigned = false;
    bed_init(&bed, policy);
    json_t *sent = fixture_json(value);
    json_t *taken = scim_value_normalise(sent, attribute, &bed.policy, attribute->name, &unassigned, &bed.err);
    check(policy, shown(taken, &bed), value, expected);
    json_decref(taken);
    json_decref(sent);
    bed_fini(&bed);
}

#define OFF(number) "{'leniencies':{'" number "':false}}"
#define ON(number)  "{'leniencies':{'" number "':true}}"
#define UNCHANGED   "{'title':'t','emails':[{'value':'a','type':'work'},{'value':'h','type':'home'}]}"
#define NEW_TITLE   "{'title':'n','emails':[{'value':'a','type':'work'},{'value':'h','type':'home'}]}"

static void test_L_01_ops_in_any_case(void **state)
{
    (void)state;
    operation_makes("{}", "{'op':'Replace','path':'title','value':'n'}", NEW_TITLE);
    operation_makes("{}", "{'op':'REPLACE','path':'title','value':'n'}", NEW_TITLE);
    operation_makes(OFF("L-01"), "{'op':'Replace','path':'title','value':'n'}", "invalidSyntax");
    operation_makes(OFF("L-01"), "{'op':'replace','path':'title','value':'n'}", NEW_TITLE);
}

static void test_L_02_paths_as_keys(void **state)
{
    (void)state;
    static const char *const operation =
        "{'op':'replace','value':{'name.givenName':'g','" ENT ":employeeNumber':'1','title':'n'}}";
    operation_makes("{}", operation,
                    "{'name':{'givenName':'g'},'title':'n','emails':[{'value':'a','type':'work'},{'value':'h','type':"
                    "'home'}],'" ENT "':{'employeeNumber':'1'}}");
    operation_makes("{'leniencies':{'L-02':false},'unknown_attributes':'reject'}", operation, "invalidSyntax");
    operation_makes("{'leniencies':{'L-02':false},'unknown_attributes':'ignore'}", operation, NEW_TITLE);
}

static void test_L_03_booleans_as_text(void **state)
{
    (void)state;
    body_becomes("{}", ",'active':'False','nickName':'True'", "{'nickName':'True','active':false}");
    body_becomes("{}", ",'roles':[{'value':'r','primary':'tRUE'}]", "{'roles':[{'value':'r','primary':true}]}");
    body_becomes(OFF("L-03"), ",'active':'False'", "invalidValue");
    body_becomes("{}", ",'active':'yes'", "invalidValue");
    operation_makes("{}", "{'op':'replace','path':'active','value':'False'}",
                    "{'title':'t','active':false,'emails':[{'value':'a','type':'work'},{'value':'h','type':'home'}]}");
    operation_makes(OFF("L-03"), "{'op':'replace','value':{'active':'False'}}", "invalidValue");
}

static void test_L_04_filters_as_keys(void **state)
{
    (void)state;
    static const char *const operation = "{'op':'replace','value':{'emails[type eq \\\"work\\\"].value':'n'}}";
    operation_makes("{}", operation,
                    "{'title':'t','emails':[{'value':'n','type':'work'},{'value':'h','type':'home'}]}");
    operation_makes("{'leniencies':{'L-04':false},'unknown_attributes':'reject'}", operation, "invalidSyntax");
    operation_makes("{'leniencies':{'L-02':false},'unknown_attributes':'reject'}", operation,
                    "{'title':'t','emails':[{'value':'n','type':'work'},{'value':'h','type':'home'}]}");
}

static void test_L_05_a_removal_with_a_value(void **state)
{
    (void)state;
    static const char *const operation = "{'op':'remove','path':'emails','value':[{'value':'a','type':'work'}]}";
    operation_makes("{}", operation, "{'title':'t','emails':[{'value':'h','type':'home'}]}");
    operation_makes(OFF("L-05"), operation, "{'title':'t'}");
}

static void test_L_06_a_path_that_matches_nothing(void **state)
{
    (void)state;
    static const char *const operation = "{'op':'add','path':'addresses[type eq \\\"work\\\"].locality','value':'c'}";
    static const char *const either =
        "{'op':'add','path':'addresses[type eq \\\"work\\\" or type eq \\\"home\\\"].locality','value':'c'}";
    operation_makes("{}", operation,
                    "{'title':'t','emails':[{'value':'a','type':'work'},{'value':'h','type':'home'}],'addresses':[{"
                    "'locality':'c','type':'work'}]}");
    operation_makes("{}", either, "noTarget");
    operation_makes(OFF("L-06"), operation, "noTarget");
}

static void test_L_07_read_only_members_of_a_value(void **state)
{
    (void)state;
    operation_makes("{}", "{'op':'replace','value':{'id':'x','groups':[],'title':'n'}}", NEW_TITLE);
    operation_makes("{}", "{'op':'replace','path':'id','value':'x'}", "mutability");
    operation_makes(OFF("L-07"), "{'op':'replace','value':{'id':'x','title':'n'}}", "mutability");
}

static void test_L_08_lists_and_single_values(void **state)
{
    (void)state;
    body_becomes("{}", ",'emails':{'value':'x'}", "{'emails':[{'value':'x'}]}");
    body_becomes("{}", ",'title':['x']", "{'title':'x'}");
    body_becomes("{}", ",'title':['x','y']", "invalidValue");
    body_becomes("{}", ",'" ENT "':{'manager':[{'value':'m'}]}", "{'" ENT "':{'manager':{'value':'m'}}}");
    body_becomes(OFF("L-08"), ",'emails':{'value':'x'}", "invalidValue");
    body_becomes(OFF("L-08"), ",'title':['x']", "invalidValue");
    body_becomes(OFF("L-08"), ",'" ENT "':{'manager':[{'value':'m'}]}", "invalidValue");
    operation_makes("{}", "{'op':'replace','path':'title','value':['n']}", NEW_TITLE);
    operation_makes(OFF("L-08"), "{'op':'replace','path':'title','value':['n']}", "invalidValue");
}

static void test_L_09_text_for_an_object(void **state)
{
    (void)state;
    body_becomes("{}", ",'" ENT "':{'manager':'m'}", "{'" ENT "':{'manager':{'value':'m'}}}");
    body_becomes("{}", ",'" ENT "':{'manager':''}", "{}");
    body_becomes("{}", ",'emails':['x']", "{'emails':[{'value':'x'}]}");
    body_becomes(OFF("L-09"), ",'" ENT "':{'manager':'m'}", "invalidValue");
    body_becomes(OFF("L-09"), ",'emails':''", "invalidValue");
    body_becomes(OFF("L-09"), ",'active':''", "invalidValue");
}

static void test_L_10_literals(void **state)
{
    (void)state;
    filter_says("{}", "active eq 'True'", "matches");
    filter_says("{}", "externalId eq jyoung", "matches");
    filter_says("{}", "title eq 5", "matches");
    filter_says(OFF("L-10"), "active eq 'True'", "invalidFilter");
    filter_says(OFF("L-10"), "externalId eq jyoung", "invalidFilter");
    filter_says(OFF("L-10"), "title eq 5", "invalidFilter");
    filter_says(OFF("L-10"), "active eq true", "matches");
}

static void test_L_11_a_condition_behind_brackets(void **state)
{
    (void)state;
    filter_says("{}", "emails[type eq 'work'].value eq 'x'", "matches");
    filter_says("{}", "emails[type eq 'home'].value eq 'x'", "differs");
    filter_says(OFF("L-11"), "emails[type eq 'work'].value eq 'x'", "invalidFilter");
}

static void test_L_12_a_dot_behind_a_urn(void **state)
{
    (void)state;
    static const char *const operation = "{'op':'add','path':'" ENT ".manager','value':{'value':'m'}}";
    filter_says("{}", ENT ".manager.value eq 'm'", "matches");
    filter_says(OFF("L-12"), ENT ".manager.value eq 'm'", "invalidFilter");
    filter_says(OFF("L-12"), ENT ":manager.value eq 'm'", "matches");
    operation_makes("{}", operation,
                    "{'title':'t','emails':[{'value':'a','type':'work'},{'value':'h','type':'home'}],'" ENT
                    "':{'manager':{'value':'m'}}}");
    operation_makes(OFF("L-12"), operation, "invalidPath");
}

static void test_L_13_blanks(void **state)
{
    (void)state;
    filter_says("{}", "userName eq'b'", "matches");
    filter_says("{}", "emails [ type eq 'work' ]", "matches");
    filter_says("{}", "userName eq 'b'and title pr", "matches");
    filter_says(OFF("L-13"), "userName eq'b'", "invalidFilter");
    filter_says(OFF("L-13"), "emails [type eq 'work']", "invalidFilter");
    filter_says(OFF("L-13"), "userName eq 'b'and title pr", "invalidFilter");
    filter_says(OFF("L-13"), "not(userName eq 'x')", "matches"); /* the grammar's own */
}

static void test_L_14_unknown_attributes_are_a_policy_of_their_own(void **state)
{
    (void)state;
    body_becomes("{}", ",'department':'d'", "{'department':'d'}");
    body_becomes("{'unknown_attributes':'ignore'}", ",'department':'d'", "{}");
    body_becomes("{'unknown_attributes':'reject'}", ",'department':'d'", "invalidSyntax");
}

static void test_L_15_foreign_schemas(void **state)
{
    (void)state;
    static const char *const text = "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:Group','http://schemas."
                                    "microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],'displayName':'g'}";
    static const char *const policies[] = {"{}", OFF("L-15")};
    for (size_t i = 0; i < 2; i++) {
        struct bed bed;
        bed_init(&bed, policies[i]);
        json_t *document = normalised(&bed, &scim_group_type, text);
        check(policies[i], shown(document, &bed), text, i ? "invalidSyntax" : "{'displayName':'g'}");
        json_decref(document);
        bed_fini(&bed);
    }
}

static void test_L_16_A_11_null_is_no_value_even_if_strict(void **state)
{
    (void)state;
    body_becomes("{}", ",'addresses':null,'emails':[{'value':'x','type':null}]", "{'emails':[{'value':'x'}]}");
    body_becomes("{'strict':true}", ",'addresses':null,'emails':[{'value':'x','type':null}]",
                 "{'emails':[{'value':'x'}]}");
}

static void test_L_17_groups_and_passwords_are_passed_over_even_if_strict(void **state)
{
    (void)state;
    body_becomes("{}", ",'groups':[],'password':'Okta1234'", "{}");
    body_becomes("{'strict':true}", ",'groups':[],'password':'Okta1234'", "{}");
}

static void test_L_18_null_empties_a_list_even_if_strict(void **state)
{
    (void)state;
    static const char *const policies[] = {"{}", "{'strict':true}"};
    for (size_t i = 0; i < 2; i++) {
        operation_makes(policies[i], "{'op':'replace','path':'emails','value':null}", "{'title':'t'}");
        operation_makes(policies[i], "{'op':'replace','path':'emails','value':[]}", "{'title':'t'}");
        operation_makes(policies[i], "{'op':'remove','path':'emails'}", "{'title':'t'}");
    }
}

static void test_L_19_incomplete_messages(void **state)
{
    (void)state;
    static const char *const bare = "{'Operations':[{'op':'replace','path':'title','value':'n'}]}";
    static const char *const single = "{" PATCH_URN ",'Operations':{'op':'replace','path':'title','value':'n'}}";
    patch_makes(ON("L-19"), bare, NEW_TITLE);
    patch_makes(ON("L-19"), single, NEW_TITLE);
    patch_makes("{}", bare, "invalidSyntax");
    patch_makes("{}", single, "invalidSyntax");
    patch_makes(ON("L-19"), "{'schemas':['urn:x'],'Operations':[]}", "invalidSyntax");
    patch_makes(ON("L-19"), "{'Operations':{'op':'move'}}", "invalidSyntax");
}

#define ROLE "{'value':'{\\\"id\\\":\\\"06b0\\\",\\\"value\\\":\\\"25\\\",\\\"displayName\\\":\\\"Role1234\\\"}'}"

static void test_L_20_roles_as_json_text(void **state)
{
    (void)state;
    body_becomes(ON("L-20"), ",'roles':[" ROLE "]", "{'roles':[{'value':'25','display':'Role1234'}]}");
    body_becomes(ON("L-20"), ",'roles':[{'value':'{no json'}]", "{'roles':[{'value':'{no json'}]}");
    body_becomes(ON("L-20"), ",'roles':[{'value':'{}','display':'d'}]", "{'roles':[{'value':'{}','display':'d'}]}");
    body_becomes(ON("L-20"),
                 ",'roles':[{'value':'{\\\"id\\\":\\\"7\\\",\\\"type\\\":\\\"t\\\",\\\"primary\\\":true}'}]",
                 "{'roles':[{'value':'7','type':'t','primary':true}]}");
    operation_makes(ON("L-20"), "{'op':'Add','path':'roles','value':[" ROLE "]}",
                    "{'title':'t','emails':[{'value':'a','type':'work'},{'value':'h','type':'home'}],'roles':[{"
                    "'value':'25','display':'Role1234'}]}");
    body_becomes("{}", ",'roles':[{'value':'{}'}]", "{'roles':[{'value':'{}'}]}");
    body_becomes(ON("L-20"), ",'entitlements':[{'value':'{}'}]", "{'entitlements':[{'value':'{}'}]}");
}

static void test_L_21_wrapped_values(void **state)
{
    (void)state;
    body_becomes(ON("L-21"), ",'title':[{'value':'x'}]", "{'title':'x'}");
    body_becomes(ON("L-21"), ",'active':[{'value':'False'}]", "{'active':false}");
    body_becomes(ON("L-21"), ",'title':[{'value':'x','more':1}]", "invalidValue");
    body_becomes("{}", ",'title':[{'value':'x'}]", "invalidValue");
    operation_makes(ON("L-21"), "{'op':'replace','path':'title','value':[{'value':'n'}]}", NEW_TITLE);
    operation_makes("{}", "{'op':'replace','path':'title','value':[{'value':'n'}]}", "invalidValue");
}

static void test_L_23_an_extension_as_path(void **state)
{
    (void)state;
    static const char *const operation = "{'op':'replace','path':'" ENT "','value':{'department':'d'}}";
    operation_makes("{}", operation,
                    "{'title':'t','emails':[{'value':'a','type':'work'},{'value':'h','type':'home'}],'" ENT
                    "':{'department':'d'}}");
    operation_makes(OFF("L-23"), operation, "invalidPath");
}

static void test_L_25_numbers_as_text(void **state)
{
    (void)state;
    taken_as(ON("L-25"), &size_attribute, "'5'", "5");
    taken_as(ON("L-25"), &size_attribute, "' -7 '", "-7");
    taken_as(ON("L-25"), &size_attribute, "'5.5'", "invalidValue");
    taken_as(ON("L-25"), &size_attribute, "'five'", "invalidValue");
    taken_as(ON("L-25"), &size_attribute, "'[5]'", "invalidValue");
    taken_as(ON("L-25"), &ratio_attribute, "'0.5'", "0.5");
    taken_as("{}", &size_attribute, "'5'", "invalidValue");
    taken_as("{}", &ratio_attribute, "'0.5'", "invalidValue");
}

static void test_those_without_a_number(void **state)
{
    (void)state;
    static const char *const nothing = "{" PATCH_URN ",'Operations':[]}";
    patch_makes("{}", nothing, UNCHANGED);
    patch_makes(OFF("empty_patch"), nothing, "invalidSyntax");
    body_becomes("{}", ",'urn:ietf:params:scim:schemas:core:2.0:User':{'title':'x'}", "{'title':'x'}");
    body_becomes("{'unknown_attributes':'reject','leniencies':{'core_under_urn':false}}",
                 ",'urn:ietf:params:scim:schemas:core:2.0:User':{'title':'x'}", "invalidSyntax");
    body_becomes("{}", ",'emails':[{'value':'x','primary':'5551234'}]", "{'emails':[{'value':'x'}]}");
    body_becomes(OFF("unusable_primary"), ",'emails':[{'value':'x','primary':'5551234'}]", "invalidValue");
    body_becomes("{}", ",'x509Certificates':[{'value':'MAM\\nCAQE='}]",
                 "{'x509Certificates':[{'value':'MAM\\nCAQE='}]}");
    body_becomes(OFF("lines_in_base64"), ",'x509Certificates':[{'value':'MAM\\nCAQE='}]", "invalidValue");
}

static void test_strict_turns_off_all_but_those_named(void **state)
{
    (void)state;
    body_becomes("{'strict':true}", ",'active':'False'", "invalidValue");
    body_becomes("{'leniencies':{'booleans_as_text':true},'strict':true}", ",'active':'False'", "{'active':false}");
    body_becomes("{'leniencies':{'L-03':true},'strict':true}", ",'title':['x']", "invalidValue");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_L_01_ops_in_any_case),
        cmocka_unit_test(test_L_02_paths_as_keys),
        cmocka_unit_test(test_L_03_booleans_as_text),
        cmocka_unit_test(test_L_04_filters_as_keys),
        cmocka_unit_test(test_L_05_a_removal_with_a_value),
        cmocka_unit_test(test_L_06_a_path_that_matches_nothing),
        cmocka_unit_test(test_L_07_read_only_members_of_a_value),
        cmocka_unit_test(test_L_08_lists_and_single_values),
        cmocka_unit_test(test_L_09_text_for_an_object),
        cmocka_unit_test(test_L_10_literals),
        cmocka_unit_test(test_L_11_a_condition_behind_brackets),
        cmocka_unit_test(test_L_12_a_dot_behind_a_urn),
        cmocka_unit_test(test_L_13_blanks),
        cmocka_unit_test(test_L_14_unknown_attributes_are_a_policy_of_their_own),
        cmocka_unit_test(test_L_15_foreign_schemas),
        cmocka_unit_test(test_L_16_A_11_null_is_no_value_even_if_strict),
        cmocka_unit_test(test_L_17_groups_and_passwords_are_passed_over_even_if_strict),
        cmocka_unit_test(test_L_18_null_empties_a_list_even_if_strict),
        cmocka_unit_test(test_L_19_incomplete_messages),
        cmocka_unit_test(test_L_20_roles_as_json_text),
        cmocka_unit_test(test_L_21_wrapped_values),
        cmocka_unit_test(test_L_23_an_extension_as_path),
        cmocka_unit_test(test_L_25_numbers_as_text),
        cmocka_unit_test(test_those_without_a_number),
        cmocka_unit_test(test_strict_turns_off_all_but_those_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
