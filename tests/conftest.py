"""What the tests share: a real PostgreSQL, a database of its own for each module, and the real service."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from app.commands.server import Server, listen
from app.events.hub import Hub
from app.installation import Installation
from app.kit.postgres import EmbeddedPostgres
from app.main import create_app
from app.rooms import all_rooms
from app.settings import Settings, read_settings
from tests.live import LiveServer

ADMIN_KEY = "trn_the-key-of-the-tests-0123456789"
SECTIONS = [room.settings for room in all_rooms() if room.settings]
WORKLOADS = Path(__file__).parent / "workloads"


def make_home() -> Path:
    """A data folder that PostgreSQL's own user can reach, which pytest's private folders are not."""
    home = Path(tempfile.mkdtemp(prefix="tranche-test-", dir="/tmp"))
    home.chmod(0o755)
    return home


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[EmbeddedPostgres]:
    """One PostgreSQL for this test process."""
    home = make_home()
    server = EmbeddedPostgres(home)
    await server.start()
    installation = Installation(read_settings(SECTIONS, home=home, database_url=SecretStr(server.dsn), _env_file=None))
    await installation.migrate()
    await installation.database.stop()
    yield server
    await server.stop()
    shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def fresh_database(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A migrated database of its own: its address."""
    name = f"test_{uuid4().hex[:12]}"
    maintenance = postgres.dsn.replace("/tranche?", "/postgres?")
    connection = await asyncpg.connect(maintenance)
    await connection.execute(f'create database "{name}" template tranche')
    try:
        yield postgres.dsn.replace("/tranche?", f"/{name}?")
    finally:
        await connection.execute(f'drop database "{name}" with (force)')
        await connection.close()


@pytest.fixture(scope="module")
async def database_url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    async with fresh_database(postgres) as url:
        yield url


def make_settings(home: Path, database_url: str | None, **values: Any) -> Settings:
    """Settings for a test, untouched by the environment."""
    url = SecretStr(database_url) if database_url else None
    defaults: dict[str, Any] = {"home": home, "database_url": url, "admin_key": SecretStr(ADMIN_KEY), "port": 0}
    return read_settings(SECTIONS, **(defaults | {"pipelines_dir": WORKLOADS} | values), _env_file=None)


class Api(httpx.AsyncClient):
    """A client of the service with the administrator's key. `settings` and `installation` are the service's own."""

    settings: Settings
    installation: Installation


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Api]:
    """The service in this process and loop, on a real socket."""
    app = create_app(settings)
    listener = listen("127.0.0.1", 0)
    server = Server(app, listener)
    task = asyncio.create_task(server._serve([listener]))
    try:
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.01)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with Api(base_url=url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=30) as client:
            client.settings, client.installation = settings, app.state.container
            yield client
    finally:
        app.state.container.get(Hub).say_bye()
        server.should_exit = True
        await task


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data folder for the module."""
    folder = make_home()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str) -> AsyncIterator[Api]:
    """The service for the module, in this process."""
    async with serving(make_settings(home, database_url)) as client:
        yield client


@pytest.fixture
def live_server() -> Iterator[LiveServer]:
    """The service in a process of its own with its own embedded PostgreSQL, to be killed and started again."""
    home = make_home()
    server = LiveServer(home, WORKLOADS)
    try:
        server.start()
        yield server
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real sheets, when there is one."""
    folder = os.environ.get("TRANCHE_REAL_DATA")
    if not folder:
        pytest.skip("TRANCHE_REAL_DATA is not set")
    return Path(folder)
