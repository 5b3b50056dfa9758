// SPDX-License-Identifier: MIT
// --variant: what is understood, whose body it belongs to, what an answer says of it, and every way of giving it wrongly.
#include "config/variant.hpp"

#include "app/make_site.hpp"
#include "config/response.hpp"
#include "config_support.hpp"

namespace tinyhttpd::config::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::string_literals;

const std::string gzip_bytes = "\x1f\x8b\x08rest";

TEST(VariantText, is_a_coding_and_a_file) {
    const Config loaded = config({"--variant", "gzip: page.gz", "--variant", "BR:page:br", "--variant", "zstd: a b ", "--variant",
                                  "deflate:\t./-", "--body", "page"});
    EXPECT_THAT(loaded.response.variants, ElementsAre(Variant{ContentCoding::gzip, "page.gz"}, Variant{ContentCoding::br, "page:br"},
                                                      Variant{ContentCoding::zstd, "a b"}, Variant{ContentCoding::deflate, "./-"}));
    EXPECT_EQ(config({"--variant", "x-gzip: a", "b"}).response.variants.at(0).coding, ContentCoding::gzip) << "the old name";
}

TEST(VariantText, what_is_wrong_in_it_is_said_with_the_way_out) {
    const std::vector<std::pair<std::string, std::string>> rows = {
        {"gzip", "expected 'CODING: FILE', there is no ':' (try 'gzip: FILE')"},
        {"a.gz", "expected 'CODING: FILE', there is no ':' (try 'gzip: a.gz')"},
        {"gzip=a.gz", "expected 'CODING: FILE', there is no ':' (try 'gzip: a.gz')"},
        {"br a.br", "expected 'CODING: FILE', there is no ':' (try 'br: a.br')"},
        {"gzipp: a", "expected gzip, br, zstd or deflate in front of the ':', not gzipp (did you mean 'gzip'?)"},
        {"brotli: a", "expected gzip, br, zstd or deflate in front of the ':', not brotli (did you mean 'br'?)"},
        {"compress: a", "expected gzip, br, zstd or deflate in front of the ':', not compress"},
        {": a", "expected gzip, br, zstd or deflate in front of the ':', not ''"},
        {"identity: a", "identity is the body itself (see --body-file)"},
        {"gzip: ", "the file is missing behind the ':'"},
        {"gzip: -", "a variant is read from a file, and standard input is for a body (a file of that name: ./-)"},
    };
    for (const auto& [text, refusal] : rows) {
        EXPECT_THAT(problems({"b", "--variant=" + text}), ElementsAre(testing::EndsWith(": " + refusal))) << text;
        EXPECT_EQ(exit_status({"b", "--variant=" + text}), 2) << text;
    }
}

TEST(Variants, each_coding_is_given_once) {
    EXPECT_THAT(problems({"b", "--variant", "gzip: a", "--variant", "X-Gzip: b c"}),
                ElementsAre("--variant 'X-Gzip: b c': gzip is given twice (a): leave one of them out"));
}

TEST(Variants, need_a_body_and_the_field_that_names_their_coding) {
    const std::string place = "--variant 'gzip: a': ";
    const Strings variant = {"--variant", "gzip: a"};
    const auto with = [&variant](Strings more) {
        more.insert(more.end(), variant.begin(), variant.end());
        return problems(more);
    };
    EXPECT_THAT(with({}), ElementsAre(place + "there is no body that it could be a variant of (give it, too, as a text or as a file)"))
        << "nobody compresses a reason phrase";
    EXPECT_THAT(with({""}), ElementsAre(place + "an empty body has no variants"));
    EXPECT_THAT(with({"b", "-s", "304"}), ElementsAre(place + "an answer with the status 304 has no body"));
    EXPECT_THAT(with({"b", "-H", "content-encoding: br"}),
                ElementsAre(place + "Content-Encoding is given as a header, too (--header): leave one of them out"));
    EXPECT_THAT(with({"b", "-H", "Content-Language: de"}), IsEmpty());
}

