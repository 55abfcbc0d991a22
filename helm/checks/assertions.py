"""What the rendered objects must say: a plain table, each switch on and off.

A row is (what, preset, values on top, test of the objects).
"""

import json

from .audit import AUDIT
from .render import ROLES, SERVICES, at

SANDBOX = {"profile": "development", "sandbox": {"enabled": True}, "hooks": {
    hook: {"url": "", "cidrs": []} for hook in ("verification", "payment", "insurer", "courier")}}
CHANNELS = {"channels": {"enabled": True, "keysSecret": "merchant-keys", "cidrs": ["192.0.2.90/32"],
    "from": [{"ipBlock": {"cidr": "198.51.100.8/32"}}]}}
HIS = {"code": "H13030200001", "url": "https://his.example:9443", "cidrs": ["192.0.2.77/32"]}
ORIGINAL = {"issuerRef": {"name": "roots"}, "createCa": False}
PEER = [{"ipBlock": {"cidr": "198.51.100.0/24"}}]


def role(**own):
    return {"roles": {"order": own}}


def every(test, roles=ROLES):
    return all(test(name) for name in roles)


def names(suffixes):
    return sorted(f"liufang{suffix}" for suffix in suffixes)


def volume(pod, name):
    return next((volume for volume in pod["volumes"] if volume["name"] == name), None)


def probe(o, name, kind):
    return o.container(name)[kind]


SHAPE = [
    ("one Deployment a role", "single", {}, lambda o: o.names("Deployment") == names(f"-{r}" for r in ROLES)),
    ("no sandbox unless asked", "single", {}, lambda o: not o.has("Deployment", "-sandbox")),
    ("the sandbox when asked", "single", SANDBOX, lambda o: o.has("Deployment", "-sandbox")),
    ("no more sandbox objects without it", "ha", {}, lambda o: not [
        t for t in o.all if "sandbox" in t["metadata"]["name"]]),
    ("one role a process", "single", {}, lambda o: every(
        lambda r: o.container(r)["args"][-2:] == ["--role", r] and o.config(r)["roles"] == [r])),
    ("the profile reaches every process", "single", {}, lambda o: every(
        lambda r: o.config(r)["profile"] == "production" and "production" in o.container(r)["args"])),
    ("development reaches every process", "single", SANDBOX, lambda o: every(
        lambda r: o.config(r)["profile"] == "development")),
    ("names follow fullnameOverride", None, {"fullnameOverride": "city"}, lambda o: all(
        t["metadata"]["name"].startswith("city") for t in o.all)),
    ("names follow nameOverride", None, {"nameOverride": "drugs"}, lambda o: all(
        t["metadata"]["name"].startswith("liufang-drugs") for t in o.all)),
    ("common labels are on every object", "ha", {"commonLabels": {"team": "care"}}, lambda o: all(
        t["metadata"]["labels"]["team"] == "care" for t in o.all)),
    ("no object carries a namespace of its own", "ha", {}, lambda o: all(
        "namespace" not in t["metadata"] for t in o.all)),
    ("names and kinds are unique", "ha", {}, lambda o: len(
        {(t["kind"], t["metadata"]["name"]) for t in o.all}) == len(o.all)),
]

IMAGE = [
    ("image by digest", "single", {}, lambda o: all(
        c["image"].startswith("liufang@sha256:") for _, p in o.pods() for c in p["containers"])),
    ("image by tag when allowed", "single", {"image": {"digest": "", "tag": "1.2", "allowTag": True}}, lambda o: all(
        c["image"] == "liufang:1.2" for _, p in o.pods() for c in p["containers"])),
    ("the digest wins over an allowed tag", "single", {"image": {"tag": "1.2", "allowTag": True}}, lambda o:
        "@sha256:" in o.container("order")["image"]),
    ("no pull secrets by default", "single", {}, lambda o: all("imagePullSecrets" not in p for _, p in o.pods())),
    ("pull secrets in every pod", "single", {"image": {"pullSecrets": ["login"]}}, lambda o: all(
        p["imagePullSecrets"] == [{"name": "login"}] for _, p in o.pods())),
    ("pull policy", "single", {"image": {"pullPolicy": "Always"}}, lambda o: all(
        c["imagePullPolicy"] == "Always" for _, p in o.pods() for c in p["containers"])),
]

SECURITY = [
    ("no pod gets a token", "ha", SANDBOX, lambda o: all(
        p["automountServiceAccountToken"] is False for _, p in o.pods())
        and all(t["automountServiceAccountToken"] is False for t in o.kind("ServiceAccount"))),
    ("every pod has an account of the release", "ha", {}, lambda o: all(
        p["serviceAccountName"] in o.names("ServiceAccount") for _, p in o.pods())),
    ("no pod runs as root", "ha", SANDBOX, lambda o: all(
        p["securityContext"]["runAsNonRoot"] is True and p["securityContext"]["runAsUser"] > 0 for _, p in o.pods())),
    ("seccomp in every pod and container", "ha", SANDBOX, lambda o: all(
        s["seccompProfile"] == {"type": "RuntimeDefault"}
        for _, p in o.pods() for s in [p["securityContext"], *(c["securityContext"] for c in p["containers"])])),
    ("the root file system is read-only", "ha", SANDBOX, lambda o: all(
        c["securityContext"]["readOnlyRootFilesystem"] is True for _, p in o.pods() for c in p["containers"])),
    ("every capability is dropped, none added", "ha", SANDBOX, lambda o: all(
        c["securityContext"]["capabilities"] == {"drop": ["ALL"]} for _, p in o.pods() for c in p["containers"])),
    ("no privilege, no way to it", "ha", SANDBOX, lambda o: all(
        c["securityContext"]["allowPrivilegeEscalation"] is False and c["securityContext"]["privileged"] is False
        for _, p in o.pods() for c in p["containers"])),
    ("no host namespaces, paths or ports", "ha", SANDBOX, lambda o: all(
        not {"hostNetwork", "hostPID", "hostIPC"} & set(p) and all("hostPath" not in v for v in p["volumes"])
        and all("hostPort" not in port for c in p["containers"] for port in c.get("ports", []))
        for _, p in o.pods())),
    ("only the data folder can be written, and it is bounded", "ha", SANDBOX, lambda o: all(
        all(m.get("readOnly") or m["name"] == "data" for c in p["containers"] for m in c["volumeMounts"])
        and volume(p, "data")["emptyDir"]["sizeLimit"] for _, p in o.pods())),
    ("every container has requests and a memory limit", "ha", SANDBOX, lambda o: all(
        at(c, "resources.requests.cpu") and at(c, "resources.limits.memory")
        for _, p in o.pods() for c in p["containers"])),
    ("user and group can be chosen", "single", {"podSecurity": {"runAsUser": 2000, "fsGroup": 3000}}, lambda o: all(
        (p["securityContext"]["runAsUser"], p["securityContext"]["fsGroup"]) == (2000, 3000) for _, p in o.pods())),
    ("every mount has its volume", "ha", SANDBOX, lambda o: all(
        {m["name"] for c in p["containers"] for m in c["volumeMounts"]} == {v["name"] for v in p["volumes"]}
        for _, p in o.pods())),
]

