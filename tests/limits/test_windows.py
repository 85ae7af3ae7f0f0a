"""Counting in windows: in one process, and in several that share a database."""

from __future__ import annotations

import asyncio

import pytest

from app.kit.db import Database
from app.kit.errors import DatabaseUnavailable
from app.limits import repository
from app.limits.rates import Rate, rate_headers
from app.limits.windows import MOST_KEYS, Take, WindowStorage
from tests.conftest import Api

pytestmark = [pytest.mark.own_service, pytest.mark.every_postgres]


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Taker:
    """Takes from the database as a process of its own would, and counts how often."""

    def __init__(self, database: Database) -> None:
        self._database, self.writes = database, 0

    async def __call__(self, key: str, size: int, seconds: float) -> tuple[int, float]:
        self.writes += 1
        async with self._database.statements() as session:
            return await repository.take(session, key, size, seconds)


async def test_window_counts_from_one_and_ends() -> None:
    clock = Clock()
    storage = WindowStorage(clock=clock)
    assert [await storage.incr("a", 60) for _ in range(3)] == [1, 2, 3]
    assert await storage.incr("b", 60, 5) == 5
    clock.now += 59.9
    assert (await storage.get("a"), await storage.get_expiry("a")) == (3, 1_000_060.0)
    clock.now += 0.1
    assert (await storage.get("a"), await storage.get_expiry("a")) == (0, clock.now)
    assert await storage.incr("a", 60) == 1


async def test_memory_is_bounded_however_many_come() -> None:
    storage = WindowStorage()
    for number in range(MOST_KEYS + 1_000):
        await storage.incr(f"address {number}", 60)
    assert await storage.reset() == MOST_KEYS


async def test_processes_never_count_a_number_twice(api: Api) -> None:
    takers = [Taker(api.installation.database) for _ in range(3)]
    processes = [WindowStorage(taker) for taker in takers]
    numbers = await asyncio.gather(*(processes[n % 3].incr("shared", 60) for n in range(3_000)))
    assert len(set(numbers)) == 3_000
    # A lease is a quarter of what was counted before: far fewer writes than requests, and little is left over.
    assert sum(taker.writes for taker in takers) < 3_000 / 20
    assert max(numbers) <= 3_000 + 3 * 256


async def test_limit_of_two_processes_together_is_exact(api: Api) -> None:
    rates = [Rate("exact", 100, WindowStorage(Taker(api.installation.database), first=1, largest=1)) for _ in range(2)]
    standings = await asyncio.gather(*(rates[n % 2].hit("someone") for n in range(150)))
    assert sum(standing.allowed for standing in standings) == 100


async def test_leases_never_let_more_through_and_lose_little(api: Api) -> None:
    rates = [Rate("leased", 1_000, WindowStorage(Taker(api.installation.database))) for _ in range(2)]
    standings = await asyncio.gather(*(rates[n % 2].hit("someone") for n in range(1_500)))
    assert 1_000 - 256 <= sum(standing.allowed for standing in standings) <= 1_000


async def test_flood_over_the_limit_costs_no_writes(api: Api) -> None:
    taker = Taker(api.installation.database)
    rate = Rate("flooded", 10, WindowStorage(taker, first=1, largest=1))
    for _ in range(10):
        assert (await rate.hit("flood")).allowed
    for _ in range(500):
        assert not (await rate.hit("flood")).allowed
    assert taker.writes == 10


async def test_window_in_the_database_begins_anew_when_it_has_ended(api: Api) -> None:
    take = Taker(api.installation.database)
    assert await take("short", 7, 0.05) == (7, pytest.approx(0.05, abs=0.05))
    await asyncio.sleep(0.1)  # the database's own clock
    number, seconds = await take("short", 2, 60)
    assert (number, round(seconds)) == (2, 60)


async def test_everything_is_allowed_while_the_database_is_away() -> None:
    async def take(key: str, size: int, seconds: float) -> tuple[int, float]:
        raise DatabaseUnavailable("away")

    taker: Take = take
    assert (await Rate("away", 5, WindowStorage(taker)).hit("someone")).allowed


async def test_headers_say_how_one_stands() -> None:
    storage, scope = WindowStorage(), {}
    assert rate_headers(scope) == []
    await Rate("key", 10, storage).check(scope, "k")
    await Rate("organisation", 100, storage).check(scope, "o")
    await Rate("none", 0, storage).check(scope, "o")
    assert rate_headers(scope) == [
        (b"ratelimit-policy", b'"key";q=10;w=60, "organisation";q=100;w=60'),
        (b"ratelimit", b'"key";r=9;t=60, "organisation";r=99;t=60'),
    ]
