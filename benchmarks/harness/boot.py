# SPDX-License-Identifier: Apache-2.0
"""A stock Debian kernel to its init, inside a nested host: only ratios mean anything, its CPU is emulated."""

import json
import os
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


def inside(rounds, unmeasured, out):
    """Runs in the nested host; leaves the seconds of every round in a file. Unmeasured rounds come first."""
    folder = os.path.join(cache(), "guests", "boot-6.12")
    seen = {name: [] for name in ORDER}
    for turn in range(unmeasured + rounds):
        start = turn % len(ORDER)
        for name in ORDER[start:] + ORDER[:start]:
            line = machines.command(name, f"{folder}/vmlinuz", WORDS, initrd=f"{folder}/initrd", memory=MEMORY, cpu="host")
            with Guest(line) as guest:
                seconds = guest.wait_for("APUS-INIT-READY", 300)
            if turn >= unmeasured:
                seen[name].append(seconds)
            with open(out, "w") as file:
                json.dump(seen, file)


def run(quick):
    rounds, unmeasured = (1, 0) if quick else (5, 1)  # the first round brings the files over the share
    with tempfile.TemporaryDirectory() as work:
        out = os.path.join(work, "seconds.json")
        subprocess.run(
            [os.path.join(ROOT, "scripts", "nested-host"), "--out", work, "--timeout", "3000", "--", "python3",
             os.path.join(ROOT, "benchmarks", "harness"), "boot-inside", str(rounds), str(unmeasured), out],
            check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        with open(out) as file:
            seen = json.load(file)
    peer = sorted(seen["qemu-microvm"])[rounds // 2]
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
