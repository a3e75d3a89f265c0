# The fake view as a program, which tests of the store compare MariaDB with.
set(unit ${CMAKE_CURRENT_SOURCE_DIR}/unit)
add_executable(fake_directory
  ${unit}/ops/fake_directory/main.c ${unit}/ops/fake_view.c ${unit}/ops/fake_stage.c ${unit}/ops/fake_dump.c
  ${unit}/ops/request.c)
target_include_directories(fake_directory PRIVATE ${unit}/ops)
target_link_libraries(fake_directory PRIVATE rollcall_ops)
