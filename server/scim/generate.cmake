# The schema tables: C made of schemas.tsv and attributes.tsv, added to the sources of rollcall_scim.
set(scim_tables ${PROJECT_BINARY_DIR}/generated/rollcall_scim/schema_tables.c)
set(scim_table_inputs ${CMAKE_CURRENT_LIST_DIR}/schemas.tsv ${CMAKE_CURRENT_LIST_DIR}/attributes.tsv)
set(scim_table_script ${CMAKE_CURRENT_LIST_DIR}/schema_generate.awk)

file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/generated/rollcall_scim)
# By way of a temporary file: a script that fails leaves no half table that looks up to date.
add_custom_command(
  OUTPUT ${scim_tables}
  COMMAND awk -f ${scim_table_script} ${scim_table_inputs} > ${scim_tables}.new
  COMMAND ${CMAKE_COMMAND} -E rename ${scim_tables}.new ${scim_tables}
  DEPENDS ${scim_table_script} ${scim_table_inputs}
  VERBATIM)
target_sources(rollcall_scim PRIVATE ${scim_tables})
