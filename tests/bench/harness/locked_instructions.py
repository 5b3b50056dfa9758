# SPDX-License-Identifier: MIT
"""Which locked instructions a server executes: callgrind's count of each instruction, looked up in the disassembly. Shown by tests/bench/locked,
held by tests/bench/gate."""
from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from . import counts, load, system
from .contenders import Contender
from .server import Place

CONNECTIONS = 64
REQUESTS = 20_000


@dataclass(frozen=True)
class Executed:
    locked: Counter  # by object, function and instruction
    instructions: int

    @property
    def per_request(self) -> float:
        return self.locked.total() / REQUESTS


def measure(contender: Contender, place: Place, processors: system.Processors) -> Executed:
    """While REQUESTS are answered on CONNECTIONS, which come and go with them."""
    out = place.directory / "callgrind.out"
    under = [system.find("valgrind"), "--tool=callgrind", "--dump-instr=yes", "--compress-strings=no", "--compress-pos=no", "--quiet",
             f"--callgrind-out-file={out}"]
    with contender.prepare(place, processors, under) as server:
        control = system.find("callgrind_control")
        load.h2load(server, processors.load, connections=CONNECTIONS, count=2_000)
        counts.order(control, "-z", server)
        load.h2load(server, processors.load, connections=CONNECTIONS, count=REQUESTS)
        counts.order(control, "-d", server)
    counted = _executed(Path(f"{out}.1").read_text())
    total: Counter = Counter()
    for path, addresses in counted.items():
        if Path(path).exists():
            total += _locked(path, addresses)
    return Executed(total, sum(map(Counter.total, counted.values())))


def _executed(dump: str) -> dict[str, Counter]:
    """How often each address of each object was executed, from a dump with --dump-instr and nothing compressed."""
    counted: dict[str, Counter] = defaultdict(Counter)
    current, inclusive = "", False
    for line in dump.splitlines():
        if line.startswith("ob="):
            current = line[3:]
        elif line.startswith("calls="):
            inclusive = True  # the next cost is the callee's
        elif line.startswith("0x"):
            if not inclusive:
                fields = line.split()
                counted[current][int(fields[0], 16)] += int(fields[-1])
            inclusive = False
    return counted


def _locked(path: str, counted: Counter) -> Counter:
    """Of one object: by function and instruction. An xchg with memory locks without the prefix."""
    found: Counter = Counter()
    function = ""
    for line in system.run([system.find("objdump"), "-d", "-C", "--no-show-raw-insn", path], 120).splitlines():
        if line.endswith(">:"):
            function = re.sub(r"<[^<>]*>", "", line.split("<", 1)[1][:-2])
        elif (at := re.match(r"\s+([0-9a-f]+):\s+(lock .*|xchg .*\(.*)", line)) and counted[int(at[1], 16)]:
            found[f"{Path(path).name}: {function.split('(')[0][-60:]}: {at[2].split('#')[0].strip()}"] += counted[int(at[1], 16)]
    return found
