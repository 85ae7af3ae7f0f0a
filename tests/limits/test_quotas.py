"""Quotas of organisations: never passed, however many ask at once, and told before they are reached."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.auth.weights import Weights
from app.commands import ServiceRefused
from app.commands.limits import limit_organisation, read_limit
from tests.auth.people import caller, key_of
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import query
from tests.patience import patient

pytestmark = pytest.mark.own_service
AT_ONCE = 50


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    return {"worker": "off", "quota_webhooks": 3}


async def organisation_id(api: Api, name: str) -> str:
    return str(await query(api, "select id::text from organisations where name = :name", name=name))


async def limit(api: Api, name: str, **limits: int | str | None) -> dict[str, Any]:
    answer = await api.patch(f"/api/organisations/{await organisation_id(api, name)}/limits", json=limits)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def usage(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    answer = await client.get("/api/organisation/usage")
    return next(quota for quota in answer.json()["quotas"] if quota["name"] == name)


def submit(client: httpx.AsyncClient, jobs: int = 1, **more: Any) -> Awaitable[httpx.Response]:
    body = {"pipeline": "no-op", "items": [{"record": {}}] * jobs, **more}
    return client.post("/api/batches", json=body, timeout=patient(60))


def put(client: httpx.AsyncClient, content: bytes) -> Awaitable[httpx.Response]:
    return client.put("/api/files/a.bin", content=content, timeout=patient(60))


def statuses(answers: list[httpx.Response]) -> dict[int, int]:
    found = [answer.status_code for answer in answers]
    return {status: found.count(status) for status in sorted(set(found))}


async def test_batches_of_a_day_are_exact_with_fifty_at_once(api: Api) -> None:
    async with caller(api, await key_of(api, "Daily")) as daily:
        await submit(daily)
        await limit(api, "Daily", batches_per_day=20)
        answers = await asyncio.gather(*(submit(daily) for _ in range(AT_ONCE)))
        assert statuses(answers) == {201: 19, 429: AT_ONCE - 19}
        refused = next(answer for answer in answers if answer.status_code == 429)
        problem = refused.json()
        assert (problem["code"], problem["quota"], problem["limit"]) == ("quota_exceeded", "batches_per_day", 20)
        assert problem["used"] == 20
        assert 1 <= int(refused.headers["Retry-After"]) <= 86_400
        assert await usage(daily, "batches_per_day") == {
            "name": "batches_per_day",
            "used": 20,
            "limit": 20,
            "state": "reached",
        }
        # What is deleted was made nevertheless.
        made = next(answer for answer in answers if answer.status_code == 201).json()["batch_id"]
        await daily.post(f"/api/batches/{made}/cancel")
        assert (await daily.delete(f"/api/batches/{made}")).status_code == 204
        assert (await submit(daily)).status_code == 429
        await limit(api, "Daily", batches_per_day=21)
        assert statuses([await submit(daily), await submit(daily)]) == {201: 1, 429: 1}
        # Tomorrow, where the organisation is, is another day.
        await query(api, "update quota_days set day = day - 1 returning 1")
        await query(api, "update batches set created_at = created_at - interval '1 day' returning 1")
        assert (await submit(daily)).status_code == 201


async def test_jobs_in_flight_are_exact_and_drafts_count_when_they_start(api: Api) -> None:
    async with caller(api, await key_of(api, "Busy")) as busy:
        await limit(api, "Busy", jobs_in_flight=40)
        answers = await asyncio.gather(*(submit(busy, jobs=3) for _ in range(AT_ONCE)))
        assert statuses(answers) == {201: 13, 429: AT_ONCE - 13}
        assert (await usage(busy, "jobs_in_flight"))["used"] == 39
        draft = (await submit(busy, jobs=2, start=False)).json()["batch_id"]
        refused = await busy.post(f"/api/batches/{draft}/start")
        assert (refused.status_code, refused.json()["quota"], refused.json()["used"]) == (429, "jobs_in_flight", 39)
        first = next(answer for answer in answers if answer.status_code == 201).json()["batch_id"]
        await busy.post(f"/api/batches/{first}/cancel")
        assert (await busy.post(f"/api/batches/{draft}/start")).status_code == 200
        assert (await usage(busy, "jobs_in_flight"))["used"] == 38
        again = await busy.post(f"/api/batches/{first}/restart")
        assert (again.status_code, again.json()["code"]) == (429, "quota_exceeded")


async def test_stored_bytes_are_exact_and_equal_contents_count_once(api: Api) -> None:
    async with caller(api, await key_of(api, "Full")) as full, caller(api, await key_of(api, "Roomy")) as roomy:
        await limit(api, "Full", stored_bytes=100_000)
        answers = await asyncio.gather(*(put(full, bytes([number]) * 6_000) for number in range(AT_ONCE)))
        assert statuses(answers) == {201: 16, 507: AT_ONCE - 16}
        problem = next(answer for answer in answers if answer.status_code == 507).json()
        assert (problem["code"], problem["quota"]) == ("storage_quota_exceeded", "stored_bytes")
        assert (problem["limit"], problem["used"]) == (100_000, 96_000)
        kept = next(number for number, answer in enumerate(answers) if answer.status_code == 201)
        # The organisation has this content already; another one's content is counted for each.
        await limit(api, "Full", stored_bytes=102_000)
        assert (await put(full, bytes([kept]) * 6_000)).status_code == 201
        await limit(api, "Full", stored_bytes=100_000)
        assert (await put(roomy, b"shared" * 1_000)).status_code == 201
        assert (await put(full, b"shared" * 1_000)).status_code == 507
        assert (await usage(full, "stored_bytes"))["used"] == 96_000
        files = [("files", ("b.bin", b"another" * 1_000))]
        batch = await full.post("/api/jobs/batch", data={"pipeline": "no-op"}, files=files)
        assert (batch.status_code, batch.json()["code"]) == (507, "storage_quota_exceeded")
        await query(
            api,
            "delete from files where organisation_id = (select id from organisations where name = 'Full') returning 1",
        )
        assert (await put(full, b"shared" * 1_000)).status_code == 201


async def test_two_processes_together_pass_no_limit(home: Path, api: Api, database_url: str) -> None:
    key = await key_of(api, "Spread")
    await limit(api, "Spread", batches_per_day=15, keys=5)
    async with (
        serving(make_settings(home, database_url, worker="off", quota_webhooks=3)) as second,
        caller(api, key) as here,
        caller(second, key) as there,
    ):
        answers = await asyncio.gather(*(submit(client) for _ in range(20) for client in (here, there)))
        assert statuses(answers) == {201: 15, 429: 25}
        made = await asyncio.gather(
            *(client.post("/api/keys", json={"name": f"{n}"}) for n in range(10) for client in (here, there))
        )
        assert statuses(made) == {201: 4, 429: 16}


@pytest.mark.parametrize(
    ("quota", "make"),
    [
        ("keys", lambda client: client.post("/api/keys", json={"name": "one more"})),
        (
            "webhooks",
            lambda client: client.post("/api/webhooks", json={"url": "http://93.184.216.34/", "enabled": False}),
        ),
    ],
)
async def test_keys_and_webhooks(
    api: Api, quota: str, make: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]
) -> None:
    name = f"Few {quota}"
    async with caller(api, await key_of(api, name)) as few:
        await limit(api, name, **{quota: 4})
        answers = await asyncio.gather(*(make(few) for _ in range(10)))
        assert statuses(answers) == {201: 3 if quota == "keys" else 4, 429: 7 if quota == "keys" else 6}
        assert await usage(few, quota) == {"name": quota, "used": 4, "limit": 4, "state": "reached"}


async def test_streams_are_counted_over_processes_and_given_back(home: Path, api: Api, database_url: str) -> None:
    key = await key_of(api, "Watching")
    await limit(api, "Watching", open_streams=3)
    async with (
        serving(make_settings(home, database_url, worker="off", quota_webhooks=3)) as second,
        caller(api, key) as here,
        caller(second, key) as there,
    ):
        streams = [client.stream("GET", "/api/events") for client in (here, there, here)]
        opened = [await stream.__aenter__() for stream in streams]
        assert [stream.status_code for stream in opened] == [200, 200, 200]
        refused = await there.get("/api/events")
        assert (refused.status_code, refused.json()["quota"], refused.json()["used"]) == (429, "open_streams", 3)
        assert (await usage(here, "open_streams"))["used"] == 3
        await streams[0].__aexit__(None, None, None)
        async with asyncio.timeout(patient(10)):
            while (await usage(here, "open_streams"))["used"] > 2:
                await asyncio.sleep(0.02)
        async with there.stream("GET", "/api/events") as third:
            assert third.status_code == 200
        for stream in streams[1:]:
            await stream.__aexit__(None, None, None)


async def test_usage_warns_from_eighty_percent_on(api: Api) -> None:
    async with caller(api, await key_of(api, "Near")) as near:
        await limit(api, "Near", batches_per_day=5)
        for state, warnings in (("ok", 0), ("ok", 0), ("ok", 0), ("near", 1), ("reached", 1)):
            assert (await submit(near)).status_code == 201
            answer = (await near.get("/api/organisation/usage")).json()
            assert (await usage(near, "batches_per_day"))["state"] == state
            assert len(answer["warnings"]) == warnings
        assert answer["warnings"] == ["The organisation has reached its limit of 5 batches a day."]


async def test_only_operators_set_limits_and_the_audit_log_says_so(api: Api) -> None:
    async with caller(api, await key_of(api, "Curious")) as curious:
        path = f"/api/organisations/{await organisation_id(api, 'Curious')}/limits"
        for answer in (await curious.get(path), await curious.patch(path, json={"keys": None})):
            assert answer.status_code == 403
        assert (await usage(curious, "webhooks"))["limit"] == 3
        assert (await usage(curious, "open_streams"))["used"] is None
    set_once = await limit(api, "Curious", webhooks=7, keys=None)
    assert set_once["own"] == {"webhooks": 7, "keys": None}
    assert {quota["name"]: quota["limit"] for quota in set_once["quotas"]} == {
        "stored_bytes": None,
        "batches_per_day": None,
        "jobs_in_flight": None,
        "open_streams": None,
        "webhooks": 7,
        "keys": None,
        "users": 1_000,
    }
    assert (await limit(api, "Curious", webhooks="default"))["own"] == {"keys": None}
    details = await query(
        api,
        "select details from audit_log where action = 'limits.updated' and target_name = 'Curious' order by at limit 1",
    )
    assert details == {"changed": {"webhooks": {"from": "default", "to": 7}, "keys": {"from": "default", "to": None}}}
    for wrong in ({"webhooks": -1}, {"webhooks": "many"}, {"webhooks": 2**60}, {"webhooks": 1.5}, {"none": 1}):
        assert (await api.patch(path, json=wrong)).status_code == 422
    missing = "/api/organisations/0197e9a2-6f3c-7c55-9d1e-2a4b6c8d0e1f/limits"
    assert (await api.get(missing)).json()["code"] == "organisation_not_found"


async def test_defaults_of_the_installation_hold_from_the_next_start_on(home: Path, database_url: str) -> None:
    for most in (2, 1):
        async with serving(make_settings(home, database_url, worker="off", quota_webhooks=most)) as api:
            assert (await usage(api, "webhooks"))["limit"] == most


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("stored_bytes=50GB", ("stored_bytes", 50 * 10**9)),
        ("stored-bytes = 2 GiB", ("stored_bytes", 2 * 2**30)),
        ("keys=none", ("keys", None)),
        ("users=Default", ("users", "default")),
        ("batches_per_day=0", ("batches_per_day", 0)),
    ],
)
def test_limit_as_an_operator_writes_it(text: str, limit: tuple[str, int | str | None]) -> None:
    assert read_limit(text) == limit


@pytest.mark.parametrize("text", ["", "keys", "keys=", "keys=-1", "keys=1.5", "teeth=3", "keys=9999999TB", "keys=1X"])
def test_limit_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ServiceRefused):
        read_limit(text)


async def test_command_sets_limits_and_shows_them(home: Path, api: Api, database_url: str) -> None:
    await key_of(api, "Shell")
    settings = make_settings(home, database_url)
    shown = await asyncio.to_thread(limit_organisation, settings, "Shell", ["keys=2", "webhooks=none"])
    assert shown.own == {"keys": 2, "webhooks": None}
    again = await asyncio.to_thread(limit_organisation, settings, "Shell", ["keys=default"])
    assert again.own == {"webhooks": None}
    assert next(quota.used for quota in again.quotas if quota.name == "keys") == 1
    with pytest.raises(ServiceRefused, match="no organisation"):
        await asyncio.to_thread(limit_organisation, settings, "Nobody", [])
    kind = "select actor_kind from audit_log where action = 'limits.updated' and target_name = 'Shell' limit 1"
    assert await query(api, kind) == "command"


async def test_the_operator_sets_the_weight_of_an_organisation(api: Api) -> None:
    weights = api.installation.get(Weights)
    organisation = await organisation_id(api, api.organisation)
    path = f"/api/organisations/{organisation}/limits"
    assert (await api.get(path)).json()["weight"] == 1
    assert (await api.patch(path, json={"weight": 3})).json()["weight"] == 3
    assert (await api.patch(path, json={"keys": 5})).json()["weight"] == 3
    await weights.turn()
    assert (weights.of(UUID(organisation)), weights.of(None)) == (3, 1)
    for weight in (0, 101, None):
        assert (await api.patch(path, json={"weight": weight})).status_code == 422
