# SPDX-License-Identifier: Apache-2.0
"""Disks: the payload `blockdriver` reads and writes the same data, raw and in qcow2; VMMs and their ways take turns.

Past the page cache, on the file system of the cache folder. CPU time is the VMM's from the moment the guest has found
its disk; the guest's own share is in it and the same for all.
"""

import os
import resource
import shutil
import statistics
import subprocess

import machines
from environment import cache, payload
from guest import Guest
from summary import ratio, summarise

MIB = 1 << 20
BYTES = 256 * MIB
# What the payload does, how many requests count, and the unit: requests or bytes a second.
LOADS = {
    "read_1": {"words": "mode=randread depth=1", "count": 2_000, "name": "Random reads of 4 KiB, one at a time"},
    "read_32": {"words": "mode=randread depth=32", "count": 8_000, "name": "Random reads of 4 KiB, 32 at a time"},
    "write_1": {"words": "mode=randwrite depth=1", "count": 2_000, "name": "Random writes of 4 KiB, one at a time"},
    "write_32": {"words": "mode=randwrite depth=32", "count": 8_000, "name": "Random writes of 4 KiB, 32 at a time"},
    "read_seq": {"words": "mode=seqread depth=4 bs=1M", "count": 256, "name": "Reads of 1 MiB one after the other"},
    "write_seq": {"words": "mode=seqwrite depth=4 bs=1M", "count": 128, "name": "Writes of 1 MiB one after the other"},
}
FORMATS = ("raw", "qcow2")
# A VMM and who carries its requests out.
WAYS = {"apus": "Apus", "apus threads": "Apus, threads", "qemu io_uring": "QEMU, io_uring", "qemu native": "QEMU, native"}
OURS, THEIRS = [way for way in WAYS if way.startswith("apus")], [way for way in WAYS if way.startswith("qemu")]
GOAL, MOST, CLOSE = 1.0, 1.2, 1.1


def _command(way, form, path, words):
    name, _, how = way.partition(" ")
    line = machines.command("apus" if name == "apus" else "qemu-q35", payload("blockdriver"), words)
    if name == "apus":
        return line + ["--disk", f"path={path},format={form},cache=none,io={how or 'native'}"]
    return line + ["-object", "iothread,id=io", "-blockdev",
                   f"driver=file,node-name=file,filename={path},aio={how},cache.direct=on,discard=unmap",
                   "-blockdev", f"driver={form},node-name=disk,file=file,discard=unmap",
                   "-device", "virtio-blk-pci,drive=disk,iothread=io,num-queues=1,disable-legacy=on"]


def _cpu_seconds():
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return use.ru_utime + use.ru_stime


def _so_far(pid):
    """CPU seconds of a process that runs."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _once(way, form, path, load, count, seed):
    """Requests and bytes a second, and the VMM's CPU seconds, of one run."""
    before = _cpu_seconds()
    with Guest(_command(way, form, path, f"{load['words']} count={count} seed={seed}")) as guest:
        guest.wait_for("kind=device", 60)
        early = _so_far(guest.pid)
        guest.wait_for("apus-guest blockdriver done ok", 120)
        guest.process.wait(30)
        errors = guest.process.stderr.read().decode(errors="replace")
        lines = guest.lines()
    cpu = _cpu_seconds() - before - early
    if "io_uring cannot be used" in errors:
        raise RuntimeError(f"{way}: {errors.strip()}")
    kind = load["words"].split()[0].replace("mode", "kind")
    line = next((line for line in lines if f" {kind} " in line), "")
    fields = dict(word.split("=", 1) for word in line.split() if "=" in word)
    if int(fields.get("requests", 0)) != count:
        raise RuntimeError(f"{way}: {lines[-5:]}")
    seconds = int(fields["us"]) / 1e6
    return count / seconds, int(fields["bytes"]) / seconds, cpu


def _files(folder):
    """The same bytes in both formats, none of them a hole."""
    raw, image = os.path.join(folder, "raw"), os.path.join(folder, "qcow2")
    with open(raw, "wb") as file:
        for _ in range(BYTES // (8 * MIB)):
            file.write(os.urandom(8 * MIB))
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, image], check=True)
    os.sync()
    return {"raw": raw, "qcow2": image}


