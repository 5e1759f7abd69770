# SPDX-License-Identifier: Apache-2.0
"""A VMM with a guest in it, watched through its serial port on stdout."""

import os
import select
import signal
import subprocess
import time

import machines


class GuestFailed(Exception):
    pass


class Guest:
    """Runs a command; ends it, whatever happens, when the block is left."""

    def __init__(self, command, cpu=None):
        self.command = command
        pin = (lambda: os.sched_setaffinity(0, {cpu})) if cpu is not None else None
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=machines.environment(), preexec_fn=pin)
        self.text = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    @property
    def pid(self):
        return self.process.pid

    def wait_for(self, words, seconds):
        """Seconds from the start until the console showed `words`."""
        end = self.began + seconds
        needle = words.encode()
        while needle not in self.text:
            left = end - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(left, 0))
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                raise GuestFailed(self._story(words, left <= 0))
            self.text += chunk
        return time.monotonic() - self.began

    def lines(self):
        return self.text.decode(errors="replace").splitlines()

    def _story(self, words, late):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        errors = self.process.stderr.read().decode(errors="replace")
        how = "did not come in time" if late else "never came"
        return f"'{words}' {how}\n{' '.join(self.command)}\n{self.text.decode(errors='replace')[-2000:]}\n{errors[-2000:]}"
