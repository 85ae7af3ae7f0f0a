"""The release before and this one on one database, while batches are submitted and run: nothing fails for it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
import pytest

from app.kit.migrations import Migrations
from tests.conftest import WORKLOADS
from tests.database import PostgresServer
from tests.kit.test_migrations import empty_database
from tests.patience import patient
from tests.previous_release import HEAD, ROOT, unpack_previous_release

pytestmark = pytest.mark.own_service
FILES = 5
ENDED = "select status, count(*) from jobs group by status"


@dataclass
class Installed:
    """A version's package: `python -m app` from its folder is that version."""

    folder: Path
    environment: dict[str, str]

    def start(self, command: str, log: Path) -> subprocess.Popen[str]:
        arguments = [sys.executable, "-m", "app", command]
        with log.open("a") as errors:
            return subprocess.Popen(
                arguments, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=errors, text=True
            )


def url_of(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout
    line = process.stdout.readline()
    assert line, log.read_text()[-3000:]
    return line.split()[-1]


def end(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        process.wait(patient(30))


@dataclass
class Load:
    """Submits batches to each of `urls` in turn, and asks each whether it is ready, until `stop`."""

    key: str
    urls: list[str]
    submitted: list[str] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {self.key}"}, timeout=patient(30)) as client:
            number = 0
            while not self._enough.is_set():
                for url in list(self.urls):
                    self._submit(client, url, number := number + 1)

    def _submit(self, client: httpx.Client, url: str, number: int) -> None:
        files = [("files", (f"{number}_{n}.txt", f"{number} {n}".encode())) for n in range(FILES)]
        replies = [
            client.get(f"{url}/readyz"),
            client.post(f"{url}/api/jobs/batch", data={"pipeline": "originals"}, files=files),
        ]
        for reply in replies:
            self.answers[reply.status_code] += 1
            if reply.is_error:
                self.wrong.append(f"{reply.request.url} {reply.status_code}: {reply.text[:300]}")
        if replies[1].is_success:
            self.submitted.append(replies[1].json()["batch_id"])

    def wait_for(self, more: int) -> None:
        """Until so many batches more were submitted."""
        wanted, until = len(self.submitted) + more, time.monotonic() + patient(60)
        while len(self.submitted) < wanted:
            assert time.monotonic() < until, self.wrong
            time.sleep(0.02)

    def use(self, *urls: str) -> None:
        """Send to these from now on; a round that is under way is waited for."""
        self.urls[:] = urls
        self.wait_for(2)

    def stop(self) -> None:
        self._enough.set()
        self._thread.join()


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def test_both_work_side_by_side_and_nothing_fails(postgres: PostgresServer, home: Path, tmp_path: Path) -> None:
    folder = await asyncio.to_thread(unpack_previous_release, tmp_path)
    if HEAD not in Migrations().revisions.compatible(Migrations().heads):
        pytest.skip("a migration since the release before says that both do not go together")
    async with empty_database(postgres) as dsn:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TRANCHE_")}
        values = {"TRANCHE_HOME": str(home), "TRANCHE_PORT": "0", "DATABASE_URL": dsn}
        environment = clean | values | {"TRANCHE_PIPELINES_DIR": str(WORKLOADS), "TRANCHE_RATE_ADDRESS_PER_MINUTE": "0"}
        before, now = Installed(folder, environment), Installed(ROOT, environment)
        log = tmp_path / "service.log"
        processes = [before.start("serve", log)]
        load: Load | None = None
        try:
            old = await asyncio.to_thread(url_of, processes[0], log)
            processes.append(before.start("worker", log))
            load = Load((home / "admin.key").read_text().strip(), [old])
            await asyncio.to_thread(load.wait_for, 5)
            processes.append(now.start("serve", log))
            new = await asyncio.to_thread(url_of, processes[2], log)
            async with connected(dsn) as connection:
                assert set(await connection.fetchval("select array_agg(version_num) from alembic_version")) >= {
                    HEAD,
                    *Migrations().heads,
                }
            load.urls.append(new)
            await asyncio.to_thread(load.wait_for, 10)
            await asyncio.to_thread(load.use, new)
            await asyncio.to_thread(end, *processes[:2])
            await asyncio.to_thread(load.wait_for, 5)
            load.stop()
            assert load.wrong == []
            async with connected(dsn) as connection:
                until = time.monotonic() + patient(60)
                while {row["status"] for row in await connection.fetch(ENDED)} != {"completed"}:
                    assert time.monotonic() < until, await connection.fetch(ENDED)
                    await asyncio.sleep(0.05)
                assert await connection.fetchval("select count(*) from jobs") == FILES * len(load.submitted)
        finally:
            if load:
                load.stop()
            for process in processes:
                process.kill()
                process.wait()
