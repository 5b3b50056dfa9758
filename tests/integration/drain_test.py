# SPDX-License-Identifier: MIT
"""TERM and INT: who is answered, who is cut, how long it takes and what the exit status says of it."""
import os
import signal
import threading

import support
from support import GET, Client, Ended

# A drain that waited for one of its timeouts would run into the deadline of the test.
NEVER = "10m"


def large_body(test, megabytes=100):
    path = os.path.join(test.directory(), "body")
    with open(path, "wb") as file:
        file.truncate(megabytes << 20)
    return path


class Draining(support.TestCase):
    def start_patient(self, *args, **how):
        return self.start("--shutdown-timeout", NEVER, "--idle-timeout", NEVER, "--head-timeout", NEVER, "--workers", "2", *args, **how)

    def test_idle_keepalive_clients_hold_nothing_up(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.start_patient()
            clients = [self.connect(server) for _ in range(100)]
            for client in clients:
                self.assertFalse(client.ask().closes)
            server.stop(number)
            for client in clients:
                self.assertEqual(client.receive(), b"")

    def test_clients_that_never_said_anything_hold_nothing_up(self):
        server = self.start_patient()
        clients = [self.connect(server) for _ in range(100)]
        server.stop()
        for client in clients:
            self.assertEqual(client.receive(), b"")

    def test_who_was_let_in_gets_to_say_what_it_came_for(self):
        server = self.start_patient()
        accepted = [self.connect(server) for _ in range(50)]
        idle = self.connect(server)
        idle.ask()
        server.send_signal(signal.SIGTERM)
        self.assertEqual(idle.receive(), b"", "the drain has begun")
        for client in accepted:
            client.send(GET)
        for client in accepted:
            answer = client.answer()
            self.assertEqual((answer.status, answer.closes), (200, True))
            client.close()
        self.assertEqual(server.wait(), 0)

    def test_nobody_is_waited_for_when_max_requests_leaves_no_answer(self):
        server = self.start_patient("--once")
        silent = [self.connect(server) for _ in range(10)]
        self.assertEqual(support.ask(server.address()).status, 200)
        for client in silent:
            self.assertEqual(client.receive(), b"")
        self.assertEqual(server.wait(), 0)

    def test_every_request_that_had_arrived_is_answered(self):
        server = self.start_patient()
        used = [self.connect(server) for _ in range(25)]
        for client in used:
            client.ask()
        fresh = [self.connect(server) for _ in range(25)]
        for client in used + fresh:
            client.send(GET)  # over loopback it has arrived when this returns
        server.send_signal(signal.SIGTERM)
        for client in used + fresh:
            self.assertEqual(client.answer().status, 200)
            self.assertEqual(client.read_to_end(), b"")
        self.assertEqual(server.wait(), 0)

    def test_a_request_whose_first_byte_had_arrived_is_waited_for_and_answered(self):
        server = self.start_patient()
        idle, begun, uploading = self.connect(server), self.connect(server), self.connect(server)
        idle.ask()
        begun.send(GET[:1])
        uploading.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
        server.send_signal(signal.SIGTERM)
        self.assertEqual(idle.receive(), b"", "an idle connection is closed at once")
        support.eventually(lambda: support.refuses(server.address()), "accepting has ended")
        begun.send(GET[1:])
        uploading.send(b"67890")
        for client in (begun, uploading):
            answer = client.answer()
            self.assertEqual((answer.status, answer.closes), (200, True))
            self.assertEqual(client.receive(), b"")
        self.assertEqual(server.wait(), 0)

    def test_a_large_answer_under_way_is_sent_to_its_end(self):
        server = self.start_patient("--body-file", large_body(self, 20))
        client = self.connect(server)
        client.send(GET)
        client.read_until(lambda data: b"\r\n\r\n" in data)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(len(client.answer().body), 20 << 20)
        self.assertEqual(server.wait(), 0)

    def test_a_client_that_never_reads_is_cut_at_the_shutdown_timeout(self):
        server = self.start("--body-file", large_body(self), "--shutdown-timeout", "200ms", "--write-timeout", NEVER)
        client = self.connect(server)
        client.send(GET)
        client.read_until(lambda data: len(data) > 0)
        server.stop(status=3)
        self.assertIn("tinyhttpd: warning: stopped by force: 1 request was cut off\n", server.stderr())

    def test_a_head_that_never_ends_is_cut_at_the_shutdown_timeout(self):
        server = self.start("--shutdown-timeout", "200ms", "--head-timeout", NEVER)
        client = self.connect(server)
        client.send(GET[:10])
        server.stop(status=3)

    def test_a_second_signal_ends_it_at_once(self):
        for first, second in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT)):
            server = self.start_patient()
            client = self.connect(server)
            client.send(GET[:10])
            server.send_signal(first)
            support.eventually(lambda: support.refuses(server.address()), "accepting has ended")
            server.stop(second, status=3)
            self.assertIn("1 request was cut off", server.stderr(), "it ended in good order")

    def test_nobody_waits_for_the_flush_of_the_log(self):
        log = os.path.join(self.directory(), "log")
        server = self.start_patient("--access-log", log, "--log-flush", NEVER)
        self.connect(server).ask()
        server.stop()
        with open(log) as file:
            self.assertEqual(len(file.readlines()), 1)


