#include "requests.h"

#include <inttypes.h>
#include <stdio.h>

#include "scim/message.h"
#include "users.h"

struct request_kind {
    const char *name;
    void (*make)(struct plan *plan, uint64_t n, struct request *request);
    const char *group; /* its name, for those that change members */
};

static uint64_t next_random(struct plan *plan)
{
    plan->seed ^= plan->seed << 13;
    plan->seed ^= plan->seed >> 7;
    return plan->seed ^= plan->seed << 17;
}

/* Walks through all users in an order that looks random, so that none comes twice within a pass. */
static size_t scattered(const struct plan *plan, uint64_t n)
{
    return (size_t)(n % plan->users.count * 7919u % plan->users.count);
}

static void make_hello(struct plan *plan, uint64_t n, struct request *request)
{
    (void)plan, (void)n;
    request->method = "GET";
    snprintf(request->path, sizeof(request->path), "/");
}

static void make_get(struct plan *plan, uint64_t n, struct request *request)
{
    (void)n;
    request->method = "GET";
    snprintf(request->path, sizeof(request->path), "%s/Users/%s", plan->base,
             plan->users.first[next_random(plan) % plan->users.count]);
}

static void make_get_mixed(struct plan *plan, uint64_t n, struct request *request)
{
    (void)n;
    size_t at = next_random(plan) % plan->others.count;
    uint64_t tenant = sample_number("others.txt", plan->others.first[at]);
    if (tenant >= plan->tenants.count)
        sample_fail("others.txt names a tenant that tenants.txt lacks");
    request->method = "GET";
    request->authorization = request->other_authorization;
    snprintf(request->other_authorization, sizeof(request->other_authorization), "Bearer %s",
             plan->tenants.second[tenant]);
    snprintf(request->path, sizeof(request->path), "/orgs/%s/scim/v2/Users/%s", plan->tenants.first[tenant],
             plan->others.second[at]);
}

static void make_user_name_eq(struct plan *plan, uint64_t n, struct request *request)
{
    (void)n;
    request->method = "GET";
    snprintf(request->path, sizeof(request->path), "%s/Users?filter=userName%%20eq%%20%%22%s%%22", plan->base,
             plan->users.second[next_random(plan) % plan->users.count]);
}

static void make_email_eq(struct plan *plan, uint64_t n, struct request *request)
{
    (void)n;
    request->method = "GET";
    snprintf(request->path, sizeof(request->path), "%s/Users?filter=emails.value%%20eq%%20%%22%s%%22", plan->base,
             plan->users.second[next_random(plan) % plan->users.count]);
}

static void make_list(struct plan *plan, uint64_t n, struct request *request)
{
    (void)n;
    request->method = "GET";
    snprintf(request->path, sizeof(request->path), "%s/Users?startIndex=%" PRIu64 "&count=100", plan->base,
             next_random(plan) % (plan->users.count - 100) + 1);
}

static void make_post(struct plan *plan, uint64_t n, struct request *request)
{
    request->method = "POST";
    snprintf(request->path, sizeof(request->path), "%s/Users", plan->base);
    users_body(&request->body, "new", n, n % 10 == 5 ? plan->users.first[n % plan->users.count] : NULL);
}

/* To the small organizations in turn. */
static void make_post_mixed(struct plan *plan, uint64_t n, struct request *request)
{
    size_t tenant = 1 + n % (plan->tenants.count - 1);
    request->method = "POST";
    request->authorization = request->other_authorization;
    snprintf(request->other_authorization, sizeof(request->other_authorization), "Bearer %s",
             plan->tenants.second[tenant]);
    snprintf(request->path, sizeof(request->path), "/orgs/%s/scim/v2/Users", plan->tenants.first[tenant]);
    users_body(&request->body, "new", n, NULL);
}

static void begin_patch(struct plan *plan, const char *endpoint, const char *id, struct request *request)
{
    request->method = "PATCH";
    snprintf(request->path, sizeof(request->path), "%s/%s/%s", plan->base, endpoint, id);
    buf_add_str(&request->body, "{\"schemas\":[\"" SCIM_URN_PATCH_OP "\"],\"Operations\":[{");
}

