"""Reads JSON of every make as a table: arrays, lines, documents one after another, and records in envelopes."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.kit.text.decoding import is_markup
from app.reports.choices import GUESS, Choices
from app.reports.notes import Note, note
from app.reports.readers.encodings import MOST_LISTED, Encoding, encoding_of, open_text
from app.reports.readers.json.decoding import Decoder, text_of
from app.reports.readers.json.records import MAX_COLUMNS, RecordWriter, TooWide
from app.reports.readers.json.shapes import Shape, find_shape, is_cell_row, is_counted
from app.reports.readers.json.stream import CHUNK, Long, Window, prefix_of
from app.reports.readers.rows import table_of_rows
from app.reports.readers.table import Table
from app.reports.table_errors import EMPTY_FILE, NOT_A_TABLE, TableError

RECORD_SEPARATOR: Final = b"\x1e"
LINES: Final = ("jsonl", "ndjson")
NAMES: Final = (*LINES, "json", "geojson", "geojsonl", "topojson", "jsonld", "har", "ipynb")
TABLES: Final = ("csv", "tsv", "psv", "tab")
SAMPLE: Final = 1 << 12
TRIED: Final = 20
_NOTHING: Final = object()
_BEGINNING: Final = re.compile(r"\s*(\{\s*[\"}]|\[\s*[\[{\"\d\]\-tfnNI])")
_OBJECT: Final = re.compile(r'\s*(?:\[\s*)?\{\s*"[^"\n]*"\s*:')


@dataclass(slots=True)
class Met:
    """What was met on the way through a file: the documents in it, what is said beside the
    records of a page, and lines that are no JSON. `skipped` has the documents before each line that is none."""

    decoder: Decoder = field(default_factory=Decoder)
    documents: int = 0
    lists: int = 0
    broken: int = 0
    numbers: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)


Source = Callable[[Met], Iterator[Any]]


def is_json(path: Path, suffix: str, choices: Choices = GUESS) -> bool:
    """Whether a text is JSON by what it begins with; a name of JSON's settles doubts, and one of a table's as well."""
    with open_text(path, encoding_of(path, choices)) as text:
        sample = text.read(SAMPLE)
    if is_markup(sample):
        return False
    if suffix in NAMES:
        return True
    sample = sample.lstrip("\ufeff\x1e")
    if not _BEGINNING.match(sample, prefix_of(sample[:500])):
        return False
    return suffix not in TABLES or _is_json_all_the_same(sample)


def _is_json_all_the_same(sample: str) -> bool:
    """Whether a text that is called a table begins with objects, and not with a record whose first field is one."""
    if not _OBJECT.match(sample):
        return False
    try:
        _, end = Decoder().scan(sample.lstrip(), 0, lambda _: 0)
    except (ValueError, StopIteration, RecursionError):
        return True
    return re.match(r"\s*(?:,\s*)?(?:[\[{]|$)", sample.lstrip()[end:]) is not None


def read_json(path: Path, folder: Path, suffix: str, choices: Choices = GUESS) -> Table:
    """The table in a JSON file; raises TableError when it holds none."""
    with path.open("rb") as file:
        is_sequence = file.read(1) == RECORD_SEPARATOR  # RFC 7464, which is always UTF-8
    encoding = Encoding("utf-8") if is_sequence else encoding_of(path, choices)
    with open_text(path, encoding) as text:
        sample = text.read(CHUNK).lstrip("\ufeff \t\r\n\x1e")
    if not sample:
        raise TableError(EMPTY_FILE, "There is nothing in the file.")
    facts: dict[str, Any] = {"encoding": encoding.name, "bom": encoding.bom}
    notes: list[Note] = []
    if prefix := prefix_of(sample[:500]):
        notes.append(note("SCRIPT_AROUND_JSON", "The JSON stands in a script; what is around it was left out."))
    is_lines, met = _is_lines(sample, suffix), Met()
    several = is_lines or is_sequence or sample.startswith("[", prefix)
    if shape := None if several else _shape(path, encoding, choices, met):
        table = _shaped(shape, path, encoding, folder, choices)
        facts |= {"document": shape.kind} | ({"path": ".".join(shape.path)} if shape.path else {})
        notes += shape.notes
    else:
        read = _line_values if is_lines else _stream_values
        kind = "jsonl" if is_lines or is_sequence else "json"
        table, met = _table(lambda met: read(path, encoding, met), kind, folder, choices)
        if met.documents > 1 and (met.lists or not is_lines):
            message = f"The file has {met.documents:,} JSON documents one after another; they were read as one table."
            notes.append(note("SEVERAL_DOCUMENTS", message, met.documents))
        if met.beside:
            message = "What stands before the records, about their page, was left out."
            notes.append(note("PAGE_OF_RECORDS", message, len(met.beside), examples=met.beside))
        if is_lines:
            if not met.lists:
                skipped = met.skipped
                table.lines_of = lambda rows: [row + 1 + bisect_right(skipped, row) for row in rows]
            table.problems |= {"broken_lines": met.broken, "broken_line_numbers": met.numbers}
    table.facts = facts | table.facts
    table.notes += notes + met.decoder.oddities.notes()
    return table


def _is_lines(sample: str, suffix: str) -> bool:
    """Whether each line is a document of its own; some of them may be broken."""
    lines = sample.splitlines()
    if len(sample) > CHUNK // 2 and len(lines) > 1:
        lines.pop()  # it is cut
    lines = [line for line in lines[: TRIED * 2] if line.strip()][:TRIED]
    decoder = Decoder()
    whole = [_is_document(decoder, line) for line in lines]
    if len(lines) < 2:
        return suffix in LINES and sum(whole) > 0
    enough = sum(whole) >= len(whole) * (0.3 if suffix in LINES else 0.5)
    return enough and (whole[0] or not lines[0].startswith("["))


def _is_document(decoder: Decoder, line: str) -> bool:
    line = line.strip("\ufeff \t\r\n\x00\x1e")
    if not line.startswith(("{", "[")):
        return False
    try:
        _, end = decoder.scan(line, 0, lambda _: 0)
    except (ValueError, StopIteration, RecursionError):
        return False
    return end == len(line) or line[end:].lstrip().startswith(("{", "["))


def _line_values(path: Path, encoding: Encoding, met: Met) -> Iterator[Any]:
    scan = met.decoder.scan
    with open_text(path, encoding) as text:
        number = 0

        def line_of(_: int) -> int:
            return number

        for number, line in enumerate(text, 1):
            line = line.strip("\ufeff \t\r\n\x00\x1e")
            if not line:
                met.skipped.append(met.documents)
                continue
            try:
                value, place = scan(line, 0, line_of)
                more = [] if place == len(line) else _rest(scan, line, place, line_of)
            except (ValueError, StopIteration, RecursionError):
                met.broken += 1
                met.skipped.append(met.documents)
                if len(met.numbers) < MOST_LISTED:
                    met.numbers.append(number)
                continue
            met.documents += 1
            if type(value) is list and is_records(value):
                met.lists += 1
                yield from value
            else:
                yield value
            if more:
                met.documents += len(more)
                yield from more


def _rest(scan: Any, line: str, place: int, line_of: Callable[[int], int]) -> list[Any]:
    """The values after the first one on a line."""
    found = []
    while place < len(line):
        if line[place] in " \t,":
            place += 1
        else:
            value, place = scan(line, place, line_of)
            found.append(value)
    return found


def is_records(value: list[Any]) -> bool:
    """Whether an array is a page of records rather than a row."""
    return bool(value) and all(type(row) is dict for row in value)


def _stream_values(path: Path, encoding: Encoding, met: Met) -> Iterator[Any]:
    """The elements of arrays and the objects that stand one after another."""
    with open_text(path, encoding) as text:
        window = Window(text, met.decoder)
        for first in window.documents():
            met.documents += 1
            for value in _unpaged(window.elements(), met) if first == "[" else (window.value(),):
                if type(value) is list and is_records(value):
                    met.lists += 1
                    yield from value
                else:
                    yield value


def _unpaged(elements: Iterator[Any], met: Met) -> Iterator[Any]:
    """The elements of an array; of a pair of what is said about a page and the page's records, only the latter."""
    head = [*itertools.islice(elements, 3)]
    if len(head) == 2 and isinstance(head[0], dict) and isinstance(head[1], list):
        met.beside.append(text_of(head[0]))
        return iter(head[1:])
    return itertools.chain(head, elements)


