"""What streams leave behind goes back when many have ended, and not for each few of them."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from app.auth.caller import Caller
from app.events.admission import MANY, Admission
from app.events.settings import StreamSettings
from tests.conftest import Api


class Loop:
    """Refers to itself, so only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collected_when_asked() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def leave_behind() -> weakref.ref[Loop]:
    return weakref.ref(Loop())


@pytest.mark.usefixtures("collected_when_asked")
async def test_memory_goes_back_when_many_streams_have_ended_and_more_than_are_open(api: Api) -> None:
    limits = {"streams_per_key": 3 * MANY, "streams_per_process": 3 * MANY}
    settings = api.installation.get(StreamSettings).model_copy(update=limits)
    admission = Admission(api.installation.database, settings)
    caller = Caller(uuid4(), uuid4(), "Robin", None, "admin", "192.0.2.7", uuid4())

    async def is_freed_after(ended: int) -> bool:
        for _ in range(ended):
            admission.admit(caller).release()
        left = leave_behind()
        await admission.tidy()
        return left() is None

    assert not await is_freed_after(MANY - 1)
    assert await is_freed_after(1)
    assert not await is_freed_after(1), "those that were counted are counted again"
    with ExitStack() as others:
        for _ in range(MANY + 50):
            others.callback(admission.admit(caller).release)
        assert not await is_freed_after(MANY)
        assert await is_freed_after(50)
