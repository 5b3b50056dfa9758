# SPDX-License-Identifier: MIT
"""The machine as the bench sees it: where the sources are, which processors belong to whom, which tools are installed."""
from __future__ import annotations

import os
import platform
import re
import resource
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BENCH = ROOT / "tests" / "bench"
BUILD = ROOT / "build" / "bench"
# Where administrators' programs live on Debian, which a user's PATH leaves out.
SEARCH_PATH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"


class Missing(Exception):
    """Something that is not installed, or cannot do what a row asks. Reported by name, never passed over."""


def find(program: str) -> str:
    path = shutil.which(program, path=SEARCH_PATH)
    if path is None:
        raise Missing(f"{program} is not installed")
    return path


@dataclass(frozen=True)
class Processors:
    """Who runs where. `split` gives server and load generator halves of their own; `shared` gives both all of them."""

    server: tuple[int, ...]
    load: tuple[int, ...]

    @staticmethod
    def divide(mode: str) -> "Processors":
        mine = tuple(sorted(os.sched_getaffinity(0)))
        if mode == "shared" or len(mine) == 1:
            return Processors(mine, mine)
        half = len(mine) // 2
        return Processors(mine[:half], mine[half:])


def pinned(cpus: tuple[int, ...], command: list[str]) -> list[str]:
    return [find("taskset"), "-c", ",".join(map(str, cpus)), *command]


def free_port() -> int:
    """A port that was free a moment ago. It is outside the range that outgoing connections take theirs from, so that the load of
    one run cannot take the port of the next."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    first = max(1024, low - 20000)
    start = first + int.from_bytes(os.urandom(2), "big") % (low - first)
    for port in [*range(start, low), *range(first, start)]:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise Missing("a free port")


def descriptors() -> int:
    """How many descriptors a process may have here: raised as far as allowed, for us and for the servers we start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (max(hard, 65536), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            return wanted
        except (ValueError, PermissionError):
            continue
    return soft


def describe() -> str:
    """What the ratios may depend on; the rest of a machine's name is nobody's business."""
    version = re.match(r"\d+\.\d+", platform.release())
    return f"{os.cpu_count()} CPUs, {platform.machine()}, {platform.system()} {version.group() if version else platform.release()}"


def other_load() -> float:
    return os.getloadavg()[0]


def run(command: list[str], timeout: float) -> str:
    """Standard output of a command that ends by itself; what it wrote to standard error comes with the failure."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
