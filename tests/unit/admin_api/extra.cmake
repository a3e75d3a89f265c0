# Tests of the admin API on a real database: with the private MariaDB of the store's tests.
set(unit ${CMAKE_CURRENT_SOURCE_DIR}/unit)
foreach(test IN ITEMS
    test_admin_api_feed_read
    test_admin_api_job_runner
    test_admin_api_number
    test_admin_api_progress
    test_admin_api_sequencer)
  if(TARGET ${test})
    target_sources(${test} PRIVATE ${unit}/store/database.c)
    target_include_directories(${test} PRIVATE ${unit}/store)
  endif()
endforeach()

# Threads hand work to each other there: ThreadSanitizer watches these, too (tests/run).
foreach(test IN ITEMS test_admin_api_job_runner test_admin_api_sequencer)
  if(TEST ${test})
    set_property(TEST ${test} APPEND PROPERTY LABELS handover)
  endif()
endforeach()
