/* What a policy asks of documents: required attributes, rules for values, domains, and what people may change. */
#include "documents.h"
#include "fixture.h"
#include "scim/patch.h"
#include "scim/policy_bind.h"
#include "scim/rules.h"

#define ENT   "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define GROUP "urn:ietf:params:scim:schemas:core:2.0:Group"
#define USER  "'schemas':['urn:ietf:params:scim:schemas:core:2.0:User'],'userName':'b'"

struct bed {
    struct arena arena;
    struct scim_rules *rules;
    struct err err;
};

static char *quoted(const char *text)
{
    json_t *json = fixture_json(text);
    char *copy = json_dumps(json, 0);
    json_decref(json);
    return copy;
}

static bool try_init(struct bed *bed, const char *policy)
{
    char *text = quoted(policy);
    const struct scim_rules_source source = {.policy = slice_str(text),
                                             .domains = SLICE_LITERAL("[\"example.com\",\"xn--bcher-kva.example\"]")};
    arena_init(&bed->arena);
    bed->err = ERR_INIT;
    bed->rules = scim_rules_make(&source, &bed->err);
    free(text);
    return bed->rules;
}

static void bed_init(struct bed *bed, const char *policy)
{
    if (!try_init(bed, policy))
        fail_msg("%s: %s", policy, bed->err.detail);
}

static void bed_fini(struct bed *bed)
{
    scim_rules_free(bed->rules);
    arena_fini(&bed->arena);
}

static json_t *put(struct bed *bed, const struct scim_resource_type *type, const json_t *before, const char *text)
{
    struct resource_id id;
    struct scim_members members;
    json_t *body = fixture_json(text);
    assert_true(id_from_uuid(SLICE_LITERAL(TEST_ID), false, &id.id));
    bed->err = ERR_INIT;
    json_t *document =
        scim_resource_normalise(body, type, &bed->rules->policy, &id, before, &bed->arena, &members, &bed->err);
    json_decref(body);
    return document;
}

static void is_taken(struct bed *bed, const json_t *before, const char *text)
{
    json_t *document = put(bed, &scim_user_type, before, text);
    if (!document)
        fail_msg("%s: %s", text, bed->err.detail);
    json_decref(document);
}

static void is_refused(struct bed *bed, const json_t *before, const char *text, const char *named)
{
    json_t *document = put(bed, &scim_user_type, before, text);
    if (document)
        fail_msg("%s was accepted", text);
    if (bed->err.kind != ERR_INVALID_VALUE || !strstr(bed->err.detail, named))
        fail_msg("%s: %s", text, bed->err.detail);
}

/* The kind of error, or ERR_NONE. */
static enum err_kind patched(struct bed *bed, const json_t *before, const char *operations)
{
    char text[1024];
    struct scim_patch *patch;
    json_t *after = NULL;
    snprintf(text, sizeof text, "{'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp'],'Operations':[%s]}",
             operations);
    json_t *request = fixture_json(text);
    bed->err = ERR_INIT;
    if (scim_patch_parse(request, &scim_user_type, &bed->rules->policy, &bed->arena, &patch, &bed->err))
        after = scim_patch_apply(patch, before, &scim_user_type, &bed->rules->policy, &bed->arena, &bed->err);
    json_decref(after);
    json_decref(request);
    return after ? ERR_NONE : bed->err.kind;
}

static json_t *plain(const char *text)
{
    struct bed bed;
    bed_init(&bed, "{}");
    json_t *document = put(&bed, &scim_user_type, NULL, text);
    if (!document)
        fail_msg("%s: %s", text, bed.err.detail);
    bed_fini(&bed);
    return document;
}

