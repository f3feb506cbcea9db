"""Processes that run at the same time, and can be stopped together."""

import os
import platform
import signal
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


class RunError(RuntimeError):
    """A training did not end well, or cannot begin."""


class Stopped(RunError):
    """The trainings were told to stop."""


@dataclass(frozen=True)
class Outcome:
    """
    How a process ended.

    # Parameters

    code : `int`
        Its exit code.
    cpu_seconds : `float`
        The processor time of all its threads and processes. Other programs, and a virtual machine's host, add to its
        wall time and hardly to this.
    peak_memory_mb : `float`
    """

    code: int
    cpu_seconds: float
    peak_memory_mb: float


class Processes:
    """The trainings that run now, so that all of them can be stopped."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._running: list[subprocess.Popen[str]] = []
        self._guard = threading.Lock()

    def start(self, command: list[str], **settings: Any) -> "subprocess.Popen[str]":
        """As `Popen`. Raises `Stopped` after `stop`."""
        with self._guard:
            if self.stopping.is_set():
                raise Stopped("stopped")
            process = subprocess.Popen(command, text=True, **settings)
            self._running.append(process)
        return process

    def wait(self, process: "subprocess.Popen[str]") -> Outcome:
        """Waits for its end. Raises `Stopped` if it was stopped."""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        with self._guard:
            self._running.remove(process)
        if self.stopping.is_set():
            raise Stopped("stopped")
        # In KiB, on macOS in bytes. A process begins with its parent's peak, which is that of a bare AllenNLP.
        unit = 1024 * 1024 if platform.system() == "Darwin" else 1024
        return Outcome(process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)

    def stop(self) -> None:
        """Ends all, and lets none begin."""
        with self._guard:
            self.stopping.set()
            for process in self._running:
                # Not `terminate`, which would take the exit code away from `wait`.
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGTERM)
