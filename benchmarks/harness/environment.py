# SPDX-License-Identifier: Apache-2.0
"""Where things are, and what a result has to say about the run it comes from."""

import datetime
import os
import platform
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def cache():
    return os.environ["APUS_BENCH_CACHE"]


def programs(name):
    return os.path.join(ROOT, ".build", "bench", name)


native = programs


def payload(name):
    return os.path.join(ROOT, ".build", "guests", f"{name}.elf")


def results():
    return os.path.join(ROOT, "benchmarks", "results")


def _first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return done.stdout.strip().split("\n")[0] if done.returncode == 0 else "unknown"


def _processor():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def _commit():
    changed = _first_line("git", "status", "--porcelain", "--untracked-files=no", "--", "Sources", "Package.swift",
                          "guests")
    return _first_line("git", "rev-parse", "--short=12", "HEAD") + ("+changes" if changed else "")


def describe(qemu):
    """What a reader needs to judge the numbers: when, what, where and how busy."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "versions": {
            "apus": _first_line(programs("apus-launcher"), "--version"),
            "commit": _commit(),
            "qemu": _first_line(qemu, "--version"),
            "kernel": platform.release(),
        },
        "host": {
            "processor": _processor(),
            "cpus": os.cpu_count(),
            "kvm": "kvm_pvm, guest ring 0 interpreted" if os.path.exists("/sys/module/kvm_pvm") else "hardware",
        },
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }
