"""The steps that a schema is built by, read from their files: what follows what, and what a database still lacks.

Reading the few names at the top of each file costs a start nothing; Alembic is a tenth of what the service imports.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.kit.service import CannotStart


class RevisionsRefused(CannotStart):
    """The files of migrations do not fit together, or do not fit the database; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One step. `follows` are the steps before it in its own branch, `needs` those and what it depends on elsewhere.

    `works_with` is the oldest step whose code works on a schema with this one; None where any before it does.
    """

    id: str
    follows: frozenset[str]
    needs: frozenset[str]
    works_with: str | None
    labels: tuple[str, ...]
    file: Path


class Revisions:
    """Every step of some folders. A branch is a chain of steps; each folder brings one."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.all: dict[str, Revision] = {}
        for folder in folders:
            for file in sorted(folder.glob("*.py")):
                self._add(_read(file))
        for revision in self.all.values():
            if lacking := revision.needs - self.all.keys():
                raise RevisionsRefused(f"{revision.file} needs the migration {min(lacking)}, which is not installed.")

    def _add(self, revision: Revision) -> None:
        if other := self.all.get(revision.id):
            raise RevisionsRefused(f"{revision.file} and {other.file} are both the migration {revision.id}.")
        self.all[revision.id] = revision

    @property
    def heads(self) -> frozenset[str]:
        """The newest step of each branch."""
        return self.tips(self.all)

    def tips(self, ids: Collection[str]) -> frozenset[str]:
        """The newest of these steps in each branch."""
        return frozenset(ids) - {before for id in ids for before in self.all[id].follows}

    def applied(self, rows: Iterable[str]) -> frozenset[str]:
        """Every step of a database whose table of versions holds these rows; rows of unknown steps say nothing."""
        found: set[str] = set()
        left = [row for row in rows if row in self.all]
        while left:
            id = left.pop()
            if id not in found:
                found.add(id)
                left.extend(self.all[id].needs)
        return frozenset(found)

    def implied(self, rows: Iterable[str]) -> frozenset[str]:
        """Those of the rows that others of them need."""
        known = [row for row in rows if row in self.all]
        return frozenset(row for row in known if any(row in self.applied([other]) for other in known if other != row))

    def complete(self, rows: Iterable[str]) -> bool:
        """Whether the database has every step."""
        return self.applied(rows) == self.all.keys()

    def compatible(self, rows: Iterable[str]) -> frozenset[str]:
        """The steps whose code works on a database with these rows.

        In each branch the newest, and those before it back to where a step says that no older code works with it.
        """
        tips = self.tips(self.applied(rows))
        return frozenset(id for tip in tips for id in self._compatible_with(tip))

    def _compatible_with(self, tip: str) -> list[str]:
        found, oldest = [], None
        for id in self._back_from(tip):
            found.append(id)
            limit = self.all[id].works_with
            if limit and (oldest is None or oldest in self.applied([limit])):
                oldest = limit
            if id == oldest:
                return found
        return [tip]  # nobody says anything

    def _back_from(self, id: str) -> Iterator[str]:
        yield id
        while follows := self.all[id].follows:
            id = min(follows)
            yield id

    def branch(self, id: str) -> str:
        """The label of a step's branch, or the first part of its name where the branch has none."""
        revision = self.all[id]
        while not revision.labels and revision.follows:
            revision = self.all[min(revision.follows)]
        return revision.labels[0] if revision.labels else _prefix(revision.id)

    def newer(self, rows: Iterable[str]) -> list[str]:
        """Rows of steps that are not known, of branches that are: a newer version wrote them."""
        branches = {self.branch(id) for id in self.all}
        return sorted(row for row in rows if row not in self.all and _prefix(row) in branches)

    def refused(self, rows: Collection[str]) -> list[str]:
        """Those of `newer` with which this code does not work: the newest that it knows of the branch is no row."""
        tips = {self.branch(id): id for id in self.heads}
        return [row for row in self.newer(rows) if tips[_prefix(row)] not in rows]

    def that_need(self, removed: Collection[str], kept: Collection[str]) -> list[str]:
        """Those of the kept steps that could not stay without the removed ones."""
        return sorted(id for id in kept if self.applied([id]) & set(removed))


def _prefix(id: str) -> str:
    return id.rpartition("_")[0] or id


def _read(file: Path) -> Revision:
    names = _assignments(file)
    try:
        id, follows, works_with = names["revision"], _ids(names["down_revision"]), names.get("works_with")
        needs = follows | _ids(names.get("depends_on"))
    except (KeyError, TypeError):
        raise RevisionsRefused(f"{file} is no migration: it names no revision and down_revision.") from None
    return Revision(id, follows, needs, works_with, tuple(sorted(_ids(names.get("branch_labels")))), file)


def _assignments(file: Path) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for node in ast.parse(file.read_text("utf-8"), str(file)).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(target, ast.Name) and node.value:
            try:
                found[target.id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def _ids(value: Any) -> frozenset[str]:
    if value is None:
        return frozenset()
    return frozenset([value] if isinstance(value, str) else value)
