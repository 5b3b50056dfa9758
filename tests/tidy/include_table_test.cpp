// SPDX-License-Identifier: MIT
// Holds the sources to the design's include table: which folder may include which, and which of the foreign libraries is
// seen where. Also what else can be read off a source file: its licence line. Run by ctest; static libraries
// per folder make the same mistakes fail to link, but only where a symbol is used.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

using Names = std::set<std::string, std::less<>>;

const fs::path source_root = TINYHTTPD_SOURCE_DIR;

// A folder of src/ (empty: src/ itself) and the folders it may include besides itself.
const std::map<std::string, Names, std::less<>> allowed = {
    {"base", {}},
    {"os", {"base"}},
    {"io", {"base"}},
    {"site", {"base"}},
    {"http", {"base"}},
    {"tcp", {"base", "os", "io"}},
    {"config", {"base"}},
    {"log", {"base"}},
    {"probe", {"base"}},
    {"app", {"base", "os", "io", "site", "http", "tcp", "config", "log", "probe"}},
    {"", {"base", "os", "io", "site", "http", "tcp", "config", "log", "probe", "app"}},
};

// How the headers of a library begin, and the one folder that sees it.
const std::map<std::string, std::string, std::less<>> owner_of_library = {
    {"CLI/", "config"}, {"toml++/", "config"}, {"spdlog/", "log"}, {"fmt/", "log"}, {"liburing", "io"},
};

struct Include {
    std::string path;
    bool quoted = false;
    int line = 0;
};

std::optional<Include> parse_include(std::string_view line, int number) {
    if (!line.starts_with("#include ")) return std::nullopt;
    line.remove_prefix(sizeof("#include ") - 1);
    const bool quoted = line.starts_with('"');
    const std::size_t end = line.find(quoted ? '"' : '>', 1);
    if (end == std::string_view::npos) return std::nullopt;
    return Include{std::string(line.substr(1, end - 1)), quoted, number};
}

struct Source {
    std::string name;    ///< relative to the checkout
    std::string folder;  ///< of src/; empty for src/ itself
    std::vector<std::string> lines;
};

std::vector<Source> sources_below(const char* top) {
    std::vector<Source> out;
    for (const auto& entry : fs::recursive_directory_iterator(source_root / top)) {
        if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
        Source source{
            fs::relative(entry.path(), source_root).string(), fs::relative(entry.path().parent_path(), source_root / top).string(), {}};
        if (source.folder == ".") source.folder.clear();
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);) source.lines.push_back(line);
        out.push_back(std::move(source));
    }
    EXPECT_FALSE(out.empty()) << "no sources below " << top;
    return out;
}

std::vector<Include> includes_of(const Source& source) {
    std::vector<Include> out;
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
        if (auto include = parse_include(source.lines[i], static_cast<int>(i + 1))) out.push_back(*std::move(include));
    }
    return out;
}

std::string place(const Source& source, const Include& include) {
    return source.name + ":" + std::to_string(include.line);
}

}  // namespace

TEST(IncludeTable, LayersStayReplaceableBecauseNoFolderReachesUpOrSideways) {
    for (const Source& source : sources_below("src")) {
        const auto row = allowed.find(source.folder);
        ASSERT_NE(row, allowed.end()) << source.name << ": folder '" << source.folder << "' is not in the include table";
        for (const Include& include : includes_of(source)) {
            if (!include.quoted) continue;
            const std::size_t slash = include.path.find('/');
            const std::string folder = slash == std::string::npos ? "" : include.path.substr(0, slash);
            EXPECT_TRUE(folder == source.folder || row->second.contains(folder))
                << place(source, include) << ": " << source.folder << "/ may not include \"" << include.path << '"';
            EXPECT_TRUE(fs::exists(source_root / "src" / include.path))
                << place(source, include) << ": \"" << include.path << "\" is no path below src/";
        }
    }
}

TEST(IncludeTable, ALibraryCanBeReplacedInOneFolderBecauseNoOtherSeesIt) {
    for (const Source& source : sources_below("src")) {
        for (const Include& include : includes_of(source)) {
            for (const auto& [prefix, owner] : owner_of_library) {
                EXPECT_TRUE(!include.path.starts_with(prefix) || source.folder == owner)
                    << place(source, include) << ": <" << include.path << "> belongs to " << owner << "/ alone";
            }
        }
    }
}

TEST(SourceFiles, EachTellsItsLicence) {
    for (const char* top : {"src", "tests"}) {
        for (const Source& source : sources_below(top)) {
            ASSERT_FALSE(source.lines.empty()) << source.name;
            EXPECT_EQ(source.lines.front(), "// SPDX-License-Identifier: MIT") << source.name;
        }
    }
}
