# SPDX-License-Identifier: MIT
"""The stable measures, which tests/bench/gate holds in CI: user-space instructions and system calls per request."""
from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable

from . import heads, load, system
from .contenders import Contender
from .server import Place, Server


def instructions(contender: Contender, place: Place, processors: system.Processors, requests: int = 20_000) -> float:
    """Per keep-alive request from `h2load --h1 -c8`, `place` with one worker, counted by callgrind from after the warm-up to before the end."""
    with Counted(contender, place, processors) as counted:
        def load_it(count: int) -> None:
            report = load.h2load(counted.server, processors.load, connections=8, count=count)
            if report.errors:
                raise RuntimeError(f"{contender.name}: {report.errors} errors")

        load_it(2_000)
        return counted.count(lambda: load_it(requests)) / requests


def instructions_by_head(contender: Contender, place: Place, processors: system.Processors, these: list[heads.Head] = heads.HEADS,
                         requests: int = 2_000) -> dict[str, float]:
    """Per request of each of these heads, one connection, one request at a time: each wait is for one request, and is counted with it."""
    with Counted(contender, place, processors) as counted:
        found = {}
        for head in these:
            heads.send(counted.server.port, head, 0, 200)
            found[head.name] = counted.count(lambda: heads.send(counted.server.port, head, 200, requests)) / requests
        return found


class Counted:
    """A server under callgrind while the block lasts."""

    def __init__(self, contender: Contender, place: Place, processors: system.Processors):
        self._control = system.find("callgrind_control")
        self._out = place.directory / "callgrind.out"
        self._dumps = 0
        under = [system.find("valgrind"), "--tool=callgrind", f"--callgrind-out-file={self._out}.%p", "--quiet"]
        self.server = contender.prepare(place, processors, under)

    def __enter__(self) -> "Counted":
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def count(self, load_it: Callable[[], None]) -> int:
        """The instructions that are executed while `load_it` runs."""
        order(self._control, "-z", self.server)
        load_it()
        order(self._control, "-d", self.server)
        self._dumps += 1
        dump = Path(f"{self._out}.{self.server.pid}.{self._dumps}")
        if not dump.exists():
            raise RuntimeError(f"{self.server.name}: no dump: {self.server.errors()}")
        return _total(dump)


def order(control: str, what: str, server: Server) -> None:
    text = system.run([control, what, str(server.pid)], 60)
    if "OK" not in text:
        raise RuntimeError(f"callgrind_control {what}: {text.strip()}")


def _total(dump: Path) -> int:
    """The instructions of one dump, over all threads."""
    found = re.search(r"^(?:summary|totals): (\d+)", dump.read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"no total in {dump}")
    return int(found.group(1))


def system_calls(contender: Contender, place: Place, processors: system.Processors, requests: int = 30_000) -> tuple[float, dict[str, int]]:
    """Per request at 100 connections, which tracing keeps saturated, with the calls that each connection costs; and by name."""
    with contender.prepare(place, processors) as server:
        load.h2load(server, processors.load, connections=100, count=2_000)
        with Tracer(server, place.directory / "strace.out") as tracer:
            report = load.h2load(server, processors.load, connections=100, count=requests)
        if report.errors:
            raise RuntimeError(f"{contender.name}: {report.errors} errors")
        calls = tracer.calls
    return sum(calls.values()) / report.requests, calls


class Tracer:
    """strace -c -f, attached to all processes of a server while the block lasts."""

    def __init__(self, server: Server, output: Path):
        self._server = server
        self._output = output
        self.calls: dict[str, int] = {}

    def __enter__(self) -> "Tracer":
        processes = [argument for pid in self._server.pids() for argument in ("-p", str(pid))]
        self._process = subprocess.Popen([system.find("strace"), "-c", "-f", "-o", str(self._output), *processes],
                                         stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        # It says so for each process; threads follow their process at once.
        deadline = time.monotonic() + 10
        while not all(self._is_traced(pid) for pid in self._server.pids()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise system.Missing(f"strace cannot trace: {self._process.communicate()[1].decode(errors='replace').strip()}")
            time.sleep(0.01)
        return self

    def _is_traced(self, pid: int) -> bool:
        statuses = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/status")]
        return bool(statuses) and all("TracerPid:\t0\n" not in status for status in statuses)

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=20)
        # % time, seconds, usecs/call, calls, errors (may be blank), name
        for line in self._output.read_text().splitlines():
            fields = line.split()
            if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
                self.calls[fields[-1]] = int(fields[3])