static void test_required_attributes_must_be_there(void **state)
{
    (void)state;
    struct bed bed;
    bed_init(&bed, "{'required_attributes':['name.givenName','emails[primary eq true].value','" ENT ":department']}");
    static const char *const good =
        "{" USER ",'name':{'givenName':'g'},'emails':[{'value':'x','primary':true}],'" ENT "':{'department':'d'}}";
    is_taken(&bed, NULL, good);
    is_refused(&bed, NULL, "{" USER "}", "name.givenName");
    is_refused(&bed, NULL, "{" USER ",'name':{'givenName':'','familyName':'f'}}", "name.givenName");
    is_refused(&bed, NULL, "{" USER ",'name':{'givenName':'g'},'emails':[{'value':'x'}]}", "emails[primary eq true]");
    is_refused(&bed, NULL, "{" USER ",'name':{'givenName':'g'},'emails':[{'value':'x','primary':true}]}", "department");

    json_t *before = put(&bed, &scim_user_type, NULL, good);
    is_refused(&bed, before, "{" USER ",'name':{'givenName':'g'}}", "emails");
    json_decref(before);
    bed_fini(&bed);
}

static void test_P_24_required_attributes_cannot_be_removed(void **state)
{
    (void)state;
    struct bed bed;
    bed_init(&bed, "{'required_attributes':['name.givenName','emails[primary eq true].value','" ENT ":department']}");
    json_t *user = plain("{" USER ",'name':{'givenName':'g','familyName':'f'},'emails':[{'value':'x','type':'work',"
                         "'primary':true},{'value':'y','type':'home'}],'" ENT "':{'department':'d'}}");
    static const struct {
        const char *operation;
        enum err_kind kind;
    } cases[] = {
        {"{'op':'remove','path':'name.givenName'}", ERR_MUTABILITY},
        {"{'op':'remove','path':'name'}", ERR_MUTABILITY},
        {"{'op':'remove','path':'name.familyName'}", ERR_NONE},
        {"{'op':'remove','path':'name.givenName'},{'op':'add','path':'name.givenName','value':'h'}", ERR_MUTABILITY},
        {"{'op':'replace','path':'name.givenName','value':null}", ERR_INVALID_VALUE},
        {"{'op':'replace','path':'name.givenName','value':''}", ERR_INVALID_VALUE},
        {"{'op':'replace','value':{'name':{'givenName':null}}}", ERR_INVALID_VALUE},
        {"{'op':'replace','path':'name.givenName','value':'h'}", ERR_NONE},
        {"{'op':'remove','path':'emails'}", ERR_MUTABILITY},
        {"{'op':'remove','path':'emails[type eq \\\"work\\\"]'}", ERR_MUTABILITY},
        {"{'op':'remove','path':'emails[type eq \\\"home\\\"]'}", ERR_NONE},
        {"{'op':'replace','path':'emails[type eq \\\"work\\\"].primary','value':false}", ERR_INVALID_VALUE},
        {"{'op':'remove','path':'" ENT "'}", ERR_MUTABILITY},
        {"{'op':'replace','path':'" ENT "','value':null}", ERR_INVALID_VALUE},
        {"{'op':'remove','path':'" ENT ":department'}", ERR_MUTABILITY},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (patched(&bed, user, cases[i].operation) != cases[i].kind)
            fail_msg("%s: %s", cases[i].operation, bed.err.detail);
    json_decref(user);
    bed_fini(&bed);
}

static void test_who_lacks_what_has_become_required_can_still_be_patched(void **state)
{
    (void)state;
    struct bed bed;
    json_t *user = plain("{" USER ",'title':'t'}");
    bed_init(&bed, "{'required_attributes':['name.givenName']}");
    assert_int_equal(patched(&bed, user, "{'op':'replace','path':'active','value':false}"), ERR_NONE);
    is_refused(&bed, user, "{" USER ",'active':false}", "name.givenName");
    json_decref(user);
    bed_fini(&bed);
}

static void test_names_with_another_types_urn_are_that_types(void **state)
{
    (void)state;
    struct bed bed;
    bed_init(&bed, "{'required_attributes':['" GROUP ":externalId','externalId']}");
    json_t *group = put(&bed, &scim_group_type, NULL, "{'schemas':['" GROUP "'],'displayName':'g'}");
    assert_null(group);
    assert_non_null(strstr(bed.err.detail, "Group:externalId"));
    group = put(&bed, &scim_group_type, NULL, "{'schemas':['" GROUP "'],'displayName':'g','externalId':'x'}");
    assert_non_null(group);
    json_decref(group);
    is_refused(&bed, NULL, "{" USER "}", "\"externalId\"");
    bed_fini(&bed);

    bed_init(&bed, "{'required_attributes':['displayName']}");
    is_refused(&bed, NULL, "{" USER "}", "displayName");
    bed_fini(&bed);
}

static void test_A_30_values_of_lists(void **state)
{
    (void)state;
    static const struct {
        const char *list, *value;
        bool fits;
    } cases[] = {
        {"iso-639-1", "en", true},
        {"iso-639-1", "DE", true},
        {"iso-639-1", "xx", false},
        {"iso-639-1", "eng", false},
        {"iso-639-1", "en-US", false},
        {"iso-639-1", "", false},
        {"iso-3166-1", "US", true},
        {"iso-3166-1", "de", true},
        {"iso-3166-1", "USA", false},
        {"iso-3166-1", "XK", false}, /* private use */
        {"iso-3166-1", "EU", false},
        {"iso-3166-1", "UK", false},
        {"iso-3166-1", "ZZ", false},
        {"iso-3166-1", "IC", false}, /* reserved */
        {"iana-timezone", "Europe/Berlin", true},
        {"iana-timezone", "America/Argentina/Buenos_Aires", true},
        {"iana-timezone", "UTC", true},
        {"iana-timezone", "Etc/UTC", true},
        {"iana-timezone", "Europe/Atlantis", false},
        {"iana-timezone", "CEST", false},
        {"iana-timezone", "PST", false},
        {"iana-timezone", "Etc/Unknown", false},
        {"iana-timezone", "+01:00", false},
        {"bcp-47", "en", true},
        {"bcp-47", "en-US", true},
        {"bcp-47", "zh-Hant-TW", true},
        {"bcp-47", "de-CH-1996", true},
        {"bcp-47", "en_US", true}, /* L-24 */
        {"bcp-47", "english language", false},
        {"bcp-47", "en--US", false},
        {"bcp-47", "en-US-", false},
        {"bcp-47", "1", false},
        {"bcp-47", "d\xC3\xA9", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bed bed;
        char policy[128], body[256];
        snprintf(policy, sizeof policy, "{'value_rules':{'title':{'list':'%s'}}}", cases[i].list);
        snprintf(body, sizeof body, "{" USER ",'title':'%s'}", cases[i].value);
        bed_init(&bed, policy);
        if (cases[i].fits)
            is_taken(&bed, NULL, body);
        else
            is_refused(&bed, NULL, body, cases[i].list);
        bed_fini(&bed);
    }
}

static void test_L_24_locale_with_underscore(void **state)
{
    (void)state;
    static const char *const body = "{" USER ",'locale':'en_US'}";
    static const char *const takers[] = {"{}", "{'value_rules':{'locale':{'list':'bcp-47'}}}",
                                         "{'strict':true,'leniencies':{'L-24':true}}"};
    static const char *const refusers[] = {"{'leniencies':{'L-24':false}}", "{'strict':true}",
                                           "{'leniencies':{'L-24':false},'value_rules':{'locale':{'list':'bcp-47'}}}"};
    for (size_t i = 0; i < 3; i++) {
        struct bed bed;
        bed_init(&bed, takers[i]);
        is_taken(&bed, NULL, body);
        bed_fini(&bed);
        bed_init(&bed, refusers[i]);
        is_refused(&bed, NULL, body, "locale");
        is_taken(&bed, NULL, "{" USER ",'locale':'en-US'}");
        bed_fini(&bed);
    }
}

static void test_patterns_are_for_the_whole_value(void **state)
{
    (void)state;
    struct bed bed;
    bed_init(&bed, "{'value_rules':{'" ENT ":employeeNumber':{'pattern':'[0-9]{6}'},'nickName':{'pattern':'^(a+)+$'},"
                   "'emails.value':{'pattern':'.+@.+'},'title':{'pattern':'\\\\p{L}+|x'}}}");
    is_taken(&bed, NULL, "{" USER ",'" ENT "':{'employeeNumber':'123456'},'title':'\xC3\xA9\xC3\x9F'}");
    is_refused(&bed, NULL, "{" USER ",'" ENT "':{'employeeNumber':'1234567'}}", "employeeNumber");
    is_refused(&bed, NULL, "{" USER ",'" ENT "':{'employeeNumber':'x123456'}}", "[0-9]{6}");
    is_refused(&bed, NULL, "{" USER ",'title':'a b'}", "title");
    is_refused(&bed, NULL, "{" USER ",'title':''}", "title");
    is_refused(&bed, NULL, "{" USER ",'emails':[{'value':'a@b'},{'value':'c'}]}", "emails.value");
    /* a pattern that would take for ever is given up */
    is_refused(&bed, NULL, "{" USER ",'nickName':'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'}",
               "nickName");
    bed_fini(&bed);
}

static void test_values_are_compared_as_the_attribute_is(void **state)
{
    (void)state;
    struct bed bed;
    bed_init(&bed, "{'value_rules':{'userType':{'values':['Employee','Contractor']},'externalId':{'values':['A']},"
                   "'emails[type eq \\\"work\\\"].display':{'values':['x']},'roles':{'values':['r']}}}");
    is_taken(&bed, NULL, "{" USER ",'userType':'employee'}");
    is_refused(&bed, NULL, "{" USER ",'userType':'Intern'}", "userType");
    is_taken(&bed, NULL, "{" USER ",'externalId':'A'}");
    is_refused(&bed, NULL, "{" USER ",'externalId':'a'}", "externalId");
    is_taken(&bed, NULL, "{" USER ",'emails':[{'value':'v','type':'home','display':'y'}]}");
    is_refused(&bed, NULL, "{" USER ",'emails':[{'value':'v','type':'work','display':'y'}]}", "emails");
    is_refused(&bed, NULL, "{" USER ",'roles':[{'value':'r'},{'value':'s'}]}", "roles");
    bed_fini(&bed);
}

static void test_values_that_are_there_are_left_alone(void **state)
{
    (void)state;
    struct bed bed;
    json_t *user = plain("{" USER ",'addresses':[{'type':'work','country':'USA'}],'userType':'old'}");
    bed_init(&bed, "{'value_rules':{'addresses.country':{'list':'iso-3166-1'},'userType':{'values':['new']}}}");
    assert_int_equal(patched(&bed, user, "{'op':'replace','path':'title','value':'t'}"), ERR_NONE);
    assert_int_equal(
        patched(&bed, user, "{'op':'replace','path':'addresses[type eq \\\"work\\\"].country','value':'US'}"),
        ERR_NONE);
    assert_int_equal(
        patched(&bed, user, "{'op':'replace','path':'addresses[type eq \\\"work\\\"].country','value':'GER'}"),
        ERR_INVALID_VALUE);
    assert_int_equal(patched(&bed, user, "{'op':'replace','value':{'userType':'other'}}"), ERR_INVALID_VALUE);
    is_taken(&bed, user, "{" USER ",'userType':'old'}");
    json_decref(user);
    bed_fini(&bed);
}

static void test_I_03_unusual_user_names(void **state)
{
    (void)state;
    static const char *const unusual = "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:User'],'userName':'a b'}";
    struct bed bed;
    json_t *user = plain(unusual);
    static const char *const refusers[] = {"{'strict':true}", "{'leniencies':{'unusual_user_names':false}}"};
    for (size_t i = 0; i < COUNT_OF(refusers); i++) {
        bed_init(&bed, refusers[i]);
        is_refused(&bed, NULL, unusual, "userName");
        is_taken(&bed, user, unusual);
        assert_int_equal(patched(&bed, user, "{'op':'replace','path':'active','value':false}"), ERR_NONE);
        assert_int_equal(patched(&bed, user, "{'op':'replace','path':'userName','value':'c d'}"), ERR_INVALID_VALUE);
        bed_fini(&bed);
    }
    json_decref(user);
}

static void test_domains(void **state)
{
    (void)state;
    static const struct {
        const char *body, *foreign;
    } cases[] = {
        {"{" USER "}", NULL},
        {"{" USER ",'emails':[{'value':'a@Example.COM'}]}", NULL},
        {"{" USER ",'emails':[{'value':'a@b\xC3\xBC"
         "cher.example'}]}",
         NULL},
        {"{" USER ",'emails':[{'value':'a@other.com'}]}", "other.com"},
        {"{" USER ",'emails':[{'value':'a@sub.example.com'}]}", "sub.example.com"},
        {"{" USER ",'emails':[{'value':'a@example.com@other.com'}]}", "other.com"},
        {"{" USER ",'emails':[{'value':'a@example.com','primary':true},{'value':'h@gmail.com','type':'home'}]}", NULL},
        {"{" USER ",'emails':[{'value':'h@gmail.com','type':'home'},{'value':'a@example.com','primary':true}]}", NULL},
        {"{" USER ",'emails':[{'value':'a@example.com','primary':true},{'value':'w@x.y','type':'Work'}]}", "x.y"},
        {"{" USER ",'emails':[{'value':'no address'}]}", NULL},
        {"{'schemas':['urn:ietf:params:scim:schemas:core:2.0:User'],'userName':'b@other.com'}", "other.com"},
        {"{'schemas':['urn:ietf:params:scim:schemas:core:2.0:User'],'userName':'b@example.com'}", NULL},
    };
    struct bed off, report, enforce;
    bed_init(&off, "{}");
    bed_init(&report, "{'domains':'report'}");
    bed_init(&enforce, "{'domains':'enforce'}");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (cases[i].foreign)
            is_refused(&enforce, NULL, cases[i].body, cases[i].foreign);
        else
            is_taken(&enforce, NULL, cases[i].body);
        is_taken(&off, NULL, cases[i].body);
        json_t *user = put(&report, &scim_user_type, NULL, cases[i].body);
        assert_int_equal(scim_policy_finds_foreign_domain(&report.rules->policy, &scim_user_type, NULL, user),
                         cases[i].foreign != NULL);
        assert_false(scim_policy_finds_foreign_domain(&report.rules->policy, &scim_user_type, user, user));
        assert_false(scim_policy_finds_foreign_domain(&off.rules->policy, &scim_user_type, NULL, user));
        json_decref(user);
    }
    json_t *before = plain("{" USER ",'emails':[{'value':'a@other.com'}]}");
    assert_int_equal(patched(&enforce, before, "{'op':'replace','path':'active','value':false}"), ERR_NONE);
    assert_int_equal(patched(&enforce, before, "{'op':'add','path':'emails','value':{'type':'work','value':'c@d.e'}}"),
                     ERR_INVALID_VALUE);
    json_decref(before);
    bed_fini(&off);
    bed_fini(&report);
    bed_fini(&enforce);
}

static void test_an_organization_without_domains_is_not_checked(void **state)
{
    (void)state;
    struct bed bed;
    const struct scim_rules_source source = {.policy = SLICE_LITERAL("{\"domains\":\"enforce\"}")};
    arena_init(&bed.arena);
    bed.rules = scim_rules_make(&source, &bed.err);
    is_taken(&bed, NULL, "{" USER ",'emails':[{'value':'a@other.com'}]}");
    bed_fini(&bed);
}

static enum err_kind parse(const struct bed *bed, const char *filter, bool *sensitive_out)
{
    struct arena arena;
    struct err err = ERR_INIT;
    arena_init(&arena);
    const struct scim_policy *policy = bed->rules ? &bed->rules->policy : &scim_policy_default;
    struct scim_filter *parsed = fixture_parse(filter, &scim_user_type, policy, &arena, &err);
    *sensitive_out = parsed && scim_filter_is_sensitive(parsed, policy);
    arena_fini(&arena);
    return err.kind;
}

static void test_R_11_sensitive_attributes(void **state)
{
    (void)state;
    struct bed bed;
    bool sensitive;
    bed_init(&bed, "{}");
    assert_int_equal(parse(&bed, "password eq 'x'", &sensitive), ERR_SENSITIVE);
    assert_int_equal(parse(&bed, "userName eq 'x'", &sensitive), ERR_NONE);
    assert_false(sensitive);
    bed_fini(&bed);

    bed_init(&bed, "{'sensitive_attributes':['emails.value','" ENT ":employeeNumber','addresses']}");
    assert_int_equal(parse(&bed, "password eq 'x'", &sensitive), ERR_INVALID_FILTER);
    static const struct {
        const char *filter;
        bool sensitive;
    } cases[] = {
        {"emails.value eq 'x'", true},
        {"EMAILS eq 'x'", true},
        {"emails pr", true},
        {"emails.type eq 'work'", false},
        {"emails[type eq 'work' and value eq 'x']", true},
        {"emails[type eq 'work']", true}, /* names the attribute as a whole */
        {"not (title pr and emails.value sw 'x')", true},
        {"title pr or employeeNumber eq '5'", true},
        {ENT ":employeeNumber eq '5'", true},
        {"addresses.country eq 'US'", true},
        {"title eq 'x' or name pr", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(parse(&bed, cases[i].filter, &sensitive), ERR_NONE);
        if (sensitive != cases[i].sensitive)
            fail_msg("%s", cases[i].filter);
    }
    bed_fini(&bed);
}

static void test_M_03_what_people_may_change_themselves(void **state)
{
    (void)state;
    static const struct {
        const char *policy, *after, *refused;
    } cases[] = {
        {"{}", "{" USER ",'title':'t','name':{'givenName':'g'},'nickName':'n'}", NULL},
        {"{}", "{" USER ",'title':'t','name':{'givenName':'g'},'phoneNumbers':[{'value':'1'}]}", NULL},
        {"{}", "{" USER ",'title':'u','name':{'givenName':'g'}}", "title"},
        {"{}", "{" USER ",'name':{'givenName':'g'}}", "title"},
        {"{}", "{" USER ",'title':'t','name':{'givenName':'g'},'active':false}", "active"},
        {"{}", "{" USER ",'title':'t','name':{'givenName':'h'}}", "givenName"},
        {"{}", "{" USER ",'title':'t','name':{'givenName':'g'},'" ENT "':{'department':'d'}}", "department"},
        {"{}", "{" USER ",'title':'t','name':{'givenName':'g'},'favourite':'x'}", "favourite"},
        {"{'self_service_attributes':[]}", "{" USER ",'title':'t','name':{'givenName':'g'},'nickName':'n'}",
         "nickName"},
        {"{'self_service_attributes':['name.givenName']}", "{" USER ",'title':'t','name':{'givenName':'h'}}", NULL},
        {"{'self_service_attributes':['name.givenName']}", "{" USER ",'title':'t'}", NULL},
        {"{'self_service_attributes':['name.givenName']}",
         "{" USER ",'title':'t','name':{'givenName':'g','familyName':'f'}}", "familyName"},
        {"{'self_service_attributes':['name','" ENT ":department']}",
         "{" USER ",'title':'t','name':{'familyName':'f'},'" ENT "':{'department':'d'}}", NULL},
    };
    json_t *before = plain("{" USER ",'title':'t','name':{'givenName':'g'}}");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bed bed;
        json_t *after = plain(cases[i].after);
        bed_init(&bed, cases[i].policy);
        bool ok = scim_policy_check_self_service(&bed.rules->policy, &scim_user_type, before, after, &bed.err);
        if (ok != !cases[i].refused)
            fail_msg("%s under %s", cases[i].after, cases[i].policy);
        if (!ok) {
            assert_int_equal(bed.err.kind, ERR_FORBIDDEN);
            assert_non_null(strstr(bed.err.detail, cases[i].refused));
        }
        json_decref(after);
        bed_fini(&bed);
    }
    json_decref(before);
}

static void test_names_without_effect_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *policy, *named;
    } cases[] = {
        {"{'required_attributes':['name.givenNmae']}", "givenNmae"},
        {"{'required_attributes':['employee']}", "employee"},
        {"{'required_attributes':['groups']}", "groups"},
        {"{'required_attributes':['id']}", "id"},
        {"{'required_attributes':['password']}", "password"},
        {"{'required_attributes':['" GROUP ":members']}", "members"},
        {"{'value_rules':{'name':{'values':['x']}}}", "name"},
        {"{'value_rules':{'coutry':{'list':'iso-3166-1'}}}", "coutry"},
        {"{'sensitive_attributes':['salary']}", "salary"},
        {"{'self_service_attributes':['" ENT ":manager.displayName']}", "manager.displayName"},
        {"{'required_attributes':['name.givenName','emails[primary eq true]','" GROUP ":externalId','employeeNumber'],"
         "'value_rules':{'emails':{'pattern':'.*'},'addresses.country':{'list':'iso-3166-1'}},"
         "'sensitive_attributes':['password','meta.created'],'self_service_attributes':['photos'],'strict':true}",
         NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bed bed;
        bed_init(&bed, cases[i].policy);
        bool ok = scim_policy_check_names(&bed.rules->policy, &bed.err);
        if (ok != !cases[i].named || (!ok && !strstr(bed.err.detail, cases[i].named)))
            fail_msg("%s: %s", cases[i].policy, bed.err.detail);
        bed_fini(&bed);
    }
}

