#!/usr/bin/env python3
"""The backup drill on small data: back up under load, destroy, restore elsewhere, replay, reconcile. See README.md here.

    drill.py PROGRAM          PROGRAM is the liufang binary; called by scripts/backup-drill.sh

Starts private servers on free ports, as an ordinary user when run by root. The outside parties (sandbox) keep books of their own
that the accident does not touch, as banks do.
"""

import contextlib
import csv
import glob
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# callers before those they call, readers of events before their writers: see README.md, "Dumps"
DUMP_ORDER = ["supervision", "order", "dispatch", "prescription", "inventory", "settlement", "channels", "identity"]
BUYERS = [163, 165, 167, 168, 170, 152]
PHARMACY, GRANULES, OIL = "P11010500001", "ZA01AAG2491010100674", "ZD03AAF5391010100786"
RESTORE_POINT = "before_the_accident"
STARTED = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:5.1f} s] {text}", flush=True)


def check(ok, text: str) -> None:
    if not ok:
        raise SystemExit(f"the drill failed: {text}")
    say(f"ok: {text}")


def until(text: str, ask, seconds: float = 60):
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if end < time.monotonic():
            raise SystemExit(f"the drill failed: not within {seconds:.0f} s: {text}")
        time.sleep(0.1)


def free_port() -> int:
    """Below the range of outgoing connections, so that nobody takes it in between."""
    for step in range(2000):
        port = 10000 + (os.getpid() * 997 + step * 31 + time.monotonic_ns() // 1000) % 20000
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise SystemExit("no free port")


def program(name: str) -> str:
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
    return found[-1] if found else shutil.which(name) or sys.exit(f"{name} is not installed")


# PostgreSQL refuses root
UNPRIVILEGED = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--"] if os.getuid() == 0 else []


def run(*command, **more) -> str:
    done = subprocess.run([*UNPRIVILEGED, *map(str, command)], capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise SystemExit(f"the drill failed: {command[0]}: {done.stderr.strip()[-2000:]}")
    return done.stdout


class Child:
    """A process of the drill with its log."""

    def __init__(self, folder: pathlib.Path, name: str, command, unprivileged=True, env=None):
        self.name, self.log = name, folder / f"{name}.log"
        prefix = UNPRIVILEGED if unprivileged else []
        with self.log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen([*prefix, *map(str, command)], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env)
        CHILDREN.append(self)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def alive(self) -> bool:
        return self.process.poll() is None

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:]


CHILDREN: list[Child] = []


class Postgres:
    def __init__(self, folder: pathlib.Path, name: str):
        self.folder, self.name, self.port = folder, name, free_port()
        self.data = folder / name

    def create(self, archive: pathlib.Path) -> None:
        run(program("initdb"), "-D", self.data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
            "--data-checksums", "--no-sync")
        settings = f"wal_level=replica\narchive_mode=on\narchive_command='test ! -f {archive}/%f && cp %p {archive}/%f'\n"
        (self.data / "postgresql.conf").open("a").write(settings)

    def start(self) -> None:
        self.child = Child(self.folder, self.name, [
            program("postgres"), "-D", self.data, "-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1",
            "-c", f"unix_socket_directories={self.folder}", "-c", "max_connections=200", "-c", "fsync=off"])

        def answers() -> bool:
            if not self.child.alive():
                raise SystemExit(f"the drill failed: PostgreSQL ended: {self.child.tail()}")
            ready = subprocess.run([program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False)
            return ready.returncode == 0 and self.sql("postgres", "SELECT pg_is_in_recovery()") == "f"

        until("PostgreSQL answers", answers)

    def sql(self, database: str, text: str) -> str:
        return run(program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", self.port, "-U", "postgres", "-d",
                   database, "-c", text).strip()

    def logins(self) -> None:
        for role in DUMP_ORDER:
            self.sql("postgres", f"CREATE ROLE liufang_{role} LOGIN PASSWORD 'drill-{role}'")
            self.sql("postgres", f"CREATE DATABASE liufang_{role} OWNER liufang_{role}")


class Redis:
    def __init__(self, folder: pathlib.Path, name: str):
        self.folder, self.name, self.port = folder, name, free_port()

    def start(self) -> None:
        self.child = Child(self.folder, self.name, ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "",
                                                    "--appendonly", "no", "--dir", self.folder])

        def answers() -> bool:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
            return False

        until("Redis answers", answers)


class Refused(Exception):
    pass


class Installation:
    """Our roles in one process; the gateway's and settlement's ports stay the same wherever the databases are."""

    def __init__(self, binary: str, folder: pathlib.Path):
        self.binary, self.folder = binary, folder
        self.gateway, self.settlement, self.outside = free_port(), free_port(), free_port()
        self.tokens: dict[int, str] = {}

    def settings(self, postgres: Postgres, redis: Redis) -> list[str]:
        roles = [part for role in [*DUMP_ORDER, "gateway"] for part in ("--role", role)]
        values = {
            "data_dir": self.folder / "ours",
            "database.url": f"postgres://liufang_{{role}}:drill-{{role}}@127.0.0.1:{postgres.port}/liufang_{{role}}",
            "database.migrate_at_start": "false",
            "bus.kind": "redis",
            "bus.url": f"redis://127.0.0.1:{redis.port}/",
            "gateway.listen": f"127.0.0.1:{self.gateway}",
            "mesh.listen.settlement": f"127.0.0.1:{self.settlement}",
            "mesh.peers.sandbox": f"http://127.0.0.1:{self.outside}",
        }
        return [*roles, *sets(values)]

    def migrate(self, postgres: Postgres, redis: Redis) -> None:
        run_program(self.binary, "migrate", *self.settings(postgres, redis))

    def serve(self, name: str, postgres: Postgres, redis: Redis) -> Child:
        child = Child(self.folder, name, [self.binary, "serve", *self.settings(postgres, redis)], unprivileged=False)

        def ready() -> bool:
            if not child.alive():
                raise SystemExit(f"the drill failed: liufang ended: {child.tail()}")
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.gateway}/readyz", timeout=2) as answer:
                return answer.status == 200
            return False

        until("the gateway is ready", ready)
        return child

    def serve_outside(self) -> None:
        values = {
            "data_dir": self.folder / "outside",
            "mesh.listen.sandbox": f"127.0.0.1:{self.outside}",
            "mesh.peers.settlement": f"http://127.0.0.1:{self.settlement}",
        }
        Child(self.folder, "outside", [self.binary, "serve", "--role", "sandbox", *sets(values)], unprivileged=False)

    def call(self, method: str, body: dict, token: str = "", key: str = "") -> dict:
        headers = {"content-type": "application/json", "idempotency-key": key or str(uuid.uuid4())}
        if token:
            headers["authorization"] = f"Bearer {token}"
        request = urllib.request.Request(f"http://127.0.0.1:{self.gateway}/liufang.{method}", json.dumps(body).encode(), headers)
        for _ in range(40):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                refusal = json.load(error)
                # a lost race or nobody there: the same call under the same key
                if refusal.get("code") not in ("aborted", "unavailable"):
                    reasons = [detail.get("debug", {}).get("reason") for detail in refusal.get("details", [])]
                    raise Refused(f"{method}: {refusal.get('code')} {[r for r in reasons if r]} {refusal.get('message')}") from error
            except OSError:
                pass
            time.sleep(0.25)
        raise Refused(f"{method}: nobody answers")

    # -- a patient ----------------------------------------------------------------------------------------------------

    def sign_in(self, row: int, purpose: str) -> None:
        person = PERSONS[row]
        verification = "identity.v1.VerificationService"
        body = {"purpose": purpose, "psnName": person["name"], "psnCertType": person["cert_type"], "certno": person["cert_no"],
                "phone": person["phone"]}
        number = self.call(f"{verification}/StartVerification", body)["verification"]["verificationId"]
        self.call(f"{verification}/SendPhoneCode", {"verificationId": number})
        texts = self.call("sandbox.v1.SandboxService/ListMessages", {"phone": person["phone"]})["texts"]
        code = next(run_ for run_ in "".join(c if c.isdigit() else " " for c in texts[0]).split() if len(run_) == 6)
        self.call(f"{verification}/VerifyPhoneCode", {"verificationId": number, "code": code})
        self.call(f"{verification}/VerifyFace", {"verificationId": number, "captureRef": "face-pass"})
        reply = self.call("identity.v1.TokenService/SignIn", {"verificationId": number})
        self.tokens[row] = reply["tokens"]["accessToken"]

    def buy(self, row: int) -> str:
        """Places and pays an order of marked and unmarked goods with delivery; answers its id."""
        person = PERSONS[row]
        here = {"latE6": int(person["lat_e6"]), "lngE6": int(person["lng_e6"])}
        body = {
            "kind": "ORDER_KIND_OTC", "region": "110000", "fixmedinsCode": PHARMACY, "useAccount": True,
            "items": [{"medListCodg": GRANULES, "quantity": "1"}, {"medListCodg": OIL, "quantity": "1"}],
            "fulfilment": "FULFILMENT_DELIVERY",
            "delivery": {"recipientName": person["name"], "recipientPhone": person["phone"], "address": person["address"],
                         "location": here},
        }
        order = self.call("order.v1.OrderService/PlaceOrder", body, self.tokens[row])["order"]
        pay = {"orderId": order["orderId"], "quoteId": order["quote"]["quoteId"], "channel": "CHANNEL_ALIPAY"}
        self.call("order.v1.OrderService/PayOrder", pay, self.tokens[row])
        return order["orderId"]

    def state(self, row: int, order: str) -> str:
        reply = self.call("order.v1.OrderService/GetOrder", {"orderId": order}, self.tokens[row])
        return reply["order"]["state"].removeprefix("ORDER_STATE_")

    def paid(self, row: int, order: str) -> None:
        until(f"order {order} is paid", lambda: self.state(row, order) == "PAID")


