"""The database's disk is full: results are held, nothing is claimed, and all goes on when there is room."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import make_home, make_settings, serving
from tests.outages.conftest import WORKLOADS, Server, check_unharmed, submit_files, until, wrong
from tests.outages.test_storage_fails import mounted

DISK = 400 * 1024 * 1024
RECORD = {"pipeline": "strange", "items": [{"record": {"dsn": "x" * 2000}} for _ in range(100)]}


class WatchedServer(Server):
    """A PostgreSQL that is started again, as it falls over when there is no room for its WAL."""

    watched = True


@pytest.fixture
async def full_server() -> AsyncIterator[tuple[WatchedServer, Path]]:
    """A PostgreSQL on a small disk, and a file on it that takes all of its room."""
    disk = make_home()
    with mounted(disk, DISK):
        server = WatchedServer(disk)
        await server.start()
        try:
            yield server, disk / "filler"
        finally:
            (disk / "filler").unlink(missing_ok=True)
            await server.stop()
    shutil.rmtree(disk, ignore_errors=True)


async def test_results_are_held_until_there_is_room(home: Path, full_server: tuple[WatchedServer, Path]) -> None:
    server, filler = full_server
    async with serving(make_settings(home, server.dsn, pipelines_dir=WORKLOADS)) as api:
        batch_id = await submit_files(api, seconds="0.3")
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(filler.parent).free)

        async def is_told() -> bool:
            return "The database's disk is full." in (await wrong(api)).values()

        await until(is_told)
        refused = [(await api.post("/api/batches", json=RECORD)).status_code for _ in range(3)]
        assert set(refused) <= {201, 503, 507}
        filler.unlink()
        await check_unharmed(api, batch_id)
        assert await wrong(api) == {}
