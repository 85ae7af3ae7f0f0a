"""What the public page shows, put together from what a code opens; the templates only lay it out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.kit.web.public_address import public_path
from app.pipelines.contract import Overview, ResultTable
from app.results.charts import Drawing, draw
from app.results.content import rows_of
from app.results.schemas import SharedBatch, SharedFile, SharedJob, SharedResult

_NUMBER: Final = re.compile(r"[\d.:,]+")
_SHORT: Final = 12
_STATES: Final = {"running": "processing", "skipped": "cancelled"}
"""Job states that have the look of a batch state."""


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    is_number: bool
    is_short: bool
    """Short enough not to be broken."""


@dataclass(frozen=True, slots=True)
class Section:
    """One job: what is said of it, its rows if its pipeline makes rows, and its files."""

    sequence: int
    name: str
    status: str
    state: str
    error_code: str | None
    facts: Sequence[tuple[str, str]]
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    text: str | None
    files: Sequence[SharedFile]


def section_of(job: SharedJob | SharedResult, table: ResultTable | None) -> Section:
    rows = rows_of(table, job.result)
    columns, cells = (
        _table([name for name in table.columns if name not in table.facts], rows) if table and rows else ((), ())
    )
    members = job.result if isinstance(job.result, dict) else {}
    shown = table.facts if table else tuple(members)
    plain = {name: members[name] for name in shown if isinstance(members.get(name), str | int | float)}
    is_told = rows is not None or job.result is None or (members and plain.keys() == members.keys())
    return Section(
        sequence=job.sequence,
        name=job.name,
        status=job.status.capitalize(),
        state=_STATES.get(job.status, job.status),
        error_code=job.error_code,
        facts=[(_label(name), _cell(value)) for name, value in plain.items()],
        columns=columns,
        rows=cells,
        text=None if is_told else json.dumps(job.result, ensure_ascii=False, indent=2)[:100_000],
        files=job.files,
    )


def _table(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> tuple[list[Column], list[list[str]]]:
    """Headers and cells; a column in which nothing stands is left out."""
    cells = {name: [_cell(row.get(name)) for row in rows] for name in names}
    used = {name: column for name, column in cells.items() if any(column)}
    columns = [
        Column(_label(name), all(_NUMBER.fullmatch(cell or "0") for cell in own), max(map(len, own)) <= _SHORT)
        for name, own in used.items()
    ]
    return columns, [list(row) for row in zip(*used.values(), strict=True)]


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return "" if value is None or value is False else "yes" if value is True else str(value)


def _moment(value: datetime) -> str:
    return f"{value.day} {value:%B %Y, %H:%M} UTC"


_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["at"] = public_path
_templates.filters |= {"moment": _moment, "grouped": lambda number: f"{number:,}"}


@dataclass(frozen=True, slots=True)
class OverviewSection:
    """What a pipeline says of the whole batch. A column of which all cells are empty is left out."""

    facts: Sequence[tuple[str, str]]
    tables: Sequence[tuple[str, Sequence[Column], Sequence[Sequence[str]]]]
    charts: Sequence[Drawing]


def _overview(overview: Overview) -> OverviewSection:
    tables = []
    for table in overview.tables:
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        tables.append((table.title, *_table(table.columns, rows)))
    return OverviewSection(overview.facts, tables, [drawing for chart in overview.charts if (drawing := draw(chart))])


def result_page(
    found: SharedResult | SharedBatch,
    tables: Mapping[str, ResultTable | None],
    overviews: Sequence[Overview] = (),
) -> str:
    """The page of what a code opens; `tables` are those of the pipelines by key, `overviews` stand above its jobs."""
    jobs: Sequence[SharedJob | SharedResult] = found.jobs if isinstance(found, SharedBatch) else [found]
    batch = found if isinstance(found, SharedBatch) else None
    following = batch.next_cursor if batch else None
    sections = [section_of(job, tables.get(job.pipeline_key)) for job in jobs]
    state = _STATES.get(found.status, found.status)
    return _templates.get_template("result.html").render(
        found=found,
        batch=batch,
        overviews=[_overview(overview) for overview in overviews],
        sections=sections,
        state=state,
        following=following,
    )


def plain_page(title: str, text: str) -> str:
    """A page that only says something: the same bytes for the same words."""
    return _templates.get_template("plain.html").render(title=title, text=text)
