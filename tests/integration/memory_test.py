# SPDX-License-Identifier: MIT
"""Large answers to many readers, clients that never read, and thousands that are idle: bytes come whole and memory stays bounded."""
import hashlib
import os
import random
import resource
import select
import threading

import support
from support import GET, Client

MEGABYTE = 1 << 20
BODY = (20 if support.SANITIZED else 100) * MEGABYTE
# What a client that pipelines and never reads may cost in memory of the process. Saved input is --max-head and two
# --read-buffer; io_uring keeps besides what its multishot receive had taken before it could be stopped: once all the
# buffers of its ring.
GROWTH_PER_STUCK_CLIENT = MEGABYTE if support.ENGINE == "io_uring" else 64 * 1024
IDLE_BYTES = 280


class LargeBodies(support.TestCase):
    def start_with_body(self, size, *args):
        path = os.path.join(self.directory(), "body")
        piece = random.Random(1).randbytes(MEGABYTE)
        digest = hashlib.sha256()
        with open(path, "wb") as file:
            for number in range(size // MEGABYTE):
                block = number.to_bytes(8, "big") + piece[8:]
                file.write(block)
                digest.update(block)
        return self.start("--body-file", path, *args), digest.hexdigest()

    def read(self, server, size, results, receive_buffer=None, piece=1 << 18, requests=1):
        with Client(server.address(), receive_buffer=receive_buffer) as client:
            client.send(GET * requests)
            for _ in range(requests):
                client.read_until(lambda data: b"\r\n\r\n" in data)
                rest = client.data.split(b"\r\n\r\n", 1)[1]
                digest, got = hashlib.sha256(), 0
                while True:
                    digest.update(rest[:size - got])
                    got, client.data = got + len(rest[:size - got]), rest[size - got:]
                    if got == size:
                        break
                    rest = client.socket.recv(piece)
                    if not rest:
                        break
                results.append((got, digest.hexdigest()))

    def read_by_all(self, server, size, readers):
        results = []
        threads = [threading.Thread(target=self.read, args=(server, size, results), kwargs=reader) for reader in readers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def test_it_comes_whole_to_fast_and_slow_readers_from_one_copy(self):
        server, digest = self.start_with_body(BODY, "--workers", "2")
        before = server.memory_bytes() if support.LINUX else 0
        readers = [{}] * 4 + [{"receive_buffer": 16384, "piece": 4096}] * 2
        results = self.read_by_all(server, BODY, readers)
        self.assertEqual(results, [(BODY, digest)] * len(readers))
        if support.LINUX and not support.SANITIZED:
            self.assertLess(server.memory_bytes() - before, BODY / 10)
        server.stop()

    def test_pipelined_it_comes_as_often_as_it_was_asked_for(self):
        server, digest = self.start_with_body(3 * MEGABYTE)
        results = self.read_by_all(server, 3 * MEGABYTE, [{"requests": 10}] * 3)
        self.assertEqual(results, [(3 * MEGABYTE, digest)] * 30)


class StuckClients(support.TestCase):
    def pipeline_until_blocked(self, client, limit):
        """Sends requests and reads nothing, up to `limit` bytes or until nothing more is taken for a second."""
        client.socket.setblocking(False)
        block, sent = GET * 2000, 0
        while sent < limit and select.select([], [client.socket], [], 1.0)[1]:
            sent += client.socket.send(block[sent % len(GET):])
        client.socket.settimeout(support.DEADLINE)
        return sent

    @support.linux_only
    def test_clients_that_pipeline_and_never_read_cost_a_bounded_amount(self):
        server = self.start("--workers", "1", "--write-timeout", "10m", "--head-timeout", "10m", "--shutdown-timeout", "0")
        self.pipeline_until_blocked(self.connect(server), 1 << 30)  # what one such client needs once and for all is there now
        before = server.memory_bytes()
        clients = [self.connect(server) for _ in range(10)]
        sent = [self.pipeline_until_blocked(client, 1 << 30) for client in clients]
        self.assertLess(max(sent), 1 << 30, "a client that never reads is read without end")
        if not support.SANITIZED:
            self.assertLess(server.memory_bytes() - before, len(clients) * GROWTH_PER_STUCK_CLIENT)
        server.stop(status=3)

    def test_once_it_reads_again_not_one_answer_is_missing(self):
        server = self.start("--workers", "1", "--write-timeout", "10m")
        client = self.connect(server)
        sent = self.pipeline_until_blocked(client, 1 << 30)
        rest = -sent % len(GET)
        finishing = threading.Thread(target=lambda: client.send(GET[len(GET) - rest:] + support.GET_CLOSE))
        finishing.start()
        answers, tail, marker = 0, b"", b"HTTP/1.1 200 OK\r\n"
        while piece := client.receive():
            answers += (tail + piece).count(marker)
            tail = (tail + piece)[-len(marker) + 1:]
        finishing.join()
        self.assertEqual(answers, (sent + rest) // len(GET) + 1)


class IdleClients(support.TestCase):
    @support.exact_memory
    def test_10000_idle_connections_cost_at_most_280_bytes_each(self):
        self.check(10_000)

    @support.exact_memory
    def test_2000_idle_connections_do_not_pay_for_more(self):
        self.check(2_000)

    def check(self, number):
        enough = number + 200
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < enough:
            self.skipTest(f"ulimit -n is {hard}, {enough} are needed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        server = self.start("--workers", "2", "--idle-timeout", "1h", "--head-timeout", "1h", descriptors=hard)
        for _ in range(100):
            warming_up = self.connect(server, linger=False)
            warming_up.ask()
        before = server.memory_bytes()
        clients = []
        for _ in range(number):
            clients.append(self.connect(server, linger=False))
            clients[-1].ask()
        each = (server.memory_bytes() - before) / number
        print(f"{each:.0f} bytes each ... ", end="", flush=True)
        self.assertLessEqual(each, IDLE_BYTES)
        server.stop()

    @support.exact_memory
    def test_unfinished_heads_leave_nothing_behind(self):
        number = 3000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 2 * number:
            self.skipTest(f"ulimit -n is {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        server = self.start("--workers", "2", "--head-timeout", "10m", descriptors=hard)
        before = server.memory_bytes()
        clients = [self.connect(server, linger=False) for _ in range(number)]
        for client in clients:
            client.send(GET[:-2] + b"X: " + b"x" * 14000)
        support.eventually(lambda: server.memory_bytes() - before > number * 12000, "the heads have been taken in")
        random.Random(1).shuffle(clients)  # in no order that an allocator likes
        for client in clients:
            client.close()
        # As much as it kept of each connection may stay, and blocks for a steady load; not the heads.
        support.eventually(lambda: server.memory_bytes() - before < number * 1000, "the memory is given back")
        self.assertEqual(support.ask(server.address()).status, 200)


if __name__ == "__main__":
    support.main()
