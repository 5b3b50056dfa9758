// SPDX-License-Identifier: MIT
// Routes, outcomes, delays and health as they are written down: what is understood, and the words of each refusal.
#include <random>

#include "config/option_table.hpp"
#include "config_support.hpp"

namespace tinyhttpd::config::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Step = SequenceStep;

config::Outcome status(int code) {
    return {Fault::none, code};
}
config::Outcome fails(Fault fault) {
    return {fault, 0};
}

TEST(RouteText, has_a_path_a_status_and_perhaps_a_method_and_a_body) {
    const TemporaryDirectory directory;
    const std::string file = directory.write("order.json", "{}");
    const Config loaded = config(
        {"--route", "/a 204", "--route", "POST /orders/* 201 made  it ", "--route", "/at 200 @@home", "--route", "/file 200 @" + file});
    ASSERT_EQ(loaded.routes.size(), 4U);
    EXPECT_EQ(loaded.routes[0].path, "/a");
    EXPECT_THAT(loaded.routes[0].methods, IsEmpty());
    EXPECT_EQ(loaded.routes[0].response.status, 204);
    EXPECT_EQ(loaded.routes[0].response.body, std::nullopt);
    EXPECT_EQ(loaded.routes[1].path, "/orders/*");
    EXPECT_THAT(loaded.routes[1].methods, ElementsAre("POST"));
    EXPECT_EQ(loaded.routes[1].response.body, "made  it ");
    EXPECT_EQ(loaded.routes[2].response.body, "@home");
    EXPECT_EQ(loaded.routes[3].response.body_file, file);
}

TEST(RouteTable, takes_the_keys_of_a_response_and_inherits_three_of_them) {
    const TemporaryDirectory directory;
    const std::string file = directory.write("stub.toml", R"(
[response]
status = 404
headers = ["X-A: b"]
date = false
server_header = false
cors = "*"
limit_rate = "1k"

[[route]]
path = "/orders/*"
methods = ["POST", "PUT"]
status = 201
body_file = "order.json"
headers = "Location: /orders/7"
delay = "20ms~200ms"
sequence = "503x2,ok"

[[route]]
path = "/b"
date = true
)");
    const Config loaded = config({"--config", file});
    ASSERT_EQ(loaded.routes.size(), 2U);
    const RouteConfig& orders = loaded.routes[0];
    EXPECT_THAT(orders.methods, ElementsAre("POST", "PUT"));
    EXPECT_EQ(orders.response.body_file, directory.path("order.json"));
    EXPECT_THAT(orders.response.headers, ElementsAre(Header{"Location", "/orders/7"}));
    EXPECT_THAT(orders.response.sequence, ElementsAre(Step{status(503), 2}, Step{{}, 1}));
    EXPECT_EQ(orders.response.date, false);
    EXPECT_EQ(orders.response.server_header, false);
    EXPECT_EQ(orders.response.cors, "*");
    EXPECT_EQ(orders.response.limit_rate, 0U);
    EXPECT_EQ(loaded.routes[1].response.status, 200);
    EXPECT_EQ(loaded.routes[1].response.date, true);
    EXPECT_THAT(loaded.routes[1].response.headers, IsEmpty());
}

TEST(RouteText, may_be_spaced_out_up_to_its_body) {
    const RouteConfig route = config({"--route", "  POST  /a   201  made"}).routes.at(0);
    EXPECT_EQ(route.path, "/a");
    EXPECT_THAT(route.methods, ElementsAre("POST"));
    EXPECT_EQ(route.response.status, 201);
    EXPECT_EQ(route.response.body, " made");
}

TEST(RouteText, takes_the_escapes_of_a_target_whole_or_cut_by_the_star) {
    for (const std::string path : {"/a%20b", "/%e4%BD%A0", "/a%*", "/a%2*", "/a%20*"})
        EXPECT_EQ(config({"--route", path + " 200"}).routes.at(0).path, path);
}

