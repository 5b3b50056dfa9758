# SPDX-License-Identifier: MIT
"""The load generators, each bounded in count or time, and what they report."""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from . import system
from .server import Server


@dataclass(frozen=True)
class Report:
    requests: int
    seconds: float
    errors: int
    cpu_ns: int  # of the server, over the whole load

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu_us(self) -> float:
        return self.cpu_ns / self.requests / 1000


def _number(text: str, pattern: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"no {pattern!r} in the load generator's report: {text.strip()[-300:]}")
    return float(found.group(1))


def wrk(server: Server, processors: system.Processors, *, connections: int, seconds: int, path: str = "/", close: bool = False) -> Report:
    """As many requests as it can, for whole seconds. Threads as in `wrk -t4 -c100`."""
    command = [system.find("wrk"), f"-t{min(4, connections)}", f"-c{connections}", f"-d{seconds}s"]
    if close:
        command += ["-H", "Connection: close"]
    before = server.cpu_ns()
    text = system.run(processors.pin_load([*command, f"http://127.0.0.1:{server.port}{path}"]), seconds + 30)
    cpu_ns = server.cpu_ns() - before
    errors = 0
    if found := re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text):
        # wrk counts the end of a connection that was announced as a read error.
        errors = sum(int(count) for index, count in enumerate(found.groups()) if not (close and index == 1))
    if found := re.search(r"Non-2xx or 3xx responses: (\d+)", text):
        errors += int(found.group(1))
    requests = int(_number(text, r"(\d+) requests in "))
    return Report(requests, requests / _number(text, r"Requests/sec:\s+([\d.]+)"), errors, cpu_ns)


def h2load(server: Server, processors: system.Processors, *, connections: int, count: int = 0, seconds: int = 0, pipelined: int = 1,
           threads: int = 1, rate_per_second: int = 0, path: str = "/", times: Path | None = None) -> Report:
    """`count` requests, or `seconds` of them. In HTTP/1.1, -m is the depth of pipelining (-p would be the protocol). `times`: a file for one line
    for each request: start in µs, status, duration in µs."""
    command = [system.find("h2load"), "--h1", f"-c{connections}", f"-m{pipelined}", f"-t{threads}"]
    command += [f"-n{count}"] if count else [f"-D{seconds}"]
    if rate_per_second:
        command.append(f"--rps={rate_per_second / connections:g}")
    if times is not None:
        command.append(f"--log-file={times}")
    before = server.cpu_ns()
    text = system.run(processors.pin_load([*command, f"http://127.0.0.1:{server.port}{path}"]), max(seconds, 120) + 60)
    cpu_ns = server.cpu_ns() - before
    requests = int(_number(text, r"(\d+) succeeded"))
    errors = sum(int(_number(text, rf"(\d+) {kind}")) for kind in ("failed", "errored", "timeout"))
    unit = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
    took = re.search(r"finished in ([\d.]+)(us|ms|s), ", text)
    if took is None or requests == 0:
        raise RuntimeError(f"h2load made no request: {text.strip()[-300:]}")
    return Report(requests, float(took.group(1)) * unit[took.group(2)], errors, cpu_ns)