def _shape(path: Path, encoding: Encoding, choices: Choices, met: Met) -> Shape | None:
    """The table in the one object that a file is; None when other documents follow."""
    with open_text(path, encoding) as text:
        window = Window(text, met.decoder)
        if not next(window.documents(), ""):
            return None
        document = window.sketch()
        if next(window.documents(), ""):
            return None
    if not isinstance(document, dict) or not document:
        raise TableError(EMPTY_FILE, "The JSON holds no record.")
    return find_shape(document, choices.sheet)


def _shaped(shape: Shape, path: Path, encoding: Encoding, folder: Path, choices: Choices) -> Table:
    def values(_: Met) -> Iterator[Any]:
        if not isinstance(shape.rows, Long):
            yield from shape.rows
            return
        with open_text(path, encoding) as text:
            window = Window(text, Decoder())
            next(window.documents())
            yield from window.inside(shape.path)

    if shape.names is None:
        return _table(values, "json", folder, choices)[0]
    index = None if shape.index is None or is_counted(shape.index) else shape.index
    names = shape.names if index is None else [*shape.names, "index"]

    def rows() -> Iterator[list[Any]]:
        for place, row in enumerate(values(Met())):
            cells = is_cell_row(row) or (row if isinstance(row, list) else [row])
            yield cells if index is None else [*cells, *index[place : place + 1]]

    return table_of_rows(rows(), "json", folder, choices, names=names)


def _table(source: Source, kind: str, folder: Path, choices: Choices) -> tuple[Table, Met]:
    met = Met()
    values = source(met)
    first = next(values, _NOTHING)
    if first is _NOTHING:
        raise TableError(EMPTY_FILE, "The JSON holds no record.")
    values = itertools.chain([first], values)
    if isinstance(first, list):
        rows = (row if isinstance(row, list) else [row] for row in values)
        table = table_of_rows(rows, kind, folder, choices)
        table.facts["shape"] = "arrays"
        return table, met
    try:
        writer = RecordWriter(folder)
        writer.write(values)
    except TooWide:
        met = Met()
        again = folder / "flat"
        again.mkdir()
        writer = RecordWriter(again, 0)
        try:
            writer.write(source(met))
        except TooWide:
            raise TableError(NOT_A_TABLE, f"The records have more than {MAX_COLUMNS:,} different members.") from None
        table = writer.table(kind)
        message = "The records have too many different members inside of others to be columns; these stay JSON text."
        table.notes.append(note("NESTED_AS_TEXT", message))
        return table, met
    return writer.table(kind), met
