"""What the chart says twice must agree with where it is said first: sources, settings, rules, dashboards, image."""

import os
import re
import subprocess
import tempfile
import tomllib

import yaml

from .render import CHART, ROLES, ROOT, SERVICES, Objects, template
from .assertions import SANDBOX

COPIES = {
    "deploy/prometheus/rules.yaml": "files/prometheus-rules.yaml",
    **{f"deploy/grafana/dashboards/{path.name}": f"files/dashboards/{path.name}"
       for path in sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))},
}
# names chosen by the operator, or checked by their owner
OPEN = ("mesh.listen", "mesh.peers", "gateway")


def copy():
    for source, target in COPIES.items():
        (CHART / target).parent.mkdir(parents=True, exist_ok=True)
        (CHART / target).write_bytes((ROOT / source).read_bytes())
    for extra in surplus():
        extra.unlink()


def surplus():
    known = {CHART / target for target in COPIES.values()}
    return [path for path in (CHART / "files/dashboards").glob("*.json") if path not in known]


def check(report):
    for source, target in COPIES.items():
        first, second = ROOT / source, CHART / target
        same = first.exists() and second.exists() and first.read_bytes() == second.read_bytes()
        report(f"{target} is {source}", same, "run scripts/check-chart.sh --write")
    report("no dashboard without a source", not surplus(), str(surplus()))
    mesh = yaml.safe_load((CHART / "files/mesh.yaml").read_text())
    for role in [*SERVICES, "channels", "sandbox"]:
        calls, hooks = called(role)
        want = (sorted(mesh[role]["calls"]), sorted(mesh[role]["hooks"]))
        report(f"files/mesh.yaml has what {role} calls", (calls, hooks) == want,
               f"sources: {calls} {hooks}; files/mesh.yaml: {want[0]} {want[1]}")
    report("the gateway calls every service", sorted(mesh["gateway"]["calls"]) == sorted(SERVICES), mesh["gateway"])
    text = (ROOT / "services/platform/src/config/check.rs").read_text()
    roles = re.findall(r'"([a-z]+)"', re.search(r"pub const ROLES[^;]*;", text)[0])
    report("the roles are the product's", sorted(roles) == sorted([*ROLES, "channels", "sandbox"]), roles)
    settings(report)
    image(report)
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]
    cargo = workspace["package"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    report("appVersion is the workspace's", chart["appVersion"] == cargo, f"{chart['appVersion']} and {cargo}")
    built = any("tls" in feature for feature in workspace["dependencies"]["redis"]["features"])
    asked = [preset for preset in (None, "single", "ha")
             if Objects(template(preset)[0]).env("order")["LIUFANG__BUS__URL"]["value"].startswith("rediss:")]
    report("TLS to Redis is asked for only when it is built in", built or not asked, f"presets {asked}")
    hosts = [f"{path.relative_to(ROOT)}: {name}" for path in CHART.rglob("*") if path.is_file()
             for name in re.findall(r"\b(?:docker|ghcr|quay|gcr|registry|k8s\.gcr)\.(?:io|com|k8s\.io)\b", path.read_text())]
    report("no registry is named", not hosts, "\n".join(hosts))


def called(role):
    """Peers and hooks named in the sources of a service, its tests left out."""
    names = set()
    for path in (ROOT / f"services/{role}/src").rglob("*.rs"):
        inside = path.relative_to(ROOT / f"services/{role}/src").parts
        if "tests" in inside or inside[-1] == "tests.rs":
            continue
        code = path.read_text().split("#[cfg(test)]")[0]
        names |= set(re.findall(r'\bmesh\(\s*"([a-z.]+)"', code))
        # a channel by its word: at an address of its own, or at that of payments
        names |= {"hook.payment"} if "hook.{}" in code else set()
    hooks = {name.removeprefix("hook.") for name in names if name.startswith("hook.")}
    return sorted(n for n in names if not n.startswith("hook.")), sorted(hooks)


def settings(report):
    defaults = tomllib.loads((ROOT / "deploy/config/default.toml").read_text())
    unknown = set()
    for values in (None, SANDBOX, {"redis": {"cluster": True}}, {"regions": {"configMap": "packs"}},
                   {"outsideCa": {"secretName": "city"}}):
        objects = Objects(template("ha", values)[0])
        for role in ROLES:
            unknown |= missing(objects.config(role), defaults)
            for name in objects.env(role):
                path = name.removeprefix("LIUFANG__").lower().replace("__", ".")
                if name.startswith("LIUFANG__") and not path.startswith(OPEN) and not known(path, defaults):
                    unknown.add(f"{path} (variable)")
    report("every setting the chart writes is in deploy/config/default.toml", not unknown, "\n".join(sorted(unknown)))


def missing(tree, defaults, prefix=""):
    found = set()
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if path in OPEN:
            continue
        if key not in defaults or isinstance(defaults[key], dict) != isinstance(value, dict):
            found.add(path)
        elif isinstance(value, dict):
            found |= missing(value, defaults[key], f"{path}.")
    return found


def known(path, tree):
    for key in path.split("."):
        if not isinstance(tree, dict) or key not in tree:
            return False
        tree = tree[key]
    return True


def image(report):
    """User and entry point of the image are what the pods count on."""
    dockerfile = ROOT / "deploy/Dockerfile"
    text = dockerfile.read_text() if dockerfile.exists() else ""
    users = re.findall(r"^USER\s+(\d+):(\d+)", text, re.M)
    values = yaml.safe_load((CHART / "values.yaml").read_text())["podSecurity"]
    report("pods run as the image's user", users and users[-1] == (str(values["runAsUser"]), str(values["runAsGroup"])),
           f"deploy/Dockerfile: {users}; values.yaml: {values}")
    entry = re.findall(r'^ENTRYPOINT\s+\["([^"]+)"\]', text, re.M)
    report("the image starts the binary, so arguments are enough", entry and entry[-1].endswith("/liufang"), entry)


def check_binary(report, binary):
    """A built binary must accept every file the chart writes, and know every command it is given."""
    for preset, values in (("single", None), ("ha", None), ("single", SANDBOX)):
        objects = Objects(template(preset, values)[0])
        for role in ROLES if values is None else [*ROLES, "sandbox"]:
            with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
                file.write(objects.at("ConfigMap", f"-{role}", "data")["config.toml"])
                file.flush()
                arguments = [file.name if a == "/etc/liufang/config.toml" else a for a in objects.container(role)["args"]]
                ran = subprocess.run([binary, "config", *arguments[1:]], capture_output=True, text=True,
                                     env=variables(objects.env(role)))
            what = f"the binary accepts the file of {role} ({preset}{', sandbox' if values else ''})"
            report(what, ran.returncode == 0, ran.stderr)
    objects = Objects(template("ha", None)[0])
    rows = {row["name"]: row for name, pod in objects.pods() if name == "liufang-audit" for row in pod["containers"][0]["env"]}
    ran = subprocess.run([binary, "config"], capture_output=True, text=True, env=variables(rows))
    report("the binary accepts the variables of the audit", rows and ran.returncode == 0, ran.stderr)
    for words in {pod["containers"][0]["args"][0]: pod["containers"][0]["args"] for _, pod in objects.pods()}.values():
        ran = subprocess.run([binary, words[0], "--help"], capture_output=True, text=True)
        unknown = [w for w in words if w.startswith("--") and w not in ran.stdout]
        report(f"the binary knows `{words[0]}`", ran.returncode == 0 and not unknown, ran.stderr or unknown)


def variables(rows):
    """A container's variables with invented secrets, references put in as the kubelet would."""
    env = {"PATH": os.environ["PATH"]}
    for name, row in rows.items():
        value = row.get("value", "invented-for-the-check-0123456789-abcdef")
        env[name] = re.sub(r"\$\(([A-Z_]+)\)", lambda found: env[found[1]], value)
    return env
