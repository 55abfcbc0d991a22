#!/usr/bin/env python3
"""Checks helm/liufang without a cluster; run by scripts/check-chart.sh, which brings what it needs.

The tables are in helm/checks/: assertions on rendered objects, mistakes that must be refused, Kubernetes schemas, single
sources, documents.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helm"))

from checks import assertions, documents, mistakes, render, schemas, sources  # noqa: E402


class Report:
    def __init__(self, verbose):
        self.verbose, self.passed, self.failed = verbose, 0, []

    def __call__(self, what, ok, detail=""):
        if ok:
            self.passed += 1
            if self.verbose:
                print(f"ok    {what}")
        else:
            self.failed.append(what)
            print(f"FAIL  {what}\n      " + str(detail).strip().replace("\n", "\n      ")[:2000], file=sys.stderr)


def lint(report):
    for preset in (None, "single", "ha"):
        presets = ["-f", render.CHART / f"values-{preset}.yaml"] if preset else []
        ran = render.helm("lint", "--strict", render.CHART, *presets, "-f", render.INSTALLATION)
        report(f"helm lint --strict, preset {preset}", ran.returncode == 0, ran.stdout + ran.stderr)


def warm_up():
    """Renders everything side by side; the checks then find it done."""
    wanted = [(preset, values) for _, preset, values, _ in [*assertions.TABLE, *mistakes.PAIRS]]
    wanted += [(None, values) for _, values, _ in mistakes.SCHEMA]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda pair: render.template(*pair), wanted))


def table(report):
    for what, preset, values, test in assertions.TABLE:
        objects, message = render.template(preset, values)
        if objects is None:
            report(what, False, message)
            continue
        try:
            report(what, test(render.Objects(objects)), "the rendered objects say otherwise")
        except Exception as error:  # a missing object is a failed assertion, not a broken check
            report(what, False, f"{type(error).__name__}: {error}")


def comparisons(report):
    """Two renders side by side."""
    def sums(values, annotation="checksum/config"):
        objects = render.Objects(render.template("single", values)[0])
        return {role: render.at(objects.get("Deployment", f"-{role}"), "spec.template.metadata.annotations")
                [annotation] for role in render.ROLES}

    plain, one, everything = (sums(values) for values in (
        {}, {"roles": {"order": {"settings": {"role": {"order": {"dispense_seconds": 60}}}}}}, {"redis": {"prefix": "x"}}))
    report("a role's setting rolls its pods alone", [r for r in plain if plain[r] != one[r]] == ["order"])
    report("a setting of all rolls all", all(plain[r] != everything[r] for r in plain))
    rolled = sums({"rollme": "2026-11-22"}, "liufang/rollme")
    report("rollme rolls all", all(rolled[r] == "2026-11-22" for r in rolled))
    first, upgrade = render.template("ha", {}), render.template("ha", {}, upgrade=True)
    report("an install and an upgrade have the same objects", first == upgrade)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--write", action="store_true", help="bring copies and README's table up to date, then check")
    arguments.add_argument("--binary", help="only let this liufang binary read every file the chart writes")
    arguments.add_argument("--verbose", action="store_true", help="name what is right too")
    options = arguments.parse_args()
    begun = time.monotonic()
    report = Report(options.verbose)
    if options.write:
        sources.copy()
        documents.write()
    if options.binary:
        sources.check_binary(report, options.binary)
        return ended(report, f"{render.renders()} renders read by {options.binary}", begun)
    lint(report)
    warm_up()
    table(report)
    comparisons(report)
    mistakes.check(report)
    sources.check(report)
    objects, compared = schemas.check(report)
    documents.check(report)
    counted = (f"{len(assertions.TABLE)} assertions on rendered objects, {len(mistakes.PAIRS) + len(mistakes.SCHEMA)} wrong values,"
               f" {render.renders()} renders, {objects} different objects, {compared} comparisons with schemas of"
               f" {len(schemas.VERSIONS)} Kubernetes versions")
    return ended(report, counted, begun)


def ended(report, counted, begun):
    print(f"chart: {report.passed} right, {len(report.failed)} wrong; {counted}, {time.monotonic() - begun:.0f} s")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
