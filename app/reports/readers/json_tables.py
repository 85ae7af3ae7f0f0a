"""Reads JSON and JSON Lines as tables: one record for each object, nested members as `outer.inner`.

An array is read piece by piece, so its size does not matter; only a document that is one object is held as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.reports.choices import GUESS, Choices
from app.reports.readers.encodings import MOST_LISTED, Encoding, detect_encoding, open_text
from app.reports.readers.header import column_names
from app.reports.readers.scratch import Parts
from app.reports.readers.table import Table
from app.reports.readers.workbooks import table_of_rows
from app.reports.table_errors import EMPTY_FILE, FILE_UNREADABLE, NOT_A_TABLE, RESOURCE_LIMIT, TableError

CHUNK: Final = 1 << 18
MAX_ELEMENT: Final = 32 * 1024 * 1024
MAX_COLUMNS: Final = 4096
MAX_DEPTH: Final = 16
_BETWEEN: Final = re.compile(r"[ \t\r\n]*(?:,[ \t\r\n]*)?")


@dataclass(slots=True)
class Lines:
    """What JSON Lines hold besides records: lines that are no JSON, by number."""

    broken: int = 0
    numbers: list[int] = field(default_factory=list)


def looks_like_json(sample: str) -> bool:
    """Whether a text begins as an object or an array does."""
    return re.match(r"\s*(\{\s*[\"}]|\[\s*[\[{\"\d\]\-tfn])", sample) is not None


def read_json(path: Path, folder: Path, suffix: str, choices: Choices = GUESS) -> Table:
    """The table in a JSON file; raises TableError when it holds none."""
    encoding = detect_encoding(path)
    with open_text(path, encoding) as text:
        sample = text.read(CHUNK)
    first = sample.lstrip("\ufeff \t\r\n")[:1]
    is_lines = suffix in ("jsonl", "ndjson") or (first == "{" and _has_several(sample))
    facts: dict[str, Any] = {"encoding": encoding.name, "bom": encoding.bom}
    if is_lines:
        lines = Lines()
        table = _table(lambda: _line_values(path, encoding, lines), "jsonl", folder, choices)
        # The lines were read twice: once for the columns, once for the rows.
        table.problems |= {"broken_lines": lines.broken // 2, "broken_line_numbers": sorted(set(lines.numbers))}
    elif first == "[":
        table = _table(lambda: _elements(path, encoding), "json", folder, choices)
    else:
        value, where = _records_inside(_whole(path, encoding))
        table = _table(lambda: iter(value), "json", folder, choices)
        facts["path"] = where
    table.facts = facts | table.facts
    return table


def _has_several(sample: str) -> bool:
    """Whether an object is followed by another on the next line."""
    try:
        _, end = json.JSONDecoder().raw_decode(sample.lstrip("\ufeff \t\r\n"))
    except (ValueError, RecursionError):
        # A broken first line does not make a file of objects one object.
        starts = [line.startswith("{") and line.rstrip().endswith("}") for line in sample.splitlines()[:20] if line]
        return sum(starts) > max(1, len(starts) // 2)
    return sample.lstrip("\ufeff \t\r\n")[end:].lstrip().startswith(("{", "["))


def _line_values(path: Path, encoding: Encoding, lines: Lines) -> Iterator[Any]:
    with open_text(path, encoding) as text:
        for number, line in enumerate(text, 1):
            line = line.strip("\ufeff \t\r\n\x00")
            if not line:
                continue
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                lines.broken += 1
                if len(lines.numbers) < MOST_LISTED:
                    lines.numbers.append(number)


def _elements(path: Path, encoding: Encoding) -> Iterator[Any]:
    """The elements of an array, decoded one after the other from a window of the text."""
    decoder = json.JSONDecoder()
    with open_text(path, encoding) as text:
        window = text.read(CHUNK)
        place, seen = window.index("[") + 1, window.count("\n", 0, window.index("["))
        while True:
            place = _BETWEEN.match(window, place).end()  # type: ignore[union-attr]
            if window.startswith("]", place):
                return
            try:
                value, end = decoder.raw_decode(window, place)
                if end < len(window):  # a number at the very end may go on
                    yield value
                    place = end
                    continue
            except RecursionError:
                raise TableError(FILE_UNREADABLE, "The JSON is nested too deeply.") from None
            except ValueError as error:
                problem = str(error)
            if len(window) - place > MAX_ELEMENT:
                raise TableError(RESOURCE_LIMIT, "One element of the array is larger than 32 MiB.")
            more = text.read(max(CHUNK, len(window) - place))
            if not more:
                line = seen + window.count("\n", 0, place) + 1
                raise TableError(FILE_UNREADABLE, f"The JSON is broken at or after line {line}: {problem}.")
            seen += window.count("\n", 0, place)
            window, place, problem = window[place:] + more, 0, "it ends too early"


def _whole(path: Path, encoding: Encoding) -> Any:
    with open_text(path, encoding) as text:
        try:
            return json.loads(text.read().lstrip("\ufeff"))
        except (ValueError, RecursionError) as error:
            raise TableError(FILE_UNREADABLE, f"The JSON is broken: {error}.") from None


def _records_inside(value: Any) -> tuple[list[Any], str | None]:
    """The records of a document that is one object: its longest list of objects, its columns, or itself as one row."""
    if not isinstance(value, dict) or not value:
        raise TableError(EMPTY_FILE, "The JSON holds no record.")
    found = [(len(rows), path, rows) for path, rows in _lists(value, "", 0)]
    if found:
        _, path, rows = max(found, key=lambda entry: entry[0])
        return rows, path
    columns = list(value.values())
    if all(isinstance(column, list) for column in columns) and len({len(column) for column in columns}) == 1:
        return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)], None
    if all(isinstance(row, dict) for row in columns) and len(columns) > 1:
        return [{"key": key} | row for key, row in value.items()], None
    return [value], None


def _lists(value: dict[str, Any], path: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    for key, member in value.items():
        where = f"{path}.{key}" if path else key
        if isinstance(member, list) and member and all(isinstance(row, dict) for row in member):
            yield where, member
        elif isinstance(member, dict) and depth < 4:
            yield from _lists(member, where, depth + 1)


def _table(values: Callable[[], Iterator[Any]], kind: str, folder: Path, choices: Choices) -> Table:
    """Two readings: the first finds the columns, the second writes the rows."""
    first = next(values(), None)
    if isinstance(first, list):
        table = table_of_rows(
            ([cell_of(cell) for cell in row] if isinstance(row, list) else [cell_of(row)] for row in values()),
            kind,
            folder,
            choices,
        )
        table.facts["shape"] = "arrays"
        return table
    names: dict[str, int] = {}
    records, others = 0, 0
    for value in values():
        records += 1
        others += not isinstance(value, dict)
        for name, _ in flatten(value):
            if name not in names:
                if len(names) >= MAX_COLUMNS:
                    raise TableError(NOT_A_TABLE, f"The records have more than {MAX_COLUMNS:,} different members.")
                names[name] = len(names)
    if not records:
        raise TableError(EMPTY_FILE, "The JSON holds no record.")
    parts = Parts(folder, len(names) or 1)

    def rows() -> Iterator[list[str]]:
        for value in values():
            row = [""] * len(names)
            for name, cell in flatten(value):
                row[names[name]] = cell_of(cell)
            yield row

    parts.write(rows())
    return Table(
        format=kind,
        names=column_names(list(names), len(names) or 1),
        relation=parts.relation(),
        rows=parts.rows,
        facts={"shape": "objects" if not others else "values", "header": True, "records": records},
        problems={"records_not_objects": others} if 0 < others < records else {},
    )


def flatten(value: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The members of a record with the names of what they are nested in; a bare value is called `value`."""
    if not isinstance(value, dict):
        yield prefix or "value", value
        return
    for key, member in value.items():
        name = f"{prefix}.{key}" if prefix else key
        if isinstance(member, dict) and member and depth < MAX_DEPTH:
            yield from flatten(member, name, depth + 1)
        else:
            yield name, member


def cell_of(value: Any) -> str:
    """A JSON value as the text that the kinds of columns are read from; lists stay JSON."""
    match value:
        case str():
            return value.replace("\x00", "")
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return repr(value) if value == value and abs(value) != float("inf") else ""
    return json.dumps(value, ensure_ascii=False)
