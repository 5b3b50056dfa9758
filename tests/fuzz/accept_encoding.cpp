// SPDX-License-Identifier: MIT
// Fuzz target: any bytes as the value of Accept-Encoding. However it is divided into field lines the choice is the same; a coding is
// chosen because of what is said of it, and not of the others that could have been; and who refuses it afterwards does not get it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/verify.hpp"
#include "http/accept_encoding.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tinyhttpd;
    using http::AcceptEncoding;
    static constexpr std::array all = {ContentCoding::zstd, ContentCoding::gzip, ContentCoding::br, ContentCoding::deflate};
    // A copy of its own size, so that a sanitizer sees a byte too far.
    const auto copy = std::make_unique<char[]>(size);
    std::copy_n(data, size, copy.get());
    const std::string_view value(copy.get(), size);

    AcceptEncoding whole;
    whole.read(value);
    const std::size_t chosen = whole.choose(all);
    VERIFY(chosen <= all.size());
    VERIFY(whole.choose({}) == 0);

    AcceptEncoding by_member;
    AcceptEncoding in_capitals;
    for (std::string_view rest = value; !rest.empty();) {
        const std::size_t end = std::min(rest.find(','), rest.size());
        by_member.read(rest.substr(0, end));
        std::string capitals(rest.substr(0, end));
        for (char& byte : capitals)
            if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - ('a' - 'A'));
        in_capitals.read(capitals);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    VERIFY(by_member.choose(all) == chosen && in_capitals.choose(all) == chosen);

    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::size_t alone = whole.choose(std::array{all[i]});
        VERIFY(alone == 1 || chosen != i + 1);
        VERIFY(alone == 0 || chosen != 0);
    }
    if (chosen != 0) {
        AcceptEncoding refused = whole;
        refused.read(std::string(name_of(all[chosen - 1])) + ";q=0");
        VERIFY(refused.choose(all) != chosen);
    }

    // A field's value holds no line ends, and what is around it is not its own.
    if (value.find_first_of("\r\n") != std::string_view::npos) return 0;
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\naccept-encoding: " + std::string(value) + "\r\n\r\n";
    VERIFY(http::choose_coding(head, all) == chosen);
    return 0;
}
