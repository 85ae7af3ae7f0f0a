"""Reads Parquet files, which DuckDB opens itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import duckdb

from app.reports.engine import Connection, rows_of
from app.reports.readers.scratch import Relation, quoted
from app.reports.readers.table import Table
from app.reports.table_errors import FILE_UNREADABLE, TableError

_NESTED: Final = ("STRUCT", "MAP", "UNION", "BLOB", "BIT")


def read_parquet(connection: Connection, path: Path) -> Table:
    """A Parquet file as a table; nested columns become text."""
    source = f"read_parquet({quoted(str(path))})"
    try:
        described = rows_of(connection, f"describe select * from {source}")
        metadata = f"select any_value(created_by), max(num_row_groups) from parquet_file_metadata({quoted(str(path))})"
        created_by, row_groups = rows_of(connection, metadata)[0]
    except duckdb.Error:
        raise TableError(FILE_UNREADABLE, "The Parquet file is broken or cut off.") from None
    columns = [_column(place, name, kind) for place, (name, kind, *_) in enumerate(described)]
    return Table(
        format="parquet",
        names=[str(name) for name, *_ in described],
        relation=Relation(f"(select {', '.join(columns)} from {source})", len(described)),
        rows=None,
        facts={"header": True, "created_by": _plain(created_by), "row_groups": row_groups},
        typed=True,
    )


def _column(place: int, name: str, kind: str) -> str:
    identifier = '"' + name.replace('"', '""') + '"'
    nested = kind.startswith(_NESTED) or kind.endswith("]")
    return f"{identifier}::varchar as c{place}" if nested else f"{identifier} as c{place}"


def _plain(value: Any) -> str | None:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
