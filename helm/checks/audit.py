"""What the rendered audit must say; rows as in assertions.py."""

from .render import at

ON = {"audit": {"enabled": True}}


def on(**own):
    return {"audit": {"enabled": True, **own}}


def job(o):
    return o.at("CronJob", "-audit", "spec.jobTemplate.spec")


def container(o):
    return at(job(o), "template.spec.containers.0")


def env(o):
    return {row["name"]: row for row in container(o)["env"]}


def objects(o):
    return [t for t in o.all if "audit" in t["metadata"]["name"] and t["kind"] != "ConfigMap"]


AUDIT = [
    ("no audit unless asked", "single", {}, lambda o: not objects(o)),
    ("the watched preset audits", "ha", {}, lambda o: o.has("CronJob", "-audit")),
    ("no audit when switched off", "ha", {"audit": {"enabled": False}}, lambda o: not objects(o)),
    ("it runs when it is asked to, one at a time", "single", on(schedule="5 4 * * 1", timeZone="Asia/Shanghai"), lambda o:
        at(o.get("CronJob", "-audit"), "spec.schedule") == "5 4 * * 1"
        and at(o.get("CronJob", "-audit"), "spec.timeZone") == "Asia/Shanghai"
        and at(o.get("CronJob", "-audit"), "spec.concurrencyPolicy") == "Forbid"),
    ("the cluster's own time zone unless told", "single", ON, lambda o:
        "timeZone" not in o.get("CronJob", "-audit")["spec"]),
    ("it asks every role and speaks to programs", "single", on(graceSeconds=90), lambda o:
        container(o)["args"] == ["audit", "--json", "--grace-seconds", "90"]),
    ("it has the auditor's login to every database, and nothing else that is secret", "ha", {}, lambda o:
        env(o)["LIUFANG__DATABASE__URL"]["value"] == "postgres://liufang_auditor@postgres.data.svc.cluster.local:5432/"
        "liufang_{role}?sslmode=verify-full&sslrootcert=/etc/liufang/database-ca/ca.crt"
        and [r["valueFrom"]["secretKeyRef"] for r in env(o).values() if "valueFrom" in r]
        == [{"name": "liufang-auditor", "key": "database-password"}]
        and {v["name"] for v in at(job(o), "template.spec.volumes")} == {"data", "database-ca"}),
    ("its roles' databases are those of the services", "single", ON, lambda o:
        env(o)["LIUFANG__DATABASE__URL"]["value"].replace("{role}", "order").split("@")[1]
        == o.config("order")["database"]["url"].replace("{role}", "order").split("@")[1]),
    ("it may look at a standby", "single", on(host="standby-{role}.data"), lambda o:
        "@standby-{role}.data:5432/" in env(o)["LIUFANG__DATABASE__URL"]["value"]),
    ("a Secret of the operator's", "single", on(user="eye", secret={"name": "eyes", "key": "word"}), lambda o:
        env(o)["PGPASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": "eyes", "key": "word"}
        and "//eye@" in env(o)["LIUFANG__DATABASE__URL"]["value"] and not o.has("ExternalSecret")),
    ("its Secret from the store", "ha", {}, lambda o: at(
        next(t for t in o.kind("ExternalSecret") if t["metadata"]["name"] == "liufang-auditor"), "spec.data")
        == [{"secretKey": "database-password", "remoteRef": {"key": "liufang/auditor", "property": "database-password"}}]),
    ("a difference is not asked for again, an absent database is", "single", ON, lambda o:
        job(o)["podFailurePolicy"]["rules"] == [{"action": "FailJob", "onExitCodes": {
            "containerName": container(o)["name"], "operator": "In", "values": [1]}}]
        and job(o)["backoffLimit"] == 2 and at(job(o), "template.spec.restartPolicy") == "Never"),
    ("it is given up in the end, and its logs are kept", "single", on(activeDeadlineSeconds=600), lambda o:
        job(o)["activeDeadlineSeconds"] == 600
        and o.at("CronJob", "-audit", "spec.failedJobsHistoryLimit") == 3),
    ("it may go where it is told", "single", on(nodeSelector={"disk": "fast"}, priorityClassName="low"), lambda o:
        at(job(o), "template.spec.nodeSelector") == {"disk": "fast"}
        and at(job(o), "template.spec.priorityClassName") == "low"),
    ("its policy lets it to names and PostgreSQL alone", "single", ON, lambda o:
        {port for _, _, port in o.flows("audit", "egress")} == {53, 5432}
        and not list(o.flows("audit", "ingress"))
        and o.at("NetworkPolicy", "-audit", "spec.podSelector.matchLabels").items()
        <= at(job(o), "template.metadata.labels").items()),
    ("no policy of its own when policies are off", "single", {**ON, "networkPolicy": {"enabled": False}}, lambda o:
        not o.has("NetworkPolicy", "-audit")),
    ("the alert names the CronJob there is", "ha", {"fullnameOverride": "city"}, lambda o: [
        r["expr"].count('cronjob="city-audit"') for t in o.kind("PrometheusRule") for g in t["spec"]["groups"]
        for r in g["rules"] if r.get("alert") == "LiufangAuditFailed"] == [4]
        and [t["metadata"]["name"] for t in o.kind("CronJob")] == ["city-audit"]),
]