DATA_KEYS = {"secrets": {"keys": {"dataSecret": ""}, "dataKeys": [{"version": 2, "key": "data-key-2"}], "blindKey": "data-secret"}}
SECRETS = [
    ("a role sees its own Secret only", "single", SANDBOX, lambda o: every(lambda r: {
        row["valueFrom"]["secretKeyRef"]["name"] for row in o.env(r).values() if "valueFrom" in row}
        <= {f"liufang-{r}"}, [*ROLES, "sandbox"])),
    ("nothing secret in a ConfigMap", "ha", SANDBOX, lambda o: all(
        word not in text for t in o.kind("ConfigMap") if "dashboard" not in t["metadata"]["name"]
        for text in t["data"].values() for word in ("password", "liufang-dev", "PRIVATE"))),
    ("every service has a database password and a data secret", "single", {}, lambda o: every(
        lambda r: {"PGPASSWORD", "LIUFANG__CRYPTO__DATA_SECRET"} <= set(o.env(r)), SERVICES)),
    ("the gateway has neither", "single", {}, lambda o: not {"PGPASSWORD", "LIUFANG__CRYPTO__DATA_SECRET"}
        & set(o.env("gateway"))),
    ("data keys are the services' own", "ha", DATA_KEYS, lambda o: every(lambda r: {
        name: row.get("valueFrom", {}).get("secretKeyRef") for name, row in o.env(r).items() if "CRYPTO" in name} == {
            "LIUFANG__CRYPTO__DATA_SECRET": None,
            "LIUFANG__CRYPTO__DATA_KEYS__2": {"name": f"liufang-{r}", "key": "data-key-2"},
            "LIUFANG__CRYPTO__BLIND_SECRET": {"name": f"liufang-{r}", "key": "data-secret"}}, SERVICES)
        and not [name for name in o.env("gateway") if "CRYPTO" in name]),
    ("the data keys come out of the store", "ha", DATA_KEYS, lambda o: all(
        {"data-key-2", "data-secret"} <= {row["secretKey"] for row in t["spec"]["data"]}
        for t in o.kind("ExternalSecret") if t["metadata"]["name"] not in ("liufang-gateway", "liufang-auditor"))),
    ("a data key that is not to seal yet", "single", {"secrets": {"dataKeys": [{"version": 2, "key": "data-key-2"}], "dataVersion": 1}},
        lambda o: every(lambda r: o.config(r)["crypto"] == {"data_version": 1}, SERVICES)),
    ("the signing key is mounted in identity alone", "single", {}, lambda o: [
        r for r in ROLES if volume(o.pod(r), "signing-key")] == ["identity"]),
    ("identity signs, everybody else verifies", "single", {}, lambda o: every(
        lambda r: set(o.config(r)["auth"]) == ({"signing_key_file", "verify_keys"} if r == "identity" else {"verify_keys"}))),
    ("identity takes tokens of every listed key", "single", {"auth": {"verifyKeys": ["A" * 43 + "=", "B" * 43 + "="]}}, lambda o: every(
        lambda r: o.config(r)["auth"]["verify_keys"] == ["A" * 43 + "=", "B" * 43 + "="])),
    ("the channel key is settlement's alone", "single", {}, lambda o: [
        r for r in ROLES if any("CHANNEL_KEY" in name for name in o.env(r))] == ["settlement"]),
    ("a channel's own key is settlement's and the channels' alone", "single", CHANNELS, lambda o: [
        r for r in [*ROLES, "channels"] if any("WECHAT" in name for name in o.env(r))] == ["settlement", "channels"]
        and all(row["valueFrom"]["secretKeyRef"].get("optional") for name, row in o.env("channels").items() if "WECHAT" in name)),
    ("the sandbox has the channel key too", "single", SANDBOX, lambda o:
        "LIUFANG__ROLE__SANDBOX__CHANNEL_KEY" in o.env("sandbox")),
    ("nobody else keeps the development channel key", "single", {}, lambda o: every(
        lambda r: r == "settlement" or o.config(r)["role"]["settlement"]["channel_key"] == "")),
    ("Redis password comes before the address that uses it", "single", {}, lambda o: every(
        lambda r: list(o.env(r)).index("REDIS_PASSWORD") < list(o.env(r)).index("LIUFANG__BUS__URL"))),
    ("Redis without a password", "single", {"redis": {"auth": False}}, lambda o: every(
        lambda r: "REDIS_PASSWORD" not in o.env(r)
        and o.config(r)["bus"]["url"] == "rediss://redis.data.svc.cluster.local:6379")),
    ("the gateway needs no environment then", "single", {"redis": {"auth": False}}, lambda o:
        not o.env("gateway")),
    ("keys in Secrets can be named", "single", {"secrets": {"keys": {"databasePassword": "pw"}}}, lambda o:
        at(o.env("order")["PGPASSWORD"], "valueFrom.secretKeyRef.key") == "pw"),
    ("no ExternalSecret by default", "single", {}, lambda o: not o.has("ExternalSecret")),
    ("an ExternalSecret for every Secret", "ha", {}, lambda o: set(names(f"-{r}" for r in ROLES))
        <= set(o.names("ExternalSecret"))),
    ("an ExternalSecret gives what the pods ask for", "ha", {}, lambda o: every(lambda r: {
        row["valueFrom"]["secretKeyRef"]["key"] for row in o.env(r).values() if "valueFrom" in row}
        <= {d["secretKey"] for d in o.at("ExternalSecret", f"-{r}", "spec.data")})),
    ("the signing key reaches identity's Secret alone", "ha", {}, lambda o: [
        t["metadata"]["name"] for t in o.kind("ExternalSecret")
        if "signing-key" in [d["secretKey"] for d in t["spec"]["data"]]] == ["liufang-identity"]),
    ("an ExternalSecret reads the role's own path", "ha", {}, lambda o: all(
        d["remoteRef"]["key"] == "liufang/order" for d in o.at("ExternalSecret", "-order", "spec.data"))),
    ("no Secret object is made by the chart", "ha", SANDBOX, lambda o: not o.has("Secret")),
]

