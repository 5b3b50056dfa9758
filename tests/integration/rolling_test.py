# SPDX-License-Identifier: MIT
"""Instances behind haproxy (packaging/haproxy/haproxy.cfg) are restarted one after the other under load: no request fails.

The load is h2load's, in short rounds of a fixed rate, for as long as the restarts take.
"""
import csv
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

import support

CONFIGURATION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packaging/haproxy/haproxy.cfg")
INSTANCES = ("one", "two", "three")
# One second each: 20 clients, 25 requests of each in a second.
LOAD = ("--h1", "-n", "500", "-c", "20", "--rps", "25", "-T", "30")
# Long enough for haproxy to see the close announced by every instance; the test asserts nothing about it.
DELAY = "300ms"


def tool(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class Load:
    """Rounds of h2load against a port until it is told to end; what each said is kept."""

    def __init__(self, port):
        self.command = [tool("h2load"), *LOAD, f"http://127.0.0.1:{port}/"]
        self.rounds = []
        self.enough = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.enough.is_set():
            self.rounds.append(subprocess.run(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                              timeout=support.DEADLINE * 3).stdout)

    def end(self):
        self.enough.set()
        self.thread.join()


class Rolling(support.TestCase):
    def start_haproxy(self, folder, ports):
        """haproxy over the shipped configuration, with sockets and ports of this test; the port it listens on."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        with open(CONFIGURATION) as file:
            text = file.read()
        self.admin = os.path.join(folder, "admin.sock")
        replaced = {"/run/haproxy/admin.sock": self.admin, "bind 127.0.0.1:8000": f"bind fd@{listener.fileno()}"}
        for place, (host, port) in enumerate(ports, start=8001):
            replaced[f"127.0.0.1:{place}\n"] = f"{host}:{port}\n"
        for old, new in replaced.items():
            # The comment at the top names one of the ports too.
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        path = os.path.join(folder, "haproxy.cfg")
        with open(path, "w") as file:
            file.write(text)
        said = tempfile.TemporaryFile()
        haproxy = subprocess.Popen([tool("haproxy"), "-db", "-f", path], pass_fds=[listener.fileno()], stdout=said, stderr=said,
                                   preexec_fn=support.in_child())

        def end():
            haproxy.kill()
            haproxy.wait()
            said.close()

        self.addCleanup(end)
        support.eventually(lambda: not support.refuses(self.admin) or haproxy.poll() is not None, "haproxy is up")
        said.seek(0)
        self.assertIsNone(haproxy.poll(), said.read().decode())
        return listener.getsockname()[1]

    def state(self, instance):
        """What haproxy thinks of it: (status, requests answered)."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(self.admin)
            admin.sendall(b"show stat\n")
            with admin.makefile() as file:
                rows = csv.DictReader(line.removeprefix("# ") for line in file if line.strip())
                row = next(row for row in rows if row["svname"] == instance)
        return row["status"], int(row["hrsp_2xx"])

    def wait_until_it_serves(self, instance):
        before = self.state(instance)[1]

        def serves():
            status, answered = self.state(instance)
            return status == "UP" and answered > before

        support.eventually(serves, f"{instance} is up and gets requests")

    def instance(self, address):
        return self.start("--ready", "/ready", "--shutdown-delay", DELAY, listen=("--listen", "%s:%d" % address))

    def test_a_rolling_restart_under_load_fails_no_request(self):
        # Addresses of this test alone (all of 127/8 is loopback): nobody takes the port while its instance is down.
        hosts = [f"127.{1 + os.getpid() // 250 % 250}.{1 + os.getpid() % 250}.{1 + place}" for place in range(len(INSTANCES))]
        servers = [self.instance((host, 0)) for host in hosts]
        addresses = [server.address() for server in servers]
        port = self.start_haproxy(self.directory(), addresses)
        for name in INSTANCES:
            support.eventually(lambda name=name: self.state(name)[0] == "UP", f"{name} is up")
        load = Load(port)
        try:
            for place, name in enumerate(INSTANCES):
                self.wait_until_it_serves(name)
                servers[place].stop(signal.SIGTERM)
                servers[place] = self.instance(addresses[place])
                self.wait_until_it_serves(name)
        finally:
            load.end()
        for said in load.rounds:
            self.assertIn("requests: 500 total, 500 started, 500 done, 500 succeeded, 0 failed, 0 errored, 0 timeout", said)
            self.assertIn("status codes: 500 2xx, 0 3xx, 0 4xx, 0 5xx", said)
        print(f"{500 * len(load.rounds)} requests, none failed", flush=True)
        for server in servers:
            server.stop()


if __name__ == "__main__":
    for name in ("haproxy", "h2load"):
        if not tool(name):
            print(f"skipped: {name} is not installed")
            raise SystemExit(77)
    if not support.LINUX:
        print("skipped: only Linux answers on all of 127.0.0.0/8")
        raise SystemExit(77)
    support.main()
