# SPDX-License-Identifier: MIT
"""The rows of the bench. A row measures one contender once; run() asks in interleaved rounds. What a contender cannot do, it says."""
from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator

from . import contenders, counts, load, memory, system
from .contenders import Contender
from .server import HELLO, Place, Server, Setting


@dataclass(frozen=True)
class Effort:
    """How long and how often."""

    quick: bool
    rounds: int
    seconds: int
    workers: int
    processors: system.Processors


@contextmanager
def place(setting: Setting) -> Iterator[Place]:
    """A port and a directory that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tinyhttpd-bench-") as directory:
        yield Place(system.free_port(), Path(directory), setting)


@contextmanager
def running(contender: Contender, setting: Setting, effort: Effort) -> Iterator[Server]:
    with place(setting) as where, contender.prepare(where, effort.processors) as server:
        yield server


def _report(report: load.Report) -> dict[str, float]:
    return {"cpu_us": report.cpu_us, "per_second": report.per_second, "errors": report.errors}


class Row:
    """What all rows have. `units` names the metrics that are shown; others go to the CSV alone."""

    name: str
    title: str
    units: dict[str, str] = {"cpu_us": "CPU µs/request", "per_second": "requests/s"}
    quick = True  # part of --quick
    rounds_max = 1000  # what varies little needs fewer
    rounds_each = 1  # times as many rounds as were asked for: what most is held against

    def takes(self, contender: Contender) -> bool:
        return True

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        raise NotImplementedError


@dataclass
class KeepAlive(Row):
    connections: int
    quick: bool = False
    rounds_each: int = 1
    name: str = field(init=False)
    title: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"keepalive-{self.connections}"
        self.title = f"keep-alive, c={self.connections} (wrk)"

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        with running(contender, Setting(effort.workers), effort) as server:
            return _report(load.wrk(server, effort.processors, connections=self.connections, seconds=effort.seconds))


class Pipelined(Row):
    name = "pipelined"
    title = "16 pipelined, c=64 (h2load -m16)"

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        with running(contender, Setting(effort.workers), effort) as server:
            return _report(load.h2load(server, effort.processors, connections=64, pipelined=16, threads=2, seconds=effort.seconds))


class Close(Row):
    name = "close"
    title = "Connection: close, c=100 (wrk)"

    def takes(self, contender: Contender) -> bool:
        return contender.name != "floor/io_uring"  # nothing of a ring's is left in such a load

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        with running(contender, Setting(effort.workers, close=True), effort) as server:
            return _report(load.wrk(server, effort.processors, connections=100, seconds=effort.seconds, close=True))


@dataclass
class Body(Row):
    size: int
    label: str
    quick: bool = True
    name: str = field(init=False)
    title: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"body-{self.label}"
        self.title = f"a body of {self.label}B, c=16 (wrk)"

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        body = (b"0123456789abcde\n" * (self.size // 16))[: self.size]
        with running(contender, Setting(effort.workers, body), effort) as server:
            path = contenders.path_for(contender, body)
            return _report(load.wrk(server, effort.processors, connections=16, seconds=effort.seconds, path=path))


class AccessLog(Row):
    """Off and on in turn, so that the ratio is of neighbours. h2load's requests are counted, so the lines can be, too."""

    name = "access-log"
    title = "access log to a file on disk, c=100 (h2load)"
    units = {"off_us": "off, CPU µs/request", "on_us": "on", "ratio": "on/off", "lost": "lines lost"}

    def takes(self, contender: Contender) -> bool:
        return contender.is_ours

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        count = 40_000 * effort.seconds
        system.BUILD.mkdir(parents=True, exist_ok=True)
        spent = {}
        # Under build/: the directory for temporary files is often in memory.
        with tempfile.TemporaryDirectory(prefix="log-", dir=system.BUILD) as directory:
            for state, log in (("off", None), ("on", Path(directory) / "access.log")):
                with running(contender, Setting(effort.workers, HELLO, log), effort) as server:
                    report = load.h2load(server, effort.processors, connections=100, count=count, threads=2)
                    spent[state] = report.cpu_us
                    answered = report.requests + 1  # the one that waited for the server
            lines = (Path(directory) / "access.log").read_bytes().count(b"\n")
        return {"off_us": spent["off"], "on_us": spent["on"], "ratio": spent["on"] / spent["off"], "lost": answered - lines}


class FixedLoad(Row):
    """Latency at a load that every contender carries: who is faster is not measured later in its own queue."""

    name = "fixed-load"
    title = "10,000 requests/s, c=100 (h2load --rps)"
    units = {"p50_us": "p50 µs", "p99_us": "p99 µs", "cpu_us": "CPU µs/request"}

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        with tempfile.TemporaryDirectory(prefix="tinyhttpd-bench-") as directory:
            times = Path(directory) / "times"
            with running(contender, Setting(effort.workers), effort) as server:
                report = load.h2load(server, effort.processors, connections=100, seconds=effort.seconds, threads=2,
                                     rate_per_second=10_000, times=times)
            took = sorted(int(line.split("\t")[2]) for line in times.read_text().splitlines())
        return {**_report(report), "p50_us": took[len(took) // 2], "p99_us": took[len(took) * 99 // 100]}


class IdleMemory(Row):
    name = "idle-memory"
    title = "memory at rest, 2 workers"
    units = {"connection_bytes": "B per idle connection (Pss)", "rss_mb": "MB resident, idle"}
    rounds_max = 1

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        connections = min(2_000 if effort.quick else 10_000, contender.connections_max - 400)
        with running(contender, Setting(2), effort) as server:
            rss = server.memory_bytes("Rss")
            # So that what a server keeps once (a ring of buffers) is not counted as its connections'.
            load.h2load(server, effort.processors, connections=100, count=20_000)
            return {"rss_mb": rss / 1e6, "connection_bytes": memory.idle_bytes(server, connections)}


class Start(Row):
    name = "start"
    title = "start to first answer"
    units = {"start_ms": "ms"}
    rounds_each = 5

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        with place(Setting(2)) as where:
            return {"start_ms": memory.start_ms(contender.prepare(where, effort.processors))}


class Instructions(Row):
    name = "instructions"
    title = "user-space instructions, keep-alive (callgrind)"
    units = {"instructions": "per request"}
    rounds_max = 3

    def takes(self, contender: Contender) -> bool:
        return contender.is_ours or contender.is_floor or contender.name == "nginx"

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        with place(Setting(1)) as where:
            return {"instructions": counts.instructions(contender, where, effort.processors)}


class SystemCalls(Row):
    name = "system-calls"
    title = "system calls, c=100 saturated (strace -c -f)"
    units = {"system_calls": "per request"}
    rounds_max = 3

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        with place(Setting(effort.workers)) as where:
            return {"system_calls": counts.system_calls(contender, where, effort.processors)[0]}


ROWS: list[Row] = [
    KeepAlive(100, quick=True, rounds_each=3), KeepAlive(1), KeepAlive(16), KeepAlive(512), Pipelined(), Close(), AccessLog(), FixedLoad(),
    Body(64 * 1024, "64k", quick=False), Body(1024 * 1024, "1M"), IdleMemory(), Start(), Instructions(), SystemCalls(),
]
