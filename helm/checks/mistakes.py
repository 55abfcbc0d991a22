"""Wrong values: one message with all mistakes. A row is (what, preset, values on top, parts of the message)."""

from .render import template

ORDER = "roles.order (with roleDefaults)"
HIS = {"code": "H13030200001", "url": "https://his.example:9443", "cidrs": ["192.0.2.77/32"]}
PAIRS = [
    ("an image without digest", None, {"image": {"digest": ""}}, ["image.digest:"]),
    ("a tag without permission", None, {"image": {"digest": "", "tag": "1"}}, ["image.digest:"]),
    ("permission without a tag", None, {"image": {"digest": "", "allowTag": True}}, ["image.tag:"]),
    ("the sandbox in production", None, {"sandbox": {"enabled": True}}, ["sandbox.enabled:"]),
    ("no key to verify with", None, {"auth": {"verifyKeys": []}}, ["auth.verifyKeys:"]),
    ("one Secret for all", None, {"secrets": {"name": "liufang"}}, ["secrets.name:"]),
    ("an outside store without name", None, {"externalSecrets": {"enabled": True}}, ["externalSecrets.store.name:"]),
    ("one path for all", None, {"externalSecrets": {"enabled": True, "path": "liufang", "store": {"name": "x"}}},
        ["externalSecrets.path:"]),
    ("a secret in settings", None, {"settings": {"crypto": {"data_secret": "x"}}}, ["settings.crypto:"]),
    ("no data key at all", None, {"secrets": {"keys": {"dataSecret": ""}}}, ["secrets.keys.dataSecret:"]),
    ("no key for the indexes", None, {"secrets": {"keys": {"dataSecret": ""}, "dataKeys": [{"version": 2, "key": "data-key-2"}]}},
        ["secrets.keys.dataSecret:"]),
    ("a version without a key", None, {"secrets": {"dataVersion": 2}}, ["secrets.dataVersion:"]),
    ("a secret in a role's settings", None, {"roles": {"settlement": {"settings": {"role": {"settlement": {
        "channel_key": "x"}}}}}}, ["roles.settlement.settings.role.settlement.channel_key:"]),
    ("no database", None, {"database": {"host": ""}}, ["database.host:"]),
    ("one database for all", None, {"database": {"name": "liufang"}}, ["database.name:"]),
    ("one login for all", None, {"database": {"user": "liufang"}}, ["database.user:"]),
    ("verification without an authority", None, {"database": {"ca": {"secretName": ""}}}, ["database.ca.secretName:"]),
    ("plain PostgreSQL in production", None, {"database": {"sslMode": "disable"}}, ["database.sslMode:"]),
    ("anybody's PostgreSQL in production", None, {"database": {"sslMode": "require"}}, ["database.sslMode:"]),
    ("plain Redis in production", None, {"redis": {"tls": False, "ca": {"secretName": ""}}}, ["redis.tls:"]),
    ("a Redis that is verified against nobody", None, {"redis": {"ca": {"secretName": ""}}}, ["redis.ca.secretName: TLS"]),
    ("an authority for a plain Redis", None, {"redis": {"tls": False, "plaintextInPrivateNetwork": True}},
        ["redis.ca.secretName: goes with"]),
    ("the chart's own switches in settings", None, {"settings": {"bus": {"plaintext_in_private_network": True}}},
        ["settings.bus.plaintext_in_private_network:"]),
    ("no Redis", None, {"redis": {"addresses": []}}, ["redis.addresses: name"]),
    ("several Redis, no cluster", None, {"redis": {"addresses": ["a:1", "b:1"]}}, ["redis.addresses: several"]),
    ("no payment channel", None, {"hooks": {"payment": {"url": ""}}}, ["hooks.payment.url: name"]),
    ("channels without addresses", None, {"channels": {"enabled": True}}, ["channels.cidrs, channels.from:"]),
    ("a played payment channel without the sandbox", None, {"hooks": {"payment": {"url": "sandbox"}}},
        ["hooks.payment.url: is the sandbox"]),
    ("a plain payment channel in production", None, {"hooks": {"payment": {"url": "http://p.example"}}},
        ["hooks.payment.url: production needs https"]),
    ("a payment channel without addresses", None, {"hooks": {"payment": {"cidrs": []}}}, ["hooks.payment.cidrs:"]),
    ("no authority of signing certificates", None, {"signingAuthorities": {"secretName": ""}}, ["signingAuthorities.secretName:"]),
    ("authorities that nobody asks", None, {"signingAuthorities": {"unchecked": True}}, ["signingAuthorities.unchecked:"]),
    ("a hospital twice", None, {"hospitals": [HIS, HIS]}, ["hospitals: H13030200001 stands there twice"]),
    ("a plain hospital in production", None, {"hospitals": [{**HIS, "url": "http://his.example"}]},
        ["hospitals: H13030200001: production needs https"]),
    ("a hospital without addresses", None, {"hospitals": [{**HIS, "cidrs": []}]},
        ["hospitals: H13030200001: networkPolicy.enabled needs"]),
    ("cert-manager without issuer", None, {"tls": {"mode": "certManager"}}, ["tls.certManager.issuerRef.name:"]),
    ("two authorities", "single", {"tls": {"certManager": {"issuerRef": {"name": "x"}}}}, ["tls.certManager: createCa"]),
    ("renewal after the end", "single", {"tls": {"certManager": {"duration": "24h", "renewBefore": "24h"}}},
        ["tls.certManager.renewBefore:"]),
    ("renewal after the alert", "single", {"tls": {"certManager": {"duration": "2160h", "renewBefore": "360h"}}},
        ["tls.certManager.renewBefore: 360h is less than a third"]),
    ("one certificate for all", None, {"tls": {"existing": {"secretName": "mesh"}}}, ["tls.existing.secretName:"]),
    ("public TLS without a Secret", None, {"gateway": {"tls": {"mode": "secret"}}},
        ["gateway.tls.secretName:", "probe.serverName:"]),
    ("public TLS without names", None, {"gateway": {"tls": {"mode": "certManager"}}},
        ["gateway.tls: mode certManager", "probe.serverName:"]),
    ("a plain port to the outside", None, {"gateway": {"service": {"type": "LoadBalancer"}}}, ["gateway.service.type:"]),
    ("a grace that cuts calls", None, {"lifecycle": {"terminationGracePeriodSeconds": 41}},
        ["lifecycle.terminationGracePeriodSeconds: 41 s"]),
    ("a shutdown that cuts calls", None, {"lifecycle": {"maxDeadlineMs": 60000}}, ["lifecycle.shutdownMs:"]),
    ("policies without the database", None, {"networkPolicy": {"databaseTo": []}}, ["networkPolicy.databaseTo:"]),
    ("policies without Redis", None, {"networkPolicy": {"redisTo": []}}, ["networkPolicy.redisTo:"]),
    ("policies without DNS", None, {"networkPolicy": {"dnsTo": []}}, ["networkPolicy.dnsTo:"]),
    ("traces that are not let out", None, {"telemetry": {"otlpEndpoint": "http://c:4317"}}, ["networkPolicy.otlpTo:"]),
    ("Prometheus that is not let in", "ha", {"networkPolicy": {"prometheusFrom": []}},
        ["networkPolicy.prometheusFrom:"]),
    ("an outside that is not let in", None, {"networkPolicy": {"gatewayFrom": []}}, ["networkPolicy.gatewayFrom:"]),
    ("an Ingress without names", None, {"gateway": {"ingress": {"hosts": []}}}, ["gateway.ingress.hosts:"]),
    ("an Ingress without TLS", None, {"gateway": {"ingress": {"tlsSecretName": ""}}}, ["gateway.ingress.tlsSecretName:"]),
    ("an HTTPRoute to nowhere", None, {"gateway": {"httpRoute": {"enabled": True}}}, ["gateway.httpRoute:"]),
    ("fewest above most", "ha", {"roles": {"order": {"autoscaling": {"minReplicas": 20}}}},
        [f"{ORDER}.autoscaling: minReplicas 20"]),
    ("scaling without a request", "ha", {"roleDefaults": {"resources": {"requests": {"cpu": None}}}},
        [f"{ORDER}.resources.requests.cpu:"]),
    ("a budget of both kinds", "ha", {"roleDefaults": {"podDisruptionBudget": {"minAvailable": 1}}},
        [f"{ORDER}.podDisruptionBudget: minAvailable and maxUnavailable"]),
    ("a budget of neither kind", "ha", {"roleDefaults": {"podDisruptionBudget": {"maxUnavailable": ""}}},
        [f"{ORDER}.podDisruptionBudget: needs"]),
    ("a budget that blocks drains", None, {"roles": {"order": {"podDisruptionBudget": {
        "maxUnavailable": "", "minAvailable": 2}}}}, [f"{ORDER}.podDisruptionBudget: with 2 replica(s)"]),
    ("a budget of nothing away", None, {"roles": {"order": {"podDisruptionBudget": {"maxUnavailable": 0}}}},
        [f"{ORDER}.podDisruptionBudget: with 2 replica(s)"]),
    ("more connections than the database takes", "ha", {"roles": {"order": {"databaseConnections": 20}}},
        [f"{ORDER}.databaseConnections: 10 replicas and one while rolling, 20 each and one that looks, are 231"]),
    ("just as many connections as without the one that looks", "ha", {"roles": {"order": {"autoscaling": {
        "maxReplicas": 11}}}}, [f"{ORDER}.databaseConnections: 11 replicas"]),
    ("more connections than the server takes", None, {"database": {"serverConnectionLimit": 100}},
        ["database.serverConnectionLimit: all roles together could open 189"]),
    ("believing what callers say of themselves", None, {"gateway": {"tls": {"mode": "secret", "secretName": "x"},
        "ingress": {"enabled": False}}, "probe": {"serverName": "liufang.example"}}, ["gateway.trustedProxies:"]),
    ("an issuer cert-manager does not have", None, {"gateway": {"tls": {"issuerRef": {"kind": "Vault"}}}},
        ["gateway.tls.issuerRef.kind:"]),
    ("a scrape longer than its interval", "ha", {"serviceMonitor": {"scrapeTimeout": "1m"}},
        ["serviceMonitor.scrapeTimeout: 1m"]),
    ("a share that blocks drains", None, {"roles": {"order": {"podDisruptionBudget": {
        "maxUnavailable": "", "minAvailable": "67%"}}}}, [f"{ORDER}.podDisruptionBudget: with 2 replica(s)"]),
    ("a secret in a variable", None, {"roles": {"order": {"extraEnv": [{"name": "LIUFANG__BUS__URL"}]}}},
        [f"{ORDER}.extraEnv: LIUFANG__BUS__URL"]),
    ("a variable twice", None, {"roles": {"order": {"extraEnv": [{"name": "TZ"}, {"name": "TZ"}]}}},
        [f"{ORDER}.extraEnv: TZ is there twice"]),
]