def sets(values: dict) -> list[str]:
    return [part for key, value in values.items() for part in ("--set", f"{key}={value}")]


def run_program(binary: str, *arguments) -> str:
    done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"the drill failed: {done.stderr.strip()[-2000:]}")
    return done.stdout.strip()


def persons() -> dict[int, dict]:
    with (ROOT / "deploy/seed/persons.tsv").open(encoding="utf-8", newline="") as file:
        return {int(row["row"]): row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}


PERSONS = persons()


def outside_books(ours: Installation, folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """The statements of the channel and of the insurer, as files they would send."""
    kinds = [
        ("channel", "ListChannelBook", {"channel_order_no": "channelOrderNo", "amount_fen": "amountFen", "refunded_fen": "refundedFen",
                                        "state": "state"}),
        ("insurer", "ListInsurerBook", {"setl_id": "setlId", "msgid": "msgid", "fund_pay_sumamt_fen": "fundPaySumamtFen",
                                        "reversed": "reversed"}),
    ]
    paths = []
    for name, method, columns in kinds:
        path = folder / f"{name}-book.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            for row in ours.call(f"sandbox.v1.SandboxService/{method}", {})["rows"]:
                writer.writerow([row[field] for field in columns.values()])
        paths.append(path)
    return paths[0], paths[1]


def reconcile(ours: Installation, postgres: Postgres, redis: Redis, folder: pathlib.Path) -> list[dict]:
    channel, insurer = outside_books(ours, folder)
    done = subprocess.run(
        [ours.binary, "audit", "--json", "--grace-seconds", "5", "--channel-book", channel, "--insurer-book", insurer,
         *ours.settings(postgres, redis)], capture_output=True, text=True)
    for line in [*done.stdout.splitlines(), *done.stderr.splitlines()]:
        print(f"        {line}", flush=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"the drill failed: audit ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def named_in(found: list[dict]) -> set[tuple[str, str]]:
    """The kind of each difference, and whom it names: a number outside, or an order."""
    return {(row["kind"], row.get("number", row.get("order_id", ""))) for row in found}


def number_of(postgres: Postgres, order: str) -> str:
    return postgres.sql("liufang_settlement", f"SELECT channel_order_no FROM payment WHERE order_id = '{order}'")


def waiting(postgres: Postgres, role: str) -> int:
    kept = postgres.sql(f"liufang_{role}", "SELECT count(*) FROM information_schema.columns WHERE table_name = 'outbox' "
                        "AND column_name = 'published_at_us'")
    only = "WHERE published_at_us = 0" if kept == "1" else ""
    return int(postgres.sql(f"liufang_{role}", f"SELECT count(*) FROM outbox {only}"))


def drained(postgres: Postgres) -> None:
    until("every outbox is published", lambda: not any(waiting(postgres, role) for role in DUMP_ORDER))


def told(postgres: Postgres, orders: list[str]) -> int:
    """How many of these payments supervision has been told of by events."""
    wanted = ",".join(f"'{order}'" for order in orders)
    ids = postgres.sql("liufang_settlement", f"SELECT payment_id FROM payment WHERE order_id IN ({wanted})").splitlines()
    listed = ",".join(f"'{one}'" for one in ids)
    return int(postgres.sql("liufang_supervision", f"SELECT count(*) FROM payment WHERE payment_id IN ({listed})"))


def books_agree(ours: Installation, operator: str) -> None:
    audit = ours.call("settlement.v1.LedgerService/AuditLedger", {}, operator)
    balance = ours.call("settlement.v1.LedgerService/GetTrialBalance", {}, operator)
    check(audit["ok"] and int(balance["sumFen"]) == 0, f"the ledger's chain of {audit['transfers']} transfers is whole and sums to zero")


# -- the drill ---------------------------------------------------------------------------------------------------------


def base_backup(server: Postgres, folder: pathlib.Path) -> pathlib.Path:
    target = folder / "base"
    run(program("pg_basebackup"), "-h", "127.0.0.1", "-p", server.port, "-U", "postgres", "-D", target, "-X", "stream", "-c", "fast")
    run(program("pg_verifybackup"), target)
    say("base backup of the whole server taken and verified")
    return target


def dump(server: Postgres, folder: pathlib.Path, roles: list[str]) -> None:
    for role in roles:
        run(program("pg_dump"), "-h", "127.0.0.1", "-p", server.port, "-U", "postgres", "-Fc", "-f", folder / f"{role}.dump",
            f"liufang_{role}")


def restore_base(folder: pathlib.Path, base: pathlib.Path, archive: pathlib.Path) -> Postgres:
    server = Postgres(folder, "restored-base")
    shutil.move(base, server.data)
    recovery = (f"\nrestore_command = 'cp {archive}/%f %p'\nrecovery_target_name = '{RESTORE_POINT}'\n"
                "recovery_target_action = promote\narchive_mode = off\n")
    (server.data / "postgresql.conf").open("a").write(recovery)
    (server.data / "recovery.signal").touch()
    server.start()
    return server


def restore_dumps(folder: pathlib.Path) -> Postgres:
    server = Postgres(folder, "restored-dumps")
    run(program("initdb"), "-D", server.data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    server.start()
    server.logins()
    for role in DUMP_ORDER:
        run(program("pg_restore"), "-h", "127.0.0.1", "-p", server.port, "-U", "postgres", "--role", f"liufang_{role}", "--no-owner",
            "--exit-on-error", "-d", f"liufang_{role}", folder / f"{role}.dump")
    return server


def drill(binary: str, folder: pathlib.Path) -> None:
    archive, dumps = folder / "archive", folder / "dumps"
    first, redis = Postgres(folder, "first"), Redis(folder, "redis")
    for path in (archive, dumps):
        path.mkdir()
        own(path)
    first.create(archive)
    first.start()
    redis.start()
    first.logins()
    ours = Installation(binary, folder)
    ours.serve_outside()
    ours.migrate(first, redis)
    running = ours.serve("ours-first", first, redis)
    say("PostgreSQL, Redis and every role run")
    operator = run_program(binary, "token", *sets({"data_dir": folder / "ours"}))
    seeded = run_program(binary, "seed", "--gateway", f"http://127.0.0.1:{ours.gateway}", *sets({"data_dir": folder / "ours"}))
    say(f"seed: {seeded.splitlines()[0] if seeded else ''}")
    for row in BUYERS:
        ours.sign_in(row, "PURPOSE_REGISTER")
    buy = [None] * 7
    for n in (1, 2):
        buy[n] = ours.buy(BUYERS[n - 1])
        ours.paid(BUYERS[n - 1], buy[n])
    until("supervision was told of orders 1 and 2", lambda: told(first, buy[1:3]) == 2)
    say("orders 1 and 2 are paid and told")

    redis.child.kill()
    say("Redis is gone: events wait in the outbox")
    buy[3] = ours.buy(BUYERS[2])
    until("order 3 is captured", lambda: "captured" in payment_state(first, buy[3]))
    check(told(first, buy[3:4]) == 0 and waiting(first, "settlement") > 0, "order 3 is captured, nobody was told of it")
    base = base_backup(first, folder)
    dump(first, dumps, DUMP_ORDER[:2])
    buy[4] = ours.buy(BUYERS[3])
    until("order 4 is captured", lambda: "captured" in payment_state(first, buy[4]))
    dump(first, dumps, DUMP_ORDER[2:])
    say("dumps taken, order 4 bought between those of order and settlement")
    buy[5] = ours.buy(BUYERS[4])
    until("order 5 is captured", lambda: "captured" in payment_state(first, buy[5]))
    first.sql("postgres", f"SELECT pg_create_restore_point('{RESTORE_POINT}')")
    buy[6] = ours.buy(BUYERS[5])
    until("order 6 is captured", lambda: "captured" in payment_state(first, buy[6]))
    numbers = {n: number_of(first, buy[n]) for n in range(1, 7)}
    segment = first.sql("postgres", "SELECT pg_walfile_name(pg_switch_wal())")
    until("the last log segment is archived", lambda: (archive / segment).exists())
    running.kill()
    first.child.kill()
    shutil.rmtree(first.data)
    say("accident: server, data and roles are gone; orders 1 to 6 were paid at the channel")

    say("-- restore A: base backup, archived log up to the restore point")
    second, redis = restore_base(folder, base, archive), Redis(folder, "redis-a")
    check(told(second, buy[3:6]) == 0, "the restored server has the events of orders 3 to 5 in its outboxes only")
    running, named = replayed(ours, "ours-a", second, redis, folder, buy[1:6], operator)
    check(("CHANNEL_UNKNOWN_TO_US", numbers[6]) in named, "the reconciliation names order 6 by the channel's number")
    check({kind for kind, _ in named} <= {"CHANNEL_UNKNOWN_TO_US", "INSURER_UNKNOWN_TO_US"} and
          not any(number in numbers.values() and number != numbers[6] for _, number in named), "and nothing else")
    running.kill()
    second.child.kill()
    redis.child.kill()

    say("-- restore B: one dump per database")
    third, redis = restore_dumps(dumps), Redis(folder, "redis-b")
    running, named = replayed(ours, "ours-b", third, redis, folder, buy[1:4], operator)
    for n in (5, 6):
        check(("CHANNEL_UNKNOWN_TO_US", numbers[n]) in named, f"the reconciliation names order {n} by the channel's number")
    check(("PAID_WITHOUT_ORDER", buy[4]) in named, "and order 4, which settlement knows and order does not")
    again = ours.buy(BUYERS[0])
    ours.paid(BUYERS[0], again)
    check(True, "the restored installation takes new orders")
    running.kill()


def replayed(ours: Installation, name: str, restored: Postgres, redis: Redis, folder: pathlib.Path, orders: list[str], operator: str):
    """Serves what was restored until these orders, the first ones bought, are paid and told of; then what the audit names."""
    redis.start()
    running = ours.serve(name, restored, redis)
    for buyer, order in zip(BUYERS, orders):
        ours.paid(buyer, order)
    drained(restored)
    until("supervision was told", lambda: told(restored, orders) == len(orders))
    check(True, f"orders 1 to {len(orders)} are paid; their news was replayed from the outbox")
    books_agree(ours, operator)
    return running, named_in(reconcile(ours, restored, redis, folder))


def payment_state(postgres: Postgres, order: str) -> str:
    return postgres.sql("liufang_settlement", f"SELECT state FROM payment WHERE order_id = '{order}'")


def own(path: pathlib.Path) -> None:
    if UNPRIVILEGED:
        shutil.chown(path, "nobody", "nogroup")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="liufang-drill-"))
    own(folder)
    folder.chmod(0o755)
    done = False
    try:
        drill(str(pathlib.Path(sys.argv[1]).resolve()), folder)
        done = True
    except Refused as refused:
        raise SystemExit(f"the drill failed: {refused}") from refused
    finally:
        for child in reversed(CHILDREN):
            if child.alive():
                child.kill()
        if done:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"logs and data are kept in {folder}", file=sys.stderr)
    say("the drill went well")


if __name__ == "__main__":
    main()
