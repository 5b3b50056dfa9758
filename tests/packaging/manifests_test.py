# SPDX-License-Identifier: MIT
"""Files that name numbers and paths of one another: the Kubernetes manifests, the Containerfile, the workflows.

Whether each is valid by itself is for ./dev lint (kubernetes-validate, actionlint, rubocop) and ./dev oci.
"""
import glob
import os
import re
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))

try:
    import yaml
except ImportError:
    print("skipped: PyYAML is not installed")
    sys.exit(77)


def text(*path):
    with open(os.path.join(SOURCE, *path)) as file:
        return file.read()


def manifest(name):
    return yaml.safe_load(text("packaging", "kubernetes", name + ".yaml"))


def instructions():
    """The Containerfile: {instruction: [its value, …]}."""
    found = {}
    for line in text("packaging", "oci", "Containerfile").splitlines():
        if line and not line.startswith("#"):
            name, value = line.split(" ", 1)
            found.setdefault(name, []).append(value)
    return found


def seconds(duration):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m)", duration).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60}[unit]


class Kubernetes(unittest.TestCase):
    def setUp(self):
        self.pod = manifest("deployment")["spec"]["template"]["spec"]
        self.container = self.pod["containers"][0]
        self.flags = dict(argument.removeprefix("--").split("=", 1) for argument in self.container["args"])
        self.port = self.container["ports"][0]

    def test_a_pod_is_not_killed_while_it_drains(self):
        drain = seconds(self.flags["shutdown-delay"]) + seconds(self.flags["shutdown-timeout"])
        self.assertGreater(self.pod["terminationGracePeriodSeconds"], drain)

    def test_the_load_balancer_notices_before_the_pod_stops_accepting(self):
        readiness = self.container["readinessProbe"]
        self.assertGreater(seconds(self.flags["shutdown-delay"]), readiness["periodSeconds"] * readiness["failureThreshold"])

    def test_service_probes_and_server_mean_the_same_port(self):
        self.assertEqual(self.flags["listen"], f"0.0.0.0:{self.port['containerPort']}")
        self.assertEqual(manifest("service")["spec"]["ports"][0]["targetPort"], self.port["name"])
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            self.assertEqual(self.container[probe]["httpGet"]["port"], self.port["name"])

    def test_every_selector_finds_the_pods(self):
        deployment = manifest("deployment")
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        for found in (deployment["spec"]["selector"]["matchLabels"], manifest("service")["spec"]["selector"],
                      manifest("pod-disruption-budget")["spec"]["selector"]["matchLabels"],
                      self.pod["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]):
            self.assertLessEqual(found.items(), labels.items())
        scaled = manifest("horizontal-pod-autoscaler")["spec"]["scaleTargetRef"]
        self.assertEqual((scaled["kind"], scaled["name"]), (deployment["kind"], deployment["metadata"]["name"]))

    def test_a_node_can_be_drained(self):
        self.assertGreater(manifest("horizontal-pod-autoscaler")["spec"]["minReplicas"],
                           manifest("pod-disruption-budget")["spec"]["maxUnavailable"])

    def test_kustomize_knows_every_manifest(self):
        files = {os.path.basename(path) for path in glob.glob(os.path.join(SOURCE, "packaging/kubernetes/*.yaml"))}
        self.assertEqual(set(manifest("kustomization")["resources"]), files - {"kustomization.yaml"})

    def test_a_break_in_finds_nothing_to_use(self):
        self.assertIs(self.pod["securityContext"]["runAsNonRoot"], True)
        self.assertEqual(self.pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault")
        own = self.container["securityContext"]
        self.assertEqual((own["readOnlyRootFilesystem"], own["allowPrivilegeEscalation"], own["capabilities"]),
                         (True, False, {"drop": ["ALL"]}))

    def test_it_runs_the_image_as_the_user_and_on_the_port_that_it_is_made_for(self):
        identity = self.pod["securityContext"]
        self.assertEqual([f"{identity['runAsUser']}:{identity['runAsGroup']}"], instructions()["USER"])
        self.assertEqual([str(self.port["containerPort"])], instructions()["EXPOSE"])


class Image(unittest.TestCase):
    def test_the_image_is_the_program_alone_as_nobody_and_ends_by_a_drain(self):
        found = instructions()
        self.assertEqual(found["FROM"], ["scratch"])
        self.assertEqual(found["COPY"], ["tinyhttpd /tinyhttpd"])
        self.assertEqual(found["ENTRYPOINT"], ['["/tinyhttpd"]'])
        self.assertEqual(found["STOPSIGNAL"], ["SIGTERM"])
        self.assertEqual(found["USER"], ["65534:65534"])
        self.assertEqual(found["ENV"], [f"TINYHTTPD_LISTEN=0.0.0.0:{found['EXPOSE'][0]}"])


class Workflows(unittest.TestCase):
    def test_workflows_call_commands_that_dev_has(self):
        known = set(re.findall(r"^    ([a-z-]+)\)", text("dev"), re.M))
        for name in ("ci", "release"):
            workflow = yaml.safe_load(text(".github", "workflows", name + ".yml"))
            used = set(re.findall(r"\./dev ([a-z-]+)", str(workflow)))
            self.assertTrue(used)
            self.assertLessEqual(used, known)

    def test_an_action_is_a_commit_and_says_which_version_it_is(self):
        for name in ("ci", "release"):
            used = re.findall(r"\buses: (.*)", text(".github", "workflows", name + ".yml"))
            self.assertTrue(used)
            for action in used:
                self.assertRegex(action, r"^(\./\S+|[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$")


if __name__ == "__main__":
    result = unittest.main(argv=sys.argv[:1], verbosity=2, exit=False).result
    sys.exit(not result.wasSuccessful())
