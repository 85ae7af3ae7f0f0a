"""`tranche migrate` and `tranche keys`: work on an installation directly, without its HTTP API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from app.audit.actions import Action
from app.audit.record import Target, operator_at_shell, record
from app.audit.repository import has_audit_log
from app.commands import ServiceRefused
from app.commands.refusals import refusing
from app.installation import Installation
from app.kit.migrations import read_rows
from app.kit.private_folders import make_home
from app.kit.service import running
from app.settings import Settings

T = TypeVar("T")


def run_with_database(settings: Settings, work: Callable[[], Awaitable[T]], installation: Installation) -> T:
    """Run `work` while the installation's PostgreSQL is up."""

    async def run() -> T:
        async with running([installation.postgres] if installation.postgres else []):
            return await work()

    with refusing():
        make_home(settings.home, with_database=installation.postgres is not None)
        return asyncio.run(run())


def migrate(settings: Settings, revision: str, *, force: bool = False) -> list[str]:
    """Bring the schema to a revision; returns the newest of each branch. Going back over batches wants `force`."""
    installation = Installation(settings)

    async def work() -> list[str]:
        if not force and await _would_lose(installation, revision):
            raise ServiceRefused("Going back deletes tables and columns with their data. Back up, then use --force.")
        reached = await installation.migrate(revision)
        details = {"wanted": revision, "reached": reached}
        await tell(installation, Action.SCHEMA_MIGRATED, details=details)
        return reached

    return run_with_database(settings, work, installation)


async def tell(
    installation: Installation,
    action: Action,
    *,
    target: Target | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Say in the audit log what somebody did at the shell. An older schema has none, nor has one that went back."""
    async with installation.database.transaction() as session:
        if await has_audit_log(session):
            await record(session, operator_at_shell(), action, target=target, details=details)


async def _would_lose(installation: Installation, revision: str) -> bool:
    connection = await installation.database.connect()
    try:
        if not await connection.fetchval("select to_regclass('batches')"):
            return False
        back = installation.migrations.goes_back(await read_rows(connection), revision)
        return back and bool(await connection.fetchval("select exists (select from batches)"))
    finally:
        await connection.close()
