# SPDX-License-Identifier: Apache-2.0
"""Exit round trips: the payload times each access itself, VMMs take turns in short runs; instructions are counted."""

import os
import subprocess

import machines
from environment import native, payload
from guest import Guest
from summary import paired_difference, ratio, summarise

KINDS = {"pio_write": "port write", "pio_read": "port read", "mmio_write": "MMIO write", "mmio_read": "MMIO read"}
ORDER = ["bare", "bare-caged", "apus", "apus-open", "qemu-microvm"]
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
    with Guest(machines.command(name, payload("exits"), f"count={max(count * 150, 4000)} mmio={MMIO:#x}")) as guest:
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


def _rows(figures):
    rows = []
    for kind, figure in figures.items():
        us = {name: summary["median"] / 1000 for name, summary in figure["machines"].items()}
        counted = {name: count["median"] for name, count in figure["instructions"].items()}
        rows.append([f"Exit round trip, {KINDS[kind]}", f"{us['apus']:.2f} µs", f"{us['qemu-microvm']:.2f} µs (QEMU microvm)",
                     f"{figure['ratio_to_qemu_microvm']:.3f}"])
        for key, peer, words in (("apus_minus_bare", "bare", "a bare C loop"),
                                 ("apus_minus_bare_caged", "bare-caged", "the same in a cage")):
            rows.append([f"… more than {words}", f"{figure[key]['median']:+.0f} ns; {counted['apus']} instructions",
                         f"{us[peer]:.2f} µs; {counted['bare']} instructions", f"{us['apus'] / us[peer]:.3f}"])
    return rows


def _plot(figures):
    """What each adds to the bare loop: beside the round trip itself the differences could not be seen."""
    groups = []
    for kind, figure in figures.items():
        floor = figure["machines"]["bare"]["median"]
        bars = [(machines.NAMES[name], summary["median"] - floor, summary["p90"] - floor)
                for name, summary in figure["machines"].items() if name != "bare"]
        groups.append({"title": f"{KINDS[kind]}: ns added to a bare C loop's {floor / 1000:.2f} µs (medians, line to p90)",
                       "bars": bars})
    return groups


def _goal(what, goal, values):
    return {"what": what, "goal": goal, "value": max(values), "met": max(values) <= goal}


def run(quick):
    rounds, count = (2, 300) if quick else (40, 1000)
    cpus = sorted(os.sched_getaffinity(0))
    medians = {kind: {name: [] for name in ORDER} for kind in KINDS}
    for turn in range(rounds):
        start = turn % len(ORDER)
        for name in ORDER[start:] + ORDER[:start]:
            seen = _run(name, count, cpus[turn % len(cpus)])
            for kind in KINDS:
                medians[kind][name].append(seen[kind])
    counted = {name: _instructions(name, 20 if quick else 100) for name in ("bare", "apus")}

    figures = {}
    added_ns, counts = {"all": [], "open": [], "caged": []}, []
    for kind in KINDS:
        by = medians[kind]
        figures[kind] = {
            "unit": "ns",
            "machines": {name: summarise(values) for name, values in by.items()},
            "apus_minus_bare": paired_difference(by["apus"], by["bare"]),
            "apus_minus_bare_caged": paired_difference(by["apus"], by["bare-caged"]),
            "apus_open_minus_bare": paired_difference(by["apus-open"], by["bare"]),
            "sandbox_share": paired_difference(by["apus"], by["apus-open"]),
            "ratio_to_bare": ratio(by["apus"], by["bare"]),
            "ratio_to_qemu_microvm": ratio(by["apus"], by["qemu-microvm"]),
            "instructions": {name: counted[name][kind] for name in counted},
        }
        added_ns["all"].append(figures[kind]["apus_minus_bare"]["median"])
        added_ns["open"].append(figures[kind]["apus_open_minus_bare"]["median"])
        added_ns["caged"].append(figures[kind]["apus_minus_bare_caged"]["median"])
        counts.append(counted["apus"][kind]["median"])
    return {
        "title": "Exit round trip, from guest ring 3 and back",
        "rounds": rounds, "exits_per_round_and_kind": count,
        "goals": [
            _goal("worst kind: Apus minus bare loop, ns", GOAL_NS, added_ns["all"]),
            _goal("worst kind: Apus minus bare loop, sandbox off, ns", GOAL_NS, added_ns["open"]),
            _goal("worst kind: Apus minus bare loop with a thread and a filter, ns", GOAL_NS, added_ns["caged"]),
            _goal("worst kind: instructions per exit", GOAL_INSTRUCTIONS, counts),
        ],
        "figures": figures, "rows": _rows(figures),
        "plot": _plot(figures),
    }
