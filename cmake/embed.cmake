# Text files that become part of the executables. The target `generated` makes them all, and no more.
add_custom_target(generated)

# rollcall_embed_sql(<target> <dir>)
#
# The named statements of <dir>/*.sql. For rollcall_store the target's sources can include "store_sql.h", which has, for
# each statement `-- name: store_resource_load`, `extern const char sql_store_resource_load[];` and the constant
# SQL_STORE_RESOURCE_LOAD, an index into store_sql_text[] and store_sql_name[].
function(rollcall_embed_sql target dir)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL INTERFACE_LIBRARY)
    return()
  endif()
  string(REGEX REPLACE "^rollcall_" "" prefix ${target})
  set(out ${PROJECT_BINARY_DIR}/generated/${target})
  file(MAKE_DIRECTORY ${out})
  file(GLOB statements CONFIGURE_DEPENDS ${dir}/*.sql)
  _rollcall_embed(${prefix}_sql embed_sql.awk ${out} "${statements}" -v prefix=${prefix}_sql)
  target_sources(${target} PRIVATE ${out}/${prefix}_sql.c ${out}/${prefix}_sql.h)
  target_include_directories(${target} PRIVATE ${out})
endfunction()

# rollcall_embed_migrations(<dir>): the library rollcall_migrations with migrations_embedded.h.
function(rollcall_embed_migrations dir)
  set(out ${PROJECT_BINARY_DIR}/generated/rollcall_migrations)
  file(MAKE_DIRECTORY ${out})
  file(GLOB migrations CONFIGURE_DEPENDS ${dir}/*.sql)
  _rollcall_embed(migrations_embedded embed_migrations.awk ${out} "${migrations}")
  add_library(rollcall_migrations STATIC ${out}/migrations_embedded.c ${out}/migrations_embedded.h)
  target_include_directories(rollcall_migrations PUBLIC ${out})
endfunction()

# rollcall_embed_file(<target> <symbol> <file>): a text file as `extern const char <symbol>[]` in <symbol>.h.
function(rollcall_embed_file target symbol file)
  set(out ${PROJECT_BINARY_DIR}/generated/${target})
  file(MAKE_DIRECTORY ${out})
  _rollcall_embed(${symbol} embed_file.awk ${out} ${file} -v symbol=${symbol})
  target_sources(${target} PRIVATE ${out}/${symbol}.c ${out}/${symbol}.h)
  target_include_directories(${target} PRIVATE ${out})
endfunction()

function(_rollcall_embed name script out inputs)
  # awk would read standard input if it were given no file at all.
  set(files ${inputs})
  if(NOT files)
    set(files /dev/null)
  endif()
  set(tools ${PROJECT_SOURCE_DIR}/cmake)
  add_custom_command(
    OUTPUT ${out}/${name}.c ${out}/${name}.h
    COMMAND awk -v header=${out}/${name}.h -v source=${out}/${name}.c ${ARGN} -f ${tools}/embed_text.awk
            -f ${tools}/${script} ${files}
    DEPENDS ${inputs} ${tools}/embed_text.awk ${tools}/${script}
    VERBATIM)
  add_custom_target(generate_${name} DEPENDS ${out}/${name}.c ${out}/${name}.h)
  add_dependencies(generated generate_${name})
endfunction()
