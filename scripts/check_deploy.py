#!/usr/bin/env python3
"""Checks deploy/ without running it: Dockerfile, compose, dashboards, rules, runbooks. Lists every mistake, then fails.

Needs PyYAML. --queries FILE writes every dashboard query as a rule file, for promtool to parse; --defaults FILE checks settings
against another version's.
"""

import argparse
import fnmatch
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
ROLES = "gateway identity prescription inventory settlement order dispatch supervision sandbox channels".split()



def catalog() -> dict[str, tuple[str, str]]:
    """The metrics there are, as their source has them: name: (kind, labels)."""
    source = (ROOT / "services/platform/src/metrics/catalog.rs").read_text()
    names = dict(re.findall(r'const (\w+): &str = "(liufang_\w+)"', source))
    rows = re.findall(r'(?:metric\(|name:)\s*(?:"(\w+)"|([A-Z_]+)),\s*(?:kind:\s*)?Kind::(\w+),\s*(?:labels:\s*)?&\[([^\]]*)\]', source)
    return {text or names[constant]: (kind.lower(), " ".join(re.findall(r"\w+", labels))) for text, constant, kind, labels in rows}


CATALOG = catalog()
# sections whose keys are names, checked here by role, or by their owner at start
BY_ROLE = ("mesh.listen", "mesh.peers", "database.urls", "role")
SECTIONS = ("Meaning", "Impact", "How to look", "How to mend", "Escalate")
HOSTS = re.compile(r"\b(docker\.io|ghcr\.io|quay\.io|gcr\.io|mcr\.microsoft\.com|registry[\w-]*\.[a-z]+)\b")

mistakes: list[str] = []


def need(ok, text: str) -> None:
    if not ok:
        mistakes.append(text)


def load(path: pathlib.Path):
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        mistakes.append(f"{path.relative_to(ROOT)}: {error}")
        return {}


# -- metrics -----------------------------------------------------------------------------------------------------------


def metric_of(name: str):
    """The catalogue's entry of a series name, with what its kind may carry."""
    for suffix in ("_bucket", "_sum", "_count"):
        base = name.removesuffix(suffix)
        if base != name and CATALOG.get(base, ("",))[0] == "histogram":
            labels = CATALOG[base][1].split() + (["le"] if suffix == "_bucket" else [])
            return labels
    kind, labels = CATALOG.get(name, (None, ""))
    return labels.split() if kind in ("gauge", "counter") else None


def check_query(where: str, query: str, records: set[str]) -> None:
    for name, selector in re.findall(r"\b(liufang[_:][\w:]*)(\{[^}]*\})?", query):
        if ":" in name:
            need(name in records, f"{where}: {name} is not recorded by rules.yaml")
            continue
        labels = metric_of(name)
        if labels is None:
            mistakes.append(f"{where}: there is no metric {name}")
            continue
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', selector or "")):
            need(label in [*labels, "instance", "job", "namespace"], f"{where}: {name} has no label {label}")


def alerts_and_records(rules) -> tuple[dict, set]:
    every = [rule for group in rules.get("groups", []) for rule in group.get("rules", [])]
    return ({rule["alert"]: rule for rule in every if "alert" in rule}, {rule["record"] for rule in every if "record" in rule})


def check_rules() -> set[str]:
    rules = load(DEPLOY / "prometheus/rules.yaml")
    alerts, records = alerts_and_records(rules)
    for group in rules.get("groups", []):
        for rule in group["rules"]:
            check_query(f"rules.yaml {rule.get('alert') or rule.get('record')}", rule["expr"], records)
    for name, rule in alerts.items():
        need(rule.get("labels", {}).get("severity") in ("page", "ticket"), f"rules.yaml {name}: severity must be page or ticket")
        notes = rule.get("annotations", {})
        need(notes.get("summary") and notes.get("description"), f"rules.yaml {name}: needs a summary and a description")
        url = notes.get("runbook_url", "")
        need(url == f"deploy/runbooks/{name}.md", f"rules.yaml {name}: runbook_url must be deploy/runbooks/{name}.md")
        check_runbook(name, rule)
    pages = {path.stem for path in (DEPLOY / "runbooks").glob("*.md")} - {"README"}
    need(pages <= set(alerts), f"runbooks without an alert: {sorted(pages - set(alerts))}")
    check_rule_tests(set(alerts))
    return records


