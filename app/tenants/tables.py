"""Which rows of which tables are an organisation's: found from the tables' own keys, so that a new one is included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import MetaData, Table

ROOT: Final = "organisations"
SHARED: Final = frozenset(
    "data_batch_types pipelines workers rate_counts erasures erasure_contents spent_sign_ins sealed_marks".split()
)
"""Tables of the installation, none of whose rows is an organisation's."""
BY_NAME: Final = {"batch_id": "batches", "user_id": "users", "job_id": "jobs"}
"""Columns that name a row of another table without a foreign key, as the event log's does."""


class TableWithoutOwner(LookupError):
    """Nobody can tell whose rows of this table are: give it an organisation_id, a foreign key, or a place in SHARED."""


@dataclass(frozen=True, slots=True)
class OwnedTable:
    """A table, and the condition on its rows `t` that makes them those of the organisation `$1`.

    `depth`: how many tables lie between it and the organisation; deeper ones go first.
    """

    table: Table
    condition: str
    depth: int

    @property
    def name(self) -> str:
        return str(self.table.fullname)

    @property
    def keys(self) -> str:
        """The columns of its primary key, of a row `t`."""
        return ", ".join(f"t.{column.name}" for column in self.table.primary_key)


def owned_tables(metadata: MetaData) -> list[OwnedTable]:
    """Every table with rows of organisations, those that refer to others before those; raises TableWithoutOwner."""
    order = {table.fullname: place for place, table in enumerate(metadata.sorted_tables)}
    found: dict[str, OwnedTable] = {}
    waiting = [table for table in metadata.sorted_tables if table.fullname not in SHARED]
    while waiting:
        left = [table for table in waiting if not _add(table, found)]
        if len(left) == len(waiting):
            raise TableWithoutOwner(", ".join(sorted(table.fullname for table in left)))
        waiting = left
    return sorted(found.values(), key=lambda owned: (-owned.depth, -order[owned.name]))


def _add(table: Table, found: dict[str, OwnedTable]) -> bool:
    """Add a table whose owner can be told by now."""
    name = str(table.fullname)
    if name == ROOT:
        found[name] = OwnedTable(table, "t.id = $1", 0)
    elif "organisation_id" in table.c:
        found[name] = OwnedTable(table, "t.organisation_id = $1", 1)
    elif way := _way(table, found):
        column, parent, key = way
        above = found[parent]
        inner = above.condition.replace("t.", f"t{above.depth}.")
        condition = f"t.{column} in (select t{above.depth}.{key} from {parent} t{above.depth} where {inner})"
        found[name] = OwnedTable(table, condition, above.depth + 1)
    return name in found


def _way(table: Table, found: Mapping[str, OwnedTable]) -> tuple[str, str, str] | None:
    """The column that leads to an owner, the owner's table, and its key: one whose rows go together with it first."""
    keys = sorted(table.foreign_keys, key=lambda key: (key.ondelete != "CASCADE", key.parent.name))
    for key in keys:
        parent = str(key.column.table.fullname)
        if parent in found and parent != table.fullname and not key.parent.nullable:
            return str(key.parent.name), parent, str(key.column.name)
    for column, parent in BY_NAME.items():
        if column in table.c and parent in found and not table.c[column].foreign_keys:
            return column, parent, "id"
    return None
