"""Finds the table in a document that is one object: the envelopes that exports and services wrap their records in."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.reports.notes import Note, note
from app.reports.readers.json.decoding import Number
from app.reports.readers.json.keyed import is_column, keyed_records
from app.reports.readers.json.stream import MAX_PATH, Long

NAME_LISTS: Final = ("columns", "fields", "headers", "header", "cols", "column_names", "columnNames", "names", "meta")
ROW_LISTS: Final = ("data", "rows", "values", "records", "features", "items", "results", "result", "elements")
_NAME_MEMBERS: Final = ("name", "field", "key", "fieldName", "field_name", "column_name", "columnName", "label", "id")
_CELLS: Final = ("f", "c")
"""How BigQuery and Google's charts call the cells of a row, whose values are `v`."""
MOST_OTHERS: Final = 5


@dataclass(slots=True)
class Shape:
    """Where the records are. `rows` are the records, or the beginning of a list that is to be read from `path`.

    `names`: of the columns, when the rows are arrays whose names stand elsewhere. `kind` says what the document is.
    """

    rows: Sequence[Any]
    kind: str
    path: tuple[str, ...] = ()
    names: list[str] | None = None
    index: list[Any] | None = None
    notes: list[Note] = field(default_factory=list)

    @property
    def count(self) -> int:
        return _counts(self.rows)[0]


def find_shape(document: dict[str, Any], wanted: str | None) -> Shape:
    """The table in a document. `wanted`: the path of the list that a person has chosen, when the document has it."""
    found = [*_tables(document, (), 0)]
    lists = {found.path: found for found in found}
    if chosen := next((each for each in found if wanted == ".".join(each.path)), None):
        best = chosen
    elif keyed := _keyed(document):
        return keyed
    elif found:
        best = max(found, key=_rank(document))
        if best.kind == "columns" and best.path and best.count < 2:
            return Shape([document], "object")
    else:
        return Shape([document], "object")
    del lists[best.path]
    others = sorted(lists.values(), key=lambda each: -each.count)
    if others and not chosen:
        left = [f"{'.'.join(each.path) or 'the document'} ({each.count:,})" for each in others]
        message = (
            f"The document has several lists; {'.'.join(best.path) or 'its members'} was read ({best.count:,} rows)."
        )
        choices = [".".join(each.path) for each in (best, *others)]
        best.notes.append(
            note("SEVERAL_LISTS", message, len(others), examples=left, parameter="sheet", choices=choices)
        )
    return best


def _rank(document: dict[str, Any]) -> Any:
    def rank(shape: Shape) -> tuple[int, int]:
        last = shape.path[-1] if shape.path else ""
        known = (
            shape.kind == "table"
            or (document.get("type") == "FeatureCollection" and last == "features")
            or shape.path[-2:] == ("hits", "hits")
            or (last == "value" and any(name.startswith(("@odata.", "odata.")) for name in document))
            or (shape.path == ("data",) and ("included" in document or "jsonapi" in document))
        )
        kinds = {"objects": 2 if shape.count > 1 else 1, "arrays": 1, "columns": 1}
        return 3 if known else kinds[shape.kind], shape.count

    return rank


def _tables(value: Mapping[str, Any], path: tuple[str, ...], depth: int) -> Iterator[Shape]:
    """Every list in a document that could be its table."""
    described = None
    for shape in _described(value, path):
        described = described or shape
        yield shape
    if not described and (columns := _columns(value, path)):
        yield columns
        return
    names = _names_at(value)
    for key, member in value.items():
        if described and key in (described.path[-1], names[0] if names else "", "index", "schema"):
            continue
        where = (*path, key)
        if isinstance(member, dict):
            if not (described and key in ("meta", "schema")) and depth < MAX_PATH - 1:
                yield from _tables(member, where, depth + 1)
        elif isinstance(member, list) and member:
            count, objects, arrays = _counts(member)
            if objects == count:
                yield Shape(member, "objects", where)
            elif arrays == count:
                yield Shape(member, "arrays", where)


