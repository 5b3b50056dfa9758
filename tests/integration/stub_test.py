# SPDX-License-Identifier: MIT
"""More than one answer, from outside: routes, sequences, faults, delays, rates, health and reload, with the real program over real
sockets. What chance and time make of them in detail is for the unit tests and the simulation.
"""
import collections
import gzip
import json
import os
import signal
import subprocess
import threading
import time
import urllib.request
import zlib

import support
from support import ask


def request(path="/", method="GET", *fields, close=True):
    lines = [f"{method} {path} HTTP/1.1", "Host: test", *(["Connection: close"] if close else []), *fields]
    return "\r\n".join([*lines, "", ""]).encode()


class Stub(support.TestCase):
    def serve(self, *args, **how):
        self.server = self.start(*args, **how)
        self.address = self.server.address()
        return self.server

    def get(self, path="/", method="GET", *fields):
        return ask(self.address, request(path, method, *fields))

    def status(self, *args):
        return self.get(*args).status

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def setUp(self):
        self.folder = self.directory()


class Routes(Stub):
    def test_a_route_answers_its_path_and_its_methods(self):
        self.serve("--route", "/version 200 1.2.3", "--route", "POST /orders/* 201 made", "--status", "404")
        self.assertEqual((self.get("/version?x").status, self.get("/version?x").body), (200, b"1.2.3"))
        self.assertEqual(self.status("/orders/1", "POST"), 201)
        self.assertEqual(self.status("/else"), 404)
        refused = self.get("/orders/1")
        self.assertEqual((refused.status, refused.field("Allow")), (405, "POST"))
        self.assertEqual(ask(self.address, request("http://test/version", close=False)).body, b"1.2.3")

    def test_a_hundred_routes_are_told_apart_on_one_connection(self):
        self.serve(*(part for i in range(100) for part in ("--route", f"/route/{i}{'/*' if i % 2 else ''} 200 {i}")))
        with support.Client(self.address) as client:
            for i in range(100):
                path = f"/route/{i}" + ("/below" if i % 2 else "")
                self.assertEqual(client.ask(request(path, close=False)).body, str(i).encode())

    def test_preflights_get_what_they_ask_for(self):
        self.serve("--cors", "https://example.com", "--route", "GET /a 200")
        asked = ("Origin: https://example.com", "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: X-A, X-B")
        answer = self.get("/a", "OPTIONS", *asked)
        self.assertEqual(answer.status, 204)
        for name, value in {"Allow-Origin": "https://example.com", "Allow-Methods": "PUT", "Allow-Headers": "X-A, X-B", "Max-Age": "600",
                            "Allow-Credentials": "true"}.items():
            self.assertEqual(answer.field("Access-Control-" + name), value)
        self.assertEqual(self.get("/", "OPTIONS", *asked[:2], "Access-Control-Request-Headers: a b").field("Access-Control-Allow-Headers"), None)
        for ordinary in (self.get("/a"), self.get("/a", "POST"), self.get("/", "GET", "Transfer-Encoding: x")):
            self.assertEqual(ordinary.field("Access-Control-Allow-Origin"), "https://example.com", ordinary.status_line)
            self.assertEqual(ordinary.field("Vary"), "Origin")


