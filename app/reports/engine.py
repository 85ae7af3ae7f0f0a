"""DuckDB, shut in: it sees one file and a scratch folder, keeps to its memory, and loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import duckdb

from app.kit.words import quantity
from app.reports.scratch import Relation, quoted
from app.reports.table import Table
from app.reports.table_errors import FILE_UNREADABLE, RESOURCE_LIMIT, TableError

MEMORY, THREADS, SPILL = "192MB", 2, "8GB"
"""A child may add 512 MiB of address space: DuckDB's own threads and buffers come on top of its limit."""
_NESTED: Final = ("STRUCT", "MAP", "UNION", "BLOB", "BIT")
Connection = Any
"""The package carries no types."""


def connect(folder: Path, path: Path) -> Connection:
    """A database in the scratch folder that can read `path`, and nothing else of this machine."""
    options: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": THREADS,
        "temp_directory": str(folder / "spill"),
        "max_temp_directory_size": SPILL,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }
    connection = duckdb.connect(str(folder / "table.duckdb"), config=options)
    connection.execute(f"set allowed_directories = [{quoted(str(folder) + '/')}]")
    connection.execute(f"set allowed_paths = [{quoted(str(path))}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set enable_progress_bar = false")
    connection.execute("set lock_configuration = true")
    return connection


def load(connection: Connection, table: Table) -> int:
    """Make the table `data` with the columns c0, c1, ...; returns its rows.

    What DuckDB reads otherwise than we did, or refuses, is read once more from the clean copy.
    """
    try:
        rows = _create(connection, table.relation)
        if table.rows is None or rows == table.rows:
            return rows
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        if table.spare is None:
            raise
    if table.spare is None:
        raise TableError(FILE_UNREADABLE, f"Of {quantity(table.rows or 0, 'row')} only {rows:,} could be loaded.")
    rows = _create(connection, table.spare())
    table.rows = rows
    return rows


def _create(connection: Connection, relation: Relation) -> int:
    connection.execute(f"create or replace table data as select * from {relation.sql}")
    return int(rows_of(connection, "select count(*) from data")[0][0])


def read_parquet(connection: Connection, path: Path) -> Table:
    """A Parquet file as a table; nested columns become text."""
    source = f"read_parquet({quoted(str(path))})"
    try:
        described = rows_of(connection, f"describe select * from {source}")
        metadata = f"select any_value(created_by), max(num_row_groups) from parquet_file_metadata({quoted(str(path))})"
        created_by, row_groups = rows_of(connection, metadata)[0]
    except duckdb.Error as error:
        raise TableError(FILE_UNREADABLE, f"The Parquet file is broken: {_first_line(error)}") from None
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


def rows_of(connection: Connection, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Every row that a query gives."""
    found: list[tuple[Any, ...]] = connection.execute(query, list(parameters)).fetchall()
    return found


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0][:300]


def refusal(error: duckdb.Error) -> TableError:
    """What DuckDB refused to do, as an error of the file."""
    text = _first_line(error)
    if isinstance(error, duckdb.OutOfMemoryException) or "File too large" in text or "No space left" in text:
        return TableError(RESOURCE_LIMIT, "The table needs more memory or scratch space than one file may have.")
    return TableError(FILE_UNREADABLE, f"The file is broken: {text}")
