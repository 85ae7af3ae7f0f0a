"""Everything of an organisation as files that people and programs can read: rows as JSON lines, and contents.

    FOLDER/manifest.json        what is in it, and how many
    FOLDER/tables/batches.jsonl a line for each row
    FOLDER/contents/<sha256>    contents, as `files` names them

Secrets are left out: what proves who calls, accounts of outside services, and secrets in settings.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

import asyncpg
from sqlalchemy import LargeBinary

from app.files.errors import ContentMissing
from app.files.storage import Storage, content_key
from app.kit.db import Base, Database
from app.kit.secrets.sealing import hidden, hidden_in_text
from app.kit.service import CannotStart
from app.tenants.tables import OwnedTable, owned_tables

FORMAT: Final = 1
_SHOWN_AS: Final = {"event_log": "events"}
"""The view that says in full what a table has in a short form."""
LINES_AT_ONCE: Final = 500
_LEFT_OUT: Final = {"connections": ("sealed",), "idempotency_keys": ("response",), "play_batch_requirements": ("id",)}
_SETTINGS: Final = {
    "batches": ("settings",),
    "templates": ("options",),
    "plays": ("variables", "play_steps"),
    "webhook_endpoints": ("url", "template"),
}
_JSON_TEXTS: Final = {"webhook_deliveries": ("body",)}
"""JSON in which secrets are hidden; other JSON is the organisation's own data, and comes as it is."""


class FolderNotEmpty(CannotStart):
    """The folder of an export has something in it."""


async def export_organisation(database: Database, storage: Storage, organisation_id: UUID, folder: Path) -> Manifest:
    """Write everything of an organisation into an empty or new folder that nobody else may read; raises FolderNotEmpty.

    All tables are read at one moment. Contents that are missing are named in the manifest.
    """
    await asyncio.to_thread(_make, folder)
    counts: dict[str, int] = {}
    connection = await database.connect("tranche-export")
    try:
        await connection.execute("begin isolation level repeatable read, read only")  # ends with the connection
        for owned in reversed(owned_tables(Base.metadata)):
            counts[_name(owned)] = await _write_table(connection, owned, organisation_id, folder)
        query = "select distinct sha256 from files where organisation_id = $1 order by sha256"
        contents = [row["sha256"] for row in await connection.fetch(query, organisation_id)]
    finally:
        await connection.close()
    missing = [sha256 for sha256 in contents if not await _write_content(storage, sha256, folder)]
    manifest = {
        "format": FORMAT,
        "organisation_id": str(organisation_id),
        "exported_at": datetime.now(UTC).isoformat(),
        "tables": dict(sorted(counts.items())),
        "contents": len(contents) - len(missing),
        "contents_missing": missing,
    }
    await asyncio.to_thread(_write, folder / "manifest.json", json.dumps(manifest, indent=2).encode() + b"\n")
    return manifest


Manifest = dict[str, Any]


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise FolderNotEmpty(f"{folder} is not empty.")
    for name in ("tables", "contents"):
        (folder / name).mkdir(mode=0o700)


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "ab") as file:
        file.write(content)


def _name(owned: OwnedTable) -> str:
    return _SHOWN_AS.get(owned.name, owned.name)


async def _write_table(
    connection: asyncpg.Connection[asyncpg.Record], owned: OwnedTable, organisation_id: UUID, folder: Path
) -> int:
    """One line for each row, in the order of the keys; how many."""
    path = folder / "tables" / f"{_name(owned)}.jsonl"
    await asyncio.to_thread(_write, path, b"")
    written, lines = 0, []
    async for row in _rows(connection, owned, organisation_id):
        lines.append(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        if len(lines) == LINES_AT_ONCE:
            await asyncio.to_thread(_write, path, b"".join(lines))
            written, lines = written + len(lines), []
    await asyncio.to_thread(_write, path, b"".join(lines))
    return written + len(lines)


async def _rows(
    connection: asyncpg.Connection[asyncpg.Record], owned: OwnedTable, organisation_id: UUID
) -> AsyncIterator[Any]:
    left_out = {column.name for column in owned.table.c if isinstance(column.type, LargeBinary)}
    left_out |= set(_LEFT_OUT.get(owned.name, ()))
    texts = _JSON_TEXTS.get(owned.name, ())
    query = f"""select (to_jsonb(t) - $2::text[])::text as row from {_name(owned)} t
      where {owned.condition} order by {owned.keys}"""
    async for found in connection.cursor(query, organisation_id, sorted(left_out), prefetch=LINES_AT_ONCE):
        row = cast("dict[str, Any]", json.loads(found["row"]))
        shown = {name: hidden(row[name]) for name in _SETTINGS.get(owned.name, ()) if name in row}
        yield row | shown | {name: hidden_in_text(row[name]) for name in texts if row.get(name)}


async def _write_content(storage: Storage, sha256: str, folder: Path) -> bool:
    path = folder / "contents" / sha256
    try:
        async for chunk in storage.chunks(content_key(sha256)):
            await asyncio.to_thread(_write, path, chunk)
    except ContentMissing:
        return False
    await asyncio.to_thread(_write, path, b"")
    return True
