"""One unit that fails keeps no other from its turn; an outage that lasts does."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest

from app.files.errors import StorageFailed
from app.kit.errors import DatabaseUnavailable
from app.kit.isolation import each, together

LOG = logging.getLogger("test.isolation")


class Work:
    """Raises for some numbers, and notes the others."""

    def __init__(self, errors: dict[int, Exception]) -> None:
        self.errors, self.done = errors, list[int]()

    async def one(self, number: int) -> None:
        if error := self.errors.get(number):
            raise error
        self.done.append(number)

    async def several(self, numbers: Sequence[int]) -> None:
        if error := next((self.errors[number] for number in numbers if number in self.errors), None):
            raise error
        self.done += numbers


async def test_what_fails_is_named_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    work = Work({2: ValueError("wrong")})
    await each([1, 2, 3], work.one, LOG, lambda number: f"number {number}")
    assert work.done == [1, 3]
    (said,) = caplog.records
    assert (said.message, bool(said.exc_info)) == ("number 2 failed; the others go on", True)


async def test_an_outage_that_lasts_is_raised_at_once_and_another_at_the_end() -> None:
    work = Work({2: DatabaseUnavailable("away")})
    with pytest.raises(DatabaseUnavailable):
        await each([1, 2, 3], work.one, LOG, str)
    assert work.done == [1]
    work = Work({1: StorageFailed("one content"), 2: ValueError("wrong")})
    with pytest.raises(StorageFailed):
        await each([1, 2, 3], work.one, LOG, str)
    assert work.done == [3]


async def test_all_go_together_and_apart_where_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    work = Work({})
    await together([1, 2, 3], work.several, LOG, str)
    assert work.done == [1, 2, 3]
    work = Work({2: ValueError("wrong")})
    await together([1, 2, 3], work.several, LOG, str)
    assert work.done == [1, 3]
    assert [record.message for record in caplog.records] == ["2 failed; the others go on"]
    with pytest.raises(DatabaseUnavailable):
        await together([1, 2], Work({2: DatabaseUnavailable("away")}).several, LOG, str)
