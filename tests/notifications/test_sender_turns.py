"""Who is sent to next: receivers of one organisation that hang hold up none of another's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.ending import Ending
from app.kit.ids import new_id
from app.notifications.models import WebhookDelivery
from app.notifications.sender import ClaimedMessage, Sender
from tests.conftest import Api
from tests.patience import within


class Memory:
    """A channel whose messages are in memory, and which sends until it is let go on."""

    slots, model = 4, WebhookDelivery

    def __init__(self) -> None:
        self.due: dict[UUID, int] = {}
        self.sending: Counter[UUID] = Counter()
        self.begun, self.over = asyncio.Condition(), asyncio.Event()

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def find_due(self, session: AsyncSession) -> Sequence[UUID]:
        return [organisation for organisation, count in self.due.items() if count]

    async def claim(self, session: AsyncSession, room: Mapping[UUID, int]) -> Sequence[ClaimedMessage]:
        found = []
        for organisation, most in room.items():
            count = min(most, self.due[organisation])
            self.due[organisation] -= count
            found += [ClaimedMessage(new_id(), organisation) for _ in range(count)]
        return found

    async def send(self, message: Any) -> None:
        async with self.begun:
            self.sending[message.organisation_id] += 1
            self.begun.notify_all()
        await self.over.wait()

    async def prune(self, session: AsyncSession) -> None: ...

    async def until(self, **wanted: int) -> None:
        async with within(10), self.begun:
            await self.begun.wait_for(lambda: sorted(self.sending.values()) == sorted(wanted.values()))


async def test_receivers_that_hang_hold_up_their_own_organisation_alone(api: Api) -> None:
    channel, flood, quiet = Memory(), new_id(), new_id()
    sender = Sender(api.installation.database, [channel], Ending())
    channel.due[flood] = 100
    await sender.start()
    try:
        await channel.until(flood=4)
        channel.due[quiet] = 3
        sender.wake()
        await channel.until(flood=4, quiet=1)  # the spare place
        assert channel.due == {flood: 96, quiet: 2}
        channel.over.set()
        async with within(10):
            while any(channel.due.values()):
                await asyncio.sleep(0.01)
        assert channel.sending == {flood: 100, quiet: 3}
    finally:
        await sender.stop()


async def test_what_two_organisations_are_owed_goes_side_by_side(api: Api) -> None:
    channel, one, another = Memory(), new_id(), new_id()
    channel.due = {one: 50, another: 50}
    sender = Sender(api.installation.database, [channel], Ending())
    await sender.start()
    try:
        await channel.until(one=2, another=2)
    finally:
        channel.over.set()
        await sender.stop()
