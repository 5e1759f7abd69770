# SPDX-License-Identifier: Apache-2.0
"""Network: the payload `netdriver` floods a tap or drains it, VMMs take turns over the same kind of tap.

Runs itself in a network namespace of its own, so that no frame reaches anybody. CPU time is the VMM's from
the moment the guest has found its card; the guest's own share is in it and the same for all.
"""

import json
import os
import resource
import subprocess
import sys

import machines
from environment import native, payload
from guest import Guest
from summary import ratio, summarise

MAC = "02:00:00:00:00:01"
TAP = "tap0"
# What the payload does, what the host sends, how many frames count, and the unit: frames or bytes a second.
LOADS = {
    "tx_small": {"words": "mode=flood size=60", "frames": 500_000, "name": "Frames of 60 bytes from the guest"},
    "rx_small": {"words": "mode=drain size=60", "load": ["60"], "frames": 300_000, "name": "Frames of 60 bytes to the guest"},
    "tx_segments": {"words": "mode=flood size=65000 gso=1448 offload=on", "frames": 60_000,
                    "name": "TCP segments of 64 KiB from the guest"},
    "rx_segments": {"words": "mode=drain offload=on", "load": ["65000", "1448"], "frames": 30_000,
                    "name": "TCP segments of 64 KiB to the guest"},
}
GOAL, MOST = 1.0, 1.2


def _vhost():
    return os.access("/dev/vhost-net", os.R_OK | os.W_OK)


def _machines():
    both = [("apus", ""), ("qemu-q35", "")]
    return both + [(name, " vhost") for name, _ in both] if _vhost() else both


def _command(name, words, vhost):
    line = machines.command(name, payload("netdriver"), words)
    on = "on" if vhost else "off"
    if name == "apus":
        return line + ["--net", f"tap={TAP},mac={MAC}" + (",vhost=on" if vhost else "")]
    return line + ["-netdev", f"tap,id=n,ifname={TAP},script=no,downscript=no,vhost={on}",
                   "-device", f"virtio-net-pci,netdev=n,mac={MAC},disable-legacy=on"]


def _cpu_seconds():
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return use.ru_utime + use.ru_stime


def _so_far(pid):
    """CPU seconds of a process that runs."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _once(name, vhost, load, frames):
    """Frames and bytes a second, and the VMM's CPU seconds, of one run."""
    words = f"{load['words']} count={frames} seconds=60"
    before = _cpu_seconds()
    with Guest(_command(name, words, vhost)) as guest:
        guest.wait_for("kind=device", 60)
        early = _so_far(guest.pid)
        guest.wait_for("apus-guest netdriver done ok", 120)
        guest.process.wait(30)
        text = guest.text.decode(errors="replace")
    cpu = _cpu_seconds() - before - early
    line = next((line for line in text.splitlines() if "kind=flood" in line or "kind=drain" in line), "")
    fields = dict(word.split("=", 1) for word in line.split() if "=" in word)
    if int(fields.get("frames", 0)) < frames:
        raise RuntimeError(f"{name}: {text[-500:]}")
    seconds = int(fields["us"]) / 1e6
    return int(fields["frames"]) / seconds, int(fields["bytes"]) / seconds, cpu


def inside(quick, out):
    """Within the namespace: makes the tap, measures, writes what was seen as JSON."""
    for line in (f"ip tuntap add {TAP} mode tap vnet_hdr", f"sysctl -qw net.ipv6.conf.{TAP}.disable_ipv6=1",
                 f"ip link set {TAP} up"):
        subprocess.run(line.split(), check=True)
    rounds = 1 if quick else 5
    seen = {}
    for key, load in LOADS.items():
        frames = load["frames"] // (20 if quick else 1)
        host = None
        if "load" in load:
            host = subprocess.Popen([native("netload"), TAP] + load["load"], stdout=subprocess.DEVNULL)
        try:
            order = _machines()
            for turn in range(rounds):
                start = turn % len(order)
                for place in order[start:] + order[:start]:
                    frames_per_s, bytes_per_s, cpu = _once(*place, load, frames)
                    entry = seen.setdefault(key, {}).setdefault("".join(place), {"rate": [], "cpu_us": []})
                    entry["rate"].append(bytes_per_s / 1e6 if "segments" in key else frames_per_s / 1e3)
                    entry["cpu_us"].append(max(cpu, 1e-6) * 1e6 / frames)
        finally:
            if host:
                host.kill()
                host.wait()
    with open(out, "w") as file:
        json.dump({"rounds": rounds, "seen": seen}, file)


def _label(place):
    name, _, vhost = place.partition(" ")
    return machines.NAMES[name] + (", vhost" if vhost else "")


def _pairs(seen):
    """Each Apus against the QEMU that works the same way."""
    return [(place, "qemu-q35" + place.removeprefix("apus")) for place in seen if place.startswith("apus")]


def run(quick):
    out = os.path.join(os.environ["APUS_BENCH_CACHE"], f"bench-net.{os.getpid()}.json")
    command = ["unshare", "--net"] + (["--map-root-user"] if os.geteuid() else [])
    harness = os.path.dirname(os.path.abspath(__file__))
    try:
        subprocess.run(command + [sys.executable, "-B", harness, "net-inside", str(int(quick)), out], check=True)
        with open(out) as file:
            result = json.load(file)
    finally:
        if os.path.exists(out):
            os.unlink(out)
    figures, rows, plots, ratios = {}, [], [], []
    for key, seen in result["seen"].items():
        unit, what = ("MB/s", "rate") if "segments" in key else ("k frames/s", "rate")
        title = LOADS[key]["name"]
        figures[key] = {"unit": unit, "machines": {place: summarise(values[what]) for place, values in seen.items()}}
        figures[f"{key}_cpu"] = {"unit": "µs of CPU a frame",
                                 "machines": {place: summarise(values["cpu_us"]) for place, values in seen.items()}}
        for ours, theirs in _pairs(seen):
            speed = ratio(seen[theirs]["rate"], seen[ours]["rate"])
            cost = ratio(seen[ours]["cpu_us"], seen[theirs]["cpu_us"])
            figures[key][f"ratio {ours}"], figures[f"{key}_cpu"][f"ratio {ours}"] = speed, cost
            ratios.append(1 / speed)
            mine, peer = figures[key]["machines"][ours]["median"], figures[key]["machines"][theirs]["median"]
            rows.append([title, f"{mine:.0f} {unit}", f"{peer:.0f} {unit} ({_label(theirs)})", f"{speed:.3f}"])
            mine, peer = (figures[f"{key}_cpu"]["machines"][place]["median"] for place in (ours, theirs))
            rows.append(["… CPU time a frame", f"{mine:.2f} µs", f"{peer:.2f} µs", f"{cost:.3f}"])
        plots.append({"title": f"{title}, {unit} (medians, line to p90)",
                      "bars": [(_label(place), figure["median"], figure["p90"])
                               for place, figure in figures[key]["machines"].items()]})
    share = sum(value >= MOST for value in ratios) / len(ratios)
    return {
        "title": "Network over a tap, guest payload in ring 3", "rounds": result["rounds"],
        "goals": [
            {"what": "least speed against QEMU on any row", "goal": GOAL, "value": round(min(ratios), 3),
             "met": min(ratios) >= GOAL},
            {"what": f"share of rows at {MOST} times QEMU's speed or more", "goal": 0.5, "value": round(share, 2),
             "met": share >= 0.5},
        ],
        "figures": figures, "rows": rows, "plot": plots,
    }
