# SPDX-License-Identifier: Apache-2.0
"""A stock Debian kernel to its init, inside a nested host: only ratios mean anything, its CPU is emulated."""

import json
import os
import statistics
import subprocess
import tempfile

import machines
from environment import ROOT, cache
from guest import Guest
from summary import ratio, summarise

ORDER = ["apus", "qemu-microvm", "qemu-q35"]
WORDS = "console=ttyS0 panic=-1"
MEMORY = 256
GOAL = 1.0
LIMIT = 1200  # seconds for all rounds
TIME_IS_UP = 124  # scripts/nested-host's status then


def _bring_over(files):
    """Reads what every machine will read, so that no measured boot waits for the nested host's share."""
    for path in files:
        with open(path, "rb") as file:
            while file.read(1 << 20):
                pass
    for name in ORDER:
        first = machines.command(name, "", "")[0]
        subprocess.run([first, "--version"], env=machines.environment(), stdout=subprocess.DEVNULL, check=True)


def inside(rounds, out):
    """Runs in the nested host; leaves the seconds of every round in a file."""
    folder = os.path.join(cache(), "guests", "boot-6.12")
    _bring_over([f"{folder}/vmlinuz", f"{folder}/initrd"])
    seen = {name: [] for name in ORDER}
    for turn in range(rounds):
        start = turn % len(ORDER)
        for name in ORDER[start:] + ORDER[:start]:
            line = machines.command(name, f"{folder}/vmlinuz", WORDS, initrd=f"{folder}/initrd", memory=MEMORY, cpu="host")
            with Guest(line) as guest:
                seconds = guest.wait_for("APUS-INIT-READY", 300)
            seen[name].append(seconds)
            with open(out, "w") as file:
                json.dump(seen, file)


def run(quick):
    rounds = 1 if quick else 4
    with tempfile.TemporaryDirectory() as work:
        out = os.path.join(work, "seconds.json")
        done = subprocess.run(
            [os.path.join(ROOT, "scripts", "nested-host"), "--out", work, "--timeout", str(LIMIT), "--", "python3",
             os.path.join(ROOT, "benchmarks", "harness"), "boot-inside", str(rounds), out],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if done.returncode not in (0, TIME_IS_UP):
            raise RuntimeError(f"the nested host ended with status {done.returncode}")
        with open(out) as file:
            return result(json.load(file))


def result(seen):
    """What the seconds of all complete rounds come to; a slow host may not have had time for all of them."""
    rounds = min(len(values) for values in seen.values())
    if rounds == 0:
        raise RuntimeError("not one round in which every machine booted")
    seen = {name: values[:rounds] for name, values in seen.items()}
    peer = statistics.median(seen["qemu-microvm"])
    relative = {name: [value / peer for value in values] for name, values in seen.items()}
    figures = {"unit": "of QEMU microvm's median", "machines": {name: summarise(values) for name, values in relative.items()},
               "ratio_to_qemu_microvm": ratio(seen["apus"], seen["qemu-microvm"]),
               "ratio_to_qemu_q35": ratio(seen["apus"], seen["qemu-q35"])}
    return {
        "title": "Stock Debian 6.12 kernel to its init, relative to QEMU microvm",
        "rounds": rounds, "command_line": WORDS, "memory_mib": MEMORY, "cpus": 1,
        "goals": [{"what": "ratio to QEMU microvm", "goal": GOAL, "value": figures["ratio_to_qemu_microvm"],
                   "met": figures["ratio_to_qemu_microvm"] <= GOAL}],
        "figures": {"boot": figures},
        "rows": [["Stock Debian 6.12 to init, nested host", f"{ratio(seen['apus'], seen[name]):.2f}",
                  f"1.00 ({machines.NAMES[name]})", f"{ratio(seen['apus'], seen[name]):.3f}"] for name in ORDER[1:]],
        "plot": [{"title": "time relative to QEMU microvm's median (median, line to p90)",
                  "bars": [(machines.NAMES[name], figures["machines"][name]["median"], figures["machines"][name]["p90"])
                           for name in ORDER]}],
    }
