# SPDX-License-Identifier: MIT
"""What a service manager sees: sockets it passes in (sd_listen_fds(3)) and the notices it gets (sd_notify(3)). No systemd runs
here: a small program in between does what it does, and systemd-socket-activate(1) where it is installed."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import unittest

import support
from support import ask, run

# Moves the descriptors argv[1] (comma-separated) to 3 and on, sets the variables and becomes the program. argv[2] is for
# LISTEN_FDNAMES (empty: not set), argv[3] for LISTEN_PID (empty: its own, which exec keeps).
ACTIVATE = """
import os, sys
fds, names, pid = [int(fd) for fd in sys.argv[1].split(",")], sys.argv[2], sys.argv[3]
high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i, inheritable=True)
    os.close(fd)
os.environ.update(LISTEN_FDS=str(len(fds)), LISTEN_PID=pid or str(os.getpid()), **({"LISTEN_FDNAMES": names} if names else {}))
os.execv(sys.argv[4], sys.argv[4:])
"""


def activated(sockets, names="", pid=""):
    """The arguments of start() that pass in `sockets`."""
    fds = [each if isinstance(each, int) else each.fileno() for each in sockets]
    return {"wrapper": (sys.executable, "-c", ACTIVATE, ",".join(map(str, fds)), names, pid), "pass_fds": fds}


class TestCase(support.TestCase):
    def tcp(self, host="127.0.0.1"):
        sock = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.addCleanup(sock.close)
        return sock

    def unix(self, address):
        sock = socket.socket(socket.AF_UNIX)
        self.addCleanup(sock.close)
        sock.bind(address)
        sock.listen()
        return sock

    def refused(self, *args, **how):
        """What a server says that does not start."""
        server = self.start(*args, lines=0, **how)
        self.assertEqual(server.wait(), 1)
        self.assertEqual(server.rest_of_stdout(), b"")
        return server.stderr()


class Restarts(TestCase):
    def test_no_request_is_cut_while_one_server_succeeds_another(self):
        sockets = [self.tcp()]
        with support.Load(sockets[0].getsockname(), clients=8) as load:
            for _ in range(5 if support.SANITIZED else 10):
                server = self.start("--workers", "2", listen=("--listen", "systemd"), **activated(sockets))
                load.wait_until_busy()
                server.stop()
            # Whoever waits in the backlog now is the next one's.
            self.start(listen=("--listen", "systemd"), **activated(sockets))
            load.wait_until_busy()
        self.assertEqual(load.cut, [])


class InheritedSockets(TestCase):
    def test_it_answers_on_them_and_says_where(self):
        sockets = [self.tcp(), self.tcp()]
        server = self.start("--workers", "3", listen=("--listen", "systemd"), lines=2, **activated(sockets))
        for line, sock in enumerate(sockets):
            host, port = sock.getsockname()
            self.assertEqual(server.url(line), f"http://{host}:{port}")
            for _ in range(10):
                self.assertEqual(ask((host, port)).body, b"OK")
        server.stop()

    def test_they_are_chosen_by_name_and_several_may_share_one(self):
        web, admin, web_too = self.tcp(), self.tcp(), self.tcp()
        server = self.start(listen=("--listen", "systemd:web"), lines=2, **activated([web, admin, web_too], "web:admin:web"))
        self.assertEqual([server.address(0), server.address(1)], [web.getsockname(), web_too.getsockname()])
        self.assertIn("warning: no --listen takes the inherited sockets 'admin'", server.stderr())
        server.stop()

    def test_they_stand_among_other_addresses_in_the_order_given(self):
        a, b = self.tcp(), self.tcp()
        listen = ("--listen", "systemd:b", "--listen", "127.0.0.1:0", "--listen", "systemd:a")
        server = self.start(listen=listen, lines=3, **activated([a, b], "a:b"))
        self.assertEqual((server.address(0), server.address(2)), (b.getsockname(), a.getsockname()))
        for line in range(3):
            self.assertEqual(ask(server.address(line)).status, 200)
        self.assertEqual(server.stderr(), "")
        server.stop()

    def test_the_port_file_and_the_file_of_the_configuration_know_them(self):
        folder = self.directory()
        config, port_file = os.path.join(folder, "stub.toml"), os.path.join(folder, "port")
        with open(config, "w") as file:
            file.write('listen = ["systemd:web"]\n')
        sock = self.tcp()
        server = self.start("--config", config, "--port-file", port_file, listen=(), **activated([sock], "web"))
        with open(port_file) as file:
            self.assertEqual(int(file.read()), sock.getsockname()[1])
        server.stop()

    def test_a_client_that_came_before_the_server_is_answered(self):
        sock = self.tcp()
        early = self.connect(sock.getsockname())
        early.send(support.GET)
        self.start(listen=("--listen", "systemd"), **activated([sock]))
        self.assertEqual(early.answer().body, b"OK")

    def test_a_restart_refuses_nobody(self):
        sock = self.tcp()
        self.start("--body", "old", listen=("--listen", "systemd"), **activated([sock])).stop()
        between = self.connect(sock.getsockname())
        between.send(support.GET)
        self.start("--body", "new", listen=("--listen", "systemd"), **activated([sock]))
        self.assertEqual(between.answer().body, b"new")

    def test_the_file_of_a_unix_socket_is_its_owners(self):
        path = os.path.join(self.directory(), "socket")
        sock = self.unix(path)
        os.chmod(path, 0o640)
        server = self.start("--unix-mode", "0666", listen=("--listen", "systemd"), **activated([sock]))
        self.assertEqual(server.url(), f"unix:{path}")
        self.assertEqual(ask(path).body, b"OK")
        server.stop()
        self.assertEqual(oct(os.stat(path).st_mode & 0o777), oct(0o640))

    @support.linux_only
    def test_an_abstract_unix_socket_is_named_with_an_at(self):
        name = f"tinyhttpd-test-{os.getpid()}"
        sock = self.unix("\0" + name)
        server = self.start(listen=("--listen", "systemd"), **activated([sock]))
        self.assertEqual(server.url(), f"unix:@{name}")
        self.assertEqual(ask("\0" + name).body, b"OK")

    def test_ipv6_and_both_families_are_told_apart(self):
        if not socket.has_dualstack_ipv6():
            self.skipTest("no IPv6 here")
        dual = socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.addCleanup(dual.close)
        server = self.start(listen=("--listen", "systemd"), lines=2, **activated([dual, self.tcp("::1")]))
        self.assertEqual(server.url(0), f"http://[::]:{dual.getsockname()[1]}")
        self.assertTrue(server.url(1).startswith("http://[::1]:"))
        self.assertEqual(ask(("127.0.0.1", dual.getsockname()[1])).status, 200)


class WrongSockets(TestCase):
    def test_without_any_it_says_how_to_get_them(self):
        status, out, err = run("--listen", "systemd")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("cannot listen on systemd: no socket was passed in, LISTEN_FDS and LISTEN_PID are not set", err)
        self.assertIn("systemd-socket-activate", err)

    def test_sockets_for_another_process_are_not_touched(self):
        said = self.refused(listen=("--listen", "systemd"), **activated([self.tcp()], pid="1"))
        self.assertIn("the sockets in LISTEN_FDS are for process 1, this is ", said)

    def test_a_name_that_is_not_there_is_answered_with_those_that_are(self):
        said = self.refused(listen=("--listen", "systemd:wbe"), **activated([self.tcp(), self.tcp()], "web:admin"))
        self.assertIn("cannot listen on systemd:wbe: no socket of this name was passed in, only 'web', 'admin'", said)

    def test_nothing_is_given_out_twice(self):
        said = self.refused(listen=("--listen", "systemd", "--listen", "systemd:web"), **activated([self.tcp()], "web"))
        self.assertIn("cannot listen on systemd:web: another --listen has these sockets already", said)

    def test_what_is_no_listening_stream_socket_is_refused(self):
        listening, datagrams = self.tcp(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound, connected = socket.socket(), socket.create_connection(listening.getsockname())
        reading, writing = os.pipe()
        for each in (datagrams, bound, connected):
            self.addCleanup(each.close)
        for each in (reading, writing):
            self.addCleanup(os.close, each)
        bound.bind(("127.0.0.1", 0))
        for wrong in (datagrams, bound, connected, reading):
            said = self.refused(listen=("--listen", "systemd"), **activated([listening, wrong]))
            self.assertIn("cannot listen on systemd: descriptor 4 is no listening stream socket", said)
            self.assertIn("ListenStream= and Accept=no", said)

    def test_variables_that_contradict_each_other_are_named(self):
        said = self.refused(listen=("--listen", "systemd"), **activated([self.tcp(), self.tcp()], "web"))
        self.assertIn("LISTEN_FDNAMES has 1 names for 2 sockets", said)

    def test_without_the_flag_they_are_left_alone_and_that_is_said(self):
        server = self.start(**activated([self.tcp()], "web"))
        self.assertIn("warning: no --listen takes the inherited sockets 'web'", server.stderr())
        server.stop()


@unittest.skipUnless(shutil.which("systemd-socket-activate"), "systemd-socket-activate is not installed")
class SocketActivate(TestCase):
    def test_the_tool_of_systemd_starts_it_at_the_first_client(self):
        path = os.path.join(self.directory(), "socket")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = taken.getsockname()
        tool = subprocess.Popen(["systemd-socket-activate", "-l", f"{address[0]}:{address[1]}", "-l", path, "--fdname=web:local",
                                 support.BINARY, "--listen", "systemd:local", "--listen", "systemd:web", "--max-requests", "2"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=support.environment(),
                                preexec_fn=support.in_child())
        self.addCleanup(tool.stderr.close)
        self.addCleanup(tool.stdout.close)
        self.addCleanup(tool.wait)
        self.addCleanup(tool.kill)
        support.read_pipe(tool.stderr.fileno(), lambda data: data.count(b"Listening on") == 2 and data.endswith(b"\n"))
        for where in (address, path):
            self.assertEqual(ask(where).body, b"OK")
        self.assertEqual(tool.wait(support.DEADLINE), 0)
        self.assertEqual(tool.stdout.read().decode(), f"tinyhttpd: listening on unix:{path}\n"
                                                      f"tinyhttpd: listening on http://{address[0]}:{address[1]}\n")


class Notices(TestCase):
    def manager(self, address):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.bind(address)
        sock.settimeout(support.DEADLINE)
        return sock

    def test_ready_comes_when_clients_are_answered_and_stopping_when_it_ends(self):
        path = os.path.join(self.directory(), "notify")
        addresses = {path: path}
        if support.LINUX:
            name = f"tinyhttpd-notify-{os.getpid()}"
            addresses["@" + name] = "\0" + name
        for variable, address in addresses.items():
            manager = self.manager(address)
            server = self.start(lines=0, env={"NOTIFY_SOCKET": variable})
            self.assertEqual(manager.recv(4096), b"READY=1")
            server.read_ready_lines(1)
            self.assertEqual(ask(server.address()).body, b"OK")
            server.stop()
            self.assertEqual(manager.recv(4096), b"STOPPING=1")
            manager.setblocking(False)
            with self.assertRaises(BlockingIOError):
                manager.recv(4096)

    def test_stopping_is_said_before_the_drain(self):
        path = os.path.join(self.directory(), "notify")
        manager = self.manager(path)
        server = self.start("--shutdown-delay", "1h", env={"NOTIFY_SOCKET": path})
        self.assertEqual(manager.recv(4096), b"READY=1")
        server.send_signal(signal.SIGTERM)
        self.assertEqual(manager.recv(4096), b"STOPPING=1")
        self.assertEqual(ask(server.address()).status, 200)
        server.stop(signal.SIGTERM, 3)

    def test_a_start_that_fails_is_never_called_ready(self):
        path = os.path.join(self.directory(), "notify")
        manager = self.manager(path)
        status, _, _ = run("--listen", "127.0.0.1:0", "--port-file", "/nowhere/port", env={"NOTIFY_SOCKET": path})
        self.assertEqual(status, 1)
        manager.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            self.assertEqual(manager.recv(4096), b"STOPPING=1")

    def test_nobody_who_listens_is_a_warning(self):
        for variable, words in (("/nowhere/notify", "no such file or directory"), ("/" + "x" * 200, "name too long"),
                                ("vsock:2:1", "NOTIFY_SOCKET is neither a path nor @name")):
            server = self.start(env={"NOTIFY_SOCKET": variable})
            self.assertEqual(ask(server.address()).body, b"OK")
            server.stop()
            self.assertEqual(server.stderr().count("warning: cannot notify the service manager at " + variable), 2)
            self.assertIn(words, server.stderr())


if __name__ == "__main__":
    support.main()
