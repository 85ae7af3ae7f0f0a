"""Statements that are compiled once and sent by the driver, for what is asked at nearly every request.

A statement costs 0.28 ms of processor time through a session, with its greenlet, its result and its entities, and
0.06 ms through the driver (measured, on the same connection). Here it is written as any other. It belongs to the
session's transaction, and fails as every other does. What `kit/table_watch.py` has to see is not sent so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final, Generic, TypeVarTuple, cast

import asyncpg
from sqlalchemy import ClauseElement, Connection, Engine, Executable, Select, inspect
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.util import greenlet_spawn

Ts = TypeVarTuple("Ts")
READING: Final = "tranche_reading"
"""Where the `info` of a session that only reads has the engine from which it borrows its connection."""
_BORROWED: Final = "tranche_borrowed"
_CONNECTED: Final = "tranche_connected"
"""Where the `info` of a session has the transaction that has its connection: one that has only begun has none."""


class QuickStatement:
    """A statement whose values are bound parameters; `names` are those of the columns that an insert gives."""

    def __init__(self, statement: Executable, names: Sequence[str] | None = None) -> None:
        self.statement, self._names = statement, names
        self._sql = ""
        self._values: list[tuple[str, Any, Callable[[Any], Any] | None]] = []

    def _compile(self, statement: Executable) -> None:
        compiled = cast(ClauseElement, statement).compile(dialect=PGDialect_asyncpg(), column_keys=self._names)  # type: ignore[no-untyped-call]
        assert isinstance(compiled, SQLCompiler)
        made = compiled._bind_processors
        self._values = [(name, compiled.params[name], cast(Any, made.get(name))) for name in compiled.positiontup or ()]
        self._sql = str(compiled)

    def sql(self) -> str:
        """What is sent."""
        if not self._sql:
            self._compile(self.statement)
        return self._sql

    async def send(self, session: AsyncSession, values: Mapping[str, Any]) -> list[asyncpg.Record]:
        """What it returns with these values. Raises what the session's `execute` would."""
        sql = self.sql()
        given = []
        for name, default, process in self._values:
            value = values.get(name, default)
            given.append(process(value) if process else value)
        lender: Engine | None = session.info.get(READING)
        if lender is not None and not session.in_transaction():
            connection = await _borrow(session, lender)
        else:
            transaction = session.get_nested_transaction() or session.get_transaction()
            if transaction is None or session.info.get(_CONNECTED) is not transaction:
                await session.connection()
                session.info[_CONNECTED] = session.get_nested_transaction() or session.get_transaction()
            # It is there already, so this waits for nothing, and needs no greenlet.
            connection = session.sync_session.connection()
        adapted: Any = connection.connection.dbapi_connection
        try:
            if adapted._transaction is None:
                await adapted._start_transaction()
            found: list[asyncpg.Record] = await adapted.driver_connection.fetch(sql, *given)
        except BaseException as error:
            await greenlet_spawn(_fail, connection, adapted, sql, error)
            raise
        return found


async def _borrow(session: AsyncSession, lender: Engine) -> Connection:
    """The connection of a session that only reads, without the session's own way to it, which takes three times as
    long. What the session executes besides is sent on it as well."""
    connection: Connection | None = session.info.get(_BORROWED)
    if connection is None or connection.invalidated:
        give_back(session)
        connection = await greenlet_spawn(lender.connect)
        session.sync_session.bind = session.info[_BORROWED] = connection
    return connection


def give_back(session: AsyncSession) -> None:
    """Return what was borrowed for a session that only reads. Nothing was begun on it, so this waits for nothing."""
    connection: Connection | None = session.info.pop(_BORROWED, None)
    if connection is not None:
        connection.close()


def _fail(connection: Connection, adapted: Any, sql: str, error: BaseException) -> None:
    """Do with an error of the driver what is done with that of any statement."""
    try:
        if isinstance(error, Exception) and not isinstance(error, adapted.dbapi.Error):
            adapted._handle_exception(error)
        raise error
    except BaseException as translated:
        connection._handle_dbapi_exception(translated, sql, None, None, None)


class QuickRead(QuickStatement, Generic[*Ts]):
    """A select of entities and columns, whose rows look like the entities that it selects."""

    def __init__(self, statement: Select[*Ts]) -> None:
        super().__init__(statement)
        self._select = statement
        self._parts: list[tuple[int, list[str], int]] = []

    def _compile(self, statement: Executable) -> None:
        """Once the mappers are there, with the columns of each entity in an order that is known."""
        columns: list[Any] = []
        self._parts = []
        for described in self._select.column_descriptions:
            chosen, start = described["expr"], len(columns)
            if isinstance(chosen, type):
                mapper: Mapper[Any] = inspect(chosen)
                names = [attribute.key for attribute in mapper.column_attrs]
                key = mapper.get_property_by_column(mapper.primary_key[0]).key
                columns += [getattr(chosen, name) for name in names]
                self._parts.append((start, names, start + names.index(key)))
            else:
                columns.append(chosen)
                self._parts.append((start, [], start))
        super()._compile(self._select.with_only_columns(*columns))

    async def rows(self, session: AsyncSession, **values: Any) -> Sequence[tuple[*Ts]]:
        """The rows with these values. In a session that only reads they are no entities: they belong to no session, and
        nothing is written that is changed of them. In any other it is executed as every statement is.

        Raises an Outage when the database is away.
        """
        if READING in session.info:
            return await self.plain_rows(session, **values)
        return cast(Sequence[tuple[*Ts]], (await session.execute(self._select, values)).all())

    async def plain_rows(self, session: AsyncSession, **values: Any) -> Sequence[tuple[*Ts]]:
        """The rows, which are no entities whatever session that is."""
        return cast(Sequence[tuple[*Ts]], [self._row(record) for record in await self.send(session, values)])

    def _row(self, record: asyncpg.Record) -> tuple[Any, ...]:
        row: list[Any] = []
        for start, names, key in self._parts:
            if not names:
                row.append(record[start])
            elif record[key] is None:
                row.append(None)
            else:
                row.append(SimpleNamespace())
                row[-1].__dict__.update(zip(names, record[start : start + len(names)], strict=True))
        return tuple(row)
