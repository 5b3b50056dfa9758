# SPDX-License-Identifier: MIT
"""The systemd units of this build: systemd's own verdict on them, and the real server under the restrictions they set.

systemd itself does not run here: under_unit.py takes on what a unit says about system calls, capabilities and the user.
UNITS in the environment is the folder of the units. What cannot run is skipped with its reason.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

import support  # noqa: E402
from support import ask  # noqa: E402

SOURCE = os.path.dirname(os.path.dirname(HERE))
UNITS = os.environ["UNITS"]
SERVICES = ("tinyhttpd.service", "tinyhttpd-socket.service")
EXPOSURE_MAX = 15  # tenths
ENGINES = [name for name in ("epoll", "io_uring") if name in support.run("--version")[1]]


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")


def command(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=support.DEADLINE)
    return done.returncode, done.stdout + done.stderr


def why_no_filter():
    if support.SANITIZED:
        return "a sanitizer makes system calls of its own"
    status, said = command(sys.executable, os.path.join(HERE, "under_unit.py"), os.path.join(UNITS, SERVICES[0]), shutil.which("true"))
    return said.strip().splitlines()[-1] if status else None


@needs("systemd-analyze")
class Verdict(support.TestCase):
    def test_systemd_understands_every_line_of_the_units(self):
        folder = self.directory()
        for name in os.listdir(UNITS):
            with open(os.path.join(UNITS, name)) as file:
                text = file.read()
            with open(os.path.join(folder, name), "w") as file:
                file.write(re.sub(r"^ExecStart=\S+", f"ExecStart={support.BINARY}", text, flags=re.M))
        status, said = command("systemd-analyze", "verify", "--man=no", *(os.path.join(folder, name) for name in os.listdir(folder)))
        self.assertEqual((status, said), (0, ""))

    def test_a_break_in_reaches_little_of_the_machine(self):
        for name in SERVICES:
            status, said = command("systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={EXPOSURE_MAX}",
                                   os.path.join(UNITS, name))
            self.assertEqual(status, 0, said)
            print(said.strip().splitlines()[-1])


@needs("systemd-analyze")
class UnderTheUnit(support.TestCase):
    def setUp(self):
        if reason := why_no_filter():
            self.skipTest(reason)

    def start_under(self, service, *arguments, engine, without=(), env=None):
        taken_out = [word for call in without for word in ("--without", call)]
        wrapper = (sys.executable, os.path.join(HERE, "under_unit.py"), os.path.join(UNITS, service), *taken_out)
        return self.start(*arguments, wrapper=wrapper, env={"TINYHTTPD_ENGINE": engine, **(env or {})})

    def test_the_server_does_all_it_does_on_each_engine(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                status, _, said = support.run(*support.ANY_PORT, "--max-time", "1ms", env={"TINYHTTPD_ENGINE": engine})
                if status:
                    self.skipTest(said.strip())
                # An abstract address: the user of the unit could not reach a folder of ours.
                manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                self.addCleanup(manager.close)
                manager.settimeout(support.DEADLINE)
                manager.bind(f"\0tinyhttpd-{os.getpid()}-{engine}")
                server = self.start_under(SERVICES[0], "--body", "held", "--pin-workers", "--access-log", "stderr", engine=engine,
                                          env={"NOTIFY_SOCKET": f"@tinyhttpd-{os.getpid()}-{engine}"})
                self.assertIn(b"READY=1", manager.recv(4096))
                with open(f"/proc/{server.pid}/status") as file:
                    state = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
                self.assertEqual((state["NoNewPrivs"], state["Seccomp"], state["CapEff"]), ("1", "2", "0" * 16))
                client = self.connect(server)
                for _ in range(3):
                    self.assertEqual(client.ask().body, b"held")
                self.assertEqual(ask(server.address()).body, b"held")
                server.send_signal(signal.SIGHUP)
                server.stop()
                self.assertIn(b"STOPPING=1", manager.recv(4096))
                self.assertEqual(server.stderr().count('"GET / HTTP/1.1" 200'), 4, server.stderr())

    @unittest.skipUnless("io_uring" in ENGINES, "io_uring is not built in")
    def test_where_io_uring_is_forbidden_the_server_says_so_and_takes_epoll(self):
        server = self.start_under(SERVICES[0], engine="auto", without=("io_uring_setup",))
        self.assertEqual(ask(server.address()).status, 200)
        server.stop()
        self.assertIn("epoll", server.stderr())
        self.assertIn("seccomp", server.stderr())


def first_answer(path):
    try:
        return ask(path)
    except (FileNotFoundError, ConnectionRefusedError):
        return None  # not bound yet, or not listening yet


@needs("systemd-socket-activate")
class Activation(support.TestCase):
    def test_the_first_connection_starts_the_server_which_answers_it_and_leaves_the_socket(self):
        with open(os.path.join(UNITS, SERVICES[1])) as file:
            arguments = re.search(r"^ExecStart=\S+ --config \S+ (.+)$", file.read(), re.M).group(1).split()
        for engine in ENGINES:
            with self.subTest(engine=engine):
                path = os.path.join(self.directory(), "http.sock")
                # It becomes the program, so this is the server's process from the first connection on.
                process = subprocess.Popen(["systemd-socket-activate", "--listen", path, "--setenv", f"TINYHTTPD_ENGINE={engine}",
                                            support.BINARY, *arguments, "--config", os.path.join(SOURCE, "config.example.toml")],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=support.in_child())
                self.addCleanup(process.wait)
                self.addCleanup(process.kill)
                self.assertEqual(support.eventually(lambda: first_answer(path), "the socket listens").body, b"OK")
                process.terminate()
                self.assertEqual(process.wait(support.DEADLINE), 0)
                self.assertTrue(os.path.exists(path), "it belongs to whoever made it")


if __name__ == "__main__":
    support.main()
