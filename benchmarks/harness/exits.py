# SPDX-License-Identifier: Apache-2.0
"""Exit round trips: the payload times each access itself, VMMs take turns in short runs; instructions are counted."""

import os
import subprocess

import machines
from environment import native, payload
from guest import Guest
from summary import paired_difference, ratio, summarise

KINDS = {"pio_write": "port write", "pio_read": "port read", "mmio_write": "MMIO write", "mmio_read": "MMIO read"}
ORDER = ["bare", "apus", "apus-open", "qemu-microvm"]
GOAL_NS, GOAL_INSTRUCTIONS = 50, 150
MMIO = 0xFED00000  # nobody answers here in any of them


def _fields(line):
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def _run(name, count, cpu):
    """Medians in nanoseconds by kind, the cost of the measurement itself taken off."""
    words = f"count={count} mmio={MMIO:#x}"
    with Guest(machines.command(name, payload("exits"), words), cpu) as guest:
        guest.wait_for("apus-guest exits done ok", 120)
        khz, medians = 0, {}
        for line in guest.lines():
            fields = _fields(line)
            khz = int(fields.get("tsc_khz", khz))
            if fields.get("kind") in KINDS:
                medians[fields["kind"]] = (int(fields["median"]) - int(fields["baseline"])) * 1e6 / khz
        return medians


def _instructions(name, count):
    """Instructions between two KVM_RUN by kind."""
    with Guest(machines.command(name, payload("exits"), f"count={count * 40} mmio={MMIO:#x}")) as guest:
        guest.wait_for("apus-guest exits ready", 30)
        done = subprocess.run([native("steps"), str(guest.pid), str(count), "0x3ff"], capture_output=True, text=True,
                              timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f"steps: {done.stderr}")
    table = {}
    for line in done.stdout.splitlines():
        kind, samples, low, median, high, calls = line.split()
        table[kind] = {"samples": int(samples), "min": int(low), "median": int(median), "max": int(high),
                       "other_system_calls": int(calls)}
    return table


def run(quick):
    rounds, count = (4, 500) if quick else (40, 2000)
    cpus = sorted(os.sched_getaffinity(0))
    medians = {kind: {name: [] for name in ORDER} for kind in KINDS}
    for turn in range(rounds):
        start = turn % len(ORDER)
        for name in ORDER[start:] + ORDER[:start]:
            seen = _run(name, count, cpus[turn % len(cpus)])
            for kind in KINDS:
                medians[kind][name].append(seen[kind])
    counted = {name: _instructions(name, 20 if quick else 200) for name in ("bare", "apus")}

    figures, rows = {}, []
    worst_ns = worst_count = None
    for kind, title in KINDS.items():
        by = medians[kind]
        added = paired_difference(by["apus"], by["bare"])
        figures[kind] = {
            "unit": "ns",
            "machines": {name: summarise(values) for name, values in by.items()},
            "apus_minus_bare": added,
            "sandbox_share": paired_difference(by["apus"], by["apus-open"]),
            "ratio_to_bare": ratio(by["apus"], by["bare"]),
            "ratio_to_qemu_microvm": ratio(by["apus"], by["qemu-microvm"]),
            "instructions": {name: counted[name][kind] for name in counted},
        }
        worst_ns = max(added["median"], worst_ns or added["median"])
        here = counted["apus"][kind]["median"]
        worst_count = max(here, worst_count or here)
        us = {name: figures[kind]["machines"][name]["median"] / 1000 for name in ORDER}
        rows.append([f"Exit round trip, {title}", f"{us['apus']:.2f} µs",
                     f"{us['qemu-microvm']:.2f} µs (QEMU microvm)", f"{figures[kind]['ratio_to_qemu_microvm']:.3f}"])
        rows.append([f"… added to a bare C loop, {title}",
                     f"{added['median']:+.0f} ns [{added['interval95'][0]:+.0f}, {added['interval95'][1]:+.0f}], "
                     f"{here} instructions",
                     f"{us['bare']:.2f} µs, {counted['bare'][kind]['median']} instructions (bare loop)",
                     f"{figures[kind]['ratio_to_bare']:.3f}"])
    return {
        "title": "Exit round trip, from guest ring 3 and back",
        "rounds": rounds, "exits_per_round_and_kind": count,
        "goals": [
            {"what": "worst kind: Apus minus bare loop, ns", "goal": GOAL_NS, "value": worst_ns, "met": worst_ns <= GOAL_NS},
            {"what": "worst kind: instructions per exit", "goal": GOAL_INSTRUCTIONS, "value": worst_count,
             "met": worst_count <= GOAL_INSTRUCTIONS},
        ],
        "figures": figures, "rows": rows,
        "plot": [{"title": f"{title}, µs (median, line to p90)",
                  "bars": [(machines.NAMES[name], figures[kind]["machines"][name]["median"] / 1000,
                            figures[kind]["machines"][name]["p90"] / 1000) for name in ORDER]}
                 for kind, title in KINDS.items()],
    }
