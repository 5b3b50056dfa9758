# SPDX-License-Identifier: MIT
"""What tinyhttpd is to reach on each engine, as ratios within one run wherever a ratio can say it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from .contenders import PEERS
from .results import Results

Measure = Callable[[Results, str, str], float | None]  # of tinyhttpd or the floor, on an engine


@dataclass(frozen=True)
class Goal:
    title: str
    measure: Measure
    epoll: float
    io_uring: float
    at_least: bool = False

    def limit(self, engine: str) -> float:
        return self.epoll if engine == "epoll" else self.io_uring

    def is_reached(self, engine: str, value: float) -> bool:
        return value >= self.limit(engine) if self.at_least else value <= self.limit(engine)


def _over(row: str, metric: str, other: str) -> Measure:
    """`other` may hold {engine}."""

    def measure(results: Results, who: str, engine: str) -> float | None:
        ratio = results.ratio(row, metric, f"{who}/{engine}", other.format(engine=engine))
        return ratio.median if ratio else None

    return measure


def _over_best_peer(row: str, metric: str) -> Measure:
    def measure(results: Results, who: str, engine: str) -> float | None:
        medians = {peer: value for peer in PEERS if (value := results.median(row, peer, metric)) is not None}
        return _over(row, metric, max(medians, key=medians.__getitem__))(results, who, engine) if medians else None

    return measure


def _own(row: str, metric: str) -> Measure:
    return lambda results, who, engine: results.median(row, f"{who}/{engine}", metric)


GOALS = [
    Goal("CPU per request, c=100, over the engine's floor", _over("keepalive-100", "cpu_us", "floor/{engine}"), 1.06, 1.06),
    Goal("CPU per request, c=100, over nginx's", _over("keepalive-100", "cpu_us", "nginx"), 0.75, 0.60),
    Goal("CPU per request, c=100, over caddy's", _over("keepalive-100", "cpu_us", "caddy"), 0.20, 0.16),
    Goal("requests per second, c=100, over the best peer's", _over_best_peer("keepalive-100", "per_second"), 1.20, 1.35, at_least=True),
    Goal("16 pipelined: CPU per request over the engine's floor", _over("pipelined", "cpu_us", "floor/{engine}"), 1.15, 1.15),
    Goal("user instructions per keep-alive request", _own("instructions", "instructions"), 700, 700),
    Goal("system calls per request, c=100 saturated", _own("system-calls", "system_calls"), 2.1, 0.2),
    Goal("access log on over off: CPU per request", _own("access-log", "ratio"), 1.05, 1.05),
    Goal("access log: lines lost", _own("access-log", "lost"), 0, 0),
    Goal("Connection: close, CPU per request over nginx's", _over("close", "cpu_us", "nginx"), 0.85, 0.85),
    Goal("bytes per idle connection (Pss)", _own("idle-memory", "connection_bytes"), 280, 280),
    Goal("start to first answer, ms", _own("start", "start_ms"), 3, 4),
    Goal("resident memory, 2 workers, idle, MB", _own("idle-memory", "rss_mb"), 6, 16),
]
