/* Whose addresses a directory may hold. */
#include <unicode/uidna.h>

#include "policy_parts.h"
#include "scim/policy_bind.h"
#include "unicode_text.h"

enum { LONGEST_DOMAIN = 255 };

/* Behind the last "@"; empty: it is no address. */
static struct slice domain_of(const json_t *text)
{
    struct slice address = json_is_string(text) ? json_slice(text) : SLICE_EMPTY;
    const char *at = address.len ? memrchr(address.data, '@', address.len) : NULL;
    return at ? slice_skip(address, (size_t)(at + 1 - address.data)) : SLICE_EMPTY;
}

/* Organizations have their domains in ASCII: what is not is brought into that form (UTS 46). */
static struct slice in_ascii(struct slice domain, char *out)
{
    UErrorCode status = U_ZERO_ERROR;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    if (scim_text_is_ascii(domain))
        return domain;
    UIDNA *idna = uidna_openUTS46(UIDNA_DEFAULT, &status);
    int32_t len = uidna_nameToASCII_UTF8(idna, domain.data, (int32_t)domain.len, out, LONGEST_DOMAIN, &info, &status);
    uidna_close(idna);
    return U_SUCCESS(status) && info.errors == 0 && len <= LONGEST_DOMAIN ? slice_of(out, (size_t)len) : domain;
}

static bool is_own(const struct scim_policy *policy, struct slice domain)
{
    char ascii[LONGEST_DOMAIN + 1];
    struct slice form = in_ascii(domain, ascii);
    for (size_t i = 0; i < policy->organization_domain_count; i++)
        if (slice_equals_ascii_nocase(form, policy->organization_domains[i]))
            return true;
    return false;
}

static bool is_work(const json_t *email)
{
    const json_t *type = json_object_get(email, "type");
    return json_is_string(type) && slice_equals_ascii_nocase(json_slice(type), SLICE_LITERAL("work"));
}

static size_t primary_of(const json_t *emails)
{
    for (size_t i = 0; i < json_array_size(emails); i++)
        if (json_is_true(json_object_get(json_array_get(emails, i), "primary")))
            return i;
    return 0;
}

/* The address at a place of the user: 0 is userName, n the n-th e-mail. NULL: it does not count. */
static const json_t *address_at(const json_t *user, size_t place, size_t primary)
{
    const json_t *email = place ? json_array_get(json_object_get(user, "emails"), place - 1) : NULL;
    if (place == 0)
        return json_object_get(user, "userName");
    return place - 1 == primary || is_work(email) ? json_object_get(email, "value") : NULL;
}

static bool holds(const json_t *user, const json_t *address)
{
    const json_t *emails = json_object_get(user, "emails");
    if (json_equal(json_object_get(user, "userName"), address))
        return true;
    for (size_t i = 0; i < json_array_size(emails); i++)
        if (json_equal(json_object_get(json_array_get(emails, i), "value"), address))
            return true;
    return false;
}

bool policy_foreign_domain(const struct scim_policy *policy, const struct scim_resource_type *type,
                           const json_t *before, const json_t *after, struct slice *domain_out)
{
    if (policy->domains == SCIM_DOMAINS_OFF || policy->organization_domain_count == 0 || type->code != SCIM_TYPE_USER)
        return false;
    const json_t *emails = json_object_get(after, "emails");
    size_t primary = primary_of(emails);
    for (size_t place = 0; place <= json_array_size(emails); place++) {
        const json_t *address = address_at(after, place, primary);
        *domain_out = domain_of(address);
        if (domain_out->len > 0 && !is_own(policy, *domain_out) && !holds(before, address))
            return true;
    }
    return false;
}

bool scim_policy_finds_foreign_domain(const struct scim_policy *policy, const struct scim_resource_type *type,
                                      const json_t *before, const json_t *after)
{
    struct slice domain;
    return policy_foreign_domain(policy, type, before, after, &domain);
}
