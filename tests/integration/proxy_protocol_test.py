# SPDX-License-Identifier: MIT
"""The real proxies' PROXY headers, by which the access log names the client: haproxy's of both versions, its checks, and curl's.

The clients of haproxy come from addresses of 127/8 that nobody else has; haproxy itself connects from 127.0.0.1.
"""
import array
import csv
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import termios

import support

V1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\r\n"
CLIENT = "127.7.7.7"
CONFIGURATION = """
global
    stats socket {admin} mode 600 level operator
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen stub
    bind fd@{listener}
    {checks}
    server one {address} {options}
"""
HTTP_CHECKS = """option httpchk
    http-check send meth GET uri /ready ver HTTP/1.1 hdr Host health.check"""


def tool(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def with_tool(name):
    return support.unittest.skipUnless(tool(name), f"{name} is not installed")


def is_read(sender):
    """unix(7), SIOCOUTQ: whether the other end of a unix socket has read all that was sent (Linux)."""
    count = array.array("i", [0])
    fcntl.ioctl(sender.fileno(), termios.TIOCOUTQ, count)
    return count[0] == 0


class ProxyProtocol(support.TestCase):
    def setUp(self):
        self.folder = self.directory()
        self.log = os.path.join(self.folder, "log")

    def serve(self, *args, **how):
        return self.start("--proxy-protocol", "--ready", "/ready", "--access-log", self.log, *args, **how)

    def peers(self, server):
        """Of all requests that were logged, when the server has ended."""
        server.stop()
        with open(self.log) as file:
            return [line.split(" ", 1)[0] for line in file]

    def start_haproxy(self, address, options, checks=""):
        """The port on which haproxy takes clients."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        self.admin = os.path.join(self.folder, "admin.sock")
        path = os.path.join(self.folder, "haproxy.cfg")
        with open(path, "w") as file:
            file.write(CONFIGURATION.format(admin=self.admin, listener=listener.fileno(), checks=checks, options=options,
                                            address=address if isinstance(address, str) else "%s:%d" % address))
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

    def check_status(self):
        """What haproxy's health check said last, and whether the server is up to it: ("L7OK", "UP")."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(self.admin)
            admin.sendall(b"show stat\n")
            with admin.makefile() as file:
                rows = csv.DictReader(line.removeprefix("# ") for line in file if line.strip())
                row = next(row for row in rows if row["svname"] == "one")
        return row["check_status"].lstrip("* "), row["status"]

    def ask_from(self, host, port, count=3):
        """Answers to `count` requests on one connection from `host`."""
        with socket.socket() as client:
            client.settimeout(support.DEADLINE)
            client.bind((host, 0))
            client.connect(("127.0.0.1", port))
            data = b""
            for number in range(1, count + 1):
                client.sendall(support.GET)
                while data.count(b"OK") < 2 * number:  # in the status line, and as the body
                    piece = client.recv(65536)
                    self.assertTrue(piece, data)
                    data += piece
        return data.count(b"HTTP/1.1 200 ")

    def check_haproxy(self, address, server, options):
        port = self.start_haproxy(address, options)
        self.assertEqual(self.ask_from(CLIENT, port), 3)
        self.assertEqual(self.peers(server), [CLIENT] * 3)

    @with_tool("haproxy")
    @support.linux_only  # only Linux answers on all of 127/8
    def test_the_log_shows_the_client_of_haproxy(self):
        for options in ("send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options unique-id,crc32c"):
            with self.subTest(options):
                server = self.serve()
                self.check_haproxy(server.address(), server, options)
                os.remove(self.log)

    @with_tool("haproxy")
    @support.linux_only
    def test_the_log_shows_the_client_of_haproxy_over_a_unix_socket(self):
        path = os.path.join(self.folder, "stub.sock")
        server = self.serve(listen=("--listen", f"unix:{path}"))
        self.check_haproxy(path, server, "send-proxy-v2")

    @with_tool("haproxy")
    def test_the_checks_of_haproxy_succeed(self):
        # A check by TCP alone sends the header and nothing more.
        for options in ("send-proxy", "send-proxy-v2"):
            for checks, verdict in ((HTTP_CHECKS, "L7OK"), ("", "L4OK")):
                with self.subTest(options=options, verdict=verdict):
                    server = self.serve()
                    self.start_haproxy(server.address(), f"{options} check check-send-proxy inter 50ms", checks)
                    support.eventually(lambda verdict=verdict: self.check_status() == (verdict, "UP"), "the check succeeds")
                    server.stop()

    @with_tool("haproxy")
    def test_a_check_without_a_header_fails(self):
        # With a port of its own a check sends none unless it is told to.
        server = self.serve()
        address = server.address()
        self.start_haproxy(address, f"send-proxy check port {address[1]} inter 50ms fall 1", HTTP_CHECKS)
        support.eventually(lambda: self.check_status()[1] == "DOWN", "the check fails")
        server.stop()

    @with_tool("curl")
    def test_curl_says_where_it_comes_from(self):
        server = self.serve("--body", "seen")
        url = server.url()
        said = subprocess.run([tool("curl"), "-sS", "--haproxy-protocol", url], stdout=subprocess.PIPE, check=True, timeout=support.DEADLINE)
        self.assertEqual(said.stdout, b"seen")
        without = subprocess.run([tool("curl"), "-sS", url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=support.DEADLINE)
        self.assertIn(without.returncode, (52, 56))  # "empty reply from server", or the reset that its unread request causes
        self.assertEqual(without.stdout, b"")
        self.assertEqual(self.peers(server), ["127.0.0.1"])

    def test_who_asks_why_is_told(self):
        server = self.serve("--log-level", "debug", "--head-timeout", "200ms")
        for sent in (support.GET, b"PROXY TCP4 "):
            with self.connect(server) as client:
                client.send(sent)
                self.assertEqual(client.read_to_end(), b"")
        with self.connect(server) as silent:
            self.assertEqual(silent.read_to_end(), b"")
        self.assertEqual(self.peers(server), [])
        ended = [line for line in server.stderr().splitlines() if "ended a connection" in line]
        self.assertEqual(ended, ["tinyhttpd: debug: ended a connection from 127.0.0.1: the connection does not begin with a PROXY header",
                                 "tinyhttpd: debug: ended a connection from 127.0.0.1: the PROXY header was not complete in time"])

    @support.linux_only
    def test_the_longest_header_fits_the_smallest_limits(self):
        server = self.serve("--max-head", "256", "--read-buffer", "256", listen=("--listen", f"unix:{self.folder}/stub.sock"))
        header = b"\r\n\r\n\0\r\nQUIT\n\x20\x11" + (520).to_bytes(2, "big") + bytes(520)
        with self.connect(server) as client:
            client.send(header[:-1])
            support.eventually(lambda: is_read(client.socket), "all but the last byte is read")
            client.send(header[-1:] + support.GET * 20)  # which fills a receive
            for _ in range(20):
                self.assertEqual(client.answer().status, 200)
        self.assertEqual(self.peers(server), ["unix:"] * 20)

    def test_a_reload_says_that_it_needs_a_restart(self):
        path = os.path.join(self.folder, "stub.toml")
        with open(path, "w") as file:
            file.write("socket.proxy_protocol = true\n")
        server = self.start("--config", path)
        with open(path, "w") as file:
            file.write("socket.proxy_protocol = false\n")
        server.send_signal(support.signal.SIGHUP)
        support.eventually(lambda: "'socket.proxy_protocol' needs a restart" in server.stderr(), "the warning")
        with self.connect(server) as client:
            self.assertEqual(client.ask(V1 + support.GET).status, 200)
        server.stop()


if __name__ == "__main__":
    support.main()