def check_runbook(name: str, rule) -> None:
    path = DEPLOY / f"runbooks/{name}.md"
    if not path.is_file():
        mistakes.append(f"{name}: has no page deploy/runbooks/{name}.md")
        return
    text = path.read_text(encoding="utf-8")
    severity = rule.get("labels", {}).get("severity")
    need(text.startswith(f"# {name} ({severity})\n"), f"{path.name}: must begin with its name and severity")
    for section in SECTIONS:
        need(f"**{section}" in text, f"{path.name}: has no part `{section}`")
    index = (DEPLOY / "runbooks/README.md").read_text(encoding="utf-8")
    need(f"| [{name}]({name}.md) | {severity} |" in index, f"runbooks/README.md: has no row for {name} ({severity})")


def check_rule_tests(alerts: set[str]) -> None:
    fires, quiet = set(), set()
    for test in load(DEPLOY / "prometheus/rules.test.yaml").get("tests", []):
        for case in test.get("alert_rule_test", []):
            (fires if case["exp_alerts"] else quiet).add(case["alertname"])
    need(alerts <= fires, f"rules.test.yaml: never fires: {sorted(alerts - fires)}")
    need(alerts <= quiet, f"rules.test.yaml: is never quiet: {sorted(alerts - quiet)}")
    need(fires | quiet <= alerts, f"rules.test.yaml: no such alert: {sorted((fires | quiet) - alerts)}")


def check_dashboards(records: set[str]) -> list[str]:
    queries, uids = [], set()
    paths = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
    need(len(paths) >= 3, "grafana/dashboards: overview, money and platform are needed")
    for path in paths:
        try:
            board = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            mistakes.append(f"{path.name}: {error}")
            continue
        need(board.get("uid") == path.stem and board["uid"] not in uids, f"{path.name}: uid must be the file's name")
        uids.add(board.get("uid"))
        need(isinstance(board.get("schemaVersion"), int) and board["schemaVersion"] >= 36, f"{path.name}: schemaVersion")
        need(board.get("title"), f"{path.name}: title")
        need("id" not in board, f"{path.name}: an id belongs to one Grafana")
        variables = {entry["name"]: entry for entry in board["templating"]["list"]}
        need(variables.get("datasource", {}).get("type") == "datasource", f"{path.name}: needs the variable datasource")
        for entry in variables.values():
            if entry["type"] == "query":
                need(entry["datasource"].get("uid") == "${datasource}", f"{path.name}: {entry['name']} must use the variable datasource")
                check_query(f"{path.name} variable {entry['name']}", entry["query"]["query"], records)
        check_panels(path.name, board["panels"], set(variables), records, queries)
    return queries


def check_panels(name: str, panels, variables: set[str], records: set[str], queries: list[str]) -> None:
    taken: dict[tuple[int, int], str] = {}
    ids = [panel["id"] for panel in panels]
    need(len(ids) == len(set(ids)), f"{name}: two panels have one id")
    for panel in panels:
        title, place = panel["title"], panel["gridPos"]
        need(0 <= place["x"] and place["x"] + place["w"] <= 24, f"{name} `{title}`: wider than the page")
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
            if cell in taken:
                mistakes.append(f"{name} `{title}`: lies on `{taken[cell]}`")
                break
            taken[cell] = title
        if panel["type"] == "row":
            continue
        need(panel["datasource"].get("uid") == "${datasource}", f"{name} `{title}`: must use the variable datasource")
        need(panel.get("targets"), f"{name} `{title}`: asks nothing")
        for target in panel.get("targets", []):
            need(target["datasource"].get("uid") == "${datasource}", f"{name} `{title}`: a query must use the variable datasource")
            used = set(re.findall(r"\$\{?(\w+)", target["expr"]))
            need(used <= variables, f"{name} `{title}`: unknown variables {sorted(used - variables)}")
            check_query(f"{name} `{title}`", target["expr"], records)
            queries.append(re.sub(r"\$\{?\w+\}?", ".*", target["expr"]))


