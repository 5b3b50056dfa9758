# SPDX-License-Identifier: MIT
"""What is refused to a server that runs (memory, the kernel's own calls): it turns somebody away, or says why it ends; it never dies."""
import re
import resource
import select
import selectors
import shutil
import socket
import subprocess
import unittest

import support
from support import GET

# What the program takes to start differs with the C library, the engine and the number of workers; beyond that it has room for some
# clients, and not for all.
BEYOND_START = [1 << 20, 8 << 20, 24 << 20]


@unittest.skipIf(support.SANITIZED, "a sanitizer reserves terabytes of addresses, which no limit leaves it")
@unittest.skipIf(support.EMULATED, "the limit would be the emulator's, which has memory of its own to run out of")
@support.linux_only
class Memory(support.TestCase):
    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.crowd_size = min(4000, hard - 100)

    def enough_to_start(self, *args):
        for limit in range(20 << 20, 1 << 30, 4 << 20):
            status, _, err = support.run(*support.ANY_PORT, "--max-time", "1ms", *args, addresses=limit)
            if status in (0, 4):
                return limit
            self.assertIn(status, (1, 127), f"with {limit} bytes: {err}")  # 127: the dynamic linker
        self.fail("it starts with no amount of memory")

    def crowd(self, server, opening):
        """So many clients that say `opening` and nothing more. Those in a full backlog are not waited for."""
        clients = [socket.socket() for _ in range(self.crowd_size)]
        with selectors.DefaultSelector() as connecting:
            for client in clients:
                self.addCleanup(client.close)
                client.setblocking(False)
                client.connect_ex(server.address())
                connecting.register(client, selectors.EVENT_WRITE)
            while ready := connecting.select(0.5):
                for key, _ in ready:
                    connecting.unregister(key.fileobj)
                    try:
                        key.fileobj.send(opening)
                    except ConnectionError:
                        pass  # it was turned away
        return clients

    def check(self, opening, *args):
        limit = self.enough_to_start(*args)
        reported = 0
        for beyond in BEYOND_START:
            server = self.start("--head-timeout", "10m", "--write-timeout", "10m", *args, addresses=limit + beyond)
            clients = self.crowd(server, opening)
            # Behind all of them: its turn comes when they have been let in, or have used up what there is.
            last = self.connect(server)
            last.send(GET)
            answer = select.poll()  # select(2) knows 1,024 descriptors
            answer.register(last.socket, select.POLLIN)
            support.eventually(lambda: self.has_run_out(server) or answer.poll(0), "memory runs out, or nobody waits")
            for client in [last, *clients]:
                client.close()
            support.eventually(lambda: self.is_served(server), "somebody is served again")
            server.stop()
            reported += self.has_run_out(server)
        return reported

    @staticmethod
    def has_run_out(server):
        return re.search("cannot accept a connection: (cannot allocate|out of) memory", server.stderr()) is not None

    def is_served(self, server):
        try:
            return support.ask(server.address()).status == 200
        except (ConnectionError, support.Ended):
            return False

    def test_4000_unfinished_heads(self):
        self.assertGreater(self.check(b"G"), 0, "memory never ran out")

    def test_4000_unfinished_bodies_that_are_going_to_be_logged(self):
        self.check(b"POST / HTTP/1.1\r\nHost: test\r\nX: " + b"x" * 8000 + b"\r\nContent-Length: 10\r\n\r\n", "--access-log",
                   f"{self.directory()}/access.log")

    def test_4000_clients_of_which_none_reads_its_answers(self):
        body = f"{self.directory()}/body"
        with open(body, "wb") as file:
            file.write(bytes(1 << 20))
        self.check(GET * 50, "--body-file", body)


@support.linux_only
class Kernel(support.TestCase):
    @unittest.skipIf(support.SANITIZED, "a sanitizer's own threads and strace get into each other's way")
    @unittest.skipUnless(support.ENGINE == "io_uring", "is of a call that only io_uring makes")
    def test_a_ring_that_is_refused_while_it_runs_ends_the_program_with_its_reason(self):
        tracer = shutil.which("strace")
        if not tracer or subprocess.run([tracer, "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
            self.skipTest("needs strace, and the right to trace")
        refuse = "inject=io_uring_enter:error=EPERM:when=50+"
        server = self.start("--workers", "2", wrapper=(tracer, "-f", "-qq", "-o", "/dev/null", "-e", "trace=io_uring_enter", "-e", refuse))
        clients = []
        while server.process.poll() is None and len(clients) < 1000:
            try:
                clients.append(self.connect(server))
                clients[-1].ask()
            except (OSError, support.Ended):
                break
        self.assertEqual(server.wait(), 1, server.stderr())
        self.assertTrue(server.stderr().endswith("tinyhttpd: error: cannot go on with io_uring: operation not permitted\n"), server.stderr())


if __name__ == "__main__":
    support.main()
