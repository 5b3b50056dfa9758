# SPDX-License-Identifier: MIT
# The libraries that stand outside what the project exists for. The system's packages are taken first.
find_package(Threads REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(tomlplusplus REQUIRED)

add_library(tinyhttpd_cli11 INTERFACE)
target_link_libraries(tinyhttpd_cli11 INTERFACE CLI11::CLI11)
add_library(tinyhttpd_spdlog INTERFACE)
target_link_libraries(tinyhttpd_spdlog INTERFACE spdlog::spdlog)
add_library(tinyhttpd_tomlplusplus INTERFACE)
target_link_libraries(tinyhttpd_tomlplusplus INTERFACE tomlplusplus::tomlplusplus)
