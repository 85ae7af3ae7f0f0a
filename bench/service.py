"""Starts the real service in a process of its own, for benchmarks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass(frozen=True)
class RunningService:
    """Where the service is, its key, its data folder and its process id."""

    url: str
    key: str
    home: Path
    pid: int

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=120)


@contextmanager
def service(
    pipelines: dict[str, str] | None = None,
    kept: Path | None = None,
    under: tuple[str, ...] = (),
    checkout: Path | None = None,
    /,
    **environment: str,
) -> Iterator[RunningService]:
    """The service on a fresh data folder, with workloads given as source by file name; gone after the block.

    A `kept` folder is used as it is found, and stays. `under` is what Python is to run it under, such as a profiler.
    `checkout`: that of another checkout of the project, which has a .venv of its own.
    """
    home = kept or Path(tempfile.mkdtemp(prefix="tranche-bench-", dir="/tmp"))
    home.mkdir(exist_ok=True)
    home.chmod(0o755)
    folder = home / "pipelines"
    folder.mkdir(exist_ok=True)
    for name, source in (pipelines or {}).items():
        (folder / name).write_text(source)
    values = {
        "TRANCHE_LOG_LEVEL": "warning",
        "TRANCHE_HOME": str(home),
        "TRANCHE_PORT": "0",
        "TRANCHE_PIPELINES_DIR": str(folder),
        **environment,
    }
    python = checkout / ".venv/bin/python" if checkout else sys.executable
    process = subprocess.Popen(
        [python, *under, "-m", "app", "serve"], env=os.environ | values, stdout=subprocess.PIPE, text=True, cwd=checkout
    )
    try:
        assert process.stdout
        url = process.stdout.readline().split()[-1]
        yield RunningService(url, (home / "admin.key").read_text().strip(), home, process.pid)
    finally:
        process.terminate()
        process.wait(30)
        if not kept:
            shutil.rmtree(home, ignore_errors=True)


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