def _described(value: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Shape]:
    """A list of rows beside a list of what describes its columns."""
    named = _names_at(value)
    if not named:
        return
    for key in ROW_LISTS:
        rows = value.get(key)
        if key == named[0] or not isinstance(rows, list) or not rows:
            continue
        count, objects, arrays = _counts(rows)
        if arrays == count:
            if Counter(len(row) for row in rows if isinstance(row, list)).most_common(1)[0][0] != len(named[1]):
                continue
            index = value.get("index")
            yield Shape(rows, "table", (*path, key), named[1], index if isinstance(index, list) else None)
            return
        if objects == count:
            cells = next(
                (name for name in _CELLS if all(set(row) == {name} for row in rows if isinstance(row, dict))), None
            )
            yield Shape(rows, "table", (*path, key), named[1] if cells else None)
            return


def _names_at(value: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    """The names of columns that a document has beside its rows, and under which member."""
    view = value.get("meta")
    if isinstance(view, dict) and isinstance(view.get("view"), dict):  # Socrata
        names = _names(view["view"].get("columns"))
        return ("meta", names) if names else None
    schema = value.get("schema")
    if isinstance(schema, dict):
        for key in ("fields", "columns"):
            if names := _names(schema.get(key)):
                return "schema", names
    for key in NAME_LISTS:
        if names := _names(value.get(key)):
            return key, names
    return None


def _names(members: Any) -> list[str] | None:
    if not isinstance(members, list) or not members or (isinstance(members, Long) and members.length > len(members)):
        return None
    names = []
    for member in members:
        if isinstance(member, dict):
            member = next((member[key] for key in _NAME_MEMBERS if isinstance(member.get(key), str)), None)
        elif isinstance(member, list):  # the levels of pandas' column index
            member = ".".join(str(level) for level in member if level not in (None, ""))
        if not isinstance(member, str):
            return None
        names.append(str(member))
    return names


def _counts(rows: Sequence[Any]) -> tuple[int, int, int]:
    """How many elements a list has, and how many of them are objects and arrays."""
    if isinstance(rows, Long):
        return rows.length, rows.objects, rows.arrays
    return len(rows), sum(isinstance(row, dict) for row in rows), sum(isinstance(row, list) for row in rows)


def _columns(value: Mapping[str, Any], path: tuple[str, ...]) -> Shape | None:
    """The columns of a table as lists of equal length."""
    columns = [*value.values()]
    if len(columns) < (2 if path else 1) or not all(isinstance(column, list) for column in columns):
        return None
    counts = [_counts(column) for column in columns]
    lengths = {count for count, *_ in counts}
    uneven = len(lengths) > 1
    if not any(lengths) or any(isinstance(column, Long) and len(column) < column.length for column in columns):
        return None
    if uneven and (path or any(objects + arrays for _, objects, arrays in counts)):
        return None
    if all(objects + arrays for _, objects, arrays in counts):
        return None
    rows = [dict(zip(value, row, strict=True)) for row in itertools.zip_longest(*columns)]
    message = "The columns have different numbers of values; the shorter ones were filled up at their ends."
    lost = [f"{name} ({count:,})" for name, (count, *_) in zip(value, counts, strict=True)]
    notes = [note("UNEVEN_COLUMNS", message, max(lengths) - min(lengths), examples=lost)] if uneven else []
    return Shape(rows, "columns", path, notes=notes)


def _keyed(document: dict[str, Any]) -> Shape | None:
    """Records that are the members of an object, under their keys."""
    path: tuple[str, ...] = ()
    value: Any = document
    while isinstance(value, dict) and len(value) == 1 and len(path) < MAX_PATH and not is_column(value):
        (key, value), *_ = value.items()
        path = (*path, key)
    if not isinstance(value, dict) or not value or not all(isinstance(row, dict) for row in value.values()):
        return None
    if any(isinstance(member, Long) for row in value.values() for member in row.values()):
        return None
    if len(value) < 2 and not is_column(value):
        return None
    found = keyed_records(value)
    return None if found is None else Shape(found.rows, found.kind, path, notes=found.notes)


def is_cell_row(row: Any) -> list[Any] | None:
    """The values of a row whose cells are objects, as BigQuery and Google's charts write it."""
    if isinstance(row, dict) and len(row) == 1:
        (key, cells), *_ = row.items()
        if key in _CELLS and isinstance(cells, list):
            return [cell.get("v") if isinstance(cell, dict) else cell for cell in cells]
    return None


def is_counted(labels: Sequence[Any]) -> bool:
    """Whether the labels of rows are only their numbers: 0, 1, 2 ..."""
    return all(isinstance(label, Number) and label == str(place) for place, label in enumerate(labels))