# -- Dockerfile --------------------------------------------------------------------------------------------------------


def instructions(text: str):
    lines, kept = [], ""
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        kept += line
        if kept.endswith("\\"):
            kept = kept[:-1] + " "
            continue
        if kept.strip():
            lines.append(kept.strip())
        kept = ""
    return [(word.upper(), rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path out of the build; the last matching line decides."""
    out = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        keep, pattern = line.startswith("!"), line.lstrip("!").strip("/")
        pattern = pattern.removeprefix("**/")
        parts = path.split("/")
        prefixes = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        if any(fnmatch.fnmatch(prefix, pattern) for prefix in prefixes):
            out = not keep
    return out


def image(where: str, name: str, official: bool) -> None:
    path, _, tag = name.partition("@")[0].partition(":")
    need(tag and tag != "latest", f"{where}: {name} needs a version, not latest")
    need("." not in path.split("/")[0], f"{where}: {name} names a registry")
    need(not official or "/" not in path, f"{where}: {name} is not an official image")


def check_dockerfile() -> None:
    steps = instructions((DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    stages: list[str] = []
    user = entry = None
    known = {"FROM", "ARG", "LABEL", "RUN", "COPY", "ENV", "WORKDIR", "VOLUME", "EXPOSE", "STOPSIGNAL", "USER", "ENTRYPOINT", "CMD"}
    for word, rest in steps:
        need(word in known, f"Dockerfile: {word} is not expected")
        if word == "FROM":
            match = re.fullmatch(r"(\S+) AS (\w+)", rest)
            if not match:
                mistakes.append(f"Dockerfile: FROM {rest} has no name")
                continue
            base, stage = match.groups()
            if base not in ("scratch", *stages):
                image("Dockerfile", base, official=True)
            stages.append(stage)
            user = entry = None
        if word == "COPY":
            flags = dict(flag[2:].split("=", 1) for flag in rest.split() if flag.startswith("--"))
            *sources, _ = [part for part in rest.split() if not part.startswith("--")]
            if "from" in flags:
                need(flags["from"] in stages, f"Dockerfile: COPY from {flags['from']}: no such stage")
                continue
            for source in sources:
                need((ROOT / source).exists(), f"Dockerfile: COPY {source}: does not exist")
                need(not ignored(source.rstrip("/")), f"Dockerfile: COPY {source}: .dockerignore keeps it out")
        if word == "USER":
            user = rest
        if word == "ENTRYPOINT":
            entry = rest
    need(len(stages) > 1, "Dockerfile: builds in the image it ships")
    need(re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", user or ""), "Dockerfile: the last USER must be a number, and not root")
    need((entry or "").startswith("["), "Dockerfile: ENTRYPOINT must be a list, or signals do not arrive")
    text = " ".join(rest for word, rest in steps if word == "RUN")
    need("cargo build --locked --profile dist" in text, "Dockerfile: must build --locked --profile dist")
    need("HEALTHCHECK" not in [word for word, _ in steps], "Dockerfile: probes are the cluster's")
    # every member of the workspace is needed even to build one of them, and so is what they include
    for path in ["Cargo.toml", "Cargo.lock", "proto/build.rs", "services/liufang/Cargo.toml", "tests/Cargo.toml"]:
        need((ROOT / path).is_file() and not ignored(path), f".dockerignore: {path} must get in")
    for path in ["target/debug/liufang", "data/compose/order/secrets.toml", ".git/config", "deploy/README.md"]:
        need(ignored(path), f".dockerignore: {path} must stay out")
    for source in [*ROOT.glob("services/*/src/**/*.rs"), *ROOT.glob("proto/src/**/*.rs")]:
        for included in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', source.read_text(encoding="utf-8")):
            target = (source.parent / included).resolve()
            if target.is_relative_to(ROOT):
                path = target.relative_to(ROOT).as_posix()
                need(not ignored(path), f".dockerignore: {path} is included by {source.relative_to(ROOT)}")


# -- compose -----------------------------------------------------------------------------------------------------------


def setting(path: str, defaults) -> bool:
    for section in BY_ROLE:
        if path.startswith(section + "."):
            return path.removeprefix(section + ".").split(".")[0] in ROLES and (
                section in ("role",) or reach(section, defaults) is not None
            )
    return not isinstance(reach(path, defaults), (dict, type(None)))


def reach(path: str, defaults):
    for key in path.split("."):
        defaults = defaults.get(key) if isinstance(defaults, dict) else None
    return defaults


def flatten(prefix: str, tree):
    for key, value in tree.items():
        path = f"{prefix}.{key}" if prefix else key
        yield from flatten(path, value) if isinstance(value, dict) else [path]


def check_compose(defaults, made: pathlib.Path) -> None:
    compose = load(DEPLOY / "compose.yaml")
    services, volumes = compose.get("services", {}), set(compose.get("volumes", {}))
    need(set(ROLES) <= set(services), f"compose.yaml: missing roles {sorted(set(ROLES) - set(services))}")
    check_secrets(defaults, made)
    ports = []
    for name, service in services.items():
        where = f"compose.yaml {name}"
        if not service.get("image", "").startswith("liufang"):
            image(where, service["image"], official=False)
        for needed in service.get("depends_on", {}):
            need(needed in services, f"{where}: depends on {needed}, which is not there")
        conditions = service["depends_on"].items() if isinstance(service.get("depends_on"), dict) else []
        for needed, how in conditions:
            if how["condition"] == "service_healthy":
                need("healthcheck" in services.get(needed, {}), f"{where}: {needed} has no healthcheck")
        for mount in service.get("volumes", []):
            source, target, *mode = mount.split(":")
            if source.startswith("../data/compose"):
                need(name == "init" or mode == ["ro"], f"{where}: {source} must be read-only")
                folder = source.removeprefix("../data/compose").strip("/")
                need(folder == "" or (made / folder).is_dir(), f"{where}: make-secrets.sh makes no {folder}")
            elif source.startswith("."):
                need((DEPLOY / source).exists(), f"{where}: {source} does not exist")
            else:
                need(source in volumes, f"{where}: volume {source} is not declared")
        for port in service.get("ports", []):
            host, outside, _ = port.split(":")
            need(host == "127.0.0.1", f"{where}: port {outside} is open to the network")
            ports.append(outside)
        for key, value in (service.get("environment") or {}).items():
            need(isinstance(value, str), f"{where}: {key} must be text")
            if key.startswith("LIUFANG__"):
                path = key.removeprefix("LIUFANG__").lower().replace("__", ".")
                need(setting(path, defaults), f"{where}: there is no setting {path}")
            need(not re.search(r"password(?!_file)|secret|token", key, re.I), f"{where}: {key} holds a secret")
        if name in ROLES:
            check_role(where, name, service, services)
    need(len(ports) == len(set(ports)), f"compose.yaml: ports clash: {ports}")
    targets = load(DEPLOY / "prometheus/prometheus.yaml")["scrape_configs"][0]["dns_sd_configs"][0]
    need(sorted(targets["names"]) == sorted(ROLES) and targets["port"] == 9090, "prometheus.yaml: must scrape every role's 9090")


def check_role(where: str, name: str, service, services) -> None:
    environment = service["environment"]
    need(service.get("read_only") and service.get("cap_drop") == ["ALL"], f"{where}: must be confined")
    need("user" not in service, f"{where}: the image's user is right")
    need(service["command"][:3] == ["serve", "--role", name], f"{where}: serves another role")
    need(any(mount.startswith(f"../data/compose/{name}:") for mount in service["volumes"]), f"{where}: mounts no secrets of its own")
    need(len(service["volumes"]) == 1, f"{where}: mounts more than its own secrets")
    need(environment.get("LIUFANG__ADMIN__LISTEN", "").endswith(":9090"), f"{where}: admin port must be 9090")
    if name != "gateway":
        listen = environment.get(f"LIUFANG__MESH__LISTEN__{name.upper()}")
        need(listen == "0.0.0.0:7000", f"{where}: mesh port must be 7000")
    for peer in ROLES[1:]:
        need(environment.get(f"LIUFANG__MESH__PEERS__{peer.upper()}") == f"https://{peer}:7000", f"{where}: does not know {peer}")
    seconds = int(service["stop_grace_period"].rstrip("s"))
    need(seconds * 1000 > int(environment["LIUFANG__SHUTDOWN_MS"]) + 3000, f"{where}: is killed before its shutdown_ms and three seconds")


def check_secrets(defaults, folder: pathlib.Path) -> None:
    """Makes the secrets of compose twice in a folder and looks at them."""
    for _ in range(2):
        done = subprocess.run(
            ["sh", DEPLOY / "compose/make-secrets.sh"], env={"SECRETS": str(folder), "PATH": "/usr/sbin:/usr/bin:/bin"},
            capture_output=True, text=True,
        )
        need(done.returncode == 0, f"make-secrets.sh: {done.stderr}")
    for role in [*ROLES, "operator"]:
        text = (folder / role / "secrets.toml").read_text(encoding="utf-8")
        for path in flatten("", tomllib.loads(text)):
            need(setting(path, defaults), f"make-secrets.sh {role}: there is no setting {path}")
        need(role in ("identity", "operator") or "signing_key_file" not in text, f"make-secrets.sh: {role} knows the signing key")
        others = [other for other in ROLES if other != role and f"liufang_{other}:" in text]
        need(role == "operator" or not others, f"make-secrets.sh: {role} knows the passwords of {others}")
    for role in ROLES:
        tls = folder / role / "tls"
        check = subprocess.run(
            ["openssl", "verify", "-CAfile", tls / "ca.pem", "-verify_hostname", f"{role}.liufang.mesh", tls / "cert.pem"],
            capture_output=True, text=True,
        )
        need(check.returncode == 0, f"make-certs.sh {role}: {check.stdout}{check.stderr}")
        need((tls / "key.pem").stat().st_mode & 0o077 == 0, f"make-certs.sh {role}: the key can be read by others")
    check_servers(folder)


def check_servers(folder: pathlib.Path) -> None:
    """PostgreSQL and Redis speak TLS alone, and everybody verifies them."""
    for server in ("postgres", "redis"):
        tls = folder / server / "tls"
        for purpose, right in (("sslserver", True), ("sslclient", False)):
            check = subprocess.run(
                ["openssl", "verify", "-CAfile", tls / "ca.pem", "-verify_hostname", server, "-purpose", purpose, tls / "cert.pem"],
                capture_output=True, text=True,
            )
            need((check.returncode == 0) == right, f"make-certs.sh {server}: {purpose} {check.stdout}{check.stderr}")
        need((tls / "key.pem").stat().st_mode & 0o077 == 0, f"make-certs.sh {server}: the key can be read by others")
    conf = (folder / "redis/redis.conf").read_text(encoding="utf-8").splitlines()
    need("port 0" in conf and "tls-port 6379" in conf, "make-secrets.sh: Redis must speak TLS alone")
    for role in [*ROLES, "operator"]:
        tree = tomllib.loads((folder / role / "secrets.toml").read_text(encoding="utf-8"))
        need(tree["bus"]["url"].startswith("rediss://"), f"make-secrets.sh {role}: plain text to Redis")
        named = [tree["bus"]["ca_file"]]
        for database, url in tree.get("database", {}).get("urls", {}).items():
            query = dict(pair.split("=") for pair in url.partition("?")[2].split("&"))
            need(query.get("sslmode") == "verify-full", f"make-secrets.sh {role}: PostgreSQL of {database} is not verified")
            named.append(query.get("sslrootcert", ""))
        for name in named:
            need((folder / role / name.removeprefix("/etc/liufang/")).is_file(), f"make-secrets.sh {role}: no {name}")
    postgres = load(DEPLOY / "compose.yaml")["services"]["postgres"]
    need("-cssl=on" in postgres["command"], "compose.yaml postgres: must have TLS on")
    rules = (DEPLOY / "compose/pg_hba.conf").read_text(encoding="utf-8").splitlines()
    kinds = {line.split()[0] for line in rules if line.strip() and not line.startswith("#")}
    need(kinds == {"local", "hostssl"}, f"pg_hba.conf: lets {kinds} in")


def check_collector() -> None:
    config = load(DEPLOY / "otel/collector.yaml")
    for name, pipeline in config["service"]["pipelines"].items():
        for kind in ("receivers", "processors", "exporters"):
            for part in pipeline[kind]:
                need(part in config.get(kind, {}), f"collector.yaml {name}: {kind} has no {part}")
        need(pipeline["processors"][0] == "memory_limiter", f"collector.yaml {name}: memory_limiter comes first")
    grafana = load(DEPLOY / "grafana/provisioning/dashboards/liufang.yaml")["providers"][0]["options"]["path"]
    mounts = load(DEPLOY / "compose.yaml")["services"]["grafana"]["volumes"]
    need(f"./grafana/dashboards:{grafana}:ro" in mounts, "grafana: dashboards are mounted elsewhere than provisioned")


# -- documents ---------------------------------------------------------------------------------------------------------


def check_documents() -> None:
    for path in DEPLOY.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if "://" not in target:
                need((path.parent / target).exists(), f"{path.relative_to(ROOT)}: link to {target} leads nowhere")
        for target in re.findall(r"`((?:deploy|scripts|services|helm)/[\w./-]+)`", text):
            need((ROOT / target).exists(), f"{path.relative_to(ROOT)}: names {target}, which does not exist")
    for path in DEPLOY.rglob("*"):
        if path.is_file() and path.suffix not in (".tsv",):
            found = HOSTS.search(path.read_text(encoding="utf-8"))
            need(not found, f"{path.relative_to(ROOT)}: names a registry: {found and found.group()}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--queries", type=pathlib.Path)
    parser.add_argument("--defaults", type=pathlib.Path, default=DEPLOY / "config/default.toml")
    arguments = parser.parse_args()
    defaults = tomllib.loads(arguments.defaults.read_text(encoding="utf-8"))
    records = check_rules()
    queries = check_dashboards(records)
    check_dockerfile()
    with tempfile.TemporaryDirectory(prefix="liufang-secrets-") as folder:
        check_compose(defaults, pathlib.Path(folder))
    check_collector()
    check_documents()
    if arguments.queries:
        rules = [{"record": f"dashboard:query:{n}", "expr": query} for n, query in enumerate(queries)]
        arguments.queries.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}), encoding="utf-8")
    if mistakes:
        sys.exit("deploy/ has mistakes:\n  " + "\n  ".join(dict.fromkeys(mistakes)))
    print(f"deploy/: {len(queries)} dashboard queries, rules, runbooks, compose and Dockerfile agree")


if __name__ == "__main__":
    main()
