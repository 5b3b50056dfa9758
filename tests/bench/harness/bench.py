# SPDX-License-Identifier: MIT
"""One run of the bench: who takes part, the interleaved rounds, and what is shown while they run."""
from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import builds, contenders, server, system
from .contenders import Contender
from .results import Results
from .rows import Effort, Row, place

QUICK_SECONDS = 220  # --quick ends within four minutes; rows that have not begun by then are named


@dataclass
class Field:
    """Who takes part, and who does not and why."""

    present: list[Contender] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def gather(program: Path, given: list[Contender], only: list[str]) -> Field:
    """All contenders that can run here, of those whose names are in `only` (empty: all)."""
    gathered = Field()
    built_in = builds.engines(program)
    answers: dict[bytes, bytes] = {}

    def answer_to(body: bytes) -> bytes:
        if body not in answers:
            answers[body] = _answer_of(contenders.tinyhttpd(program, built_in[0]), body)
        return answers[body]

    for engine in ("epoll", "io_uring"):
        for name, make in ((f"tinyhttpd/{engine}", lambda: contenders.tinyhttpd(program, engine)),
                           (f"floor/{engine}", lambda: contenders.floor(builds.built(f"floor_{engine.removeprefix('io_')}"), engine, answer_to))):
            if only and name not in only:
                continue
            if engine not in built_in:
                gathered.missing[name] = f"this build of tinyhttpd has no {engine}"
                continue
            try:
                gathered.present.append(make())
            except system.Missing as reason:
                gathered.missing[name] = str(reason)
    if not only or contenders.AUTO in only:
        gathered.present.append(contenders.tinyhttpd(program, "auto"))
    for name, peer in contenders.PEER_CONTENDERS.items():
        if only and name not in only:
            continue
        try:
            peer.version()
            gathered.present.append(peer)
        except system.Missing as reason:
            gathered.missing[name] = str(reason)
    gathered.present += [contender for contender in given if not only or contender.name in only]
    named = {contender.name for contender in gathered.present} | set(gathered.missing)
    gathered.missing.update({name: "not packaged; --contender takes its command" for name in contenders.PEERS if not only and name not in named})
    return gathered


def _answer_of(contender: Contender, body: bytes) -> bytes:
    processors = system.Processors.divide("shared")
    with place(server.Setting(1, body)) as where, contender.prepare(where, processors) as running:
        return server.fetch(running.port, "/")


def introduce(gathered: Field, effort: Effort) -> str:
    """The conditions: machine, pinning, and for each contender its version, its answer's size and its log setting."""
    lines = [f"machine   {system.describe()}, load average {system.other_load():.2f}",
             f"pinning   servers on CPU {_list(effort.processors.server)}, load generators on CPU {_list(effort.processors.load)}, "
             f"{effort.workers} workers each",
             f"effort    interleaved rounds of {effort.seconds} s", ""]
    for contender in gathered.present:
        with place(server.Setting(1)) as where, contender.prepare(where, effort.processors) as running:
            answer = server.fetch(running.port, "/")
        lines.append(f"{contender.name:19} answer of {len(answer):3} bytes; access log: {contender.log}; {contender.version()}")
    lines += [f"{name:19} MISSING: {reason}" for name, reason in gathered.missing.items()]
    return "\n".join(lines)


def _list(cpus: tuple[int, ...]) -> str:
    return ",".join(map(str, cpus))


class Progress:
    """One line that changes on a terminal, a line for each step elsewhere."""

    def __init__(self, steps: int):
        self._steps = steps
        self._step = 0
        self._began = time.monotonic()

    def show(self, text: str) -> None:
        self._step += 1
        line = f"[{self._step}/{self._steps}, {time.monotonic() - self._began:.0f} s] {text}"
        if sys.stderr.isatty():
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r" + line[:width].ljust(width))
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()

    def end(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\n")


def measure(rows: list[Row], gathered: Field, effort: Effort) -> Results:
    """Round by round: A B C A B C …, so that whatever else the machine does strikes all alike."""
    results = Results()
    plan = [(row, effort.rounds or (row.rounds_quick if effort.quick else row.rounds)) for row in rows]
    progress = Progress(sum(rounds * sum(row.takes(c) for c in gathered.present) for row, rounds in plan))
    began = time.monotonic()
    for row, rounds in plan:
        if effort.quick and time.monotonic() - began > QUICK_SECONDS:
            results.notes[row.name, "all"] = "left out: --quick ran out of time"
            continue
        for turn in range(rounds):
            for contender in filter(row.takes, gathered.present):
                progress.show(f"{row.name}, round {turn + 1} of {rounds}: {contender.name}")
                if (row.name, contender.name) in results.notes:
                    continue
                try:
                    results.add(row.name, contender.name, row.measure(contender, effort))
                except (system.Missing, RuntimeError, subprocess.TimeoutExpired, OSError) as reason:
                    results.notes[row.name, contender.name] = f"not measured: {' '.join(str(reason).split())[-160:]}"
    progress.end()
    return results
