"""Processes that run at the same time, and can be stopped together."""

import os
import platform
import signal
import subprocess
import threading
from contextlib import suppress
from typing import Any


class RunError(RuntimeError):
    """A training did not end well, or cannot begin."""


class Stopped(RunError):
    """The trainings were told to stop."""


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

    def wait(self, process: "subprocess.Popen[str]") -> tuple[int, float]:
        """The exit code, and the peak memory in MB. Raises `Stopped` if it was stopped."""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        with self._guard:
            self._running.remove(process)
        if self.stopping.is_set():
            raise Stopped("stopped")
        # In KiB, on macOS in bytes. A process begins with its parent's peak, which is that of a bare AllenNLP.
        unit = 1024 * 1024 if platform.system() == "Darwin" else 1024
        return process.returncode, usage.ru_maxrss / unit

    def stop(self) -> None:
        """Ends all, and lets none begin."""
        with self._guard:
            self.stopping.set()
            for process in self._running:
                # Not `terminate`, which would take the exit code away from `wait`.
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGTERM)
