# SPDX-License-Identifier: MIT
"""--expect and --exit-idle: a test's verdict is the exit status, exact, and comes as soon as nothing more does. What a text of --expect
means in detail is for the unit tests.
"""
import contextlib
import os
import signal
import threading
import time

import support
from stall_test import StalledPipe
from support import Client, ask

# Longer than any of these tests may take: what waits for it runs into the deadline of the test.
NEVER = "10m"
UNMET = 5


def request(path="/", method="GET", *fields, close=True):
    lines = [f"{method} {path} HTTP/1.1", "Host: test", *(["Connection: close"] if close else []), *fields]
    return "\r\n".join([*lines, "", ""]).encode()


class TestCase(support.TestCase):
    def serve(self, *args, **how):
        self.server = self.start(*args, **how)
        self.address = self.server.address()
        return self.server

    def ask(self, *requests):
        """Each as "METHOD PATH", on a connection of its own."""
        for one in requests:
            method, path = one.split(" ")
            with contextlib.suppress(support.Ended):
                ask(self.address, request(path, method))

    def said(self):
        """The errors, without what is the same in each."""
        prefix = "tinyhttpd: error: "
        return [line.removeprefix(prefix) for line in self.server.stderr().splitlines() if line.startswith(prefix)]


class Expect(TestCase):
    def verdict(self, expected, came, *args):
        """What is said of requests that `came` when they were `expected`; nothing when they were met."""
        self.serve(*(part for text in expected for part in ("--expect", text)), *args)
        self.ask(*came)
        self.server.send_signal(signal.SIGTERM)
        status, said = self.server.wait(), self.said()
        self.assertEqual(status, UNMET if said else 0, said)
        return said

    def test_what_came_too_seldom_is_named_with_what_came_instead(self):
        self.assertEqual(self.verdict(["2 POST /orders"], ["POST /orders", "POST /order", "GET /"]),
                         ["expected 2 POST /orders, came 1 (nearest: POST /order, 1)"])
        self.assertEqual(self.verdict(["POST /orders"], []), ["expected POST /orders, came 0"])
        self.assertEqual(self.verdict(["2 GET /a"], ["GET /a"]), ["expected 2 GET /a, came 1"])

    def test_the_counts(self):
        for text, met in {"GET /": (1, 2, 3), "1+ GET /": (1, 2, 3), "2 GET /": (2,), "2+ GET /": (2, 3), "1-2 GET /": (1, 2),
                          "0 GET /": (0,), "0-1 GET /": (0, 1)}.items():
            for came in range(4):
                with self.subTest(text, came=came):
                    self.assertEqual(not self.verdict([text], ["GET /"] * came), came in met)

    def test_the_stars_and_the_query(self):
        self.assertEqual(self.verdict(["2 * /a", "3 GET /o/*", "5 * *", "0 DELETE *"],
                                      ["GET /a?x=1", "POST /a", "GET /o/1", "GET /o/2?y", "GET http://test/o/3"]), [])
        self.assertEqual(self.verdict(["0 * *"], ["HEAD /x"]), ["expected 0 * *, came 1"])
        self.assertEqual(self.verdict(["GET /a"], ["HEAD /a"]), ["expected GET /a, came 0 (nearest: HEAD /a, 1)"])

    def test_each_of_several_has_to_be_met_and_is_judged_by_itself(self):
        self.assertEqual(self.verdict(["GET /a", "2 GET /b", "0 GET /c", "* /*"], ["GET /a", "GET /c"]),
                         ["expected 2 GET /b, came 0 (nearest: GET /a, 1)", "expected 0 GET /c, came 1"])

    def test_health_and_what_is_refused_is_expected_by_nobody(self):
        for capture in ((), ("--capture", os.path.join(self.directory(), "lines"))):
            with self.subTest(capture):
                self.serve("--health", "/healthz", "--expect", "0 * *", *capture)
                self.ask("GET /healthz", "TRACE /", "CONNECT a:1")
                self.assertEqual(ask(self.address, b"GET /\r\n\r\n").status, 400)
                self.assertEqual(ask(self.address, request("/", "POST", "Content-Length: 5", "Transfer-Encoding: chunked")).status, 400)
                self.server.stop()

    def test_failures_and_other_methods_than_a_route_has_have_come_too(self):
        self.assertEqual(self.verdict(["2 GET /a", "1 POST /b", "1 OPTIONS /b", "2 OPTIONS *"],
                                      ["GET /a", "GET /a", "POST /b", "OPTIONS /b", "OPTIONS *"],
                                      "--sequence", "close,503,ok", "--route", "GET /b 200", "--cors", "*"), [])

    def test_many_at_once_are_counted_exactly(self):
        self.serve("--workers", "4", "--expect", "1000 POST /orders/*", "--expect", "1000 GET /", "--expect", "0-1999 * *")

        def load(i):
            with Client(self.address) as client:
                for number in range(50):
                    one = request(f"/orders/{i}", "POST", close=False) if number % 2 else request(close=False)
                    self.assertEqual(client.ask(one).status, 200)

        threads = [threading.Thread(target=load, args=(i,)) for i in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.server.stop(status=UNMET)
        self.assertEqual(self.said(), ["expected 0-1999 * *, came 2000"])

    def test_the_order_of_verdicts(self):
        unmet = "expected GET /a, came 0"
        self.serve("--expect", "GET /a", "--max-time", "50ms", "--max-requests", "3")
        self.assertEqual((self.server.wait(), self.said()), (UNMET, [unmet, "--max-time ended after 0 of 3 requests"]))
        self.serve("--expect", "0 GET /a", "--max-time", "50ms", "--max-requests", "3")
        self.assertEqual(self.server.wait(), 4)
        self.serve("--expect", "GET /a", "--max-time", "50ms")
        self.assertEqual((self.server.wait(), self.said()), (UNMET, [unmet]))
        self.serve("--expect", "2 GET /", "--once")
        self.ask("GET /")
        self.assertEqual((self.server.wait(), self.said()), (UNMET, ["expected 2 GET /, came 1"]))
        # What was cut says more than what is missing, which is said all the same.
        self.serve("--expect", "GET /a", "--shutdown-timeout", "50ms", "--delay", NEVER)
        with Client(self.address) as client:
            client.send(request("/b"))
            self.server.stop(status=3)
        self.assertEqual(self.said(), [f"{unmet} (nearest: GET /b, 1)"])

    def test_a_reload_changes_no_expectation(self):
        path = os.path.join(self.directory(), "stub.toml")
        self.write(path, "expect = ['GET /a']\n")
        self.serve("--config", path)
        self.ask("GET /a")
        self.write(path, "expect = ['GET /b']\n")
        self.server.send_signal(signal.SIGHUP)
        support.eventually(lambda: "reloaded" in self.server.stderr(), "it reloads")
        self.assertIn("tinyhttpd: warning: 'expect' needs a restart\n", self.server.stderr())
        self.server.stop()

    def write(self, path, text):
        with open(path, "w") as file:
            file.write(text)

    def test_it_is_read_from_the_environment_and_a_file(self):
        self.serve(env={"TINYHTTPD_EXPECT": "GET /a\n2 POST /b\n"})
        self.server.stop(status=UNMET)
        self.assertEqual(self.said(), ["expected GET /a, came 0", "expected 2 POST /b, came 0"])
        path = os.path.join(self.directory(), "stub.toml")
        self.write(path, "expect = ['0 * /x', 'PUT /c']\n")
        self.serve("--config", path)
        self.ask("PUT /c")
        self.server.stop()
        # A list of a higher layer takes the place of the whole list of a lower one.
        self.serve("--config", path, env={"TINYHTTPD_EXPECT": ""})
        self.server.stop()

    def test_a_text_that_is_none_exits_2_and_says_what_would_be_right(self):
        for text, remedy in {"POST": "try 'POST /'", "/x": "try 'GET /x', or '* /x' for any", "2 POST": "try '2 POST /'",
                             "post /x": "did you mean 'POST'?", "3-1 GET /": "try '1-3 GET /'", "0+ GET /": "try '0 GET /' for none",
                             "2- GET /": "try '2 GET /'", "GET x": "try 'GET /x'", "GET / 2": "try '2 GET /'",
                             "GET /a*b": "only at its end", "": "try 'GET /'"}.items():
            status, out, err = support.run("--check", "--expect", text)
            self.assertEqual((status, out), (2, ""), text)
            self.assertTrue(err.startswith("tinyhttpd: error: --expect "), err)
            self.assertIn(remedy, err)
        status, _, err = support.run("--check", env={"TINYHTTPD_EXPECT": "GET /\nPOST"})
        self.assertEqual((status, err), (2, "tinyhttpd: error: TINYHTTPD_EXPECT=POST (environment): the path is missing (try 'POST /')\n"))


class ExitIdle(TestCase):
    """Never early: that is what would fail a test for no reason. How late is not asserted but by the deadline."""
    LIMIT = 2 if support.SANITIZED else 0.5

    def serve(self, *args, **how):
        self.begin = time.monotonic()
        super().serve("--exit-idle", f"{int(self.LIMIT * 1000)}ms", *args, **how)

    def ends_after(self, begin, status=0):
        self.assertEqual(self.server.wait(), status, self.server.stderr())
        self.assertGreater(time.monotonic() - begin, self.LIMIT)

    def outlasts(self, busy):
        """busy() goes on for longer than the limit, and returns a time at which it had not ended yet: from then on the limit counts."""
        busy_until = busy()
        self.assertGreater(busy_until - self.begin, 1.5 * self.LIMIT)
        self.ends_after(busy_until)

    def keep_asking(self, ask_once):
        """At a pace that is four times the one that is needed."""
        asked = time.monotonic()
        for _ in range(8):
            time.sleep(self.LIMIT / 4)
            before, asked = asked, time.monotonic()
            if asked - before > self.LIMIT * 0.9:
                self.skipTest("this machine pauses for too long")
            self.assertEqual(ask_once().status, 200)
        return asked

    def test_nobody_ever_comes(self):
        self.serve()
        self.ends_after(self.begin)

    def test_each_request_postpones_it(self):
        self.serve("--workers", "3")
        self.outlasts(lambda: self.keep_asking(lambda: ask(self.address)))

    def test_requests_on_one_connection_postpone_it(self):
        self.serve()
        client = self.connect(self.server)
        self.outlasts(lambda: self.keep_asking(client.ask))

    def test_content_that_comes_slowly_keeps_it(self):
        self.serve()

        def busy():
            with Client(self.address) as client:
                client.send(request("/", "POST", "Content-Length: 5"))
                for byte in (b"a", b"b", b"cde"):
                    time.sleep(0.7 * self.LIMIT)
                    client.send(byte)
                sent = time.monotonic()
                self.assertEqual(client.answer().status, 200)
            return sent
        self.outlasts(busy)

    def test_a_head_that_comes_slowly_keeps_it(self):
        self.serve()

        def busy():
            with Client(self.address) as client:
                for piece in (b"G", b"E", b"T"):
                    client.send(piece)
                    time.sleep(0.7 * self.LIMIT)
                client.send(request().removeprefix(b"GET"))
                sent = time.monotonic()
                self.assertEqual(client.answer().status, 200)
            return sent
        self.outlasts(busy)

    def test_an_answer_that_waits_keeps_it(self):
        lasts = 2 * self.LIMIT
        for how in (("--delay", f"{int(lasts * 1000)}ms"), ("--limit-rate", "1000", "--body", "x" * int(lasts * 1000))):
            with self.subTest(how):
                self.serve(*how)

                def busy():
                    asked = time.monotonic()
                    self.assertEqual(ask(self.address).status, 200)
                    return asked + lasts
                self.outlasts(busy)

    def test_an_answer_that_is_read_slowly_keeps_it(self):
        path, size = os.path.join(self.directory(), "body"), 30_000_000  # more than the system takes off us
        with open(path, "wb") as file:
            file.truncate(size)
        self.serve("--body-file", path)

        def busy():
            with Client(self.address, receive_buffer=65536) as client:
                client.send(request())
                client.read_until(lambda data: b"\r\n\r\n" in data)
                time.sleep(2 * self.LIMIT)
                reads, left = time.monotonic(), size - len(client.data.split(b"\r\n\r\n", 1)[1])
                while left > 0:
                    left -= len(client.receive()) or size
                self.assertEqual(left, 0, "all of it")
            return reads
        self.outlasts(busy)

    def test_a_reader_of_the_capture_that_stalls_keeps_it(self):
        pipe = StalledPipe(self)
        port = os.path.join(self.directory(), "port")
        self.server = self.start("--exit-idle", f"{int(self.LIMIT * 1000)}ms", "--capture", "-", "-q", "--port-file", port, lines=0,
                                 stdout=pipe.end)
        self.begin = time.monotonic()

        def busy():
            with Client(self.address_in(port)) as client:
                client.send(request("/x"))
                time.sleep(2 * self.LIMIT)
                read = time.monotonic()
                pipe.read_until(lambda data: b"/x" in data)
                self.assertEqual(client.answer().status, 200)
            return read
        self.outlasts(busy)

    def test_connections_without_a_request_and_health_do_not_keep_it(self):
        self.serve("--health", "/healthz", "--ready", "/readyz", "--workers", "2")
        silent, kept = self.connect(self.server), self.connect(self.server)
        asked = time.monotonic()
        self.assertEqual(kept.ask().status, 200)

        def go_on():
            with contextlib.suppress(support.Ended, OSError):
                while True:
                    for path in ("/healthz", "/readyz"):
                        ask(self.address, request(path))
                    kept.ask(request("/healthz", close=False))

        watching = threading.Thread(target=go_on)
        watching.start()
        self.ends_after(asked)
        watching.join()
        self.assertEqual(silent.read_to_end(), b"")

    def test_a_hang_keeps_it_until_the_client_leaves(self):
        self.serve("--sequence", "hang")

        def busy():
            with Client(self.address) as client:
                client.send(request())
                time.sleep(2 * self.LIMIT)
                left = time.monotonic()
            return left
        self.outlasts(busy)

    def test_it_ends_with_the_verdict(self):
        self.serve("--expect", "2 POST /hook")
        self.ask("POST /hook")
        self.ends_after(self.begin, status=UNMET)
        self.assertEqual(self.said(), ["expected 2 POST /hook, came 1"])
        self.serve("--expect", "1 POST /hook", "--max-requests", "10", "--max-time", NEVER)
        self.ask("POST /hook")
        self.ends_after(self.begin)

    def test_a_busy_server_is_not_asked_all_the_time(self):
        if not support.LINUX or support.SANITIZED:
            self.skipTest("reads /proc, or a sanitizer's own time would be measured")
        self.server = self.start("--exit-idle", NEVER, "--workers", "2")
        before = self.server.cpu_seconds()
        time.sleep(1)  # what it costs to wait is measured, not awaited
        self.assertLess(self.server.cpu_seconds() - before, 0.1)

    def test_a_time_that_is_none_exits_2(self):
        status, _, err = support.run("--exit-idle", "5")
        self.assertEqual(status, 2)
        self.assertIn("--exit-idle 5: ", err)


if __name__ == "__main__":
    support.main()
