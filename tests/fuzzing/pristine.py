"""A database that is put back as it was: every table's rows are kept in a schema beside it."""

from __future__ import annotations

import asyncpg

TABLES = """
  select c.relname as name, string_agg(format('%I', a.attname), ', ' order by a.attnum) as columns
  from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'alembic_version'
    and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  group by c.relname order by c.relname"""
KEEP = "create table pristine.{name} as select {columns} from public.{name}"
REMOVE = """
  delete from public.{name} where row({columns})::text not in (select row({columns})::text from pristine.{name});"""
PUT_BACK = """
  insert into public.{name} ({columns}) overriding system value select {columns} from pristine.{name}
  where row({columns})::text not in (select row({columns})::text from public.{name});"""
RESTORE = """
create function pristine.restore() returns void language plpgsql as $$ begin
  -- No foreign key is checked and no trigger fires, so that the tables can go in any order and nothing follows.
  perform set_config('session_replication_role', 'replica', true);
  {statements}
end $$"""


async def remember(dsn: str) -> None:
    """Keep every row as it is now; `select pristine.restore()`, by a superuser, puts them back."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute("create schema pristine")
            tables = [dict(row) for row in await connection.fetch(TABLES)]
            for table in tables:
                await connection.execute(KEEP.format(**table))
            statements = "".join((REMOVE + PUT_BACK).format(**table) for table in tables)
            await connection.execute(RESTORE.format(statements=statements))
    finally:
        await connection.close()
