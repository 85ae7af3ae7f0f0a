"""Replies of lists whose JSON PostgreSQL has put together, with an ETag of their content."""

from __future__ import annotations

import hashlib
from uuid import UUID

import asyncpg
from fastapi import Request, Response
from sqlalchemy.exc import ProgrammingError

from app.kit.db import Database
from app.kit.secrets.sealing import hidden_in_text
from app.kit.web.etags import is_known
from app.plays import repository


def json_reply(request: Request, body: str) -> Response:
    """The list, or 304 when the client has it already."""
    content = body.encode()
    headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"', "Cache-Control": "private, no-cache"}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="application/json")


async def read_mappings(database: Database, organisation_id: UUID) -> str:
    """The mappings as JSON: an empty list also where a downgrade has removed their table."""
    try:
        async with database.transaction() as session:
            return await repository.list_mappings_as_json(session, organisation_id)
    except ProgrammingError as error:
        if not _is_removed(error):
            raise
    return "[]"


async def read_plays(database: Database, organisation_id: UUID) -> str:
    """The plays as JSON, with `required_batches` always there."""
    try:
        async with database.transaction() as session:
            return hidden_in_text(await repository.list_plays_as_json(session, organisation_id))
    except ProgrammingError as error:
        if not _is_removed(error):
            raise
    async with database.transaction() as session:
        found = await repository.list_plays_as_json(session, organisation_id, with_requirements=False)
    return hidden_in_text(found)


def _is_removed(error: ProgrammingError) -> bool:
    return isinstance(getattr(error.orig, "__cause__", None), asyncpg.UndefinedTableError)