class Variants(Stub):
    """A page that is there as gzip and deflate, too."""
    PAGE = b"<p>" + bytes(range(256)) * 100

    def setUp(self):
        super().setUp()
        self.page = self.write_bytes("page", self.PAGE)
        self.gz = self.write_bytes("page.gz", gzip.compress(self.PAGE))
        self.zz = self.write_bytes("page.zz", zlib.compress(self.PAGE))
        self.body = ("--body-file", self.page, "--variant", f"gzip: {self.gz}")

    def write_bytes(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def url(self):
        return "http://{}:{}/".format(*self.address)

    def test_curl_unpacks_what_it_asked_for(self):
        self.serve(*self.body)

        def curl(*options):
            return subprocess.run(["curl", "-sS", "--max-time", "10", *options, self.url()], check=True, stdout=subprocess.PIPE).stdout
        size = ("-o", os.devnull, "-w", "%{size_download}")
        self.assertEqual(curl("--compressed"), self.PAGE)
        self.assertEqual(int(curl("--compressed", *size)), os.path.getsize(self.gz))
        self.assertEqual(curl(), self.PAGE)
        self.assertEqual(int(curl(*size)), len(self.PAGE))
        head = curl("--compressed", "--head").decode()
        self.assertRegex(head, r"(?m)^Content-Encoding: gzip\r$")
        self.assertRegex(head, rf"(?m)^Content-Length: {os.path.getsize(self.gz)}\r$")

    def test_python_gets_the_coding_that_weighs_most(self):
        self.serve(*self.body, "--variant", f"deflate: {self.zz}", "--cors", "https://example.com")
        unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress, None: bytes}
        for accepted, expected in {"gzip": "gzip", "deflate": "deflate", "deflate, gzip": "gzip", "gzip;q=0.5, deflate": "deflate",
                                   "br": None, "identity": None, "*": "gzip", "*;q=0": None, "gzip;q=0, *": "deflate", "": None}.items():
            with self.subTest(accepted):
                asked = urllib.request.Request(self.url(), headers={"Accept-Encoding": accepted})
                with urllib.request.urlopen(asked, timeout=support.DEADLINE) as answer:
                    self.assertEqual(answer.headers["Content-Encoding"], expected)
                    self.assertEqual(answer.headers["Vary"], "Origin, Accept-Encoding")
                    self.assertEqual(unpack[expected](answer.read()), self.PAGE)

    def test_a_route_has_its_own_and_a_status_that_is_drawn_has_none(self):
        path = self.write("stub.toml", '[[route]]\npath = "/page"\nbody_file = "page"\nvariants = "gzip: page.gz"\nsequence = "503,ok"\n'
                                       'delay = "10ms"\nlimit_rate = "1M"\n')
        self.serve("--config", path)
        accepts = ("/page", "GET", "Accept-Encoding: gzip")
        drawn = self.get(*accepts)
        self.assertEqual((drawn.status, drawn.body, drawn.field("Content-Encoding"), drawn.field("Vary")),
                         (503, b"Service Unavailable", None, "Accept-Encoding"))
        answer = self.get(*accepts)
        self.assertEqual((answer.status, gzip.decompress(answer.body)), (200, self.PAGE))
        self.assertEqual(self.get("/page").body, self.PAGE)
        self.assertEqual(self.get("/else", *accepts[1:]).field("Vary"), None)

    def test_a_file_that_is_no_gzip_is_said_before_anybody_is_served(self):
        server = self.start("--body-file", self.page, "--variant", f"gzip: {self.zz}", lines=0)
        self.assertEqual(server.wait(), 1)
        self.assertEqual(server.stderr(), f"tinyhttpd: error: --variant 'gzip: {self.zz}': "
                                          f"cannot send {self.zz} as gzip: it does not begin with 1f 8b (try gzip -k)\n")

    def test_a_reload_reads_them_again(self):
        self.serve("--body", "text", "--variant", f"gzip: {self.gz}")
        packed = lambda: self.get("/", "GET", "Accept-Encoding: gzip").body
        self.assertEqual(gzip.decompress(packed()), self.PAGE)
        self.write_bytes("page.gz", b"no gzip")
        self.server.send_signal(signal.SIGHUP)
        support.eventually(lambda: "kept the configuration" in self.server.stderr(), "the refusal")
        self.assertEqual(gzip.decompress(packed()), self.PAGE)
        self.write_bytes("page.gz", gzip.compress(b"other"))
        self.server.send_signal(signal.SIGHUP)
        support.eventually(lambda: gzip.decompress(packed()) == b"other", "the other content")


