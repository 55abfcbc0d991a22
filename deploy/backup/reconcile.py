#!/usr/bin/env python3
"""After a restore: names what the outside knows and we do not, and what one service knows and another does not.

    reconcile.py --channel-book BOOK --insurer-book BOOK --settlement DSN --order DSN [--json FILE]

A BOOK is a CSV file with a header: channel_order_no,amount_fen,refunded_fen,state of the payment channel's statement;
setl_id,msgid,fund_pay_sumamt_fen,reversed of the insurer's. A DSN is what psql takes; a login that may only read will do.
It changes nothing. Ends with 1 when there is anything to mend. What to do about each kind: deploy/backup/README.md.
"""

import argparse
import csv
import io
import json
import pathlib
import subprocess
import sys

TRUE = ("t", "true", "True", "1")


def rows(dsn: str, sql: str) -> list[dict[str, str]]:
    done = subprocess.run(
        ["psql", "--no-psqlrc", "--csv", "--set", "ON_ERROR_STOP=1", "--command", sql, dsn], capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(f"psql: {done.stderr.strip()}")
    return list(csv.DictReader(io.StringIO(done.stdout)))


def book(path: pathlib.Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def channel(found: list, outside: list[dict], ours: dict[str, dict]) -> None:
    """Every payment the channel has against ours; amounts are what is kept after refunds."""
    seen = set()
    for row in outside:
        number, state = row["channel_order_no"], row["state"]
        seen.add(number)
        kept = int(row["amount_fen"]) - int(row["refunded_fen"]) if state in ("paid", "refunded") else 0
        payment = ours.get(number)
        if payment is None:
            if kept:
                found.append({"kind": "CHANNEL_UNKNOWN_TO_US", "number": number, "fen": kept})
            continue
        if payment["state"] in ("pending", "refunding", "authorised"):
            continue  # being asked for; run again when nothing is pending
        mine = int(payment["cash_fen"]) if payment["state"] == "captured" else 0
        if kept != mine:
            found.append({"kind": "CHANNEL_DIFFERS", "number": number, "fen": kept - mine, "payment": payment["payment_id"]})
    for number, payment in ours.items():
        if payment["state"] == "captured" and int(payment["cash_fen"]) and number not in seen:
            found.append({"kind": "UNKNOWN_TO_CHANNEL", "number": number, "fen": int(payment["cash_fen"])})


def insurer(found: list, outside: list[dict], payments: list[dict]) -> None:
    """Every settlement of the insurer against ours, by the number of the message that asked for it."""
    ours = {row["msgid"]: row for row in payments if row["msgid"]}
    for row in outside:
        standing = row["reversed"] not in TRUE
        payment = ours.get(row["msgid"])
        if payment is None:
            if standing:
                found.append({"kind": "INSURER_UNKNOWN_TO_US", "number": row["setl_id"], "fen": int(row["fund_pay_sumamt_fen"])})
        elif payment["state"] in ("captured", "refunded") and standing != (payment["state"] == "captured"):
            found.append({"kind": "INSURER_DIFFERS", "number": row["setl_id"], "payment": payment["payment_id"], "fen": 0})


def orders(found: list, payments: list[dict], purchases: list[dict]) -> None:
    """Every payment against its order, and every order against the payment it names."""
    known = {row["order_id"]: row["state"] for row in purchases}
    made = {row["payment_id"] for row in payments}
    for row in purchases:
        if row["payment_id"] and row["payment_id"] not in made:
            found.append({"kind": "ORDER_WITHOUT_PAYMENT", "number": row["order_id"], "payment": row["payment_id"], "fen": 0})
    for row in payments:
        state = known.get(row["order_id"])
        if row["state"] == "captured" and state is None:
            found.append({"kind": "PAID_WITHOUT_ORDER", "number": row["order_id"], "payment": row["payment_id"],
                          "fen": int(row["cash_fen"])})
        elif row["state"] == "captured" and state in ("cancelled", "awaiting_payment", "placing", "refused"):
            found.append({"kind": "PAID_BUT_ORDER_IS", "number": row["order_id"], "payment": row["payment_id"], "order": state,
                          "fen": int(row["cash_fen"])})


def ledger(found: list, settlement: str) -> None:
    """Every region's sum and balances; AuditLedger checks holds and the hash chains too."""
    totals = rows(settlement, "SELECT region, sum(amount_fen) AS fen FROM book_entry GROUP BY region HAVING sum(amount_fen) <> 0")
    found += [{"kind": "LEDGER_IMBALANCE", "number": row["region"], "fen": int(row["fen"])} for row in totals]
    off = rows(settlement, "SELECT region, account, sum(balance) AS fen FROM (SELECT region, account, amount_fen AS balance FROM book_entry "
               "UNION ALL SELECT region, account, -balance_fen FROM book_balance) both_sides GROUP BY region, account HAVING sum(balance) <> 0")
    found += [{"kind": "LEDGER_BALANCE", "number": row["account"], "region": row["region"], "fen": int(row["fen"])} for row in off]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channel-book", type=pathlib.Path, required=True)
    parser.add_argument("--insurer-book", type=pathlib.Path, required=True)
    parser.add_argument("--settlement", required=True)
    parser.add_argument("--order", required=True)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    found: list[dict] = []
    payments = rows(arguments.settlement,
                    "SELECT payment_id, order_id, state, cash_fen, channel_order_no, msgid FROM payment ORDER BY created_at_us")
    purchases = rows(arguments.order, "SELECT order_id, state, payment_id FROM purchase_order ORDER BY created_at_us")
    by_number = {row["channel_order_no"]: row for row in payments if row["channel_order_no"]}
    channel(found, book(arguments.channel_book), by_number)
    insurer(found, book(arguments.insurer_book), payments)
    orders(found, payments, purchases)
    ledger(found, arguments.settlement)
    pending = sum(row["state"] in ("pending", "refunding") for row in payments)
    print(f"{len(payments)} payments, {len(purchases)} orders, {pending} pending; {len(found)} differences")
    for row in found:
        more = " ".join(f"{key}={value}" for key, value in row.items() if key not in ("kind", "number", "fen"))
        print(f"  {row['kind']:<22} {row['number']} {row['fen']} fen {more}".rstrip())
    if arguments.json:
        arguments.json.write_text(json.dumps(found), encoding="utf-8")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
