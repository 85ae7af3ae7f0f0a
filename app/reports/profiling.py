"""The work of the sandboxed child: from a file to the facts of a report."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb

from app.kit.sandbox.server import mapped_bytes
from app.kit.words import quantity
from app.reports.choices import Choices
from app.reports.columns.correlations import correlate
from app.reports.columns.describe import describe
from app.reports.columns.find import find_kinds
from app.reports.columns.shortened import shorten
from app.reports.columns.store import Store, load
from app.reports.columns.values import plain
from app.reports.engine import Connection, connect, refusal, rows_of
from app.reports.notes import confidence_of, note
from app.reports.readers.compressed import unpack
from app.reports.readers.delimited import read_delimited
from app.reports.readers.json.reading import is_json, read_json
from app.reports.readers.other_files import refuse_other_files
from app.reports.readers.parquet import BEGINNINGS, read_parquet
from app.reports.readers.sqlite import BEGINNING as SQLITE
from app.reports.readers.sqlite import read_sqlite
from app.reports.readers.table import Table
from app.reports.readers.workbooks.containers import find_container
from app.reports.readers.workbooks.reading import read_workbook
from app.reports.table_errors import EMPTY_FILE, TableError

READING_BYTES: Final = 512 * 1024 * 1024
"""Address space for our own reading, where what is reserved is also used."""
MOST_COLUMNS: Final = 4096
"""So many columns are described one by one; all of them are named and counted."""
MOST_DUPLICATES, HEAD_ROWS = 20, 40


def profile_file(
    path_name: str, name: str, folder_name: str, choices: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Read and describe one file. `name` is the name it was sent under; `folder_name` an empty folder for scratch.

    `choices` are the fields of Choices that somebody has decided.

    Raises TableError, and MemoryError when the limits of the child are too tight for the file.
    """
    path, folder = Path(path_name), Path(folder_name)
    if not path.stat().st_size:
        raise TableError(EMPTY_FILE, "The file has no content.")
    unpacked = unpack(path, folder)
    if unpacked:
        path, name = unpacked, name.rpartition(".")[0]
        if not path.stat().st_size:
            raise TableError(EMPTY_FILE, "The compressed file has no content.")
    chosen = Choices(**(choices or {}))
    try:
        connection = connect(folder, path)
        with _held_to(READING_BYTES):
            table = _read(connection, path, name, folder, chosen)
        found = _profile(connection, table, chosen)
        connection.close()
    except duckdb.Error as error:
        raise refusal(error) from None
    if unpacked:
        found["compressed"] = True
    return found


@contextmanager
def _held_to(extra: int) -> Iterator[None]:
    """Add at most `extra` bytes of address space meanwhile, whatever more the child may have afterwards."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = mapped_bytes() + extra
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _read(connection: Connection, path: Path, name: str, folder: Path, choices: Choices) -> Table:
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    with path.open("rb") as file:
        magic = file.read(16)
    if magic.startswith(BEGINNINGS):
        return read_parquet(connection, path)
    if container := find_container(path):
        return read_workbook(path, container, folder, choices)
    if magic == SQLITE:
        return read_sqlite(path, folder, choices)
    refuse_other_files(path, name)
    if magic.startswith(b"\x1e") or is_json(path, suffix, choices):
        return read_json(path, folder, suffix, choices)
    return read_delimited(path, suffix, folder, choices)


def _profile(connection: Connection, table: Table, choices: Choices) -> dict[str, Any]:
    table, store = load(connection, table)
    rows = store.rows
    if not rows:
        table.notes.append(note("NO_ROWS", "The table has columns and no row."))
    width = table.relation.width
    findings = find_kinds(store, table, rows, min(width, MOST_COLUMNS), store.examples(HEAD_ROWS), choices)
    columns = [
        {"name": plain(table.names[place]), "position": place + 1} | described
        for place, described in enumerate(describe(store, findings))
    ]
    correlations = correlate(store, findings, columns)
    if count := shorten(columns):
        message = f"{quantity(count, 'column')} are described in short, so that the report has a size that can be read."
        table.notes.append(note("COLUMNS_SHORTENED", message, count))
    if count := width - len(columns):
        message = f"{quantity(count, 'column')} beyond the first {MOST_COLUMNS:,} are counted and not described."
        table.notes.append(note("COLUMNS_NOT_DESCRIBED", message, count))
    notes = table.notes + [each for column in columns for each in column.get("notes", ())]
    return {
        "format": table.format,
        "rows": rows,
        "column_count": width,
        "columns_described": len(columns),
        "confidence": confidence_of(notes),
        "notes": table.notes,
        **table.facts,
        "problems": table.problems | _duplicates(store),
        "correlations": correlations,
        "columns": columns,
    }


def _duplicates(store: Store) -> dict[str, Any]:
    """Rows that stand in the table before, told by a hash of 64 bits; the number of each is that of its data row."""
    if store.rows < 2:
        return {"duplicate_rows": 0, "duplicates": []}
    keys = f"(select {store.key} as h, {store.tables[0]}.rowid as place from {store.joined})"
    groups = f"select h, count(*) as n, min(place) as first from {keys} group by h having n > 1"
    store.execute(f"create temp table repeated as {groups}")
    count = rows_of(store, "select coalesce(sum(n - 1), 0) from repeated")[0][0]
    query = f"select first + 1, n - 1 from repeated order by n desc, first limit {MOST_DUPLICATES}"
    listed = [{"row": row, "repeats": times} for row, times in rows_of(store, query)]
    return {"duplicate_rows": int(count), "duplicates": listed}