TEST(RouteTable, a_list_of_a_higher_layer_takes_its_place) {
    const TemporaryDirectory directory;
    const std::string file = directory.write("stub.toml", "[[route]]\npath = \"/file\"\n");
    EXPECT_EQ(config({"--config", file}, {"TINYHTTPD_ROUTE=/a 200\n/b 200"}).routes.size(), 2U);
    EXPECT_EQ(config({"--config", file, "--route", "/flag 200"}, {"TINYHTTPD_ROUTE=/a 200\n/b 200"}).routes.at(0).path, "/flag");
    EXPECT_EQ(config({"--config", file}).routes.at(0).path, "/file");
}

TEST(Outcomes, are_read_as_they_are_written) {
    EXPECT_THAT(
        config({"--sequence", "503x2,reset,ok,hangx1,close,truncate,garbage,418"}).response.sequence,
        ElementsAre(Step{status(503), 2}, Step{fails(Fault::reset), 1}, Step{{}, 1}, Step{fails(Fault::hang), 1},
                    Step{fails(Fault::close), 1}, Step{fails(Fault::truncate), 1}, Step{fails(Fault::garbage), 1}, Step{status(418), 1}));
    EXPECT_THAT(config({"--fault", "503:5%,reset:0.5%,hang:0%,close:0.0001%"}).response.faults,
                ElementsAre(FaultShare{status(503), 50'000}, FaultShare{fails(Fault::reset), 5'000}, FaultShare{fails(Fault::close), 1}));
    EXPECT_THAT(config({"--fault", "503:100%"}).response.faults, ElementsAre(FaultShare{status(503), 1'000'000}));
}

