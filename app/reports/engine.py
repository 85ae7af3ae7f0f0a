"""DuckDB, shut in: it sees one file and a scratch folder, keeps to its memory, and loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from app.kit.words import quantity
from app.reports.readers.scratch import Relation, quoted
from app.reports.readers.table import Table
from app.reports.table_errors import FILE_UNREADABLE, RESOURCE_LIMIT, TableError

MEMORY, THREADS, SPILL = "192MB", 2, "8GB"
"""A child may add 512 MiB of address space: DuckDB's own threads and buffers come on top of its limit."""
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
    # It refuses a whole file for what its metadata say of shapes; the reader of Parquet does it by the columns.
    connection.execute("set enable_geoparquet_conversion = false")
    connection.execute("set lock_configuration = true")
    return connection


def load(connection: Connection, table: Table) -> Table:
    """Make the relation `data` with the columns c0, c1, ... and count its rows; returns the table that was loaded.

    A table that DuckDB refuses, or reads otherwise than is expected, is read another way.
    """
    try:
        rows = _create(connection, table.relation)
        is_expected = table.rows is None or rows == table.rows
        if is_expected and table.tally:
            is_expected = rows_of(connection, table.tally.query("data", table.relation.width))[0][0]
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        if table.spare is None:
            raise
        is_expected = False
    if is_expected:
        table.rows = rows
        return table
    if table.spare is None:
        raise TableError(FILE_UNREADABLE, f"Of {quantity(table.rows or 0, 'row')} only {rows:,} could be loaded.")
    return load(connection, table.spare())


def _create(connection: Connection, relation: Relation) -> int:
    connection.execute(f"create or replace table data as select * from {relation.sql}")
    return int(rows_of(connection, "select count(*) from data")[0][0])


def rows_of(connection: Connection, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Every row that a query gives."""
    found: list[tuple[Any, ...]] = connection.execute(query, list(parameters)).fetchall()
    return found


def refusal(error: duckdb.Error) -> TableError:
    """What DuckDB refused to do, as an error of the file."""
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException) or "File too large" in text or "No space left" in text:
        return TableError(RESOURCE_LIMIT, "The table needs more memory or scratch space than one file may have.")
    return TableError(FILE_UNREADABLE, "The file is broken: its values cannot be read.")
