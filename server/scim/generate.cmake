# The schema tables: C made of schemas.tsv and attributes.tsv. Included from server/CMakeLists.txt, which adds
# ROLLCALL_SCIM_GENERATED to the sources of rollcall_scim.
set(scim_source_dir ${CMAKE_CURRENT_LIST_DIR})
set(scim_tables ${CMAKE_CURRENT_BINARY_DIR}/scim/schema_tables.c)
set(scim_table_inputs ${scim_source_dir}/schemas.tsv ${scim_source_dir}/attributes.tsv)

find_program(AWK awk REQUIRED)
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/scim)
add_custom_command(
  OUTPUT ${scim_tables}
  COMMAND ${AWK} -f ${scim_source_dir}/schema_generate.awk ${scim_table_inputs} > ${scim_tables}.new
  COMMAND ${CMAKE_COMMAND} -E rename ${scim_tables}.new ${scim_tables}
  DEPENDS ${scim_source_dir}/schema_generate.awk ${scim_table_inputs}
  VERBATIM)
set_source_files_properties(${scim_tables} PROPERTIES INCLUDE_DIRECTORIES ${scim_source_dir})

set(ROLLCALL_SCIM_GENERATED ${scim_tables})
if(TARGET rollcall_scim)
  target_sources(rollcall_scim PRIVATE ${ROLLCALL_SCIM_GENERATED})
endif()
