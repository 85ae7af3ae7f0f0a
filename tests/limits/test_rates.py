"""Rates as clients meet them: 429 with Retry-After for whoever sends too much, and for nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.auth.people import caller, key_of
from tests.conftest import ADMIN_KEY, Api, make_settings, serving
from tests.database import PostgresServer, fresh_database

pytestmark = pytest.mark.own_service
KEY, ORGANISATION, ADDRESS = 60, 100, 40


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    return {
        "rate_key_per_minute": KEY,
        "rate_organisation_per_minute": ORGANISATION,
        "rate_address_per_minute": ADDRESS,
        "rate_shared": False,
        "worker": "off",
    }


async def ask(client: httpx.AsyncClient, count: int, path: str = "/api/session") -> list[httpx.Response]:
    return await asyncio.gather(*(client.get(path) for _ in range(count)))


def statuses(answers: list[httpx.Response]) -> dict[int, int]:
    found = [answer.status_code for answer in answers]
    return {status: found.count(status) for status in sorted(set(found))}


async def test_key_has_its_rate_and_so_has_its_organisation(api: Api) -> None:
    async with (
        caller(api, await key_of(api, "Busy")) as busy,
        caller(api, await key_of(api, "Busy")) as colleague,
        caller(api, await key_of(api, "Quiet")) as quiet,
    ):
        assert statuses(await ask(busy, KEY + 5)) == {200: KEY, 429: 5}
        refused = (await ask(busy, 1))[0]
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["code"] == "too_many_requests"
        assert (refused.json()["policy"], refused.json()["limit"]) == ("key", KEY)
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert refused.headers["RateLimit-Policy"] == f'"key";q={KEY};w=60'
        assert refused.headers["RateLimit"].startswith('"key";r=0;t=')
        # The colleague's own key has room; what is left of the organisation is what the other one was answered.
        answers = await ask(colleague, KEY)
        assert statuses(answers) == {200: ORGANISATION - KEY, 429: 2 * KEY - ORGANISATION}
        assert {answer.json()["policy"] for answer in answers if answer.status_code == 429} == {"organisation"}
        assert statuses(await ask(quiet, KEY)) == {200: KEY}


async def test_answers_say_how_the_caller_stands(api: Api) -> None:
    async with caller(api, await key_of(api, "Reader")) as reader:
        first, second = [await reader.get("/api/session") for _ in range(2)]
        missing = await reader.get("/api/batches/0197e9a2-6f3c-7c55-9d1e-2a4b6c8d0e1f")
    assert first.headers["RateLimit-Policy"] == f'"key";q={KEY};w=60, "organisation";q={ORGANISATION};w=60'
    assert first.headers["RateLimit"].startswith(f'"key";r={KEY - 1};t=')
    assert second.headers["RateLimit"].startswith(f'"key";r={KEY - 2};t=')
    assert (missing.status_code, missing.headers["RateLimit"].startswith(f'"key";r={KEY - 3};t=')) == (404, True)


async def test_strangers_share_the_rate_of_their_address_and_take_nothing_from_keys(api: Api) -> None:
    key = await key_of(api, "Beside")
    async with caller(api, **{"X-Forwarded-For": "203.0.113.5"}) as stranger:
        assert statuses(await ask(stranger, ADDRESS + 3)) == {401: ADDRESS, 429: 3}
        assert (await stranger.get("/console/main.js")).status_code == 429
        assert statuses(await ask(stranger, 20, "/healthz")) == {200: 20}
        assert (await stranger.post("/api/session", json={"key": key})).status_code == 201
    async with caller(api, key, **{"X-Forwarded-For": "203.0.113.5"}) as beside:
        assert statuses(await ask(beside, 10)) == {200: 10}
    async with caller(api, **{"X-Forwarded-For": "203.0.113.6"}) as other:
        assert (await other.get("/console/main.js")).status_code == 200


async def test_addresses_of_one_ipv6_network_are_one(api: Api) -> None:
    for number in range(ADDRESS + 1):
        async with caller(api, **{"X-Forwarded-For": f"2001:db8:1:2::{number:x}"}) as one:
            answer = await one.get("/api/session")
    assert answer.status_code == 429
    async with caller(api, **{"X-Forwarded-For": "2001:db8:1:3::1"}) as neighbour:
        assert (await neighbour.get("/api/session")).status_code == 401


async def test_processes_count_together(postgres: PostgresServer, home: Any, settings_values: dict[str, Any]) -> None:
    async with fresh_database(postgres) as url:
        settings = make_settings(home, url, **settings_values | {"rate_shared": True})
        async with serving(settings) as one, serving(settings) as two:
            for service in (one, two):
                service.headers["Authorization"] = f"Bearer {ADMIN_KEY}"
            answers = [*await ask(one, KEY), *await ask(two, KEY)]
    allowed = statuses(answers)[200]
    assert KEY - 16 <= allowed <= KEY  # a lease is lost at most to each