static void test_wrong_members_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *policy, *named;
    } cases[] = {
        {"{'domains':true}", "domains"},
        {"{'domains':'on'}", "domains"},
        {"{'if_match_required':'yes'}", "if_match_required"},
        {"{'required_attributes':'userName'}", "required_attributes"},
        {"{'required_attributes':[5]}", "required_attributes"},
        {"{'required_attributes':['']}", "required_attributes"},
        {"{'required_attributes':['a b']}", "a b"},
        {"{'required_attributes':['emails[type eq']}", "emails[type eq"},
        {"{'sensitive_attributes':{}}", "sensitive_attributes"},
        {"{'self_service_attributes':null}", "self_service_attributes"},
        {"{'value_rules':[]}", "value_rules"},
        {"{'value_rules':{'title':'x'}}", "title"},
        {"{'value_rules':{'title':{}}}", "title"},
        {"{'value_rules':{'title':{'list':'iso-9999'}}}", "iso-639-1"},
        {"{'value_rules':{'title':{'list':5}}}", "title"},
        {"{'value_rules':{'title':{'regex':'x'}}}", "title"},
        {"{'value_rules':{'title':{'pattern':'x','list':'bcp-47'}}}", "title"},
        {"{'value_rules':{'title':{'pattern':'('}}}", "title"},
        {"{'value_rules':{'title':{'pattern':''}}}", "title"},
        {"{'value_rules':{'title':{'pattern':5}}}", "title"},
        {"{'value_rules':{'title':{'values':[]}}}", "title"},
        {"{'value_rules':{'title':{'values':['x',5]}}}", "title"},
        {"{'value_rules':{'ti tle':{'values':['x']}}}", "ti tle"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bed bed;
        if (try_init(&bed, cases[i].policy))
            fail_msg("%s was accepted", cases[i].policy);
        if (bed.err.kind != ERR_INVALID_VALUE || !strstr(bed.err.detail, cases[i].named))
            fail_msg("%s: %s", cases[i].policy, bed.err.detail);
        arena_fini(&bed.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_required_attributes_must_be_there),
        cmocka_unit_test(test_P_24_required_attributes_cannot_be_removed),
        cmocka_unit_test(test_who_lacks_what_has_become_required_can_still_be_patched),
        cmocka_unit_test(test_names_with_another_types_urn_are_that_types),
        cmocka_unit_test(test_A_30_values_of_lists),
        cmocka_unit_test(test_L_24_locale_with_underscore),
        cmocka_unit_test(test_patterns_are_for_the_whole_value),
        cmocka_unit_test(test_values_are_compared_as_the_attribute_is),
        cmocka_unit_test(test_values_that_are_there_are_left_alone),
        cmocka_unit_test(test_I_03_unusual_user_names),
        cmocka_unit_test(test_domains),
        cmocka_unit_test(test_an_organization_without_domains_is_not_checked),
        cmocka_unit_test(test_R_11_sensitive_attributes),
        cmocka_unit_test(test_M_03_what_people_may_change_themselves),
        cmocka_unit_test(test_names_without_effect_are_found),
        cmocka_unit_test(test_wrong_members_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
