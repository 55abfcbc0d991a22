"""Every rendered object against the Kubernetes schemas of several versions; custom resources against a small table."""

import json
from pathlib import Path

import jsonschema
import kubernetes_validate
from referencing import Registry, Resource

from .render import at, rendered

# the oldest the chart supports, up to the newest there are schemas for
VERSIONS = ["1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37"]

# kind: apiVersion, fields that must be there, all fields the spec may have
CUSTOM = {
    "ServiceMonitor": ("monitoring.coreos.com/v1", ["selector.matchLabels", "endpoints.0.port"],
                       {"jobLabel", "namespaceSelector", "selector", "endpoints", "targetLabels"}),
    "PrometheusRule": ("monitoring.coreos.com/v1", ["groups.0.name", "groups.0.rules"], {"groups"}),
    "Certificate": ("cert-manager.io/v1", ["secretName", "issuerRef.name", "issuerRef.kind"],
                    {"secretName", "duration", "renewBefore", "privateKey", "usages", "dnsNames", "issuerRef", "isCA",
                     "commonName"}),
    "Issuer": ("cert-manager.io/v1", [], {"selfSigned", "ca"}),
    "ExternalSecret": ("external-secrets.io/v1", ["secretStoreRef.name", "secretStoreRef.kind", "target.name",
                                                  "data.0.secretKey", "data.0.remoteRef.key"],
                       {"refreshInterval", "secretStoreRef", "target", "data"}),
    "HTTPRoute": ("gateway.networking.k8s.io/v1", ["parentRefs.0.name", "rules.0.backendRefs.0.name", "hostnames.0"],
                  {"parentRefs", "hostnames", "rules"}),
}
NEEDS_ONE = {"Certificate": ("dnsNames", "commonName")}


class Version:
    """The strict schemas of one version; unknown fields are mistakes."""

    def __init__(self, version):
        self.folder = (Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / f"v{version}.0-local-strict")
        definitions = Resource.from_contents(json.loads((self.folder / "_definitions.json").read_text()))
        self.registry = definitions @ Registry()
        self.validators = {}

    def mistakes(self, thing):
        group, _, version = thing["apiVersion"].rpartition("/")
        name = "-".join(part for part in (thing["kind"].lower(), group.split(".")[0], version) if part)
        if name not in self.validators:
            schema = json.loads((self.folder / f"{name}.json").read_text())
            registry = Resource.from_contents(schema) @ self.registry
            self.validators[name] = jsonschema.Draft202012Validator(schema, registry=registry)
        found = self.validators[name].iter_errors(thing)
        return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in found]


def custom(thing):
    version, needed, allowed = CUSTOM[thing["kind"]]
    spec = thing.get("spec") or {}
    found = [f"apiVersion {thing['apiVersion']}"] if thing["apiVersion"] != version else []
    found += [f"spec.{path} is missing" for path in needed if at(spec, path) in (None, "", [])]
    found += [f"spec.{key}: unknown" for key in set(spec) - allowed]
    one = NEEDS_ONE.get(thing["kind"])
    return found + ([f"spec needs one of {one}"] if one and not any(spec.get(key) for key in one) else [])


def check(report):
    """Answers how many objects and how many comparisons there were."""
    objects = rendered()
    versions = {version: Version(version) for version in VERSIONS}
    compared = 0
    for version, schemas in versions.items():
        found = []
        for thing in objects:
            if thing["kind"] not in CUSTOM:
                compared += 1
                found += [f"{thing['kind']}/{thing['metadata']['name']}: {m}" for m in schemas.mistakes(thing)]
        report(f"every object fits Kubernetes {version}", not found, "\n".join(found[:20]))
    found = [f"{thing['kind']}/{thing['metadata']['name']}: {m}" for thing in objects if thing["kind"] in CUSTOM
             for m in custom(thing)]
    report("every custom resource has its shape", not found, "\n".join(found[:20]))
    # the check itself must see a mistake
    bent = json.loads(json.dumps(next(thing for thing in objects if thing["kind"] == "Deployment")))
    bent["spec"]["template"]["spec"]["containers"][0]["livenessProb"] = {}
    report("a misspelt field would be seen", bool(versions[VERSIONS[0]].mistakes(bent)), "it was not")
    return len(objects), compared
