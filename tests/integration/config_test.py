# SPDX-License-Identifier: MIT
"""Where settings come from, seen in real answers: flag over environment over file over default, in every pairing."""
import os
import subprocess

import support
from support import ask, run


class Sources(support.TestCase):
    def setUp(self):
        self.folder = self.directory()
        self.file = os.path.join(self.folder, "stub.toml")

    def write(self, text, name="stub.toml"):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def answer(self, flags=(), env=None, toml=None, **how):
        if toml is not None:
            flags = [*flags, "--config", self.write(toml)]
        server = self.start(*flags, env=env, **how)
        answer = ask(server.address())
        server.stop()
        return answer

    def test_a_number_in_every_pairing(self):
        flag, env, file = ["--status", "201"], {"TINYHTTPD_STATUS": "202"}, "[response]\nstatus = 203\n"
        for flags, environment, toml, expected in (
                ([], None, None, 200), (flag, None, None, 201), ([], env, None, 202), ([], None, file, 203),
                (flag, env, None, 201), (flag, None, file, 201), ([], env, file, 202), (flag, env, file, 201)):
            self.assertEqual(self.answer(flags, environment, toml).status, expected, (flags, environment, toml))

    def test_a_switch_in_every_pairing(self):
        flag, env, file = ["--date"], {"TINYHTTPD_DATE": "false"}, "[response]\ndate = false\n"
        for flags, environment, toml, expected in (
                ([], None, None, True), (["--no-date"], None, None, False), ([], env, None, False), ([], None, file, False),
                (flag, env, None, True), (flag, None, file, True), ([], {"TINYHTTPD_DATE": "true"}, file, True), (flag, env, file, True)):
            self.assertEqual(self.answer(flags, environment, toml).field("Date") is not None, expected, (flags, environment, toml))

    def test_a_list_replaces_the_whole_list_below(self):
        flag = ["-H", "A: flag", "-H", "A: flag too"]
        env, file = {"TINYHTTPD_HEADER": "A: env\nB: env"}, '[response]\nheaders = ["A: file", "C: file"]\n'
        for flags, environment, toml, expected in (
                (flag, None, None, ["A: flag", "A: flag too"]), ([], env, None, ["A: env", "B: env"]),
                ([], None, file, ["A: file", "C: file"]), (flag, env, None, ["A: flag", "A: flag too"]),
                (flag, None, file, ["A: flag", "A: flag too"]), ([], env, file, ["A: env", "B: env"])):
            answer = self.answer(flags, environment, toml)
            self.assertEqual([f"{name}: {value}" for name, value in answer.fields if name in "ABC"], expected)

    def test_a_body_of_a_higher_layer_hides_a_body_file_below_and_the_other_way_round(self):
        path = self.write("from the file", "body")
        self.assertEqual(self.answer(["--body", "flag"], {"TINYHTTPD_BODY_FILE": path}).body, b"flag")
        self.assertEqual(self.answer(["--body-file", path], {"TINYHTTPD_BODY": "env"}).body, b"from the file")
        self.assertEqual(self.answer([], {"TINYHTTPD_BODY": "env"}, '[response]\nbody_file = "body"\n').body, b"env")
        self.assertEqual(self.answer([], None, '[response]\nbody_file = "body"\n').body, b"from the file")

    def test_listeners_of_the_file_and_the_environment(self):
        toml = self.write('listen = ["127.0.0.1:0", "127.0.0.2:0"]\n')
        hosts = lambda server, lines: [server.address(line)[0] for line in range(lines)]
        self.assertEqual(hosts(self.start("--config", toml, listen=(), lines=2), 2), ["127.0.0.1", "127.0.0.2"])
        env = {"TINYHTTPD_LISTEN": "127.0.0.3:0\n127.0.0.4:0", "TINYHTTPD_CONFIG": toml}
        self.assertEqual(hosts(self.start(listen=(), lines=2, env=env), 2), ["127.0.0.3", "127.0.0.4"])
        self.assertEqual(hosts(self.start(env=env), 1), ["127.0.0.1"])

    def test_no_file_is_read_that_is_not_named(self):
        for name in ("tinyhttpd.toml", "config.toml", ".tinyhttpd.toml"):
            self.write("[response]\nstatus = 500\n", name)
        shell = ["sh", "-c", f'cd "{self.folder}" && exec "$@"', "sh"]
        self.assertEqual(self.answer(wrapper=shell, env={"HOME": self.folder, "XDG_CONFIG_HOME": self.folder}).status, 200)

    def test_what_kubernetes_injects_for_a_service_is_not_read(self):
        env = {"TINYHTTPD_PORT": "tcp://10.0.0.1:80", "TINYHTTPD_SERVICE_HOST": "10.0.0.1", "TINYHTTPD_PORT_80_TCP": "tcp://10.0.0.1:80"}
        self.assertEqual(self.answer(env=env).status, 200)

    def test_the_file_may_be_standard_input(self):
        server = self.start("--config", "-", stdin=subprocess.PIPE, lines=0)
        server.process.stdin.write(b"[response]\nbody = 'piped'\n")
        server.process.stdin.close()
        server.read_ready_lines(1)
        self.assertEqual(ask(server.address()).body, b"piped")

    def test_print_config_loads_back_to_itself(self):
        self.write(b"\0binary", "body")
        flags = ["--status", "418", "-H", "X: a,b", "-H", 'Y: "quoted" \\', "--body-file", os.path.join(self.folder, "body"),
                 "--max-time", "1h", "--read-buffer", "8k", "--no-keepalive", *support.ANY_PORT, "--listen", "unix:/tmp/x y"]
        status, first, err = run(*flags, "--print-config")
        self.assertEqual((status, err), (0, ""))
        status, second, err = run("--config", "-", "--print-config", stdin=first.encode(), env={"TINYHTTPD_ENGINE": support.ENGINE})
        self.assertEqual((status, err, second), (0, "", first))
        status, third, _ = run("--print-config")
        self.assertEqual(run("--config", "-", "--print-config", stdin=third.encode()), (0, third, ""))

    def test_a_server_of_the_printed_configuration_answers_the_same(self):
        _, printed, _ = run("--status", "418", "-H", "X: a,b", "--body", "tea\n", "--no-date", *support.ANY_PORT, "--print-config")
        server = self.start("--config", self.write(printed), listen=())
        answer = ask(server.address())
        self.assertEqual((answer.status, answer.field("X"), answer.body, answer.field("Date")), (418, "a,b", b"tea\n", None))


