# Compiler settings that hold for every target of the project.

set(ROLLCALL_SANITIZE "" CACHE STRING "empty, address (with undefined) or thread")
set_property(CACHE ROLLCALL_SANITIZE PROPERTY STRINGS "" address thread)
option(ROLLCALL_WERROR "Treat warnings as errors" OFF)
option(ROLLCALL_HARDEN "Hardened code and links; needs an optimised build" OFF)
option(ROLLCALL_COVERAGE "Instrument for gcov" OFF)
option(ROLLCALL_FUZZ "Build tests/fuzz with libFuzzer; needs clang" OFF)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Debug)
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

add_compile_definitions(_GNU_SOURCE)
add_compile_options(
  -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
  -Wcast-qual -Wwrite-strings -Wvla -Wimplicit-fallthrough -Wswitch-enum)
if(ROLLCALL_WERROR)
  add_compile_options(-Werror)
endif()

if(ROLLCALL_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(ROLLCALL_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(NOT ROLLCALL_SANITIZE STREQUAL "")
  message(FATAL_ERROR "ROLLCALL_SANITIZE is '${ROLLCALL_SANITIZE}'; it can be empty, address or thread")
endif()

if(ROLLCALL_COVERAGE)
  add_compile_options(--coverage -fprofile-update=atomic)
  add_link_options(--coverage)
endif()

if(ROLLCALL_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "ROLLCALL_FUZZ needs clang: -DCMAKE_C_COMPILER=clang")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(ROLLCALL_HARDEN)
  include(CheckCCompilerFlag)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  foreach(flag IN ITEMS -fstack-protector-strong -fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero)
    string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
    check_c_compiler_flag(${flag} ${have})
    if(${have})
      add_compile_options(${flag})
    endif()
  endforeach()
  add_link_options(LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)
endif()

# Not CMAKE_POSITION_INDEPENDENT_CODE: that is -fPIC for static libraries, which costs inlining between functions.
add_compile_options(-fPIE)
add_link_options(-pie)
