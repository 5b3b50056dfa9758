# SPDX-License-Identifier: MIT
"""Descriptors and connections that run out, and how connections are spread over the workers."""
import os
import re
import select
import selectors
import time

import support
from support import GET, Client, ask

IORING_OP_RECV = 27  # io_uring_enter(2), linux/io_uring.h


def all_served(clients):
    """Lets each of `clients`, which have asked, go once it has its answer: somebody who waits comes next. Two workers accept from one
    backlog, so nothing promises that they come in order; who was answered and stays would keep the others out."""
    with selectors.DefaultSelector() as waiting:
        for client in clients:
            waiting.register(client.socket, selectors.EVENT_READ, client)
        while waiting.get_map():
            answered = waiting.select(support.DEADLINE)
            assert answered, f"{len(waiting.get_map())} of {len(clients)} clients are never answered"
            for key, _ in answered:
                assert key.data.answer().status == 200
                waiting.unregister(key.fileobj)
                key.data.close()


class Descriptors(support.TestCase):
    def crowd(self, server, size):
        clients = [self.connect(server) for _ in range(size)]
        for client in clients:
            client.send(GET)
        return clients

    def cpu_share_over(self, server, seconds):
        before, began = server.cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        return (server.cpu_seconds() - before) / (time.monotonic() - began)

    def check_served_without_spinning(self, *args):
        server = self.start("--workers", "2", "--idle-timeout", "10m", "--head-timeout", "10m", *args, descriptors=64)
        clients = self.crowd(server, 200)
        first = clients[0].answer()
        self.assertEqual(first.status, 200)
        if support.LINUX:
            # The first clients keep their connections, the others wait in the backlog: nothing is to be done, so nothing is done.
            self.assertLess(self.cpu_share_over(server, 1.0), 0.05)
        clients[0].close()
        all_served(clients[1:])
        server.stop()
        return server

    def test_200_clients_with_64_descriptors(self):
        # The limit on connections is the server's own: it leaves enough for those accepted beyond it.
        self.assertNotIn("cannot accept", self.check_served_without_spinning().stderr())

    def test_200_clients_when_accepting_itself_fails(self):
        # The limit on connections that would have kept the server off EMFILE is set too high on purpose.
        self.check_served_without_spinning("--max-connections", "1000")

    def test_it_says_that_the_limit_is_too_high(self):
        server = self.start("--max-connections", "1000", descriptors=64)
        server.stop()
        self.assertRegex(server.stderr(), r"^tinyhttpd: warning: --max-connections 1000 is more than the limit of open files allows "
                                          r"\(\d+\)\n$")

    def test_running_out_is_reported_and_not_for_each_client(self):
        server = self.start("--max-connections", "1000", "--workers", "1", descriptors=64)
        clients = self.crowd(server, 200)
        support.eventually(lambda: "cannot accept a connection" in server.stderr(), "the report")
        all_served(clients)
        server.stop()
        self.assertLess(server.stderr().count("\n"), 100)

    def test_keepalive_clients_that_leave_at_the_idle_timeout_let_the_others_in(self):
        server = self.start("--idle-timeout", "50ms", "--workers", "2", descriptors=64)
        for client in self.crowd(server, 200):
            self.assertEqual(client.answer().status, 200)
            self.assertEqual(client.receive(), b"")

    def test_idle_it_sleeps(self):
        if not support.LINUX:
            self.skipTest("reads /proc")
        server = self.start("--workers", "2")
        clients = self.crowd(server, 50)
        for client in clients:
            client.answer()
        self.assertLess(self.cpu_share_over(server, 0.5), 0.02)


