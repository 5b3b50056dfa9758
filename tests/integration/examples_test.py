# SPDX-License-Identifier: MIT
"""The examples of the man pages and of the README, run as they are printed, each in a folder of its own, by sh.

Only 127.0.0.1 (and "all addresses") becomes an address that this test has for itself, and /tmp and /run its folder. EXAMPLES
says what each does; one that is not in it fails, and so does one that is no longer printed.
"""
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import support

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
# All of 127/8 is loopback on Linux, so that any port is free there.
ADDRESS = f"127.{1 + os.getpid() // 250 % 250}.{1 + os.getpid() % 250}.9"


def read(*path):
    with open(os.path.join(SOURCE, *path)) as file:
        return file.read()


def man_examples(page):
    """Each run of .Dl lines, and each literal block, of the section EXAMPLES."""
    section = read("man", page).split(".Sh EXAMPLES\n")[1].split("\n.Sh ")[0]
    section = section.replace("\\(dq", '"').replace("\\(aq", "'").replace("\\&", "").replace("\\e", "\\")
    for found in re.finditer(r"(?:^\.Dl .*\n?)+|^\.Bd -literal.*\n(?P<block>(?:.*\n)*?)\.Ed", section, re.M):
        yield (found["block"] or re.sub(r"^\.Dl ", "", found[0], flags=re.M)).strip()


def readme_examples():
    """Each indented block that runs the program as it is installed."""
    for found in re.finditer(r"(?:^    .*\n|^\n(?=    ))+", read("README.md"), re.M):
        block = "\n".join(line.removeprefix("    ") for line in found[0].strip("\n").splitlines())
        if re.match(r"(rm .*\n)?(sudo )?tinyhttpd ", block):
            yield block


def table_examples():
    """The second cell of each row of the README's table of lines to type."""
    return re.findall(r"^\| [^|]* \| `(tinyhttpd [^|]*)` \|$", read("README.md"), re.M)


class Example:
    """One example under way: a shell that runs it, in a folder with the files that examples name."""

    def __init__(self, test, script):
        self.test = test
        self.folder = test.directory()
        self.out = os.path.join(self.folder, "standard-output")
        self.err = os.path.join(self.folder, "standard-error")
        for name in ("page.html", "maintenance.html"):
            self.write(name, f"<p>{name}</p>\n")
        os.mkdir(os.path.join(self.folder, "bin"))
        os.symlink(support.BINARY, os.path.join(self.folder, "bin/tinyhttpd"))
        self.script = self.place(script)
        # What it listens on by default.
        self.environment = {"TINYHTTPD_LISTEN": f"{ADDRESS}:8000"}

    def place(self, text):
        """Here instead of where the text says."""
        text = text.replace("127.0.0.1", ADDRESS).replace("/tmp/", self.folder + "/").replace("/run/", self.folder + "/")
        return re.sub(r"(?<=[\s=])(:[0-9]+)\b", rf"{ADDRESS}\1", text)

    def write(self, name, content):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(content)

    def start(self, more=""):
        environment = support.environment(self.environment)
        environment["PATH"] = f"{self.folder}/bin:{os.environ['PATH']}"
        # The last command in the foreground takes the shell's place, so that a signal reaches it.
        script = self.script if more or "&" in self.script else re.sub(r"^(?=tinyhttpd .*\Z)", "exec ", self.script, flags=re.M)
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(["sh", "-euc", f"{script}\n{more}"], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=err, env=environment, preexec_fn=support.in_child())
        self.test.addCleanup(self.end)

    def end(self):
        self.process.kill()
        self.process.wait()

    def said(self, path):
        with open(path) as file:
            return file.read()

    def ready(self):
        """The address of the first listener, when it is up."""
        def found():
            line = re.search(r"^tinyhttpd: listening on (\S+)$", self.said(self.out), re.M)
            return line or self.process.poll() is not None

        line = support.eventually(found, f"a server: {self.script}")
        self.test.assertIsInstance(line, re.Match, self.said(self.err))
        return support.address_of(line[1])

    def ask(self, address, status=200, body=None, request=None, **fields):
        answer = support.ask(address, *([request] if request else []))
        self.test.assertEqual(answer.status, status)
        if body is not None:
            self.test.assertEqual(answer.body.decode(), body)
        for name, value in fields.items():
            self.test.assertEqual(answer.field(name.replace("_", "-")), value)

    def finish(self, status=0):
        """Waits for the end, by itself."""
        self.test.assertEqual(self.process.wait(support.DEADLINE), status, self.said(self.err))

    def stop(self, status=0):
        self.process.send_signal(signal.SIGTERM)
        self.finish(status)


def answers(status=200, body=None, **fields):
    def check(example):
        example.start()
        example.ask(example.ready(), status, body, **fields)
        example.stop()
    return check