class FirstSignal(support.TestCase):
    """A drain may have begun without one: the first signal never counts as the second."""

    def draining(self, *args):
        """A server that drains by itself and waits for `client`, whose request is not finished."""
        server = self.start("--shutdown-timeout", NEVER, "--head-timeout", NEVER, *args)
        client = self.connect(server)
        client.send(GET[:10])
        return server, client

    def test_after_max_requests(self):
        server, client = self.draining("--max-requests", "1")
        self.assertEqual(support.ask(server.address()).status, 200)
        support.eventually(lambda: support.refuses(server.address()), "the drain has begun")
        server.send_signal(signal.SIGTERM)
        client.close()
        self.assertEqual(server.wait(), 0)

    def test_after_max_time(self):
        server, client = self.draining("--max-time", "100ms")
        support.eventually(lambda: support.refuses(server.address()), "the drain has begun")
        server.send_signal(signal.SIGTERM)
        client.send(GET[10:])
        self.assertEqual(client.answer().status, 200)
        self.assertEqual(server.wait(), 0)

    def test_the_second_counts_however_the_drain_began(self):
        server, _ = self.draining("--max-time", "100ms")
        support.eventually(lambda: support.refuses(server.address()), "the drain has begun")
        server.send_signal(signal.SIGTERM)
        server.stop(signal.SIGINT, status=3)
        self.assertIn("1 request was cut off", server.stderr(), "it ended in good order")

    def test_a_request_that_the_drain_of_max_time_still_answers_counts(self):
        server, client = self.draining("--max-time", "100ms", "--max-requests", "1")
        support.eventually(lambda: support.refuses(server.address()), "the drain has begun")
        client.send(GET[10:])
        self.assertEqual(client.answer().status, 200)
        self.assertEqual(server.wait(), 0)


class UnderLoad(support.TestCase):
    def test_no_request_is_cut_by_a_stop_that_is_announced(self):
        for _ in range(2 if support.SANITIZED else 4):
            server = self.start("--shutdown-delay", "100ms", "--workers", "2")
            with support.Load(server.address(), clients=8) as load:
                load.wait_until_busy()
                server.send_signal(signal.SIGTERM)
                self.assertEqual(server.wait(), 0)
            self.assertEqual(load.cut, [])


class ShutdownDelay(support.TestCase):
    def test_busy_keepalive_clients_are_never_cut_before_a_reply(self):
        # Each goes on until it is told to stop. The delay is what it may take one of them to ask again on a loaded machine.
        server = self.start("--shutdown-delay", "4s", "--workers", "2")
        busy, problems = threading.Barrier(21), []

        def client():
            try:
                with Client(server.address()) as connection:
                    connection.ask()
                    busy.wait(support.DEADLINE)
                    while not connection.ask().closes:
                        pass
                    if connection.receive() != b"":
                        problems.append("something came after the last answer")
            except (Ended, OSError, threading.BrokenBarrierError) as error:
                problems.append(repr(error))

        threads = [threading.Thread(target=client) for _ in range(20)]
        for thread in threads:
            thread.start()
        busy.wait(support.DEADLINE)
        server.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])
        self.assertEqual(server.wait(), 0)

    def test_the_last_of_max_requests_ends_the_delay(self):
        server = self.start("--shutdown-delay", NEVER, "--max-requests", "100")
        with self.connect(server) as client:
            client.ask()
            server.send_signal(signal.SIGTERM)
            answered = 1
            while not client.ask().closes:
                answered += 1
        for _ in range(100 - answered - 1):
            self.assertTrue(support.ask(server.address()).closes)
        self.assertEqual(server.wait(), 0)

    def test_all_that_time_it_accepts_and_every_answer_announces_the_close(self):
        server = self.start("--shutdown-delay", NEVER, "--workers", "2")
        address = server.address()
        old = [self.connect(server) for _ in range(20)]
        for client in old:
            client.ask()
        server.send_signal(signal.SIGTERM)

        def announced_by_both_workers():
            clients = [Client(address) for _ in range(10)]
            answers = [client.ask() for client in clients]
            for client in clients:
                client.close()
            return all(answer.closes for answer in answers)

        support.eventually(announced_by_both_workers, "the close is announced")
        for client in old:
            self.assertTrue(client.ask().closes)
            self.assertEqual(client.receive(), b"")
        for _ in range(100):
            self.assertTrue(support.ask(address, GET).closes)
        server.stop(status=3)

    def test_after_it_comes_the_drain(self):
        server = self.start("--shutdown-delay", "100ms", "--shutdown-timeout", NEVER, "--idle-timeout", NEVER)
        idle = self.connect(server)
        idle.ask()
        server.stop()
        self.assertEqual(idle.receive(), b"")


if __name__ == "__main__":
    support.main()
