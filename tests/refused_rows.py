"""Rows of which one is made to fail, beside others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import text, update

from app.batches.models import Batch
from app.kit.db import Database
from tests.batch_helpers import submit
from tests.conftest import Api


@asynccontextmanager
async def refusing(database: Database, table: str, operation: str, condition: str) -> AsyncIterator[None]:
    """While the block runs, the database refuses to `operation` rows of which this is true."""
    function = """create function refuse() returns trigger language plpgsql as
        $$ begin raise exception 'refused by the test'; end $$"""
    trigger = f"create trigger refused before {operation} on {table} for each row when ({condition}) "
    async with database.transaction() as session:
        await session.execute(text(function))
        await session.execute(text(trigger + "execute function refuse()"))
    try:
        yield
    finally:
        async with database.transaction() as session:
            await session.execute(text("drop function refuse() cascade"))


async def change(database: Database, batch_id: str, **values: Any) -> None:
    async with database.transaction() as session:
        await session.execute(update(Batch).where(Batch.id == UUID(batch_id)).values(values))


async def two_batches(api: Api, *records: dict[str, Any], **values: Any) -> list[str]:
    """Their ids. The first is looked at first."""
    found = [await submit(api, "no-op", [*records], start=False) for _ in range(2)]
    for batch_id in found if values else ():
        await change(api.installation.database, batch_id, **values)
    return found
