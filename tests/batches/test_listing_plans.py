"""A page of a list reads about as many rows as it shows, however many batches there are, by the plans themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import event

from app.batches.listing import WINDOW, BatchFilter, list_batches
from app.kit.pages import PageRequest
from bench.listing import ADD_BATCHES
from tests.conftest import Api

pytestmark = [pytest.mark.own_service, pytest.mark.every_postgres]

BATCHES = 12_000
PAGE = 50


@pytest.fixture(scope="module")
async def organisation_id(api: Api) -> UUID:
    """Of an organisation with many batches."""
    connection = await asyncpg.connect(api.installation.database.dsn)
    await connection.execute(ADD_BATCHES, 1, BATCHES, 3)
    await connection.execute("analyze batches")
    found: UUID = await connection.fetchval("select organisation_id from batches limit 1")
    await connection.close()
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


async def rows_read(api: Api, organisation_id: UUID, wanted: BatchFilter, sort: str) -> int:
    """How many rows of `batches` the statements of one page read; fails when one reads the whole table."""
    database, statements = api.installation.database, list[tuple[str, Any]]()

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        statements.append((statement, parameters))

    async with database.transaction() as session:
        connection = await session.connection()
        event.listen(connection.sync_connection, "before_cursor_execute", note)
        await list_batches(session, organisation_id, wanted, sort, PageRequest(PAGE))
        event.remove(connection.sync_connection, "before_cursor_execute", note)
        read = 0
        for statement, parameters in statements:
            explained = await connection.exec_driver_sql(f"explain (analyze, format json) {statement}", parameters)
            plan = explained.scalar_one()
            for node in nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]):
                if node.get("Relation Name") == "batches":
                    assert node["Node Type"] != "Seq Scan", statement
                    passed_over = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
                    read += (node["Actual Rows"] + passed_over) * node["Actual Loops"]
        return int(read)


@pytest.mark.parametrize("sort", ["-created_at", "created_at", "name", "-total_files", "status"])
async def test_page_in_any_order(api: Api, organisation_id: UUID, sort: str) -> None:
    assert await rows_read(api, organisation_id, BatchFilter(), sort) <= 4 * PAGE


@pytest.mark.parametrize(
    "statuses", [("failed",), ("processing",), ("completed", "partial"), ("pending", "processing")]
)
async def test_page_of_a_status(api: Api, organisation_id: UUID, statuses: tuple[str, ...]) -> None:
    assert await rows_read(api, organisation_id, BatchFilter(statuses), "-created_at") <= 4 * PAGE


@pytest.mark.parametrize(
    "wanted",
    [
        BatchFilter(customer="PL_"),
        BatchFilter(customer="PL_AX7"),
        BatchFilter(search="render"),
        BatchFilter(search="needle"),
        BatchFilter(search="zzzz"),
        BatchFilter(archived=True),
    ],
)
async def test_page_of_a_filter(api: Api, organisation_id: UUID, wanted: BatchFilter) -> None:
    assert await rows_read(api, organisation_id, wanted, "-created_at") <= 3 * WINDOW
