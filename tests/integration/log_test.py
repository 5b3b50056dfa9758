# SPDX-License-Identifier: MIT
"""The access log of the running program: rotation under load, disks that are full and readers that are gone or slow."""
import json
import os
import re
import signal
import socket
import threading

import support
from support import GET, Client, ask

REQUESTS = 20_000 if support.SANITIZED else 200_000
CONNECTIONS = 20
AT_ONCE = 50
COMMON_LINE = re.compile(rb'127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET / HTTP/1\.1" 200 2\n')


def load(address, requests, halfway=lambda: None):
    """Asks `requests` times over several connections and counts the answers. `halfway` runs when half of them are in."""
    lock, total, failures = threading.Lock(), [0], []

    def client():
        try:
            with Client(address) as connection:
                for _ in range(requests // CONNECTIONS // AT_ONCE):
                    connection.send(GET * AT_ONCE)
                    connection.read_until(lambda data: data.count(b"HTTP/1.1 200 OK\r\n") == AT_ONCE and data.endswith(b"\r\n\r\nOK"))
                    connection.data = b""
                    with lock:
                        total[0] += AT_ONCE
                        passed_half = total[0] - AT_ONCE < requests // 2 <= total[0]
                    if passed_half:
                        halfway()
        except (support.Ended, OSError) as error:
            failures.append(error)

    threads = [threading.Thread(target=client) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return total[0]


class Rotation(support.TestCase):
    def setUp(self):
        folder = self.directory()
        self.log, self.old = os.path.join(folder, "log"), os.path.join(folder, "log.1")

    def rotate(self, server, number):
        os.rename(self.log, self.old)
        server.send_signal(number)

    def check_rotation(self, number):
        server = self.start("--access-log", self.log, "--log-overflow", "block", "--workers", "2")
        self.assertEqual(load(server.address(), REQUESTS, lambda: self.rotate(server, number)), REQUESTS)
        server.stop()
        lines = 0
        for path in (self.old, self.log):
            with open(path, "rb") as file:
                written = file.readlines()
            self.assertGreater(len(written), 0, path)
            lines += len(written)
            self.assertEqual([line for line in written if not COMMON_LINE.fullmatch(line)][:3], [])
        self.assertEqual(lines, REQUESTS)

    def test_usr1_loses_and_repeats_no_line(self):
        self.check_rotation(signal.SIGUSR1)

    def test_hup_loses_and_repeats_no_line(self):
        self.check_rotation(signal.SIGHUP)

    def test_many_rotations_in_a_row(self):
        server = self.start("--access-log", self.log, "--log-overflow", "block", "--log-flush", "1ms")
        lines = 0
        for _ in range(50):
            ask(server.address())
            self.rotate(server, signal.SIGUSR1)
            support.eventually(lambda: os.path.exists(self.log), "the log is opened again")
            with open(self.old, "rb") as file:
                lines += len(file.readlines())
        server.stop()
        with open(self.log, "rb") as file:
            self.assertEqual(lines + len(file.readlines()), 50)

    def test_a_log_that_cannot_be_opened_again_goes_on_in_the_old_file(self):
        folder = os.path.join(self.directory(), "logs")
        os.mkdir(folder)
        log = os.path.join(folder, "log")
        server = self.start("--access-log", log)
        with open(log, "rb") as file:
            os.rename(folder, folder + ".away")
            server.send_signal(signal.SIGUSR1)
            support.eventually(lambda: "cannot reopen the access log" in server.stderr(), "the failure is reported")
            ask(server.address())
            server.stop()
            self.assertEqual(len(file.readlines()), 1)


class Trouble(support.TestCase):
    def check_survives(self, server, report):
        self.assertEqual(load(server.address(), 10_000), 10_000)
        support.eventually(lambda: report in server.stderr().lower(), report)
        server.stop()
        # Once a second with a count, not once a line.
        self.assertLess(server.stderr().count("\n"), 100)

    def test_a_full_disk(self):
        for overflow in ("drop", "block"):
            server = self.start("--access-log", "/dev/full", "--log-overflow", overflow, "--log-flush", "10ms")
            self.check_survives(server, "no space left on device")

    def test_a_closed_pipe(self):
        for overflow in ("drop", "block"):
            server = self.start("--access-log", "-", "--log-overflow", overflow, "--log-flush", "10ms")
            server.process.stdout.close()
            self.check_survives(server, "broken pipe")

    def test_a_reader_that_stalls_costs_lines_and_not_answers(self):
        # More lines than the pipe and the batches in flight hold; nobody reads the pipe.
        server = self.start("--access-log", "-", "--log-overflow", "drop", "--log-buffer", "4k", "--shutdown-timeout", "100ms")
        self.assertEqual(load(server.address(), REQUESTS // 4), REQUESTS // 4)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)
        self.assertRegex(server.stderr(), r"lost \d+ lines in all")

    def test_a_slow_reader_gets_every_line_with_block(self):
        requests = REQUESTS // 4
        server = self.start("--access-log", "-", "--log-overflow", "block", "--log-buffer", "4k")
        asking = threading.Thread(target=load, args=(server.address(), requests))
        asking.start()
        text = support.read_pipe(server.process.stdout.fileno(), lambda data: data.count(b"\n") >= requests)
        asking.join()
        server.stop()
        self.assertEqual((text + server.rest_of_stdout()).count(b"\n"), requests)


class Streams(support.TestCase):
    """The names of the standard streams mean these, whatever they are."""

    def test_each_name_is_the_stream_and_makes_no_file(self):
        folder = self.directory()
        for name in ("-", "stdout", "/dev/stdout", "stderr", "/dev/stderr"):
            server = self.start("--access-log", name, "--once", "-q", "--port-file", os.path.join(folder, "port"), lines=0,
                                wrapper=("sh", "-c", 'cd "$0" && exec "$@"', folder))
            ask(self.address_in(os.path.join(folder, "port")))
            self.assertEqual(server.wait(), 0)
            said = {"err": server.stderr().encode(), "out": server.rest_of_stdout()}
            self.assertRegex(said.pop("err" if "err" in name else "out"), COMMON_LINE)
            self.assertEqual(list(said.values()), [b""], name)
        self.assertEqual(os.listdir(folder), [])

    def test_a_path_is_a_file_of_that_name(self):
        folder = self.directory()
        server = self.start("--access-log", "./stdout", "--once", wrapper=("sh", "-c", 'cd "$0" && exec "$@"', folder))
        ask(server.address())
        self.assertEqual((server.wait(), os.listdir(folder)), (0, ["stdout"]))

    def test_a_stream_may_be_a_socket(self):
        # open(2) of /dev/stdout fails with ENXIO then: what a service manager or inetd passes in.
        for name in ("-", "stdout", "/dev/stdout"):
            ours, program = socket.socketpair()
            with ours, program:
                port = os.path.join(self.directory(), "port")
                server = self.start("--access-log", name, "--once", "-q", "--port-file", port, lines=0, stdout=program)
                program.close()
                ask(self.address_in(port))
                self.assertEqual(server.wait(), 0, server.stderr())
                self.assertRegex(support.read_pipe(ours.fileno(), lambda data: False), COMMON_LINE)

    @support.linux_only
    def test_another_name_of_a_socket_is_answered_with_the_right_one(self):
        ours, program = socket.socketpair()
        with ours, program:
            server = self.start("--access-log", "/proc/self/fd/1", lines=0, stdout=program)
            self.assertEqual(server.wait(), 1)
        self.assertIn("/proc/self/fd/1: no such device or address (it is a socket; '-' is standard output)\n", server.stderr())

    def test_a_pipe_that_nobody_reads_is_called_that(self):
        path = os.path.join(self.directory(), "fifo")
        os.mkfifo(path)
        server = self.start("--access-log", path, lines=0)
        self.assertEqual(server.wait(), 1)
        self.assertIn(f"cannot open the access log {path}: ", server.stderr())
        self.assertIn("(nobody has the pipe open for reading)\n", server.stderr())


class Lines(support.TestCase):
    def log_of(self, format_name, requests):
        log = os.path.join(self.directory(), "log")
        server = self.start("--access-log", log, "--log-format", format_name, "--body", "12345", "--workers", "1")
        for request in requests:
            ask(server.address(), request)
        server.stop()
        with open(log, "rb") as file:
            return file.read().decode("ascii").splitlines()

    def test_nothing_a_client_sends_makes_a_second_line_or_leaves_ascii(self):
        bad = b'GET /\x1b[2J"\xff\r\n\r\n'
        good = b'GET /a?b HTTP/1.1\r\nHost: a\r\nUser-Agent: "\xff\t\r\nReferer: x\r\nConnection: close\r\n\r\n'
        for name in ("common", "combined", "json"):
            lines = self.log_of(name, [bad, good])
            self.assertEqual(len(lines), 2, lines)
            for line in lines:
                self.assertTrue(line.isprintable(), repr(line))

    def test_json_lines_are_json(self):
        lines = self.log_of("json", [b'GET /"x HTTP/1.1\r\nHost: a\r\n\r\n', support.GET_CLOSE])
        self.assertEqual([json.loads(line)["status"] for line in lines], [400, 200])

    def test_who_asked_is_in_the_lines_that_show_it(self):
        request = b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \t u \r\nReferer: r\r\nConnection: close\r\n\r\n"
        (line,) = self.log_of("combined", [request])
        self.assertTrue(line.endswith(' 200 5 "r" "u"'), line)
        (line,) = map(json.loads, self.log_of("json", [request]))
        self.assertEqual((line["host"], line["referer"], line["user_agent"]), ("a", "r", "u"))

    def test_head_and_errors_log_what_was_sent(self):
        lines = self.log_of("common", [b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", support.GET_CLOSE, b"nonsense\r\n\r\n"])
        self.assertEqual([line.split('" ')[1] for line in lines], ["200 0", "200 5", "400 61"])


if __name__ == "__main__":
    support.main()