TLS = [
    ("a mesh certificate in every pod, the role's own", "single", {"tls": {"mode": "existing"}}, lambda o: every(
        lambda r: volume(o.pod(r), "mesh-tls")["secret"]["secretName"] == f"liufang-{r}-mesh-tls")),
    ("no Certificate with existing Secrets", "single", {"tls": {"mode": "existing"}}, lambda o:
        not o.has("Certificate") and not o.has("Issuer")),
    ("a Certificate a role, named for the mesh", "single", {}, lambda o: every(
        lambda r: o.at("Certificate", f"-{r}-mesh", "spec.dnsNames") == [f"{r}.liufang.mesh"])),
    ("a Certificate fills the Secret its role mounts", "single", SANDBOX, lambda o: every(
        lambda r: o.at("Certificate", f"-{r}-mesh", "spec.secretName")
        == volume(o.pod(r), "mesh-tls")["secret"]["secretName"], [*ROLES, "sandbox"])),
    ("a mesh certificate is for both ends", "single", {}, lambda o: every(
        lambda r: {"server auth", "client auth"} <= set(o.at("Certificate", f"-{r}-mesh", "spec.usages")))),
    ("an authority of our own", "single", {}, lambda o: o.at("Certificate", "-mesh-ca", "spec.isCA") is True
        and o.at("Certificate", "-order-mesh", "spec.issuerRef.name") == "liufang-mesh-ca"),
    ("somebody else's authority", "single", {"tls": {"certManager": ORIGINAL}}, lambda o: not o.has("Issuer")
        and o.at("Certificate", "-order-mesh", "spec.issuerRef.name") == "roots"),
    ("certificates are mounted as folders, so that renewals show", "ha", SANDBOX, lambda o: all(
        "subPath" not in m for _, p in o.pods() for c in p["containers"] for m in c["volumeMounts"]
        if "tls" in m["name"])),
    ("peers are called with TLS", "single", SANDBOX, lambda o: all(
        url.startswith("https://") and url.endswith(":7000")
        for r in [*ROLES, "sandbox"] for url in o.config(r)["mesh"].get("peers", {}).values())),
    ("mesh TLS has all three files", "single", {}, lambda o: every(
        lambda r: set(o.config(r)["mesh"]["tls"]) == {"ca_file", "cert_file", "key_file"})),
    ("no mesh secret beside TLS", "single", {}, lambda o: every(lambda r: o.config(r)["mesh"]["secret"] == "")),
    ("behind a proxy the public port is plain", "single", {}, lambda o:
        o.config("gateway")["gateway"]["plaintext_behind_proxy"] is True
        and not volume(o.pod("gateway"), "public-tls")),
    ("TLS at the public port from a Secret", "single",
        {"gateway": {"tls": {"mode": "secret", "secretName": "door"}}, "probe": {"serverName": "care.example"}},
        lambda o: volume(o.pod("gateway"), "public-tls")["secret"]["secretName"] == "door"
        and "tls" in o.config("gateway")["gateway"] and "plaintext_behind_proxy" not in o.config("gateway")["gateway"]),
    ("TLS at the public port from cert-manager", "single",
        {"gateway": {"tls": {"mode": "certManager", "dnsNames": ["care.example"], "issuerRef": {"name": "public"}}},
         "probe": {"serverName": "care.example", "trustTlsSecret": True}},
        lambda o: o.at("Certificate", "-public", "spec.dnsNames") == ["care.example"]
        and "--ca" in o.get("Pod", "-probe")["spec"]["containers"][0]["args"]),
    ("the probe never sees the public key's secret half", "single",
        {"gateway": {"tls": {"mode": "secret", "secretName": "door"}},
         "probe": {"serverName": "care.example", "trustTlsSecret": True}},
        lambda o: volume(o.get("Pod", "-probe")["spec"], "public-tls")["secret"]["items"]
        == [{"key": "ca.crt", "path": "ca.crt"}]),
]