TEST(Variants, in_a_file_are_named_from_it_and_belong_to_routes_too) {
    const TemporaryDirectory directory;
    const std::string file = directory.write("stub.toml", R"(
[response]
body = "b"
variants = ["gzip: a.gz", "br:/a.br"]

[[route]]
path = "/page"
body_file = "page"
variants = "zstd: page.zst"

[[route]]
path = "/none"
)");
    const Config loaded = config({"--config", file});
    EXPECT_THAT(loaded.response.variants,
                ElementsAre(Variant{ContentCoding::gzip, directory.path("a.gz")}, Variant{ContentCoding::br, "/a.br"}));
    EXPECT_THAT(loaded.routes.at(0).response.variants, ElementsAre(Variant{ContentCoding::zstd, directory.path("page.zst")}));
    EXPECT_THAT(loaded.routes.at(1).response.variants, IsEmpty()) << "another body has other variants";
}

TEST(Variants, of_a_file_that_are_wrong_are_named_by_line) {
    const TemporaryDirectory directory;
    const std::string file = directory.write("stub.toml", "[[route]]\npath = '/a'\nbody = 'b'\nvariants = ['gzip: -', 'bz: c']\n");
    EXPECT_THAT(problems({"--config", file}),
                ElementsAre(file + ":4:13: variants = \"gzip: -\": a variant is read from a file, and standard input is for a body (a file "
                                   "of that name: ./-)",
                            file + ":4:24: variants = \"bz: c\": expected gzip, br, zstd or deflate in front of the ':', not bz (did you "
                                   "mean 'br'?)"));
    const std::string none = directory.write("none.toml", "[[route]]\npath = '/a'\nvariants = ['gzip: a']\n");
    EXPECT_THAT(problems({"--config", none}), ElementsAre(HasSubstr("none.toml:3:13: variants = \"gzip: a\": there is no body")));
}

TEST(Variants, of_a_body_that_is_replaced_are_not_sent_for_another) {
    const TemporaryDirectory directory;
    const std::string file = directory.write("stub.toml", "response.body = 'b'\nresponse.variants = 'gzip: a'\n");
    EXPECT_EQ(config({"--config", file}).response.variants.size(), 1U);
    EXPECT_THAT(config({"--config", file, "other"}).response.variants, IsEmpty());
    EXPECT_THAT(config({"--config", file, "--body-file", "other"}).response.variants, IsEmpty());
    EXPECT_THAT(config({"--config", file}, {"TINYHTTPD_BODY=other"}).response.variants, IsEmpty());
    EXPECT_THAT(config({"--config", file, "--variant", "br: c"}).response.variants, ElementsAre(Variant{ContentCoding::br, "c"}))
        << "a list replaces the list below it";
    EXPECT_THAT(config({"--config", file, "other", "--variant", "br: c"}).response.variants, ElementsAre(Variant{ContentCoding::br, "c"}));
    EXPECT_EQ(config({"--config", file}, {"TINYHTTPD_VARIANT=br: c\nzstd: d"}).response.variants.size(), 2U);
    EXPECT_EQ(config({}, {"TINYHTTPD_BODY=b", "TINYHTTPD_VARIANT=gzip: a"}), config({"b", "--variant", "gzip: a"}));
    EXPECT_EQ(config({"--config", directory.write("same.toml", "response.body = 'b'\nresponse.variants = 'gzip: /a'\n")}),
              config({"b", "--variant", "gzip: /a"}));
}

TEST(Variants, what_is_printed_loads_back_anywhere) {
    const TemporaryDirectory directory;
    const Strings arguments = {"b", "--variant", "gzip: " + directory.path("a b"), "--variant", "br:/c"};
    Strings printing = arguments;
    printing.emplace_back("--print-config");
    const std::string text = printed(printing).standard_output;
    EXPECT_EQ(config({"--config", directory.write("printed.toml", text)}), config(arguments)) << text;
    EXPECT_THAT(printed({"b", "--variant", "gzip: a", "--variant", "br: b", "--print-config"}).standard_output,
                HasSubstr("variants = [\"gzip: " + (std::filesystem::current_path() / "a").string() +
                          "\", \"br: " + (std::filesystem::current_path() / "b").string() + "\"]\n"));
}

