"""Reads SQLite databases: one table, with the types of its values."""

from __future__ import annotations

import mmap
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from app.reports.choices import Choices
from app.reports.notes import note
from app.reports.readers.rows import table_of_rows
from app.reports.readers.table import Table
from app.reports.table_errors import EMPTY_FILE, FILE_UNREADABLE, RESOURCE_LIMIT, SHEET_NOT_FOUND, TableError

BEGINNING: Final = b"SQLite format 3\x00"
MOST_TABLES: Final = 200
MOST_IN_MEMORY: Final = 200 * 1024 * 1024
"""Of a database that cannot be opened where it lies; it is mapped and copied meanwhile."""
_VERSIONS: Final = slice(18, 20)
"""Of the format, for writing and reading; 2 means a write-ahead log (sqlite.org/fileformat)."""
_OWN: Final = "name not like 'sqlite\\_%' escape '\\' and name not like 'gpkg\\_%' escape '\\'"
"""Not the tables that the database and GeoPackage keep for themselves."""


def read_sqlite(path: Path, folder: Path, choices: Choices) -> Table:
    """The table that `sheet` names, or the one with the most rows. Raises TableError."""
    try:
        with closing(_open(path)) as database:
            database.text_factory = lambda text: text.decode("utf-8", "replace")
            database.execute("pragma trusted_schema = off")
            return _read(database, folder, choices)
    except sqlite3.Error:
        raise TableError(FILE_UNREADABLE, "The database is broken or cut off.") from None


def _open(path: Path) -> sqlite3.Connection:
    try:
        # immutable: the file is looked at as it is, without locks and without a journal beside it.
        return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)
    except sqlite3.OperationalError:
        # It asks where the links in a path lead to, and folders on the way there may be closed to a child.
        size = path.stat().st_size
        if size > MOST_IN_MEMORY:
            most = f"{MOST_IN_MEMORY / 1024**2:,.0f} MiB"
            message = (
                f"The database has {size / 1024**2:,.0f} MiB; where the service runs as root, one may have {most}."
            )
            raise TableError(RESOURCE_LIMIT, message) from None
        database = sqlite3.connect(":memory:")
        try:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as content:
                content[_VERSIONS] = b"\x01\x01"  # in memory there is no journal beside it either
                database.deserialize(content)
        except BaseException:
            database.close()
            raise
        return database


def _read(database: sqlite3.Connection, folder: Path, choices: Choices) -> Table:
    listed = f"select name from sqlite_master where type = 'table' and {_OWN} order by rowid limit {MOST_TABLES}"
    names = [str(name) for (name,) in database.execute(listed)]
    sizes = {name: int(database.execute(f"select count(*) from {_quoted(name)}").fetchone()[0]) for name in names}
    if choices.sheet is not None and choices.sheet not in sizes:
        raise TableError(SHEET_NOT_FOUND, f"There is no table {choices.sheet!r}; there are: {', '.join(names[:10])}.")
    if not sizes:
        raise TableError(EMPTY_FILE, "There is no table in the database.")
    chosen = choices.sheet or max(sizes, key=lambda name: sizes[name])
    cursor = database.execute(f"select * from {_quoted(chosen)}")
    columns = [str(column[0]) for column in cursor.description]
    table = table_of_rows(_rows(cursor), "sqlite", folder, choices, names=columns)
    table.facts |= {"sheet": chosen, "sheets": [{"name": name, "rows": rows} for name, rows in sizes.items()]}
    others = [f"{name} ({rows:,})" for name, rows in sizes.items() if rows and name != chosen]
    if others and choices.sheet is None:
        message = f"The database has several tables; the longest, {chosen}, was read."
        table.notes.append(
            note("SEVERAL_SHEETS", message, len(others), examples=others, parameter="sheet", choices=names)
        )
    return table


def _rows(cursor: sqlite3.Cursor) -> Iterator[list[Any]]:
    for row in cursor:
        yield [cell.hex() if isinstance(cell, bytes) else cell for cell in row]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
