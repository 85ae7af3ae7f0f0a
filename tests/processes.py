"""`tranche` in processes of their own, started without the second or two that `python -m app` spends on imports."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock
from typing import IO

from tests.patience import patient

ROOT = Path(__file__).resolve().parent.parent
_asking = Lock()


@cache
def _fork_server() -> socket.socket:
    """The line to this test process's fork server, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", "tests.fork_server", str(theirs.fileno())]
        subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
    return ours


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Process:
    """What tests use of `subprocess.Popen`. `stdout` is text."""

    def __init__(
        self,
        arguments: list[str],
        environment: Mapping[str, str],
        *,
        folder: Path = ROOT,
        stdout: IO[str] | None = None,
        stderr: IO[str] | None = None,
    ) -> None:
        self.returncode: int | None = None
        self._reading = Lock()
        self._ended, theirs = socket.socketpair()
        reading, writing = (-1, stdout.fileno()) if stdout else os.pipe()
        message = {"arguments": arguments, "environment": dict(environment), "folder": str(folder)}
        with theirs, open(os.devnull) as nothing:
            files = [nothing.fileno(), writing, stderr.fileno() if stderr else 2, theirs.fileno()]
            with _asking:
                socket.send_fds(_fork_server(), [json.dumps(message).encode()], files)
                self.pid = int(_fork_server().recv(100))
        if not stdout:
            os.close(writing)
        self.stdout: IO[str] | None = None if stdout else os.fdopen(reading)

    def poll(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._outcome(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises subprocess.TimeoutExpired."""
        found = self._outcome(timeout)
        if found is None:
            raise subprocess.TimeoutExpired("tranche", timeout or 0)
        return found

    def _outcome(self, timeout: float | None) -> int | None:
        until = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            with self._reading:  # several threads may ask, and the outcome comes once
                if self.returncode is None and select.select([self._ended], [], [], 0.02)[0]:
                    self.returncode = int(self._ended.recv(100))
                    self._ended.close()
            if self.returncode is None and until is not None and time.monotonic() >= until:
                return None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def run(arguments: list[str], environment: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """A command with everything that it printed."""
    with TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
        process = Process(arguments, environment, folder=folder, stdout=stdout, stderr=stderr)
        try:
            code = process.wait(patient(60))
        finally:
            process.kill()
        for file in (stdout, stderr):
            file.seek(0)
        return subprocess.CompletedProcess(["tranche", *arguments], code, stdout.read(), stderr.read())
