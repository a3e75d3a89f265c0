/* What schema_generate.awk makes of schemas.tsv and attributes.tsv. */
#ifndef SCIM_SCHEMA_TABLES_H
#define SCIM_SCHEMA_TABLES_H

#include "scim/schema.h"

enum { SCIM_BUILT_IN_SCHEMAS = 6, SCIM_BUILT_IN_TYPES = 2 };

extern const struct scim_schema scim_schema_user, scim_schema_group, scim_schema_enterprise,
    scim_schema_service_provider_config, scim_schema_resource_type, scim_schema_schema;

#endif