LIFE = [
    ("living does not depend on the database", "single", {}, lambda o: every(
        lambda r: probe(o, r, "livenessProbe")["grpc"] == {"port": 9090, "service": "liveness"})),
    ("starting does not either: no crash loop without a database", "single", {}, lambda o: every(
        lambda r: probe(o, r, "startupProbe")["grpc"] == {"port": 9090, "service": "liveness"})),
    ("readiness asks for the whole process", "single", {}, lambda o: every(
        lambda r: probe(o, r, "readinessProbe")["grpc"] == {"port": 9090})),
    ("the admin port is where the probes ask", "single", {}, lambda o: every(
        lambda r: o.config(r)["admin"]["listen"] == "0.0.0.0:9090"
        and 9090 in [p["containerPort"] for p in o.container(r)["ports"]])),
    ("the kubelet sleeps before SIGTERM", "single", {}, lambda o: every(
        lambda r: o.container(r)["lifecycle"]["preStop"] == {"sleep": {"seconds": 3}})),
    ("grace is longer than sleep, shutdown and what follows it", "ha", {}, lambda o: every(
        lambda r: o.pod(r)["terminationGracePeriodSeconds"] * 1000 > 3000 + o.config(r)["shutdown_ms"] + 3000)),
    ("a call may finish inside the shutdown", "ha", {}, lambda o: every(
        lambda r: o.config(r)["drain_ms"] + o.config(r)["mesh"]["max_deadline_ms"] <= o.config(r)["shutdown_ms"])),
    ("an upgrade never has fewer pods", "ha", {}, lambda o: every(
        lambda r: o.at("Deployment", f"-{r}", "spec.strategy.rollingUpdate") == {"maxSurge": 1, "maxUnavailable": 0})),
    ("every pod carries the sum of its settings", "single", {}, lambda o: every(lambda r: len(
        at(o.get("Deployment", f"-{r}"), "spec.template.metadata.annotations")["checksum/config"]) == 64)),
    ("nobody migrates at start", "ha", SANDBOX, lambda o: every(
        lambda r: o.config(r)["database"]["migrate_at_start"] is False)),
    ("whole numbers stay whole in TOML", "ha", {"settings": {"mesh": {"resolve_seconds": 7}}}, lambda o: every(
        lambda r: type(o.config(r)["mesh"]["resolve_seconds"]) is int and type(o.config(r)["shutdown_ms"]) is int)),
    ("settings of one role stay with it", "single", role(settings={"role": {"order": {"dispense_seconds": 60}}}),
        lambda o: o.config("order")["role"]["order"] == {"dispense_seconds": 60}
        and "order" not in o.config("dispatch")["role"]),
    ("lists of tables in settings", "single", {"roles": {"gateway": {"settings": {"gateway": {"method_limits": [
        {"method": "liufang.identity.v1.VerificationService/SendPhoneCode", "per_caller_per_minute": 3, "burst": 3}]}}}}},
        lambda o: o.config("gateway")["gateway"]["method_limits"][0]["burst"] == 3),
    ("a server a service", "single", {"database": {"host": "{role}.db.example"}}, lambda o: every(lambda r:
        "@{role}.db.example:5432/" in o.config(r)["database"]["url"])),
    ("calls at once, also at the door", "single", {"roles": {"gateway": {"maxInFlight": 64}, "order": {"maxInFlight": 32}}},
        lambda o: o.config("gateway")["gateway"]["max_in_flight"] == 64
        and o.config("order")["mesh"]["max_in_flight"] == 32),
    ("a proxy of one's own", "single", {"gateway": {"externalProxy": True, "tls": {"mode": "secret", "secretName": "x"},
        "ingress": {"enabled": False}}, "probe": {"serverName": "liufang.example"}},
        lambda o: o.config("gateway")["gateway"]["trusted_proxies"] == 1),
    ("an issuer of another kind", "ha", {"tls": {"certManager": {"createCa": False, "issuerRef": {
        "name": "x", "kind": "StepIssuer", "group": "certmanager.step.sm"}}}}, lambda o:
        o.at("Certificate", "-order-mesh", "spec.issuerRef.kind") == "StepIssuer"),
    ("traces go nowhere by default", "single", {}, lambda o: every(
        lambda r: o.config(r)["telemetry"]["otlp_endpoint"] == "")),
    ("logs are JSON", "single", {}, lambda o: every(lambda r: o.config(r)["telemetry"]["format"] == "json")),
    ("region packs are built in", "single", {}, lambda o: every(lambda r: "regions_dir" not in o.config(r))),
    ("region packs from a ConfigMap", "single", {"regions": {"configMap": "packs"}}, lambda o: every(
        lambda r: o.config(r)["regions_dir"] == "/etc/liufang/regions"
        and volume(o.pod(r), "regions")["configMap"]["name"] == "packs")),
    ("PostgreSQL is verified against its authority", "single", {}, lambda o: every(
        lambda r: "sslmode=verify-full&sslrootcert=/etc/liufang/database-ca/ca.crt"
        in o.config(r)["database"]["url"])),
    ("PostgreSQL signed by a public authority", "single",
        {"database": {"ca": {"secretName": "", "publicRoots": True}}}, lambda o: every(
            lambda r: "sslrootcert" not in o.config(r)["database"]["url"]
            and not volume(o.pod(r), "database-ca"))),
    ("every service has a login and a database of its own", "single", {}, lambda o: every(
        lambda r: o.config(r)["database"]["url"].startswith("postgres://liufang_{role}@")
        and "/liufang_{role}?" in o.config(r)["database"]["url"])),
    ("outside parties are verified against public authorities", "single", {}, lambda o: every(
        lambda r: "hooks_tls" not in o.config(r) and not volume(o.pod(r), "outside-ca"))),
    ("or against the one given, by the roles that call them", "single", {"outsideCa": {"secretName": "city"}}, lambda o: [
        r for r in ROLES if "hooks_tls" in o.config(r) and volume(o.pod(r), "outside-ca")]
        == ["identity", "settlement", "dispatch"]),
    ("signing certificates are checked by identity, against what it was given", "single", {}, lambda o: [
        r for r in ROLES if volume(o.pod(r), "signing-authorities")] == ["identity"]
        and o.config("identity")["role"]["identity"] == {"authorities": ["/etc/liufang/authorities/signing.pem"],
            "stale_revocation_lists": "refuse", "unchecked_certificates": False,
            "uncertified_keys": False}),
    ("keys without a certificate sign where that was said", "single", {"signingAuthorities": {"uncertifiedKeys": True}}, lambda o:
        o.config("identity")["role"]["identity"]["uncertified_keys"] is True),
    ("or by nobody, where that was said", "single", {"signingAuthorities": {"secretName": "", "unchecked": True}}, lambda o: not volume(
        o.pod("identity"), "signing-authorities") and o.config("identity")["role"]["identity"]["unchecked_certificates"]),
    ("the systems of hospitals are called by prescription alone, as it is configured", "single", {"hospitals": [HIS],
        "outsideCa": {"secretName": "city"}}, lambda o: [r for r in ROLES if "192.0.2.77/32" in
        [at(peer, "ipBlock.cidr") for _, peer, _ in o.flows(r, "egress")]] == ["prescription"]
        and o.config("prescription")["hooks"]["his_h13030200001"] == "https://his.example:9443"
        and o.config("prescription")["role"]["prescription"]["hospitals"] == ["H13030200001=his_h13030200001"]
        and volume(o.pod("prescription"), "outside-ca") and "his_h13030200001" not in o.config("order")["hooks"]),
    ("Redis Cluster", "single", {"redis": {"cluster": True, "addresses": ["a:6379", "b:6380"]}},
        lambda o: every(lambda r: o.config(r)["bus"]["cluster"] is True
        and o.config(r)["bus"]["ca_file"] == "/etc/liufang/redis-ca/ca.crt"
        and o.env(r)["LIUFANG__BUS__URL"]["value"]
        == "rediss://:$(REDIS_PASSWORD)@a:6379,rediss://:$(REDIS_PASSWORD)@b:6380")),
    ("Redis alone", "single", {"redis": {"username": "liufang"}}, lambda o: every(
        lambda r: "cluster" not in o.config(r)["bus"] and o.env(r)["LIUFANG__BUS__URL"]["value"].startswith(
            "rediss://liufang:$(REDIS_PASSWORD)@"))),
    ("Redis is verified against its authority, mounted as a folder so that a new one shows", "single", {}, lambda o: every(
        lambda r: o.config(r)["bus"]["ca_file"] == "/etc/liufang/redis-ca/ca.crt"
        and volume(o.pod(r), "redis-ca")["secret"]["secretName"] == "redis-ca"
        and [m for m in o.container(r)["volumeMounts"] if m["name"] == "redis-ca"]
        == [{"name": "redis-ca", "mountPath": "/etc/liufang/redis-ca", "readOnly": True}])),
    ("Redis signed by a public authority", "single", {"redis": {"ca": {"secretName": "", "publicRoots": True}}},
        lambda o: every(lambda r: "ca_file" not in o.config(r)["bus"] and not volume(o.pod(r), "redis-ca")
        and o.env(r)["LIUFANG__BUS__URL"]["value"].startswith("rediss://"))),
    ("plain text is not said without being meant", "single", {}, lambda o: every(
        lambda r: "plaintext_in_private_network" not in {**o.config(r)["bus"], **o.config(r)["database"]})),
    ("plain Redis on a network of our own", "single", {"redis": {"tls": False, "plaintextInPrivateNetwork": True,
        "ca": {"secretName": ""}}}, lambda o: every(lambda r: o.config(r)["bus"]["plaintext_in_private_network"] is True
        and o.env(r)["LIUFANG__BUS__URL"]["value"].startswith("redis://") and not volume(o.pod(r), "redis-ca"))),
    ("plain PostgreSQL on a network of our own", "single", {"database": {"sslMode": "disable",
        "plaintextInPrivateNetwork": True, "ca": {"secretName": ""}}}, lambda o: every(
        lambda r: o.config(r)["database"]["plaintext_in_private_network"] is True
        and o.config(r)["database"]["url"].endswith("?sslmode=disable"))),
    ("annotations of one Deployment, for a reloader", "single", role(deploymentAnnotations={
        "reloader.stakater.com/auto": "true"}), lambda o: at(o.get("Deployment", "-order"), "metadata.annotations")
        == {"reloader.stakater.com/auto": "true"} and o.at("Deployment", "-dispatch", "metadata.annotations") is None),
]

