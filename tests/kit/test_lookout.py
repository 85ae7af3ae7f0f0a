"""One look at the database serves everybody who waits there for something to do."""

from __future__ import annotations

import asyncio

from sqlalchemy import false, text, true

from app.kit.lookout import Lookout, any_row
from tests.conftest import Api


async def test_those_whose_answer_is_yes_are_woken_by_one_statement(api: Api) -> None:
    lookout, woken = Lookout(api.installation.database), list[str]()
    for name, question in (
        ("yes", true()),
        ("no", false()),
        ("a row", any_row(text("select 1 where 'a' = :letter").bindparams(letter="a"))),
        ("no row", any_row(text("select 1 where 'b' = :letter").bindparams(letter="a"))),
    ):
        lookout.watch(question, lambda name=name: woken.append(name))  # type: ignore[misc]
    await lookout.turn()
    await asyncio.gather(lookout.turn(), lookout.turn())
    assert woken == ["yes", "a row"] * 3


async def test_every_question_of_the_service_can_be_asked(api: Api) -> None:
    await api.installation.get(Lookout).turn()
