"""PostgreSQL servers of other versions than the embedded one, as `script/postgres` installs them: run for a test."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from app.kit.postgres.system_user import database_user
from tests.patience import patient

OTHER_VERSIONS = (15, 16, 17)
"""Those that are supported beside the embedded one."""
DEBIAN, FROM_NPM = Path("/usr/lib/postgresql"), Path(__file__).parent.parent / ".venv" / "postgres" / "node_modules"
CARELESS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=400")
MEMORY, ENOUGH_MEMORY = Path("/dev/shm"), 4 * 2**30


def make_home(folder: str = "/tmp", *, in_memory: bool = False) -> Path:
    """A data folder that PostgreSQL's own user can reach, which pytest's private folders are not.

    In memory, where there is enough: on some disks it takes seconds to remove a server's files.
    """
    if in_memory and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_MEMORY:
        folder = str(MEMORY)
    home = Path(tempfile.mkdtemp(prefix="tranche-test-", dir=folder))
    home.chmod(0o755)
    return home


def programs(version: int) -> Path:
    """The folder with its programs; the test is skipped where they are not installed."""
    for place in (DEBIAN / str(version) / "bin", FROM_NPM / f"postgres-{version}" / "native" / "bin"):
        if (place / "postgres").exists():
            return place
    pytest.skip(f"PostgreSQL {version} is not installed: script/postgres does it")


@asynccontextmanager
async def plain_server(version: int, *options: str) -> AsyncIterator[str]:
    """A server that waits for no disk and trusts whoever reaches its folder: the address of its maintenance database.

    `options` are settings as `name=value`.
    """
    place, home = programs(version), make_home(in_memory=True)
    user = database_user()  # the server refuses to run as root
    if user:
        os.chown(home, user.uid, user.gid)

    def run(program: str, *arguments: str) -> None:
        command = [place / program, "-D", str(home / "data"), *arguments]
        as_user = {"user": user.uid, "group": user.gid, "extra_groups": []} if user else {}
        subprocess.run(
            command,
            cwd=home,
            check=True,
            stdout=subprocess.DEVNULL,
            env={"LC_ALL": "C"},
            timeout=patient(60),
            **as_user,
        )

    await asyncio.to_thread(run, "initdb", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
    settings = " ".join(
        f"-c {setting}" for setting in (*CARELESS, "listen_addresses=", f"unix_socket_directories={home}", *options)
    )
    await asyncio.to_thread(run, "pg_ctl", "-s", "-w", "-l", str(home / "server.log"), "-o", settings, "start")
    try:
        yield f"postgresql://postgres@/postgres?host={home}"
    finally:
        await asyncio.to_thread(run, "pg_ctl", "-s", "-w", "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


async def execute(address: str, *statements: str) -> None:
    """Statements that each commit themselves."""
    connection = await asyncpg.connect(address)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
