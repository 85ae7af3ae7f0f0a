"""What the page of a batch shows, from its jobs and the outlines of its reports. Pure: rows in, sections out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from app.reports.missing_map import MissingMap, missing_map
from app.reports.side_by_side import ColumnAcross, TableFile, across
from app.reports.summary import PROBLEMS, summarise

MOST_FILES: Final = 500
MOST_COLUMNS, MOST_CHARTED, MOST_PAIRS, MOST_NAMED = 500, 100, 30, 20
_ORDER: Final = ("low", "check", "high")


class FileRow(NamedTuple):
    """A job of the batch, with its result and the outline of its report as JSON text, if they are there."""

    sequence: int
    name: str | None
    status: str
    error_code: str | None
    error_message: str | None
    result: str | None
    outline: str | None


@dataclass(slots=True)
class NoteAcross:
    """A code over all files: `places` names the first of them, with the columns that it concerns."""

    code: str
    confidence: str
    message: str
    parameter: str | None
    files: int = 0
    count: int = 0
    places: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BatchPage:
    """`files` are the first of the batch, `outlined` how many of them have a report to compare."""

    batch: Mapping[str, Any]
    summary: Mapping[str, Any]
    files: Sequence[Mapping[str, Any]]
    outlined: int
    notes: Sequence[NoteAcross]
    missing: MissingMap | None
    columns: Sequence[ColumnAcross]
    column_count: int
    charted: int
    pairs: Sequence[Mapping[str, Any]]


def make_page(batch: Mapping[str, Any], rows: Sequence[FileRow]) -> BatchPage:
    """The sections. A summary that is not there yet, or from before there were notes, is made of these rows."""
    files = [_file(row) for row in rows]
    summary = batch["summary_data"] or {}
    if "files_to_check" not in summary:
        summary = summarise([{**file, "filename": file["name"]} for file in files])
    tables: list[TableFile] = []
    pairs: dict[Any, dict[str, Any]] = {}
    for row, file in zip(rows, files, strict=True):
        if not (row.outline and file["result"]):
            continue
        outline = json.loads(row.outline)
        columns: dict[str, Any] = {}
        for column in outline["columns"]:
            columns.setdefault(column["name"], column)
        tables.append(TableFile(row.sequence, file["name"], file["result"]["rows"], columns))
        _add_pairs(pairs, file["name"], outline.get("correlations", ()))
    columns_across = across(tables)
    return BatchPage(
        batch=batch,
        summary=summary,
        files=files,
        outlined=len(tables),
        notes=_notes(files),
        missing=missing_map(tables, [column.name for column in columns_across]),
        columns=columns_across[:MOST_COLUMNS],
        column_count=len(columns_across),
        charted=min(len(columns_across), MOST_CHARTED),
        pairs=sorted(pairs.values(), key=lambda pair: -abs(pair["strongest"]))[:MOST_PAIRS],
    )


def _file(row: FileRow) -> dict[str, Any]:
    result = json.loads(row.result) if row.result and row.status == "completed" else None
    problems = sum(result["problems"].get(name, 0) for name in PROBLEMS) if result else 0
    return {
        "sequence": row.sequence,
        "name": row.name or f"File {row.sequence}",
        "status": row.status,
        "error_code": row.error_code,
        "error_message": row.error_message,
        "result": result,
        "problem_count": problems,
    }


def _notes(files: Iterable[Mapping[str, Any]]) -> list[NoteAcross]:
    found: dict[tuple[str, bool], NoteAcross] = {}
    for file in files:
        for note in (file["result"] or {}).get("notes", ()):
            names = note.get("in_columns", ())
            key = note["code"], bool(names)
            first = NoteAcross(note["code"], note["confidence"], note["message"], note.get("parameter"))
            across_files = found.setdefault(key, first)
            across_files.files += 1
            across_files.count += note["count"]
            if len(across_files.places) < MOST_NAMED:
                across_files.places.append(_place(file["name"], names, note.get("columns", 0)))
    return sorted(found.values(), key=lambda note: (_ORDER.index(note.confidence), -note.files))


def _place(file: str, names: Sequence[str], count: int) -> str:
    if not names:
        return file
    shown = ", ".join(names[:3])
    return f"{file} ({shown} and {count - 3:,} more)" if count > 3 else f"{file} ({shown})"


def _add_pairs(pairs: dict[Any, dict[str, Any]], file: str, found: Iterable[Mapping[str, Any]]) -> None:
    for each in found:
        key, r = tuple(sorted(each["columns"])), each["r"]
        pair = pairs.setdefault(key, {"columns": each["columns"], "files": 0, "low": r, "high": r, "strongest": 0.0})
        pair["files"] += 1
        pair["low"], pair["high"] = min(pair["low"], r), max(pair["high"], r)
        if abs(r) > abs(pair["strongest"]):
            pair |= {"strongest": r, "file": file, "rows": each["rows"]}
