# SPDX-License-Identifier: MIT
"""The recipes of docs/RECIPES.md, taken from that page and run as they stand by the client that each is for. One that is printed and not
run fails. Each is also run with the failure that it is about: a recipe that notices nothing is none.
"""
import collections
import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import support
from examples_test import ADDRESS, read

RETRY, GATE, BATS, ACTIONS = "Does the client retry?", "Go on when it serves", "In bats", "In GitHub Actions"
HOOK = "Receive a webhook"
RUN_HERE = {(GATE, "sh"): 3, (RETRY, "sh"): 1, (RETRY, "python"): 1, (BATS, "bats"): 1, (ACTIONS, "yaml"): 1, (HOOK, "sh"): 1}


def printed():
    """By heading and language: the fenced blocks, with an address that this test has for itself."""
    found = collections.defaultdict(list)
    for section in read("docs", "RECIPES.md").split("\n## ")[1:]:
        for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", section, re.M | re.S):
            found[section.split("\n", 1)[0], language].append(text.replace("127.0.0.1", ADDRESS))
    return found


def needs(program, package=None):
    return unittest.skipUnless(shutil.which(program), f"needs {program}: apt-get install {package or program}")


class Recipe(support.TestCase):
    def setUp(self):
        self.folder = self.directory()
        os.mkdir(self.at("bin"))
        os.symlink(support.BINARY, self.at("bin/tinyhttpd"))

    def at(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.at(name), "w") as file:
            file.write(text)
        return name

    def run_here(self, *command, status=0, **variables):
        """What it prints, once nobody holds its output any more."""
        environment = support.environment({"PATH": f"{self.at('bin')}:{os.environ['PATH']}", **variables})
        done = subprocess.run(command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=support.DEADLINE, preexec_fn=support.in_child())
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def shell(self, script, status=0):
        """By sh, after which the server is gone that it started."""
        out = self.run_here("sh", "-c", script, status=status)
        support.eventually(lambda: support.refuses((ADDRESS, 8000)) and not os.path.exists(self.at("port")), "the server ends")
        for left in ("ready", "stub.log"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.at(left))
        return out

    def altered(self, text, what, into):
        self.assertIn(what, text)
        return text.replace(what, into)


class Page(Recipe):
    def test_every_recipe_is_run_here(self):
        self.assertEqual({key: len(texts) for key, texts in printed().items()}, RUN_HERE)


@needs("curl")
class Gate(Recipe):
    def test_the_port_file_and_the_descriptor_say_when_it_serves(self):
        for script in printed()[GATE, "sh"][:2]:
            with self.subTest(script):
                self.assertEqual(self.shell(script), '{"status":"up"}')

    def test_they_do_not_wait_for_a_server_that_does_not_start(self):
        for script in printed()[GATE, "sh"][:2]:
            with self.subTest(script):
                self.assertNotIn("up", self.shell(self.altered(script, "tinyhttpd --listen", "tinyhttpd --lisen"), status=1))

    def test_the_probe_waits_until_it_is_ready(self):
        script = printed()[GATE, "sh"][2]
        begin = time.monotonic()
        self.shell(script)
        self.assertGreater(time.monotonic() - begin, 2)
        self.shell(self.altered(script, "--wait 10s", "--wait 500ms"), status=1)


class Retries(Recipe):
    @needs("curl")
    def test_curl(self):
        script, = printed()[RETRY, "sh"]
        self.assertRegex(self.shell(script), r"^(.* error: 503\n){2}done$")
        self.assertRegex(self.shell(self.altered(script, "--retry 2", "--retry 1"), status=22), r"^(.* error: 503\n){2}$")

    @needs("curl")
    def test_curl_takes_a_reset_for_no_transient_error(self):
        script, = printed()[RETRY, "sh"]
        script = self.altered(script, "503x2,ok", "reset,ok")
        self.assertRegex(self.shell(script, status=56), r"^curl: .*\n$")
        self.assertRegex(self.shell(self.altered(script, "--retry 2", "--retry 2 --retry-all-errors")), r"^curl: .*\ndone$")

    @unittest.skipUnless(importlib.util.find_spec("urllib3"), f"needs urllib3 for {sys.executable}: apt-get install python3-urllib3")
    def test_urllib3(self):
        script, = printed()[RETRY, "python"]
        self.run_here(sys.executable, "-c", script)
        self.assertIn("MaxRetryError", self.run_here(sys.executable, "-c", self.altered(script, "total=2", "total=1"), status=1))


