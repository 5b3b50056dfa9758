# SPDX-License-Identifier: MIT
# The libraries that the program stands on, from the system's packages. Nothing is ever downloaded: a missing one is an
# error that names the line to install it. Each is linked by one folder alone: CLI11 and toml++ by config/, spdlog (with
# fmt) by log/, liburing by io/.

option(TINYHTTPD_HEADER_ONLY "Compile spdlog and fmt in, instead of linking their shared libraries" OFF)
set(TINYHTTPD_IO_URING AUTO CACHE STRING "Build the io_uring engine: AUTO (when liburing is found), ON or OFF")
set_property(CACHE TINYHTTPD_IO_URING PROPERTY STRINGS AUTO ON OFF)

# tinyhttpd_need(PACKAGE apt-package brew-formula): find_package, or an error that says how to get it.
macro(tinyhttpd_need package apt brew)
  find_package(${package} QUIET)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "${package} is missing. Install it: `apt-get install ${apt}` or `brew install ${brew}`.")
  endif()
endmacro()

if(TINYHTTPD_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
endif()
find_package(Threads REQUIRED)
tinyhttpd_need(CLI11 libcli11-dev cli11)
tinyhttpd_need(fmt libfmt-dev fmt)
tinyhttpd_need(spdlog libspdlog-dev spdlog)
tinyhttpd_need(tomlplusplus libtomlplusplus-dev tomlplusplus)

# tinyhttpd_headers_of(TARGET IMPORTED DEFINITIONS…): the headers of a package without its compiled library.
function(tinyhttpd_headers_of target imported)
  get_target_property(directories ${imported} INTERFACE_INCLUDE_DIRECTORIES)
  target_include_directories(${target} SYSTEM INTERFACE ${directories})
  target_compile_definitions(${target} INTERFACE ${ARGN})
endfunction()

add_library(tinyhttpd_cli11 INTERFACE)
target_link_libraries(tinyhttpd_cli11 INTERFACE CLI11::CLI11)
add_library(tinyhttpd_spdlog INTERFACE)
add_library(tinyhttpd_tomlplusplus INTERFACE)
if(TINYHTTPD_HEADER_ONLY)
  tinyhttpd_headers_of(tinyhttpd_spdlog spdlog::spdlog SPDLOG_HEADER_ONLY SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY=1)
  tinyhttpd_headers_of(tinyhttpd_spdlog fmt::fmt)
else()
  target_link_libraries(tinyhttpd_spdlog INTERFACE spdlog::spdlog)
endif()
# Always by its headers: config/toml_file.cpp has to change how its parser asserts.
tinyhttpd_headers_of(tinyhttpd_tomlplusplus tomlplusplus::tomlplusplus TOML_HEADER_ONLY=1)

# Which engines this build has. The sources of the others (`uring_engine.cpp`, `serve_uring.cpp`) are left out.
set(TINYHTTPD_ENGINES)
if(CMAKE_SYSTEM_NAME STREQUAL Linux)
  list(APPEND TINYHTTPD_ENGINES epoll)
  if(NOT TINYHTTPD_IO_URING STREQUAL OFF)
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      # With TINYHTTPD_STATIC_RUNTIME the static one, where there is one.
      set(suffixes ${CMAKE_FIND_LIBRARY_SUFFIXES})
      if(TINYHTTPD_STATIC_RUNTIME)
        list(PREPEND CMAKE_FIND_LIBRARY_SUFFIXES .a)
      endif()
      pkg_check_modules(liburing QUIET IMPORTED_TARGET liburing>=2.3)
      set(CMAKE_FIND_LIBRARY_SUFFIXES ${suffixes})
    endif()
    if(liburing_FOUND)
      list(APPEND TINYHTTPD_ENGINES uring)
    elseif(TINYHTTPD_IO_URING STREQUAL ON)
      message(FATAL_ERROR "liburing 2.3 or later is missing. Install it: `apt-get install pkg-config liburing-dev`.")
    endif()
  endif()
elseif(APPLE OR CMAKE_SYSTEM_NAME MATCHES "BSD|DragonFly")
  list(APPEND TINYHTTPD_ENGINES kqueue)
else()
  message(FATAL_ERROR "There is no engine for ${CMAKE_SYSTEM_NAME}: epoll and io_uring need Linux, kqueue needs macOS or a BSD.")
endif()
