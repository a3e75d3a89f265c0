#include "profile.h"

#include "scim/schema.h"
#include "skim.h"

static bool is(struct slice name, const char *text) { return slice_equals(name, slice_str(text)); }

/* Of the attributes that a profile does not name. */
static bool is_core(struct slice name)
{
    return scim_schema_attribute(&scim_common, name) || scim_schema_attribute(scim_user_type.schema, name);
}

static bool is_enterprise(struct slice name) { return is(name, SCIM_URN_ENTERPRISE); }

static bool is_of_enterprise(struct slice name)
{
    return scim_schema_attribute(scim_user_type.extensions[0], name) != NULL;
}

static struct slice member_of(struct slice object, const char *wanted)
{
    struct slice name, value;
    while (skim_member(&object, &name, &value))
        if (is(name, wanted))
            return value;
    return SLICE_EMPTY;
}

static struct slice primary_of(struct slice emails)
{
    struct slice first = SLICE_EMPTY, element;
    while (skim_element(&emails, &element)) {
        struct slice value = SLICE_EMPTY, name, member;
        bool primary = false;
        while (skim_member(&element, &name, &member)) {
            if (is(name, "value"))
                value = member;
            else if (is(name, "primary"))
                primary = is(member, "true");
        }
        if (primary && value.len)
            return value;
        if (!first.len)
            first = value;
    }
    return first;
}

static struct slice *slot_of_enterprise(struct profile *profile, struct slice name)
{
    const struct {
        const char *name;
        struct slice *slot;
    } slots[] = {
        {"employeeNumber", &profile->employee_number},
        {"department", &profile->department},
        {"costCenter", &profile->cost_center},
        {"organization", &profile->organization},
        {"division", &profile->division},
    };
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        if (is(name, slots[i].name))
            return slots[i].slot;
    return NULL;
}

static void read_enterprise(struct slice text, struct profile *profile)
{
    struct slice name, value;
    while (skim_member(&text, &name, &value)) {
        struct slice *slot = slot_of_enterprise(profile, name);
        if (slot)
            *slot = value;
        else if (is(name, "manager"))
            profile->manager = member_of(value, "value");
        else
            profile->has_custom |= !is_of_enterprise(name);
    }
}

static struct slice *slot_of_user(struct profile *profile, struct slice name)
{
    const struct {
        const char *name;
        struct slice *slot;
    } slots[] = {
        {"externalId", &profile->external_id},
        {"userName", &profile->user_name},
        {"name", &profile->name},
        {"title", &profile->title},
        {"active", &profile->active},
        {"emails", &profile->emails},
    };
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        if (is(name, slots[i].name))
            return slots[i].slot;
    return NULL;
}

struct profile profile_of_user(struct slice document)
{
    struct profile profile = {.has_custom = false};
    struct slice name, value;
    while (skim_member(&document, &name, &value)) {
        struct slice *slot = slot_of_user(&profile, name);
        if (slot)
            *slot = value;
        else if (is_enterprise(name))
            read_enterprise(value, &profile);
        else
            profile.has_custom |= !is_core(name);
    }
    profile.email = primary_of(profile.emails);
    return profile;
}

struct profile profile_of_group(struct slice document)
{
    return (struct profile){.external_id = member_of(document, "externalId")};
}

static void add_member(struct slice name, struct slice value, bool *first, struct buf *out)
{
    if (!*first)
        buf_add_char(out, ',');
    *first = false;
    buf_add_char(out, '"');
    buf_add(out, name);
    buf_add(out, SLICE_LITERAL("\":"));
    buf_add(out, value);
}

static void add_of_enterprise(struct slice text, bool *first, struct buf *out)
{
    struct slice name, value;
    bool none = true;
    while (skim_member(&text, &name, &value)) {
        if (is_of_enterprise(name))
            continue;
        if (none)
            add_member(SLICE_LITERAL(SCIM_URN_ENTERPRISE), SLICE_LITERAL("{"), first, out);
        add_member(name, value, &none, out);
    }
    if (!none)
        buf_add_char(out, '}');
}

void profile_add_custom(struct slice document, struct buf *out)
{
    struct slice name, value;
    bool first = true;
    while (skim_member(&document, &name, &value)) {
        if (is_enterprise(name))
            add_of_enterprise(value, &first, out);
        else if (!is_core(name))
            add_member(name, value, &first, out);
    }
}
