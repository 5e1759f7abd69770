# SPDX-License-Identifier: Apache-2.0
"""From execve to the first KVM_RUN, seen from outside by native/first-run.c."""

import subprocess

import machines
from environment import native, payload
from summary import ratio, summarise

ORDER = ["apus", "qemu-microvm", "qemu-q35"]
GOAL = 0.5


def run(quick):
    rounds = 5 if quick else 60
    seen = {name: [] for name in ORDER}
    for turn in range(rounds + 1):
        start = turn % len(ORDER)
        for name in ORDER[start:] + ORDER[:start]:
            line = [native("first-run")] + machines.command(name, payload("exits"), "count=1")
            done = subprocess.run(line, capture_output=True, text=True, env=machines.environment())
            if done.returncode != 0:
                raise RuntimeError(done.stderr)
            if turn > 0:  # the first round brings the files into memory
                seen[name].append(int(done.stdout) / 1e6)
    figures = {"unit": "ms", "machines": {name: summarise(values) for name, values in seen.items()},
               "ratio_to_qemu_microvm": ratio(seen["apus"], seen["qemu-microvm"]),
               "ratio_to_qemu_q35": ratio(seen["apus"], seen["qemu-q35"])}
    median = {name: figures["machines"][name]["median"] for name in ORDER}
    return {
        "title": "Process start to first KVM_RUN, 1 vCPU, 128 MiB",
        "rounds": rounds,
        "goals": [{"what": "ratio to QEMU microvm", "goal": GOAL, "value": figures["ratio_to_qemu_microvm"],
                   "met": figures["ratio_to_qemu_microvm"] <= GOAL}],
        "figures": {"start": figures},
        "rows": [["Process start to first KVM_RUN", f"{median['apus']:.1f} ms", f"{median[name]:.1f} ms ({machines.NAMES[name]})",
                  f"{ratio(seen['apus'], seen[name]):.3f}"] for name in ORDER[1:]],
        "plot": [{"title": "ms (median, line to p90)",
                  "bars": [(machines.NAMES[name], median[name], figures["machines"][name]["p90"]) for name in ORDER]}],
    }
