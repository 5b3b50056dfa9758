# SPDX-License-Identifier: MIT
# A staged install puts exactly these files; a packager finds out here, not from a bug report, that one is new or gone.
# Run by ctest as `cmake -DBUILD=… -P install.cmake`.
set(stage ${BUILD}/stage)
file(REMOVE_RECURSE ${stage})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${stage} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)

set(expected
  bin/tinyhttpd
  share/bash-completion/completions/tinyhttpd
  share/doc/tinyhttpd/CHANGELOG.md
  share/doc/tinyhttpd/LICENSE
  share/doc/tinyhttpd/README.md
  share/doc/tinyhttpd/examples/config.example.toml
  share/fish/vendor_completions.d/tinyhttpd.fish
  share/man/man1/tinyhttpd.1
  share/man/man5/tinyhttpd.toml.5
  share/zsh/site-functions/_tinyhttpd)
if(CMAKE_HOST_SYSTEM_NAME STREQUAL Linux)
  list(APPEND expected
    lib/systemd/system/tinyhttpd-socket.service
    lib/systemd/system/tinyhttpd.service
    lib/systemd/system/tinyhttpd.socket)
endif()
file(GLOB_RECURSE installed RELATIVE ${stage} ${stage}/*)
list(SORT expected)
list(SORT installed)
if(NOT installed STREQUAL expected)
  list(JOIN expected "\n  " expected)
  list(JOIN installed "\n  " installed)
  message(FATAL_ERROR "expected:\n  ${expected}\ninstalled:\n  ${installed}")
endif()