/* All users are active at first: the first pass switches each off, the second on again. */
static void make_patch_active(struct plan *plan, uint64_t n, struct request *request)
{
    begin_patch(plan, "Users", plan->users.first[scattered(plan, n)], request);
    bool active = n / plan->users.count % 2 == 1;
    buf_printf(&request->body, "\"op\":\"replace\",\"path\":\"active\",\"value\":%s}]}", active ? "true" : "false");
}

/* A change of an attribute that nothing else follows from. */
static void make_patch_title(struct plan *plan, uint64_t n, struct request *request)
{
    begin_patch(plan, "Users", plan->users.first[scattered(plan, n)], request);
    buf_printf(&request->body, "\"op\":\"replace\",\"path\":\"title\",\"value\":\"Title %" PRIu64 "\"}]}", n);
}

/* Those behind the first half, who are members of neither group. */
static const char *newcomer(const struct plan *plan, uint64_t n)
{
    size_t half = plan->users.count / 2;
    return plan->users.first[half + n % half];
}

static void make_add_member(struct plan *plan, uint64_t n, struct request *request)
{
    begin_patch(plan, "Groups", plan->group, request);
    buf_printf(&request->body, "\"op\":\"add\",\"path\":\"members\",\"value\":[{\"value\":\"%s\"}]}]}",
               newcomer(plan, n));
}

void plan_make_undo(struct plan *plan, uint64_t first, uint64_t count, struct request *request)
{
    buf_clear(&request->body);
    request->authorization = plan->authorization;
    begin_patch(plan, "Groups", plan->group, request);
    buf_add_str(&request->body, "\"op\":\"remove\",\"path\":\"members\",\"value\":[");
    for (uint64_t i = 0; i < count; i++)
        buf_printf(&request->body, "%s{\"value\":\"%s\"}", i ? "," : "", newcomer(plan, first + i));
    buf_add_str(&request->body, "]}]}");
}

static const struct request_kind kinds[] = {
    {"hello", make_hello, NULL},
    {"get_by_id", make_get, NULL},
    {"get_by_id_mixed", make_get_mixed, NULL},
    {"user_name_eq", make_user_name_eq, NULL},
    {"email_eq", make_email_eq, NULL},
    {"list_100", make_list, NULL},
    {"post_user", make_post, NULL},
    {"post_user_mixed", make_post_mixed, NULL},
    {"patch_active", make_patch_active, NULL},
    {"patch_title", make_patch_title, NULL},
    {"add_member_small", make_add_member, "small"},
    {"add_member_large", make_add_member, "large"},
};

static const struct request_kind *kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    sample_fail("there is no request %s", name);
}

static void find_group(struct plan *plan, const char *data)
{
    struct pairs groups;
    sample_pairs(data, "groups.txt", &groups);
    for (size_t i = 0; i < groups.count; i++)
        if (strcmp(groups.first[i], plan->kind->group) == 0)
            snprintf(plan->group, sizeof(plan->group), "%s", groups.second[i]);
    if (!plan->group[0])
        sample_fail("groups.txt has no group %s", plan->kind->group);
}

void plan_init(struct plan *plan, const char *name, const char *authority, const char *data, uint64_t seed)
{
    *plan = (struct plan){.kind = kind_named(name), .authority = authority, .seed = seed * 0x9E3779B97F4A7C15u | 1};
    if (plan->kind->make == make_hello)
        return;
    sample_pairs(data, "tenants.txt", &plan->tenants);
    sample_pairs(data, "users.txt", &plan->users);
    snprintf(plan->base, sizeof(plan->base), "/orgs/%.90s/scim/v2", plan->tenants.first[0]);
    snprintf(plan->authorization, sizeof(plan->authorization), "Bearer %s", plan->tenants.second[0]);
    if (plan->kind->make == make_get_mixed)
        sample_pairs(data, "others.txt", &plan->others);
    if (plan->kind->group)
        find_group(plan, data);
}

bool plan_needs_undo(const struct plan *plan) { return plan->kind->group != NULL; }

void plan_make(struct plan *plan, uint64_t n, struct request *request)
{
    buf_clear(&request->body);
    request->authorization = plan->authorization;
    plan->kind->make(plan, n, request);
}
