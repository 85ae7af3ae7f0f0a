"""The database itself, for Prometheus: its size, its connections, its version, and room on the disks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.files.storage import Storage
from app.kit.container import Container
from app.kit.metrics import Figures, InstallationFigures, ProcessFigures, Samples, figure
from app.kit.postgres.server import EmbeddedPostgres

SIZE = figure("tranche_database_size_bytes", "Size of the database on its disk", scope="installation")
CONNECTIONS = figure(
    "tranche_database_connections", "Connections to the server, whoever has them", scope="installation"
)
MOST_CONNECTIONS = figure("tranche_database_connections_max", "Connections that the server takes", scope="installation")
INFO = figure("tranche_database_info", "1, with the server's version", ("version",), scope="installation")
FREE = figure(
    "tranche_disk_free_bytes",
    "Room on the disk that holds uploads, contents (unless they are in a bucket), and the embedded database",
    ("disk",),
    scope="process",
)
TOTAL = figure("tranche_disk_size_bytes", "Size of that disk", ("disk",), scope="process")
SECONDS: Final = 60.0
"""Of the size every file is looked at."""
_READ = text("""
select pg_database_size(current_database()) as size, split_part(current_setting('server_version'), ' ', 1) as version,
  current_setting('max_connections')::int as most,
  (select sum(numbackends)::int from pg_stat_database) as connections""")


def figures(container: Container) -> Iterator[Figures]:
    """What the database and the disks add to /metrics."""
    yield InstallationFigures(_read, SECONDS)
    yield ProcessFigures(lambda: _disks(container), blocking=True)


async def _read(session: AsyncSession) -> Samples:
    row = (await session.execute(_READ)).one()
    return [
        (SIZE, (), row.size),
        (INFO, (row.version,), 1),
        (MOST_CONNECTIONS, (), row.most),
        (CONNECTIONS, (), row.connections),
    ]


def _disks(container: Container) -> Samples:
    storage, embedded = container.get(Storage), container.find(EmbeddedPostgres)
    folders: dict[str, Path | None] = {
        "uploads": storage.incoming,
        "contents": storage.root,
        "database": embedded.folder if embedded else None,
    }
    for name, folder in folders.items():
        with suppress(OSError):
            if folder:
                disk = shutil.disk_usage(folder)
                yield FREE, (name,), disk.free
                yield TOTAL, (name,), disk.total
