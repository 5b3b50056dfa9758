# SPDX-License-Identifier: MIT
"""What tinyhttpd is to reach on each engine, as ratios within one run wherever a ratio can say it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from .contenders import AUTO, PEERS
from .results import Results
from .rows import GROUPS

Measure = Callable[[Results, str, str], float | None]  # of tinyhttpd or the floor, on an engine

BEST_OF = tuple(peer for peer in PEERS if peer != "faf")  # which is held against in rows of its own: it does less of HTTP


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


def _over_best(row: str, metric: str, best: Callable = min, peers: tuple[str, ...] = BEST_OF) -> Measure:
    """Over the best of the peers that were measured."""

    def measure(results: Results, who: str, engine: str) -> float | None:
        medians = {peer: value for peer in peers if (value := results.median(row, peer, metric)) is not None}
        return _over(row, metric, best(medians, key=medians.__getitem__))(results, who, engine) if medians else None

    return measure


def _worst(rows: list[str], of_row: Callable[[str], Measure], worst: Callable = max) -> Measure:
    """Of the rows that were measured."""

    def measure(results: Results, who: str, engine: str) -> float | None:
        values = [value for row in rows if (value := of_row(row)(results, who, engine)) is not None]
        return worst(values) if values else None

    return measure


def _auto_over_engine(row: str) -> Measure:
    """No more than each engine's is no more than the better one's."""

    def measure(results: Results, who: str, engine: str) -> float | None:
        ratio = results.ratio(row, "cpu_us", AUTO, f"tinyhttpd/{engine}") if who == "tinyhttpd" else None
        return ratio.median if ratio else None

    return measure


def _own(row: str, metric: str) -> Measure:
    return lambda results, who, engine: results.median(row, f"{who}/{engine}", metric)


def _two_heads_over_varied(results: Results, who: str, engine: str) -> float | None:
    two, varied = (results.median("heads", f"{who}/{engine}", head) for head in ("two-browsers", "browser"))
    return two / varied if two and varied else None


FULL = ["t1-c100", "t2-c100", "t4-c100"]
AUTO_LOADS = ["t1-c1", "t2-c16", *FULL, "t2-c512"]

GOALS = [
    Goal("-t4 -c100: CPU per request over the engine's floor", _over("t4-c100", "cpu_us", "floor/{engine}"), 1.06, 1.06),
    Goal("-t4 -c100: CPU per request over nginx's", _over("t4-c100", "cpu_us", "nginx"), 0.75, 0.60),
    Goal("-t4 -c100: CPU per request over caddy's", _over("t4-c100", "cpu_us", "caddy"), 0.20, 0.16),
    Goal("-t4 -c100: requests/s over the best peer's", _over_best("t4-c100", "per_second", max), 1.20, 1.35, at_least=True),
    Goal("-t2, -t4 -c100: requests/s over nginx's, the least",
         _worst(FULL[1:], lambda row: _over(row, "per_second", "nginx"), min), 1.7, 1.7, at_least=True),
    Goal("-t2 -c100: p99 over the best peer's", _over_best("t2-c100", "p99_us", peers=(*BEST_OF, "faf")), 1, 1),
    Goal("every load: CPU per request over the best peer's, the most", _worst(GROUPS["loads"], lambda row: _over_best(row, "cpu_us")), 0.97, 0.97),
    Goal("-t1, -t2, -t4 -c100: CPU per request over faf's, the most", _worst(FULL, lambda row: _over(row, "cpu_us", "faf")), 1.03, 1.03),
    Goal("-t1, -t2, -t4 -c100: requests/s over faf's, the least",
         _worst(FULL, lambda row: _over(row, "per_second", "faf"), min), 0.97, 0.97, at_least=True),
    Goal("every load: CPU per request of auto over this engine's, the most", _worst(AUTO_LOADS, _auto_over_engine), 1.03, 1.03),
    Goal("every placement row: CPU per request over even placement's, the most",
         _worst(GROUPS["placement"], lambda row: _over(row, "cpu_us", "even/{engine}")), 1.03, 1.03),
    Goal("every placement row: requests/s over even placement's, the least",
         _worst(GROUPS["placement"], lambda row: _over(row, "per_second", "even/{engine}"), min), 0.97, 0.97, at_least=True),
    Goal("16 pipelined: CPU per request over the engine's floor", _over("pipelined", "cpu_us", "floor/{engine}"), 1.15, 1.15),
    Goal("user instructions per keep-alive request, c=8", _own("instructions", "instructions"), 700, 700),
    Goal("user instructions, curl's head", _own("heads", "curl"), 850, 850),
    Goal("user instructions, curl's head, query varied", _own("heads", "curl-query"), 1100, 1100),
    Goal("user instructions, a browser's head, varied", _own("heads", "browser"), 1800, 1800),
    Goal("two browsers' heads in turn over varied ones", _two_heads_over_varied, 1, 1),
    Goal("system calls per request, c=100 saturated", _own("system-calls", "system_calls"), 2.1, 0.2),
    Goal("access log on over off, wrk saturating: CPU per request", _own("access-log-wrk", "ratio"), 1.05, 1.05),
    Goal("access log: lines lost", _own("access-log", "lost"), 0, 0),
    Goal("Connection: close, CPU per request over nginx's", _over("close", "cpu_us", "nginx"), 0.85, 0.85),
    Goal("bytes per idle connection (Pss)", _own("idle-memory", "connection_bytes"), 280, 280),
    Goal("start to first answer over a bare epoll server's (floor/epoll)", _over("start", "start_ms", "floor/epoll"), 1.25, 1.25),
    Goal("start to first answer, ms", _own("start", "start_ms"), 3, 4),
    Goal("resident memory, 2 workers, idle, MB", _own("idle-memory", "rss_mb"), 6, 16),
]
