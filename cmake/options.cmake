# SPDX-License-Identifier: MIT
# Warnings, hardening and sanitizers, in one interface target that every part of the program links.
add_library(tinyhttpd_flags INTERFACE)
target_compile_options(tinyhttpd_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast)
target_compile_definitions(tinyhttpd_flags INTERFACE _GLIBCXX_ASSERTIONS)
if(TINYHTTPD_WERROR)
  target_compile_options(tinyhttpd_flags INTERFACE -Werror)
endif()
