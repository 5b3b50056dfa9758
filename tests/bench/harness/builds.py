# SPDX-License-Identifier: MIT
"""What has to be built before anything is measured: the program by `./dev build`, the floors and microbenchmarks here."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

from . import system

PROGRAM = system.ROOT / "build" / "release" / "tinyhttpd"


def engines(program: Path) -> list[str]:
    """Those built in, as `tinyhttpd --version` names them."""
    if not program.exists():
        raise system.Missing(f"{program} (./dev build makes it)")
    text = system.run([str(program), "--version"], 10)
    return [engine for engine in ("epoll", "io_uring") if engine in text]


def built(target: str) -> Path:
    """The path of a target of tests/bench/CMakeLists.txt, up to date, with the release build's flags."""
    configure = ["cmake", "-S", str(system.ROOT), "-B", str(system.BUILD / "cmake"), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                 "-DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON", "-DTINYHTTPD_STATIC_RUNTIME=ON", "-DBUILD_TESTING=OFF", "-DTINYHTTPD_BENCH=ON"]
    for command in (configure, ["cmake", "--build", str(system.BUILD / "cmake"), "--target", target]):
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        if done.returncode != 0:
            raise system.Missing(f"{target} does not build:\n{(done.stderr + done.stdout).strip()[-3000:]}")
    return system.BUILD / "cmake" / "tests" / "bench" / target
