# SPDX-License-Identifier: MIT
"""The output contract: what scripts read from standard output, standard error, --port-file and --ready-fd, and exit statuses 0 to 2."""
import contextlib
import os
import pty
import signal
import subprocess

import support
from support import ANY_PORT, ask, run


class StandardOutput(support.TestCase):
    def test_one_line_per_listener_in_the_order_given_and_nothing_else(self):
        socket = os.path.join(self.directory(), "socket")
        listen = ("--listen", "127.0.0.1:0", "--listen", f"unix:{socket}", "--listen", "127.0.0.2:0")
        server = self.start(listen=listen, lines=3)
        self.assertRegex(server.ready_lines[0], r"^tinyhttpd: listening on http://127\.0\.0\.1:[1-9]\d*$")
        self.assertEqual(server.ready_lines[1], f"tinyhttpd: listening on unix:{socket}")
        self.assertRegex(server.ready_lines[2], r"^tinyhttpd: listening on http://127\.0\.0\.2:[1-9]\d*$")
        for line in range(3):
            self.assertEqual(ask(server.address(line)).body, b"OK")
        server.stop()
        self.assertEqual(server.rest_of_stdout(), b"")

    def test_the_line_comes_when_connections_are_accepted(self):
        for _ in range(20):
            server = self.start("--once")
            self.assertEqual(ask(server.address()).status, 200)
            self.assertEqual(server.wait(), 0)

    def test_quiet_says_nothing(self):
        status, out, err = run(*ANY_PORT, "-q", "--max-time", "1ms")
        self.assertEqual((status, out, err), (0, "", ""))

    def test_an_access_log_sent_there_follows_the_ready_line(self):
        server = self.start("--access-log", "-", "--max-requests", "2")
        for _ in range(2):
            ask(server.address(), b"GET /there HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertEqual(server.wait(), 0)
        lines = server.rest_of_stdout().decode().splitlines()
        self.assertEqual(len(lines), 2)
        for line in lines:
            self.assertRegex(line, r'^127\.0\.0\.1 - - \[[^]]+\] "GET /there HTTP/1\.1" 200 2$')

    def test_a_log_on_standard_error_leaves_it_alone(self):
        server = self.start("--access-log", "stderr", "--once")
        ask(server.address())
        self.assertEqual(server.wait(), 0)
        self.assertEqual(server.rest_of_stdout(), b"")
        self.assertRegex(server.stderr(), r'^127\.0\.0\.1 - - \[[^]]+\] "GET / HTTP/1\.1" 200 2\n$')

    def test_help_and_version_go_there(self):
        for flag in ("--help", "-h"):
            status, out, err = run(flag)
            self.assertEqual((status, err), (0, ""))
            self.assertIn("tinyhttpd [OPTIONS] [BODY]", out)
        for flag in ("--version", "-V"):
            status, out, err = run(flag)
            self.assertEqual((status, err), (0, ""))
            self.assertRegex(out, r"^tinyhttpd \d+\.\d+\.\d+ \(engines: [a-z_, ]+\)\n$")

    def test_a_full_disk_behind_it_is_an_error(self):
        with open("/dev/full", "wb") as full:
            process = subprocess.run([support.BINARY, "--version"], stdout=full, stderr=subprocess.PIPE,
                                             timeout=support.DEADLINE)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"no space left on device", process.stderr.lower())


