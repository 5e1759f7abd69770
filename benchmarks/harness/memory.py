# SPDX-License-Identifier: Apache-2.0
"""What a VM costs beside its guest's RAM, read from /proc/PID/smaps while the guest runs."""

import os
import re
import time

import machines
from environment import payload
from guest import Guest
from summary import ratio, summarise

ORDER = ["apus", "qemu-microvm", "qemu-q35"]
SHAPES = [(1, 128), (4, 1024)]
GOAL_MIB = 3
HEAD = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+\s*(.*)$")


def _mappings(pid):
    mapping = None
    with open(f"/proc/{pid}/smaps") as file:
        for line in file:
            head = HEAD.match(line)
            if head:
                if mapping:
                    yield mapping
                mapping = {"kib": (int(head[2], 16) - int(head[1], 16)) // 1024, "name": head[3], "Pss": 0, "Private_Dirty": 0}
            else:
                key, _, value = line.partition(":")
                if key in ("Pss", "Private_Dirty"):
                    mapping[key] = int(value.split()[0])
    if mapping:
        yield mapping


def overhead(pid, guest_kib):
    """KiB of Private_Dirty and PSS without the one anonymous mapping that is as large as the guest's RAM."""
    rest, ram = {"Private_Dirty": 0, "Pss": 0}, 0
    for mapping in _mappings(pid):
        if mapping["kib"] == guest_kib and mapping["name"] == "":
            ram += 1
            continue
        rest["Private_Dirty"] += mapping["Private_Dirty"]
        rest["Pss"] += mapping["Pss"]
    if ram != 1:
        raise RuntimeError(f"{ram} mappings of {guest_kib} KiB in process {pid}: guest RAM cannot be told apart")
    return rest


def _sample(name, cpus, memory):
    with Guest(machines.command(name, payload("counter"), "seconds=60", cpus=cpus, memory=memory)) as guest:
        guest.wait_for("apus-guest counter ready", 60)
        time.sleep(1)
        return overhead(guest.pid, memory * 1024)


def run(quick):
    os.sync()  # pages of a file just written count as dirty until they are on disk
    rounds = 1 if quick else 5
    figures, rows, plots, goal = {}, [], [], None
    for cpus, memory in SHAPES:
        seen = {key: {name: [] for name in ORDER} for key in ("Private_Dirty", "Pss")}
        for turn in range(rounds):
            start = turn % len(ORDER)
            for name in ORDER[start:] + ORDER[:start]:
                sample = _sample(name, cpus, memory)
                for key in seen:
                    seen[key][name].append(sample[key] / 1024)
        for key, title in (("Private_Dirty", "private dirty"), ("Pss", "PSS")):
            by = seen[key]
            figure = {"unit": "MiB", "machines": {name: summarise(values) for name, values in by.items()},
                      "ratio_to_qemu_microvm": ratio(by["apus"], by["qemu-microvm"]),
                      "ratio_to_qemu_q35": ratio(by["apus"], by["qemu-q35"])}
            figures[f"{title.replace(' ', '_').lower()}_{cpus}_cpu_{memory}_mib"] = figure
            median = {name: figure["machines"][name]["median"] for name in ORDER}
            shape = f"{cpus} vCPU, {memory} MiB"
            rows.append([f"Overhead beside guest RAM, {title}, {shape}", f"{median['apus']:.2f} MiB",
                         f"{median['qemu-microvm']:.1f} MiB (QEMU microvm), {median['qemu-q35']:.1f} MiB (q35)",
                         f"{figure['ratio_to_qemu_microvm']:.3f}"])
            plots.append({"title": f"{title}, {shape}, MiB (median, line to p90)",
                          "bars": [(machines.NAMES[name], median[name], figure["machines"][name]["p90"]) for name in ORDER]})
            if goal is None:
                goal = median["apus"]
    return {
        "title": "Memory overhead of one VM, guest RAM excluded",
        "rounds": rounds, "guest": "payload counter: every vCPU takes timer interrupts; serial port, no disk, no network",
        "goals": [{"what": "private dirty, 1 vCPU and 128 MiB, MiB", "goal": GOAL_MIB, "value": goal, "met": goal <= GOAL_MIB}],
        "figures": figures, "rows": rows, "plot": plots,
    }
