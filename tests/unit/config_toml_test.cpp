// SPDX-License-Identifier: MIT
// The file: keys, types and places. A typing error is pointed at by line and column, and never ignored.
#include "config/toml_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.hpp"
#include "config/toml_lexis.hpp"
#include "config_support.hpp"

namespace tinyhttpd::config::test {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

Strings wrong(const std::string& text) {
    return read_toml(text, "stub.toml", {}).problems;
}

TEST(TomlFile, an_unknown_key_is_pointed_at_and_the_nearest_is_named) {
    EXPECT_THAT(wrong("\n\nlisen = ':80'"), ElementsAre("stub.toml:3:1: unknown key 'lisen' (did you mean 'listen'?)"));
    EXPECT_THAT(wrong("[limits]\nmax_hed = 1"),
                ElementsAre("stub.toml:2:1: unknown key 'limits.max_hed' (did you mean 'limits.max_head'?)"));
    EXPECT_THAT(wrong("max_head = '4k'"), ElementsAre("stub.toml:1:1: unknown key 'max_head' (did you mean 'limits.max_head'?)"));
    EXPECT_THAT(wrong("[response]\nlisten = ':0'"), ElementsAre("stub.toml:2:1: unknown key 'response.listen' (did you mean 'listen'?)"));
    EXPECT_THAT(wrong("access_log = '-'"), ElementsAre("stub.toml:1:1: unknown key 'access_log' (did you mean 'log.access'?)"));
    EXPECT_THAT(wrong("[limits]\nx = 1"), ElementsAre("stub.toml:2:1: unknown key 'limits.x' (the keys are in tinyhttpd.toml(5))"));
    EXPECT_THAT(wrong("[limit]\na = 1"), ElementsAre("stub.toml:1:2: unknown key 'limit' (did you mean 'limits'?)"));
    EXPECT_THAT(wrong("[lgo]\nlevel = 'info'"), ElementsAre("stub.toml:1:2: unknown key 'lgo' (did you mean 'log'?)"));
    EXPECT_THAT(wrong("frobnicate = 1"), ElementsAre("stub.toml:1:1: unknown key 'frobnicate' (the keys are in tinyhttpd.toml(5))"));
    EXPECT_THAT(wrong("\"a\\nb\\u001b\" = 1"), ElementsAre("stub.toml:1:1: unknown key 'a\\nb\\x1b' (the keys are in tinyhttpd.toml(5))"));
    EXPECT_THAT(wrong("port_file = 'x'"), ElementsAre(StartsWith("stub.toml:1:1: unknown key 'port_file'")));
}

TEST(TomlFile, a_key_by_the_name_that_it_has_elsewhere_leads_to_ours) {
    EXPECT_THAT(wrong("port = 80"), ElementsAre("stub.toml:1:1: unknown key 'port' (did you mean 'listen'?)"));
    EXPECT_THAT(wrong("host = '0.0.0.0'"), ElementsAre("stub.toml:1:1: unknown key 'host' (did you mean 'listen'?)"));
    EXPECT_THAT(wrong("[response]\nfile = 'x'"),
                ElementsAre("stub.toml:2:1: unknown key 'response.file' (did you mean 'response.body_file'?)"));
    EXPECT_THAT(wrong("text = 'hi'"), ElementsAre("stub.toml:1:1: unknown key 'text' (did you mean 'response.body'?)"));
    EXPECT_THAT(wrong("status_code = 1"), ElementsAre("stub.toml:1:1: unknown key 'status_code' (did you mean 'response.status'?)"));
}

TEST(TomlFile, a_file_that_windows_has_saved_as_utf_16_is_named) {
    using namespace std::string_literals;
    const std::string words = "stub.toml:1:1: the file is UTF-16, and TOML is UTF-8: save it as that";
    EXPECT_THAT(wrong("\xff\xfew\0=\0"s), ElementsAre(words));
    EXPECT_THAT(wrong("\xfe\xff\0w\0="s), ElementsAre(words));
    EXPECT_THAT(wrong("w\0=\0"s), ElementsAre(words));
    EXPECT_THAT(wrong("\0w\0="s), ElementsAre(words));
    EXPECT_THAT(wrong("\xef\xbb\xbfworkers = 1"), ElementsAre());  // UTF-8 with a byte order mark is fine
}

TEST(TomlFile, a_wrong_type_is_named_with_the_one_expected) {
    EXPECT_THAT(wrong("workers = true"), ElementsAre("stub.toml:1:11: workers: expected an integer or \"auto\", found a boolean"));
    EXPECT_THAT(wrong("response.status = '200'"), ElementsAre("stub.toml:1:19: response.status: expected an integer, found a string"));
    EXPECT_THAT(wrong("response.body = 1"), ElementsAre("stub.toml:1:17: response.body: expected a string, found an integer"));
    EXPECT_THAT(wrong("response.date = 'on'"), ElementsAre("stub.toml:1:17: response.date: expected true or false, found a string"));
    EXPECT_THAT(wrong("response.headers = ['A: b', 3]"),
                ElementsAre("stub.toml:1:29: response.headers: expected a string or an array of strings, found an integer"));
    EXPECT_THAT(wrong("socket.unix_mode = 660"),
                ElementsAre("stub.toml:1:20: socket.unix_mode: expected a string in octal such as \"0660\", found an integer"));
    EXPECT_THAT(wrong("limits.max_head = 1.5"),
                ElementsAre("stub.toml:1:19: limits.max_head: expected a string such as \"4k\" or an integer, found a float"));
    EXPECT_THAT(wrong("limits.idle_timeout = [1]"),
                ElementsAre("stub.toml:1:23: limits.idle_timeout: expected a string such as \"100ms\" or \"5s\", found an array"));
    EXPECT_THAT(wrong("log = 5"), ElementsAre("stub.toml:1:7: log: expected a table, found an integer"));
    EXPECT_THAT(wrong("[listen]\na = 1"), ElementsAre("stub.toml:1:1: listen: expected a string or an array of strings, found a table"));
}

TEST(TomlFile, all_problems_are_reported_in_the_order_of_the_lines) {
    EXPECT_THAT(wrong("workers = true\nlisten = 1\nbacklog = 1\n"),
                ElementsAre(StartsWith("stub.toml:1:11:"), StartsWith("stub.toml:2:10:"), StartsWith("stub.toml:3:1:")));
}

TEST(TomlFile, what_is_no_toml_is_pointed_at) {
    EXPECT_THAT(wrong("a = "), ElementsAre(StartsWith("stub.toml:1:")));
    EXPECT_THAT(wrong("workers = 1\nworkers = 2"), ElementsAre(StartsWith("stub.toml:2:")));
    EXPECT_THAT(wrong("[ = 1\n"), ElementsAre(StartsWith("stub.toml:1:3: error while parsing key: ")));
    EXPECT_THAT(wrong("workers = 1\nlisten = “:80”\n"),
                ElementsAre("stub.toml:2:10: a character that can only be in a string or a comment (strings take plain quotes)"));
    // Under UndefinedBehaviorSanitizer: toml++ asks whether these are white space.
    EXPECT_THAT(wrong("workers = 06-13\"ä\""), ElementsAre(StartsWith("stub.toml:1:")));
    EXPECT_THAT(wrong("workers = 0x1.\"ä\""), ElementsAre(StartsWith("stub.toml:1:")));
    EXPECT_THAT(wrong("response.body = \"\"\"\\ä\"\"\""), ElementsAre(StartsWith("stub.toml:1:")));
    EXPECT_THAT(wrong("response.body = \"\"\"a\\\n ä\"\"\""), testing::IsEmpty());
    std::string deep = "a";
    for (int i = 0; i < 500'000; ++i) deep += ".a";
    EXPECT_THAT(wrong(deep + " = 1"), ElementsAre("stub.toml:1:202: a key of too many parts"));
    EXPECT_THAT(wrong("# \xff"), ElementsAre(StartsWith("stub.toml:1:")));
}

TEST(TomlFile, every_kind_of_string_and_comment_may_hold_any_character) {
    const std::string text =
        "\xef\xbb\xbf# ä\n"
        "response.headers = [\"A: ä \\\" ä\", 'B: ä \\', # ä\n"
        "  \"\", '', \"\"\"\nC: ä \" \"\" \\\"\"\" ä\"\"\"\"\", '''D: ä ' '' ä''''']\n"
        "response.body = '''ä\nä'''\n";
    EXPECT_EQ(find_stray(text), std::nullopt);
    EXPECT_THAT(wrong(text), testing::IsEmpty());
    // Behind each of them the text is code again.
    for (const std::string string :
         {"\"ä\\\"\"", "'ä\\'", "\"\"", "''", "\"\"\"ä\"\"\"", "\"\"\"ä\"\"\"\"\"", "'''ä'''", "''''''", "# ä\n", "\"ä\n"})
        EXPECT_NE(find_stray("a = " + string + "ä"), std::nullopt) << string;
}

class ConfigurationFile : public testing::Test {
protected:
    Config loaded(const std::string& text) const { return config({"-c", directory_.write("c.toml", text)}); }
    Strings refused(const std::string& text) const { return problems({"-c", directory_.write("c.toml", text)}); }
    TemporaryDirectory directory_;
};

TEST_F(ConfigurationFile, the_value_is_shown_with_its_place) {
    EXPECT_THAT(refused("workers = \"x\""),
                ElementsAre(directory_.path("c.toml") + ":1:11: workers = \"x\": expected a number, 1 to 1024, or auto"));
    EXPECT_THAT(refused("limits.idle_timeout = 5"),
                ElementsAre(directory_.path("c.toml") + ":1:23: limits.idle_timeout = 5: a duration needs a unit: 5ms or 5s?"));
    EXPECT_THAT(refused("response.headers = ['A: b',\n 'Date: x']"),
                ElementsAre(directory_.path("c.toml") +
                            ":2:2: response.headers = \"Date: x\": Date is set by the server (--no-date leaves it out)"));
    EXPECT_THAT(refused("listen = []"), ElementsAre(directory_.path("c.toml") + ":1:10: listen: expected at least one address"));
}

TEST_F(ConfigurationFile, numbers_and_strings_are_taken_where_both_make_sense) {
    EXPECT_EQ(loaded("limits.max_head = 8192").limits.max_head, 8192U);
    EXPECT_EQ(loaded("limits.max_head = '8k'").limits.max_head, 8192U);
    EXPECT_EQ(loaded("lifecycle.max_time = 0").lifecycle.max_time, Duration::zero());
    EXPECT_EQ(loaded("workers = 'auto'").workers, 0U);
    EXPECT_EQ(loaded("listen = ':1'").listen.size(), 1U);
    EXPECT_EQ(loaded("listen = [':1', 'unix:/s']").listen.size(), 2U);
    EXPECT_EQ(loaded("response.body = \"\"\"\na\\u0000b\n\"\"\"").response.body, std::string("a\0b\n", 4));
}

TEST_F(ConfigurationFile, a_relative_body_file_belongs_to_the_file_that_names_it) {
    EXPECT_EQ(loaded("response.body_file = 'b.txt'").response.body_file, directory_.path("b.txt"));
    EXPECT_EQ(loaded("response.body_file = '/b.txt'").response.body_file, "/b.txt");
    EXPECT_EQ(loaded("response.body_file = '-'").response.body_file, "-");
    EXPECT_EQ(config({"--body-file", "b.txt"}).response.body_file, "b.txt");
}

TEST_F(ConfigurationFile, body_and_body_file_in_one_file_are_refused) {
    const std::string path = directory_.path("c.toml");
    EXPECT_THAT(refused("[response]\nbody = 'a'\nbody_file = 'b'"),
                ElementsAre(path + ":3:13: response.body_file: the body is given as a text too (" + path +
                            ":2:8: response.body): leave one of them out"));
}

TEST_F(ConfigurationFile, the_access_log_can_be_turned_off_again) {
    EXPECT_EQ(loaded("log.access = 'stderr'").log.access, "stderr");
    EXPECT_EQ(loaded("log.access = 'off'").log.access, "");
}

/// Standard input holds `text` while this lives.
class StandardInput {
public:
    explicit StandardInput(const std::string& path) : saved_(::dup(STDIN_FILENO)) {
        // Not freopen(3): the program reads the descriptor, and the C library's stream stays as it is.
        const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!file || ::dup2(file.get(), STDIN_FILENO) != STDIN_FILENO) ADD_FAILURE() << "cannot put " << path << " on standard input";
    }
    StandardInput(const StandardInput&) = delete;
    StandardInput& operator=(const StandardInput&) = delete;
    ~StandardInput() {
        ::dup2(saved_, STDIN_FILENO);
        ::close(saved_);
    }

private:
    int saved_;
};

TEST_F(ConfigurationFile, it_can_come_from_standard_input) {
    const std::string file = directory_.write("c.toml", "workers = 3\nresponse.body_file = 'b.txt'");
    {
        const StandardInput input(file);
        const Config loaded = config({"-c", "-"});
        EXPECT_EQ(loaded.workers, 3U);
        EXPECT_EQ(loaded.response.body_file, "b.txt");
    }
    directory_.write("c.toml", "lisen = 3");
    {
        const StandardInput input(file);
        EXPECT_THAT(problems({"-c", "-"}), ElementsAre("standard input:1:1: unknown key 'lisen' (did you mean 'listen'?)"));
    }
}

TEST_F(ConfigurationFile, standard_input_cannot_be_both_configuration_and_body) {
    const std::string file = directory_.write("c.toml", "workers = 3");
    const StandardInput input(file);
    EXPECT_THAT(problems({"-c", "-", "--body-file", "-"}), ElementsAre("--body-file -: standard input already holds the configuration"));
}

}  // namespace
}  // namespace tinyhttpd::config::test
