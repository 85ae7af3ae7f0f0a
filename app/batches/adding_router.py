"""Adding jobs to a batch that is there already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError

from app.auth.dependencies import SubmitterDep
from app.batches.adding import Adding
from app.batches.adding_schemas import JobsAdd, JobsAdded
from app.batches.dependencies import DeskDep
from app.batches.errors import KeyNotForLines, LineNotReadable
from app.batches.schemas import Item
from app.batches.service import get_batch
from app.batches.settings import BatchSettings
from app.idempotency.dependencies import OnceDep
from app.kit.container import provided
from app.kit.db import Database
from app.kit.declarations import raises, shows
from app.kit.dependencies import DatabaseDep
from app.kit.errors import Problem, TooLarge, UnsupportedMediaType, problems_of
from app.kit.json_reading import load_json
from app.kit.web.json_bodies import check_encoding, read_body
from app.kit.web.json_lines import Line, ahead, is_lines, pages_of

router = APIRouter(prefix="/api", tags=["batches"])
AT_ONCE: Final = 2_000
"""Items of one transaction: the batch is locked for about a tenth of a second."""
# Lines are told of in the description: the usual makers of clients know no body of that type, and leave the route out.
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/JobsAdd"},
                "example": {
                    "items": [{"url": "https://example.org/march.csv", "external_id": "march"}],
                    "sealed": True,
                },
            },
        },
    }
}
SettingsDep = Annotated[BatchSettings, Depends(provided(BatchSettings))]
Sealed = Annotated[
    bool | None,
    Query(description="With lines: true where these are the last; false where the batch is to wait for more."),
]


@router.post("/batches/{batch_id}/jobs", status_code=201, openapi_extra=_BODY)
@raises(Adding.add, LineNotReadable, KeyNotForLines, TooLarge, UnsupportedMediaType)
@shows(JobsAdd)
async def add_jobs(
    batch_id: UUID,
    request: Request,
    caller: SubmitterDep,
    database: DatabaseDep,
    desk: DeskDep,
    settings: SettingsDep,
    once: OnceDep,
    sealed: Sealed = None,
) -> JobsAdded:
    """Add items to a draft, or to a batch that has not ended.

    JSON is taken as a whole or not at all. Lines of JSON, each an item such as those of `items`, are sent with the type
    `application/x-ndjson`, and may be as many as a batch may have: they are taken in pages of 2,000, each with an event
    `jobs.added`. Where something is wrong with a line, or the connection breaks, the pages before it are in; a problem
    says how many items those were, and `line` or `lines` where it is. Items whose `external_id` the batch has already
    are counted as `existing`: who does not know how far it came sends all of them again.
    """
    async with database.transaction() as session:  # before what may be a long body
        await get_batch(session, caller, batch_id)
    adding = Adding(caller, desk, batch_id, settings.max_batch_jobs)
    if is_lines(request.headers.get("content-type", "")):
        if "idempotency-key" in request.headers:
            raise KeyNotForLines("Lines are told apart by their external_id, and not by an Idempotency-Key.")
        check_encoding(request)
        return await _add_lines(request, database, adding, sealed)
    body = await read_body(request, JobsAdd)
    wanted = sealed if body.sealed is None else body.sealed
    async with database.transaction() as session:

        async def make() -> JobsAdded:
            return await adding.add(session, body.items, sealed=wanted)

        return await once.answer(session, [wanted, *body.items], make, JobsAdded)


async def _add_lines(request: Request, database: Database, adding: Adding, sealed: bool | None) -> JobsAdded:
    try:
        async for page, items in ahead(_items_of(request)):
            try:
                async with database.transaction() as session:
                    await adding.add(session, items)
            except Problem as problem:
                problem.extra["lines"] = [page[0][0], page[-1][0]]
                raise
        async with database.transaction() as session:
            return await adding.add(session, [], sealed=sealed)
    except Problem as problem:
        problem.extra |= {"added": adding.added, "existing": adding.existing}
        raise


async def _items_of(request: Request) -> AsyncGenerator[tuple[Sequence[Line], list[Item]], None]:
    async for page in pages_of(request.stream(), AT_ONCE):
        yield page, await asyncio.to_thread(_read, page)


def _read(page: Sequence[Line]) -> list[Item]:
    items = []
    for number, line in page:
        try:
            items.append(Item.model_validate(load_json(line)).packed())
        except ValidationError as error:
            found = problems_of(error.errors(), ["body", str(number)])
            detail = f"Line {number:,} is no item: {found[0]['msg']}."
            raise LineNotReadable(detail, line=number, errors=found) from None
        except ValueError:
            raise LineNotReadable(f"Line {number:,} is not valid JSON.", line=number) from None
    return items
