# SPDX-License-Identifier: MIT
"""--capture of the running program: whoever has the answer finds the line, and nobody gets an answer whose line is nowhere. How a line
is made up in detail is for the unit tests.
"""
import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time
import unittest

import support
from support import Client, ask

REQUESTS = 2_000 if support.SANITIZED else 10_000
CLIENTS = 8
# Longer than any of these tests may take: what waits for it runs into the deadline of the test.
NEVER = "10m"
with_curl = unittest.skipUnless(shutil.which("curl"), "needs curl: apt-get install curl")


def request(target="/", method="GET", *fields, body=b"", close=False):
    if body:
        fields = (*fields, f"Content-Length: {len(body)}")
    lines = [f"{method} {target} HTTP/1.1", "Host: test", *(["Connection: close"] if close else []), *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body


def together(count, work):
    """Runs work(i) in as many threads, and raises what one of them raised."""
    failures = []

    def run(i):
        try:
            work(i)
        except BaseException as error:  # whatever it is, it is the test's
            failures.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def peer_of(client):
    return "{}:{}".format(*client.socket.getsockname()[:2])


class Reader:
    """Reads the lines of a file as they come, for several threads."""

    def __init__(self, path):
        self.descriptor = os.open(path, os.O_RDONLY)
        self.lock, self.torn, self.lines, self.by_target = threading.Lock(), b"", [], {}

    def find(self, target):
        """The line about a request for `target` that is there now; None: there is none."""
        with self.lock:
            while piece := os.read(self.descriptor, 1 << 20):
                *whole, self.torn = (self.torn + piece).split(b"\n")
                for line in map(json.loads, whole):
                    self.lines.append(line)
                    self.by_target[line.get("target")] = line
            return self.by_target.get(target)


class TestCase(support.TestCase):
    def setUp(self):
        self.folder = self.directory()
        self.path = os.path.join(self.folder, "requests.jsonl")

    def serve(self, *args, **how):
        self.server = self.start("--capture", self.path, *args, **how)
        self.address = self.server.address()
        return self.server

    def configure(self, text):
        path = os.path.join(self.folder, "stub.toml")
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def reader(self):
        reader = Reader(self.path)
        self.addCleanup(os.close, reader.descriptor)
        return reader

    def lines(self, count=None):
        with open(self.path, "rb") as file:
            text = file.read()
        self.assertTrue(text.endswith(b"\n") or not text, text[-200:])
        lines = [json.loads(line) for line in text.splitlines()]
        if count is not None:
            self.assertEqual(len(lines), count, lines)
        return lines

    def line(self, *requests):
        """Of the last of `requests`, on a connection each, that are answered somehow."""
        for one in requests:
            with contextlib.suppress(support.Ended):
                ask(self.address, one)
        return self.lines()[-1]


class Promise(TestCase):
    """Whoever has the answer finds the line."""

    def test_each_of_many_is_in_the_file_when_its_answer_comes(self):
        self.serve("--workers", "2", "--route", "POST /orders/* 201 made", "--route", "/else/* 404")
        found = self.reader()

        def check(client, i, number):
            orders, close = number % 2 == 0, client_closes(i)
            target, body = f"/{'orders' if orders else 'else'}/{i}/{number}?q", f"order {number}" if orders else ""
            fields = (f"X-A: {number}", "x-b: ", "X-A: 2")
            answer = client.ask(request(target, "POST" if orders else "GET", *fields, body=body.encode(), close=close))
            line = found.find(target)
            self.assertIsNotNone(line, f"{target} is answered and not in the file")
            self.assertEqual((line["peer"], line["protocol"], line["method"]), (peer_of(client), "HTTP/1.1", "POST" if orders else "GET"))
            self.assertEqual((line["status"], line["route"]), (answer.status, "/orders/*" if orders else "/else/*"))
            self.assertEqual(answer.status, 201 if orders else 404)
            self.assertEqual((line["body"], line["body_bytes"]), (body, len(body)))
            self.assertEqual(line["headers"], [["Host", "test"], *([["Connection", "close"]] if close else []),
                                               *([*field.split(": ")] for field in fields),
                                               *([["Content-Length", str(len(body))]] if orders else [])])
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

        def client_closes(i):
            return i % 4 == 0

        def ask_many(i):
            for number in range(0, REQUESTS // CLIENTS, 50):
                with Client(self.address) as client:
                    for one in range(number, number + 50):
                        if client_closes(i):
                            with Client(self.address, linger=False) as another:
                                check(another, i, one)
                        else:
                            check(client, i, one)

        together(CLIENTS, ask_many)
        self.assertEqual(sorted(line["n"] for line in found.lines), list(range(1, REQUESTS + 1)))
        self.server.stop()
        self.lines(REQUESTS)

    @with_curl
    def test_curl_returns_and_it_is_there(self):
        self.serve("--route", "POST /hook 204")
        url = "http://{}:{}".format(*self.address)
        content = os.path.join(self.folder, "content")
        with open(content, "wb") as file:
            file.write(bytes(range(256)) * 8)

        def curl(*options, path="/"):
            before = len(self.lines())
            subprocess.run(["curl", "-sS", "--max-time", str(support.DEADLINE), "-o", os.devnull, *options, url + path], check=True)
            line = self.lines(before + 1)[-1]
            return line["method"], line.get("body", line.get("body_base64")), line["body_bytes"], line["status"]

        for _ in range(20):
            self.assertEqual(curl("-d", "a=1", path="/hook"), ("POST", "a=1", 3, 204))
        self.assertEqual(curl(), ("GET", "", 0, 200))
        self.assertEqual(curl("--head"), ("HEAD", "", 0, 200))
        self.assertEqual(curl("-X", "DELETE"), ("DELETE", "", 0, 200))
        self.assertEqual(curl("--data-binary", "@" + content, "-H", "Expect: 100-continue"),
                         ("POST", base64.b64encode(bytes(range(256)) * 8).decode(), 2048, 200))
        self.assertEqual(curl("-T", content, "-H", "Transfer-Encoding: chunked")[0::2], ("PUT", 2048))
        method, form, size, _ = curl("-F", "field=value")
        self.assertRegex(form, r'name="field"\r\n\r\nvalue\r\n--')
        self.assertEqual((method, size), ("POST", len(form)))

    def test_pipelined_requests_have_their_lines_in_order(self):
        self.serve()
        with Client(self.address) as client:
            client.send(b"".join(request(f"/{i}") for i in range(200)))
            found = self.reader()
            for i in range(200):
                self.assertEqual(client.answer().status, 200)
                self.assertIsNotNone(found.find(f"/{i}"))
        self.assertEqual([line["target"] for line in self.lines()], [f"/{i}" for i in range(200)])

    def test_who_fails_waits_or_hangs_has_asked_all_the_same(self):
        words = ("close", "reset", "truncate", "garbage", "hang")
        self.serve("--route", "/slow 200", "--sequence", ",".join([*words, "ok"]), "--shutdown-timeout", "100ms")
        found = self.reader()
        for word in words[:-1]:
            line = self.line(request("/" + word))
            self.assertEqual((line["status"], line["fault"], line["target"]), (0, word, "/" + word))
        with Client(self.address) as client:
            client.send(request("/hang"))
            line = support.eventually(lambda: found.find("/hang"), "the line of an answer that never comes")
            self.assertEqual((line["status"], line["fault"]), (0, "hang"))
        self.server.stop()

    def test_the_line_does_not_wait_for_a_delay(self):
        self.serve("--delay", NEVER, "--shutdown-timeout", "100ms")
        found = self.reader()
        with Client(self.address) as client:
            client.send(request("/late"))
            self.assertEqual(support.eventually(lambda: found.find("/late"), "the line")["status"], 200)
            self.server.stop(status=3)

    def test_a_delay_and_a_rate_are_kept(self):
        self.serve("--delay", "20ms", "--limit-rate", "10k", "--body", "x" * 1000, "--max-requests", "20")
        together(4, lambda _: [self.assertEqual(ask(self.address).body, b"x" * 1000) for _ in range(5)])
        self.assertEqual(self.server.wait(), 0)
        self.lines(20)

    def test_it_ends_after_exactly_so_many_with_as_many_lines(self):
        self.serve("--max-requests", "200", "--workers", "4")
        answered, lock = [0], threading.Lock()

        def until_it_ends(_):
            with contextlib.suppress(support.Ended, OSError):
                while True:
                    ask(self.address)
                    with lock:
                        answered[0] += 1

        together(CLIENTS, until_it_ends)
        self.assertEqual((self.server.wait(), answered[0]), (0, 200))
        self.lines(200)

    def test_a_reload_loses_and_confuses_no_line(self):
        path = self.configure('[[route]]\npath = "/a*"\n')
        self.serve("--config", path, "--workers", "2")
        over, asked = threading.Event(), []

        def load(i):
            with Client(self.address) as client:
                while not over.is_set():
                    asked.append(client.ask(request("/ab", "POST", body=b"x")).status)

        threads = [threading.Thread(target=load, args=(i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        for number in range(1, 21):
            self.configure(f'[[route]]\npath = "/a{"b" if number % 2 else ""}*"\nstatus = {201 if number % 2 else 202}\n')
            self.server.send_signal(signal.SIGHUP)
            support.eventually(lambda: self.server.stderr().count("reloaded") == number, "it reloads")
        over.set()
        for thread in threads:
            thread.join()
        lines = self.lines(len(asked))
        self.assertEqual(sorted(line["status"] for line in lines), sorted(asked))
        self.assertLessEqual({(line["route"], line["status"]) for line in lines}, {("/a*", 200), ("/ab*", 201), ("/a*", 202)})

    def test_another_path_needs_a_restart(self):
        path = self.configure("")
        self.server = self.start("--config", path)
        self.configure(f"capture.file = '{self.path}'\n")
        self.server.send_signal(signal.SIGHUP)
        support.eventually(lambda: "reloaded" in self.server.stderr(), "it reloads")
        self.assertIn("tinyhttpd: warning: 'capture.file' needs a restart\n", self.server.stderr())
        self.assertFalse(os.path.exists(self.path))


class Lines(TestCase):
    """What a script reads from one."""

    def test_bytes_that_are_no_text_come_back_as_they_were(self):
        self.serve()
        for body in (bytes(range(256)), b"\xff", "ä€𝄞\u2028\x00\x1b".encode(), "ä".encode()[:1]):
            line = self.line(request("/", "POST", body=body, close=True))
            got = base64.b64decode(line["body_base64"]) if "body_base64" in line else line["body"].encode()
            self.assertEqual((got, line["body_bytes"]), (body, len(body)))
        line = self.line(b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nX-A: \xe4\x80\r\n\r\n")
        self.assertEqual(line["headers"][-1][1].encode("latin-1"), b"\xe4\x80")

    def test_no_line_reaches_a_terminal_or_becomes_two(self):
        self.serve()
        ask(self.address, request("/", "POST", body="\x1b[2J\r\n\x85\u2028\x9b".encode(), close=True))
        ask(self.address, b'GET /\x1b[2J"\xff\r\n\r\n')
        with open(self.path) as file:
            lines = file.read().splitlines()
        self.assertEqual(len(lines), 2)
        for line in lines:
            self.assertTrue(line.isprintable(), repr(line))

    def test_a_long_body_is_cut_and_counted(self):
        self.serve("--capture-body", "10")
        cut = lambda body: self.line(request("/", "POST", body=body, close=True))
        line = cut(b"0123456789abc")
        self.assertEqual((line["body"], line["body_truncated"], line["body_bytes"]), ("0123456789", True, 13))
        line = cut(b"\xff" * 13)
        self.assertEqual((base64.b64decode(line["body_base64"]), line["body_truncated"], line["body_bytes"]), (b"\xff" * 10, True, 13))
        line = cut(b"012345678\xc3\xa4")  # within a character
        self.assertEqual((line["body"], line["body_truncated"], line["body_bytes"]), ("012345678", True, 11))
        self.assertNotIn("body_truncated", cut(b"0123456789"))

    def test_a_large_body_is_whole_up_to_64k(self):
        self.serve()
        body = os.urandom(40_000)
        line = self.line(request("/", "POST", body=body, close=True))
        self.assertEqual(base64.b64decode(line["body_base64"]), body)
        line = self.line(request("/", "POST", body=b"x" * 500_000, close=True))
        self.assertEqual((line["body"], line["body_bytes"]), ("x" * 65536, 500_000))

    def test_chunks_are_put_together(self):
        self.serve()
        with Client(self.address) as client:
            client.send(request("/", "POST", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n")
            client.send(b"4;x=y\r\ndefg\r\n")
            client.send(b"0\r\nTrailer: x\r\n\r\n")
            self.assertEqual(client.answer().status, 200)
        line, = self.lines()
        self.assertEqual((line["body"], line["body_bytes"]), ("abcdefg", 7))
        self.assertEqual(line["headers"], [["Host", "test"], ["Transfer-Encoding", "chunked"]])

    def test_who_expects_100_continue_is_invited_before_there_is_a_line(self):
        self.serve()
        with Client(self.address) as client:
            client.send(request("/", "POST", "Expect: 100-continue", "Content-Length: 5"))
            client.read_until(lambda data: data == b"HTTP/1.1 100 Continue\r\n\r\n")
            client.data = b""
            self.lines(0)
            client.send(b"hello")
            self.assertEqual(client.answer().status, 200)
        self.assertEqual(self.lines()[0]["body"], "hello")

    def test_odd_requests(self):
        self.serve("--cors", "*")
        self.assertEqual(self.line(request("/", "HEAD", close=True))["method"], "HEAD")
        self.assertEqual(self.line(request("*", "OPTIONS", close=True))["target"], "*")
        preflight = self.line(request("/", "OPTIONS", "Origin: http://a", "Access-Control-Request-Method: PUT", close=True))
        self.assertEqual((preflight["method"], preflight["status"]), ("OPTIONS", 204))
        self.assertEqual(self.line(request("http://test/a?b", close=True))["target"], "http://test/a?b")
        self.assertEqual(self.line(b"GET / HTTP/1.0\r\n\r\n")["protocol"], "HTTP/1.0")

    def test_a_request_that_is_refused_says_why(self):
        self.serve("--max-body", "4")
        refused = lambda *requests: {key: self.line(*requests).get(key) for key in ("refused", "status", "method", "request")}
        self.assertEqual(refused(b"GET / HTTP/1.1\r\n\r\n"), {"refused": 400, "status": None, "method": "GET", "request": None})
        self.assertEqual(self.lines()[-1]["reason"], "no Host field")
        self.assertEqual(refused(b"non sense\r\n\r\n"), {"refused": 400, "status": None, "method": None, "request": "non sense\r"})
        self.assertEqual(refused(request("/", "POST", body=b"12345"))["refused"], 413)
        self.assertEqual(refused(request("/", "POST", "Transfer-Encoding: chunked") + b"2\r\nab\r\nx\r\n")["refused"], 400)
        self.assertEqual((self.lines()[-1]["body"], self.lines()[-1]["body_bytes"]), ("ab", 2))
        self.assertEqual(refused(request("a:1", "CONNECT"))["refused"], 405)

    def test_a_request_that_does_not_end_in_time_has_a_line(self):
        self.serve("--head-timeout", "50ms")
        with Client(self.address) as client:
            client.send(request("/", "POST", "Content-Length: 5") + b"ab")
            self.assertEqual(client.answer().status, 408)
        line, = self.lines()
        self.assertEqual((line["refused"], line["method"], line["body"], line["body_bytes"]), (408, "POST", "ab", 2))

    def test_health_is_not_captured(self):
        self.serve("--health", "/healthz", "--ready", "/readyz")
        for path in ("/healthz", "/readyz", "/"):
            self.assertEqual(ask(self.address, request(path, close=True)).status, 200)
        self.assertEqual([line["target"] for line in self.lines()], ["/"])

    def test_peers_of_other_families(self):
        path = os.path.join(self.folder, "socket")
        listen = ("--listen", f"unix:{path}", *(("--listen", "[::1]:0") if socket.has_ipv6 else ()))
        self.serve(listen=listen, lines=len(listen) // 2)
        ask(path)
        self.assertEqual(self.lines()[-1]["peer"], "unix:")
        if socket.has_ipv6:
            with Client(self.server.address(1)) as client:
                client.ask()
                self.assertEqual(self.lines()[-1]["peer"], f"[::1]:{client.socket.getsockname()[1]}")

    def test_the_client_that_a_proxy_names_is_the_peer(self):
        self.serve("--proxy-protocol")
        self.assertEqual(self.line(b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n" + support.GET_CLOSE)["peer"], "192.0.2.7:4711")


class Files(TestCase):
    def test_a_new_file_is_private_and_an_old_one_goes_on(self):
        self.serve(umask=0)
        ask(self.address)
        self.server.stop()
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        os.chmod(self.path, 0o640)
        self.serve()
        ask(self.address, request("/second", close=True))
        self.server.stop()
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o640)
        self.assertEqual([(line["n"], line["target"]) for line in self.lines()], [(1, "/"), (1, "/second")])

    def test_standard_output_is_a_pipe_for_jq(self):
        self.path = "-"
        self.serve("--workers", "2")

        def ask_some(i):
            with Client(self.address) as client:
                for number in range(100):
                    client.ask(request(f"/{i}/{number}", "POST", body=b"x" * 1000))

        asking = threading.Thread(target=together, args=(4, ask_some))
        asking.start()
        text = support.read_pipe(self.server.process.stdout.fileno(), lambda data: data.count(b"\n") == 400)
        asking.join()
        self.server.stop()
        self.assertEqual(self.server.rest_of_stdout(), b"")
        self.assertEqual({json.loads(line)["target"] for line in text.splitlines()}, {f"/{i}/{n}" for i in range(4) for n in range(100)})

    def test_the_access_log_goes_on_beside_it(self):
        log = os.path.join(self.folder, "log")
        self.serve("--access-log", log)
        ask(self.address)
        self.server.stop()
        self.lines(1)
        with open(log) as file:
            self.assertEqual(len(file.readlines()), 1)

    def test_a_descriptor_limit_that_is_reached_loses_no_line(self):
        self.serve(descriptors=64)
        together(CLIENTS, lambda _: [ask(self.address) for _ in range(20)])
        self.lines(CLIENTS * 20)


class Trouble(TestCase):
    """An answer whose line is nowhere would be a lie: it is an error."""

    def check_refuses(self, report, times=300):
        def ask_some(_):
            for _ in range(times // 3):
                answer = ask(self.address)
                self.assertEqual((answer.status, answer.body), (500, b"Internal Server Error: the request could not be recorded"))
        together(3, ask_some)
        support.eventually(lambda: report in self.server.stderr(), report)
        self.server.stop()
        # Once a second with a count, not once a line.
        self.assertLess(self.server.stderr().count("\n"), 50)
        self.assertRegex(self.server.stderr(), rf"lost {times} lines in all\n$")

    @support.linux_only
    def test_a_full_disk(self):
        self.path = "/dev/full"
        self.serve("--workers", "2")
        self.check_refuses("tinyhttpd: error: cannot write the capture /dev/full: no space left on device")

    def test_a_reader_that_has_gone(self):
        self.path = "-"
        self.serve("--workers", "2")
        self.server.process.stdout.close()
        self.check_refuses("tinyhttpd: error: cannot write the capture standard output: broken pipe")

    @support.not_with_tsan("its own start writes a file, and dies of the signal before main()")
    def test_a_file_that_may_not_grow_holds_what_was_answered_and_no_more(self):
        limit = 64 * 512
        self.server = self.start("--capture", self.path, "--workers", "2", wrapper=("sh", "-c", 'ulimit -f 64 && exec "$@"', "sh"))
        self.address = self.server.address()
        answered, refused, lock = set(), set(), threading.Lock()

        def ask_some(i):
            for number in range(100):
                target = f"/{i}/{number}"
                status = ask(self.address, request(target, close=True)).status
                with lock:
                    (answered if status == 200 else refused).add(target)

        together(4, ask_some)
        self.assertEqual(len(answered) + len(refused), 400)
        support.eventually(lambda: f"cannot write the capture {self.path}: file too large" in self.server.stderr(), "it says why")
        with open(self.path, "rb") as file:
            text = file.read()
        self.assertLessEqual(len(text), limit)
        *whole, _ = text.split(b"\n")  # the last may be torn
        self.assertEqual({json.loads(line)["target"] for line in whole}, answered)
        # There is room again: so are the answers.
        os.truncate(self.path, 0)
        self.assertEqual(ask(self.address, request("/again", close=True)).status, 200)
        with open(self.path, "rb") as file:
            self.assertEqual([json.loads(line)["target"] for line in file.read().split()], ["/again"])
        self.server.stop()

    def test_a_fifo_without_a_reader_is_no_file(self):
        os.mkfifo(self.path)
        server = self.start("--capture", self.path, lines=0)
        self.assertEqual(server.wait(), 1)
        self.assertEqual(server.stderr(), f"tinyhttpd: error: cannot open the capture {self.path}: no such device or address "
                                          "(nobody has the pipe open for reading)\n")


def through_each(test):
    """Once with a FIFO, and once with a standard output that blocks."""
    def run(self):
        for through in ("fifo", "-"):
            with self.subTest(through):
                test(self, through)
    return run


class Stalled(TestCase):
    """A reader that does not read: answers wait for it, and nothing else does."""

    def serve_stalled(self, through, *args, small=False):
        """`self.reader` is the end to read from, and what is under way fills the pipe."""
        port = os.path.join(self.folder, "port")
        if through == "fifo":
            os.mkfifo(self.path)
            self.reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
            writer = os.open(self.path, os.O_WRONLY)
            target, how = self.path, {}
        else:
            self.reader, writer = os.pipe()
            target, how = "-", {"stdout": writer}
        self.addCleanup(os.close, self.reader)
        if small:
            fcntl.fcntl(writer, 1031, 4096)  # F_SETPIPE_SZ, which Python has from 3.10 on
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"\n" * 512)
        os.set_blocking(writer, True)
        self.server = self.start("--capture", target, "-q", "--health", "/healthz", "--port-file", port, *args,
                                 lines=0, **how)
        os.close(writer)
        self.address = self.address_in(port)
        if through == "fifo":
            os.remove(self.path)

    def asking(self, count=10, *fields, **how):
        """Clients whose requests have been read: an answer about the health came for what they sent together with that."""
        clients = [self.connect(self.address, **how) for _ in range(count)]
        for i, client in enumerate(clients):
            self.assertEqual(client.ask(request("/healthz") + request(f"/{i}", "GET", *fields)).body, b"ok")
        return clients

    def check_waits(self, clients):
        for client in clients:
            client.socket.setblocking(False)
            with self.assertRaises(BlockingIOError):
                client.socket.recv(1)
            client.socket.settimeout(support.DEADLINE)

    def read(self, count):
        os.set_blocking(self.reader, True)
        text = support.read_pipe(self.reader, lambda data: len(data.split()) >= count and data.endswith(b"\n"))
        return [json.loads(line) for line in text.split(b"\n") if line]

    @through_each
    def test_answers_wait_and_come_when_it_goes_on(self, through):
        self.serve_stalled(through, "--ready", "/readyz", "--config", self.configure(""))
        clients = self.asking()
        self.check_waits(clients)
        for number, said in ((signal.SIGUSR2, "not ready"), (signal.SIGHUP, "reloaded")):
            self.server.send_signal(number)
            support.eventually(lambda: said in self.server.stderr(), said)
        self.assertEqual(ask(self.address, request("/readyz", close=True)).body, b"signal")
        self.check_waits(clients)
        self.assertEqual({line["target"] for line in self.read(10)}, {f"/{i}" for i in range(10)})
        for client in clients:
            self.assertEqual(client.answer().status, 200)
        self.server.stop()

    @through_each
    def test_one_signal_ends_it_within_the_shutdown_timeout(self, through):
        self.serve_stalled(through, "--shutdown-timeout", "300ms")
        clients = self.asking()
        self.server.stop(status=3)
        for client in clients:
            self.assertEqual(client.read_to_end(), b"", "an answer whose line is nowhere")
        self.assertIn("stopped by force: 10 requests were cut off\n", self.server.stderr())
        self.assertRegex(self.server.stderr(), r"the capture .* lost 10 lines in all")

    @support.not_with_tsan("it keeps a signal back while write(2) waits")
    @through_each
    def test_a_second_signal_ends_it_at_once(self, through):
        self.serve_stalled(through, "--shutdown-timeout", NEVER)
        self.asking()
        self.server.send_signal(signal.SIGTERM)
        support.eventually(lambda: support.refuses(self.address), "the drain has begun")
        self.server.stop(status=3)

    @through_each
    def test_a_drain_answers_all_when_it_goes_on(self, through):
        self.serve_stalled(through, "--shutdown-timeout", NEVER)
        clients = self.asking()
        self.server.send_signal(signal.SIGTERM)
        support.eventually(lambda: support.refuses(self.address), "the drain has begun")
        self.check_waits(clients)
        self.assertEqual(len(self.read(10)), 10)
        for client in clients:
            self.assertTrue(client.answer().closes)
            client.close()
        self.assertEqual(self.server.wait(), 0)

    @through_each
    def test_a_client_that_leaves_frees_its_place_and_keeps_its_line(self, through):
        self.serve_stalled(through, "--max-connections", "12")
        for client in self.asking(10, linger=False):
            client.close()
        clients = self.asking(10)
        self.assertEqual(len(self.read(20)), 20)
        for client in clients:
            self.assertEqual(client.answer().status, 200)
        self.server.stop()

    @support.linux_only
    @through_each
    def test_the_line_of_a_client_that_has_left_answers_nobody_else(self, through):
        self.serve_stalled(through, "--workers", "1", small=True)
        long = "X-A: " + 3000 * "x"  # one line to a pipe
        for client in self.asking(1, long, linger=False):
            client.close()
        clients = self.asking(1, long)
        os.read(self.reader, 4096)  # what filled it
        self.assertTrue(select.select([self.reader], [], [], support.DEADLINE)[0], "the first line is in the pipe")
        for _ in range(20):
            self.assertEqual(ask(self.address, request("/healthz", close=True)).body, b"ok")
        self.check_waits(clients)
        self.assertEqual(len(self.read(2)), 2)
        self.assertEqual(clients[0].answer().status, 200)
        self.server.stop()

    def test_those_who_wait_cost_no_time_of_the_processor(self):
        if not support.LINUX or support.SANITIZED:
            self.skipTest("reads /proc, or a sanitizer's own time would be measured")
        self.serve_stalled("fifo", "--exit-idle", NEVER)
        self.asking(100)
        before = self.server.cpu_seconds()
        time.sleep(1)  # what it costs to wait is measured, not awaited
        self.assertLess(self.server.cpu_seconds() - before, 0.5)


if __name__ == "__main__":
    support.main()