TEST(Delays, are_read_as_they_are_written) {
    using std::chrono::milliseconds;
    constexpr auto uniform = Delay::Kind::uniform;
    EXPECT_THAT(config({"--delay", "100ms"}).response.delays, ElementsAre(Delay{uniform, milliseconds(100), milliseconds(100), 1'000'000}));
    EXPECT_THAT(config({"--delay", "50ms-2s"}).response.delays,
                ElementsAre(Delay{uniform, milliseconds(50), milliseconds(2000), 1'000'000}));
    EXPECT_THAT(config({"--delay", "10ms,80ms~400ms:10%,2s:1%"}).response.delays,
                ElementsAre(Delay{Delay::Kind::lognormal, milliseconds(80), milliseconds(400), 100'000},
                            Delay{uniform, milliseconds(2000), milliseconds(2000), 10'000},
                            Delay{uniform, milliseconds(10), milliseconds(10), 890'000}));
    EXPECT_THAT(config({"--delay", "0"}).response.delays, IsEmpty());
    EXPECT_THAT(config({"--delay", "2s:0%"}).response.delays, IsEmpty());
}

TEST(Health, has_its_paths_and_what_flips_it) {
    const HealthConfig health = config({"--health", "/healthz", "--ready", "/readyz", "--ready-after", "2s", "--unhealthy-after", "1m",
                                        "--down-file", "/tmp/down", "--unready"})
                                    .health;
    EXPECT_EQ(health, (HealthConfig{.path = "/healthz",
                                    .ready_path = "/readyz",
                                    .ready_after = std::chrono::seconds(2),
                                    .unhealthy_after = std::chrono::minutes(1),
                                    .down_file = "/tmp/down",
                                    .unready = true}));
}

TEST(Health, looks_for_the_file_beside_the_one_that_names_it) {
    const TemporaryDirectory directory;
    const std::string file = directory.write("stub.toml", "[health]\nready_path = \"/readyz\"\ndown_file = \"down\"\n");
    EXPECT_EQ(config({"--config", file}).health.down_file, directory.path("down"));
    const std::string text = printed({"--ready", "/readyz", "--down-file", "down", "--print-config"}).standard_output;
    EXPECT_THAT(text, testing::HasSubstr("down_file = \"" + (std::filesystem::current_path() / "down").string() + "\"\n"))
        << "a printed file may be kept anywhere";
}

TEST(Routes, what_is_printed_loads_back) {
    const TemporaryDirectory directory;
    const Strings arguments = {"--route",      "POST /a/* 201 \"quoted\"",
                               "--route",      "/b 503 @" + directory.write("b", "file"),
                               "--sequence",   "503x2,ok",
                               "--delay",      "10ms,2s:1%",
                               "--limit-rate", "3k",
                               "--cors",       "https://example.com",
                               "--seed",       "7",
                               "--health",     "/h",
                               "--ready",      "/r",
                               "--down-file",  directory.path("down"),
                               "--unready"};
    Strings printing = arguments;
    printing.emplace_back("--print-config");
    const std::string text = printed(printing).standard_output;
    EXPECT_EQ(config({"--config", directory.write("printed.toml", text)}), config(arguments)) << text;
    const std::string again = printed({"--config", directory.path("printed.toml"), "--print-config"}).standard_output;
    EXPECT_EQ(again, text);
}

/// Configurations made of what the grammars allow, one for each seed.
class Writer {
public:
    explicit Writer(std::uint32_t seed) : random_(seed) {}

    Strings flags() {
        Strings out;
        for (std::size_t i = 0; i < 4; ++i) {
            std::string route = pick({"", "GET ", "POST ", "M-SEARCH "}) + path(i) + pick({" 200", " 404", " 999"});
            if (one_in(2)) route += ' ' + text();
            out.insert(out.end(), {"--route", route});
        }
        return out;
    }
    std::string file() {
        std::string out = one_in(2) ? "response.cors = \"*\"\nresponse.date = false\n" : "seed = 3\n";
        for (std::size_t i = 0; i < 4; ++i) {
            out += "[[route]]\npath = \"" + path(i) + "\"\n";
            if (one_in(2)) out += pick({"methods = \"GET\"\n", "methods = [\"PUT\", \"POST\"]\n", "methods = []\n"});
            if (one_in(2)) out += pick({"status = 201\n", "status = 599\n"});
            if (one_in(2)) out += pick({"body = 'a \"b\"'\n", "body = \"\"\n", "body_file = \"b\"\n"});
            if (one_in(2)) out += pick({"headers = [\"A: b\", \"Server:\"]\n", "headers = []\n"});
            if (one_in(2)) out += pick({"sequence = \"503x2,ok\"\n", "fault = \"hang:0.0001%,502:0%\"\n"});
            if (one_in(2)) out += pick({"delay = \"80ms~400ms:3%,1us\"\n", "delay = \"0\"\n"});
            if (one_in(2)) out += pick({"limit_rate = 4096\n", "limit_rate = \"1k\"\n"});
            if (one_in(2)) out += pick({"date = true\n", "server_header = false\ncors = \"https://a.example\"\n"});
        }
        return out;
    }

private:
    bool one_in(std::uint32_t n) { return random_() % n == 0; }
    std::string pick(const Strings& choices) { return choices[random_() % choices.size()]; }
    /// No two of which one hides the other.
    std::string path(std::size_t i) { return '/' + std::to_string(i) + pick({"", "/", "/*", "*", "/%2F~'", "/a;b=c,d"}); }
    std::string text() {
        std::string out;
        for (std::size_t i = random_() % 6; i > 0; --i)
            out += pick({"@", "\"", "'", "\\", "\n", "\t", "\x7f", " ", "\xc3\xa4", "{}", "#", "]", "%"});
        return out.starts_with('@') ? '@' + out : out;
    }

    std::mt19937 random_;
};

TEST(Routes, whatever_is_printed_loads_back) {
    const TemporaryDirectory directory;
    const auto reloaded = [&directory](Strings arguments) {
        arguments.emplace_back("--print-config");
        return config({"--config", directory.write("printed.toml", printed(arguments).standard_output)});
    };
    for (std::uint32_t seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Writer writer(seed);
        const Strings flags = writer.flags();
        EXPECT_EQ(reloaded(flags), config(flags));
        const Strings file = {"--config", directory.write("given.toml", writer.file())};
        EXPECT_EQ(reloaded(file), config(file));
        ASSERT_FALSE(HasFailure()) << testing::PrintToString(flags);
    }
}

TEST(Routes, are_printed_as_a_reader_would_write_them) {
    EXPECT_THAT(printed({"--route", "PUT /a 201 made", "--print-config"}).standard_output,
                testing::EndsWith("\n[[route]]\npath = \"/a\"\nmethods = [\"PUT\"]\nbody = \"made\"\nstatus = 201\n"));
    EXPECT_THAT(
        problems({"--print-config", "--route", "/a 200 \xff"}),
        ElementsAre("--print-config: --route '/a 200 \xff': the body is not UTF-8, which TOML cannot hold (use @FILE or body_file for "
                    "such a body)"));
}

struct Refused {
    Strings arguments;
    std::string line;
};
void PrintTo(const Refused& row, std::ostream* out) {
    *out << testing::PrintToString(row.arguments);
}

class RefusedOutcome : public testing::TestWithParam<Refused> {};

TEST_P(RefusedOutcome, says_what_would_have_been_right) {
    EXPECT_THAT(problems(GetParam().arguments), ElementsAre(GetParam().line));
    EXPECT_EQ(exit_status(GetParam().arguments), 2);
}

const std::vector<Refused> refused = {
    {{"--route", ""}, "--route '': expected '[METHOD ]PATH STATUS [BODY]' (try '/x 200')"},
    {{"--route", "  "}, "--route '  ': expected '[METHOD ]PATH STATUS [BODY]' (try '/x 200')"},
    {{"--route", "GET"}, "--route GET: the path is missing behind GET (try 'GET /x 200')"},
    {{"--route", "GET 204 no"}, "--route 'GET 204 no': the path is missing behind GET (try 'GET /x 204 no')"},
    {{"--route", "/50% 200"}, "--route '/50% 200': a '%' without two hexadecimal digits is in no request target"},
    {{"--route", "/5%g0 200"}, "--route '/5%g0 200': a '%' without two hexadecimal digits is in no request target"},
    {{"--route", "/5%0g* 200"}, "--route '/5%0g* 200': a '%' without two hexadecimal digits is in no request target"},
    {{"--health", "/h%"}, "--health /h%: a '%' without two hexadecimal digits is in no request target"},
    {{"--route", "x"}, "--route x: the path x begins with no '/' (try '/x 200')"},
    {{"--route", "x 200"}, "--route 'x 200': the path x begins with no '/' (try '/x 200')"},
    {{"--route", "200 /x"}, "--route '200 /x': the status comes behind the path (try '/x 200')"},
    {{"--route", "/x POST 200"}, "--route '/x POST 200': expected a status code behind the path, not POST (try 'POST /x 200')"},
    {{"--route", "/x"}, "--route /x: the status is missing (try '/x 200')"},
    {{"--route", "GET /x"}, "--route 'GET /x': the status is missing (try 'GET /x 200')"},
    {{"--route", "/x hello"}, "--route '/x hello': expected a status code behind the path, not hello (try '/x 200 hello')"},
    {{"--route", "/x 99"}, "--route '/x 99': expected a status code, 200 to 999"},
    {{"--route", "/x 101"}, "--route '/x 101': a 1xx status is never a final answer; expected 200 to 999"},
    {{"--route", "/a*b 200"}, "--route '/a*b 200': a '*' stands for the rest of the path, and only at its end"},
    {{"--route", "/a?b 200"}, "--route '/a?b 200': a path holds no '?': the query is left out"},
    {{"--route", "/\xc3\xa4 200"}, "--route '/\xc3\xa4 200': the path holds a byte that no request target has"},
    {{"--route", "get /x 200"}, "--route 'get /x 200': methods are case-sensitive (did you mean 'GET'?)"},
    {{"--route", "G[ /x 200"}, "--route 'G[ /x 200': G[ is no method: a method is a token"},
    {{"--route", "CONNECT /x 200"}, "--route 'CONNECT /x 200': CONNECT is always answered 405"},
    {{"--route", "/x 200 @"}, "--route '/x 200 @': the name of a file is missing behind the '@' (a body that begins with one: '@@')"},
    {{"--route", "/a/* 200", "--route", "GET /a/b 200"},
     "--route 'GET /a/b 200': is never reached: what it answers is answered earlier (--route '/a/* 200')"},
    {{"--route", "GET /a 200", "--route", "HEAD /a 200"},
     "--route 'HEAD /a 200': is never reached: what it answers is answered earlier (--route 'GET /a 200')"},
    {{"--route", "GET /a 200", "--route", "/a 200", "--route", "POST /* 200", "--route", "POST /a 200"},
     "--route 'POST /a 200': is never reached: what it answers is answered earlier (--route '/a 200')"},
    {{"--route", "/h 200", "--health", "/h"}, "--route '/h 200': is never reached: /h is asked for the health"},
    {{"--sequence", "ok,,503"}, "--sequence ok,,503: a member of the list is empty"},
    {{"--sequence", ""}, "--sequence '': the list is empty"},
    {{"--sequence", "503x0"}, "--sequence 503x0: expected how many times behind the 'x', as in 503x2, not 503x0"},
    {{"--sequence", "rest"},
     "--sequence rest: expected ok, a status code, close, reset, hang, truncate or garbage, not rest (did you mean 'reset'?)"},
    {{"--sequence", "100"}, "--sequence 100: a 1xx status is never a final answer; expected 200 to 999"},
    {{"--sequence", "99"}, "--sequence 99: expected a status code, 200 to 999, not 99"},
    {{"--fault", "503x2:5%"}, "--fault 503x2:5%: how many times, as in 503x2, is for --sequence: a fault is by chance"},
    {{"--sequence", "503:5%,ok"}, "--sequence 503:5%,ok: a share, as in 503:5%, is for --fault: a sequence is in order of arrival"},
    {{"--fault", "503"}, "--fault 503: the share of 503 is missing (try '503:5%')"},
    {{"--fault", "5%:503"}, "--fault 5%:503: a share follows on its ':', behind what it is of (try '503:5%')"},
    {{"--fault", "reset=5%"}, "--fault reset=5%: a share follows on its ':', behind what it is of (try 'reset:5%')"},
    {{"--fault", "5%"}, "--fault 5%: expected what has the share, and the share, not 5% (try '503:5%')"},
    {{"--fault", "503:5"}, "--fault 503:5: expected a share with its '%', as in 5% or 0.5%, not 5"},
    {{"--fault", "503:60%,reset:41%"}, "--fault 503:60%,reset:41%: the shares are more than 100% together"},
    {{"--fault", "503:101%"}, "--fault 503:101%: more than 100% (101%)"},
    {{"--fault", "503:0.00001%"},
     "--fault 503:0.00001%: expected a share with its '%', as in 5% or 0.5%, not 0.00001% (at most four decimals)"},
    {{"--fault", "503:5%", "--sequence", "503"}, "--fault: the outcomes are given in order too (--sequence): leave one of them out"},
    {{"--fault", "truncate:5%", "--body", ""}, "--fault: truncate needs a body that can be cut, and this one is empty"},
    {{"--sequence", "truncate", "-s", "204"}, "--sequence: truncate needs a body that can be cut, and this one is empty"},
    {{"--delay", "5"}, "--delay 5: a duration needs a unit: 5ms or 5s?"},
    {{"--delay", "2s-1s"}, "--delay 2s-1s: 2s-1s: the second duration is shorter than the first"},
    {{"--delay", "2s~2s"}, "--delay 2s~2s: 2s~2s: expected MEDIAN~99TH-PERCENTILE, the first above 0 and below the second"},
    {{"--delay", "1s,2s"}, "--delay 1s,2s: two delays without a share: only one can take what the others leave (try '2s:5%')"},
    {{"--delay", "9000h"}, "--delay 9000h: expected a duration, 0 to 8760h"},
    {{"--cors", "example.com"},
     "--cors example.com: expected an origin, scheme://host[:port] without a path, or '*' for any, not example.com"},
    {{"--cors", "HTTPS://APP.example"}, "--cors HTTPS://APP.example: no browser sends it so (try 'https://app.example')"},
    {{"--cors", "http://a:80"}, "--cors http://a:80: no browser sends it so (try 'http://a')"},
    {{"--cors", "https://[::1]:443"}, "--cors https://[::1]:443: no browser sends it so (try 'https://[::1]')"},
    {{"--cors", "https://a:"}, "--cors https://a:: no browser sends it so (try 'https://a')"},
    {{"--cors", "https://a:080"}, "--cors https://a:080: no browser sends it so (try 'https://a:80')"},
    {{"--cors", "https://a:99999"},
     "--cors https://a:99999: expected an origin, scheme://host[:port] without a path, or '*' for any, not https://a:99999"},
    {{"--cors", "https://a]b"},
     "--cors https://a]b: expected an origin, scheme://host[:port] without a path, or '*' for any, not https://a]b"},
    {{"--cors", "https://[a"},
     "--cors https://[a: expected an origin, scheme://host[:port] without a path, or '*' for any, not https://[a"},
    {{"--cors", "https://[g::1]"},
     "--cors https://[g::1]: expected an origin, scheme://host[:port] without a path, or '*' for any, not https://[g::1]"},
    {{"--cors", "https://[:]"},
     "--cors https://[:]: expected an origin, scheme://host[:port] without a path, or '*' for any, not https://[:]"},
    {{"--cors", "https://[0:0::1]:8443"}, "--cors https://[0:0::1]:8443: no browser sends it so (try 'https://[::1]:8443')"},
    {{"--cors", "https://[::ffff:192.0.2.1]"},
     "--cors https://[::ffff:192.0.2.1]: no browser sends it so (try 'https://[::ffff:c000:201]')"},
    {{"--cors", "https://[::FFFF:192.0.2.1]:443"},
     "--cors https://[::FFFF:192.0.2.1]:443: no browser sends it so (try 'https://[::ffff:c000:201]')"},
    {{"--cors", "https://[]"},
     "--cors https://[]: expected an origin, scheme://host[:port] without a path, or '*' for any, not https://[]"},
    {{"--cors", "https://me@a"},
     "--cors https://me@a: expected an origin, scheme://host[:port] without a path, or '*' for any, not https://me@a"},
    {{"--cors", "https://"}, "--cors https://: expected an origin, scheme://host[:port] without a path, or '*' for any, not https://"},
    {{"--cors", "https://a/"},
     "--cors https://a/: expected an origin, scheme://host[:port] without a path, or '*' for any, not https://a/"},
    {{"--health", "h"}, "--health h: the path h begins with no '/' (try '/h')"},
    {{"--health", "/h*"}, "--health /h*: expected one path, without '*'"},
    {{"--health", "/h", "--ready", "/h"}, "--ready: the same path is asked for the liveness (--health)"},
    {{"--health", "/h", "--expect", "GET /", "--expect", "GET /h"},
     "--expect 'GET /h': /h is asked for the health, and that is never counted"},
    {{"--ready", "/r", "--expect", "2 * /r"}, "--expect '2 * /r': /r is asked for the health, and that is never counted"},
    {{"--down-file", "d"}, "--down-file: nobody can ask whether it is ready (try --ready /ready)"},
    {{"--ready-after", "1s"}, "--ready-after: nobody can ask whether it is ready (try --ready /ready)"},
    {{"--unready"}, "--unready: nobody can ask whether it is ready (try --ready /ready)"},
    {{"--unhealthy-after", "1s"}, "--unhealthy-after: nobody can ask whether it is healthy (try --health /healthz)"},
};
INSTANTIATE_TEST_SUITE_P(, RefusedOutcome, testing::ValuesIn(refused));

TEST(Check, reads_the_bodies_of_routes_and_whether_they_can_be_cut) {
    const TemporaryDirectory directory;
    const std::string empty = directory.write("empty", "");
    EXPECT_THAT(problems({"--check", "--route", "/a 200 @" + directory.path("none")}),
                ElementsAre("--route '/a 200 @" + directory.path("none") + "': cannot read the body from " + directory.path("none") +
                            ": no such file or directory"));
    EXPECT_THAT(problems({"--check", "--sequence", "truncate", "--body-file", empty}),
                ElementsAre("--sequence: truncate needs a body that can be cut, and this one is empty"));
    const std::string file = directory.write("stub.toml", "[[route]]\npath = \"/a\"\nbody_file = \"empty\"\nfault = \"truncate:1%\"\n");
    EXPECT_THAT(problems({"--check", "--config", file}),
                ElementsAre(file + ":4:9: fault: truncate needs a body that can be cut, and this one is empty"));
}

TEST(Cors, takes_an_origin_as_a_browser_sends_it) {
    for (const char* const origin : {"*", "http://a", "https://a.example:80", "http://[::1]:8080", "http://[2001:db8::ffff:1]",
                                     "http://127.0.0.1:3000", "app+x://a-b_c"})
        EXPECT_EQ(config({"--cors", origin}).response.cors, origin);
}

TEST(RefusedTable, standard_input_holds_one_thing) {
    const TemporaryDirectory directory;
    const std::string file = directory.write("stub.toml", "response.body_file = \"-\"\n[[route]]\npath = \"/a\"\nbody_file = \"-\"\n");
    EXPECT_THAT(problems({"--config", file}), ElementsAre(file + ":4:13: body_file = \"-\": standard input already holds another body"));
}

TEST(RefusedTable, a_pair_of_which_one_is_too_many_is_refused_in_a_route) {
    const TemporaryDirectory directory;
    const std::string file =
        directory.write("stub.toml", "[[route]]\npath = \"/a\"\nbody = \"\"\nbody_file = \"b\"\nsequence = \"ok\"\nfault = \"503:1%\"\n");
    EXPECT_THAT(
        problems({"--config", file}),
        ElementsAre(file + ":4:13: body_file: the body is given as a text too (" + file + ":3:8: body): leave one of them out",
                    file + ":6:9: fault: the outcomes are given in order too (" + file + ":5:12: sequence): leave one of them out"));
}

TEST(Outcomes, of_the_higher_layer_are_the_only_ones) {
    const ResponseConfig response = config({"--fault", "503:5%"}, {"TINYHTTPD_SEQUENCE=reset"}).response;
    EXPECT_THAT(response.sequence, IsEmpty());
    EXPECT_THAT(response.faults, testing::SizeIs(1));
}

TEST(RefusedTable, names_its_line) {
    const TemporaryDirectory directory;
    const auto lines = [&directory](const std::string& text) {
        const std::string file = directory.write("stub.toml", text);
        Strings found = problems({"--config", file});
        for (std::string& line : found) line = line.substr(file.size() - std::string("stub.toml").size());
        return found;
    };
    EXPECT_THAT(lines("[[route]]\nstatus = 200\n"), ElementsAre("stub.toml:1:1: [[route]]: the path is missing (path = \"/…\")"));
    EXPECT_THAT(lines("[[route]]\npath = \"a\"\n"), ElementsAre("stub.toml:2:8: path = \"a\": the path a begins with no '/' (try '/a')"));
    EXPECT_THAT(lines("[[route]]\npath = \"/a\"\nstatsu = 200\n"),
                ElementsAre("stub.toml:3:1: unknown key 'statsu' of a route (did you mean 'status'?)"));
    EXPECT_THAT(lines("[[route]]\npath = \"/a\"\nmethods = [\"get\"]\n"),
                ElementsAre("stub.toml:3:12: methods = \"get\": methods are case-sensitive (did you mean 'GET'?)"));
    EXPECT_THAT(lines("[route]\npath = \"/a\"\n"), ElementsAre("stub.toml:1:1: route: expected tables, each as [[route]], found a table"));
    EXPECT_THAT(lines("[[route]]\npath = \"/a\"\n[[route]]\npath = \"/a\"\n"),
                ElementsAre("stub.toml:3:1: [[route]]: is never reached: what it answers is answered earlier (" +
                            directory.path("stub.toml") + ":1:1: [[route]])"));
}

TEST(RefusedTable, a_route_may_be_hidden_by_several_together) {
    const TemporaryDirectory directory;
    const auto problem = [&directory](const std::string& methods) {
        const std::string text =
            "[[route]]\npath = \"/a\"\nmethods = [\"GET\"]\n[[route]]\npath = \"/*\"\nmethods = [\"POST\", \"PUT\"]\n"
            "[[route]]\npath = \"/a\"\n";
        return problems({"--config", directory.write("stub.toml", text + methods)});
    };
    const std::string at = directory.path("stub.toml");
    EXPECT_THAT(problem("methods = [\"HEAD\", \"PUT\"]\n"),
                ElementsAre(at + ":7:1: [[route]]: is never reached: what it answers is answered earlier (" + at + ":1:1: [[route]]; " +
                            at + ":4:1: [[route]])"));
    EXPECT_EQ(config({"--config", directory.write("stub.toml",
                                                  "[[route]]\npath = \"/a\"\nmethods = [\"GET\"]\n"
                                                  "[[route]]\npath = \"/a\"\nmethods = [\"GET\", \"DELETE\"]\n")})
                  .routes.size(),
              2U)
        << "one method is left to it";
    EXPECT_EQ(config({"--route", "GET /a 200", "--route", "POST /a 200", "--route", "/a 200"}).routes.size(), 3U) << "others are left";
}

TEST(Restart, every_key_that_a_reload_cannot_change_is_known) {
    // One that differs in everything: what is not named here is of the answers, the health or the level.
    const Config other = config({"-l",
                                 ":1",
                                 "--unix-mode",
                                 "600",
                                 "--backlog",
                                 "7",
                                 "--proxy-protocol",
                                 "-w",
                                 "3",
                                 "--pin-workers",
                                 "--engine",
                                 "epoll",
                                 "--read-buffer",
                                 "8k",
                                 "--write-buffer",
                                 "8k",
                                 "--max-head",
                                 "9000",
                                 "--max-body",
                                 "0",
                                 "--max-connections",
                                 "10",
                                 "--no-keepalive",
                                 "--keepalive-requests",
                                 "5",
                                 "--head-timeout",
                                 "1ms",
                                 "--body-timeout",
                                 "1ms",
                                 "--idle-timeout",
                                 "1m",
                                 "--write-timeout",
                                 "2h",
                                 "--access-log",
                                 "-",
                                 "--log-format",
                                 "json",
                                 "--log-buffer",
                                 "1M",
                                 "--log-flush",
                                 "2s",
                                 "--log-overflow",
                                 "block",
                                 "--capture",
                                 "x",
                                 "--capture-body",
                                 "9",
                                 "--expect",
                                 "GET /",
                                 "--exit-idle",
                                 "1s",
                                 "--max-requests",
                                 "9",
                                 "--max-time",
                                 "1s",
                                 "--shutdown-timeout",
                                 "1s",
                                 "--shutdown-delay",
                                 "1s"});
    Strings named;
    for (const std::string_view key : keys_that_need_a_restart(Config{}, other)) named.emplace_back(key);
    Strings expected;
    for (const Option* option : all_options()) {
        const bool is_reloaded = option->key.starts_with("response.") || option->key.starts_with("health.") || option->key == "route" ||
                                 option->key == "seed" || option->key == "log.level";
        if (!option->key.empty() && !is_reloaded) expected.emplace_back(option->key);
    }
    EXPECT_THAT(named, testing::UnorderedElementsAreArray(expected));
}

}  // namespace
}  // namespace tinyhttpd::config::test
