# SPDX-License-Identifier: MIT
"""What --port-file is given that is no file of ours: pipes, streams, devices and links are written into and stay what they are."""
import os
import pathlib
import socket
import subprocess
import threading

import support
from support import ask, run


class PortFile(support.TestCase):
    def setUp(self):
        self.folder = self.directory()
        self.path = os.path.join(self.folder, "port")

    def expected(self, server):
        return f"{server.address()[1]}\n".encode()

    def test_a_pipe_has_its_port_whoever_comes_first(self):
        os.mkfifo(self.path)
        for reader_first in (False, True):
            read = []
            reader = threading.Thread(target=lambda: read.append(pathlib.Path(self.path).read_bytes()), daemon=True)
            if reader_first:
                reader.start()
            server = self.start("--port-file", self.path)
            self.assertEqual(ask(server.address()).status, 200)
            if not reader_first:
                reader.start()
            reader.join(support.DEADLINE)
            self.assertEqual(read, [self.expected(server)], "to its end: cat would wait for it")
            server.stop()
            self.assertEqual(os.listdir(self.folder), ["port"])

    def test_a_shell_reads_it_from_a_pipe(self):
        script = 'mkfifo port; "$0" -q --listen 127.0.0.1:0 --port-file port & read -r port <port; echo "$port"; kill $!; wait $!'
        done = subprocess.run(["sh", "-c", script, support.BINARY], cwd=self.folder, capture_output=True, timeout=support.DEADLINE,
                              env=support.environment())
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertRegex(done.stdout, rb"^[1-9]\d*\n$")

    def test_a_pipe_that_nobody_ever_reads_keeps_neither_the_start_nor_the_end(self):
        os.mkfifo(self.path)
        server = self.start("--port-file", self.path)
        self.assertEqual(ask(server.address()).status, 200)
        server.stop()
        self.assertEqual(os.listdir(self.folder), ["port"])

    def test_standard_output_is_the_stream_itself(self):
        out = os.path.join(self.folder, "out")
        for name in ("/dev/stdout", "/dev/fd/1"):
            with open(out, "wb") as file:
                process = subprocess.Popen([support.BINARY, *support.ANY_PORT, "--port-file", name, "--max-time", "1ms"], stdout=file,
                                           stderr=subprocess.PIPE, env=support.environment())
                self.assertEqual((process.communicate(timeout=support.DEADLINE)[1], process.returncode), (b"", 0))
            with open(out) as file:
                self.assertRegex(file.read(), r"^(\d+)\ntinyhttpd: listening on http://127\.0\.0\.1:\1\n$", name)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = subprocess.Popen([support.BINARY, "-q", *support.ANY_PORT, "--port-file", "/dev/stdout", "--max-time", "1ms"],
                                       stdout=theirs, env=support.environment())
            self.assertEqual(process.wait(support.DEADLINE), 0)
            self.assertRegex(ours.recv(100), rb"^\d+\n$")

    def test_a_descriptor_that_was_passed_in(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        server = self.start("--port-file", f"/dev/fd/{writer}", pass_fds=(writer,))
        os.close(writer)
        self.assertEqual(support.read_pipe(reader, lambda data: data.endswith(b"\n")), self.expected(server))

    def test_a_link_to_a_device_is_written_through_and_stays(self):
        os.symlink("/dev/null", self.path)
        self.start("--port-file", self.path).stop()
        self.assertEqual(os.readlink(self.path), "/dev/null")

    def test_a_link_to_a_file_is_refused_and_both_stay(self):
        target = os.path.join(self.folder, "target")
        with open(target, "w") as file:
            file.write("precious")
        os.symlink("target", self.path)
        status, out, err = run(*support.ANY_PORT, "--port-file", self.path)
        self.assertEqual((status, out), (1, ""))
        self.assertIn(f"cannot write the port file {self.path}: it is a link to a file; name the file itself", err)
        with open(target) as file:
            self.assertEqual(file.read(), "precious")
        self.assertEqual(run("--check", "--port-file", self.path)[0], 2)

    def test_a_link_planted_at_the_temporary_name_is_not_followed(self):
        victim = os.path.join(self.folder, "victim")
        with open(victim, "w") as file:
            file.write("precious")
        plant = ["sh", "-c", f'ln -s victim "{self.path}.tmp$$" && exec "$@"', "sh"]
        server = self.start("--port-file", self.path, wrapper=plant)
        with open(self.path, "rb") as file:
            self.assertEqual(file.read(), self.expected(server))
        with open(victim) as file:
            self.assertEqual(file.read(), "precious")
        server.stop()

    def test_a_socket_is_no_file(self):
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(self.path)
            status, _, err = run(*support.ANY_PORT, "--port-file", self.path)
        self.assertEqual(status, 1)
        self.assertIn("it is a socket", err)
        self.assertEqual(os.listdir(self.folder), ["port"])


if __name__ == "__main__":
    support.main()
