# SPDX-License-Identifier: MIT
"""`tinyhttpd probe` from outside: what it asks, what it calls healthy, how long it goes on, and what it says."""
import os
import select
import signal
import socket
import subprocess
import threading
import time

import support
from support import run


class TestCase(support.TestCase):
    def probe(self, *args, env=None):
        return run("probe", *args, env=env)

    def assert_healthy(self, *args, env=None):
        self.assertEqual(self.probe(*args, env=env), (0, "", ""))

    def assert_unhealthy(self, words, *args, env=None):
        status, out, err = self.probe(*args, env=env)
        self.assertEqual((status, out), (1, ""), err)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertIn(words, err)

    def answering(self, *answers, close=True):
        """A server of our own: gives its n-th client the n-th answer (the last one to all others). Returns its URL; requests are
        in self.requests."""
        sock = socket.create_server(("127.0.0.1", 0))
        self.requests = []
        held = []
        over = threading.Event()

        def serve():
            while True:
                client, _ = sock.accept()
                if over.is_set():
                    client.close()
                    return
                with_answer = answers[min(len(self.requests), len(answers) - 1)]
                data = b""
                while b"\r\n\r\n" not in data:
                    piece = client.recv(65536)
                    if not piece:
                        break
                    data += piece
                self.requests.append(data)
                client.sendall(with_answer)
                held.append(client) if not close else client.close()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()

        def end():
            over.set()
            socket.create_connection(sock.getsockname()).close()
            thread.join(support.DEADLINE)
            sock.close()
            for client in held:
                client.close()
        self.addCleanup(end)
        return f"http://127.0.0.1:{sock.getsockname()[1]}/"

    def unused_port(self):
        """Bound, so that nobody else gets it, but nobody listens."""
        sock = socket.socket()
        self.addCleanup(sock.close)
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Whom(TestCase):
    def test_a_url(self):
        server = self.start()
        self.assert_healthy(server.url())
        self.assert_healthy(server.url() + "/health?x=1")

    def test_a_unix_socket(self):
        path = os.path.join(self.directory(), "socket")
        self.start(listen=("--listen", f"unix:{path}"))
        self.assert_healthy(f"unix:{path}")
        self.assert_healthy("--listen", f"unix:{path}")

    def test_the_server_of_the_same_flags_file_or_environment(self):
        server = self.start(listen=("--listen", "0.0.0.0:0"))
        port = server.address()[1]
        config = os.path.join(self.directory(), "stub.toml")
        with open(config, "w") as file:
            file.write(f'listen = ["0.0.0.0:{port}", "127.0.0.1:1"]\n[response]\nstatus = 503\n')
        self.assert_healthy("--listen", f"0.0.0.0:{port}")
        self.assert_healthy("--config", config)
        self.assert_healthy(env={"TINYHTTPD_CONFIG": config})
        self.assert_healthy(env={"TINYHTTPD_LISTEN": f"0.0.0.0:{port}"})

    def test_all_addresses_and_localhost_on_either_family(self):
        port = self.start().address()[1]
        self.assert_healthy("--listen", f":{port}")
        self.assert_healthy(f"http://localhost:{port}/")
        if not socket.has_dualstack_ipv6():
            self.skipTest("no IPv6 here")
        port = self.start(listen=("--listen", "[::1]:0")).address()[1]
        for where in (f":{port}", f"localhost:{port}", f"[::]:{port}"):
            self.assert_healthy("--listen", where)

    def test_what_is_asked_is_one_plain_request(self):
        url = self.answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        self.assert_healthy(url + "a?b")
        lines = self.requests[0].decode().split("\r\n")
        self.assertEqual(lines[0], "GET /a?b HTTP/1.1")
        self.assertIn("Host: " + url.removeprefix("http://").rstrip("/"), lines)
        self.assertIn("Connection: close", lines)


    def test_headers_are_added_or_replaced_or_left_out(self):
        url = self.answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        self.assert_healthy(url, "-H", "hOST: shop.example", "-H", "Authorization: Bearer abc", "--header", "X-A: 1", "-H", "X-A: 2",
                            "-H", "Accept:")
        self.assertEqual(self.requests[0], b"GET / HTTP/1.1\r\nUser-Agent: tinyhttpd-probe\r\nhOST: shop.example\r\n"
                                           b"Authorization: Bearer abc\r\nX-A: 1\r\nX-A: 2\r\nConnection: close\r\n\r\n")
        for header in ("Connection: keep-alive", "Content-Length: 5", "A b: c", "A: b\r\nC: d"):
            self.assertEqual(self.probe(url, "-H", header)[0], 2, header)


