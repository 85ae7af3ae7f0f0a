"""`tranche import-jobs` and `group-legacy`: take over the jobs of an older system, from a file or from its table."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from app.auth import service
from app.auth.repository import get_organisation
from app.batches import legacy
from app.batches.backfill import STATUSES, AddedBatch, OldJob, add_batches, group_jobs
from app.commands import ServiceRefused
from app.commands.administration import run_with_database
from app.files.names import display_name
from app.installation import Installation
from app.kit.schemas import check_data, check_moment, check_text
from app.kit.text.decoding import EncodingUnknown, decode
from app.pipelines.errors import PipelineUnknown
from app.pipelines.registry import Registry
from app.settings import Settings

_NAMES: Final = {
    "created_at": ("created_at", "created", "submitted_at", "timestamp"),
    "pipeline": ("pipeline", "pipeline_id", "pipeline_key"),
    "filename": ("filename", "file_name", "file", "name"),
    "status": ("status", "state"),
    "file_size": ("file_size", "size", "bytes"),
    "completed_at": ("completed_at", "finished_at", "ended_at"),
    "error": ("error", "error_message", "message"),
}
"""The columns that are understood, by the names older systems give them; all others are kept with the job."""
_SHOWN_ERRORS: Final = 20
_LARGEST: Final = 2**63 - 1


class _TakenBackError(Exception):
    """Ends a transaction without a commit."""


def import_jobs(
    settings: Settings,
    file: Path,
    *,
    window: timedelta,
    organisation: str,
    pipeline: str | None,
    encoding: str | None,
    dry_run: bool,
) -> list[AddedBatch]:
    """Group the file's jobs into batches and write them in one transaction, which `dry_run` takes back at its end.

    Every row is read before anything is written: ServiceRefused names the lines that cannot be taken. `pipeline` is for
    rows that name none. A file that is neither UTF-8 nor has a byte order mark is refused without its `encoding`: a
    wrong guess would stay.
    """
    installation = Installation(settings)

    async def work() -> list[AddedBatch]:
        await installation.migrate()
        async with installation.database.transaction() as session:
            await installation.get(Registry).save(session)
        registry = installation.get(Registry)
        groups = group_jobs(_read_jobs(file, registry, pipeline, encoding), window)
        added: list[AddedBatch] = []
        with suppress(_TakenBackError):
            async with installation.database.transaction() as session:
                owner = await service.ensure_user(session, organisation, "admin", "admin")
                owning = await get_organisation(session, owner.organisation_id)
                connection = await session.connection()
                added = await connection.run_sync(add_batches, owning, groups, "import-jobs", registry.find)
                if dry_run:
                    raise _TakenBackError
        return added

    return run_with_database(settings, work, installation)


def group_legacy(settings: Settings, pipelines: Sequence[str], *, window: timedelta) -> legacy.Grouped:
    """Group the rows of `legacy_jobs` that are left; `pipelines` are OLD=KEY, one for each older name."""
    installation = Installation(settings)
    registry = installation.get(Registry)
    known_as = dict(entry.partition("=")[::2] for entry in pipelines)
    for old, key in known_as.items():
        if not key:
            raise ServiceRefused(f"--pipeline {old}: write it as {old}=KEY.")
        try:
            registry.get(key)
        except PipelineUnknown as error:
            raise ServiceRefused(error.detail) from None

    async def work() -> legacy.Grouped:
        await installation.migrate()
        async with installation.database.transaction() as session:
            await registry.save(session)
        try:
            async with installation.database.transaction() as session:
                return await legacy.group_legacy_jobs(session, registry, known_as, window)
        except DBAPIError as error:
            raise ServiceRefused(f"legacy_jobs was left alone: {str(error.orig).splitlines()[0]}") from None

    return run_with_database(settings, work, installation)


def _read_jobs(file: Path, registry: Registry, pipeline: str | None, encoding: str | None) -> list[OldJob]:
    jobs: list[OldJob] = []
    errors: list[str] = []
    for line, row in _rows(file, encoding):
        try:
            jobs.append(_read_job(row, registry, pipeline))
        except (ValueError, PipelineUnknown) as error:
            errors.append(f"line {line}: {getattr(error, 'detail', None) or error}")
    if errors:
        more = f"\n... and {len(errors) - _SHOWN_ERRORS} more" if len(errors) > _SHOWN_ERRORS else ""
        shown = "\n".join(errors[:_SHOWN_ERRORS])
        raise ServiceRefused(f"Nothing was imported: {len(errors)} of the rows cannot be read.\n{shown}{more}")
    if not jobs:
        raise ServiceRefused("The file has no rows.")
    return jobs


def _rows(file: Path, encoding: str | None) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """Each row with its line number; text instead of a row says what is wrong with the line."""
    try:
        decoded = decode(file.read_bytes(), encoding)
        if decoded.found == "guess":
            advice = f"say which it is, such as --encoding {decoded.encoding}"
            raise ServiceRefused(f"{file.name} is not UTF-8, and nothing in it says what it is instead: {advice}.")
        lines = io.StringIO(decoded.text, newline="")
        if file.suffix.lower() in (".jsonl", ".ndjson", ".json"):
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, _json_row(line)
            return
        reader = csv.DictReader(lines, restkey="", strict=True)
        for row in reader:
            yield reader.line_num, "more cells than the heading" if row.get("") else row
    except (EncodingUnknown, csv.Error) as error:
        raise ServiceRefused(f"{file.name} cannot be read: {error}") from None


def _json_row(line: str) -> Mapping[str, Any] | str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return "not valid JSON"
    return row if isinstance(row, dict) else "not a JSON object"


def _read_job(row: Mapping[str, Any] | str, registry: Registry, pipeline: str | None) -> OldJob:
    """One row as an old job; raises ValueError or PipelineUnknown with what is wrong."""
    if isinstance(row, str):
        raise ValueError(row)
    plain = {str(name).strip().lower().replace(" ", "_"): value for name, value in row.items() if name}
    known: dict[str, Any] = {}
    for name, spellings in _NAMES.items():
        spelling = next((spelling for spelling in spellings if plain.get(spelling) not in (None, "")), None)
        if spelling:
            known[name] = plain.pop(spelling)
    if "created_at" not in known:
        raise ValueError("created_at is missing")
    word = str(known.get("status", "completed")).strip().lower().replace("-", "_").replace(" ", "_")
    if word not in STATUSES:
        raise ValueError(f"the status {word[:40]!r} is not known")
    key = str(known.get("pipeline") or pipeline or "").strip()
    if not key:
        raise ValueError("pipeline is missing; --pipeline names one for all such rows")
    created_at = _moment("created_at", known["created_at"])
    completed_at = _moment("completed_at", known["completed_at"]) if "completed_at" in known else None
    if completed_at and completed_at < created_at:
        raise ValueError("completed_at is before created_at")
    extra = {name: value for name, value in plain.items() if value not in (None, "")}
    return OldJob(
        created_at=created_at,
        pipeline_id=registry.id_of(registry.get(key)),
        filename=display_name(check_text(str(known["filename"]))) if "filename" in known else "",
        word=word,
        file_size=_size(known.get("file_size", 0)),
        completed_at=completed_at,
        error=check_text(str(known["error"])) if "error" in known else None,
        extra=check_data(extra),
    )


def _moment(name: str, value: Any) -> datetime:
    """ISO 8601, or seconds since 1970; without a zone it is UTC."""
    text = str(value).strip()
    try:
        if re.fullmatch(r"\d{9,11}(\.\d+)?", text):
            return datetime.fromtimestamp(float(text), UTC)
        return check_moment(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise ValueError(f"{name}: {text[:40]!r} is not a date and time") from None


def _size(value: Any) -> int:
    text = str(value).strip()
    if not re.fullmatch(r"\d{1,19}", text) or int(text) > _LARGEST:
        raise ValueError(f"file_size: {text[:40]!r} is not a number of bytes")
    return int(text)
