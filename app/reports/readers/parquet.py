"""Reads Parquet files, which DuckDB opens itself; columns of types without figures become text, and that is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import duckdb

from app.reports.engine import Connection, rows_of
from app.reports.notes import Note, note
from app.reports.readers.header import column_names
from app.reports.readers.scratch import Relation, quoted
from app.reports.readers.table import Table
from app.reports.table_errors import FILE_ENCRYPTED, FILE_UNREADABLE, TableError

BEGINNINGS: Final = (b"PAR1", b"PARE")
_ENCRYPTED: Final = b"PARE"
_PLAIN: Final = frozenset(
    (
        *("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER"),
        *("UBIGINT", "UHUGEINT", "DOUBLE", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"),
        *("TIMESTAMP WITH TIME ZONE", "VARCHAR"),
    )
)
"""Types that are described as they are, with DECIMAL of any size; all others become text."""
USUAL_SHAPES: Final = frozenset(("geometry", "geom", "the_geom", "wkb", "wkb_geometry"))
_QUIET: Final = ("VARCHAR", "JSON", "ENUM", '"NULL"', "FLOAT")
_MAY_BE_ENDLESS: Final = ("FLOAT", "DOUBLE", "DATE", "TIMESTAMP")
MOST_EXACT_DIGITS: Final = 38
"""DuckDB's DECIMAL has no more; it reads longer ones as doubles."""


def read_parquet(connection: Connection, path: Path) -> Table:
    """A Parquet file as a table. Raises TableError when it is broken or encrypted."""
    with path.open("rb") as file:
        if file.read(4) == _ENCRYPTED:
            raise _encrypted()
    source = f"read_parquet({quoted(str(path))})"
    try:
        described = [
            (str(name), str(kind)) for name, kind, *_ in rows_of(connection, f"describe select * from {source}")
        ]
        schema = "select name, coalesce(num_children, 0), precision from parquet_schema"
        written = _top(rows_of(connection, f"{schema}({quoted(str(path))})"))
    except duckdb.Error as error:
        raise _refusal(error) from None
    given = [name for name, _ in written] if len(written) == len(described) else [name for name, _ in described]
    names = column_names(given, len(described))
    shapes = _shapes(connection, path)
    described = [(name, "WKB" if kind == "BLOB" and name.lower() in shapes else kind) for name, kind in described]
    readings = [_column(name, kind) for name, kind in described]
    endless = _endless(connection, source, described)
    for place in endless:
        readings[place] = f"case when isfinite({readings[place]}) then {readings[place]} end"
    table = Table(
        format="parquet",
        names=names,
        relation=_relation(readings, source),
        rows=None,
        facts={"header": True, **_facts(connection, path)},
        typed=True,
        notes=[*_notes(names, described, written)],
    )
    if endless:
        message = "Infinity and values that are not a number (NaN) count as missing."
        examples = [f"{names[place]} ({count:,})" for place, count in endless.items()]
        table.notes.append(note("NOT_FINITE", message, sum(endless.values()), examples=examples))
    table.spare = lambda: _readable(connection, source, readings, described, table)
    return table


def _shapes(connection: Connection, path: Path) -> set[str]:
    """The names of the columns that hold shapes: those that GeoParquet's metadata name, and the usual ones."""
    query = f"select value from parquet_kv_metadata({quoted(str(path))}) where key = 'geo'::blob"
    names: set[str] = set()
    try:
        for (value,) in rows_of(connection, query):
            names |= {str(name).lower() for name in json.loads(value)["columns"]}
    except (duckdb.Error, ValueError, LookupError, TypeError, RecursionError):
        pass  # the columns are bytes then
    return names | USUAL_SHAPES


def _facts(connection: Connection, path: Path) -> dict[str, Any]:
    query = f"select any_value(created_by), max(num_row_groups) from parquet_file_metadata({quoted(str(path))})"
    try:
        created_by, row_groups = rows_of(connection, query)[0]
    except duckdb.Error:  # what a footer says of itself decides nothing
        return {}
    return {"created_by": _plain(created_by), "row_groups": row_groups}


