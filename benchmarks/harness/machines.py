# SPDX-License-Identifier: Apache-2.0
"""How each VMM is told to run the same machine: one payload or kernel, memory, CPUs, its serial port on stdout."""

import os

from environment import cache, native, programs

NAMES = {
    "apus": "Apus",
    "apus-open": "Apus, sandbox off",
    "bare": "bare C loop",
    "bare-caged": "bare C loop, caged",
    "qemu-microvm": "QEMU microvm",
    "qemu-q35": "QEMU q35",
}


def qemu_root():
    return os.path.dirname(os.path.realpath(os.path.join(cache(), "qemu", "qemu10")))


def _qemu(machine, kernel, words, initrd, memory, cpus, cpu):
    root = qemu_root()
    # Not through the wrapper: a shell would count as QEMU's time.
    command = [f"{root}/usr/bin/qemu-system-x86_64", "-L", f"{root}/usr/share/qemu", "-L", "/usr/share/seabios",
               "-L", "/usr/lib/ipxe/qemu", "-M", machine, "-accel", "kvm", "-cpu", cpu, "-m", str(memory),
               "-smp", str(cpus), "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio",
               "-kernel", kernel, "-append", words]
    return command + (["-initrd", initrd] if initrd else [])


def command(name, kernel, words, *, initrd=None, memory=128, cpus=1, cpu="host,arch-capabilities=off"):
    """The command line of a VMM; memory in MiB."""
    if name in ("apus", "apus-open"):
        line = [programs("apus-launcher"), "--kernel", kernel, "--cmdline", words, "--memory", f"{memory}M",
                "--cpus", str(cpus)]
        line += ["--initrd", initrd] if initrd else []
        return line + (["--sandbox", "off"] if name == "apus-open" else [])
    if name in ("bare", "bare-caged"):
        return [native("bare")] + (["--caged"] if name == "bare-caged" else []) + [kernel, words]
    return _qemu(name.removeprefix("qemu-"), kernel, words, initrd, memory, cpus, cpu)


def environment():
    return {**os.environ, "QEMU_MODULE_DIR": f"{qemu_root()}/usr/lib/x86_64-linux-gnu/qemu"}
