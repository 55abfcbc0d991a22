"""Every value is documented once, in values.yaml; README.md's table is made from there and must be up to date."""

import json
import re

import yaml

from .render import CHART

BEGIN, END = "<!-- values: made by scripts/check-chart.sh --write -->", "<!-- end of values -->"


def documented():
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    comments = dict(comments_by_path())
    return [(path, default, comments.get(path, "")) for path, default in leaves(values, schema, schema)]


def leaves(tree, schema, root, prefix=""):
    """Values down to where the schema stops naming keys; an empty table of known keys is one value."""
    known = resolve(schema, root).get("properties", {})
    for key, value in tree.items():
        inner = resolve(known.get(key, {}), root)
        whole = not inner.get("properties") or not value or inner is root["$defs"]["resources"] or prefix == "roles."
        if isinstance(value, dict) and not whole:
            yield from leaves(value, inner, root, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def resolve(schema, root):
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def comments_by_path():
    stack, comment = [], []
    for line in (CHART / "values.yaml").read_text().splitlines():
        key = re.match(r"^( *)([A-Za-z][A-Za-z0-9]*):(.*)$", line)
        if re.match(r"^ *#", line):
            comment.append(re.sub(r"^ *# ?", "", line))
        elif not line.strip():
            comment = []
        elif key:
            stack = [part for part in stack if part[0] < len(key[1])] + [(len(key[1]), key[2])]
            yield ".".join(name for _, name in stack), " ".join(comment)
            comment = []


def table():
    lines = [BEGIN, "", "| value | default | meaning |", "|---|---|---|"]
    for path, default, comment in documented():
        text = json.dumps(default, ensure_ascii=False).replace("|", "\\|")
        lines.append(f"| `{path}` | `{text}` | {comment.replace('|', chr(92) + '|')} |")
    return "\n".join([*lines, "", END])


def write():
    path = CHART / "README.md"
    text = path.read_text()
    path.write_text(text[:text.index(BEGIN)] + table() + text[text.index(END) + len(END):])


def schema_paths(schema, root, prefix=""):
    for key, inner in resolve(schema, root).get("properties", {}).items():
        inner = resolve(inner, root)
        if inner.get("properties") and inner is not root["$defs"]["resources"] and prefix != "roles.":
            yield from schema_paths(inner, root, f"{prefix}{key}.")
        elif f"{prefix}{key}" != "global":
            yield f"{prefix}{key}"


def closed(schema, where="values"):
    """Tables with named keys that would take others too."""
    if isinstance(schema, dict):
        if schema.get("properties") and schema.get("additionalProperties") is not False:
            yield where
        for key, inner in schema.items():
            yield from closed(inner, f"{where}/{key}")


def check(report):
    all_values = documented()
    without = [path for path, _, comment in all_values if not comment]
    report(f"each of {len(all_values)} values is documented", not without, "\n".join(without))
    root = json.loads((CHART / "values.schema.json").read_text())
    paths, named = {path for path, _, _ in all_values}, set(schema_paths(root, root))
    report("schema and values.yaml name the same values", paths == named,
           f"only in values.yaml: {sorted(paths - named)}\nonly in the schema: {sorted(named - paths)}")
    report("the schema is strict everywhere", not list(closed(root)), "\n".join(closed(root)))
    readme = (CHART / "README.md").read_text()
    report("README's table is up to date", table() in readme, "run scripts/check-chart.sh --write")
    report("README names every preset", all(path.name in readme for path in CHART.glob("values-*.yaml")), "")
