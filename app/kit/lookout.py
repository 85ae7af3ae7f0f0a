"""One look at the database for everybody who waits there for something to do.

Each service that has rows to wait for would otherwise ask for them every second or two, most of the time for nothing:
all of them together woke an idle installation thirty times a second (measured).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import ColumnElement, Select, TextClause, column, select, text

from app.kit.db import Database
from app.kit.isolation import together
from app.kit.service import Periodic

INTERVAL: Final = 2.0
UNSEEN: Final = 60.0
"""The interval of services that are watched for: what no question covers is done so often."""

_Watched = tuple[ColumnElement[bool], Callable[[], None]]


def any_row(query: TextClause | str) -> ColumnElement[bool]:
    """The question whether a query has any row."""
    clause = text(query) if isinstance(query, str) else query
    return clause.columns(column("any")).exists()


class Lookout(Periodic):
    """Asks all questions in one statement every two seconds, and wakes those whose answer is yes."""

    interval = first_wait = INTERVAL
    log = logging.getLogger("tranche.lookout")

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._watched: list[_Watched] = []
        self._statement: Select[*tuple[bool, ...]] | None = None

    def watch(self, question: ColumnElement[bool], wake: Callable[[], None]) -> None:
        """Call `wake` when the answer is yes. The question must be cheap where the answer is no."""
        self._watched.append((question, wake))
        self._statement = None

    async def turn(self) -> None:
        if not self._watched:
            return
        await together(self._watched, self._ask, self.log, lambda watched: f"the question {watched[0]}"[:200])

    async def _ask(self, watched: Sequence[_Watched]) -> None:
        if self._statement is None:
            self._statement = _statement(self._watched)
        statement = self._statement if len(watched) == len(self._watched) else _statement(watched)
        async with self._database.statements() as session:
            answers = (await session.execute(statement)).one()
        for answer, (_, wake) in zip(answers, watched, strict=True):
            if answer:
                wake()


def _statement(watched: Sequence[_Watched]) -> Select[*tuple[bool, ...]]:
    return select(*(question.label(f"q{number}") for number, (question, _) in enumerate(watched)))