class Errors(support.TestCase):
    def check(self, expected_status, args, *parts, env=None):
        status, out, err = run(*args, env=env)
        self.assertEqual((status, out), (expected_status, ""), err)
        for line in err.splitlines():
            self.assertRegex(line, "^tinyhttpd: error: ")
        for part in parts:
            self.assertIn(part, err)

    def test_usage_and_configuration_exit_2_and_name_their_source(self):
        self.check(2, ["--lisen", ":0"], "--listen")
        self.check(2, ["--workers", "abc"], "--workers")
        self.check(2, ["--max-time", "5"], "--max-time")
        self.check(2, ["one", "two"])
        self.check(2, ["--body", "a", "b"])
        self.check(2, ["--header", "Content-Length: 3"], "Content-Length")
        self.check(2, ["--listen", "example.com:80"], "example.com")
        self.check(2, [], "TINYHTTPD_WORKERS=abc (environment): ", env={"TINYHTTPD_WORKERS": "abc"})

    def test_a_file_that_cannot_be_read_exits_1(self):
        missing = os.path.join(self.directory(), "missing")
        self.check(1, ["--body-file", missing], missing, "no such file or directory")
        self.check(1, ["--config", missing], missing, "no such file or directory")

    def test_an_address_that_cannot_be_bound_exits_1(self):
        self.check(1, ["--listen", "192.0.2.1:0"], "cannot listen on 192.0.2.1:0: ")

    def test_a_log_that_cannot_be_opened_exits_1(self):
        missing = os.path.join(self.directory(), "missing", "log")
        self.check(1, [*ANY_PORT, "--access-log", missing], missing)

    def test_a_capture_that_cannot_be_opened_exits_1(self):
        folder = self.directory()
        missing = os.path.join(folder, "missing", "capture")
        self.check(1, [*ANY_PORT, "--capture", missing], f"cannot open the capture {missing}: no such file or directory")
        self.check(1, [*ANY_PORT, "--capture", folder], f"cannot open the capture {folder}: is a directory")
        self.check(2, ["--capture", ""], "--capture '': the path is empty")

    def test_a_port_file_that_cannot_be_written_exits_1(self):
        missing = os.path.join(self.directory(), "missing", "port")
        self.check(1, [*ANY_PORT, "--port-file", missing], missing)

    def test_a_ready_fd_that_is_not_open_exits_1(self):
        # The low numbers are those that the program's own descriptors get.
        for number in (3, 4, 5, 6, 7, 8, 9, 99):
            self.check(1, [*ANY_PORT, "--ready-fd", str(number)], f"cannot write to descriptor {number} of --ready-fd: bad file descriptor")

    def test_a_standard_stream_is_no_ready_fd(self):
        for number in (0, 1, 2):
            self.check(2, ["--ready-fd", str(number)], f"--ready-fd {number}: ")

    def test_a_standard_input_that_is_closed_is_no_empty_file(self):
        for option in ("--config", "--body-file"):
            tried = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", support.BINARY, *ANY_PORT, option, "-"], capture_output=True, timeout=20)
            self.assertEqual(tried.returncode, 1)
            self.assertIn(b"standard input: bad file descriptor", tried.stderr)

    @support.exact_memory
    def test_a_body_beyond_memory_exits_1(self):
        huge = os.path.join(self.directory(), "huge")
        with open(huge, "wb") as file:
            file.truncate(8 << 30)
        bounded = ["sh", "-c", 'ulimit -v 2000000 && exec "$@"', "sh"]
        tried = subprocess.run([*bounded, support.BINARY, *ANY_PORT, "--body-file", huge], capture_output=True, timeout=support.DEADLINE)
        self.assertEqual((tried.returncode, tried.stderr), (1, b"tinyhttpd: error: out of memory\n"))

    def test_check_looks_at_files_that_are_to_be_written(self):
        folder = self.directory()
        for option in ("--access-log", "--capture", "--port-file"):
            self.check(2, ["--check", option, folder], folder, "is a directory")
            self.check(2, ["--check", option, os.path.join(folder, "missing", "file")], "there is no directory to hold it")
        self.check(2, ["--port-file", "port", "--listen", "unix:" + os.path.join(folder, "socket")], "no listener has a port")

    def test_without_a_terminal_there_is_no_colour(self):
        _, _, err = run("--workers", "abc")
        self.assertNotIn("\x1b", err)


@support.not_with_tsan("its own start writes a file, and dies of the signal before main()")
class FileSizeLimit(support.TestCase):
    """`ulimit -f 0`: a file that may not grow is an error with a message, no signal that kills (setrlimit(2), SIGXFSZ)."""
    LIMITED = ("sh", "-c", 'ulimit -f 0 && exec "$@"', "sh")

    def test_a_port_file(self):
        path = os.path.join(self.directory(), "port")
        tried = subprocess.run([*self.LIMITED, support.BINARY, *ANY_PORT, "--port-file", path], capture_output=True, timeout=support.DEADLINE,
                               env=support.environment())
        self.assertEqual((tried.returncode, tried.stderr.decode()), (1, f"tinyhttpd: error: cannot write the port file {path}: file too large\n"))

    def test_what_is_printed(self):
        for option in ("--print-config", "--help", "--version"):
            with open(os.path.join(self.directory(), "out"), "wb") as out:
                tried = subprocess.run([*self.LIMITED, support.BINARY, option], stdout=out, stderr=subprocess.PIPE, timeout=support.DEADLINE,
                                       env=support.environment())
            self.assertEqual((tried.returncode, tried.stderr), (1, b"tinyhttpd: error: cannot write to standard output: file too large\n"))

    def test_an_access_log(self):
        log = os.path.join(self.directory(), "log")
        server = self.start("--access-log", log, "--max-requests", "1", wrapper=self.LIMITED, stderr=subprocess.PIPE)
        ask(server.address())
        self.assertEqual(server.wait(), 0)
        self.assertIn(f"error: cannot write the access log {log}: file too large (1 line)\n".encode(),
                      support.read_pipe(server.process.stderr.fileno(), lambda data: False))
        server.process.stderr.close()


