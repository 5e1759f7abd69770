# SPDX-License-Identifier: Apache-2.0
"""The README's table, from every result there is; nobody types it."""

import json
import os

from environment import ROOT, results

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
ORDER = ["exits", "start", "memory", "boot", "net", "disk"]


def table():
    lines = ["| | Apus | peer | ratio |", "|---|---|---|---|"]
    notes = []
    for name in ORDER:
        path = os.path.join(results(), f"{name}.json")
        if not os.path.exists(path):
            continue
        with open(path) as file:
            result = json.load(file)
        lines += ["| " + " | ".join(row) + " |" for row in result["rows"]]
        notes.append(f"{name} {result['date'][:10]} ({result['versions']['commit']})")
        peer = result["versions"]["qemu"]
        host = f"{result['host']['processor']}, {result['host']['cpus']} CPUs, {result['host']['kvm']}"
    lines += ["", f"Peer: {peer}. Host: {host}; a ratio below 1 is in Apus' favour. Written by `scripts/bench`: "
              + ", ".join(notes) + ". Methods and limits: [benchmarks](benchmarks/README.md)."]
    return "\n".join(lines)


def write():
    """Replaces the text between the markers of the README; returns whether it has them."""
    path = os.path.join(ROOT, "README.md")
    if not os.path.exists(path):
        return False
    with open(path) as file:
        text = file.read()
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        return False
    with open(path + ".new", "w") as file:
        file.write(head + BEGIN + "\n" + table() + "\n" + END + tail)
    os.replace(path + ".new", path)
    return True
