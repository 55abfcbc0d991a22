"""Renders the chart and finds things in what comes out."""

import hashlib
import json
import os
import subprocess
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/liufang"
INSTALLATION = CHART / "examples/installation.yaml"
SERVICES = ["identity", "prescription", "inventory", "settlement", "order", "dispatch", "supervision"]
ROLES = ["gateway", *SERVICES]
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_done = {}


def helm(*arguments):
    # short runs: collecting garbage is a third of the time
    environment = {**os.environ, "GOGC": "off"}
    return subprocess.run([os.environ["HELM"], *map(str, arguments)], capture_output=True, text=True, env=environment)


def template(preset=None, values=None, installation=True, upgrade=False):
    """(objects, ""), or (None, the message)."""
    key = json.dumps([preset, values, installation, upgrade], sort_keys=True)
    if key not in _done:
        _done[key] = _template(preset, values or {}, installation, upgrade)
    return _done[key]


def rendered():
    """Everything that was rendered so far, without doubles."""
    objects = {}
    for result, _ in _done.values():
        for thing in result or []:
            text = json.dumps(thing, sort_keys=True)
            objects[hashlib.sha256(text.encode()).hexdigest()] = thing
    return list(objects.values())


def renders():
    return len(_done)


def _template(preset, values, installation, upgrade):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as own:
        json.dump(values, own)
        own.flush()
        arguments = ["template", "liufang", CHART, "--namespace", "care"]
        if upgrade:
            arguments.append("--is-upgrade")
        if preset:
            arguments += ["-f", CHART / f"values-{preset}.yaml"]
        if installation:
            arguments += ["-f", INSTALLATION]
        ran = helm(*arguments, "-f", own.name)
    if ran.returncode:
        return None, ran.stderr
    return [thing for thing in yaml.load_all(ran.stdout, Loader) if thing], ""


class Objects:
    """What one set of values gives, with short ways into it."""

    def __init__(self, objects):
        self.all = objects

    def kind(self, kind):
        return [thing for thing in self.all if thing["kind"] == kind]

    def names(self, kind):
        return sorted(thing["metadata"]["name"] for thing in self.kind(kind))

    def get(self, kind, name):
        found = [thing for thing in self.kind(kind) if thing["metadata"]["name"] == f"liufang{name}"]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} objects {kind}/liufang{name}")
        return found[0]

    def has(self, kind, name=None):
        return any(name is None or thing["metadata"]["name"] == f"liufang{name}" for thing in self.kind(kind))

    def at(self, kind, name, path):
        """The value under a dotted path; None when there is none."""
        return at(self.get(kind, name), path)

    def pod(self, role):
        return at(self.get("Deployment", f"-{role}"), "spec.template.spec")

    def container(self, role):
        return self.pod(role)["containers"][0]

    def env(self, role):
        return {row["name"]: row for row in self.container(role).get("env", [])}

    def config(self, role):
        import tomllib

        return tomllib.loads(self.at("ConfigMap", f"-{role}", "data")["config.toml"])

    def pods(self):
        """Every pod spec: (name, spec)."""
        for thing in self.all:
            if thing["kind"] in ("Deployment", "Job"):
                yield thing["metadata"]["name"], thing["spec"]["template"]["spec"]
            elif thing["kind"] == "CronJob":
                yield thing["metadata"]["name"], at(thing, "spec.jobTemplate.spec.template.spec")
            elif thing["kind"] == "Pod":
                yield thing["metadata"]["name"], thing["spec"]

    def flows(self, role, direction):
        """Rules of a role's policy as (peer component or None, peer, port)."""
        side = "from" if direction == "ingress" else "to"
        for rule in self.at("NetworkPolicy", f"-{role}", f"spec.{direction}") or []:
            for peer in rule.get(side, [{}]):
                labels = at(peer, "podSelector.matchLabels") or {}
                for port in rule.get("ports", [{}]):
                    yield labels.get("app.kubernetes.io/component"), peer, port.get("port")

    def mesh(self, role, direction):
        return sorted(peer for peer, _, port in self.flows(role, direction) if peer and port == 7000)


def at(thing, path):
    for key in path.split("."):
        if isinstance(thing, list):
            thing = thing[int(key)] if int(key) < len(thing) else None
        elif isinstance(thing, dict):
            thing = thing.get(key)
        else:
            return None
    return thing
