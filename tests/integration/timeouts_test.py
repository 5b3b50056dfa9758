# SPDX-License-Identifier: MIT
"""Timeouts, set small: who is cut, with which last words, and who is not. None of them is measured: that it happens at all is."""
import os
import select
import signal
import time
import unittest

import support
from support import GET, Ended

NEVER = "10m"


def answers_timeout(client):
    """408 and the end of the connection."""
    answer = client.answer()
    return answer.status == 408 and answer.closes and client.receive() == b""


class Heads(support.TestCase):
    def start_with(self, **timeouts):
        all_timeouts = {"head": NEVER, "idle": NEVER, "write": NEVER, **timeouts}
        return self.start(*[word for name, value in all_timeouts.items() for word in (f"--{name}-timeout", value)])

    def test_a_head_that_stops_gets_408(self):
        server = self.start_with(head="100ms")
        for part in (GET[:1], GET[:-1], b"\r"):
            client = self.connect(server)
            client.send(part)
            self.assertTrue(answers_timeout(client), part)

    def test_a_connection_that_says_nothing_is_closed_without_a_word(self):
        client = self.connect(self.start_with(head="100ms"))
        self.assertEqual(client.read_to_end(), b"")

    def test_between_requests_it_is_closed_without_a_word(self):
        client = self.connect(self.start_with(idle="100ms"))
        self.assertFalse(client.ask().closes)
        self.assertEqual(client.read_to_end(), b"")

    def test_empty_lines_between_requests_do_not_move_it(self):
        client = self.connect(self.start_with(idle="400ms"))
        client.ask()
        for _ in range(7):  # as many as are passed over
            if select.select([client.socket], [], [], 0.2)[0]:
                break
            client.send(b"\r\n")
        else:
            self.fail("it was held open by empty lines")
        self.assertEqual(client.read_to_end(), b"")

    def test_an_answer_that_is_out_has_met_any_write_timeout(self):
        client = self.connect(self.start_with(write="1ms"))
        for _ in range(5):
            self.assertEqual(client.ask().status, 200)
            select.select([client.socket], [], [], 0.05)

    @unittest.skipUnless(support.LINUX, "looks at /proc")
    def test_what_came_while_the_program_was_stopped_is_answered_before_anything_expires(self):
        server = self.start_with(idle="200ms", head="200ms")
        clients = [self.connect(server) for _ in range(50)]
        for client in clients:
            client.ask()
        server.send_signal(signal.SIGSTOP)
        for client in clients:
            client.send(GET)
        time.sleep(0.5)  # the timeout passes: that is the case
        server.send_signal(signal.SIGCONT)
        for client in clients:
            self.assertEqual(client.answer().status, 200)

    def test_a_second_head_that_stops_gets_408(self):
        client = self.connect(self.start_with(head="100ms"))
        client.ask()
        client.send(GET[:5])
        self.assertTrue(answers_timeout(client))

    def test_a_head_that_drips_is_cut_from_its_first_byte(self):
        # One byte each 20 ms for ever: each byte is progress, and none may move the deadline.
        server = self.start_with(head="500ms")
        client = self.connect(server)
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
        for _ in range(int(support.DEADLINE / 0.02)):
            if select.select([client.socket], [], [], 0.02)[0]:
                break
            client.send(b"x")
        else:
            self.fail("a head may drip for ever")
        self.assertEqual(client.answer().status, 408)

    def test_an_idle_timeout_does_not_cut_a_head_under_way(self):
        server = self.start_with(idle="50ms")
        client, witness = self.connect(server), self.connect(server)
        witness.ask()
        client.ask()
        client.send(GET[:7])
        self.assertEqual(witness.read_to_end(), b"")  # the idle timeout has passed
        client.send(GET[7:])
        self.assertEqual(client.answer().status, 200)

    def test_a_body_that_stalls_is_cut(self):
        server = self.start_with(head="200ms")
        for body in (b"Content-Length: 10\r\n\r\n12345", b"Transfer-Encoding: chunked\r\n\r\n5\r\n123"):
            client = self.connect(server)
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + body)
            self.assertTrue(answers_timeout(client))

    def test_a_body_that_drips_is_cut_when_its_time_is_over(self):
        server = self.start_with(body="500ms")
        for first in (b"Content-Length: 1000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n"):
            client = self.connect(server)
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + first)
            for _ in range(int(support.DEADLINE / 0.02)):
                if select.select([client.socket], [], [], 0.02)[0]:
                    break
                client.send(b"x")
            else:
                self.fail("a body may drip for ever")
            self.assertEqual(client.answer().status, 408)

    def test_one_that_times_out_takes_nobody_with_it(self):
        server = self.start_with(head="100ms")
        good, stalled = self.connect(server), self.connect(server)
        good.ask()
        stalled.send(GET[:9])
        self.assertTrue(answers_timeout(stalled))
        self.assertEqual(good.ask().status, 200)


class Writing(support.TestCase):
    def setUp(self):
        self.body = os.path.join(self.directory(), "body")

    def start_with_body(self, size, *args):
        with open(self.body, "wb") as file:
            file.truncate(size)
        return self.start("--body-file", self.body, *args)

    def test_a_reader_without_progress_is_cut(self):
        # Only one connection is let in, so that the second one's answer tells when the first is gone.
        server = self.start_with_body(50 << 20, "--write-timeout", "200ms", "--max-connections", "1")
        stuck = self.connect(server, receive_buffer=8192)
        stuck.send(GET)
        stuck.read_until(lambda data: len(data) > 0)
        following = self.connect(server)
        following.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(following.answer(head_only=True).status, 200)
        self.assertRaises(Ended, stuck.answer)

    def test_a_slow_reader_with_progress_is_not_cut(self):
        # 60 pieces, one each 50 ms: three times the timeout, and a machine that stops for less than a second changes nothing.
        size = 12 << 20
        server = self.start_with_body(size, "--write-timeout", "1s", "--head-timeout", NEVER)
        client = self.connect(server, receive_buffer=65536)
        client.send(GET)
        nobody = self.connect(server)
        for number in range(1, 61):
            select.select([nobody.socket], [], [], 0.05)
            client.read_until(lambda data: len(data) >= number * size // 60)
        self.assertEqual(len(client.answer().body), size)


if __name__ == "__main__":
    support.main()
