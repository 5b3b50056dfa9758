# SPDX-License-Identifier: MIT
"""--max-requests, exact under concurrency, and --max-time: how many answers a script gets before the server is gone."""
import contextlib
import threading

import support
from support import GET, Client, Ended


def count_answers(address, clients, requests_at_once=1):
    """Clients that ask until they are refused: the statuses of all answers that came whole."""
    statuses = []

    def client():
        mine = []
        with contextlib.suppress(OSError):
            while True:
                with Client(address) as connection, contextlib.suppress(Ended):
                    while True:
                        connection.send(GET * requests_at_once)
                        for _ in range(requests_at_once):
                            mine.append(connection.answer().status)
        statuses.extend(mine)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


class MaxRequests(support.TestCase):
    def check_exact(self, number, **load):
        server = self.start("--max-requests", str(number), "--workers", "2")
        statuses = count_answers(server.address(), **load)
        self.assertEqual(len(statuses), number)
        self.assertEqual(set(statuses), {200})
        self.assertEqual(server.wait(), 0, server.stderr())

    def test_exact_with_50_clients(self):
        self.check_exact(2000, clients=50)

    def test_exact_with_50_clients_that_pipeline(self):
        self.check_exact(2017, clients=50, requests_at_once=7)

    def test_once_with_50_clients(self):
        for _ in range(5):
            self.check_exact(1, clients=50)

    def test_the_last_answer_announces_the_close(self):
        server = self.start("--max-requests", "3")
        client = self.connect(server)
        self.assertEqual([client.ask().closes for _ in range(3)], [False, False, True])
        self.assertEqual(client.receive(), b"")
        self.assertEqual(server.wait(), 0)

    def test_an_idle_connection_does_not_keep_it(self):
        server = self.start("--max-requests", "1", "--shutdown-timeout", "10m", "--idle-timeout", "10m")
        silent = self.connect(server)
        self.connect(server).ask()
        self.assertEqual(server.wait(), 0)
        self.assertEqual(silent.receive(), b"")

    def test_connections_that_ask_nothing_do_not_count(self):
        server = self.start("--max-requests", "1")
        for _ in range(20):
            Client(server.address()).close()
        self.assertEqual(support.ask(server.address()).status, 200)
        self.assertEqual(server.wait(), 0)

    def test_errors_are_answers_too(self):
        server = self.start("--max-requests", "1")
        self.assertEqual(support.ask(server.address(), b"GET\r\n\r\n").status, 400)
        self.assertEqual(server.wait(), 0)

    def test_whoever_goes_before_the_answer_does_not_use_one_up(self):
        body = "x" * 60000
        server = self.start("--max-requests", "1", "--body-file", "-", stdin=support.subprocess.PIPE, lines=0, listen=support.ANY_PORT)
        server.process.stdin.write(body.encode() * 400)
        server.process.stdin.close()
        server.read_ready_lines(1)
        gone = Client(server.address(), receive_buffer=4096, linger=False)
        gone.send(GET)
        gone.read_until(lambda data: len(data) > 0)
        gone.close()  # a reset in the middle of the answer
        answer = support.eventually(lambda: self.try_to_ask(server), "an answer after the one that was cut")
        self.assertEqual(len(answer.body), 24_000_000)
        self.assertEqual(server.wait(), 0)

    def try_to_ask(self, server):
        with contextlib.suppress(Ended):
            return support.ask(server.address())
        return None


class MaxTime(support.TestCase):
    def test_under_load_it_is_a_clean_stop(self):
        server = self.start("--max-time", "300ms", "--workers", "2")
        statuses = count_answers(server.address(), clients=10)
        self.assertEqual(server.wait(), 0)
        self.assertEqual(set(statuses), {200})

    def test_clients_under_way_are_drained_and_not_cut(self):
        server = self.start("--max-time", "300ms", "--shutdown-timeout", "10m", "--head-timeout", "10m")
        client = self.connect(server)
        client.send(GET[:10])
        support.eventually(lambda: support.refuses(server.address()), "accepting has ended")
        client.send(GET[10:])
        self.assertTrue(client.answer().closes)
        self.assertEqual(server.wait(), 0)

    def test_short_of_max_requests_it_is_4(self):
        server = self.start("--max-time", "300ms", "--max-requests", "2")
        self.connect(server).ask()
        self.assertEqual(server.wait(), 4)

    def test_a_signal_before_it_is_a_clean_stop(self):
        self.start("--max-time", "10m", "--max-requests", "1000").stop()


if __name__ == "__main__":
    support.main()