def _measure(files, rounds, share):
    seen = {}
    for key, load in LOADS.items():
        count = max(load["count"] // share, 16)
        places = [(way, form) for form in FORMATS for way in WAYS]
        for turn in range(rounds):
            start = turn * 3 % len(places)
            for way, form in places[start:] + places[:start]:
                requests, speed, cpu = _once(way, form, files[form], load, count, turn + 1)
                entry = seen.setdefault((key, form), {}).setdefault(way, {"rate": [], "cpu_us": []})
                entry["rate"].append(speed / 1e6 if "seq" in key else requests / 1e3)
                entry["cpu_us"].append(max(cpu, 1e-6) * 1e6 / count)
    return seen


def _median(values):
    return statistics.median(values["rate"])


def _rows(key, form, seen, unit, figures):
    """The rows of one load on one format: speed and cost of Apus against the faster of QEMU's ways."""
    ours, theirs = seen["apus"], max((seen[way] for way in THEIRS), key=_median)
    peer = next(way for way in THEIRS if seen[way] is theirs)
    speed, cost = ratio(theirs["rate"], ours["rate"]), ratio(ours["cpu_us"], theirs["cpu_us"])
    name = f"{key}_{form}"
    figures[name] = {"unit": unit, "machines": {way: summarise(values["rate"]) for way, values in seen.items()},
                     "peer": peer, "ratio apus": speed,
                     "ratio apus threads": ratio(theirs["rate"], seen["apus threads"]["rate"])}
    figures[f"{name}_cpu"] = {"unit": "µs of CPU a request", "peer": peer, "ratio apus": cost,
                              "machines": {way: summarise(values["cpu_us"]) for way, values in seen.items()}}
    threads = figures[name]["machines"]["apus threads"]["median"]
    costs = figures[f"{name}_cpu"]["machines"]
    return speed, [
        [f"{LOADS[key]['name']}, {form}", f"{_median(ours):.1f} {unit} ({threads:.1f} by threads)",
         f"{_median(theirs):.1f} {unit} ({WAYS[peer]})", f"{speed:.3f}"],
        ["… CPU time a request", f"{costs['apus']['median']:.1f} µs", f"{costs[peer]['median']:.1f} µs", f"{cost:.3f}"],
    ]


def run(quick):
    rounds, share = (1, 8) if quick else (3, 1)
    folder = os.path.join(cache(), f"bench-disk.{os.getpid()}")
    os.makedirs(folder)
    try:
        seen = _measure(_files(folder), rounds, share)
        subprocess.run(["qemu-img", "check", "-q", "-f", "qcow2", os.path.join(folder, "qcow2")], check=True)
    finally:
        shutil.rmtree(folder)
    figures, rows, plots, speeds, formats = {}, [], [], [], []
    for key, load in LOADS.items():
        unit = "MB/s" if "seq" in key else "k requests/s"
        for form in FORMATS:
            speed, more = _rows(key, form, seen[key, form], unit, figures)
            speeds.append(1 / speed)
            rows += more
            plots.append({"title": f"{load['name']}, {form}, {unit} (medians, line to p90)",
                          "bars": [(WAYS[way], figure["median"], figure["p90"])
                                   for way, figure in figures[f"{key}_{form}"]["machines"].items()]})
        beside = {way: ratio(seen[key, "raw"][way]["rate"], seen[key, "qcow2"][way]["rate"]) for way in WAYS}
        peer = figures[f"{key}_qcow2"]["peer"]
        figures[f"{key}_qcow2"]["raw by qcow2"] = beside
        formats.append(beside["apus"])
        rows.append(["… raw beside qcow2", f"{beside['apus']:.3f}", f"{beside[peer]:.3f} ({WAYS[peer]})",
                     f"{beside['apus'] / beside[peer]:.3f}"])
    fast = sum(value >= MOST for value in speeds) / len(speeds)
    return {
        "title": "Disks, guest payload in ring 3", "rounds": rounds,
        "goals": [
            {"what": "least speed against QEMU's best on any row", "goal": GOAL, "value": round(min(speeds), 3),
             "met": min(speeds) >= GOAL},
            {"what": f"share of rows at {MOST} times QEMU's speed or more", "goal": 0.5, "value": round(fast, 2),
             "met": fast >= 0.5},
            {"what": "most that raw is faster than allocated qcow2", "goal": CLOSE, "value": round(max(formats), 3),
             "met": max(formats) <= CLOSE},
        ],
        "figures": figures, "rows": rows, "plot": plots,
    }
