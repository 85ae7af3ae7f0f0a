"""The columns of a table as DuckDB keeps them: texts, and what is plainly a number or a date as that.

A text that is exactly how DuckDB writes an integer, a decimal of so many digits, a day or a moment is kept as such a
value, any other as it is beside it. So no letter is lost, and most columns are never asked as text again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import duckdb

from app.kit.words import quantity
from app.reports.columns.kinds import BLANKS, stripped, trimmed
from app.reports.engine import Connection, rows_of, side_by_side
from app.reports.readers.scratch import quoted
from app.reports.readers.table import Table
from app.reports.table_errors import FILE_UNREADABLE, TableError

SAMPLE_ROWS: Final = 200
VECTOR, MOST_OF_VECTOR = 2048, 32 * 1024 * 1024
"""So many rows DuckDB reads at once, and the bytes of texts that they may have to be members."""
_MOST: Final = 0.9
"""The share of values in the sample that makes it worth to keep a column so."""
_FORMS: Final = (
    (re.compile(r"-?(?:0|[1-9]\d{0,17})"), "bigint"),
    (re.compile(r"-?(?:0|[1-9]\d{0,10})\.\d{1,6}"), "decimal"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "date"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "timestamp"),
)
_LENGTHS: Final = {"bigint": "<= 18", "date": "= 10", "timestamp": "= 19"}
"""Of their texts: no bigint has 19 digits, no year five, no moment a fraction."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A column in a table of DuckDB. `kept` is the type of the values `v{place}`; other texts stand in `o{place}`.

    Without `kept` all texts stand in `t{place}`. They are trimmed, and nothing but blanks is null. A `native` column
    has values of its own type in `c{place}`. `values` and `others` count what
    stands in `v{place}` and `o{place}`.
    """

    place: int
    table: str
    kept: str | None = None
    native: str | None = None
    values: int = 0
    others: int = 0

    @property
    def text(self) -> str:
        """SQL for the trimmed text of a value."""
        if self.native:
            return f"c{self.place}"
        if self.is_uniform:
            return f"v{self.place}::varchar"
        return f"coalesce(v{self.place}::varchar, o{self.place})" if self.kept else f"t{self.place}"

    @property
    def value(self) -> str:
        return f"v{self.place}"

    @property
    def other(self) -> str:
        """SQL for the texts that are not kept as values."""
        return f"o{self.place}" if self.kept else f"t{self.place}"

    @property
    def parts(self) -> list[str]:
        """The names of what is kept of it."""
        if self.native:
            return [f"c{self.place}"]
        return [self.value, self.other] if self.kept else [self.other]

    @property
    def form(self) -> str:
        """How all kept values are written: one of FORMS; nothing for no kept ones."""
        return "thousandths" if self.kept and self.scale == 3 else (self.kept or "").partition("(")[0]

    @property
    def is_uniform(self) -> bool:
        """Whether all values are kept as such."""
        return self.values > 0 and not self.others

    @property
    def scale(self) -> int:
        """The decimals of each of them."""
        return int((self.kept or "").partition(", ")[2][:-1] or 0)


@dataclass(slots=True)
class Store:
    """All columns of a table; row by row they stand in the same order in each of its tables.

    It takes queries as a connection does. The view `data` has all columns as texts, named c0, c1, ..., with the number
    of the row (`rowid`, from 0).
    """

    connection: Connection
    rows: int
    columns: list[Stored]

    def execute(self, query: str, parameters: Sequence[Any] = ()) -> Any:
        """Carry out a query."""
        return self.connection.execute(query, parameters)

    def column(self, name: str) -> Stored:
        """A column by its name in `data`."""
        return self.columns[int(name[1:])]

    @property
    def tables(self) -> list[str]:
        return list(dict.fromkeys(column.table for column in self.columns))

    @property
    def joined(self) -> str:
        """SQL for the tables side by side."""
        return " positional join ".join(self.tables)

    @property
    def key(self) -> str:
        """SQL for a hash of a whole row of them."""
        hashes = ", ".join(f"{table}.h" for table in self.tables)
        return f"hash({hashes})" if "," in hashes else hashes

    def examples(self, count: int) -> list[list[Any]]:
        """Some rows as texts: the first ones, and others at even distances."""
        step = max(1, self.rows // count)
        by_table: dict[str, list[Stored]] = {}
        for column in self.columns:
            by_table.setdefault(column.table, []).append(column)

        def some(connection: Connection, table: str) -> list[tuple[Any, ...]]:
            texts = ", ".join(column.text for column in by_table[table])
            chosen = f"rowid < {count} or rowid % {step} = 0"
            return rows_of(connection, f"select {texts} from {table} where {chosen} order by rowid")

        parts = side_by_side(self.connection, some, self.tables)
        return [[cell for part in row for cell in part] for row in zip(*parts, strict=True)]


def load(connection: Connection, table: Table) -> tuple[Table, Store]:
    """Read a table into DuckDB; returns the table that was read.

    A table that DuckDB refuses, or reads otherwise than is expected, is read another way.
    """
    try:
        if found := _store(connection, table):
            table.rows = found.rows
            return table, found
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        if table.spare is None:
            raise
    if table.spare is None:
        raise TableError(FILE_UNREADABLE, f"Of {quantity(table.rows or 0, 'row')} not all could be loaded.")
    return load(connection, table.spare())


def _store(connection: Connection, table: Table) -> Store | None:
    """The columns of a table as they were read; None when its rows are not those that are expected."""
    groups = [*enumerate(table.relation.groups())]
    parts = side_by_side(connection, partial(_read, table), groups)
    rows, volume = parts[0].rows, sum(part.volume for part in parts)
    if any(part.rows != (rows if table.rows is None else table.rows) for part in parts):
        return None
    columns = [column for part in parts for column in part.columns]
    made = Store(connection, rows, columns)
    texts = ", ".join(f"{column.text} as c{column.place}" for column in columns)
    connection.execute(
        f"create or replace view data as select {made.tables[0]}.rowid as rowid, {texts} from {made.joined}"
    )
    if table.tally and (volume != table.tally.volume or _has_other_rows(made, table.tally.header)):
        return None
    return made


@dataclass(frozen=True, slots=True)
class _Part:
    """A group of columns in a table: its rows, and what its texts come to."""

    columns: list[Stored]
    rows: int
    volume: int


def _read(table: Table, connection: Connection, group: tuple[int, range]) -> _Part:
    number, places = group
    source, name = table.relation.part(places), f"data{number}"
    columns = _natives(connection, source, name, places) if table.typed else _chosen(connection, source, name, places)
    is_short = table.tally is not None and table.tally.volume * VECTOR <= table.tally.rows * MOST_OF_VECTOR
    as_one = is_short and len(places) == table.relation.width
    _create(connection, name, columns, _query(columns, source, table), as_one=as_one)
    asked = [f"count({column.value}), count({column.other})" if column.kept else "0, 0" for column in columns]
    query = f"select count(*), coalesce(sum(b), 0)::bigint, {', '.join(asked)} from {name}"
    rows, volume, *counts = rows_of(connection, query)[0]
    counted = zip(columns, counts[::2], counts[1::2], strict=True)
    return _Part([replace(column, values=values, others=others) for column, values, others in counted], rows, volume)


def _create(connection: Connection, name: str, columns: Sequence[Stored], query: str, *, as_one: bool) -> None:
    """Make the table of a group; `as_one` with all columns as members of one, and `name` as a view of them.

    For two threads that write rows in their order DuckDB wants 16 MiB of its limit for each column of the table,
    whatever it holds; with seven columns of a file and their other texts one thread would write alone. But it reads
    members also of those rows that a query leaves out: not where the texts of many rows are very long.
    """
    for kind in ("view", "table"):
        if rows_of(connection, f"select 1 from duckdb_{kind}s() where {kind}_name = '{name}'"):
            connection.execute(f"drop {kind} {name}")
    if as_one:
        parts = [part for column in columns for part in column.parts]
        members = ", ".join(f"'{part}': {part}" for part in parts)
        shown = ", ".join(f"s.{part} as {part}" for part in parts)
        with suppress(duckdb.OutOfMemoryException):
            connection.execute(f"create or replace table kept_{name} as select {{{members}}} as s, h, b from ({query})")
            sizes = f"select sum(b) as size from kept_{name} group by rowid // {VECTOR}"
            if (rows_of(connection, f"select max(size) from ({sizes})")[0][0] or 0) <= MOST_OF_VECTOR:
                connection.execute(f"create view {name} as select rowid as rowid, {shown}, h, b from kept_{name}")
                return
        connection.execute(f"drop table if exists kept_{name}")
    connection.execute(f"create table {name} as {query}")


def _natives(connection: Connection, source: str, name: str, places: range) -> list[Stored]:
    described = rows_of(connection, f"describe select * from {source}")
    return [Stored(place, name, native=str(row[1])) for place, row in zip(places, described, strict=True)]


def _chosen(connection: Connection, source: str, name: str, places: range) -> list[Stored]:
    sample = rows_of(connection, f"select * from {source} limit {SAMPLE_ROWS}")
    texts: Iterator[tuple[Any, ...]] = zip(*sample, strict=True) if sample else iter([()] * len(places))
    return [Stored(place, name, _kept(cells)) for place, cells in zip(places, texts, strict=True)]


def _kept(cells: Sequence[str | None]) -> str | None:
    """The type in which most of the texts can be kept."""
    filled = [cell for cell in cells if cell]
    for pattern, form in _FORMS:
        if not filled or not pattern.fullmatch(filled[0]):
            continue
        fitting = [cell for cell in filled if pattern.fullmatch(cell)]
        if form == "decimal":
            scale, count = Counter(len(cell) - cell.index(".") - 1 for cell in fitting).most_common(1)[0]
            return f"decimal(18, {scale})" if count >= len(filled) * _MOST else None
        return form if len(fitting) >= len(filled) * _MOST else None
    return None


def _query(columns: Sequence[Stored], source: str, table: Table) -> str:
    names = [f"c{column.place}" for column in columns]
    key = f"hash({', '.join(names)}) as h"
    if table.typed:
        return f"select *, {key}, 0 as b from {source}"
    volume = table.tally.volume_of(names) if table.tally else "0"
    tried, values, texts = [], [], []
    for column, name in zip(columns, names, strict=True):
        if column.kept is None:
            values.append(name)
            texts.append(f"{trimmed(name)} as t{column.place}")
            continue
        tried += [name, f"try_cast({name} as {column.kept}) as x{column.place}"]
        same = f"x{column.place}::varchar = {name}"
        if limit := _LENGTHS.get(column.form):
            same += f" and strlen({name}) {limit}"
        values += [name, f"case when {same} then x{column.place} end as v{column.place}"]
        texts += [f"v{column.place}", f"case when v{column.place} is null then {stripped(name)} end as o{column.place}"]
    plain = [name for column, name in zip(columns, names, strict=True) if column.kept is None]
    inner = f"select {', '.join([*plain, *tried, key, f'{volume} as b'])} from {source}"
    return f"select {', '.join(texts)}, h, b from (select {', '.join(values)}, h, b from ({inner}))"


def _has_other_rows(made: Store, header: Sequence[str]) -> bool:
    """Whether a row may be the header once more, or blank."""
    columns = [column for column in made.columns[:3] if column.table == made.columns[0].table]
    names = [name.strip(BLANKS) for name in header]
    same = [f"{column.text} = {quoted(name)}" for column, name in zip(columns, names, strict=False) if name]
    blank = " + ".join(f"{table}.b" for table in made.tables)
    query = f"select count(*) from {made.joined} where {blank} = 0 or ({' and '.join(same) or 'false'})"
    return bool(rows_of(made, query)[0][0])