@needs("bats")
@needs("curl")
class Bats(Recipe):
    def test_its_tests_pass_and_its_servers_end(self):
        text, = printed()[BATS, "bats"]
        self.assertRegex(self.run_here("bats", "--tap", self.write("stub.bats", text)), r"^1\.\.2\nok 1 .*\nok 2 .*\n$")

    def test_a_wrong_answer_fails_one(self):
        text, = printed()[BATS, "bats"]
        text = self.altered(text, "200 1.2.3", "200 1.2.4")
        self.assertRegex(self.run_here("bats", "--tap", self.write("stub.bats", text), status=1), r"(?s)^1\.\.2\nnot ok 1 .*\nok 2 .*$")


@needs("bash")
@needs("curl")
class Actions(Recipe):
    """Its steps as a runner runs them: each by bash -e, one after the other, with the variables that those before it have set."""

    def setUp(self):
        super().setUp()
        try:
            import yaml
        except ImportError:
            self.skipTest("needs PyYAML: apt-get install python3-yaml")
        text, = printed()[ACTIONS, "yaml"]
        steps = yaml.safe_load(text)["jobs"]["test"]["steps"]
        # The first one downloads.
        _, self.stub, self.test, self.stop = (step["run"] for step in steps if "run" in step)
        self.variables = {"RUNNER_TEMP": self.folder, "GITHUB_ENV": self.at(self.write("variables", ""))}

    def step(self, script, status=0):
        out = self.run_here("bash", "-e", "-c", script, status=status, **self.variables)
        with open(self.at("variables")) as file:
            self.variables.update(line.rstrip("\n").split("=", 1) for line in file)
        return out

    def start_it(self, script):
        self.step(script)
        pid = int(self.variables["STUB_PID"])

        def end():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.addCleanup(end)

    def test_the_stub_outlives_its_step_and_ends_with_the_job(self):
        self.start_it(self.stub)
        self.step(self.test)
        self.assertIn("listening on", self.step(self.stop))
        support.eventually(lambda: not os.path.exists(self.at("port")), "the server ends")

    def test_a_wrong_answer_fails_the_job(self):
        self.start_it(self.altered(self.stub, "200 1.2.3", "200 1.2.4"))
        self.step(self.test, status=1)

    def test_a_stub_that_does_not_start_fails_it_at_once(self):
        self.step(self.altered(self.stub, "--status 404", "--status none"), status=1)


@needs("curl")
@needs("jq")
class Webhook(Recipe):
    CALL = """curl -fsS -H 'X-Event: paid' -d '{"order":7}' "http://127.0.0.1:$(cat port)/hook"\n""".replace("127.0.0.1", ADDRESS)

    def recipe(self, call=CALL):
        script, = printed()[HOOK, "sh"]
        return self.altered(script, self.CALL, call)

    def test_what_came_is_judged_and_shown(self):
        for _ in range(2):  # a file that is left over does not matter
            self.assertEqual(self.shell(self.recipe()), "true\npaid\n")

    def test_one_call_too_many_too_few_or_to_elsewhere_fails_and_is_named(self):
        elsewhere = self.CALL.replace('/hook"', '/admin/x" || true')
        for calls, said in (("", "expected 1 POST /hook, came 0"), (self.CALL * 2, "expected 1 POST /hook, came 2"),
                            (self.CALL + elsewhere, "expected 0 * /admin*, came 1")):
            self.assertIn(f"tinyhttpd: error: {said}\n", self.shell(self.recipe(calls), status=5))

    def test_other_content_fails(self):
        self.assertEqual(self.shell(self.recipe(self.CALL.replace('"order":7', '"order":8')), status=1), "false\n")

    def test_it_may_be_left_to_the_server_when_it_ends(self):
        script = self.altered(self.recipe(), 'kill "$stub"\nwait', "wait")
        script = self.altered(script, "--capture hooks.jsonl", "--exit-idle 2s --capture hooks.jsonl")
        self.assertEqual(self.shell(script), "true\npaid\n")
        self.assertIn("came 2", self.shell(self.altered(script, self.CALL, self.CALL * 2), status=5))


if __name__ == "__main__":
    if not support.LINUX:
        print("skipped: only Linux answers on all of 127.0.0.0/8")
        sys.exit(77)
    support.main()
