"""Child processes: started with a log file, waited for, ended by their own process id."""

import os
import signal
import socket
import subprocess
from pathlib import Path

from .wait import until

STOP_SECONDS = 60


def free_port():
    """A port that was free a moment ago on the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tail(path, lines=60):
    try:
        text = Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(text[-lines:])


class Process:
    def __init__(self, name, command, log, environment):
        self.name = name
        self.log = log
        self.expected_to_end = False
        with open(log, "ab") as output:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
            )

    @property
    def pid(self):
        return self.child.pid

    @property
    def running(self):
        return self.child.poll() is None

    def wait_ready(self, check, seconds=60):
        def ready():
            assert self.running, f"{self.name} ended with {self.child.returncode}:\n{tail(self.log)}"
            return check()

        until(ready, f"{self.name} is ready; its log:\n{tail(self.log)}", seconds)

    def signal(self, number):
        os.kill(self.pid, number)

    def stop(self, seconds=STOP_SECONDS):
        """SIGTERM; returns the exit status."""
        self.expected_to_end = True
        if self.running:
            self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        self.expected_to_end = True
        if self.running:
            self.signal(signal.SIGKILL)
        self.wait(STOP_SECONDS)

    def wait(self, seconds=STOP_SECONDS):
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.child.wait()
            raise AssertionError(f"{self.name} did not end within {seconds} s:\n{tail(self.log)}") from None
