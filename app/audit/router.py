"""The audit log for those who administer: an organisation's own entries, and for operators all of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from app.audit import repository
from app.audit.actions import Action
from app.audit.models import AuditEntry
from app.audit.record import record
from app.audit.repository import AuditFilter
from app.audit.schemas import AuditActionRead, AuditActions, AuditEntryRead, AuditPage
from app.auth.caller import Caller
from app.auth.dependencies import AdminDep
from app.auth.permissions import Permission
from app.kit.db import Database
from app.kit.declarations import RouteTag, raises, sends
from app.kit.dependencies import DatabaseDep, PageDep, SessionDep
from app.kit.errors import FilterNotReadable
from app.kit.filters import check_printable, read_words
from app.kit.pages import PageRequest
from app.kit.schemas import Moment
from app.kit.spreadsheets import csv_chunks

_TAG = RouteTag("audit", "Who did what: administrative and security events.")
router = APIRouter(prefix="/api/audit", tags=[_TAG])
ROWS_AT_ONCE: Final = 500
MEDIA_TYPES: Final = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
Word = Annotated[str | None, Query(max_length=200)]
NOUNS: Final = tuple(dict.fromkeys(action.partition(".")[0] for action in Action))


@raises(FilterNotReadable)
async def get_filter(
    since: Annotated[Moment | None, Query(description="Entries of this moment and later.")] = None,
    until: Annotated[Moment | None, Query(description="Entries before this moment.")] = None,
    actor: Annotated[Word, Query(description="Id or name of who did it, or their kind.")] = None,
    action: Annotated[Word, Query(description="An action, a noun such as `key`, or several by comma.")] = None,
    target: Annotated[Word, Query(description="Id, name or kind of what it was done to.")] = None,
    address: Annotated[Word, Query(description="Where it came from, or how such addresses begin.")] = None,
    outcome: Annotated[Literal["success", "failure"] | None, Query()] = None,
    organisation_id: Annotated[UUID | None, Query(description="For operators: one organisation's entries.")] = None,
) -> AuditFilter:
    words = read_words(action, (*Action, *NOUNS), noun="action")
    return AuditFilter(
        since=since,
        until=until,
        actor=check_printable(actor),
        actions=tuple(one.value for one in Action if one in words or one.partition(".")[0] in words),
        target=check_printable(target),
        address=check_printable(address),
        outcome=outcome,
        organisation_id=organisation_id,
    )


FilterDep = Annotated[AuditFilter, Depends(get_filter)]


def _seen_by(caller: Caller, wanted: AuditFilter) -> AuditFilter:
    """Administrators see their organisation's entries, operators all of them."""
    if Permission.OPERATE in caller.permissions:
        return wanted
    return wanted._replace(organisation_id=caller.organisation_id)


@router.get("")
async def list_audit_entries(session: SessionDep, caller: AdminDep, wanted: FilterDep, page: PageDep) -> AuditPage:
    """The organisation's entries, newest first; for operators those of all organisations and of the installation."""
    found = await repository.list_entries(session, _seen_by(caller, wanted), page)
    return AuditPage(entries=[AuditEntryRead.of(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/actions")
async def list_audit_actions(caller: AdminDep) -> AuditActions:
    """Every action that there is a word for, with when it is recorded."""
    return AuditActions(actions=[AuditActionRead(action=one.value, meaning=one.meaning) for one in Action])


@router.get(
    "/export",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}},
)
@sends("Content-Disposition")
async def export_audit_entries(
    database: DatabaseDep,
    caller: AdminDep,
    wanted: FilterDep,
    wanted_format: Annotated[
        Literal["ndjson", "csv"], Query(alias="format", description="`ndjson`: one JSON object a line.")
    ] = "ndjson",
) -> Response:
    """The same entries as a file, newest first, however many. That it was exported is an entry as well."""
    seen = _seen_by(caller, wanted)
    async with database.transaction() as session:
        details = {name: value for name, value in seen._asdict().items() if value} | {"format": wanted_format}
        await record(session, caller, Action.AUDIT_EXPORTED, details=details)
    headers = {
        "Content-Disposition": f'attachment; filename="audit.{wanted_format}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    pieces = _csv(database, seen) if wanted_format == "csv" else _ndjson(database, seen)
    return StreamingResponse(pieces, headers=headers, media_type=MEDIA_TYPES[wanted_format])


async def _pages(database: Database, wanted: AuditFilter) -> AsyncIterator[list[AuditEntry]]:
    """All entries, some at a time: no transaction is open while a slow reader takes them."""
    page = PageRequest(ROWS_AT_ONCE)
    while True:
        async with database.transaction() as session:
            found = await repository.list_entries(session, wanted, page)
        yield list(found.rows)
        if found.next_cursor is None:
            return
        page = PageRequest(ROWS_AT_ONCE, found.next_cursor)


async def _ndjson(database: Database, wanted: AuditFilter) -> AsyncIterator[bytes]:
    async for rows in _pages(database, wanted):
        yield "".join(AuditEntryRead.of(row).model_dump_json() + "\n" for row in rows).encode()


async def _csv(database: Database, wanted: AuditFilter) -> AsyncIterator[bytes]:
    header = True
    async for rows in _pages(database, wanted):
        for piece in csv_chunks(list(AuditEntryRead.model_fields), [_cells(row) for row in rows], header=header):
            yield piece
        header = False


def _cells(row: AuditEntry) -> dict[str, Any]:
    values = AuditEntryRead.of(row).model_dump(mode="json")
    return values | {"details": json.dumps(values["details"], ensure_ascii=False)}
