# SPDX-License-Identifier: Apache-2.0
"""python3 benchmarks/harness [--quick] NAME...: called by scripts/bench, which builds what is measured first."""

import importlib
import json
import os
import signal
import sys

import plot
import table
from environment import describe, results
from machines import qemu_root


def _check(figures):
    """A time or a size is positive; anything else means that the harness measured something else."""
    for name, figure in figures.items():
        for machine, summary in figure["machines"].items():
            if summary["min"] <= 0:
                raise SystemExit(f"bench: {name} of {machine} is {summary['min']}: not a measurement")


def _run(name, quick):
    before = describe(f"{qemu_root()}/qemu10")
    print(f"bench: {name}, load average {before['load_average'][0]}", file=sys.stderr)
    _keep(name, before, importlib.import_module(name).run(quick), quick)


def _keep(name, before, result, quick):
    _check(result["figures"])
    groups = result.pop("plot")
    result = {"benchmark": name, **before, "load_average_after": [round(value, 2) for value in os.getloadavg()], **result}
    for row in result["rows"]:
        print("  " + "  |  ".join(row))
    for goal in result["goals"]:
        print(f"  {'meets' if goal['met'] else 'MISSES'} {goal['what']}: {goal['value']} (goal {goal['goal']})")
    if quick:
        return
    os.makedirs(results(), exist_ok=True)
    with open(os.path.join(results(), f"{name}.json"), "w") as file:
        json.dump(result, file, indent=2, ensure_ascii=False)
        file.write("\n")
    with open(os.path.join(results(), f"{name}.svg"), "w") as file:
        file.write(plot.draw(result["title"], _foot(result), groups))


def _foot(result):
    versions = result["versions"]
    return f"{versions['qemu']}; {result['host']['processor']}; {result['date'][:10]}; commit {versions['commit']}"


def main(arguments):
    if arguments[:1] == ["boot-inside"]:
        importlib.import_module("boot").inside(int(arguments[1]), arguments[2])
        return
    if arguments[:1] == ["net-inside"]:
        importlib.import_module("net").inside(bool(int(arguments[1])), arguments[2])
        return
    quick = "--quick" in arguments
    for name in [argument for argument in arguments if argument != "--quick"]:
        _run(name, quick)
    if not quick:
        if not table.write():
            print(f"bench: README.md has no markers {table.BEGIN} {table.END}; the table:\n{table.table()}", file=sys.stderr)


# An ending by signal leaves no VMM behind: every block that holds one is unwound.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
main(sys.argv[1:])