class Outcomes(Stub):
    def test_a_sequence_is_exact_over_all_workers(self):
        self.serve("--sequence", "503x150,ok", "--workers", "4")
        counts, lock = collections.Counter(), threading.Lock()

        def load():
            mine = collections.Counter(self.status() for _ in range(50))
            with lock:
                counts.update(mine)

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(counts, {503: 150, 200: 50})

    def test_a_seed_repeats_the_counts_whatever_the_workers(self):
        def counts(workers):
            self.serve("--fault", "503:20%,500:10%", "--seed", "42", "--workers", str(workers))
            with support.Client(self.address) as client:
                seen = collections.Counter(client.ask(request(close=False)).status for _ in range(500))
            self.server.stop()
            return seen
        self.assertEqual(counts(1), counts(8))

    def outcome(self, word, method="GET"):
        """What comes of a request for a page that fails so, behind one that does not, and how it ends."""
        path = self.write("stub.toml", f'[[route]]\npath = "/fail"\nbody = "0123456789"\nsequence = "{word}"\n')
        self.serve("--config", path, "--access-log", os.path.join(self.folder, "log"), "--log-format", "json", "--log-flush", "1ms")
        with support.Client(self.address) as client:
            self.assertEqual(client.ask(request(close=False)).body, b"OK")
            client.send(request(close=False) + request("/fail", method, close=False) + request(close=False))
            self.assertEqual(client.answer().body, b"OK")
            received = client.data
            try:
                while piece := client.socket.recv(4096):
                    received += piece
                end = "fin"
            except ConnectionResetError:
                end = "reset"
        self.server.stop()
        with open(os.path.join(self.folder, "log")) as log:
            line = [json.loads(line) for line in log][2]
        self.assertEqual((line["status"], line["fault"], line["target"]), (0, word, "/fail"))
        return received, end

    def test_close(self):
        self.assertEqual(self.outcome("close"), (b"", "fin"))

    def test_reset(self):
        self.assertEqual(self.outcome("reset"), (b"", "reset"))

    def test_truncate(self):
        received, end = self.outcome("truncate")
        self.assertRegex(received, rb"(?s)^HTTP/1\.1 200 OK\r\n.*Content-Length: 10\r\n\r\n01234$")
        self.assertEqual(end, "fin")

    def test_truncate_of_a_head(self):
        received, _ = self.outcome("truncate", "HEAD")
        self.assertTrue(received.startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertNotIn(b"\r\n\r\n", received)

    def test_garbage(self):
        received, end = self.outcome("garbage")
        self.assertEqual((len(received), received[:4] == b"HTTP", end), (64, False, "fin"))

    def test_a_failed_request_is_one_of_max_requests(self):
        self.serve("--sequence", "close,ok", "--max-requests", "2")
        with self.assertRaises(support.Ended):
            self.get()
        self.assertEqual(self.status(), 200)
        self.assertEqual(self.server.wait(), 0)

    def test_a_hang_holds_up_nobody_and_ends_with_the_drain(self):
        self.serve("--route", "/hang 200", "--sequence", "hang", "--shutdown-timeout", "100ms")
        with support.Client(self.address) as client:
            client.send(request("/"))
            self.assertEqual(self.status("/hang"), 200)
            self.server.stop()
            self.assertEqual(client.socket.recv(1), b"")

    def test_a_delay_is_never_early_and_costs_no_time_of_the_processor(self):
        self.serve("--delay", "300ms", "--workers", "2")
        begin = time.monotonic()
        clients = [support.Client(self.address, linger=False) for _ in range(200)]
        for client in clients:
            client.send(request())
        before = self.server.cpu_seconds() if support.LINUX else 0
        for client in clients:
            self.assertEqual(client.answer().status, 200)
            self.assertGreaterEqual(time.monotonic() - begin, 0.3)
            client.close()
        if support.LINUX and not support.SANITIZED:
            self.assertLess(self.server.cpu_seconds() - before, 0.25)

    def test_a_stop_finishes_an_answer_that_waits(self):
        self.serve("--delay", "500ms", "--route", "/now 200")
        with support.Client(self.address) as client:
            client.send(request(close=False))
            self.assertEqual(self.status("/now"), 200)  # behind that request, which has come by now
            self.server.send_signal(signal.SIGTERM)
            answer = client.answer()
            self.assertEqual((answer.status, answer.closes), (200, True))
        self.assertEqual(self.server.wait(), 0)

    def test_content_at_a_rate_takes_its_time_and_arrives_whole(self):
        body = os.urandom(30_000)
        path = os.path.join(self.folder, "body")
        with open(path, "wb") as file:
            file.write(body)
        self.serve("--limit-rate", "60000", "--body-file", path)
        begin = time.monotonic()
        self.assertEqual(self.get().body, body)
        self.assertGreaterEqual(time.monotonic() - begin, 0.5)

    def test_a_client_that_leaves_frees_what_waited_for_it(self):
        self.serve("--delay", "1h", "--max-connections", "2", "--route", "/now 200")
        for _ in range(3):
            for _ in range(2):
                with support.Client(self.address, linger=False) as client:
                    client.send(request())
                    client.socket.setblocking(False)
        self.assertEqual(self.status("/now"), 200)


class Health(Stub):
    def test_what_flips_it_is_the_body(self):
        down = os.path.join(self.folder, "down")
        self.serve("--health", "/live", "--ready", "/ready", "--down-file", down, "--unready", "--access-log",
                   os.path.join(self.folder, "log"), "--max-requests", "1", "--sequence", "500", "--delay", "10ms")
        ready = lambda: (self.get("/ready").status, self.get("/ready").body)
        self.assertEqual(ready(), (503, b"signal"))
        self.server.send_signal(signal.SIGUSR2)
        support.eventually(lambda: ready() == (200, b"ready"), "the signal")
        self.write("down", "")
        support.eventually(lambda: ready() == (503, b"down-file"), "the file")
        os.remove(down)
        support.eventually(lambda: ready() == (200, b"ready"), "the file has gone")
        self.assertEqual((self.get("/live").status, self.get("/live").body), (200, b"ok"))
        self.assertEqual(self.status("/live", "POST"), 405)
        self.assertIn("tinyhttpd: info: ready (SIGUSR2)\n", self.server.stderr())
        self.assertEqual(self.status("/"), 500)
        self.assertEqual(self.server.wait(), 0)
        with open(os.path.join(self.folder, "log")) as log:
            self.assertEqual(len(log.readlines()), 1)

    def test_the_clock(self):
        self.serve("--health", "/live", "--ready", "/ready", "--ready-after", "300ms", "--unhealthy-after", "600ms")
        support.eventually(lambda: self.status("/ready") == 200, "it becomes ready")
        support.eventually(lambda: (self.get("/live").status, self.get("/live").body) == (503, b"unhealthy"), "it becomes unhealthy")

    def test_a_stop_makes_it_not_ready_from_its_first_instant(self):
        self.serve("--health", "/live", "--ready", "/ready", "--shutdown-delay", "1m")
        self.assertEqual(self.status("/ready"), 200)
        self.server.send_signal(signal.SIGTERM)
        support.eventually(lambda: self.get("/ready").body == b"stopping", "the stop")
        self.assertEqual(self.status("/live"), 200)
        self.server.stop(status=3)


class Reload(Stub):
    def configure(self, body, more=""):
        return self.write("stub.toml", f'{more}\n[response]\nbody = "{body}"\n')

    def hup(self, said):
        before = self.server.stderr().count("\n")
        self.server.send_signal(signal.SIGHUP)
        lines = lambda: self.server.stderr().splitlines()[before:]
        support.eventually(lambda: any(said in line for line in lines()), said)
        return lines()

    def test_what_is_valid_is_answered_from_then_on(self):
        path = self.configure("one")
        self.serve("--config", path)
        self.assertEqual(self.get().body, b"one")
        self.configure("two", '[[route]]\npath = "/new"\nstatus = 201\n')
        self.assertEqual(self.hup("reloaded"), [f"tinyhttpd: info: reloaded {path}"])
        support.eventually(lambda: self.get().body == b"two", "the new answer")
        self.assertEqual(self.status("/new"), 201)

    def test_what_is_wrong_changes_nothing_and_is_named(self):
        path = self.configure("one")
        self.serve("--config", path)
        self.write("stub.toml", "lisen = 1\n")
        line, = self.hup("kept")
        self.assertRegex(line, rf"^tinyhttpd: error: {path}:1:1: unknown key 'lisen' .* \(kept the configuration of \d\d:\d\d:\d\d\)$")
        self.assertEqual(self.get().body, b"one")

    def test_each_file_that_is_missing_is_named_with_its_place(self):
        path = self.configure("one")
        self.serve("--config", path)
        self.write("stub.toml", '[response]\nbody_file = "a"\n[[route]]\npath = "/b"\nbody_file = "b"\n')
        self.hup(f"error: {path}:5:13: body_file = \"b\": cannot read the body from")
        self.assertIn(f"error: {path}:2:13: response.body_file = \"a\": cannot read the body from", self.server.stderr())

    def test_what_needs_a_restart_is_named(self):
        self.serve("--config", self.configure("one"))
        self.configure("two", "workers = 7\n")
        self.assertIn("tinyhttpd: warning: 'workers' needs a restart", self.hup("reloaded"))

    def test_unready_counts_when_it_has_changed_and_else_what_the_signal_did(self):
        health = lambda unready: f'[health]\nready_path = "/ready"\nunready = {unready}\n'
        self.serve("--config", self.configure("one", health("false")))
        self.configure("two", health("true"))
        self.hup("reloaded")
        support.eventually(lambda: self.get("/ready").body == b"signal", "what the file says now")
        self.server.send_signal(signal.SIGUSR2)
        support.eventually(lambda: self.status("/ready") == 200, "the signal")
        self.configure("three", health("true"))
        self.hup("reloaded")
        support.eventually(lambda: self.get().body == b"three", "the reload")
        self.assertEqual(self.status("/ready"), 200)

    def test_the_readiness_that_comes_with_it_can_be_flipped(self):
        self.serve("--config", self.configure("one"))
        self.server.send_signal(signal.SIGUSR2)
        support.eventually(lambda: "nobody can ask" in self.server.stderr(), "the warning")
        self.configure("one", '[health]\nready_path = "/ready"\n')
        self.hup("reloaded")
        support.eventually(lambda: self.status("/ready") == 200, "the path")
        self.server.send_signal(signal.SIGUSR2)
        support.eventually(lambda: self.get("/ready").body == b"signal", "the signal")
        support.eventually(lambda: "not ready (SIGUSR2)" in self.server.stderr(), "that it is said")

    def test_standard_input_cannot_be_read_again(self):
        server = self.start("--config", "-", lines=0, stdin=subprocess.PIPE)
        server.process.stdin.write(b"[response]\nbody = 'one'\n")
        server.process.stdin.close()
        server.read_ready_lines(1)
        self.server, self.address = server, server.address()
        self.assertIn("cannot reload: the configuration was read from standard input", self.hup("cannot reload")[0])
        self.assertEqual(self.get().body, b"one")

    def test_those_that_come_while_one_is_under_way_are_one(self):
        body = os.path.join(self.folder, "body")
        os.mkfifo(body)

        def opened():
            try:
                return os.open(body, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # nobody reads it
                return None

        def write(text, meanwhile=lambda: None):
            with os.fdopen(support.eventually(opened, "it is read"), "w") as pipe:
                meanwhile()
                pipe.write(text)

        def reloaded(times):
            support.eventually(lambda: self.server.stderr().count("reloaded") == times, f"reload {times}")

        server = self.start("--body-file", body, lines=0)
        write("one")
        server.read_ready_lines(1)
        self.server, self.address = server, server.address()

        def send_many():
            for number in [signal.SIGHUP] * 100 + [signal.SIGUSR1]:
                self.server.send_signal(number)
                if support.LINUX:
                    support.eventually(lambda: not self.server.has_pending(number), "it is handled")

        self.server.send_signal(signal.SIGHUP)
        write("two", send_many)
        reloaded(1)
        write("last")  # who forgets them for good does not read it
        reloaded(2)
        support.eventually(lambda: self.get().body == b"last", "the last content")
        self.server.stop()  # a third would wait for the pipe
        self.assertEqual(self.server.stderr().count("reloaded"), 2)

    def test_a_hundred_under_load_fail_no_request_and_leave_no_memory_behind(self):
        path = self.configure("answer 0")
        self.serve("--config", path, "--workers", "2")
        failures, over = [], threading.Event()

        def load():
            with support.Client(self.address) as client:
                while not over.is_set():
                    answer = client.ask(request(close=False))
                    if answer.status != 200 or not answer.body.startswith(b"answer "):
                        failures.append(answer.status_line)

        threads = [threading.Thread(target=load) for _ in range(3)]
        for thread in threads:
            thread.start()
        memory = []
        for number in range(1, 101):
            if number % 2:
                self.configure(f"answer {number}")
            else:
                self.write("stub.toml", "broken")
            self.hup("reloaded" if number % 2 else "kept")
            memory.append(self.server.memory_bytes() if support.LINUX else 0)
        over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(self.get().body, b"answer 99")
        if not support.SANITIZED:
            self.assertLess(memory[-1] - memory[20], 1_000_000)


if __name__ == "__main__":
    support.main()
