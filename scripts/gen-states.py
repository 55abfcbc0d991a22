#!/usr/bin/env python3
"""Copies the tables of states (proto/liufang/prescription/v1/states.txt and settlement's) to the services' pages, and the first to
the comment of its contract. The suite (`the_table_is_published_as_it_is_tested` of `states` and `payment_states`) fails while they
differ."""

import re
from pathlib import Path

root = Path(__file__).resolve().parent.parent
folder = root / "proto/liufang/prescription/v1"
table = (folder / "states.txt").read_text().rstrip()


def put(path: Path, pattern: str, text: str) -> None:
    old = path.read_text()
    new, count = re.subn(pattern, lambda _: text, old, count=1, flags=re.DOTALL)
    if count != 1:
        raise SystemExit(f"{path}: no table to replace")
    path.write_text(new)


put(root / "services/prescription/README.md", r"```text\nStates: .*?\n```", f"```text\n{table}\n```")
comment = "\n".join(f"// {line}".rstrip() for line in table.splitlines())
put(folder / "service.proto", r"// States: .*?\n(?=(?!//))", comment + "\n")

payments = (root / "proto/liufang/settlement/v1/states.txt").read_text().rstrip()
put(root / "services/settlement/README.md", r"```text\nStates: .*?\n```", f"```text\n{payments}\n```")
