"""What the tests share: a real PostgreSQL, and the real service, as an organisation of its own for each module."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.database import PostgresServer, fresh_database, make_home, running_server
from tests.live import LiveServer
from tests.patience import patient
from tests.service import ADMIN_KEY, SECTIONS, WORKLOADS, Api, SharedService, make_settings, serving, tenant
from tests.starting import end_what_names

__all__ = ["ADMIN_KEY", "SECTIONS", "WORKLOADS", "Api", "fresh_database", "make_home", "make_settings", "serving"]

SECONDS_PER_TEST = 90
settings.register_profile("quick", max_examples=20, derandomize=True, deadline=None)
settings.register_profile("thorough", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules with processes of their own come first: they take longest, and what comes last should be short."""

    def has_processes(item: pytest.Item) -> bool:
        fixtures = getattr(item, "fixturenames", ())
        return (
            "browser" in fixtures or "live_server" in fixtures or hasattr(getattr(item, "module", None), "LiveServer")
        )

    slow = {item.path for item in items if has_processes(item)}
    items.sort(key=lambda item: item.path not in slow)


def pytest_xdist_auto_num_workers() -> int:
    """Three processes on two cores: while one test waits for a lease or a retry, the others use its core."""
    return ((os.cpu_count() or 1) * 3 + 1) // 2


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """A test that hangs is ended, later where the machine is slow."""
    marker = item.get_closest_marker("timeout")
    item.add_marker(pytest.mark.timeout(patient(marker.args[0] if marker else SECONDS_PER_TEST)), append=False)


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[PostgresServer]:
    """One PostgreSQL for this test process."""
    async with running_server() as server:
        yield server


@pytest.fixture(scope="module")
async def database_url(postgres: PostgresServer) -> AsyncIterator[str]:
    """A database of the module's own: not that of `api`, unless the module is marked `own_service`."""
    async with fresh_database(postgres) as url:
        yield url


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data folder for the module."""
    folder = make_home()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def shared_service(postgres: PostgresServer) -> AsyncIterator[SharedService]:
    service = SharedService(postgres)
    yield service
    await service.stop()


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    """The settings of `api` that differ from the defaults; a room or a module overrides it."""
    return {}


@pytest.fixture(scope="module")
async def shared_api(
    request: pytest.FixtureRequest, shared_service: SharedService, settings_values: dict[str, Any]
) -> AsyncIterator[Api]:
    service = await shared_service.get(settings_values)
    async with tenant(service, request.module.__name__) as client:
        yield client


@pytest.fixture(scope="module")
async def own_api(home: Path, database_url: str, settings_values: dict[str, Any]) -> AsyncIterator[Api]:
    async with serving(make_settings(home, database_url, **settings_values)) as client:
        yield client


@pytest.fixture(scope="module")
def api(request: pytest.FixtureRequest) -> Api:
    """The service in this process, for the module: an organisation of its own in the service that modules share.

    A module marked `own_service` gets a service, the database `database_url` and the folder `home` for itself: it looks
    at every organisation's rows, changes what all share, or starts a second process beside it.
    """
    own = request.node.get_closest_marker("own_service")
    client: Api = request.getfixturevalue("own_api" if own else "shared_api")
    return client


@pytest.fixture(scope="session")
def used_home() -> Iterator[Path]:
    """The folder of a service that was started once and stopped: with a database that is migrated and empty."""
    home = make_home()
    server = LiveServer(home, WORKLOADS)
    try:
        server.start()
        server.terminate()
        yield home
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder for data folders; what still runs in them at the module's end is killed."""
    folder = make_home()
    yield folder
    end_what_names(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def live_server(request: pytest.FixtureRequest, used_home: Path) -> Iterator[LiveServer]:
    """The service in a process of its own with its own embedded PostgreSQL, to be killed and started again.

    A parameter (`indirect`) is its environment.
    """
    home = make_home()
    # Python's own copies do not keep the owner, and PostgreSQL's files are another user's than root's.
    subprocess.run(["cp", "-a", f"{used_home}/.", home], check=True)
    server = LiveServer(home, WORKLOADS, **getattr(request, "param", {}))
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
