# SPDX-License-Identifier: MIT
"""Thousands of answers that wait: while nothing is due the server sleeps, what is due comes meanwhile, and clients that leave take
what waited for them along. How exact a delay is, is no question for a machine that does other things, too.
"""
import os
import re
import resource
import time
import unittest

import support
from support import Client

FEWEST, MOST = 2_000, 10_000
# Three requests and three answers are six; the rest is for a machine that others use. A wake-up a tenth of a second would be 60.
SWITCHES, CPU_SECONDS = 20, 0.02
LEFT_BYTES = 16  # of each, by one crowd for the next; an answer that waits is 88


def request(path):
    return f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode()


@unittest.skipIf(support.SANITIZED, "a sanitizer's own thread wakes up, too")
@support.linux_only
class Waiting(support.TestCase):
    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.number = min(MOST, hard - 200)
        if self.number < FEWEST:
            self.skipTest(f"ulimit -n is {hard}, {FEWEST + 200} are needed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.hard = hard

    def serve(self, workers):
        path = os.path.join(self.directory(), "stub.toml")
        with open(path, "w") as file:
            file.write('response.delay = "1h"\n[[route]]\npath = "/now"\n[[route]]\npath = "/soon"\ndelay = "500ms"\n')
        self.server = self.start("--config", path, "--workers", str(workers), descriptors=self.hard)

    def crowd(self, number):
        """So many clients whose requests wait for an hour. Two leave in one piece: with the answer to the first the second has come."""
        clients = [self.connect(self.server, linger=False) for _ in range(number)]
        for client in clients:
            client.ask(request("/now") + request("/hour"))
        return clients

    def leave(self, clients, descriptors):
        for client in clients:
            client.close()
        support.eventually(lambda: self.descriptors() <= descriptors, "their connections are closed")

    def switches(self):
        """proc(5), status: how often a thread went to sleep of itself."""
        total = 0
        for task in os.listdir(f"/proc/{self.server.pid}/task"):
            with open(f"/proc/{self.server.pid}/task/{task}/status") as file:
                total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read(), re.M)[1])
        return total

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.server.pid}/fd"))

    def test_10000_that_wait_cost_no_time_of_the_processor(self):
        self.serve(workers=2)
        before = self.descriptors()
        crowd = self.crowd(self.number)
        self.assertGreaterEqual(self.descriptors(), before + self.number)

        soon = [Client(self.server.address()) for _ in range(3)]
        switches, cpu = self.switches(), self.server.cpu_seconds()
        for client in soon:
            with client:
                self.assertEqual(client.ask(request("/soon")).status, 200)
        time.sleep(1.5)  # not until something has happened: while nothing does
        switches, cpu = self.switches() - switches, self.server.cpu_seconds() - cpu
        print(f"{self.number}: {switches} switches, {cpu * 1e3:.1f} ms ... ", end="", flush=True)
        self.assertLess(switches, SWITCHES)
        self.assertLess(cpu, CPU_SECONDS)

        self.leave(crowd, before)
        self.assertEqual(support.ask(self.server.address(), request("/now")).status, 200)
        self.server.stop()

    def test_a_crowd_that_leaves_makes_room_for_the_next(self):
        self.serve(workers=1)  # of several each keeps what its own crowd needed, which is not always the same one
        before, taken = self.descriptors(), []
        for _ in range(3):
            crowd = self.crowd(FEWEST)
            taken.append(self.server.memory_bytes())
            self.leave(crowd, before)
        self.assertLess(taken[-1] - taken[0], FEWEST * LEFT_BYTES)


if __name__ == "__main__":
    support.main()
