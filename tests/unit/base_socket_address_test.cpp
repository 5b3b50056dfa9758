// SPDX-License-Identifier: MIT
// Zones of IPv6 addresses. If they go wrong, a server listens on another link than the one that was asked for, or on none.
#include "base/socket_address.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>

#include <cstring>

namespace tinyhttpd {
namespace {

unsigned scope_of(const std::string& host) {
    const SocketAddress address = SocketAddress::ipv6(host, 0);
    sockaddr_in6 out{};
    std::memcpy(&out, &address.storage, sizeof out);
    return out.sin6_scope_id;
}

std::optional<std::string> problem_of(const std::string& host) {
    return zone_problem({ListenAddress::Kind::ipv6, host, 0});
}

TEST(Zone, is_the_name_or_the_number_of_an_interface) {
    struct if_nameindex* interfaces = ::if_nameindex();
    ASSERT_NE(interfaces, nullptr);
    for (const struct if_nameindex* each = interfaces; each->if_index != 0; ++each) {
        EXPECT_EQ(scope_of(std::string("fe80::1%") + each->if_name), each->if_index);
        EXPECT_EQ(scope_of("fe80::1%" + std::to_string(each->if_index)), each->if_index);
        EXPECT_EQ(problem_of("fe80::1%" + std::to_string(each->if_index)), std::nullopt);
    }
    ::if_freenameindex(interfaces);
}

TEST(Zone, that_is_no_interface_is_named) {
    for (const char* zone : {"nope", "4000000000", "99999999999", "1x", "-1", "0"}) {
        EXPECT_EQ(scope_of(std::string("fe80::1%") + zone), 0U) << zone;
        EXPECT_EQ(problem_of(std::string("fe80::1%") + zone), "no interface '" + std::string(zone) + "'");
    }
    EXPECT_EQ(problem_of("fe80::1"), std::nullopt);
    EXPECT_EQ(zone_problem({ListenAddress::Kind::unix_path, "/a%nope", 0}), std::nullopt);
}

}  // namespace
}  // namespace tinyhttpd