class Terminal(support.TestCase):
    def shown(self, *args):
        """What a terminal shows of a run that answers once, and its status."""
        user, program = pty.openpty()
        self.addCleanup(os.close, user)
        server = self.start("--port-file", os.path.join(self.directory(), "port"), *args, stderr=program, env={"NO_COLOR": "1"},
                            lines=0 if "-q" in args else 1)
        os.close(program)
        if "-q" not in args:
            ask(server.address())
        status = server.wait()
        text = b""
        with contextlib.suppress(OSError):  # EIO: the last one who had the terminal has gone
            while piece := os.read(user, 4096):
                text += piece
        return status, text.decode()

    def test_the_end_says_what_there_was(self):
        status, text = self.shown("--once")
        self.assertEqual(status, 0)
        self.assertRegex(text, r"^tinyhttpd: info: stopped after 1 request in \d+(\.\d)? s\r\n$")

    def test_quiet_and_the_level_silence_it(self):
        self.assertEqual(self.shown("-q", "--max-time", "1ms"), (0, ""))
        self.assertEqual(self.shown("--once", "--log-level", "warn"), (0, ""))


class Readiness(support.TestCase):
    def test_the_port_file_appears_whole_and_goes_at_exit(self):
        folder = self.directory()
        path = os.path.join(folder, "port")
        server = self.start("--port-file", path)
        with open(path) as file:
            self.assertEqual(file.read(), f"{server.address()[1]}\n")
        self.assertEqual(os.listdir(folder), ["port"])
        server.stop()
        self.assertEqual(os.listdir(folder), [])

    def test_whoever_waits_for_the_port_file_never_reads_half_of_it(self):
        for _ in range(20):
            path = os.path.join(self.directory(), "port")
            server = self.start("--port-file", path, "-q", lines=0)
            support.eventually(lambda: os.path.exists(path), "the port file")
            with open(path) as file:
                text = file.read()
            self.assertRegex(text, r"^\d+\n$")
            self.assertEqual(ask(("127.0.0.1", int(text))).status, 200)
            server.stop()

    def test_a_port_file_that_another_server_has_replaced_stays(self):
        path = os.path.join(self.directory(), "port")
        first, second = self.start("--port-file", path), self.start("--port-file", path)
        first.stop()
        with open(path) as file:
            self.assertEqual(file.read(), f"{second.address()[1]}\n")
        second.stop()
        self.assertFalse(os.path.exists(path))

    def test_ready_fd_gets_one_newline_and_is_closed(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        server = self.start("--ready-fd", str(writer), pass_fds=(writer,))
        os.close(writer)
        self.assertEqual(support.read_pipe(reader, lambda data: False), b"\n")
        self.assertEqual(ask(server.address()).status, 200)
        server.stop()

    def test_standard_descriptors_may_be_closed(self):
        path = os.path.join(self.directory(), "port")
        closed = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
        server = self.start("--port-file", path, wrapper=closed, lines=0)
        support.eventually(lambda: os.path.exists(path), "the port file")
        with open(path) as file:
            self.assertEqual(ask(("127.0.0.1", int(file.read()))).body, b"OK")
        server.stop()


class CleanStop(support.TestCase):
    def test_term_and_int_exit_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.start().stop(number)

    def test_once(self):
        server = self.start("--once")
        answer = ask(server.address(), support.GET)
        self.assertEqual((answer.body, answer.closes), (b"OK", True))
        self.assertEqual(server.wait(), 0)
        self.assertTrue(support.refuses(server.address()))

    def test_max_time(self):
        self.assertEqual(self.start("--max-time", "50ms").wait(), 0)

    def test_max_time_before_max_requests_is_4_and_says_why(self):
        server = self.start("--max-time", "50ms", "--max-requests", "1000")
        self.assertEqual(server.wait(), 4)
        self.assertEqual(server.stderr(), "tinyhttpd: error: --max-time ended after 0 of 1,000 requests\n")

    def test_max_requests_before_max_time_is_0(self):
        server = self.start("--max-time", "1h", "--max-requests", "1")
        ask(server.address())
        self.assertEqual(server.wait(), 0)


if __name__ == "__main__":
    support.main()
