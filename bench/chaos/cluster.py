"""A PostgreSQL that only the bench starts and stops, so that it can be away for as long as a fault lasts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from app.kit.postgres.server import find_binaries
from app.kit.postgres.system_user import system_user

OPTIONS = {
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "restart_after_crash": "on",
}


class Cluster:
    """Data and socket below `home`; `environment` is the server's own."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self._data, self._run, self._environment = home / "cluster", home / "run", environment
        self._user = system_user() if os.geteuid() == 0 else None
        self.dsn = f"postgresql://postgres@/postgres?host={self._run}"

    def create(self) -> None:
        for folder in (self._data, self._run):
            folder.mkdir()
            if self._user:
                os.chown(folder, self._user.uid, self._user.gid)
        self._call("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres", "-D", str(self._data))
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = " ".join(f"-c {name}={value}" for name, value in OPTIONS.items())
        options += f" -c unix_socket_directories={self._run}"
        self._call("pg_ctl", "-D", str(self._data), "-w", "-t", "60", "-l", f"{self._data}/log", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self._call("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    @property
    def postmaster(self) -> int:
        """The number of its first process."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def _call(self, program: str, *arguments: str) -> None:
        user = {"user": self._user.uid, "group": self._user.gid, "extra_groups": []} if self._user else {}
        command = [str(find_binaries() / program), *arguments]
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", **self._environment}
        with open(os.devnull, "w") as nothing:
            subprocess.run(command, check=True, cwd=self._run, env=environment, stdout=nothing, stderr=nothing, **user)  # type: ignore[call-overload]
