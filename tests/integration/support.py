# SPDX-License-Identifier: MIT
"""What every integration test needs: the server started and ended, raw clients, and waits that give up at a deadline.

A test never sleeps until something should have happened: it reads a pipe or a socket, or looks at /proc until the deadline.
The deadline is generous (a loaded machine, a sanitizer) and is never what is being measured.
"""
import argparse
import array
import contextlib
import ctypes
import fcntl
import functools
import os
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import termios
import time
import unittest

arguments = argparse.ArgumentParser()
arguments.add_argument("--binary", required=True)
OPTIONS, REST = arguments.parse_known_args()
BINARY = os.path.abspath(OPTIONS.binary)
ENGINE = os.environ.get("TINYHTTPD_ENGINE", "auto")  # the program reads the same variable
with open(BINARY, "rb") as program:
    EMULATED = program.read(2) == b"#!"  # tests/CMakeLists.txt: a script that starts an emulator
    SANITIZER = re.search(rb"__(asan|tsan)_init|$", program.read())[1]
SANITIZED = SANITIZER is not None
DEADLINE = 90.0 if SANITIZED else 30.0
LINUX = sys.platform == "linux"

GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
GET_CLOSE = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
ANY_PORT = ("--listen", "127.0.0.1:0")


def environment(extra=None):
    """Ours, without any TINYHTTPD_* but the engine, and with `extra`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TINYHTTPD_")}
    return {**clean, "TINYHTTPD_ENGINE": ENGINE, **(extra or {})}


def in_child(descriptors=None, addresses=None, block=(), umask=None):
    """What happens in the child before exec: it dies with us, and gets the limits and the signal mask of the test."""
    parent = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if LINUX else None

    def prepare():
        if libc is not None:
            libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
            if os.getppid() != parent:
                os._exit(1)
        if descriptors is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        if addresses is not None:
            resource.setrlimit(resource.RLIMIT_AS, (addresses, addresses))
        if umask is not None:
            os.umask(umask)
        signal.pthread_sigmask(signal.SIG_BLOCK, block)
    return prepare


def run(*args, env=None, stdin=b"", **child):
    """Runs the program to its end: (status, standard output, standard error)."""
    process = subprocess.Popen([BINARY, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=environment(env), preexec_fn=in_child(**child))
    try:
        out, err = process.communicate(stdin, timeout=DEADLINE)
    finally:
        process.kill()
        process.wait()
    return process.returncode, out.decode(), err.decode()


def eventually(condition, what):
    """Looks again and again until `condition` returns something true, which is returned."""
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.002)
    raise AssertionError(f"not within {DEADLINE} s: {what}")


def read_pipe(descriptor, enough):
    """Reads until enough(bytes) or end of file."""
    until = time.monotonic() + DEADLINE
    data = b""
    while not enough(data):
        if not select.select([descriptor], [], [], max(0, until - time.monotonic()))[0]:
            raise AssertionError(f"nothing more within {DEADLINE} s after {data!r}")
        piece = os.read(descriptor, 65536)
        if not piece:
            break
        data += piece
    return data


class Server:
    """The program as a child process. Ended by its pid when the test ends, however it ends."""

    def __init__(self, test, *args, listen=ANY_PORT, lines=1, env=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=None,
                 wrapper=(), pass_fds=(), **child):
        self.test = test
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen([*wrapper, BINARY, *listen, *args], stdin=stdin, stdout=stdout, stderr=stderr or self.errors,
                                        env=environment(env), pass_fds=pass_fds, preexec_fn=in_child(**child))
        self.pid = self.process.pid
        test.addCleanup(self.end)
        self.ready_lines = []
        if lines:
            self.read_ready_lines(lines)

    def read_ready_lines(self, lines):
        text = read_pipe(self.process.stdout.fileno(), lambda data: data.count(b"\n") >= lines).decode()
        self.ready_lines = text.splitlines()
        if len(self.ready_lines) != lines:
            raise AssertionError(f"{lines} ready lines expected, got {text!r}; status {self.process.poll()}: {self.stderr()}")

    def url(self, line=0):
        return self.ready_lines[line].removeprefix("tinyhttpd: listening on ")

    def address(self, line=0):
        return address_of(self.url(line))

    def stderr(self):
        self.errors.flush()
        size = os.fstat(self.errors.fileno()).st_size
        return os.pread(self.errors.fileno(), size, 0).decode()

    def send_signal(self, number):
        os.kill(self.pid, number)

    def wait(self):
        """The exit status; the deadline is far below any timeout that a test does not set itself."""
        for left in reversed(range(5)):
            try:
                return self.process.wait(DEADLINE / 5)
            except subprocess.TimeoutExpired:
                if left == 0:
                    raise AssertionError(f"still running after {DEADLINE} s: {self.stderr()}") from None
                if SANITIZER == b"tsan":
                    # It keeps a signal back that comes right before poll(2) begins, until a further one ends the call.
                    self.send_signal(signal.SIGUSR1)

    def stop(self, number=signal.SIGTERM, status=0):
        self.send_signal(number)
        self.test.assertEqual(self.wait(), status, self.stderr())

    def rest_of_stdout(self):
        """All that comes after the ready lines, until end of file."""
        return read_pipe(self.process.stdout.fileno(), lambda data: False)

    def end(self):
        status = self.process.poll()
        if status is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        said = self.stderr()
        self.errors.close()
        # A crash is the reason for whatever the test has failed for.
        if status not in (None, 0, 1, 2, 3, 4, 5, -signal.SIGTERM, -signal.SIGKILL) or "runtime error: " in said or "Sanitizer: " in said:
            raise AssertionError(f"the server ended with status {status}: {said}")

    # -- /proc
    def cpu_seconds(self):
        """proc(5), schedstat: nanoseconds on a CPU, of every thread."""
        total = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{task}/schedstat") as file:
                total += int(file.read().split()[0])
        return total / 1e9

    def has_pending(self, number):
        """Whether a signal sent to the process has yet to be delivered."""
        with open(f"/proc/{self.pid}/status") as file:
            return int(re.search(r"^ShdPnd:\s+(\w+)", file.read(), re.M)[1], 16) >> (number - 1) & 1

    def memory_bytes(self):
        """Proportional set size, without files: our share of the program's text grows when another test's server ends."""
        with open(f"/proc/{self.pid}/smaps_rollup") as file:
            return sum(map(int, re.findall(r"^Pss_(?:Anon|Shmem):\s+(\d+) kB", file.read(), re.M))) * 1024


def unread(pipe):
    """pipe(7), FIONREAD: how many bytes wait to be read from it, asked at its writing end (Linux)."""
    count = array.array("i", [0])
    fcntl.ioctl(pipe.fileno(), termios.FIONREAD, count)
    return count[0]


def address_of(url):
    """What to connect to: a path, or host and port."""
    if url.startswith("unix:"):
        return url.removeprefix("unix:")
    host, port = re.fullmatch(r"http://(.*):(\d+)", url).groups()
    return (host.strip("[]"), int(port))


class Answer:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.status_line = lines[0]
        self.fields = [tuple(line.split(": ", 1)) for line in lines[1:]]
        self.body = body

    def field(self, name):
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return values[0] if values else None

    @property
    def closes(self):
        return self.field("Connection") == "close"


class Ended(Exception):
    """The server ended the connection; `data` is what came of an answer before that."""

    def __init__(self, data):
        super().__init__(f"the connection ended after {data!r}")
        self.data = data


class Client:
    """One connection. Every wait ends at the deadline. Closing it sends a reset when `linger` is False: no TIME_WAIT is left."""

    def __init__(self, address, receive_buffer=None, linger=True):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self.socket.settimeout(DEADLINE)
            if receive_buffer:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            if not linger:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.connect(address)
        except BaseException:
            self.socket.close()
            raise
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def finish(self):
        self.socket.shutdown(socket.SHUT_WR)

    def receive(self):
        """One piece; b"" when the server has ended the connection, by FIN or by reset."""
        try:
            return self.socket.recv(1 << 18)
        except ConnectionError:
            return b""

    def read_until(self, enough):
        while not enough(self.data):
            piece = self.receive()
            if not piece:
                raise Ended(self.data)
            self.data += piece

    def answer(self, head_only=False):
        self.read_until(lambda data: b"\r\n\r\n" in data)
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        answer = Answer(head, b"")
        length = 0 if head_only else int(answer.field("Content-Length") or 0)
        self.read_until(lambda data: len(data) >= length)
        answer.body, self.data = self.data[:length], self.data[length:]
        return answer

    def ask(self, request=GET):
        self.send(request)
        return self.answer(head_only=request.startswith(b"HEAD "))

    def read_to_end(self):
        with contextlib.suppress(Ended):
            self.read_until(lambda data: False)
        data, self.data = self.data, b""
        return data


def ask(address, request=GET_CLOSE):
    with Client(address) as client:
        return client.ask(request)


class Load:
    """Clients that ask again and again, each time by a new connection, until the server refuses them or the load is left. `cut` has
    what happened to those that were let in and got no answer."""

    def __init__(self, address, clients):
        self.address, self.cut, self.answered = address, [], 0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.go_on) for _ in range(clients)]

    def go_on(self):
        while not self.over.is_set():
            try:
                client = Client(self.address)
            except (ConnectionError, FileNotFoundError):
                return
            with client:
                try:
                    self.over.wait(0.002)  # between its connection and its request
                    client.ask(GET_CLOSE)
                    self.answered += 1
                except (Ended, OSError) as error:
                    self.cut.append(repr(error))

    def wait_until_busy(self):
        goal = self.answered + 200
        eventually(lambda: self.answered >= goal or self.cut, "the load is answered")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def refuses(address):
    """Whether nobody listens there (any more)."""
    try:
        Client(address).close()
    except (ConnectionError, FileNotFoundError):
        return True
    return False


class TestCase(unittest.TestCase):
    maxDiff = None

    def start(self, *args, **how):
        return Server(self, *args, **how)

    def connect(self, server, **how):
        client = Client(server if isinstance(server, (str, tuple)) else server.address(), **how)
        self.addCleanup(client.close)
        return client

    def address_in(self, port_file):
        """Of the server that writes `port_file`, once it has."""
        eventually(lambda: os.path.exists(port_file), "the port file")
        with open(port_file) as file:
            return ("127.0.0.1", int(file.read()))

    def directory(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name


linux_only = unittest.skipUnless(LINUX, "reads /proc")
not_with_tsan = functools.partial(unittest.skipIf, SANITIZER == b"tsan")
exact_memory = unittest.skipIf(SANITIZED or EMULATED or not LINUX,
                               "a sanitizer's or an emulator's own memory would be measured, or there is no /proc")


def engine_refused():
    """Why the engine under test cannot start here; None when it can."""
    status, _, err = run(*ANY_PORT, "--max-time", "1ms")
    return err.strip() or "no reason given" if status == 1 and ENGINE in ("io_uring", "kqueue") else None


def main():
    if reason := engine_refused():
        print(f"skipped: {reason}")
        sys.exit(77)
    program = unittest.main(argv=[sys.argv[0], *REST], verbosity=2, exit=False)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.testsRun and len(result.skipped) == result.testsRun else 0)