TEST(VariantFile, has_to_begin_as_its_coding_does) {
    const TemporaryDirectory directory;
    const auto refusal = [&directory](ContentCoding coding, const std::string& bytes) {
        const auto read = read_variant({coding, directory.write("file", bytes)});
        return read ? (*read == bytes ? "" : "other bytes") : read.error().text();
    };
    using enum ContentCoding;
    for (const auto& [coding, bytes] : std::vector<std::pair<ContentCoding, std::string>>{{gzip, "\x1f\x8b"},
                                                                                          {gzip, gzip_bytes},
                                                                                          {br, "\x0b"},
                                                                                          {zstd, "\x28\xb5\x2f\xfd."},
                                                                                          {deflate, "\x78\x9c."},
                                                                                          {deflate, "\x78\x01"},
                                                                                          {deflate, "\x78\xda"},
                                                                                          {deflate, "\x08\x1d"}})
        EXPECT_EQ(refusal(coding, bytes), "") << name_of(coding);
    const auto cannot = [&directory](const std::string& as, const std::string& why) {
        return "cannot send " + directory.path("file") + " as " + as + ": " + why;
    };
    for (const std::string& bytes : {"\x1f"s, ""s, "<html>"s, "\x28\xb5\x2f\xfd"s})
        EXPECT_EQ(refusal(gzip, bytes), cannot("gzip", "it does not begin with 1f 8b (try gzip -k)"));
    EXPECT_EQ(refusal(br, ""), cannot("br", "it is empty (try brotli -k)"));
    EXPECT_EQ(refusal(zstd, gzip_bytes), cannot("zstd", "it does not begin with 28 b5 2f fd (try zstd)"));
    for (const std::string& bytes : {"\x78"s, "\x78\x9d"s, "\x79\x9b"s, "\x88\x1c"s, gzip_bytes})
        EXPECT_EQ(refusal(deflate, bytes),
                  cannot("deflate", "it has no zlib header (try pigz -z; a bare deflate stream is not what HTTP calls deflate)"));
    EXPECT_EQ(read_variant({gzip, "/does/not/exist"}).error().text(),
              "cannot read a variant from /does/not/exist: no such file or directory");
}

TEST(VariantFile, is_looked_at_by_check) {
    const TemporaryDirectory directory;
    const std::string page = directory.write("page", "<p>");
    const std::string file = directory.write("stub.toml", "[[route]]\npath = '/a'\nbody_file = 'page'\nvariants = 'gzip: page'\n");
    EXPECT_THAT(problems({"--check", "--config", file}), ElementsAre(file + ":4:12: variants = \"gzip: page\": cannot send " + page +
                                                                     " as gzip: it does not begin with 1f 8b (try gzip -k)"));
    EXPECT_EQ(exit_status({"--check", "--config", file}), 2);
    EXPECT_THAT(problems({"--check", "--body-file", directory.write("empty", ""), "--variant", "br: " + page}),
                ElementsAre("--variant 'br: " + page + "': an empty body has no variants"));
}

std::vector<std::string> values_of_vary(const std::vector<Header>& headers) {
    std::vector<std::string> values;
    for (const Header& header : headers)
        if (header.name == "Vary" || header.name == "vary") values.push_back(header.value);
    return values;
}

TEST(VariantAnswer, says_what_it_varies_by_in_one_field) {
    const auto vary = [](Strings arguments) {
        arguments.insert(arguments.end(), {"b", "--variant", "gzip: a"});
        return values_of_vary(resolve_response(config(arguments).response)->headers);
    };
    EXPECT_THAT(vary({}), ElementsAre("Accept-Encoding")) << "a cache would send gzip to whoever cannot read it";
    EXPECT_THAT(vary({"--cors", "https://a.example"}), ElementsAre("Origin, Accept-Encoding"));
    EXPECT_THAT(vary({"-H", "vary: Accept-Language"}), ElementsAre("Accept-Language, Accept-Encoding"));
    EXPECT_THAT(vary({"-H", "Vary: a, ACCEPT-encoding ,b"}), ElementsAre("a, ACCEPT-encoding ,b")) << "once is enough";
    EXPECT_THAT(vary({"-H", "Vary: *"}), ElementsAre("*")) << "there is nothing to add to that";
    EXPECT_THAT(vary({"-H", "Vary: Accept-Encoding", "--cors", "https://a.example"}), ElementsAre("Accept-Encoding", "Origin"));
    EXPECT_THAT(vary({"-H", "Vary:"}), ElementsAre("Accept-Encoding")) << "it is true whatever is wished";
    EXPECT_THAT(values_of_vary(resolve_response(config({"b"}).response)->headers), IsEmpty());
}