class Check(support.TestCase):
    def test_a_valid_one_exits_0_and_starts_nothing(self):
        port = self.start().address()[1]
        self.assertEqual(run("--check", "--listen", f"127.0.0.1:{port}"), (0, "", "tinyhttpd: the configuration is valid\n"))

    def test_a_wrong_one_exits_2_and_says_where(self):
        path = os.path.join(self.directory(), "stub.toml")
        with open(path, "w") as file:
            file.write("# one\n\nlisen = ['127.0.0.1:0']\n")
        status, out, err = run("--check", "--config", path)
        self.assertEqual((status, out), (2, ""))
        self.assertEqual(err, f"tinyhttpd: error: {path}:3:1: unknown key 'lisen' (did you mean 'listen'?)\n")

    def test_a_body_file_that_is_missing_exits_2(self):
        self.assertEqual(run("--check", "--body-file", "/nonexistent")[0], 2)


class Bodies(support.TestCase):
    def test_every_byte_of_a_file_and_of_standard_input_comes_back(self):
        body = bytes(range(256)) * 1000
        path = os.path.join(self.directory(), "body")
        with open(path, "wb") as file:
            file.write(body)
        self.assertEqual(ask(self.start("--body-file", path).address()).body, body)
        server = self.start("--body-file", "-", stdin=subprocess.PIPE, lines=0)
        server.process.stdin.write(body)
        server.process.stdin.close()
        server.read_ready_lines(1)
        self.assertEqual(ask(server.address()).body, body)

    def test_standard_input_is_left_alone_unless_it_is_asked_for(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        with open(writer, "wb") as file:
            file.write(b"for somebody else")
        server = self.start("--once", stdin=reader)
        ask(server.address())
        self.assertEqual(server.wait(), 0)
        self.assertEqual(os.read(reader, 100), b"for somebody else")

    def test_the_file_is_read_once_at_the_start(self):
        path = os.path.join(self.directory(), "body")
        with open(path, "w") as file:
            file.write("before")
        server = self.start("--body-file", path)
        os.unlink(path)
        self.assertEqual(ask(server.address()).body, b"before")

    def test_text_is_byte_exact(self):
        for text in ("no newline", "two\n\n", "%s \\n ${x}", "ünïcödé", " "):
            answer = ask(self.start("--body", text).address())
            self.assertEqual(answer.body.decode(), text)
        self.assertEqual(ask(self.start("positional").address()).body, b"positional")
        empty = ask(self.start("--body", "").address())
        self.assertEqual((empty.body, empty.field("Content-Length"), empty.field("Content-Type")), (b"", "0", None))

    def test_content_types(self):
        for flags, expected in ((["{}"], "application/json"), (["[1, 2]"], "application/json"), (["3"], "text/plain; charset=utf-8"),
                                (["{"], "text/plain; charset=utf-8"), (["{}", "--content-type", "a/b"], "a/b")):
            self.assertEqual(ask(self.start(*flags).address()).field("Content-Type"), expected)


if __name__ == "__main__":
    support.main()