SCALE = [
    ("two pods of each role by default", None, {}, lambda o: every(
        lambda r: o.at("Deployment", f"-{r}", "spec.replicas") == 2)),
    ("one with preset single", "single", {}, lambda o: every(
        lambda r: o.at("Deployment", f"-{r}", "spec.replicas") == 1)),
    ("a role's own number", "single", role(replicas=4), lambda o:
        o.at("Deployment", "-order", "spec.replicas") == 4 and o.at("Deployment", "-dispatch", "spec.replicas") == 1),
    ("no HPA by default", None, {}, lambda o: not o.has("HorizontalPodAutoscaler")),
    ("an HPA owns the number of pods", "ha", {}, lambda o: o.names("HorizontalPodAutoscaler")
        == names(f"-{r}" for r in ROLES) and every(
            lambda r: o.at("Deployment", f"-{r}", "spec.replicas") is None)),
    ("an HPA off for one role", "ha", role(autoscaling={"enabled": False}), lambda o:
        not o.has("HorizontalPodAutoscaler", "-order") and o.at("Deployment", "-order", "spec.replicas") == 3
        and o.has("HorizontalPodAutoscaler", "-dispatch")),
    ("an HPA grows fast and shrinks slowly", "ha", {}, lambda o: every(
        lambda r: o.at("HorizontalPodAutoscaler", f"-{r}", "spec.behavior.scaleUp.stabilizationWindowSeconds") == 0
        and o.at("HorizontalPodAutoscaler", f"-{r}", "spec.behavior.scaleDown.stabilizationWindowSeconds") == 300)),
    ("the sandbox is never scaled", "ha", SANDBOX, lambda o: not o.has("HorizontalPodAutoscaler", "-sandbox")
        and o.at("Deployment", "-sandbox", "spec.replicas") == 1),
    ("a PDB a role", "ha", {}, lambda o: every(
        lambda r: o.at("PodDisruptionBudget", f"-{r}", "spec.maxUnavailable") == 1)),
    ("no PDB with preset single", "single", {}, lambda o: not o.has("PodDisruptionBudget")),
    ("a PDB by what must stay", "ha", role(podDisruptionBudget={"maxUnavailable": "", "minAvailable": "50%"}),
        lambda o: o.at("PodDisruptionBudget", "-order", "spec.minAvailable") == "50%"
        and o.at("PodDisruptionBudget", "-order", "spec.maxUnavailable") is None),
    ("pods are spread over zones and nodes", "ha", {}, lambda o: every(lambda r: [
        (c["topologyKey"], c["whenUnsatisfiable"]) for c in o.pod(r)["topologySpreadConstraints"]]
        == [("topology.kubernetes.io/zone", "DoNotSchedule"), ("kubernetes.io/hostname", "ScheduleAnyway")])),
    ("a zone that is gone does not count as empty", "ha", {}, lambda o: every(lambda r: all(
        c["nodeTaintsPolicy"] == "Honor" for c in o.pod(r)["topologySpreadConstraints"]))),
    ("no spread with preset single", "single", {}, lambda o: every(
        lambda r: "topologySpreadConstraints" not in o.pod(r))),
    ("placement of one role", "single", role(
        nodeSelector={"disk": "fast"}, tolerations=[{"key": "care", "operator": "Exists"}], priorityClassName="high",
        affinity={"podAntiAffinity": {}}, podLabels={"tier": "money"}, podAnnotations={"note": "x"},
        extraEnv=[{"name": "TZ", "value": "UTC"}]), lambda o: o.pod("order")["nodeSelector"] == {"disk": "fast"}
        and o.pod("order")["priorityClassName"] == "high" and o.env("order")["TZ"]["value"] == "UTC"
        and at(o.get("Deployment", "-order"), "spec.template.metadata.labels")["tier"] == "money"
        and "nodeSelector" not in o.pod("dispatch")),
    ("selectors do not follow changeable labels", "ha", {"commonLabels": {"team": "care"}}, lambda o: every(
        lambda r: set(o.at("Deployment", f"-{r}", "spec.selector.matchLabels")) == {
            "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"})),
]

