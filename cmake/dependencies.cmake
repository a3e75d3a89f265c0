# Third-party libraries, as imported targets whose headers are SYSTEM.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-uc icu-i18n)
pkg_check_modules(MARIADB REQUIRED IMPORTED_TARGET libmariadb)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl)
pkg_check_modules(JWT REQUIRED IMPORTED_TARGET libjwt)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(H2O REQUIRED IMPORTED_TARGET libh2o-evloop)
find_library(CSV_LIBRARY csv REQUIRED)
find_path(CSV_INCLUDE csv.h REQUIRED)
# The headers of h2o are shared between its libuv and its evloop build; the default is libuv.
target_compile_definitions(PkgConfig::H2O INTERFACE H2O_USE_LIBUV=0)

# glibc keeps seven freed blocks of a size per thread; a parsed user is some two hundred. Sanitizers bring their own.
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
set(ROLLCALL_ALLOCATOR "")
if(NOT ROLLCALL_SANITIZE)
  set(ROLLCALL_ALLOCATOR PkgConfig::JEMALLOC)
endif()

pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
