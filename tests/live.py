"""The service in a process of its own: started, killed and started again as an operator's machine would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from app.kit.postgres.server import EmbeddedPostgres
from tests.patience import patient
from tests.processes import Process, run


class LiveServer:
    """`url` and `admin_key` are known after `start`; `home` and the port stay over restarts."""

    def __init__(self, home: Path, workloads: Path, **environment: str) -> None:
        self.home, self.url, self.port = home, "", 0
        self._workloads, self._environment = workloads, environment
        self.process: Process | subprocess.Popen[str] | None = None

    @property
    def admin_key(self) -> str:
        return (self.home / "admin.key").read_text().strip()

    @property
    def sign_in_url(self) -> str:
        """A new link, as only the very first start prints one."""
        done = run(["sign-in"], self.environment, self.home)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def environment(self) -> dict[str, str]:
        """What its processes and the commands for it are given."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRANCHE_", "DATABASE_URL"))}
        own = {"TRANCHE_HOME": str(self.home), "TRANCHE_PORT": str(self.port)}
        return clean | own | {"TRANCHE_PIPELINES_DIR": str(self._workloads)} | self._environment

    def start(self) -> float:
        """Start and wait until it is ready; returns the seconds that took."""
        began = time.monotonic()
        log = (self.home / "service.log").open("a")
        environment = self.environment
        if "PYTHONPATH" in environment:  # other packages than those that the fork server has imported
            command = [sys.executable, "-m", "app", "serve"]
            self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        else:
            self.process = Process(["serve"], environment, stderr=log)
        assert self.process.stdout
        first = self.process.stdout.readline()
        if not first:
            raise RuntimeError(f"the service did not start:\n{(self.home / 'service.log').read_text()[-3000:]}")
        self.url = first.split()[-1]
        self.port = int(self._environment.get("TRANCHE_PORT") or self.url.rpartition(":")[2])
        return time.monotonic() - began

    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {self.admin_key}"}, timeout=patient(30)
        )

    def kill(self) -> None:
        """kill -9, as the kernel does when memory is short."""
        assert self.process
        self.process.kill()
        self.process.wait(patient(10))

    def terminate(self) -> float:
        """SIGTERM; returns the seconds until it was gone."""
        assert self.process
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(patient(30))
        return time.monotonic() - began

    def postgres(self) -> EmbeddedPostgres:
        """The service's embedded PostgreSQL, to look at or to kill."""
        return EmbeddedPostgres(self.home)

    def destroy(self) -> None:
        """End everything that is left."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(patient(10))
        if pid := self.postgres().postmaster_pid():
            os.kill(pid, signal.SIGINT)
            while self.postgres().postmaster_pid():
                time.sleep(0.05)