def answers_once(status, body, **fields):
    def check(example):
        example.start()
        example.ask(example.ready(), status, body, **fields)
        example.finish()
    return check


def logs_to_standard_error(status, body, log, **fields):
    def check(example):
        answers(status, body, **fields)(example)
        example.test.assertRegex(example.said(example.err), log)
    return check


def writes_the_port(example):
    example.start("wait")
    port = os.path.join(example.folder, "port")
    address = support.eventually(lambda: os.path.exists(port) and (ADDRESS, int(example.said(port))), "a port file")
    example.ask(address, body="OK")
    # The example leaves the server in the background; its process is the shell's only child.
    with open(f"/proc/{example.process.pid}/task/{example.process.pid}/children") as file:
        os.kill(int(file.read()), signal.SIGTERM)
    example.finish()
    example.test.assertFalse(os.path.exists(port), "the port file is removed")


def prints(text, stale):
    """The shell script ends with status 0, the server that it started too, and this is printed after the ready line, although a server
    that was killed has left its file `stale`."""
    def check(example):
        with open(os.path.join(example.folder, stale), "w") as file:
            file.write("1\n")
        example.start("wait $!")
        example.finish()
        example.test.assertEqual(example.said(example.out).split("\n", 1)[1], text)
    return check


def request(line):
    return f"{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()


def answers_each(*expected):
    """(request line, status, body), one after the other."""
    def check(example):
        example.start()
        address = example.ready()
        for line, status, body in expected:
            example.ask(address, status, body, request(line))
        example.stop()
    return check


def becomes_ready(example):
    example.start()
    address = example.ready()
    example.ask(address, 200, "ok", request("GET /healthz"))
    support.eventually(lambda: support.ask(address, request("GET /readyz")).status == 200, "readiness")
    example.stop()


def fails_the_same_each_time(example):
    runs = []
    for _ in range(2):
        run = Example(example.test, "exec " + example.script)
        run.start()
        address = run.ready()
        # A share of 0.5 % is not met in so few: what the first ones are is the seed's.
        runs.append([support.ask(address).status for _ in range(20)])
        run.stop()
    example.test.assertEqual(*runs)


def answers_paths(example):
    """It is a configuration file with routes."""
    example.write("stub.toml", example.script)
    example.script = "tinyhttpd --config stub.toml"
    answers_each(("POST /orders/1", 201, "Created"), ("GET /orders/1", 405, None), ("GET /flaky", 503, "Service Unavailable"),
                 ("GET /flaky", 503, "Service Unavailable"), ("GET /flaky", 200, "OK"), ("GET /flaky", 200, "OK"),
                 ("GET /", 404, "Not Found"))(example)


def logs_json_alone(example):
    example.start()
    support.eventually(lambda: not support.refuses((ADDRESS, 8000)), "a server")
    example.ask((ADDRESS, 8000))
    example.stop()
    example.test.assertRegex(example.said(example.out), r'^\{.*"status":200.*\}\n$')


def closes_each_connection(example):
    example.start()
    address = example.ready()
    answer = support.ask(address, support.GET)
    example.test.assertTrue(answer.closes)
    example.stop()
    example.test.assertIn('"GET / HTTP/1.1" 200', example.said(example.err))


def announces_the_close(example):
    example.start()
    address = example.ready()
    example.process.send_signal(signal.SIGTERM)
    support.eventually(lambda: support.ask(address, support.GET).closes, "the close is announced")
    # The second signal does not wait for the five seconds.
    example.stop(status=3)


def configures(status, body, **fields):
    """It is a configuration file."""
    def check(example):
        example.write("stub.toml", example.script)
        example.script = "tinyhttpd --config stub.toml"
        example.environment = {}
        answers(status, body, **fields)(example)
        example.test.assertIn("listening on unix:", example.said(example.out))
        example.test.assertIn(f'"GET / HTTP/1.1" {status}', example.said(example.err))
    return check


def finds_it_healthy(example):
    """`tinyhttpd probe …`: with a server of default settings where it asks, the probe succeeds."""
    server = Example(example.test, "tinyhttpd OK")
    places = re.findall(r"[0-9.]+:[0-9]+|unix:[^\s'\"]+", example.script)
    server.environment = {"TINYHTTPD_LISTEN": "\n".join(places) or f"{ADDRESS}:8000"}
    server.start()
    server.ready()
    example.start()
    example.finish()
    server.stop()


def starts_it_and_waits(example):
    """The last command returns when the server, left in the background, is up."""
    example.start("kill $!\nwait $!")
    example.finish()


def starts_at_the_first_client(example):
    if not shutil.which("systemd-socket-activate"):
        return
    example.script = "exec " + example.script
    example.start()
    support.eventually(lambda: not support.refuses((ADDRESS, 8000)), "a socket")
    example.ask(example.ready(), body="OK")
    example.stop()