SCHEMA = [
    ("unknown value", {"replicaCount": 3}, "additional properties 'replicaCount'"),
    ("unknown value of a role", {"roles": {"order": {"replica": 3}}}, "/roles/order"),
    ("unknown role", {"roles": {"billing": {}}}, "/roles"),
    ("short digest", {"image": {"digest": "sha256:12"}}, "/image/digest"),
    ("port", {"database": {"port": 70000}}, "/database/port"),
    ("replicas", {"roleDefaults": {"replicas": 0}}, "/roleDefaults/replicas"),
    ("root", {"podSecurity": {"runAsUser": 0}}, "/podSecurity/runAsUser"),
    ("profile", {"profile": "test"}, "/profile"),
    ("audit's schedule", {"audit": {"schedule": "nightly"}}, "/audit/schedule"),
    ("audit's login", {"audit": {"user": "liufang_{role}"}}, "/audit/user"),
    ("TLS mode", {"tls": {"mode": "none"}}, "/tls/mode"),
    ("ssl mode", {"database": {"sslMode": "allow"}}, "/database/sslMode"),
    ("address", {"redis": {"addresses": ["redis"]}}, "/redis/addresses/0"),
    ("range", {"hooks": {"payment": {"cidrs": ["10.0.0.0/33"]}}}, "/hooks/payment/cidrs/0"),
    ("a pharmacy that is told", {"hospitals": [{**HIS, "code": "P13030200001"}]}, "/hospitals/0/code"),
    ("key", {"auth": {"verifyKeys": ["short"]}}, "/auth/verifyKeys/0"),
    ("text for a number", {"lifecycle": {"drainMs": "soon"}}, "/lifecycle/drainMs"),
    ("quantity", {"roleDefaults": {"resources": {"limits": {"memory": "lots"}}}}, "/roleDefaults/resources/limits/memory"),
    ("a label of the chart", {"commonLabels": {"app.kubernetes.io/name": "x"}}, "/commonLabels"),
    ("a label of the chart on pods", {"roleDefaults": {"podLabels": {"liufang/role": "x"}}}, "/roleDefaults/podLabels"),
    ("a name that would be cut", {"fullnameOverride": "a" * 41}, "/fullnameOverride"),
    ("traces over TLS", {"telemetry": {"otlpEndpoint": "https://collector.example"}}, "/telemetry/otlpEndpoint"),
    ("two roles in a host", {"database": {"host": "{role}-{role}"}}, "/database/host"),
    ("peer that is everybody", {"networkPolicy": {"databaseTo": [{}]}}, "/networkPolicy/databaseTo/0"),
]


