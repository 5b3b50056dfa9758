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

# tinyhttpd_service(UNIT WHERE ARGUMENTS UNIT_LINES INSTALL_LINES): one of the two services that differ in these alone.
function(tinyhttpd_service UNIT WHERE ARGUMENTS UNIT_LINES INSTALL_LINES)
  configure_file(packaging/systemd/tinyhttpd.service.in ${CMAKE_BINARY_DIR}/systemd/${UNIT} @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/systemd/${UNIT} DESTINATION ${TINYHTTPD_SYSTEMD_UNIT_DIR} COMPONENT systemd)
endfunction()
if(CMAKE_SYSTEM_NAME STREQUAL Linux)
  tinyhttpd_service(tinyhttpd.service "" "" "After=network.target" "\n[Install]\nWantedBy=multi-user.target\n")
  tinyhttpd_service(tinyhttpd-socket.service " on the sockets of tinyhttpd.socket" " --listen systemd"
    "Requires=tinyhttpd.socket\nAfter=tinyhttpd.socket network.target\nConflicts=tinyhttpd.service" "")
  configure_file(packaging/systemd/tinyhttpd.socket ${CMAKE_BINARY_DIR}/systemd/tinyhttpd.socket COPYONLY)
  install(FILES packaging/systemd/tinyhttpd.socket DESTINATION ${TINYHTTPD_SYSTEMD_UNIT_DIR} COMPONENT systemd)
endif()
