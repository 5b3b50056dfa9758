// SPDX-License-Identifier: MIT
// A release is one thing: whoever reads the changelog, the man page or --version, or takes the package, the formula or the image,
// has the same version. CMakeLists.txt names it; what each place looks like is a row here.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

namespace tinyhttpd {
namespace {

struct Place {
    const char* file;
    const char* first_match;  ///< its group is the version

    friend std::ostream& operator<<(std::ostream& out, const Place& place) { return out << place.file; }
};

constexpr Place places[] = {
    // The newest section: its day is "unreleased" until there is one.
    {"CHANGELOG.md", R"(\n## \[([^\]]*)\] - (?:unreleased|\d{4}-\d\d-\d\d)\n)"},
    // Version of the program, then of its packaging (deb-version(7)).
    {"packaging/debian/changelog", R"(^tinyhttpd \(([^-)]*)-\d+\) )"},
    {"packaging/homebrew/tinyhttpd.rb", R"(\n  url ".*/releases/download/v([^/"]*)/tinyhttpd-\1\.tar\.gz"\n)"},
    {"packaging/kubernetes/deployment.yaml", R"(\n +image: [a-z./]*tinyhttpd:(\S*)\n)"},
    {"man/tinyhttpd.1", R"(\n\.Os tinyhttpd (\S*)\n)"},
    {"man/tinyhttpd.toml.5", R"(\n\.Os tinyhttpd (\S*)\n)"},
};

class Version : public ::testing::TestWithParam<Place> {};

TEST_P(Version, is_that_of_the_program) {
    std::ifstream file(std::filesystem::path(TINYHTTPD_SOURCE_DIR) / GetParam().file, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    const std::string text = content.str();
    std::smatch match;
    ASSERT_TRUE(std::regex_search(text, match, std::regex(GetParam().first_match))) << GetParam().file << " names no version";
    EXPECT_EQ(match[1], TINYHTTPD_VERSION) << GetParam().file;
}
INSTANTIATE_TEST_SUITE_P(Places, Version, ::testing::ValuesIn(places), [](const auto& place) {
    return std::regex_replace(std::filesystem::path(place.param.file).filename().string(), std::regex("[^A-Za-z0-9]"), "_");
});

TEST(VersionOption, prints_it_first) {
    std::FILE* const output = ::popen(TINYHTTPD_BINARY " --version", "r");
    ASSERT_NE(output, nullptr);
    char line[200] = "";
    EXPECT_NE(std::fgets(line, sizeof line, output), nullptr);
    EXPECT_EQ(::pclose(output), 0);
    EXPECT_EQ(std::string(line).substr(0, sizeof "tinyhttpd " TINYHTTPD_VERSION), "tinyhttpd " TINYHTTPD_VERSION " ");
}

}  // namespace
}  // namespace tinyhttpd
