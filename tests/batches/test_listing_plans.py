"""A page of a list reads about as many rows as it shows, however many batches there are, by the plans themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import event, func, select

from app.batches.listing import WINDOW, BatchFilter, list_batches
from app.batches.models import Batch
from app.batches.search import ALONE, may_mention, mentions
from app.batches.search_repository import owned_share
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


async def words_asked_for(api: Api, organisation_id: UUID, term: str) -> set[str]:
    """Words of the index that a search asks for."""
    asked: list[Any] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if "search_grams" in statement:
            asked.append((statement, parameters))

    async with api.installation.database.transaction() as session:
        connection = await session.connection()
        event.listen(connection.sync_connection, "before_cursor_execute", note)
        await list_batches(session, organisation_id, BatchFilter(search=term), "-created_at", PageRequest(PAGE))
        event.remove(connection.sync_connection, "before_cursor_execute", note)
        ((statement, parameters),) = asked
        explained = await connection.exec_driver_sql(f"explain (format json) {statement}", parameters)
        plan = explained.scalar_one()
        (condition,) = {
            node["Index Cond"]
            for node in nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
            if node.get("Index Name") == "ix_batches_words"
        }
        return set(condition.split("'{", 1)[1].split("}'", 1)[0].split(","))


async def test_search_asks_for_the_longest_runs_alone_while_there_is_no_other_organisation(
    api: Api, organisation_id: UUID
) -> None:
    """The organisation's own list was gone through for nothing, and those of single letters as well."""
    runs = {"nee", "eed", "edl", "dle"}
    assert await words_asked_for(api, organisation_id, "Needle") == runs
    connection = await asyncpg.connect(api.installation.database.dsn)
    other = UUID(int=7)
    await connection.execute("insert into organisations (id, name) values ($1, 'another one')", other)
    few = "select id from batches where name not like '%needle%' limit 50"
    await connection.execute(f"update batches set organisation_id = $1 where id in ({few})", other)
    await connection.execute("analyze batches")
    try:
        assert await words_asked_for(api, organisation_id, "Needle") == {*runs, str(organisation_id)}
    finally:
        await connection.execute(
            "update batches set organisation_id = $1 where organisation_id = $2", organisation_id, other
        )
        await connection.execute("analyze batches")
        await connection.close()


@pytest.mark.parametrize("term", ["x", "Xy", "İx", "ß", "ΟΔΟΣ", "é", "e\u0301", "a b", "%_\\", "x" * 200, "İİİİ"])
@pytest.mark.parametrize("alone", [True, False])
async def test_the_index_misses_nothing(api: Api, organisation_id: UUID, term: str, alone: bool) -> None:
    async with api.installation.database.transaction() as session:
        one = (await session.execute(select(Batch).limit(1))).scalar_one()
        one.name = f"before{term}after"
        await session.flush()
        table = Batch.__table__.c
        found = may_mention(table, organisation_id, term, alone=alone)
        query = select(func.count().filter(mentions(table, term)), func.count().filter(mentions(table, term), found))
        named, indexed = (await session.execute(query)).one()
        assert named == indexed > 0
        assert (await session.execute(select(owned_share(organisation_id)))).scalar_one() >= ALONE
        assert (await session.execute(select(owned_share(UUID(int=9))))).scalar_one() == 0
        await session.rollback()