def converses(*exchanges):
    """Requests in order, as "METHOD PATH", and the status and content of their answers; None: there is none."""
    def check(example):
        example.start()
        address = example.ready()
        for request, expected in exchanges:
            try:
                answer = support.ask(address, f"{request} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())
                got = (answer.status, answer.body.decode())
            except support.Ended:
                got = None
            example.test.assertEqual(got, expected, request)
        example.stop()
    return check


def hangs(example):
    example.start()
    with support.Client(example.ready()) as client:
        client.send(support.GET)
        example.process.send_signal(signal.SIGTERM)
        example.test.assertEqual(client.socket.recv(1), b"")
    example.finish()


def captures(example):
    example.start()
    example.ask(example.ready(), body="OK", request=support.GET_CLOSE)
    line = json.loads(example.said(os.path.join(example.folder, "requests.jsonl")))
    example.test.assertEqual((line["method"], line["headers"]), ("GET", [["Host", "test"], ["Connection", "close"]]))
    example.stop()


def expects(*requests, then):
    """Ends with status 0 when it is asked so, and `then` in the end, and with 5 otherwise."""
    def check(example):
        for more, status in (([], 5), (requests, 0)):
            run = Example(example.test, "exec " + example.script)
            run.start()
            address = run.ready()
            for line in more:
                support.ask(address, request(line))
            then(run, status)
    return check


def ends_when_idle(example):
    example.start()
    address = example.ready()
    begin = time.monotonic()
    example.ask(address, body="OK")
    example.finish()
    example.test.assertGreater(time.monotonic() - begin, 10)


def logs_who_the_proxy_names(example):
    example.start()
    support.ask(example.ready(), b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n" + support.GET_CLOSE)
    example.stop()
    example.test.assertRegex(example.said(example.err), r'^192\.0\.2\.7 - - .*"GET / HTTP/1.1" 200')


def is_compressed_for_whom_accepts_it(example):
    page = b"<p>page.html</p>\n"
    with open(os.path.join(example.folder, "page.html.gz"), "wb") as file:
        file.write(gzip.compress(page))
    example.start()
    address = example.ready()
    example.ask(address, body=page.decode())
    answer = support.ask(address, support.GET_CLOSE.replace(b"Host", b"Accept-Encoding: gzip\r\nHost"))
    example.test.assertEqual(gzip.decompress(answer.body), page)
    example.stop()


def is_ready_until_told(example):
    example.start()
    address = example.ready()
    ready = b"GET /readyz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    example.test.assertEqual(support.ask(address, ready).status, 200)
    example.write("maintenance", "")
    support.eventually(lambda: support.ask(address, ready).body == b"down-file", "the file is seen")
    example.test.assertEqual(support.ask(address, ready.replace(b"readyz", b"healthz")).status, 200)
    example.stop()


EXAMPLES = {
    """tinyhttpd --status 404 --route '/version 200 1.2.3' --route 'POST /orders/* 201 {"id":7}'""":
        converses(("GET /version", (200, "1.2.3")), ("POST /orders/1", (201, '{"id":7}')), ("GET /", (404, "Not Found"))),
    "tinyhttpd --capture requests.jsonl": captures,
    "tinyhttpd --expect '2 POST /orders' --expect '0 DELETE *'": expects("POST /orders", "POST /orders", then=Example.stop),
    "tinyhttpd --exit-idle 10s": ends_when_idle,
    "tinyhttpd --route 'POST /hook 204' --status 404 --capture requests.jsonl --expect '1 POST /hook' --exit-idle 10s":
        expects("POST /hook", "GET /", then=Example.stop),
    "tinyhttpd --proxy-protocol --access-log stderr": logs_who_the_proxy_names,
    "tinyhttpd --sequence 503x2,ok": converses(*[("GET /", (503, "Service Unavailable"))] * 2, ("GET /", (200, "OK"))),
    "tinyhttpd --fault 503:5%,reset:0.5% --seed 42": converses(("GET /", (200, "OK"))),
    "tinyhttpd --delay 80ms~400ms": answers(body="OK"),
    "tinyhttpd --sequence hang": hangs,
    "tinyhttpd --sequence truncate": converses(("GET /", None)),
    "tinyhttpd --limit-rate 10k --body-file page.html": answers(body="<p>page.html</p>\n"),
    "tinyhttpd --health /healthz --ready /readyz --down-file /tmp/maintenance": is_ready_until_told,
    "tinyhttpd --body-file page.html --variant 'gzip: page.html.gz'": is_compressed_for_whom_accepts_it,
    """tinyhttpd --cors '*' '{"up":true}'""": answers(body='{"up":true}', Access_Control_Allow_Origin="*"),
    'tinyhttpd --listen 127.0.0.1:8000 --body "Hello World!"': answers(body="Hello World!"),
    """tinyhttpd --listen 127.0.0.1:0 --once --status 503 '{"error":"down"}'""":
        answers_once(503, '{"error":"down"}', Content_Type="application/json"),
    "tinyhttpd --status 301 --header 'Location: https://example.org/'": answers(301, Location="https://example.org/"),
    "tinyhttpd -l :8080 -s 503 -H 'Retry-After: 60' --content-type text/html --body-file page.html --access-log stderr":
        logs_to_standard_error(503, "<p>page.html</p>\n", '"GET / HTTP/1.1" 503 17', Retry_After="60", Content_Type="text/html"),
    "tinyhttpd --listen 127.0.0.1:0 --port-file port --max-time 1m OK &": writes_the_port,
    "tinyhttpd --listen 127.0.0.1:8000 &\ntinyhttpd probe --wait 10s": starts_it_and_waits,
    "systemd-socket-activate -l 127.0.0.1:8000 tinyhttpd --listen systemd": starts_at_the_first_client,
    "tinyhttpd --status 404 --print-config > stub.toml\ntinyhttpd --config stub.toml": answers(404, "Not Found"),
    """listen = ["127.0.0.1:8000", "unix:/run/stub.sock"]

[response]
status = 503
headers = ["Retry-After: 60"]
body = '{"error":"down"}'

[log]
access = "stderr\"""": configures(503, '{"error":"down"}', Retry_After="60"),
    """response.status = 404

[[route]]
path = "/orders/*"
methods = ["POST"]
status = 201
headers = ["Location: /orders/7"]
delay = "20ms-200ms"

[[route]]
path = "/flaky"
sequence = "503x2,ok\"""": answers_paths,
    """tinyhttpd --route '/version 200 1.2' --route 'POST /orders/* 201 {"id":7}' --status 404""":
        answers_each(("GET /version?x", 200, "1.2"), ("POST /orders/1", 201, '{"id":7}'), ("GET /orders/1", 405, None),
                     ("GET /", 404, "Not Found")),
    "tinyhttpd --sequence 503x2,ok --body done":
        answers_each(("GET /", 503, "Service Unavailable"), ("GET /", 503, "Service Unavailable"), ("GET /", 200, "done"),
                     ("GET /", 200, "done")),
    "tinyhttpd --fault 503:5%,reset:0.5% --delay 10ms-50ms,2s:1% --seed 7": fails_the_same_each_time,
    "tinyhttpd --health /healthz --ready /readyz --ready-after 2s": becomes_ready,
    """rm -f port                                           # one that a killed server has left
tinyhttpd --listen 127.0.0.1:0 --port-file port --body '{"status":"up"}' &
until [ -s port ]; do sleep 0.05; done
curl -s "http://127.0.0.1:$(cat port)/health"        # {"status":"up"}, as application/json
kill $!                                              # drains, removes the port file, exits 0""": prints('{"status":"up"}', stale="port"),
    "tinyhttpd --listen 127.0.0.1:8000 &\n"
    "tinyhttpd probe --wait 10s                           # or: probe http://127.0.0.1:9000/health --expect-body up":
        starts_it_and_waits,
    "tinyhttpd --once --max-time 10s --status 204": answers_once(204, ""),
    "tinyhttpd --status 503 -H 'Retry-After: 120' --body-file maintenance.html --content-type text/html":
        answers(503, "<p>maintenance.html</p>\n", Retry_After="120", Content_Type="text/html"),
    "tinyhttpd --listen unix:/tmp/stub.sock --unix-mode 0666": answers(body="OK"),
    "tinyhttpd --access-log - --log-format json --quiet": logs_json_alone,
    "tinyhttpd --listen :8000 --shutdown-delay 5s": announces_the_close,
    "tinyhttpd --workers 1 --max-connections 1 --no-keepalive --access-log stderr --log-flush 1ms": closes_each_connection,
}


class Printed(support.TestCase):
    def test_every_example_does_what_it_says(self):
        printed = {*man_examples("tinyhttpd.1"), *man_examples("tinyhttpd.toml.5"), *readme_examples(), *table_examples()}
        known = {**{script: finds_it_healthy for script in printed if re.fullmatch(r"tinyhttpd probe .*", script)}, **EXAMPLES}
        for script in sorted(printed & known.keys()):
            with self.subTest(script):
                known[script](Example(self, script))
        self.assertEqual(printed - known.keys(), set(), "new: say in EXAMPLES what they do")
        self.assertEqual(known.keys() - printed, set(), "no longer printed")


if __name__ == "__main__":
    if not support.LINUX:
        print("skipped: only Linux answers on all of 127.0.0.0/8")
        sys.exit(77)
    support.main()
