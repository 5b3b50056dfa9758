# SPDX-License-Identifier: MIT
"""Who is measured: tinyhttpd on each engine, the floors, every peer that is installed, and whoever else is named on the command line. A
contender that cannot run here is named with its reason."""
from __future__ import annotations

import getpass
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from . import system
from .server import HELLO, Place, Server

OURS = ("tinyhttpd/epoll", "tinyhttpd/io_uring")
FLOORS = ("floor/epoll", "floor/io_uring")
AUTO = "tinyhttpd/auto"  # the engine that a user gets who names none
# No distribution packages the last three as a server: they take part when --contender brings them under these names.
PEERS = ("nginx", "caddy", "haproxy", "h2o", "lighttpd", "uWebSockets", "libreactor", "faf")


@dataclass(frozen=True)
class Contender:
    name: str
    log: str  # what its access log is set to, as its configuration says it
    command: Callable[[Place], list[str]]
    version: Callable[[], str]
    environment: Callable[[Place], dict[str, str]] = lambda place: {}
    has_one_body: bool = False  # it cannot be told what to answer
    is_given: bool = False  # on the command line

    @property
    def connections_max(self) -> int:
        """haproxy keeps room for two descriptors with each connection."""
        return system.descriptors() // (2 if self.name == "haproxy" else 1)

    @property
    def is_ours(self) -> bool:
        return self.name in (*OURS, AUTO)

    @property
    def is_floor(self) -> bool:
        return self.name in FLOORS

    def prepare(self, place: Place, processors: system.Processors, under: list[str] | None = None) -> Server:
        """A server to be started, with the files it needs. `under`: a command to run it under, as valgrind."""
        (place.directory / "www").mkdir(parents=True, exist_ok=True)
        (place.directory / "www" / "index.txt").write_bytes(HELLO)
        for name in ("file", "www/file"):
            (place.directory / name).write_bytes(place.setting.body)
        for created in (place.directory, place.directory / "www"):
            created.chmod(0o755)  # nginx and h2o drop their privileges
        command = [*(under or []), *self.command(place)]
        return Server(self.name.replace("/", "-"), command, place, processors.server, self.environment(place))


def path_for(contender: Contender, body: bytes) -> str:
    """The peers' fixed answer is at /, a body of another size at /file."""
    return "/file" if body != HELLO and contender.name in PEER_CONTENDERS else "/"


def tinyhttpd(binary: Path, engine: str, options: tuple[str, ...] = ()) -> Contender:
    def command(place: Place) -> list[str]:
        body = ["--body", HELLO.decode()]
        if place.setting.body != HELLO:
            body = ["--body-file", str(place.directory / "file"), "--content-type", "text/plain; charset=utf-8"]
        log = ["--access-log", str(place.setting.access_log)] if place.setting.access_log else []
        return [str(binary), "--quiet", "--listen", f"127.0.0.1:{place.port}", "--engine", engine,
                "--workers", str(place.setting.workers), *body, *log, *options]

    return Contender(f"tinyhttpd/{engine}", "off (the default) but in the log's own row", command,
                     lambda: system.run([str(binary), "--version"], 10).splitlines()[0])


def floor(binary: Path, engine: str, answers: Callable[[bytes], bytes]) -> Contender:
    """`answers`: what tinyhttpd sends for a body; the floor sends the same bytes."""

    def command(place: Place) -> list[str]:
        answer = place.directory / "answer"
        answer.write_bytes(answers(place.setting.body))
        return [str(binary), str(answer), str(place.port), str(place.setting.workers), *(["close"] if place.setting.close else [])]

    return Contender(f"floor/{engine}", "none", command, lambda: "tests/bench/floor")


def given(argument: str) -> Contender:
    """Of `NAME=COMMAND`, in whose words {port}, {workers} and {body} (the name of a file) are filled in."""
    name, _, text = argument.partition("=")
    words = shlex.split(text)
    if not name or not words:
        raise ValueError(f"'{argument}' is not NAME=COMMAND")
    if name in (*OURS, AUTO, *FLOORS, *PEER_CONTENDERS):
        raise ValueError(f"the name {name} is taken")

    def command(place: Place) -> list[str]:
        values = {"{port}": str(place.port), "{workers}": str(place.setting.workers), "{body}": str(place.directory / "file")}
        filled = [re.sub(r"{(port|workers|body)}", lambda found: values[found[0]], word) for word in words]
        return [system.find(filled[0]), *filled[1:]]

    return Contender(name, "as its command has it", command, lambda: text, has_one_body="{body}" not in text, is_given=True)


def _peer(name: str, log: str, template: str, arguments: list[str], version: list[str]) -> Contender:
    def command(place: Place) -> list[str]:
        file = place.directory / template
        text = (system.BENCH / "peers" / template).read_text()
        # Without a master process nginx runs under callgrind, which cannot be reached in a process that was forked.
        master = "off" if place.setting.workers == 1 else "on"
        values = {"PORT": place.port, "WORKERS": place.setting.workers, "BODY": HELLO.decode(), "DIRECTORY": place.directory,
                  "USER": getpass.getuser(), "MASTER": master, "BUFFER": max(16384, 2 * len(place.setting.body)),
                  "CONNECTIONS": min(18000, (system.descriptors() - 200) // 2)}
        file.write_text(re.sub(r"@([A-Z]+)@", lambda found: str(values[found[1]]) if found[1] in values else found[0], text))
        return [system.find(name), *[argument.replace("@FILE@", str(file)) for argument in arguments]]

    def first_line() -> str:
        done = subprocess.run([system.find(name), *version], capture_output=True, text=True, timeout=20)
        return (done.stdout or done.stderr).splitlines()[0]

    def environment(place: Place) -> dict[str, str]:
        # caddy keeps state in its home directory, and its runtime starts a thread for each CPU.
        home = {"HOME": str(place.directory), "XDG_DATA_HOME": str(place.directory), "XDG_CONFIG_HOME": str(place.directory)}
        return {**home, "GOMAXPROCS": str(place.setting.workers)} if name == "caddy" else {}

    return Contender(name, log, command, first_line, environment)


PEER_CONTENDERS = {
    "nginx": _peer("nginx", "access_log off", "nginx.conf", ["-c", "@FILE@"], ["-v"]),
    "caddy": _peer("caddy", "no log directive", "Caddyfile", ["run", "--config", "@FILE@", "--adapter", "caddyfile"], ["version"]),
    "haproxy": _peer("haproxy", "no log directive", "haproxy.cfg", ["-db", "-f", "@FILE@"], ["-v"]),
    "h2o": _peer("h2o", "no access-log directive", "h2o.conf", ["-c", "@FILE@"], ["--version"]),
    "lighttpd": _peer("lighttpd", "mod_accesslog not loaded", "lighttpd.conf", ["-D", "-f", "@FILE@"], ["-v"]),
}
