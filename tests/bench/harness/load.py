# SPDX-License-Identifier: MIT
"""The load generators, each bounded in count or time, and what they report."""
from __future__ import annotations

import re
import socket
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator

from . import system
from .server import Server

# wrk's own report ends at the 99th percentile.
_PERCENTILES = """
function done(summary, latency, requests)
    io.write(string.format("percentiles p50 %d p99 %d p99.9 %d\\n", latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
"""


@dataclass(frozen=True)
class Report:
    requests: int
    seconds: float
    errors: int
    cpu_ns: int  # of the server, over the whole load
    latency_us: dict[str, float] = field(default_factory=dict)  # by percentile

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


def wrk(server: Server, cpus: tuple[int, ...], *, threads: int, connections: int, seconds: int, path: str = "/", close: bool = False,
        script: str = "") -> Report:
    """As many requests as it can, for whole seconds. `script`: Lua that makes the requests; without one they are all the same."""
    command = [system.find("wrk"), f"-t{threads}", f"-c{connections}", f"-d{seconds}s"]
    if close:
        command += ["-H", "Connection: close"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as lua:
        lua.write(script + _PERCENTILES)
        lua.flush()
        before = server.cpu_ns()
        text = system.run(system.pinned(cpus, [*command, "-s", lua.name, f"http://127.0.0.1:{server.port}{path}"]), seconds + 30)
        cpu_ns = server.cpu_ns() - before
    errors = 0
    if found := re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text):
        # wrk counts the end of a connection that was announced as a read error.
        errors = sum(int(count) for index, count in enumerate(found.groups()) if not (close and index == 1))
    if found := re.search(r"Non-2xx or 3xx responses: (\d+)", text):
        errors += int(found.group(1))
    requests = int(_number(text, r"(\d+) requests in "))
    if requests == 0:
        raise RuntimeError(f"wrk had no answer: {text.strip()[-300:]}")
    latency = {f"{name}_us": _number(text, rf"percentiles .*\b{re.escape(name)} (\d+)") for name in ("p50", "p99", "p99.9")}
    return Report(requests, requests / _number(text, r"Requests/sec:\s+([\d.]+)"), errors, cpu_ns, latency)


@contextmanager
def slow_readers(server: Server, path: str, count: int) -> Iterator[None]:
    """While the block lasts, `count` clients ask for `path` and take a kilobyte of it at a time, a hundred times a second: a body of
    a megabyte lasts ten seconds, and the server waits for them all the time."""
    request = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (path.encode(), server.port)
    clients: list[socket.socket] = []
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.01):
            for client in clients:
                try:
                    client.recv(1024)
                except BlockingIOError:
                    pass

    reader = threading.Thread(target=read)
    try:
        for _ in range(count):
            client = socket.socket()
            clients.append(client)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.port))
            client.sendall(request)
            client.setblocking(False)
        reader.start()
        yield
    finally:
        over.set()
        if reader.ident:
            reader.join()
        for client in clients:
            client.close()


def h2load(server: Server, cpus: tuple[int, ...], *, connections: int, count: int = 0, seconds: int = 0, pipelined: int = 1,
           threads: int = 1, rate_per_second: int = 0, path: str = "/", times: Path | None = None) -> Report:
    """`count` requests, or `seconds` of them. In HTTP/1.1, -m is the depth of pipelining (-p would be the protocol). `times`: a file for one line
    for each request (start in µs, status, duration in µs), from which the percentiles are taken."""
    command = [system.find("h2load"), "--h1", f"-c{connections}", f"-m{pipelined}", f"-t{threads}"]
    command += [f"-n{count}"] if count else [f"-D{seconds}"]
    if rate_per_second:
        command.append(f"--rps={rate_per_second / connections:g}")
    if times is not None:
        command.append(f"--log-file={times}")
    before = server.cpu_ns()
    text = system.run(system.pinned(cpus, [*command, f"http://127.0.0.1:{server.port}{path}"]), max(seconds, 120) + 60)
    cpu_ns = server.cpu_ns() - before
    requests = int(_number(text, r"(\d+) succeeded"))
    errors = sum(int(_number(text, rf"(\d+) {kind}")) for kind in ("failed", "errored", "timeout"))
    unit = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
    took = re.search(r"finished in ([\d.]+)(us|ms|s), ", text)
    if took is None or requests == 0:
        raise RuntimeError(f"h2load made no request: {text.strip()[-300:]}")
    latency = {}
    if times is not None:
        sorted_us = sorted(int(line.split("\t")[2]) for line in times.read_text().splitlines())
        latency = {f"p{part:g}_us": sorted_us[int(len(sorted_us) * part / 100)] for part in (50, 99, 99.9)}
    return Report(requests, float(took.group(1)) * unit[took.group(2)], errors, cpu_ns, latency)