def _refusal(error: duckdb.Error) -> TableError:
    if "ncrypt" in str(error):
        return _encrypted()
    return TableError(FILE_UNREADABLE, "The Parquet file is broken or cut off.")


def _encrypted() -> TableError:
    return TableError(FILE_ENCRYPTED, "The Parquet file is encrypted; it needs a key.")


def _top(schema: Sequence[tuple[Any, ...]]) -> list[tuple[str, int | None]]:
    """The names of the columns as they are written, with the digits of decimals; without the members of nested ones."""
    found: list[tuple[str, int | None]] = []
    inside = 0
    for name, children, precision in schema[1:]:
        if not inside:
            found.append((str(name), precision))
        inside += int(children) - (1 if inside else 0)
    return found


def _relation(columns: Sequence[str], source: str) -> Relation:
    listed = ", ".join(f"{column} as c{place}" for place, column in enumerate(columns))
    return Relation(f"(select {listed} from {source})", len(columns))


def _column(name: str, kind: str) -> str:
    identifier = '"' + name.replace('"', '""') + '"'
    if kind in _PLAIN or kind.startswith("DECIMAL"):
        return identifier
    if kind == "WKB":
        return f"coalesce(try_cast({identifier} as geometry)::varchar, {identifier}::varchar)"
    if kind == "FLOAT":  # by its digits: 0.1 would become 0.10000000149
        return f"{identifier}::varchar::double"
    if (kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))) and "DECIMAL" not in kind:
        return f"to_json({identifier})::varchar"  # not with decimals, which would become doubles
    return f"{identifier}::varchar"


def _notes(
    names: Sequence[str], described: Sequence[tuple[str, str]], written: Sequence[tuple[str, int | None]]
) -> list[Note]:
    found: list[Note] = []
    kinds = [kind for _, kind in described]
    texts = [
        f"{name}: {kind}"
        for name, kind in zip(names, kinds, strict=True)
        if kind not in _PLAIN and not kind.startswith(("DECIMAL", *_QUIET))
    ]
    if texts:
        message = (
            "Columns of types that have no figures became text: nested ones as JSON, shapes as WKT, bytes escaped."
        )
        found.append(note("TYPE_AS_TEXT", message, len(texts), examples=texts))
    if len(written) == len(names):
        digits = [(name, digits or 0) for name, (_, digits) in zip(names, written, strict=True)]
        long = [f"{name}: {count} digits" for name, count in digits if count > MOST_EXACT_DIGITS]
        if long:
            message = f"Decimals of more than {MOST_EXACT_DIGITS} digits were read as floating point, to about 16."
            found.append(note("DIGITS_LOST", message, len(long), examples=long))
    return found


def _endless(connection: Connection, source: str, described: Sequence[tuple[str, str]]) -> dict[int, int]:
    """How many values are infinite or no number, by the places of the columns that have any."""
    places = [place for place, (_, kind) in enumerate(described) if kind.startswith(_MAY_BE_ENDLESS)]
    if not places:
        return {}
    counts = [f"count(*) filter (where not isfinite({_column(*described[place])}))" for place in places]
    try:
        (found,) = rows_of(connection, f"select {', '.join(counts)} from {source}")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        return {}  # what is broken is told when the columns are read
    return {place: int(count) for place, count in zip(places, found, strict=True) if count}


def _readable(
    connection: Connection, source: str, readings: Sequence[str], described: Sequence[tuple[str, str]], table: Table
) -> Table:
    """The columns that can be read, when one cannot; the others are empty."""
    columns, lost, last = [*readings], [], None
    for place, reading in enumerate(readings):
        try:
            rows_of(connection, f"select max(hash({reading})) from {source}")
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            columns[place], last = "null::varchar", error
            lost.append(f"{table.names[place]}: {described[place][1]}")
    if last and len(lost) == len(described):
        raise _refusal(last)
    message = "Columns that are broken, encrypted or written in a way that cannot be read were left empty."
    table.notes.append(note("COLUMN_UNREADABLE", message, len(lost), examples=lost))
    return replace(table, relation=_relation(columns, source), spare=None)


def _plain(value: Any) -> str | None:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
