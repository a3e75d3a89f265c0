# Tests of the store with the real use cases on top: they link the room ops, too, and pack requests as its tests do.
set(unit ${CMAKE_CURRENT_SOURCE_DIR}/unit)
foreach(test IN ITEMS test_store_worker test_store_worker_faults test_store_worker_groups
             test_store_model)
  if(TARGET ${test})
    target_sources(${test} PRIVATE ${unit}/store/tenant/tenant.c ${unit}/store/tenant/model.c ${unit}/ops/request.c)
    target_include_directories(${test} PRIVATE ${unit}/store/tenant ${unit}/ops)
    target_link_libraries(${test} PRIVATE rollcall_ops)
  endif()
endforeach()
if(TARGET test_store_model)
  target_compile_definitions(test_store_model PRIVATE FAKE_DIRECTORY="${CMAKE_CURRENT_BINARY_DIR}/fake_directory")
  add_dependencies(test_store_model fake_directory)
endif()
