# SPDX-License-Identifier: MIT
# What find_package() finds in a build of scripts/cross, as CMake's dependency provider (cmake-commands(7), cmake_language): the
# headers of the libraries, which are of no processor, in TINYHTTPD_CROSS/include, and GoogleTest from its sources.
# A package that is not named here is looked for as ever.

macro(tinyhttpd_provide method package)
  if("${package}" MATCHES "^(CLI11|fmt|spdlog|tomlplusplus)$")
    if(NOT TARGET ${package}::${package})
      add_library(${package}::${package} INTERFACE IMPORTED GLOBAL)
      set_target_properties(${package}::${package} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${TINYHTTPD_CROSS}/include)
    endif()
    set(${package}_FOUND TRUE)
  elseif("${package}" STREQUAL GTest)
    set(INSTALL_GTEST OFF)
    set(CMAKE_POSITION_INDEPENDENT_CODE ON) # the tests are position-independent executables
    set(CMAKE_POLICY_DEFAULT_CMP0077 NEW) # its option() leaves that variable alone
    add_subdirectory(/usr/src/googletest ${CMAKE_BINARY_DIR}/googletest EXCLUDE_FROM_ALL SYSTEM)
    set(GTest_FOUND TRUE)
  endif()
endmacro()
cmake_language(SET_DEPENDENCY_PROVIDER tinyhttpd_provide SUPPORTED_METHODS FIND_PACKAGE)