def deep(base, top):
    for key, value in top.items():
        base[key] = deep(base.get(key) or {}, value) if isinstance(value, dict) else value
    return base


def check(report):
    for what, preset, values, parts in PAIRS:
        objects, message = template(preset, values)
        ok = objects is None and all(part in message for part in parts)
        ok = ok and f"{len(parts)} mistake(s)" in message or ok and what in MANY
        report(f"refused: {what}", ok, message or "it was rendered")
    for what, values, part in SCHEMA:
        objects, message = template(None, values)
        report(f"refused by the schema: {what}", objects is None and part in message, message or "it was rendered")
    # nothing given at all: every line at once
    _, message = template(None, None, installation=False)
    wanted = ["image.digest", "auth.verifyKeys", "database.host", "redis.addresses", "redis.ca.secretName", "hooks.verification.url",
              "hooks.payment.url", "hooks.insurer.url", "hooks.courier.url", "networkPolicy.databaseTo"]
    report("all mistakes of an empty installation in one message",
           all(part in message for part in wanted) and "13 mistake(s)" in message, message)
    together = {}
    for what, _, values, parts in PAIRS:
        if what in TOGETHER:
            together = deep(together, values)
    _, message = template(None, together)
    wanted = [part for what, _, _, parts in PAIRS if what in TOGETHER for part in parts]
    report("mistakes of different kinds in one message", all(part in message for part in wanted), message)
    together = {}
    for _, values, _ in SCHEMA:
        together = deep(together, values)
    _, message = template(None, together)
    report("all mistakes of shape in one message", all(part in message for _, _, part in SCHEMA), message)


# mistakes of roleDefaults are found in every role
MANY = {"scaling without a request", "a budget of both kinds", "a budget of neither kind"}
TOGETHER = {"an image without digest", "the sandbox in production", "no database", "no Redis", "one Secret for all",
            "cert-manager without issuer", "a grace that cuts calls", "policies without DNS", "a variable twice",
            "an Ingress without TLS", "an HTTPRoute to nowhere", "a budget of nothing away"}
