# SPDX-License-Identifier: MIT
"""The rows of the bench. A row measures one contender once; run() asks in interleaved rounds. What a contender cannot do, it says."""
from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator

from . import contenders, counts, heads, load, memory, system
from .contenders import AUTO, Contender
from .server import HELLO, Place, Server, Setting


@dataclass(frozen=True)
class Effort:
    """How long and how often."""

    quick: bool
    rounds: int | None  # of each row; None: as many as the row has
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
    return {"cpu_us": report.cpu_us, "per_second": report.per_second, "errors": report.errors, **report.latency_us}


class Row:
    """What all rows have. `units` names the metrics that are shown; others go to the CSV alone."""

    name: str
    title: str
    units: dict[str, str] = {"cpu_us": "CPU µs/request", "per_second": "requests/s", "p50_us": "p50 µs", "p99_us": "p99 µs", "p99.9_us": "p99.9 µs"}
    quick = True  # part of --quick
    rounds = 3  # what most is held against has more, what varies little has fewer
    rounds_quick = 1

    def takes(self, contender: Contender) -> bool:
        return contender.name != AUTO  # it is one of the two engines, and measured where it has to choose

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        raise NotImplementedError


def body(size: int) -> bytes:
    return b"0123456789abcde\n" * (size // 16)


def is_of_few(contender: Contender) -> bool:
    """Rows in which our own are compared leave most peers out."""
    return contender.is_ours or contender.is_floor or contender.is_given or contender.name == "nginx"


@dataclass
class Load(Row):
    """As many requests as wrk can make: `-t THREADS -c CONNECTIONS`, with what a row changes of that."""

    threads: int
    connections: int
    also: str = ""  # what the name and title add
    close: bool = False  # Connection: close
    head: str = ""  # of harness/heads.py; wrk's own otherwise
    body: bytes = HELLO
    one_cpu: bool = False  # clients of one CPU only
    slow_readers: int = 0  # beside them
    few: bool = False
    auto: bool = False
    quick: bool = False
    rounds: int = 3
    name: str = field(init=False)
    title: str = field(init=False)

    def __post_init__(self) -> None:
        load = f"t{self.threads}-c{self.connections}"
        self.name = self.also.replace(" ", "-") or load
        self.title = f"wrk -t{self.threads} -c{self.connections}" + (f", {self.also}" if self.also else ", keep-alive")

    def takes(self, contender: Contender) -> bool:
        if contender.name == AUTO:
            return self.auto
        # Nothing of a ring's is left where each connection is for one request.
        return ((not self.few or is_of_few(contender)) and not (self.close and contender.name == "floor/io_uring")
                and not (self.body != HELLO and contender.has_one_body))

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        path = contenders.path_for(contender, self.body)
        cpus = effort.processors.load[:1] if self.one_cpu else effort.processors.load
        script = heads.wrk_script(heads.by_name(self.head)) if self.head else ""
        with running(contender, Setting(effort.workers, self.body, close=self.close), effort) as server:
            with load.slow_readers(server, path, self.slow_readers):
                return _report(load.wrk(server, cpus, threads=self.threads, connections=self.connections, seconds=effort.seconds,
                                        path=path, close=self.close, script=script))


class HugeBody(Row):
    """A count of answers, since those that are under way when wrk's time is over would not be counted."""

    name = "body-100M"
    title = "h2load -t2 -c4, body 100M"
    units = {"cpu_us": "CPU µs/request", "per_second": "requests/s"}
    quick = False
    rounds = 2
    body = body(100 << 20)

    def takes(self, contender: Contender) -> bool:
        return contender.name != AUTO and is_of_few(contender) and not contender.has_one_body

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        path = contenders.path_for(contender, self.body)
        with running(contender, Setting(effort.workers, self.body), effort) as server:
            return _report(load.h2load(server, effort.processors.load, connections=4, threads=2, count=24 * effort.seconds, path=path))


class Pipelined(Row):
    name = "pipelined"
    title = "16 pipelined, c=64 (h2load -m16)"
    units = {"cpu_us": "CPU µs/request", "per_second": "requests/s"}

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        with running(contender, Setting(effort.workers), effort) as server:
            return _report(load.h2load(server, effort.processors.load, connections=64, pipelined=16, threads=2, seconds=effort.seconds))


@dataclass
class AccessLog(Row):
    """Off and on in turn, so that the ratio is of neighbours. h2load's requests are counted, so the lines can be, too; wrk saturates."""

    by: str
    quick: bool = True
    rounds: int = 5
    units = {"off_us": "off, CPU µs/request", "on_us": "on", "ratio": "on/off", "lost": "lines lost"}

    def __post_init__(self) -> None:
        self.name = "access-log" if self.by == "h2load" else f"access-log-{self.by}"
        self.title = f"access log to a file on disk, c=100 ({self.by})"

    def takes(self, contender: Contender) -> bool:
        return contender.name in contenders.OURS

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        system.BUILD.mkdir(parents=True, exist_ok=True)
        spent = {}
        # Under build/: the directory for temporary files is often in memory.
        with tempfile.TemporaryDirectory(prefix="log-", dir=system.BUILD) as directory:
            for state, log in (("off", None), ("on", Path(directory) / "access.log")):
                with running(contender, Setting(effort.workers, HELLO, log), effort) as server:
                    report = self._load(server, effort)
                    spent[state] = report.cpu_us
                    answered = report.requests + 1  # the one that waited for the server
            lines = (Path(directory) / "access.log").read_bytes().count(b"\n")
        values = {"off_us": spent["off"], "on_us": spent["on"], "ratio": spent["on"] / spent["off"]}
        # At its end wrk leaves requests whose answers it does not count.
        return {**values, "lost": answered - lines if self.by == "h2load" else max(0, answered - lines)}

    def _load(self, server: Server, effort: Effort) -> load.Report:
        if self.by == "wrk":
            return load.wrk(server, effort.processors.load, threads=2, connections=100, seconds=effort.seconds)
        return load.h2load(server, effort.processors.load, connections=100, count=40_000 * effort.seconds, threads=2)


@dataclass
class Rate(Row):
    """Latency at a load that every contender is offered: who is faster is not measured later in its own queue."""

    per_second: int
    quick: bool = False
    rounds: int = 2
    units = {"p50_us": "p50 µs", "p99_us": "p99 µs", "p99.9_us": "p99.9 µs", "cpu_us": "CPU µs/request", "per_second": "requests/s"}

    def __post_init__(self) -> None:
        self.name = f"rate-{self.per_second // 1000}k"
        self.title = f"{self.per_second:,} requests/s, c=100 (h2load --rps)"

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        with tempfile.TemporaryDirectory(prefix="tinyhttpd-bench-") as directory, running(contender, Setting(effort.workers), effort) as server:
            return _report(load.h2load(server, effort.processors.load, connections=100, seconds=effort.seconds, threads=2,
                                       rate_per_second=self.per_second, times=Path(directory) / "times"))


class IdleMemory(Row):
    name = "idle-memory"
    title = "memory at rest, 2 workers"
    units = {"connection_bytes": "B per idle connection (Pss)", "rss_mb": "MB resident, idle"}
    rounds = 1

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        connections = min(2_000 if effort.quick else 10_000, contender.connections_max - 400)
        with running(contender, Setting(2), effort) as server:
            rss = server.memory_bytes("Rss")
            # So that what a server keeps once (a worker's ring of buffers) is not counted as its connections'. Clients of each CPU, since
            # that may decide which worker they come to.
            for cpu in effort.processors.load:
                load.h2load(server, (cpu,), connections=100, count=20_000)
            return {"rss_mb": rss / 1e6, "connection_bytes": memory.idle_bytes(server, connections)}


class Start(Row):
    name = "start"
    title = "start to first answer"
    units = {"start_ms": "ms"}
    rounds = 25
    rounds_quick = 9

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        with place(Setting(2)) as where:
            return {"start_ms": memory.start_ms(contender.prepare(where, effort.processors))}


class Instructions(Row):
    name = "instructions"
    title = "user-space instructions, keep-alive, c=8 (callgrind)"
    units = {"instructions": "per request"}
    rounds = 1

    def takes(self, contender: Contender) -> bool:
        return contender.name in contenders.OURS or contender.is_floor or contender.name == "nginx"

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        with place(Setting(1)) as where:
            return {"instructions": counts.instructions(contender, where, effort.processors)}


class Heads(Instructions):
    name = "heads"
    title = "user-space instructions by head, one connection, one request at a time (callgrind)"
    units = {head.name: head.title for head in heads.HEADS}

    def takes(self, contender: Contender) -> bool:
        return super().takes(contender) and not contender.is_floor  # which knows neither a head's end nor `Connection: close`

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        with place(Setting(1)) as where:
            return counts.instructions_by_head(contender, where, effort.processors)


class SystemCalls(Row):
    name = "system-calls"
    title = "system calls, c=100 saturated (strace -c -f)"
    units = {"system_calls": "per request"}
    rounds = 1

    def measure(self, contender: Contender, effort: Effort) -> dict[str, float]:
        with place(Setting(effort.workers)) as where:
            return {"system_calls": counts.system_calls(contender, where, effort.processors)[0]}


ROWS: list[Row] = [
    Start(),  # before any load, which slows down for a while what starts after it
    Load(4, 100, auto=True, quick=True, rounds=9),
    Load(2, 100, auto=True, quick=True, rounds=9),
    Load(1, 100, auto=True, rounds=7),
    Load(1, 1, auto=True, quick=True, rounds=7),
    Load(1, 2, few=True),
    Load(2, 8, few=True),
    Load(2, 16, auto=True, rounds=7),
    Load(2, 512, auto=True, rounds=7),
    Load(2, 1000, auto=True),
    Pipelined(),
    Load(2, 100, "close", close=True, quick=True, rounds=5),
    Load(2, 100, "browser head", head="browser", few=True, quick=True),
    Load(2, 16, "body 64k", body=body(64 << 10), few=True),
    Load(2, 16, "body 1M", body=body(1 << 20), quick=True),
    HugeBody(),
    Load(2, 16, "slow readers", body=body(1 << 20), slow_readers=8, few=True),
    Load(2, 100, "one cpu", one_cpu=True, few=True),
    AccessLog("h2load", quick=False), AccessLog("wrk"),
    Rate(10_000, quick=True), Rate(50_000), Rate(100_000),
    IdleMemory(), Instructions(), Heads(), SystemCalls(),
]

# Names for several rows at once.
GROUPS = {
    "loads": [row.name for row in ROWS if isinstance(row, Load) and not row.also],
    # Where a rule by which connections come to workers may win or lose.
    "placement": [row.name for row in ROWS if isinstance(row, (Load, HugeBody)) and row.name != "browser-head"],
}
