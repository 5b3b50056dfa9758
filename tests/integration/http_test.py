# SPDX-License-Identifier: MIT
"""HTTP as real clients speak it over real sockets. The judging of requests is tests/conformance; here is what only a socket shows:
who closes when, what a reset may not destroy, and what many connections do at once."""
import http.client
import os
import re
import socket
import threading

import support
from support import GET, GET_CLOSE, ask


class Answers(support.TestCase):
    def test_the_exact_bytes(self):
        client = self.connect(self.start("--body", "Hello World!"))
        client.send(GET_CLOSE)
        self.assertRegex(client.read_to_end(), re.compile(
            rb"^HTTP/1\.1 200 OK\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\nServer: tinyhttpd\r\n"
            rb"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 12\r\nConnection: close\r\n\r\nHello World!\Z"))

    def test_a_client_of_the_standard_library_is_content(self):
        host, port = self.start("--body", "x" * 100_000).address()
        connection = http.client.HTTPConnection(host, port, timeout=support.DEADLINE)
        self.addCleanup(connection.close)
        for method, body in (("GET", None), ("POST", b"content" * 1000), ("PUT", iter([b"chunked", b"content"])), ("HEAD", None)):
            connection.request(method, "/path?query", body=body)
            answer = connection.getresponse()
            self.assertEqual((answer.status, len(answer.read())), (200, 0 if method == "HEAD" else 100_000), method)

    def test_head_keeps_the_connection_and_sends_no_body(self):
        client = self.connect(self.start("--body", "12345"))
        answer = client.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual((answer.status, answer.field("Content-Length")), (200, "5"))
        self.assertEqual(client.ask().body, b"12345")

    def test_date_moves_on(self):
        client = self.connect(self.start())
        first = client.ask().field("Date")
        support.eventually(lambda: client.ask().field("Date") != first, "another second")

    def test_statuses_without_content(self):
        for status in ("204", "304"):
            client = self.connect(self.start("--status", status, "--body", ""))
            for _ in range(2):
                answer = client.ask()
                self.assertEqual((str(answer.status), answer.field("Content-Length")), (status, None))


class Refusals(support.TestCase):
    def test_the_client_and_the_debug_log_learn_why(self):
        server = self.start("--log-level", "debug")
        answer = ask(server.address(), b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual((answer.status, answer.body), (400, b"Bad Request: no Host field"))
        self.assertEqual(ask(server.address()).status, 200)
        server.stop()
        refused = [line for line in server.stderr().splitlines() if "refused" in line]
        self.assertEqual(refused, ["tinyhttpd: debug: refused a request from 127.0.0.1: Bad Request: no Host field"])

    def test_the_log_is_silent_about_it_otherwise(self):
        server = self.start()
        self.assertEqual(ask(server.address(), b"GET / HTTP/1.1\r\n\r\n").status, 400)
        server.stop()
        self.assertEqual(server.stderr(), "")

    def test_an_empty_host_is_right_where_there_is_no_authority(self):
        request = b"GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"
        path = os.path.join(self.directory(), "socket")
        self.start(listen=("--listen", f"unix:{path}"))
        self.assertEqual(ask(path, request).status, 200)
        self.assertEqual(ask(self.start().address(), request).status, 400)


class Connections(support.TestCase):
    def test_http_1_0_is_closed_after_the_answer_unless_it_asked_to_stay(self):
        server = self.start()
        once = self.connect(server)
        self.assertEqual(once.ask(b"GET / HTTP/1.0\r\n\r\n").status, 200)
        self.assertEqual(once.receive(), b"")
        staying = self.connect(server)
        for _ in range(3):
            answer = staying.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            self.assertEqual(answer.field("Connection"), "keep-alive")

    def test_a_half_close_after_the_request_still_gets_the_answer(self):
        server = self.start()
        client = self.connect(server)
        client.send(GET * 3)
        client.finish()
        self.assertEqual([client.answer().status for _ in range(3)], [200] * 3)
        self.assertEqual(client.receive(), b"")

    def test_a_half_close_inside_a_request_is_closed_in_silence(self):
        server = self.start()
        for part in (b"", GET[:1], GET[:-1], b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n123"):
            client = self.connect(server)
            client.send(part)
            client.finish()
            self.assertEqual(client.read_to_end(), b"")

    def test_an_error_is_not_lost_to_a_reset(self):
        # RFC 9112 §9.6: what the client goes on sending must not destroy the answer on its way.
        server = self.start("--max-body", "1k", "--workers", "2")
        for _ in range(50):
            client = self.connect(server)
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
            self.assertEqual(client.answer().status, 413)
            self.assertEqual(client.receive(), b"")

    def test_who_sends_all_of_a_large_body_before_it_reads_gets_the_error(self):
        # As wget --post-file and Python's http.client do.
        server = self.start("--workers", "2")
        for megabytes in (3, 10, 50):
            client = self.connect(server)
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (megabytes << 20))
            for _ in range(megabytes):
                client.send(b"x" * (1 << 20))
            self.assertEqual(client.answer().status, 413, megabytes)

    def test_nothing_behind_a_close_is_answered(self):
        client = self.connect(self.start())
        client.send(GET_CLOSE + GET)
        self.assertEqual(client.read_to_end().count(b"HTTP/1.1 "), 1)

    def test_keepalive_requests_and_no_keepalive(self):
        client = self.connect(self.start("--keepalive-requests", "3"))
        self.assertEqual([client.ask().closes for _ in range(3)], [False, False, True])
        self.assertEqual(client.receive(), b"")
        client = self.connect(self.start("--no-keepalive"))
        self.assertTrue(client.ask().closes)
        self.assertEqual(client.receive(), b"")

    def test_expect_100_continue(self):
        client = self.connect(self.start())
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        client.read_until(lambda data: data == b"HTTP/1.1 100 Continue\r\n\r\n")
        client.data = b""
        client.send(b"abc")
        self.assertEqual(client.answer().status, 200)

    def test_10000_pipelined_requests_are_answered_in_one_go(self):
        client = self.connect(self.start("--workers", "1"))
        sending = threading.Thread(target=client.send, args=(GET * 9_999 + GET_CLOSE,))
        sending.start()
        self.assertEqual(client.read_to_end().count(b"HTTP/1.1 200 OK\r\n"), 10_000)
        sending.join()

    def test_clients_that_vanish_cost_nobody_anything(self):
        server = self.start("--body", "x" * 100_000, "--workers", "2")
        for data in (b"", GET[:5], GET, GET * 50):
            for linger in (True, False):
                for _ in range(25):
                    client = support.Client(server.address(), linger=linger)
                    client.send(data)
                    client.close()
        self.assertEqual(len(ask(server.address()).body), 100_000)
        server.stop()

    def test_urgent_data_changes_nothing(self):
        client = self.connect(self.start())
        client.socket.send(b"!", socket.MSG_OOB)
        self.assertEqual(client.ask().status, 200)


if __name__ == "__main__":
    support.main()
