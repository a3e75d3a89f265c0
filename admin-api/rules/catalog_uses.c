/* Whether stored documents hold what a new catalog takes away. Looked at without a lock: it keeps a vendor from a
 * mistake, and a document that is written meanwhile keeps its text as all do. */
#include "base/json.h"
#include "catalogs.h"
#include "problem.h"
#include "scim/document.h"
#include "store/query.h"

enum { PAGE = 1000, MOST_COUNTED = 10000 };

struct loss {
    struct scim_narrowing narrowing;
    struct slice needle; /* "name" in quotes and with its colon; empty: no document lacks it */
    uint64_t uses;
};

struct losses {
    struct call *call;
    struct loss list[FIELD_ERRORS_MAX];
    size_t count;
    const struct scim_resource_type *type; /* whose documents are looked at */
    struct resource_id last;
    size_t read;
};

static void add(const struct scim_narrowing *narrowing, void *context)
{
    struct losses *losses = context;
    const char *name = scim_narrowing_name(narrowing);
    if (losses->count == FIELD_ERRORS_MAX)
        return;
    struct loss *loss = &losses->list[losses->count++];
    *loss = (struct loss){.narrowing = *narrowing};
    if (name)
        loss->needle = slice_str(arena_printf(call_arena(losses->call), "\"%s\":", name));
}

static bool may_meet(const struct losses *losses, const struct loss *loss, struct slice text)
{
    return loss->narrowing.type == losses->type && loss->uses < MOST_COUNTED &&
           (loss->needle.len == 0 || memmem(text.data, text.len, loss->needle.data, loss->needle.len));
}

/* A document is parsed only where the name stands in its text. */
static bool look_at(const struct view_resource *row, void *context)
{
    struct losses *losses = context;
    json_t *document = NULL;
    losses->last = row->id;
    losses->read++;
    for (size_t i = 0; i < losses->count; i++) {
        struct loss *loss = &losses->list[i];
        if (!may_meet(losses, loss, row->stored.text))
            continue;
        if (!document)
            document = scim_document_load(row->stored);
        loss->uses += scim_narrowing_meets(&loss->narrowing, document);
    }
    json_decref(document);
    return true;
}

static bool is_settled(const struct losses *losses)
{
    for (size_t i = 0; i < losses->count; i++)
        if (losses->list[i].narrowing.type == losses->type && losses->list[i].uses < MOST_COUNTED)
            return false;
    return true;
}

static bool count_of_type(struct losses *losses, struct directory_id directory, struct err *err)
{
    losses->last = (struct resource_id){{{0}}};
    losses->read = PAGE;
    while (losses->read == PAGE && !is_settled(losses)) {
        losses->read = 0;
        if (!store_scan(losses->call->db, directory, losses->type->code, losses->last, PAGE, look_at, losses, err))
            return false;
    }
    return true;
}

static const char *path_of(struct arena *arena, const struct scim_narrowing *narrowing)
{
    if (!narrowing->schema)
        return arena_printf(arena, "resource type %s", narrowing->type->name);
    if (!narrowing->attribute)
        return arena_printf(arena, "schema %s", narrowing->schema->urn);
    return arena_printf(arena, "%s:%s%s%s", narrowing->schema->urn, narrowing->attribute->name,
                        narrowing->sub ? "." : "", narrowing->sub ? narrowing->sub->name : "");
}

static void report(struct losses *losses, const struct loss *loss, const char *pointer)
{
    struct arena *arena = call_arena(losses->call);
    struct field_errors *errors = &call_state(losses->call->op)->errors;
    const char *detail = arena_printf(
        arena, "%s %s, and %s%llu resource%s of type %s %s it", path_of(arena, &loss->narrowing), loss->narrowing.what,
        loss->uses >= MOST_COUNTED ? "at least " : "", (unsigned long long)loss->uses, loss->uses == 1 ? "" : "s",
        loss->narrowing.type->name, loss->uses == 1 ? "uses" : "use");
    errors->list[errors->count++] = (struct field_error){pointer, detail};
}

bool catalog_check_uses(struct call *call, struct directory_id directory, const struct scim_rules *before,
                        const struct scim_rules *after, const char *pointer, struct err *err)
{
    struct losses losses = {.call = call};
    scim_rules_narrow(before, after, add, &losses);
    for (size_t i = 0; i < before->type_count; i++) {
        losses.type = before->types[i];
        if (!count_of_type(&losses, directory, err))
            return false;
    }
    call_state(call->op)->errors.count = 0;
    for (size_t i = 0; i < losses.count; i++)
        if (losses.list[i].uses > 0)
            report(&losses, &losses.list[i], pointer);
    return call_state(call->op)->errors.count == 0 ||
           err_set(err, ERR_CONFLICT,
                   "Stored resources use what this would take away: see errors. With ?force=true it is taken away all "
                   "the same; the resources keep what they have as undeclared attributes.");
}
