"""The event log: ids without a hole, whoever writes at the same time and whatever is rolled back."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID

import pytest

from app.batches import log
from app.batches.log import CHANNEL, NewEvent
from app.batches.states import COUNTERS
from app.events.hub import Hub
from tests.batch_helpers import submit
from tests.conftest import Api
from tests.files.bodies import query

pytestmark = pytest.mark.every_postgres


class RolledBack(Exception):
    """What a writer thinks of after it has written."""


async def write(api: Api, batch_id: UUID, types: list[str], *, fail: bool = False) -> None:
    async with api.installation.database.transaction() as session:
        await log.record(session, batch_id, [NewEvent(name) for name in types])
        await asyncio.sleep(random.random() / 500)
        if fail:
            raise RolledBack


async def ids_of(api: Api, batch_id: UUID) -> list[int]:
    return list(await query(api, "select array_agg(id order by id) from events where batch_id = :id", id=batch_id))


async def test_twenty_writers_leave_no_hole(api: Api) -> None:
    batch_id = UUID(await submit(api, "typed", [{}]))
    random.seed(11)
    committed: list[str] = []

    async def writer(number: int) -> None:
        for turn in range(15):
            types = [f"note.{number}_{turn}_{part}" for part in range(random.randint(1, 3))]
            fail = random.random() < 0.2
            try:
                await write(api, batch_id, types, fail=fail)
                committed.extend(types)
            except RolledBack:
                assert fail

    await asyncio.gather(*(writer(number) for number in range(20)))
    ids = await ids_of(api, batch_id)
    assert ids == list(range(1, len(committed) + 2))
    assert await query(api, "select last_event_id from batches where id = :id", id=batch_id) == len(ids)
    types = await query(api, "select array_agg(type order by id) from events where batch_id = :id", id=batch_id)
    assert sorted(types[1:]) == sorted(committed)
    for number in range(20):  # a writer's own events keep its order
        own = [name for name in types if name.startswith(f"note.{number}_")]
        assert own == sorted(own, key=lambda name: [int(part) for part in name[5:].split("_")])


async def test_reader_by_id_never_loses_an_event_to_a_slow_writer(api: Api) -> None:
    batch_id = UUID(await submit(api, "typed", [{}]))
    seen: list[int] = []
    done = asyncio.Event()

    async def tail() -> None:
        last = False
        while not last:
            last = done.is_set()
            events = await api.installation.get(Hub).events_after(batch_id, seen[-1] if seen else 0, 50)
            seen.extend(event.id for event in events)

    tailing = asyncio.create_task(tail())
    await asyncio.gather(*(write(api, batch_id, ["a", "b"]) for _ in range(60)))
    done.set()
    await tailing
    assert seen == list(range(1, 122))


async def test_changes_and_counters_are_of_the_same_moment(api: Api) -> None:
    batch_id = UUID(await submit(api, "typed", [{}, {}]))
    async with api.installation.database.transaction() as session:
        changes = {"pending_jobs": 1, "completed_jobs": 1, "name": "Renamed"}
        await log.record(session, batch_id, [NewEvent("a"), NewEvent("b")], actor="ada", changes=changes)
    events = (await api.get(f"/api/batches/{batch_id}/events?last_event_id=1")).json()["events"]
    assert [(event["id"], event["type"], event["actor"]) for event in events] == [(2, "a", "ada"), (3, "b", "ada")]
    for event in events:
        assert event["counters"] == dict.fromkeys(COUNTERS, 0) | {"total": 2, "pending": 1, "completed": 1}
    assert await query(api, "select name from batches where id = :id", id=batch_id) == "Renamed"


async def test_no_events_change_the_batch_alone(api: Api) -> None:
    batch_id = UUID(await submit(api, "typed", [{}]))
    async with api.installation.database.transaction() as session:
        await log.record(session, batch_id, [], changes={"name": "Renamed"})
    assert await ids_of(api, batch_id) == [1]
    assert await query(api, "select name from batches where id = :id", id=batch_id) == "Renamed"


async def test_refused_change_leaves_no_event(api: Api) -> None:
    batch_id = UUID(await submit(api, "typed", [{}]))
    with pytest.raises(Exception, match="ck_batches_counters_add_up"):
        async with api.installation.database.transaction() as session:
            await log.record(session, batch_id, [NewEvent("a")], changes={"completed_jobs": 1})
    assert await ids_of(api, batch_id) == [1]


async def test_one_wake_up_names_the_batch_after_the_commit_only(api: Api) -> None:
    batch_id = UUID(await submit(api, "typed", [{}]))
    heard: list[str] = []
    listener = await api.installation.database.connect()
    await listener.add_listener(CHANNEL, lambda *arguments: heard.append(str(arguments[3])))
    with pytest.raises(RolledBack):
        await write(api, batch_id, ["a"], fail=True)
    await write(api, batch_id, ["a", "b", "c"])
    await write(api, batch_id, ["d"])
    await listener.execute("select 1")
    assert heard.count(str(batch_id)) == 2
    await listener.close()


async def test_pages_of_the_log(api: Api) -> None:
    batch_id = UUID(await submit(api, "typed", [{}]))
    await write(api, batch_id, [f"note.{n}" for n in range(9)])
    seen, cursor = [], "0"
    while cursor:
        params = {"limit": 4, "last_event_id": cursor}
        page = (await api.get(f"/api/batches/{batch_id}/events", params=params)).json()
        seen += [event["id"] for event in page["events"]]
        assert page["last_event_id"] == 10
        cursor = page["next_cursor"]
    assert seen == list(range(1, 11))