class Verdict(TestCase):
    def test_by_status(self):
        for status in ("204", "304", "301"):
            self.assert_healthy(self.start("--status", status).url())
        down = self.start("--status", "503").url()
        self.assert_unhealthy(f"tinyhttpd: error: probe {down}/: status 503, expected 200-399", down)
        self.assert_healthy(down, "--expect-status", "503")
        self.assert_healthy(down, "--expect-status", "500-599")
        self.assert_unhealthy("expected 200", down, "--expect-status=200")

    def test_by_text(self):
        url = self.start("--body", '{"status":"up"}').url()
        self.assert_healthy(url, "--expect-body", '"up"')
        self.assert_unhealthy("the body does not hold 'down'", url, "--expect-body", "down")

    def test_a_large_body_is_no_illness(self):
        path = os.path.join(self.directory(), "body")
        with open(path, "wb") as file:
            file.write(b"begin" + bytes(8 << 20))
        self.assert_healthy(self.start("--body-file", path).url(), "--expect-body", "begin")

    def test_silence_is_kept_when_asked_for(self):
        self.assertEqual(self.probe("-q", f"http://127.0.0.1:{self.unused_port()}/"), (1, "", ""))

    def test_the_cause_is_named(self):
        port = self.unused_port()
        self.assert_unhealthy(f"tinyhttpd: error: probe http://127.0.0.1:{port}/: connection refused", f"http://127.0.0.1:{port}/")
        self.assert_unhealthy("no such file or directory", "unix:/nowhere/socket")
        self.assert_unhealthy("the answer is not HTTP/1.1", self.answering(b"SSH-2.0-x\r\n"))
        self.assert_unhealthy("closed without an answer", self.answering(b""))
        self.assert_unhealthy("closed in the middle", self.answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"))

    def test_control_bytes_of_a_server_reach_no_terminal(self):
        url = self.answering(b"HTTP/1.1 200 \x1b[2J\r\n\r\n")
        status, _, err = self.probe(url)
        self.assertEqual(status, 1)
        self.assertNotIn("\x1b", err)

    def test_chunks_and_interim_answers_are_understood(self):
        self.assert_healthy(self.answering(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                           b"2\r\nal\r\n3\r\nive\r\n0\r\n\r\n"), "--expect-body", "alive")
        self.assert_healthy(self.answering(b"HTTP/1.0 200 OK\r\n\r\nuntil the end"), "--expect-body", "the end")

    def test_a_loop_of_nc_is_healthy(self):
        self.assert_healthy(self.answering(b"HTTP/1.1 200 OK\n\nup\n"), "--expect-body", "up")


class Patience(TestCase):
    def test_a_server_that_says_nothing_is_given_up(self):
        for said in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"):
            self.assert_unhealthy("timed out", self.answering(said, close=False), "--timeout", "50ms")

    def test_a_server_that_accepts_nobody_is_given_up(self):
        with socket.create_server(("127.0.0.1", 0), backlog=1) as sock:
            self.assert_unhealthy("timed out", f"http://127.0.0.1:{sock.getsockname()[1]}/", "--timeout", "50ms")

    def test_an_answer_that_drips_does_not_stretch_the_time(self):
        sock = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(sock.close)
        over = threading.Event()

        def drip():
            client, _ = sock.accept()
            with client:
                try:
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    while not over.is_set():
                        client.sendall(b"x")
                except OSError:
                    pass
        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        try:
            # Either the first 1M or the deadline comes first; without both it would never end.
            status, _, err = self.probe(f"http://127.0.0.1:{sock.getsockname()[1]}/", "--timeout", "100ms")
            self.assertIn(status, (0, 1), err)
        finally:
            over.set()
            thread.join(support.DEADLINE)

    def test_retries_are_counted(self):
        down, up = b"HTTP/1.1 503 x\r\n\r\n", b"HTTP/1.1 200 x\r\n\r\n"
        self.assert_healthy(self.answering(down, down, up), "--retries", "2")
        self.assertEqual(len(self.requests), 3)
        self.assert_unhealthy("status 503", self.answering(down, down, up), "--retries", "1")
        self.assertEqual(len(self.requests), 2)
        self.assert_unhealthy("status 503", self.answering(down, up))
        self.assertEqual(len(self.requests), 1)
        self.assert_unhealthy("status 503", self.answering(down, down, up), "--retries", "1", "--wait", "1h")

    def test_waiting_ends_when_the_server_is_up(self):
        path = os.path.join(self.directory(), "socket")
        prober = subprocess.Popen([support.BINARY, "probe", f"unix:{path}", "--wait", "1h"], stderr=subprocess.PIPE,
                                  env=support.environment(), preexec_fn=support.in_child())
        self.addCleanup(prober.stderr.close)
        self.addCleanup(prober.wait)
        self.addCleanup(prober.kill)
        self.assertEqual(select.select([prober.stderr], [], [], 0.1)[0], [], "it gave up")
        self.start(listen=("--listen", f"unix:{path}"))
        self.assertEqual(prober.wait(support.DEADLINE), 0)
        self.assertEqual(prober.stderr.read(), b"")

    def test_waiting_ends_with_its_time(self):
        begin = time.monotonic()
        self.assert_unhealthy("connection refused", f"http://127.0.0.1:{self.unused_port()}/", "--wait", "200ms")
        self.assertGreaterEqual(time.monotonic() - begin, 0.2)

    def test_it_says_that_it_waited(self):
        url = self.answering(b"HTTP/1.1 503 x\r\n\r\n")
        status, _, err = self.probe(url, "--retries", "2")
        self.assertEqual(status, 1)
        self.assertRegex(err, r"^tinyhttpd: error: probe http://127\.0\.0\.1:\d+/: status 503, expected 200-399 "
                              r"\(after 3 attempts in \d+\.\d s\)\n\Z")
        self.assertNotIn("attempt", self.probe(url)[2])

    def test_an_interrupted_probe_is_not_healthy(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            url = self.answering(b"", close=False)
            prober = subprocess.Popen([support.BINARY, "probe", url, "--timeout", "1h"], stderr=subprocess.DEVNULL,
                                      env=support.environment(), preexec_fn=support.in_child())
            self.addCleanup(prober.wait)
            self.addCleanup(prober.kill)
            support.eventually(lambda: self.requests, "the probe has asked")
            os.kill(prober.pid, number)
            self.assertEqual(prober.wait(support.DEADLINE), -number)


class Usage(TestCase):
    def test_wrong_usage_is_told_from_an_unhealthy_server(self):
        for args in (("https://127.0.0.1/",), ("http://example.org/",), ("--listen", "127.0.0.1:0"), ("--listen", "systemd"),
                     ("--timeout", "2"), ("--nonsense",), ("http://127.0.0.1/%zz",), ("http://127.0.0.1/ x",), ("a", "b"), ("-q", "https://127.0.0.1/")):
            status, out, err = self.probe(*args)
            self.assertEqual((status, out), (2, ""), args)
            self.assertTrue(err.startswith("tinyhttpd: error: "), err)

    def test_help_is_printed(self):
        status, out, err = self.probe("--help")
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(out.startswith("Usage: tinyhttpd probe [OPTIONS] [URL]\n"))

    def test_the_word_can_still_be_a_body(self):
        for args in (("--", "probe"), ("--body", "probe")):
            self.assertEqual(support.ask(self.start(*args).address()).body, b"probe")


if __name__ == "__main__":
    support.main()