TEST(VariantAnswer, is_the_answer_with_another_body_and_its_coding) {
    const TemporaryDirectory directory;
    const std::string page = directory.write("page.gz", gzip_bytes);
    const auto site = make_site(config({"{}", "--status", "201", "-H", "A: b", "--no-date", "--variant", "gzip: " + page, "--variant",
                                        "br: " + page, "--sequence", "503,ok"}),
                                1, nullptr);
    ASSERT_TRUE(site) << site.error().front().text();
    const auto& answers = (*site)->answers();
    ASSERT_EQ(answers.size(), 4U);
    EXPECT_THAT(answers[0].codings, ElementsAre(ContentCoding::gzip, ContentCoding::br));
    for (std::size_t i = 1; i < 3; ++i) {
        SCOPED_TRACE(i);
        EXPECT_THAT(answers[i].codings, IsEmpty());
        EXPECT_EQ(answers[i].status, 201);
        EXPECT_EQ(*answers[i].body, gzip_bytes);
        EXPECT_FALSE(answers[i].date);
        auto headers = answers[0].headers;  // Content-Type is that of the JSON which it is once more when it is unpacked
        headers.push_back({"Content-Encoding", i == 1 ? "gzip" : "br"});
        EXPECT_EQ(answers[i].headers, headers);
    }
    EXPECT_EQ(answers[3].status, 503);
    EXPECT_EQ(answers[3].headers.back(), (site::HeaderField{"Vary", "Accept-Encoding"})) << "of this resource others vary";
    EXPECT_THAT(answers[3].codings, IsEmpty());
}

Strings errors_at_start(const Strings& arguments) {
    Strings lines;
    if (const auto site = make_site(config(arguments), 1, nullptr); !site)
        for (const Error& error : site.error()) lines.push_back(error.text());
    return lines;
}

TEST(VariantAnswer, that_cannot_be_made_is_an_error_at_start) {
    const TemporaryDirectory directory;
    const std::string empty = directory.write("empty", "");
    const std::string page = directory.write("page.gz", gzip_bytes);
    EXPECT_THAT(errors_at_start({"--body-file", empty, "--variant", "gzip: " + page}),
                ElementsAre("--body-file " + empty + ": cannot vary an empty body: " + empty + ": leave its variants out"));
    EXPECT_THAT(errors_at_start({"b", "--variant", "gzip: " + empty}), ElementsAre("--variant 'gzip: " + empty + "': cannot send " + empty +
                                                                                   " as gzip: it does not begin with 1f 8b (try gzip -k)"));
}

TEST(FilesOfAnswers, are_all_named_when_they_cannot_be_read_with_where_they_were_asked_for) {
    const TemporaryDirectory directory;
    const std::string file = directory.write("stub.toml",
                                             "response.body_file = 'a'\nresponse.variants = ['gzip: b', 'br: c']\n"
                                             "[[route]]\npath = '/a'\nbody_file = 'd'\nsequence = 'truncate'\n");
    const auto line = [&](const std::string& place, const std::string& what, const std::string& name) {
        return file + place + ": cannot read " + what + " from " + directory.path(name) + ": no such file or directory";
    };
    const Strings lines = {
        line(":1:22: response.body_file = \"a\"", "the body", "a"), line(":2:22: response.variants = \"gzip: b\"", "a variant", "b"),
        line(":2:33: response.variants = \"br: c\"", "a variant", "c"), line(":5:13: body_file = \"d\"", "the body", "d")};
    EXPECT_EQ(errors_at_start({"--config", file}), lines);
    EXPECT_EQ(problems({"--config", file, "--check"}), lines);
}

}  // namespace
}  // namespace tinyhttpd::config::test
