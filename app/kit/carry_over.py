"""Databases of the pre-releases: thirteen steps led to what is now the first; the last of them is taken for it.

Everything happens in one transaction. What the squashed steps make is built beside it, in a schema that is dropped
again, and each part of it must be in the database, or nothing is changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

from app.kit.revisions import RevisionsRefused

LAST: Final = "0013"
OLDER: Final = re.compile(r"00(0\d|1[0-3])")
_SCHEMA_STEP, _FUNCTION_STEP, _SQUASHED = "tranche_0001", "tranche_0002", "tranche_0003"
_CHECK: Final = "tranche_check"
BRACKETS: Final = re.compile(r"::[a-z ]+(\(\d+\))?(\[\])?|[()\s]")
_SHAPE: Final = """
with tables as (
  select oid, relname, relkind from pg_class
  where relnamespace = '{schema}'::regnamespace and relkind in ('r', 'v') and relname <> 'alembic_version'
)
select relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
  || case when attnotnull then ' not null' else '' end || coalesce(' ' || pg_get_expr(adbin, adrelid), '')
from tables join pg_attribute a on attrelid = tables.oid and attnum > 0 and not attisdropped
left join pg_attrdef d on d.adrelid = attrelid and d.adnum = attnum
union all select relname || ' ' || conname || ' ' || pg_get_constraintdef(c.oid)
from pg_constraint c join tables on tables.oid = conrelid where contype <> 'n'
union all select pg_get_indexdef(indexrelid, 0, true) from pg_index join tables on tables.oid = indrelid
union all select pg_get_triggerdef(t.oid, true)
from pg_trigger t join tables on tables.oid = tgrelid where not tgisinternal
union all select relname || ' ' || pg_get_viewdef(oid) from tables where relkind = 'v'
union all select proname || ' ' || pg_get_function_identity_arguments(oid) || ' ' || prosrc
from pg_proc where pronamespace = '{schema}'::regnamespace
"""


def refuse_older(rows: Iterable[str]) -> None:
    """Raise RevisionsRefused for a schema of a pre-release that was never brought to its last step, or went on."""
    rows = list(rows)
    if found := sorted(row for row in rows if OLDER.fullmatch(row) and row != LAST):
        raise RevisionsRefused(
            f"A pre-release wrote it, at migration {found[0]}: bring it to {LAST} with the version that made it"
            " (`tranche migrate`), then start this one."
        )
    if found := sorted(row for row in rows if row.isdecimal() and row != LAST):
        raise RevisionsRefused(f"Another version wrote it: the migration {found[0]} is not known here.")


def carry_over(connection: Connection, scripts: Path) -> None:
    """Make a database at `LAST` one at the squashed steps; the caller commits. Raises RevisionsRefused."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    current = connection.execute(text("select current_schema()")).scalar_one()
    for name in ("from_0013.sql", "versions/tranche_0001_schema/14_views.sql"):
        script = (scripts / name).read_text("utf-8")
        for statement in re.findall(r"(?:--[^\n]*|\$\$.*?\$\$|[^;])+;", script, re.DOTALL):
            connection.exec_driver_sql(statement)
    _set_row(connection, _SCHEMA_STEP)
    command.upgrade(config, _FUNCTION_STEP)
    _set_row(connection, _SQUASHED)
    found = _shape(connection, current)
    connection.execute(text(f"create schema {_CHECK}"))
    connection.execute(text(f"set local search_path to {_CHECK}"))
    command.upgrade(config, _SQUASHED)
    expected = _shape(connection, _CHECK)
    connection.execute(text(f"set local search_path to {current}"))
    connection.execute(text(f"drop schema {_CHECK} cascade"))
    if missing := sorted(line for plain, line in expected.items() if plain not in found):
        raise RevisionsRefused(
            f"The database is at migration {LAST} of a pre-release, but is not what that made: {missing[0]!r} is"
            f" missing, and {len(missing) - 1} other parts of the schema. Nothing was changed."
        )


def _set_row(connection: Connection, revision: str) -> None:
    connection.execute(text("update alembic_version set version_num = :revision"), {"revision": revision})


def _shape(connection: Connection, schema: str) -> dict[str, str]:
    """Every column, constraint, index, trigger, view and function of a schema that is first in the search path.

    The keys are what is compared: a dump that was restored has the same expressions with other brackets and casts.
    """
    lines = connection.execute(text(_SHAPE.replace("{schema}", schema))).scalars()
    return {BRACKETS.sub("", line): line for line in lines}
