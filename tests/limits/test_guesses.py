"""Guessing is throttled for whoever guesses; who is right is never held up by others' mistakes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.audit.tallies import Tallies
from tests.auth.people import caller, cookie_of
from tests.batch_helpers import run
from tests.conftest import ADMIN_KEY, Api, make_settings, serving
from tests.files.bodies import query

pytestmark = pytest.mark.own_service
MOST = 200


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    return {"rate_wrong_keys_per_minute": MOST, "rate_wrong_codes_per_minute": MOST}


async def wrong_keys(client: httpx.AsyncClient, count: int) -> list[int]:
    headers = [{"Authorization": f"Bearer wrong-{number}"} for number in range(count)]
    answers = await asyncio.gather(*(client.get("/api/session", headers=header) for header in headers))
    return sorted(answer.status_code for answer in answers)


async def wrong_codes(client: httpx.AsyncClient, count: int) -> list[int]:
    answers = await asyncio.gather(*(client.get(f"/api/results/{number:012d}") for number in range(count)))
    return sorted(answer.status_code for answer in answers)


def at(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


async def test_two_hundredth_wrong_code_is_refused_and_right_ones_never(api: Api) -> None:
    batch = await run(api, "no-op", [{}], result_codes=True)
    code = batch["jobs"][0]["result_code"]
    async with caller(api, **at("203.0.113.1")) as guesser:
        assert await wrong_codes(guesser, MOST - 1) == [404] * (MOST - 1)
        refused = await guesser.get("/api/results/000000000000")
        page = await guesser.get("/r/000000000000")
        right = [await guesser.get(path + code) for path in ("/api/results/", "/r/")]
        again = await guesser.get("/api/results/000000000000")
    assert (refused.status_code, refused.json()["code"], refused.json()["instance"]) == (
        429,
        "too_many_guesses",
        "/api/results",
    )
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (page.status_code, "Too many tries" in page.text) == (429, True)
    assert [answer.status_code for answer in right] == [200, 200]
    assert again.status_code == 429
    async with caller(api, **at("203.0.113.2")) as other:
        assert (await other.get("/api/results/000000000000")).status_code == 404


async def test_wrong_keys_are_refused_and_right_ones_at_the_same_address_are_not(api: Api) -> None:
    async with caller(api, **at("203.0.113.3")) as guesser:
        assert await wrong_keys(guesser, MOST + 20) == [401] * (MOST - 1) + [429] * 21
        refused = await guesser.get("/api/session", headers={"Authorization": "Bearer wrong"})
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_wrong_keys")
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert (await guesser.post("/api/session", json={"key": "wrong"})).status_code == 429
        signed_in = await guesser.post("/api/session", json={"key": ADMIN_KEY})
        assert signed_in.status_code == 201
    async with caller(api, ADMIN_KEY, **at("203.0.113.3")) as colleague:
        answers = await asyncio.gather(*(colleague.get("/api/batches") for _ in range(50)))
        assert {answer.status_code for answer in answers} == {200}
    async with caller(api, cookie=cookie_of(signed_in), **at("203.0.113.3")) as browser:
        assert (await browser.get("/api/session")).status_code == 200
    async with caller(api, cookie="wrong", **at("203.0.113.3")) as browser:
        assert (await browser.get("/api/session")).status_code == 429


async def test_wrong_sign_ins_count_with_wrong_keys(api: Api) -> None:
    async with caller(api, **at("203.0.113.4")) as guesser:
        answers = await asyncio.gather(*(guesser.post("/api/session", json={"key": "x"}) for _ in range(MOST)))
        assert sorted(answer.status_code for answer in answers) == [401] * (MOST - 1) + [429]
        assert await wrong_keys(guesser, 2) == [429, 429]


async def test_wrong_links_count_with_wrong_keys(api: Api) -> None:
    async with caller(api, **at("203.0.113.5")) as guesser:
        assert await wrong_keys(guesser, MOST - 2) == [401] * (MOST - 2)
        for path in ("/sign-in?token=wrong", "/sign-in?token=wrong"):
            last = await guesser.get(path)
        assert (last.status_code, last.json()["code"]) == (429, "too_many_wrong_keys")
        assert (await guesser.post("/sign-in", data={"token": "wrong"})).status_code == 429


async def test_failures_are_counted_over_all_processes(home: Path, api: Api, database_url: str) -> None:
    settings = make_settings(home, database_url, rate_wrong_codes_per_minute=MOST, worker="off")
    async with (
        serving(settings) as second,
        caller(api, **at("203.0.113.7")) as here,
        caller(second, **at("203.0.113.7")) as there,
    ):
        answers = await asyncio.gather(wrong_codes(here, 130), wrong_codes(there, 130))
    assert sorted(answers[0] + answers[1]) == [404] * (MOST - 1) + [429] * 61


async def test_many_addresses_together_are_slowed_and_who_is_right_is_not(home: Path, database_url: str) -> None:
    async with serving(
        make_settings(home, database_url, rate_wrong_total_per_minute=1, rate_shared=False, worker="off")
    ) as api:

        async def guess(number: int) -> float:
            async with caller(api, **at(f"198.51.100.{number}")) as one:
                began = time.monotonic()
                assert (await one.get("/api/results/000000000000")).status_code == 404
                return time.monotonic() - began

        await asyncio.gather(*(guess(number) for number in range(2, 20)))
        assert min(await asyncio.gather(*(guess(number) for number in range(20, 40)))) >= 1.0
        began = time.monotonic()
        assert (await api.get("/api/session")).status_code == 200
        assert time.monotonic() - began < 1.0


async def test_audit_log_is_told_of_them_once_for_each_network(api: Api) -> None:
    tallies = api.installation.get(Tallies)
    async with caller(api, **at("2001:db8:7:7::1")) as guesser:
        await wrong_keys(guesser, 30)
        await guesser.post("/api/session", json={"key": "wrong"})
    await tallies.write_everything()
    found = await query(
        api,
        "select array_agg(action || ' ' || count order by action) from ("
        " select action, sum((details ->> 'count')::int) as count from audit_log"
        " where client_address = '2001:db8:7:7::/64' and outcome = 'failure' group by action) counted",
    )
    assert found == ["credential.refused 30", "session.refused 1"]
