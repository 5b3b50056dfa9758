# SPDX-License-Identifier: MIT
# What `cmake --install` puts where. Distributions differ in where completions and units live, so each of those
# directories can be set.
include(GNUInstallDirs)

set(TINYHTTPD_BASH_COMPLETION_DIR ${CMAKE_INSTALL_DATADIR}/bash-completion/completions CACHE STRING "Where the bash completion goes")
set(TINYHTTPD_ZSH_COMPLETION_DIR ${CMAKE_INSTALL_DATADIR}/zsh/site-functions CACHE STRING "Where the zsh completion goes")
set(TINYHTTPD_FISH_COMPLETION_DIR ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d CACHE STRING "Where the fish completion goes")
set(TINYHTTPD_SYSTEMD_UNIT_DIR lib/systemd/system CACHE STRING "Where the systemd units go (Linux)")

install(TARGETS tinyhttpd RUNTIME COMPONENT binary)
install(FILES man/tinyhttpd.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT man)
install(FILES man/tinyhttpd.toml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT man)
install(FILES completions/tinyhttpd.bash DESTINATION ${TINYHTTPD_BASH_COMPLETION_DIR} RENAME tinyhttpd COMPONENT completions)
install(FILES completions/_tinyhttpd DESTINATION ${TINYHTTPD_ZSH_COMPLETION_DIR} COMPONENT completions)
install(FILES completions/tinyhttpd.fish DESTINATION ${TINYHTTPD_FISH_COMPLETION_DIR} COMPONENT completions)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT docs)
install(FILES config.example.toml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT docs)
if(CMAKE_SYSTEM_NAME STREQUAL Linux)
  file(GLOB units CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/packaging/systemd/*.service ${CMAKE_SOURCE_DIR}/packaging/systemd/*.socket)
  install(FILES ${units} DESTINATION ${TINYHTTPD_SYSTEMD_UNIT_DIR} COMPONENT systemd)
endif()
