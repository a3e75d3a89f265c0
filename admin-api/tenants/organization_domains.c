/* E-mail domains of an organization: as the vendor wrote them, and the table that finds organizations by them. */
#include "admin_api_sql.h"
#include "base/json.h"
#include "organizations.h"

enum { MAX_DOMAINS_TEXT = 32768 };

struct slice domain_lower(struct arena *arena, struct slice text)
{
    if (!text.data)
        return text;
    char *lower = arena_copy(arena, text);
    for (size_t i = 0; i < text.len; i++)
        if (lower[i] >= 'A' && lower[i] <= 'Z')
            lower[i] = (char)(lower[i] + ('a' - 'A'));
    return slice_of(lower, text.len);
}

/* Domains compare without case: they are kept in lower case. */
struct slice organization_domains(struct call *call, struct slice otherwise)
{
    json_t *domains = call_member(call, "domains");
    if (!domains)
        return otherwise;
    struct buf text;
    buf_init(&text, MAX_DOMAINS_TEXT);
    json_render(domains, &text);
    struct slice lower = domain_lower(call_arena(call), buf_slice(&text));
    buf_fini(&text);
    return lower;
}

static bool add_domains(struct call *call, const struct organization *organization, const json_t *domains,
                        struct err *err)
{
    size_t count = json_array_size(domains);
    struct db_value *rows = arena_array(call_arena(call), struct db_value, 3 * count);
    for (size_t i = 0; i < count; i++) {
        rows[3 * i] = db_id(&organization->environment.id);
        rows[3 * i + 1] = db_bytes(json_slice(json_array_get(domains, i)));
        rows[3 * i + 2] = db_id(&organization->id.id);
    }
    return count == 0 || db_execute_bulk(call->db, sql_organization_add_domain, rows, 3, count, NULL, err);
}

bool organization_index_domains(struct call *call, const struct organization *organization, struct err *err)
{
    json_scoped *domains = json_loadb(organization->domains.data, organization->domains.len, 0, NULL);
    struct db_value parameters[] = {db_id(&organization->id.id)};
    return db_execute(call->db, sql_organization_forget_domains, parameters, 1, NULL, err) &&
           add_domains(call, organization, domains, err);
}
