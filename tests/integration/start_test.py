# SPDX-License-Identifier: MIT
"""Signals around the start, none of which may be lost, and life as process 1 of a container."""
import os
import signal
import subprocess
import unittest

import support
from support import ask

UNSHARE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


def why_no_namespace():
    try:
        tried = subprocess.run([*UNSHARE, "true"], capture_output=True, timeout=support.DEADLINE)
    except FileNotFoundError:
        return "unshare(1) is not installed"
    return tried.stderr.decode().strip() if tried.returncode else None


class StartUp(support.TestCase):
    def start_reading_for_ever(self, **how):
        """Stopped in the middle of its start: standard input, its body, does not end. Signals are handled before it is read."""
        server = self.start("--body-file", "-", stdin=subprocess.PIPE, lines=0, **how)
        server.process.stdin.write(b"early, ")
        server.process.stdin.flush()
        if support.LINUX:
            # Not SigCgt of proc(5): an emulator catches every signal long before the program in it catches one.
            support.eventually(lambda: support.unread(server.process.stdin) == 0, "standard input is read")
        return server

    def test_a_signal_that_was_sent_before_the_program_began(self):
        # Blocked and pending, it survives execve(2): the earliest signal there can be.
        for number in (signal.SIGTERM, signal.SIGINT):
            shell = ["sh", "-c", f'kill -{int(number)} $$; exec "$@"', "sh"]
            server = self.start(wrapper=shell, lines=0, block=(number,))
            self.assertEqual(server.wait(), 0)

    def test_a_parent_that_blocks_signals(self):
        server = self.start(block=(signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
        server.stop()

    @support.linux_only
    @support.not_with_tsan("it keeps a signal back while read(2) waits")
    def test_term_while_standard_input_does_not_end(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.start_reading_for_ever().stop(number)

    @support.linux_only
    def test_hup_and_usr1_before_it_is_ready_end_nothing(self):
        server = self.start_reading_for_ever()
        for number in (signal.SIGHUP, signal.SIGUSR1):
            server.send_signal(number)
        server.process.stdin.write(b"late")
        server.process.stdin.close()
        server.read_ready_lines(1)
        self.assertEqual(ask(server.address()).body, b"early, late")
        server.stop()

    def test_term_at_any_moment_of_the_start(self):
        # Neither the exact moment nor whether the ready line came is under control: but it ends, and never otherwise than cleanly
        # or, when it came before main(), by the signal itself.
        for _ in range(50):
            server = self.start(lines=0)
            server.send_signal(signal.SIGTERM)
            self.assertIn(server.wait(), (0, -signal.SIGTERM), server.stderr())

    @support.linux_only
    @unittest.skipIf(support.LINUX and len(os.sched_getaffinity(0)) == 1, "one processor: every thread is on it")
    def test_pinned_workers_share_the_processors_in_turn(self):
        def placed(*args):
            server = self.start("--workers", "3", *args)
            places = []  # of threads that have one processor: not the main thread, nor those of a sanitizer
            for task in os.listdir(f"/proc/{server.pid}/task"):
                with open(f"/proc/{server.pid}/task/{task}/status") as file:
                    fields = dict(line.rstrip("\n").split(":\t", 1) for line in file)
                if fields["Cpus_allowed_list"].isdigit() and not fields["Name"].startswith("iou-"):
                    places.append(fields["Cpus_allowed_list"])
            return sorted(places)

        processors = sorted(os.sched_getaffinity(0))
        self.assertEqual(placed("--pin-workers"), sorted(str(processors[i % len(processors)]) for i in range(3)))
        self.assertEqual(placed(), [])

    def test_term_right_after_the_ready_line(self):
        for _ in range(20):
            server = self.start("--workers", "2")
            server.stop()


reason = why_no_namespace()


@unittest.skipIf(reason, f"no pid namespace: {reason}")
class AsProcessOne(support.TestCase):
    """There a signal without a handler is ignored and not fatal (pid_namespaces(7))."""

    def start_as_one(self, *args, **how):
        server = self.start(*args, wrapper=UNSHARE, **how)
        with open(f"/proc/{server.pid}/task/{server.pid}/children") as file:
            server.pid = int(file.read())
        with open(f"/proc/{server.pid}/status") as file:
            namespaced = [line for line in file if line.startswith("NSpid:")][0].split()
        self.assertEqual(namespaced[-1], "1")
        return server

    def test_it_serves_and_drains(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.start_as_one("--shutdown-timeout", "10m")
            idle = self.connect(server)
            self.assertEqual(idle.ask().body, b"OK")
            server.stop(number)
            self.assertEqual(idle.receive(), b"")

    def test_a_second_signal_ends_it(self):
        server = self.start_as_one("--shutdown-timeout", "10m")
        client = self.connect(server)
        client.send(b"GET")
        server.send_signal(signal.SIGTERM)
        support.eventually(lambda: support.refuses(server.address()), "accepting has ended")
        server.stop(status=3)

    def test_hup_and_usr1_reopen_the_log(self):
        folder = self.directory()
        log, old = os.path.join(folder, "log"), os.path.join(folder, "log.1")
        server = self.start_as_one("--access-log", log)
        os.rename(log, old)
        server.send_signal(signal.SIGUSR1)
        support.eventually(lambda: os.path.exists(log), "the log is opened again")
        server.stop()

    def test_other_signals_change_nothing(self):
        server = self.start_as_one()
        for number in (signal.SIGPIPE, signal.SIGHUP):
            server.send_signal(number)
        self.assertEqual(ask(server.address()).body, b"OK")
        server.stop()


class WhileServing(support.TestCase):
    def test_pipe_and_hup_end_nothing(self):
        server = self.start()
        for number in (signal.SIGPIPE, signal.SIGHUP, signal.SIGUSR1):
            server.send_signal(number)
            self.assertEqual(ask(server.address()).body, b"OK")
        server.stop()

    def test_stopping_and_continuing_it_loses_nobody(self):
        server = self.start()
        client = self.connect(server)
        server.send_signal(signal.SIGSTOP)
        client.send(support.GET)
        server.send_signal(signal.SIGCONT)
        self.assertEqual(client.answer().status, 200)
        server.stop()


if __name__ == "__main__":
    support.main()
