"""The service in this process: the one that modules share, each as an organisation of its own, or one for itself."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text

from app.auth import service as auth_service
from app.batches.states import BATCH_TERMINAL
from app.commands.server import listen
from app.commands.web_server import Server
from app.installation import Installation
from app.main import create_app
from app.rooms import all_rooms
from app.settings import Settings, read_settings
from tests.database import PostgresServer, fresh_database, make_home
from tests.declared_problems import check_answer
from tests.patience import patient

ADMIN_KEY = "trn_the-key-of-the-tests-0123456789"
SECTIONS = [room.settings for room in all_rooms() if room.settings]
WORKLOADS = Path(__file__).parent / "workloads"
OF_TENANT = """ organisation_id in
  (select id from organisations where name = :name or name like '% of ' || :name)"""
LEFTOVERS = (
    "delete from schedules where",
    "delete from webhook_endpoints where",
    f"delete from batches where status <> all ('{{{','.join(BATCH_TERMINAL)}}}') and",
)
"""What would go on working, or being called, beside the tests of the next module."""


def make_settings(home: Path, database_url: str | None, **values: Any) -> Settings:
    """Settings for a test, untouched by the environment."""
    url = SecretStr(database_url) if database_url else None
    defaults: dict[str, Any] = {"home": home, "database_url": url, "admin_key": SecretStr(ADMIN_KEY), "port": 0}
    # Tests ask without a right key far more often than people do.
    defaults |= {"rate_wrong_keys_per_minute": 100_000, "rate_address_per_minute": 0}
    defaults["shared_accounts"] = "*"  # modules share a service, each as an organisation of its own
    return read_settings(SECTIONS, **(defaults | {"pipelines_dir": WORKLOADS} | values), _env_file=None)


class Api(httpx.AsyncClient):
    """A client of the service with an administrator's key of one organisation.

    `app`, `settings` and `installation` are the service's own; `organisation` and `key` are the client's.
    """

    app: FastAPI
    settings: Settings
    installation: Installation
    organisation: str
    key: str

    def organisation_named(self, name: str) -> str:
        """The full name of an organisation that the module calls so; "Default" is its own."""
        if self.organisation == "Default":
            return name
        return self.organisation if name == "Default" else f"{name} of {self.organisation}"


@asynccontextmanager
async def client_of(
    url: str, app: FastAPI, settings: Settings, organisation: str, key: str, path: str | None = None
) -> AsyncIterator[Api]:
    """A client of a running service, which holds every problem that it gets against openapi.json.

    `path`: the Unix socket to reach it at.
    """
    hooks = {"response": [partial(check_answer, app)]}
    headers = {"Authorization": f"Bearer {key}"}
    # For longer than a loaded machine may hold a test up: httpx closes a connection that was idle for so long even when
    # another request has just been given it, and that one fails.
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=60)
    transport = httpx.AsyncHTTPTransport(uds=path, limits=limits)
    timeout = patient(30)
    async with Api(base_url=url, headers=headers, timeout=timeout, event_hooks=hooks, transport=transport) as client:
        client.app, client.settings, client.installation = app, settings, app.state.container
        client.organisation, client.key = organisation, key
        yield client


@asynccontextmanager
async def serving(settings: Settings, host: str = "127.0.0.1") -> AsyncIterator[Api]:
    """The service in this process and loop, on a real socket; the client is its first administrator."""
    app = create_app(settings)
    listener = listen(host, 0)
    server = Server(app, lambda: None)
    task = asyncio.create_task(server._serve([listener]))
    try:
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.01)
        path = listener.getsockname() if host.startswith("unix:") else None
        url = "http://localhost" if path else f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with client_of(url, app, settings, "Default", ADMIN_KEY, path) as client:
            yield client
    finally:
        server.ending.ask()
        await task


@asynccontextmanager
async def tenant(service: Api, organisation: str) -> AsyncIterator[Api]:
    """A client as a new organisation of a running service; what is not at its end then is removed."""
    database = service.installation.database
    async with database.transaction() as session:
        user = await auth_service.ensure_user(session, organisation, "admin", "admin")
        user.operator = True  # as the first administrator of an installation is
        _, key = await auth_service.add_key(session, user.id, "tests")
    async with client_of(str(service.base_url), service.app, service.settings, organisation, key) as client:
        yield client
    if service.settings.worker == "embedded":
        async with database.transaction() as session:
            for statement in LEFTOVERS:
                await session.execute(text(statement + OF_TENANT), {"name": organisation})


class SharedService:
    """The running service of this test process. Settings other than the last ones start it anew, on a new database."""

    def __init__(self, postgres: PostgresServer) -> None:
        self._postgres = postgres
        self._running: tuple[dict[str, Any], Api] | None = None
        self._stack = AsyncExitStack()

    async def get(self, values: dict[str, Any]) -> Api:
        """The service with these settings."""
        if self._running and self._running[0] == values:
            return self._running[1]
        await self.stop()
        home = make_home()
        self._stack.callback(shutil.rmtree, home, ignore_errors=True)
        url = await self._stack.enter_async_context(fresh_database(self._postgres))
        service = await self._stack.enter_async_context(serving(make_settings(home, url, **values)))
        self._running = (values, service)
        return service

    async def stop(self) -> None:
        self._running = None
        await self._stack.aclose()
