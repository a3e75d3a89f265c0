/* POST /v1/organizations: the organization, its primary directory and its first token, all or nothing. */
#include "access.h"
#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "directories.h"
#include "organizations.h"
#include "reply.h"
#include "tell.h"
#include "tokens.h"

static bool insert(struct call *call, const struct organization *organization, struct err *err)
{
    struct db_value parameters[] = {
        db_id(&organization->id.id),
        db_id(&organization->environment.id),
        db_bytes_or_null(organization->external_id),
        db_bytes(organization->display_name),
        db_bytes(organization->domains),
        db_integer(organization->created_ms),
        db_integer(organization->updated_ms),
    };
    return db_execute(call->db, sql_organization_insert, parameters, 7, NULL, err) ||
           organization_refuse_twin(call, err);
}

static bool insert_primary(struct call *call, const struct organization *organization, struct err *err)
{
    struct db_value parameters[] = {db_id(&organization->id.id), db_id(&organization->primary.id)};
    return db_execute(call->db, sql_primary_insert, parameters, 2, NULL, err);
}

static struct organization organization_of_body(struct call *call, const struct environment_id *environment)
{
    return (struct organization){
        .id = {call->op->fresh_id.id},
        .environment = *environment,
        .primary = {id_new()},
        .external_id = call_text(call, "external_id", SLICE_EMPTY),
        .display_name = call_text(call, "display_name", SLICE_EMPTY),
        .domains = organization_domains(call, SLICE_LITERAL("[]")),
        .created_ms = call->op->now_ms,
        .updated_ms = call->op->now_ms,
    };
}

static void note_audit(struct call *call, const struct organization *organization, const struct token_id *token)
{
    call->audit.environment = organization->environment;
    call->audit.organization = organization->id;
    call->audit.directory = organization->primary;
    call->audit.detail = json_pack("{s:o}", "token", show_id(ID_PREFIX_TOKEN, &token->id));
    audit_after(call, organization_show(call, organization));
}

static bool answer(struct call *call, const struct organization *organization, const struct token_id *token,
                   const char *token_text, struct err *err)
{
    struct directory directory;
    if (!directory_load(call, &organization->primary, DIRECTORY_SHARED, &directory, err))
        return false;
    char id[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_ORGANIZATION, &organization->id.id, id);
    return reply_created(call->op, "/v1/organizations", id,
                         json_pack("{s:o, s:o, s:s, s:s, s:o}", "organization", organization_show(call, organization),
                                   "directory", directory_show(&directory), "connector_url",
                                   organization_connector_url(call, &organization->id), "token", token_text, "token_id",
                                   show_id(ID_PREFIX_TOKEN, &token->id)));
}

static bool tell(struct call *call, const struct organization *organization, const struct token_new *token,
                 struct err *err)
{
    struct directory directory;
    return directory_load(call, &organization->primary, DIRECTORY_SHARED, &directory, err) &&
           admin_tell(call, "organization.created",
                      json_pack("{s:o, s:o}", "display_name", json_from_slice(organization->display_name),
                                "external_id", show_text_or_null(organization->external_id)),
                      err) &&
           directory_tell_created(call, &directory, err) && token_tell(call, "token.created", token, err);
}

static bool create(struct call *call, struct err *err)
{
    struct environment_id environment;
    if (!access_environment(call, &environment, err))
        return false;
    struct organization organization = organization_of_body(call, &environment);
    struct directory_new directory = {.id = organization.primary,
                                      .organization = organization.id,
                                      .name = call_text(call, "directory_name", SLICE_LITERAL("Primary"))};
    struct token_new token = {.directory = organization.primary,
                              .id = {id_new()},
                              .label = SLICE_LITERAL("first token"),
                              .scopes = SCOPE_DIRECTORY_ALL};
    struct auth_fresh fresh;
    note_audit(call, &organization, &token.id);
    return insert(call, &organization, err) && organization_index_domains(call, &organization, err) &&
           directory_insert(call, &directory, err) && insert_primary(call, &organization, err) &&
           token_insert(call, &token, &fresh, err) && tell(call, &organization, &token, err) &&
           answer(call, &organization, &token.id, fresh.text, err);
}

static const struct admin_field fields[] = {
    {"display_name", field_display_name, FIELD_REQUIRED},
    {"external_id", field_external_id, FIELD_NULLABLE},
    {"domains", field_domains, 0},
    {"environment_id", field_environment_id, 0},
    {"directory_name", field_display_name, 0},
    {"idp", field_idp, 0},
    {"policy", field_policy, 0},
};

const struct admin_operation organization_create = {
    .operation = ADMIN_OPERATION("organization.create", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_ENVIRONMENT),
    ADMIN_FIELDS(fields),
    .tag = {.resource = "organization"},
    .handle = create,
};