MIGRATE = [
    ("one Job a service, none for the gateway", "single", {}, lambda o: o.names("Job")
        == names(f"-migrate-{r}" for r in SERVICES)),
    ("the sandbox is migrated too", "single", SANDBOX, lambda o: o.has("Job", "-migrate-sandbox")),
    ("no Job when switched off", "ha", {"migrate": {"enabled": False}}, lambda o: not o.has("Job")
        and not [t for t in o.all if "migrate" in t["metadata"]["name"]]),
    ("before install and upgrade", "single", {}, lambda o: all(
        t["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade" for t in o.kind("Job"))),
    ("what a Job needs is there before it, on a first install too", "ha", {}, lambda o: all(
        weight(needed) < weight(job) for job in o.kind("Job") for needed in needs(o, job))),
    ("a Job's policy is there before it", "single", {}, lambda o:
        weight(o.get("NetworkPolicy", "-migrate")) < 0),
    ("a Job reads the same settings as its role", "single", {}, lambda o: all(
        o.at("ConfigMap", "-migrate", "data")[f"{r}.toml"] == o.at("ConfigMap", f"-{r}", "data")["config.toml"]
        for r in SERVICES)),
    ("a Job mounts no certificate that is not there yet", "single", {}, lambda o: all(
        "tls" not in v["name"] for t in o.kind("Job") for v in t["spec"]["template"]["spec"]["volumes"])),
    ("a Job migrates one role", "single", {}, lambda o: all(
        t["spec"]["template"]["spec"]["containers"][0]["args"][0] == "migrate"
        and t["metadata"]["name"].endswith(t["spec"]["template"]["spec"]["containers"][0]["args"][-1])
        for t in o.kind("Job"))),
    ("a Job is tried again, and not for ever", "single", {}, lambda o: all(
        t["spec"]["backoffLimit"] == 3 and t["spec"]["activeDeadlineSeconds"] == 900 for t in o.kind("Job"))),
    ("a Job that helm no longer waits for keeps what it needs", "ha", {}, lambda o: all(
        t["metadata"]["annotations"]["helm.sh/hook-delete-policy"] == "before-hook-creation" for t in o.all
        if "pre-install" in hook(t))),
]


def hook(thing):
    return (thing["metadata"].get("annotations") or {}).get("helm.sh/hook", "")


def weight(thing):
    return int(thing["metadata"]["annotations"]["helm.sh/hook-weight"]) if hook(thing) else 10**6


def needs(o, job):
    """Objects of this release that a Job's pod cannot start without."""
    spec = job["spec"]["template"]["spec"]
    wanted = {("ServiceAccount", spec["serviceAccountName"])}
    wanted |= {("ConfigMap", v["configMap"]["name"]) for v in spec["volumes"] if "configMap" in v}
    wanted |= {("ExternalSecret", row["valueFrom"]["secretKeyRef"]["name"])
               for row in spec["containers"][0]["env"] if "valueFrom" in row}
    return [t for t in o.all if (t["kind"], t["metadata"]["name"]) in wanted]


NETWORK = [
    ("every role's Service is headless and hides pods that are not ready", "single", SANDBOX, lambda o: all(
        at(t, "spec.clusterIP") == "None" and at(t, "spec.publishNotReadyAddresses") is False
        for t in o.kind("Service") if t["metadata"]["name"] != "liufang-gateway")),
    ("the gateway has a cluster address", "single", {}, lambda o: o.at("Service", "-gateway", "spec.type") == "ClusterIP"
        and o.at("Service", "-gateway", "spec.clusterIP") is None),
    ("the public Service does not show the admin port", "single", {}, lambda o: [
        p["targetPort"] for p in o.at("Service", "-gateway", "spec.ports")] == ["public"]),
    ("gRPC behind a proxy is announced", "single", {}, lambda o:
        o.at("Service", "-gateway", "spec.ports.0.appProtocol") == "kubernetes.io/h2c"),
    ("a LoadBalancer with TLS", "single", {"gateway": {"service": {"type": "LoadBalancer", "annotations": {"a": "b"}},
        "tls": {"mode": "secret", "secretName": "door"}}, "probe": {"serverName": "care.example"}}, lambda o:
        o.at("Service", "-gateway", "spec.type") == "LoadBalancer"
        and o.at("Service", "-gateway", "spec.ports.0.appProtocol") == "https"),
    ("every peer's name is a Service with the mesh port", "single", SANDBOX, lambda o: every(lambda r: all(
        url == f"https://liufang-{peer}.care.svc.cluster.local:7000"
        and 7000 in [p["port"] for p in o.at("Service", f"-{peer}", "spec.ports")]
        for peer, url in o.config(r)["mesh"].get("peers", {}).items()), [*ROLES, "sandbox"])),
    ("every Service finds its Deployment", "single", SANDBOX, lambda o: all(any(
        at(t, "spec.selector").items() <= at(d, "spec.template.metadata.labels").items() for d in o.kind("Deployment"))
        for t in o.kind("Service"))),
    ("every target port has its name in the container", "single", SANDBOX, lambda o: all(
        {p["targetPort"] for p in t["spec"]["ports"]} <= {p["name"] for p in o.container(
            t["spec"]["selector"]["app.kubernetes.io/component"])["ports"]} for t in o.kind("Service"))),
    ("everything is denied first", "single", {}, lambda o: o.at("NetworkPolicy", "-default-deny", "spec.policyTypes")
        == ["Ingress", "Egress"] and not {"ingress", "egress"} & set(o.at("NetworkPolicy", "-default-deny", "spec"))),
    ("the denial covers Jobs and the probe", "single", {}, lambda o: all(
        o.at("NetworkPolicy", "-default-deny", "spec.podSelector.matchLabels").items()
        <= at(t, "spec.template.metadata.labels").items() for t in o.kind("Job"))),
    ("no policy when switched off", "single", {"networkPolicy": {"enabled": False}}, lambda o:
        not o.has("NetworkPolicy")),
    ("what a role calls is what its policy lets out", "single", SANDBOX, lambda o: every(
        lambda r: o.mesh(r, "egress") == sorted(o.config(r)["mesh"].get("peers", {})), [*ROLES, "sandbox"])),
    ("every call is let in at the other end, and no other", "single", SANDBOX, lambda o: every(
        lambda r: o.mesh(r, "ingress") == sorted(c for c in [*ROLES, "sandbox"] if r in o.mesh(c, "egress")),
        [*ROLES, "sandbox"])),
    ("nobody calls the gateway's mesh port", "single", {}, lambda o: not o.mesh("gateway", "ingress")),
    ("no role may reach everything", "ha", SANDBOX, lambda o: every(lambda r: all(
        peer and port for d in ("ingress", "egress") for _, peer, port in o.flows(r, d)), [*ROLES, "sandbox"])),
    ("every service reaches its database, the gateway does not", "single", {}, lambda o: [
        r for r in ROLES if 5432 not in [port for _, _, port in o.flows(r, "egress")]] == ["gateway"]),
    ("every role reaches Redis", "single", {"redis": {"addresses": ["r:6400"]}}, lambda o: every(
        lambda r: 6400 in [port for _, _, port in o.flows(r, "egress")])),
    ("every pod reaches DNS, with UDP and TCP", "single", {}, lambda o: every(
        lambda r: [port for _, _, port in o.flows(r, "egress")].count(53) == 2)),
    ("an outside party is reached by its own role only", "single", {}, lambda o: [r for r in ROLES if "192.0.2.20/32" in
        [at(peer, "ipBlock.cidr") for _, peer, _ in o.flows(r, "egress")]] == ["settlement"]),
    ("the channels' role when asked, called by settlement alone", "single", CHANNELS, lambda o: [
        r for r in [*ROLES, "channels"] if "channels" in o.mesh(r, "egress")] == ["settlement"]
        and o.mesh("channels", "egress") == ["settlement"] and o.config("settlement")["hooks"]["wechat"] == "channels"
        and o.config("channels")["role"]["channels"]["listen"] == "0.0.0.0:8090"
        and volume(o.pod("channels"), "channel-keys")["secret"]["secretName"] == "merchant-keys"),
    ("the channels reach their addresses, and notices come in from the proxy alone", "single", CHANNELS, lambda o:
        [port for _, peer, port in o.flows("channels", "egress") if at(peer, "ipBlock.cidr") == "192.0.2.90/32"] == [443]
        and [at(peer, "ipBlock.cidr") for _, peer, port in o.flows("channels", "ingress") if port == 8090] == ["198.51.100.8/32"]),
    ("no channels unless asked", "ha", {}, lambda o: not o.has("Deployment", "-channels")
        and "wechat" not in o.config("settlement")["hooks"]),
    ("at the port of its address", "single", {}, lambda o: [port for _, peer, port in o.flows("settlement", "egress")
        if at(peer, "ipBlock.cidr") == "192.0.2.30/32"] == [8443]),
    ("no outside address when the sandbox plays", "single", SANDBOX, lambda o: every(lambda r: all(
        "ipBlock" not in peer for _, peer, _ in o.flows(r, "egress")))),
    ("one hook played, the others real", "single", {"profile": "development", "sandbox": {"enabled": True},
        "hooks": {"courier": {"url": "", "cidrs": []}}}, lambda o: o.mesh("dispatch", "egress") == ["identity", "sandbox"]
        and o.config("dispatch")["hooks"]["courier"] == "sandbox" and o.mesh("identity", "egress") == ["order", "prescription", "settlement"]
        and o.config("identity")["hooks"]["verification"] == "https://verification.example"),
    ("traces are let out when they are sent", "single", {"telemetry": {"otlpEndpoint": "http://collector:4317"},
        "networkPolicy": {"otlpTo": PEER}}, lambda o: every(
            lambda r: 4317 in [port for _, _, port in o.flows(r, "egress")]
            and o.config(r)["telemetry"]["otlp_endpoint"] == "http://collector:4317")),
    ("and not otherwise", "single", {"networkPolicy": {"otlpTo": PEER}}, lambda o: every(
        lambda r: 4317 not in [port for _, _, port in o.flows(r, "egress")])),
    ("Prometheus is let in at the admin port", "single", {}, lambda o: every(
        lambda r: 9090 in [port for _, _, port in o.flows(r, "ingress")])),
    ("and nobody without a name for it", "single", {"networkPolicy": {"prometheusFrom": []}}, lambda o: every(
        lambda r: 9090 not in [port for _, _, port in o.flows(r, "ingress")])),
    ("the outside is let in at the gateway only", "single", {}, lambda o: [r for r in ROLES if 8080 in
        [port for _, _, port in o.flows(r, "ingress")]] == ["gateway"]),
    ("an Ingress", "single", {}, lambda o: o.at("Ingress", "", "spec.rules.0.host") == "liufang.example"
        and o.at("Ingress", "", "spec.tls.0.secretName") == "liufang-example-tls"),
    ("no Ingress", "single", {"gateway": {"ingress": {"enabled": False}}}, lambda o: not o.has("Ingress")),
    ("an HTTPRoute", "single", {"gateway": {"httpRoute": {"enabled": True, "parentRefs": [{"name": "edge"}],
        "hostnames": ["liufang.example"]}}}, lambda o: o.at("HTTPRoute", "", "spec.rules.0.backendRefs.0")
        == {"name": "liufang-gateway", "port": 8080}),
    ("no HTTPRoute by default", "ha", {}, lambda o: not o.has("HTTPRoute")),
    ("another cluster domain", "single", {"clusterDomain": "city.local"}, lambda o:
        "svc.city.local" in o.config("order")["mesh"]["peers"]["identity"]),
    ("another listen address", "single", {"listenAddress": "[::]"}, lambda o: every(
        lambda r: o.config(r)["admin"]["listen"] == "[::]:9090")),
]

WATCH = [
    ("nothing of the Prometheus operator by default", None, {}, lambda o: not o.has("ServiceMonitor")
        and not o.has("PrometheusRule")),
    ("a ServiceMonitor finds every role's Service", "ha", {}, lambda o: len([t for t in o.kind("Service")
        if o.at("ServiceMonitor", "", "spec.selector.matchLabels").items() <= t["metadata"]["labels"].items()]) == 8),
    ("it scrapes the admin port", "ha", {}, lambda o: o.at("ServiceMonitor", "", "spec.endpoints.0.port") == "admin"),
    ("labels for a Prometheus that selects", "ha", {"serviceMonitor": {"labels": {"release": "p"}},
        "prometheusRule": {"labels": {"release": "p"}}}, lambda o: all(
            o.at(kind, "", "metadata.labels")["release"] == "p" for kind in ("ServiceMonitor", "PrometheusRule"))),
    ("the rules arrive whole", "ha", {}, lambda o: all(
        "expr" in rule for group in o.at("PrometheusRule", "", "spec.groups") for rule in group["rules"])
        and "{{ $labels" in str(o.get("PrometheusRule", ""))),
    ("runbooks at an address", "ha", {"prometheusRule": {"runbookBase": "https://wiki.example/"}}, lambda o: all(
        rule["annotations"]["runbook_url"].startswith("https://wiki.example/deploy/runbooks/")
        for group in o.at("PrometheusRule", "", "spec.groups") for rule in group["rules"] if "alert" in rule)),
    ("no dashboards by default", "single", {}, lambda o: not [n for n in o.names("ConfigMap") if "dashboard" in n]),
    ("dashboards with the sidecar's label", "ha", {}, lambda o: len([t for t in o.kind("ConfigMap")
        if t["metadata"]["labels"].get("grafana_dashboard") == "1"]) >= 3),
    ("a dashboard is JSON", "ha", {}, lambda o: all(
        json.loads(text)["panels"] for t in o.kind("ConfigMap")
        if "dashboard" in t["metadata"]["name"] for text in t["data"].values())),
    ("`helm test` has a pod", "single", {}, lambda o: hook(o.get("Pod", "-probe")) == "test"
        and "http://liufang-gateway.care.svc.cluster.local:8080" in o.get("Pod", "-probe")["spec"]["containers"][0]["args"]),
    ("the gateway lets it in", "single", {}, lambda o: "probe" in [
        c for c, _, port in o.flows("gateway", "ingress") if port == 8080]),
    ("no pod and no hole without it", "single", {"probe": {"enabled": False}}, lambda o: not o.has("Pod")
        and not o.has("NetworkPolicy", "-probe")
        and "probe" not in [c for c, _, _ in o.flows("gateway", "ingress")]),
]

TABLE = [*SHAPE, *IMAGE, *SECURITY, *SECRETS, *TLS, *LIFE, *SCALE, *MIGRATE, *AUDIT, *NETWORK, *WATCH]