class MaxConnections(support.TestCase):
    def test_the_next_one_waits_while_all_have_a_request_under_way(self):
        server = self.start("--max-connections", "3", "--workers", "2", "--head-timeout", "10m")
        inside = [self.connect(server) for _ in range(3)]
        for client in inside:
            client.ask()
            client.send(GET[:5])
        waiting = self.connect(server)
        waiting.send(GET)
        # Longer than an idle connection would be left alone.
        self.assertEqual(select.select([waiting.socket], [], [], 0.3)[0], [])
        for client in inside:
            client.send(GET[5:])
            self.assertEqual(client.answer().status, 200)
        self.assertEqual(waiting.answer().status, 200)

    def test_the_one_that_has_been_idle_longest_makes_room(self):
        server = self.start("--max-connections", "50", "--workers", "1", "--idle-timeout", "10m")
        inside = [self.connect(server) for _ in range(50)]
        for client in inside:
            client.ask()
        for number in range(10):
            newcomer = self.connect(server)
            self.assertEqual(newcomer.ask().status, 200)
            self.assertEqual(inside[number].receive(), b"", "it was idle for longest")
        for client in inside[10:]:
            self.assertEqual(client.ask().status, 200)

    def test_whichever_worker_holds_it(self):
        server = self.start("--max-connections", "50", "--workers", "3", "--idle-timeout", "10m")
        inside = [self.connect(server) for _ in range(50)]
        for client in inside:
            client.ask()
        for _ in range(50):
            self.assertEqual(self.connect(server).ask().status, 200)

    def test_those_that_never_say_anything_keep_nobody_out(self):
        server = self.start("--max-connections", "5", "--workers", "2", "--head-timeout", "10m")
        for _ in range(5):
            self.connect(server)
        self.assertEqual(self.connect(server).ask().status, 200)

    def test_one_at_a_time_serves_all(self):
        server = self.start("--max-connections", "1", "--workers", "2")
        clients = [self.connect(server) for _ in range(50)]
        for client in clients:
            client.send(GET)
        all_served(clients)
        server.stop()

    def test_those_who_wait_are_answered_at_the_drain(self):
        server = self.start("--max-connections", "1", "--shutdown-timeout", "10m", "--idle-timeout", "10m")
        inside = self.connect(server)
        inside.ask()
        waiting = [self.connect(server) for _ in range(5)]
        for client in waiting:
            client.send(GET)
        server.send_signal(support.signal.SIGTERM)
        for client in waiting:
            self.assertEqual(client.answer().status, 200)
        self.assertEqual(server.wait(), 0)


@support.linux_only
class Spread(support.TestCase):
    def watched(self, server):
        """Connections that each worker's engine watches: proc(5), fdinfo lists what an epoll instance or a ring waits for."""
        counts = {}
        for descriptor in os.listdir(f"/proc/{server.pid}/fd"):
            try:
                target = os.readlink(f"/proc/{server.pid}/fd/{descriptor}")
            except FileNotFoundError:
                continue  # a connection that has gone since the list was made
            if target not in ("anon_inode:[eventpoll]", "anon_inode:[io_uring]"):
                continue
            with open(f"/proc/{server.pid}/fdinfo/{descriptor}") as file:
                counts[descriptor] = len(re.findall(rf"^tfd:|^\s+op={IORING_OP_RECV}, ", file.read(), re.M))
        return counts

    def check(self, connect_all):
        """Of 100 connections from one CPU no worker holds more than its share where copying is most of the work; else that CPU's holds
        them, and none is without any."""
        self.check_most(connect_all, 50, 55, "--body", "x" * 65536)
        # One CPU is the home of both workers.
        least = 90 if len(os.sched_getaffinity(0)) > 1 else 50
        self.check_most(connect_all, least, 99)

    def check_most(self, connect_all, least, most, *args):
        server = self.start("--workers", "2", *args)
        idle = self.watched(server)
        mine = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(mine)})
        try:
            clients = connect_all(server)
        finally:
            os.sched_setaffinity(0, mine)
        for client in clients:
            client.ask()
        loads = sorted(count - idle[engine] for engine, count in self.watched(server).items())
        if sum(loads) != len(clients):
            self.skipTest(f"this kernel's fdinfo does not list what the engine waits for ({loads})")
        self.assertGreaterEqual(loads[-1], least, loads)
        self.assertLessEqual(loads[-1], most, loads)

    def test_100_connections_that_come_at_once(self):
        self.check(lambda server: [self.connect(server) for _ in range(100)])

    def test_100_connections_that_come_one_by_one(self):
        def one_by_one(server):
            clients = []
            for _ in range(100):
                clients.append(self.connect(server))
                clients[-1].ask()
            return clients
        self.check(one_by_one)

    def test_what_is_left_when_others_have_gone_does_not_hinder_new_ones(self):
        def churn(server):
            idle = self.watched(server)
            leaving = [self.connect(server) for _ in range(100)]
            for client in leaving:
                client.ask()
            for client in leaving:
                client.close()
            # A worker that has not noticed yet still has its share.
            support.eventually(lambda: self.watched(server) == idle, "the server has seen them go")
            return [self.connect(server) for _ in range(100)]
        self.check(churn)


if __name__ == "__main__":
    support.main()
