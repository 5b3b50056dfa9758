# SPDX-License-Identifier: MIT
"""A server that is being measured: started on a free port, watched through /proc, and ended by its process id."""
from __future__ import annotations

import os
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

HELLO = b"Hello World!"


@dataclass(frozen=True)
class Setting:
    """How a row wants its servers. All of them listen on the loopback address and log nothing, unless `access_log` is given."""

    workers: int = 2
    body: bytes = HELLO
    access_log: Path | None = None
    close: bool = False  # every request asks for the end of its connection: only a floor has to be told


@dataclass(frozen=True)
class Place:
    """What one start is given: a port and a directory of its own."""

    port: int
    directory: Path
    setting: Setting


class Server:
    """A server. In a `with` statement it runs, and is gone when the block ends, however it ends."""

    def __init__(self, name: str, command: list[str], place: Place, processors: tuple[int, ...], environment: dict[str, str]):
        self.name = name
        self.port = place.port
        self.pid = 0
        self._command = command
        self._processors = processors
        self._environment = {**os.environ, **environment}
        self._errors = place.directory / f"{name}.stderr"
        self._status: int | None = None

    def __enter__(self) -> "Server":
        self.spawn()
        try:
            self.wait_until_it_answers()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def spawn(self) -> None:
        """Starts the program, pinned. Not by way of another program, which would count as part of its start; and in a process group of
        its own, since lighttpd passes a signal it gets on to its whole group."""
        mine = os.sched_getaffinity(0)
        errors = os.open(self._errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        os.sched_setaffinity(0, self._processors)
        try:
            actions = [(os.POSIX_SPAWN_DUP2, source, fd) for source, fd in ((null, 0), (null, 1), (errors, 2))]
            self.pid = os.posix_spawn(self._command[0], self._command, self._environment, file_actions=actions, setpgroup=0)
        finally:
            os.sched_setaffinity(0, mine)
            os.close(errors)
            os.close(null)

    def has_ended(self) -> bool:
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid == self.pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status is not None

    def wait_until_it_answers(self, patience_seconds: float = 20) -> None:
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline:
            if self.has_ended():
                raise RuntimeError(f"{self.name} ended with status {self._status}: {self.errors()}")
            try:
                fetch(self.port, "/")
                return
            except OSError:
                time.sleep(0.005)
        raise RuntimeError(f"{self.name} does not answer on port {self.port}: {self.errors()}")

    def errors(self) -> str:
        return self._errors.read_text(errors="replace").strip()[-500:]

    def pids(self) -> list[int]:
        """The process and all its descendants."""
        found = [self.pid]
        for pid in found:
            for task in _listdir(f"/proc/{pid}/task"):
                found += map(int, _read(f"/proc/{pid}/task/{task}/children").split())
        return found

    def cpu_ns(self) -> int:
        """Time on a CPU of every thread of every process, as the scheduler counts it (proc(5), schedstat)."""
        total = 0
        for pid in self.pids():
            for task in _listdir(f"/proc/{pid}/task"):
                fields = _read(f"/proc/{pid}/task/{task}/schedstat").split()
                total += int(fields[0]) if fields else 0
        return total

    def memory_bytes(self, kind: str) -> int:
        """`Pss` or `Rss` of all processes together (proc(5), smaps_rollup)."""
        total = 0
        for pid in self.pids():
            for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
                if line.startswith(kind + ":"):
                    total += int(line.split()[1]) * 1024
        return total

    def stop(self) -> None:
        if self.has_ended():
            return
        family = self.pids()
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while not self.has_ended():
            if time.monotonic() > deadline:
                for pid in family:
                    _kill(pid)
            time.sleep(0.002)
        for pid in family[1:]:
            _wait_gone(pid)


def fetch(port: int, path: str) -> bytes:
    """The bytes of one answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (path.encode(), port))
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += _some(client)
        head, _, body = answer.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += _some(client)
        return head + b"\r\n\r\n" + body


def _some(client: socket.socket) -> bytes:
    piece = client.recv(1 << 20)
    if not piece:
        raise ConnectionError("closed before the answer was complete")
    return piece


def _listdir(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except FileNotFoundError:
        return []


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _wait_gone(pid: int) -> None:
    deadline = time.monotonic() + 2
    while os.path.exists(f"/proc/{pid}"):
        if time.monotonic() > deadline:
            _kill(pid)
        time.sleep(0.01)
