# SPDX-License-Identifier: MIT
# The compiler of scripts/cross as a CMake toolchain: `zig c++` for TINYHTTPD_TARGET (PROCESSOR-SYSTEM[-ABI], in zig's words).
# zig brings clang, libc++ and the C libraries of its targets, so that no other system is needed to compile for it.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TINYHTTPD_TARGET TINYHTTPD_CROSS)
string(REPLACE "-" ";" triple ${TINYHTTPD_TARGET})
list(GET triple 0 CMAKE_SYSTEM_PROCESSOR)
list(GET triple 1 system)
string(REGEX REPLACE "[.].*" "" system ${system}) # freebsd.14.0
foreach(name macos:Darwin freebsd:FreeBSD netbsd:NetBSD openbsd:OpenBSD linux:Linux)
  if(name MATCHES "^${system}:(.*)")
    set(CMAKE_SYSTEM_NAME ${CMAKE_MATCH_1})
  endif()
endforeach()

set(CMAKE_CXX_COMPILER ${TINYHTTPD_CROSS}/zig c++ -target ${TINYHTTPD_TARGET})
foreach(tool ar ranlib)
  string(TOUPPER ${tool} variable)
  set(CMAKE_${variable} ${TINYHTTPD_CROSS}/${tool} CACHE FILEPATH "" FORCE)
endforeach()

# Nothing of this machine is for the target but headers, which cmake/cross/packages.cmake names.
set(CMAKE_FIND_ROOT_PATH ${TINYHTTPD_CROSS})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
foreach(what LIBRARY INCLUDE PACKAGE)
  set(CMAKE_FIND_ROOT_PATH_MODE_${what} ONLY)
endforeach()
# macOS: it would look for an SDK.
set(CMAKE_OSX_SYSROOT "" CACHE STRING "")
