# Random resources and filters: shared with the store's tests.
if(TARGET test_scim_sieve)
  target_sources(test_scim_sieve PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/unit/scim/wild/wild.c)
  target_include_directories(test_scim_sieve PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/unit/scim/wild)
endif()
