# SPDX-License-Identifier: MIT
"""Listening addresses: ports that are taken, unix sockets and their files, several listeners, IPv6 and localhost."""
import ctypes
import os
import socket
import stat
import struct
import unittest

import support
from support import ask, run


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


class FileEvents:
    """inotify(7) on one folder: what happened to the files in it, in order."""
    ATTRIB, MOVED_TO, CREATE, DELETE = 0x4, 0x80, 0x100, 0x200

    def __init__(self, test, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        test.addCleanup(os.close, self.descriptor)
        mask = self.ATTRIB | self.MOVED_TO | self.CREATE | self.DELETE
        assert libc.inotify_add_watch(self.descriptor, os.fsencode(folder), mask) >= 0

    def take(self):
        data = os.read(self.descriptor, 65536)
        events = []
        while data:
            _, mask, _, size = struct.unpack_from("iIII", data)
            events.append((mask, os.fsdecode(data[16:16 + size].rstrip(b"\0"))))
            data = data[16 + size:]
        return events


class TakenPorts(support.TestCase):
    def test_a_second_server_fails_loudly(self):
        server = self.start()
        port = server.address()[1]
        status, out, err = run("--listen", f"127.0.0.1:{port}")
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(err, f"tinyhttpd: error: cannot listen on 127.0.0.1:{port}: address already in use (try port 0)\n")
        self.assertEqual(ask(server.address()).body, b"OK")

    def test_all_addresses_do_not_hide_behind_one(self):
        port = self.start().address()[1]
        status, _, err = run("--listen", f":{port}")
        self.assertEqual(status, 1)
        self.assertIn(f"cannot listen on :{port}: address already in use (try port 0)", err)

    def test_a_port_is_free_again_at_once(self):
        server = self.start("--max-requests", "3")
        address = server.address()
        for _ in range(3):
            ask(address)  # the server closes first: TIME_WAIT stays on its side
        self.assertEqual(server.wait(), 0)
        again = self.start(listen=("--listen", f"127.0.0.1:{address[1]}"))
        self.assertEqual(ask(again.address()).body, b"OK")

    def test_the_port_of_a_killed_server_is_taken_over(self):
        server = self.start()
        host, port = server.address()
        with self.connect(server) as client:
            client.ask()
            server.process.kill()
            server.wait()
            self.start(listen=["--listen", f"{host}:{port}"]).stop()

    def test_one_that_fails_takes_the_others_down(self):
        taken = self.start().address()[1]
        path = os.path.join(self.directory(), "socket")
        status, out, _ = run("--listen", f"unix:{path}", "--listen", f"127.0.0.1:{taken}")
        self.assertEqual((status, out), (1, ""))
        self.assertFalse(os.path.exists(path), "its socket file was left behind")


class SeveralAddresses(support.TestCase):
    def test_each_listener_answers(self):
        server = self.start(listen=("--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--listen", "127.0.0.3:0"), lines=3)
        addresses = [server.address(line) for line in range(3)]
        self.assertEqual(len(set(addresses)), 3)
        for address in addresses * 3:
            self.assertEqual(ask(address).status, 200)
        server.stop()
        for address in addresses:
            self.assertTrue(support.refuses(address))

    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    def test_a_bare_port_is_every_address_of_both_families(self):
        server = self.start(listen=("--listen", ":0"))
        port = server.address()[1]
        self.assertEqual(server.url(), f"http://[::]:{port}")
        for host in ("127.0.0.1", "127.0.0.2", "::1"):
            self.assertEqual(ask((host, port)).status, 200, host)

    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    def test_localhost_is_both_loopback_addresses(self):
        server = self.start(listen=("--listen", "localhost:0"))
        port = server.address()[1]
        self.assertEqual(server.url(), f"http://localhost:{port}")
        for host in ("127.0.0.1", "::1"):
            self.assertEqual(ask((host, port)).status, 200, host)
        self.assertTrue(support.refuses(("127.0.0.2", port)))

    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    def test_an_ipv6_address_is_that_alone(self):
        server = self.start(listen=("--listen", "[::1]:0"))
        port = server.address()[1]
        self.assertEqual(server.url(), f"http://[::1]:{port}")
        self.assertEqual(ask(("::1", port)).status, 200)
        self.assertTrue(support.refuses(("127.0.0.1", port)))

    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    def test_an_interface_may_be_named_or_numbered_and_has_to_exist(self):
        name, number = next((name, number) for number, name in socket.if_nameindex() if name in ("lo", "lo0"))
        for zone in (name, number):
            server = self.start(listen=("--listen", f"[::1%{zone}]:0"))
            self.assertTrue(server.url().startswith(f"http://[::1%{zone}]:"), server.url())
            self.assertEqual(ask(("::1", server.address()[1])).status, 200)
            server.stop()
        for zone in ("nope", "4000000000"):
            listen = ("--listen", f"[fe80::1%{zone}]:0")
            self.assertEqual(run(*listen), (1, "", f"tinyhttpd: error: cannot listen on {listen[1]}: no interface '{zone}'\n"))
            self.assertEqual(run(*listen, "--check"), (2, "", f"tinyhttpd: error: --listen {listen[1]}: no interface '{zone}'\n"))

    @unittest.skipUnless(support.LINUX and has_ipv6(), "elsewhere it is another error")
    def test_a_link_local_address_without_its_interface_says_what_is_missing(self):
        self.assertIn("a link-local address needs its interface, as in [fe80::1%eth0]:8000", run("--listen", "[fe80::1]:0")[2])

    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    def test_the_log_names_an_ipv4_peer_of_a_dual_stack_socket_as_ipv4(self):
        server = self.start("--access-log", "-", "--once", listen=("--listen", ":0"))
        ask(("127.0.0.1", server.address()[1]))
        self.assertEqual(server.wait(), 0)
        self.assertTrue(server.rest_of_stdout().startswith(b"127.0.0.1 - "))


class UnixSockets(support.TestCase):
    def setUp(self):
        self.folder = self.directory()
        self.path = os.path.join(self.folder, "socket")
        self.listen = ("--listen", f"unix:{self.path}")

    def mode(self):
        return stat.S_IMODE(os.lstat(self.path).st_mode)

    def test_it_answers_and_its_file_goes_at_exit(self):
        server = self.start("--body", "over unix", listen=self.listen)
        self.assertEqual(server.url(), f"unix:{self.path}")
        self.assertEqual(ask(self.path).body, b"over unix")
        server.stop()
        self.assertEqual(os.listdir(self.folder), [])

    def test_its_mode_is_what_was_asked_for_whatever_the_umask(self):
        for umask in (0o000, 0o022, 0o077):
            for flags, mode in (((), 0o660), (("--unix-mode", "0600"), 0o600), (("--unix-mode", "0666"), 0o666)):
                server = self.start(*flags, listen=self.listen, umask=umask)
                self.assertEqual(oct(self.mode()), oct(mode), f"umask {umask:o}")
                server.stop()

    @support.linux_only
    def test_its_mode_never_was_another_one(self):
        events = FileEvents(self, self.folder)
        self.start("--unix-mode", "0600", listen=self.listen, umask=0).stop()
        self.assertEqual(events.take(), [(FileEvents.CREATE, "socket"), (FileEvents.DELETE, "socket")])

    @support.linux_only
    def test_the_port_file_is_renamed_into_place(self):
        events = FileEvents(self, self.folder)
        self.start("--port-file", os.path.join(self.folder, "port")).stop()
        self.assertEqual([mask for mask, name in events.take() if name == "port"], [FileEvents.MOVED_TO, FileEvents.DELETE])

    def test_the_rest_of_the_process_keeps_its_umask(self):
        log = os.path.join(self.folder, "log")
        self.start("--unix-mode", "0600", "--access-log", log, listen=self.listen, umask=0o022).stop()
        self.assertEqual(oct(stat.S_IMODE(os.stat(log).st_mode)), oct(0o640))

    def test_a_stale_file_is_replaced(self):
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(self.path)
        server = self.start(listen=self.listen)
        self.assertEqual(ask(self.path).status, 200)
        server.stop()

    def test_the_file_of_a_killed_server_is_replaced(self):
        server = self.start(listen=self.listen)
        server.process.kill()
        server.wait()
        self.assertTrue(os.path.exists(self.path))
        # The kernel takes a killed process's ring apart after its end: until then the socket still answers.
        self.start(listen=self.listen).stop()

    def test_a_live_one_that_is_too_busy_to_answer_does_not_hold_the_start(self):
        with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
            busy.bind(self.path)
            busy.listen(0)
            waiting.connect(self.path)
            status, _, err = support.run(*self.listen)
        self.assertEqual(status, 1)
        self.assertIn("address already in use", err)

    def test_a_live_one_is_not_replaced(self):
        server = self.start("--body", "first", listen=self.listen)
        status, out, err = run(*self.listen, "--body", "second")
        self.assertEqual((status, out), (1, ""))
        self.assertIn(f"cannot listen on unix:{self.path}: address already in use", err)
        self.assertEqual(ask(self.path).body, b"first")
        server.stop()

    def test_of_servers_started_at_once_on_a_stale_file_one_stays(self):
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(self.path)
        servers = [self.start(listen=self.listen, lines=0) for _ in range(4)]
        support.eventually(lambda: sum(server.process.poll() is None for server in servers) == 1, "three that have lost")
        winner = next(server for server in servers if server.process.poll() is None)
        for server in servers:
            if server is not winner:
                self.assertEqual(server.wait(), 1)
                self.assertIn(f"cannot listen on unix:{self.path}: address already in use", server.stderr())
        winner.read_ready_lines(1)
        self.assertEqual(ask(self.path).status, 200)
        winner.stop()
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_file_of_another_kind_is_never_replaced(self):
        with open(self.path, "w") as file:
            file.write("precious")
        status, _, err = run(*self.listen)
        self.assertEqual(status, 1, err)
        with open(self.path) as file:
            self.assertEqual(file.read(), "precious")

    def test_a_link_is_never_followed(self):
        target = os.path.join(self.folder, "target")
        os.symlink(target, self.path)
        self.assertEqual(run(*self.listen)[0], 1)
        self.assertEqual(os.listdir(self.folder), ["socket"])

    def test_at_exit_only_its_own_file_goes(self):
        server = self.start(listen=self.listen)
        os.unlink(self.path)
        other = self.start("--body", "other", listen=self.listen)
        server.stop()
        self.assertEqual(ask(self.path).body, b"other")
        other.stop()

    def test_the_log_names_the_peer(self):
        server = self.start("--access-log", "-", "--once", listen=self.listen)
        ask(self.path)
        self.assertEqual(server.wait(), 0)
        self.assertTrue(server.rest_of_stdout().startswith(b"unix: - "))


if __name__ == "__main__":
    support.main()
