#!/usr/bin/env python3
"""Proves that tests can fail: wakes each deliberate fault of tests/breaks/breaks.toml and runs the behaviour it must turn red.

All faults are compiled into one copy of the tree, asleep; LIUFANG_BREAK wakes one. Usage: breaks.py [NAME ...]

A test that goes red proves something when it says what the entry expects; where the entry expects nothing of its own, when
it failed at a line of its own file, of its file's folder or of the cast. A run that has not ended after LIMIT_S seconds is cut.
An entry with `crate` is proven by a test of that service's own.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "target" / "breaks"
TARGET = COPY / "target"
LIST = ROOT / "tests" / "breaks" / "breaks.toml"
LIMIT_S = 300
# a table of states is played for minutes
LONG = {"states::every_cell_answers_as_published": 3 * LIMIT_S}


def limit_of(test):
    """Seconds after which a run is cut."""
    return LONG.get(test.rsplit("::", 1)[0], LIMIT_S)


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
    for folder, folders, names in os.walk(COPY):
        if pathlib.Path(folder) == COPY:
            folders[:] = [name for name in folders if name != TARGET.name]
        for old in (pathlib.Path(folder) / name for name in names if name.endswith(".rs")):
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


def build(crate=""):
    """The path of the suite, or of a service's own tests, with every fault in it."""
    of, target = (["-p", crate, "--lib"], crate.replace("-", "_")) if crate else (["-p", "liufang-tests"], "suite")
    command = ["cargo", "test", "--quiet", *of, "--no-run", "--message-format=json"]
    environment = dict(os.environ, CARGO_TARGET_DIR=str(TARGET))
    output = subprocess.run(command, cwd=COPY, env=environment, stdout=subprocess.PIPE, text=True)
    if output.returncode != 0:
        for line in output.stdout.splitlines():
            message = json.loads(line)
            if message.get("message", {}).get("level") == "error":
                print(message["message"]["rendered"], file=sys.stderr)
        sys.exit("the broken tree does not build")
    for line in output.stdout.splitlines():
        message = json.loads(line)
        if message.get("target", {}).get("name") == target and message.get("executable"):
            return message["executable"]
    sys.exit(f"cargo named no {target}")


def run(program, test, name=None):
    """Whether it was green, and what it said; `program` is a name of `build` with its path."""
    crate, path = program
    environment = {key: value for key, value in os.environ.items() if key != "LIUFANG_BREAK"}
    environment["RUST_BACKTRACE"] = "0"
    if name:
        environment["LIUFANG_BREAK"] = name
    command = [path, "--exact", test if crate else f"suite::{test}", "--nocapture"]
    started = subprocess.Popen(
        command,
        cwd=COPY / "services" / crate.removeprefix("liufang-") if crate else COPY / "tests",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = started.communicate(timeout=limit_of(test))
    except subprocess.TimeoutExpired:
        os.killpg(started.pid, signal.SIGKILL)
        output, _ = started.communicate()
        return False, f"{output}\nno end within {limit_of(test)} s\n"
    return started.returncode == 0, output


def known(path):
    """The names of all tests."""
    listed = subprocess.check_output([path, "--list", "--format=terse"], cwd=COPY / "tests", text=True)
    return {line.removeprefix("suite::").removesuffix(": test") for line in listed.splitlines()}


def place(output):
    """File, function and message of the panic; of one that waited in vain, where it waited."""
    cut = re.search(r"no end within \d+ s\n\Z", output)
    if cut:
        return "", "", cut[0].strip()
    found = re.search(r"panicked at ((?:tests|services)/[^:]+):(\d+):\d+:\n(.*(?:\n(?!note: ).+)*)", output)
    if not found:
        return "", "", " ".join(output[-300:].split())
    path, line, message = found[1], int(found[2]), found[3]
    waited = re.match(r"(tests/[^:]+):(\d+):\d+: (it never happened .*)", message, re.DOTALL)
    if waited:
        path, line, message = waited[1], int(waited[2]), waited[3]
    if not (COPY / path).is_file():
        path = f"tests/{path}"
    lines = (COPY / path).read_text().splitlines()[:line]
    names = [match[1] for match in map(re.compile(r"\s*(?:pub )?(?:async )?fn (\w+)").match, lines) if match]
    return path, f"fn {names[-1]}" if names else "", " ".join(message.split())


def is_its_own(path, test, crate=""):
    """Whether a line of this file speaks for the test."""
    if crate:
        modules = f"services/{crate.removeprefix('liufang-')}/src/{'/'.join(test.split('::')[:-1])}"
        # tests in a file of their own, at the end of the file they are of, or beside the world they play in
        own = [f"{modules}.rs", f"{modules.removesuffix('/tests')}.rs"]
        return path in (*own, str(pathlib.Path(own[0]).with_name("world.rs")))
    suite = "tests/tests/suite"
    module = test.split("::")[0]
    return path in (f"{suite}/{module}.rs", f"{suite}/cast.rs") or path.startswith((f"{suite}/{module}/", f"{suite}/cast/"))


def tests_of(entry):
    """Full names; a behaviour is tried on SQLite unless the entry names another shape, "" for a test without shapes."""
    shape = "" if "crate" in entry else entry.get("shape", "on_sqlite")
    tests = entry["test"] if isinstance(entry["test"], list) else [entry["test"]]
    return [f"{test}::{shape}" if shape else test for test in tests]


def module_of(test):
    """The last module of a service's own test, the first of the suite's."""
    return test.removeprefix("tests::").split("::")[0]


def prove(program, entry, test):
    green, output = run(program, test, entry.get("use", entry["name"]))
    if green:
        return False, "stayed green"
    path, function, message = place(output)
    expected = entry.get("expect", "")
    proven = expected in f"{function} {message}" if expected else is_its_own(path, test, program[0])
    return proven, f"{path.removeprefix('tests/')} {function}: {message}"[:200]


def main():
    breaks = tomllib.loads(LIST.read_text())["breaks"]
    strangers = sorted(set(sys.argv[1:]) - {entry["name"] for entry in breaks})
    if strangers:
        sys.exit(f"no such break: {', '.join(strangers)}")
    broken_tree(breaks)
    wanted = [entry for entry in breaks if not sys.argv[1:] or entry["name"] in sys.argv[1:]]
    crates = sorted({entry.get("crate", "") for entry in wanted})
    programs = {crate: (crate, build(crate)) for crate in crates}
    names = {crate: known(path) for crate, path in programs.values()}
    jobs = [(programs[entry.get("crate", "")], entry, test) for entry in wanted for test in tests_of(entry)]
    missing = [job for job in jobs if job[2] not in names[job[0][0]]]
    found = [job for job in jobs if job not in missing]
    workers = max(1, (os.cpu_count() or 2) // 2 + 1)
    bad = len(missing)
    for _, entry, test in missing:
        print(f'{"NO TEST":<11}{entry["name"]:<44}{test}', flush=True)
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        tests = sorted({(program, test) for program, _, test in found})
        for (_, test), (green, output) in zip(tests, pool.map(lambda one: run(*one), tests)):
            if not green:
                bad += 1
                print(f"RED WITHOUT A BREAK  {test}\n{output[-2000:]}", flush=True)
        for (_, entry, test), (red, why) in zip(found, pool.map(lambda job: prove(*job), found)):
            bad += not red
            print(f'{"red" if red else "NOT PROVEN":<11}{entry["name"]:<44}{module_of(test):<22}{why}', flush=True)
    print(f"{len(jobs)} breaks and tests, {bad} without a proof")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
