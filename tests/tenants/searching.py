"""Looks for texts in every column of every table of a database."""

from __future__ import annotations

import asyncpg

TEXT_TYPES = "('text', 'character varying', 'json', 'jsonb', 'bytea', 'uuid', 'ARRAY', 'name', 'character')"


async def search(connection: asyncpg.Connection[asyncpg.Record], *wanted: str) -> dict[str, int]:
    """How many rows of each table have one of the texts in them, as text or as bytes, by `schema.table`."""
    found: dict[str, int] = {}
    columns = await connection.fetch(f"""
      select c.table_schema, c.table_name, c.column_name, c.data_type from information_schema.columns c
      join information_schema.tables t using (table_schema, table_name)
      where t.table_type = 'BASE TABLE' and c.table_schema not in ('pg_catalog', 'information_schema')
      and c.data_type in {TEXT_TYPES}""")
    for schema, table, column, kind in columns:
        shown = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
        matches = " or ".join(f"position(${at} in {shown}) > 0" for at in range(1, len(wanted) + 1))
        if count := await connection.fetchval(f"select count(*) from {schema}.{table} where {matches}", *wanted):
            found[f"{schema}.{table}"] = found.get(f"{schema}.{table}", 0) + count
    return found
