#!/usr/bin/env python3
"""Proves that tests can fail: wakes each deliberate fault of tests/breaks/breaks.toml and runs the behaviour it must turn red.

All faults are compiled into one copy of the tree, asleep; LIUFANG_BREAK wakes one. Usage: breaks.py [NAME ...]
"""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "target" / "breaks"
LIST = ROOT / "tests" / "breaks" / "breaks.toml"


def copy_tree():
    """A copy of the tracked files; unchanged ones keep their time, so that little is built again."""
    files = subprocess.check_output(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, text=True).split("\0")
    kept = set()
    for name in filter(None, files):
        source, target = ROOT / name, COPY / name
        if not source.is_file():
            continue
        kept.add(target)
        yield target, source.read_bytes()
    for old in list(COPY.rglob("*.rs")):
        if old not in kept:
            old.unlink()


def broken_tree(breaks):
    texts = dict(copy_tree())
    for entry in breaks:
        awake = f'std::env::var_os("LIUFANG_BREAK").is_some_and(|name| name == "{entry["name"]}")'
        for edit in entry.get("edits", []):
            path = COPY / edit["file"]
            text = texts[path].decode()
            if text.count(edit["find"]) != 1:
                sys.exit(f'{entry["name"]}: {text.count(edit["find"])} places in {edit["file"]} for: {edit["find"]}')
            texts[path] = text.replace(edit["find"], edit["replace"].replace("BREAK", awake)).encode()
    for path, data in texts.items():
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def build():
    """The path of the suite with every fault in it."""
    command = ["cargo", "test", "--quiet", "-p", "liufang-tests", "--no-run", "--message-format=json"]
    environment = dict(os.environ, CARGO_TARGET_DIR=os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target")))
    output = subprocess.run(command, cwd=COPY, env=environment, stdout=subprocess.PIPE, text=True)
    if output.returncode != 0:
        for line in output.stdout.splitlines():
            message = json.loads(line)
            if message.get("message", {}).get("level") == "error":
                print(message["message"]["rendered"], file=sys.stderr)
        sys.exit("the broken tree does not build")
    for line in output.stdout.splitlines():
        message = json.loads(line)
        if message.get("target", {}).get("name") == "suite" and message.get("executable"):
            return message["executable"]
    sys.exit("cargo named no suite")


def run(suite, test, name=None):
    environment = {key: value for key, value in os.environ.items() if key != "LIUFANG_BREAK"}
    environment["RUST_BACKTRACE"] = "0"
    if name:
        environment["LIUFANG_BREAK"] = name
    command = [suite, "--exact", f"suite::{test}", "--nocapture"]
    ended = subprocess.run(
        command, cwd=COPY / "tests", env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if "running 1 test" not in ended.stdout:
        sys.exit(f"no such test: {test}")
    return ended.returncode == 0, ended.stdout


def place(output):
    """Function and message of the panic."""
    found = re.search(r"panicked at (tests/[^:]+):(\d+):\d+:\n(.*(?:\n .*)*)", output)
    if not found:
        return "", output[-300:]
    path, line, message = COPY / found[1], int(found[2]), found[3]
    if not path.is_file():
        path = COPY / "tests" / found[1]
    lines = path.read_text().splitlines()[:line]
    names = [match[1] for match in map(re.compile(r"\s*(?:pub )?(?:async )?fn (\w+)").match, lines) if match]
    return f"fn {names[-1]}" if names else "", " ".join(message.split())


def tests_of(entry):
    """Full names; a behaviour is tried on SQLite unless the entry names another shape, "" for a test without shapes."""
    shape = entry.get("shape", "on_sqlite")
    tests = entry["test"] if isinstance(entry["test"], list) else [entry["test"]]
    return [f"{test}::{shape}" if shape else test for test in tests]


def prove(suite, entry, test):
    green, output = run(suite, test, entry.get("use", entry["name"]))
    if green:
        return False, "stayed green"
    function, message = place(output)
    said = f"{function} {message}"
    expected = entry.get("expect", "")
    return expected in said, f"{function}: {message}"[:150]


def main():
    breaks = tomllib.loads(LIST.read_text())["breaks"]
    broken_tree(breaks)
    suite = build()
    wanted = [entry for entry in breaks if not sys.argv[1:] or entry["name"] in sys.argv[1:]]
    jobs = [(entry, test) for entry in wanted for test in tests_of(entry)]
    workers = max(1, (os.cpu_count() or 2) // 2 + 1)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        tests = sorted({test for _, test in jobs})
        for test, (green, output) in zip(tests, pool.map(lambda test: run(suite, test), tests)):
            if not green:
                bad += 1
                print(f"RED WITHOUT A BREAK  {test}\n{output[-2000:]}", flush=True)
        for (entry, test), (red, why) in zip(jobs, pool.map(lambda job: prove(suite, *job), jobs)):
            bad += not red
            print(f'{"red" if red else "NOT PROVEN":<11}{entry["name"]:<44}{test.split("::")[0]:<22}{why}', flush=True)
    print(f"{len(jobs) - bad} of {len(jobs)} breaks turned their test red")
    sys.exit(1 if bad else 0)


main()
