"""DuckDB, shut in: it sees one file and a scratch folder, keeps to its memory, and loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from app.reports.readers.scratch import quoted
from app.reports.table_errors import FILE_UNREADABLE, RESOURCE_LIMIT, TableError

MEMORY, THREADS, SPILL = "192MB", 2, "6GB"
"""DuckDB's own threads and buffers come on top of its limit."""
SMALL_FILE, MEMORY_FOR_SMALL = 128 * 1024 * 1024, "128MB"
"""Of files up to this size the tables are kept in memory, which costs less than to write them: up to the limit, beyond
which they are spilled to the scratch folder. Those of larger files are compressed on disk."""
Connection = Any
"""The package carries no types."""
T = TypeVar("T")
R = TypeVar("R")


def connect(folder: Path, path: Path) -> Connection:
    """A database in the scratch folder that can read `path`, and nothing else of this machine."""
    is_small = path.stat().st_size <= SMALL_FILE
    options: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY_FOR_SMALL if is_small else MEMORY,
        "threads": THREADS,
        "temp_directory": str(folder / "spill"),
        "max_temp_directory_size": SPILL,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }
    connection = duckdb.connect(":memory:" if is_small else str(folder / "table.duckdb"), config=options)
    connection.execute(f"set allowed_directories = [{quoted(str(folder) + '/')}]")
    connection.execute(f"set allowed_paths = [{quoted(str(path))}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set enable_progress_bar = false")
    # It refuses a whole file for what its metadata say of shapes; the reader of Parquet does it by the columns.
    connection.execute("set enable_geoparquet_conversion = false")
    connection.execute("set lock_configuration = true")
    return connection


def rows_of(connection: Connection, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Every row that a query gives."""
    found: list[tuple[Any, ...]] = connection.execute(query, list(parameters)).fetchall()
    return found


def side_by_side(connection: Connection, work: Callable[[Connection, T], R], items: Sequence[T]) -> list[R]:
    """What the work makes of each item, two at a time: DuckDB has one thread for each 122,880 rows of a table."""
    if len(items) < 2:
        return [work(connection, item) for item in items]

    def alone(item: T) -> R:
        with connection.cursor() as own:
            return work(own, item)

    with ThreadPoolExecutor(THREADS) as pool:
        return [*pool.map(alone, items)]


def refusal(error: duckdb.Error) -> TableError:
    """What DuckDB refused to do, as an error of the file."""
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException) or "File too large" in text or "No space left" in text:
        return TableError(RESOURCE_LIMIT, "The table needs more memory or scratch space than one file may have.")
    return TableError(FILE_UNREADABLE, "The file is broken: its values cannot be read.")
