# SPDX-License-Identifier: MIT
"""Readers that stall: standard error, standard output, the access log, the service manager. Nobody is served worse for it, and the
program ends when it is told to."""
import contextlib
import fcntl
import os
import pty
import signal
import socket
import termios
import time
import tty

import support
from support import GET, ask

# Longer than any of these tests may take: what waits for it runs into the deadline of the test.
NEVER = "10m"


class StalledPipe:
    """A pipe that is full; `end` is for the program, and blocks."""

    def __init__(self, test):
        self.reader, self.end = os.pipe()
        for descriptor in (self.reader, self.end):
            test.addCleanup(os.close, descriptor)
        self.fill()

    def fill(self):
        os.set_blocking(self.end, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(self.end, b"." * 512)
        os.set_blocking(self.end, True)

    def read_until(self, enough):
        return support.read_pipe(self.reader, enough).lstrip(b".").decode()


def terminal(test):
    """A pseudo terminal: (what its user sees, the program's end)."""
    user, program = pty.openpty()
    for descriptor in (user, program):
        test.addCleanup(os.close, descriptor)
    tty.setraw(program)
    return user, program


class TestCase(support.TestCase):
    def answers_for_two_seconds(self, server):
        """Until the Date has changed twice: each worker has looked after its log more than once."""
        dates = set()
        while len(dates) < 3:
            dates.add(ask(server.address()).field("Date"))

    def fail_to_reopen(self, server, log, often):
        os.rename(os.path.dirname(log), os.path.dirname(log) + ".away")
        for _ in range(often):
            server.send_signal(signal.SIGHUP)
            ask(server.address())

    def log_path(self):
        folder = os.path.join(self.directory(), "logs")
        os.mkdir(folder)
        return os.path.join(folder, "log")


class StandardError(TestCase):
    def test_a_full_pipe_stops_no_answer_and_no_exit(self):
        pipe, log = StalledPipe(self), self.log_path()
        server = self.start("--access-log", log, "--workers", "2", stderr=pipe.end)
        self.fail_to_reopen(server, log, often=20)
        self.answers_for_two_seconds(server)
        server.stop()

    def test_a_terminal_stopped_with_ctrl_s_stops_nobody(self):
        user, program = terminal(self)
        log = self.log_path()
        server = self.start("--access-log", log, stderr=program)
        termios.tcflow(program, termios.TCOOFF)
        self.fail_to_reopen(server, log, often=20)
        self.answers_for_two_seconds(server)
        termios.tcflow(program, termios.TCOON)
        support.read_pipe(user, lambda data: b"cannot reopen the access log" in data)
        termios.tcflow(program, termios.TCOOFF)
        server.stop()

    @support.not_with_tsan("it keeps a signal back while write(2) waits")
    def test_two_signals_end_it_even_when_the_start_hangs(self):
        pipe, path = StalledPipe(self), os.path.join(self.directory(), "socket")
        # It listens, and then has to say that this is more than fits.
        server = self.start("--max-connections", "4000000", listen=("--listen", f"unix:{path}"), lines=0, stderr=pipe.end)
        support.eventually(lambda: os.path.exists(path), "it listens")
        server.send_signal(signal.SIGTERM)
        server.stop(signal.SIGINT, status=3)

    def test_a_pipe_that_is_shared_stays_blocking_for_the_others(self):
        pipe = StalledPipe(self)
        server = self.start("--max-time", "1ms", "--max-requests", "1", stderr=pipe.end)
        self.assertEqual(server.wait(), 4)
        self.assertEqual(fcntl.fcntl(pipe.end, fcntl.F_GETFL) & os.O_NONBLOCK, 0)


class AccessLog(TestCase):
    """A log whose reader stalls."""

    def stalled(self, target, *args):
        pipe = StalledPipe(self)
        how = {"stderr" if target == "stderr" else "stdout": pipe.end}
        port = os.path.join(self.directory(), "port")
        server = self.start("--access-log", target, "--log-flush", "1ms", "--port-file", port, "-q", *args, lines=0, **how)
        server.where = self.address_in(port)
        return server

    def test_one_signal_ends_it_within_the_shutdown_timeout(self):
        for target in ("stderr", "-"):
            server = self.stalled(target, "--shutdown-timeout", "200ms")
            self.assertEqual(ask(server.where).status, 200)
            server.stop()

    def test_a_second_signal_ends_it_at_once(self):
        for target in ("stderr", "-", "stdout"):
            server = self.stalled(target, "--shutdown-timeout", NEVER)
            ask(server.where)
            server.send_signal(signal.SIGTERM)
            support.eventually(lambda: support.refuses(server.where), "the drain has begun")
            server.stop(status=3)
            if target != "stderr":
                self.assertIn("standard output lost 1 line in all", server.stderr(), "it ended in good order")

    def test_a_drain_without_a_signal_leaves_the_first_one_without_force(self):
        server = self.stalled("-", "--shutdown-timeout", "4s", "--max-requests", "1")
        ask(server.where)
        support.eventually(lambda: support.refuses(server.where), "the drain has begun")
        server.stop()

    def test_the_drain_and_the_log_share_one_timeout_even_with_block(self):
        server = self.stalled("-", "--shutdown-timeout", "4s", "--log-overflow", "block", "--log-buffer", "4k", "--workers", "1")
        client = self.connect(server.where)
        client.send(GET * 8000)  # more lines than the batches in flight hold: the worker waits for the log
        client.read_until(lambda data: len(data) > 0)
        begin = time.monotonic()
        server.send_signal(signal.SIGTERM)
        self.assertIn(server.wait(), (0, 3))
        self.assertLess(time.monotonic() - begin, 7.5)


class Announcement(TestCase):
    def test_a_full_standard_output_keeps_nobody_from_being_served_or_heard(self):
        pipe = StalledPipe(self)
        port = os.path.join(self.directory(), "port")
        server = self.start("--port-file", port, stdout=pipe.end, lines=0)
        self.assertEqual(ask(self.address_in(port)).status, 200)
        self.assertRegex(pipe.read_until(lambda data: data.endswith(b"\n")), r"tinyhttpd: listening on http://127\.0\.0\.1:\d+\n")
        pipe.fill()
        server.stop()

    def test_a_full_standard_output_does_not_outlive_the_signal(self):
        pipe = StalledPipe(self)
        port = os.path.join(self.directory(), "port")
        server = self.start("--port-file", port, stdout=pipe.end, lines=0)
        self.address_in(port)
        server.stop()

    def test_a_full_ready_fd_keeps_nobody_waiting_for_the_line(self):
        pipe = StalledPipe(self)
        server = self.start("--ready-fd", str(pipe.end), pass_fds=(pipe.end,))
        self.assertEqual(ask(server.address()).status, 200)
        pipe.read_until(lambda data: data.endswith(b"\n"))
        server.stop()

    def test_a_service_manager_that_does_not_read_holds_nothing_up(self):
        path = os.path.join(self.directory(), "notify")
        manager, filler = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2))
        for each in (manager, filler):
            self.addCleanup(each.close)
        manager.bind(path)
        manager.settimeout(support.DEADLINE)
        filler.setblocking(False)
        filled = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                filler.sendto(b"X=1", path)
                filled += 1
        server = self.start(env={"NOTIFY_SOCKET": path})
        self.answers_for_two_seconds(server)  # as long as he likes
        for _ in range(filled):
            self.assertEqual(manager.recv(4096), b"X=1")
        self.assertEqual(manager.recv(4096), b"READY=1")
        server.stop()
        self.assertEqual(manager.recv(4096), b"STOPPING=1")


if __name__ == "__main__":
    support.main()
