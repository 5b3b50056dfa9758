# SPDX-License-Identifier: MIT
# Warnings, hardening and sanitizers, in one interface target that every part of the program links.

option(TINYHTTPD_WERROR "Warnings are errors" OFF)
option(TINYHTTPD_STATIC "Link everything into one static executable (Linux)" OFF)
option(TINYHTTPD_STATIC_RUNTIME "Link the C++ runtime and liburing statically: most of a dynamic start is their symbols (Linux)" OFF)
set(TINYHTTPD_SANITIZE "" CACHE STRING "Value of -fsanitize= for every part of the program, for example address,undefined")

# A plain `cmake -S . -B build` is what a user runs; packagers set the type, and "None" stays None.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Type of build" FORCE)
endif()

add_library(tinyhttpd_flags INTERFACE)
target_compile_options(tinyhttpd_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast)
target_compile_definitions(tinyhttpd_flags INTERFACE _GLIBCXX_ASSERTIONS)
# feature_test_macros(7): on 32 bits, glibc would otherwise refuse to write a log beyond 2 GiB. Not _TIME_BITS: the C++ library was
# compiled without.
if(CMAKE_SIZEOF_VOID_P EQUAL 4)
  target_compile_definitions(tinyhttpd_flags INTERFACE _FILE_OFFSET_BITS=64)
endif()
if(TINYHTTPD_WERROR)
  target_compile_options(tinyhttpd_flags INTERFACE -Werror)
endif()

# Reproducible: no path of the machine it was built on.
target_compile_options(tinyhttpd_flags INTERFACE -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

# Hardening, as distributions expect it. Position independence is spelled out because -fPIC, CMake's choice for a library,
# forbids inlining that -fPIE allows. macOS does all of this by default.
target_compile_options(tinyhttpd_flags INTERFACE -fstack-protector-strong)
if(CMAKE_SYSTEM_NAME STREQUAL Linux)
  target_compile_options(tinyhttpd_flags INTERFACE -fPIE)
  target_link_options(tinyhttpd_flags INTERFACE -Wl,-z,relro,-z,now)
  if(TINYHTTPD_STATIC OR TINYHTTPD_STATIC_RUNTIME)
    target_link_options(tinyhttpd_flags INTERFACE -Wl,--gc-sections) # else a quarter of the program is what nothing uses
  endif()
  if(TINYHTTPD_STATIC)
    target_link_options(tinyhttpd_flags INTERFACE -static-pie) # not with -static-libgcc, which takes its place
  else()
    if(TINYHTTPD_STATIC_RUNTIME)
      target_link_options(tinyhttpd_flags INTERFACE -static-libstdc++ -static-libgcc)
    endif()
    target_link_options(tinyhttpd_flags INTERFACE -fPIE -pie) # gcc(1), -pie: with what the objects were compiled with
  endif()
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|i.86" AND NOT APPLE)
  target_compile_options(tinyhttpd_flags INTERFACE -fcf-protection)
endif()

if(TINYHTTPD_SANITIZE)
  # Not vptr: the check opens a pipe when it first meets a type, and without a descriptor takes any object for a wrong one; tests here run
  # out of descriptors on purpose.
  target_compile_options(tinyhttpd_flags INTERFACE
    -fsanitize=${TINYHTTPD_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(tinyhttpd_flags INTERFACE -fsanitize=${TINYHTTPD_SANITIZE})
else()
  # It needs optimisation (features.h warns without) and hides from a sanitizer what it checks itself.
  target_compile_options(tinyhttpd_flags INTERFACE
    "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:SHELL:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>")
endif()
