"""Each quota at 79, 80 and 100 %: who is told, who is refused, and that what ends makes room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from app.automation.scheduler import Scheduler
from app.automation.service import TemplateRunner
from tests.auth.people import caller, key_of
from tests.conftest import Api
from tests.files.bodies import FORM, form, part, query
from tests.limits.test_quotas import limit, organisation_id, put, submit, usage

pytestmark = pytest.mark.own_service
MOST = 20
NEAR = 16


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    return {"worker": "off"}


Made = Any
"""What was made, by which it is removed again."""


async def make_batch(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await submit(client)


async def end_batch(client: httpx.AsyncClient, made: httpx.Response) -> None:
    answer = await client.post(f"/api/batches/{made.json()['batch_id']}/cancel")
    assert answer.status_code in (200, 202), answer.text


async def make_key(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await client.post("/api/keys", json={"name": f"{number}"})


async def end_key(client: httpx.AsyncClient, made: httpx.Response) -> None:
    assert (await client.delete(f"/api/keys/{made.json()['id']}")).status_code == 204


async def make_webhook(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await client.post("/api/webhooks", json={"url": "http://93.184.216.34/", "enabled": False})


async def end_webhook(client: httpx.AsyncClient, made: httpx.Response) -> None:
    assert (await client.delete(f"/api/webhooks/{made.json()['id']}")).status_code == 204


async def make_file(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await put(client, number.to_bytes(2, "big") * 500)


async def make_stream(client: httpx.AsyncClient, number: int) -> httpx.Response:
    answer = await client.send(client.build_request("GET", "/api/events"), stream=True)
    if answer.status_code >= 400:
        await answer.aread()
    return answer


async def end_stream(client: httpx.AsyncClient, made: httpx.Response) -> None:
    await made.aclose()
    async with asyncio.timeout(30):
        while (await usage(client, "open_streams"))["used"] >= MOST:
            await asyncio.sleep(0.02)


async def make_user(client: httpx.AsyncClient, number: int) -> httpx.Response:
    return await client.post("/api/users", json={"name": f"user {number}", "role": "viewer"})


Make = Callable[[httpx.AsyncClient, int], Awaitable[httpx.Response]]
End = Callable[[httpx.AsyncClient, httpx.Response], Awaitable[None]]
EACH: list[tuple[str, int, int, Make, End | None, int]] = [
    ("batches_per_day", 0, 1, make_batch, None, 429),
    ("jobs_in_flight", 0, 1, make_batch, end_batch, 429),
    ("keys", 1, 1, make_key, end_key, 429),
    ("webhooks", 0, 1, make_webhook, end_webhook, 429),
    ("users", 1, 1, make_user, None, 429),
    ("open_streams", 0, 1, make_stream, end_stream, 429),
    ("stored_bytes", 0, 1_000, make_file, None, 507),
]


@pytest.fixture
async def opened() -> AsyncIterator[list[httpx.Response]]:
    made: list[httpx.Response] = []
    yield made
    for answer in made:
        await answer.aclose()


@pytest.mark.parametrize(("quota", "there", "unit", "make", "end", "refused"), EACH, ids=[each[0] for each in EACH])
async def test_each_quota_at_its_edges(
    api: Api,
    opened: list[httpx.Response],
    quota: str,
    there: int,
    unit: int,
    make: Make,
    end: End | None,
    refused: int,
) -> None:
    name = f"Edge of {quota}"
    async with caller(api, await key_of(api, name)) as client:
        await limit(api, name, **{quota: MOST * unit})

        async def one(number: int) -> httpx.Response:
            answer = await make(client, number)
            opened.append(answer)
            return answer

        for number in range(there, MOST - 1):
            answer = await one(number)
            assert answer.status_code in (200, 201), answer.text
            used = number + 1
            assert (await usage(client, quota))["state"] == ("near" if used >= NEAR else "ok")
            # Only the one that crosses tells of it.
            told = f'"{quota}";used={NEAR * unit};limit={MOST * unit}' if used == NEAR else None
            assert answer.headers.get("Quota-Warning") == told
        # Two at once where there is room for one: never more than the limit.
        both = await asyncio.gather(one(MOST), one(MOST + 1))
        assert sorted(answer.status_code in (200, 201) for answer in both) == [False, True]
        assert (await usage(client, quota))["used"] == MOST * unit
        answer = await one(MOST + 2)
        assert (answer.status_code, answer.json()["quota"], answer.json()["used"]) == (refused, quota, MOST * unit)
        assert "Quota-Warning" not in answer.headers
        if end:
            first = opened[0]
            await end(client, first)
            assert (await one(MOST + 3)).status_code in (200, 201)
    entries = [
        one
        for one in (await api.get("/api/audit", params={"action": "quota.neared", "limit": 1000})).json()["entries"]
        if one["organisation_id"] == await organisation_id(api, name)
    ]
    assert [(one["target_id"], one["details"]) for one in entries] == [
        (quota, {"used": NEAR * unit, "limit": MOST * unit})
    ]


async def test_coming_near_again_is_told_in_the_answer_and_mailed_once_a_day(api: Api) -> None:
    async with caller(api, await key_of(api, "Swaying")) as swaying:
        await limit(api, "Swaying", jobs_in_flight=5)
        waiting = [await submit(swaying) for _ in range(3)]
        for _ in range(3):
            crossing = await submit(swaying)
            assert crossing.headers["Quota-Warning"] == '"jobs_in_flight";used=4;limit=5'
            assert crossing.json()["warnings"] == ["The organisation has 4 of at most 5 jobs that wait or run."]
            await end_batch(swaying, crossing)
        owed = "select count(*) from quota_warnings where organisation_id = :id"
        assert await query(api, owed, id=await organisation_id(api, "Swaying")) == 1
        assert waiting[0].json()["warnings"] == []
        entries = (await swaying.get("/api/audit", params={"action": "quota.neared"})).json()["entries"]
        assert len(entries) == 1


async def test_a_full_organisation_is_refused_before_anything_is_spooled(api: Api) -> None:
    async with caller(api, await key_of(api, "Brimful")) as brimful:
        await limit(api, "Brimful", stored_bytes=10_000)
        storage = api.installation.settings.home / "files"
        before = {path for path in storage.rglob("*") if path.is_file()}

        async def body(size: int) -> AsyncIterator[bytes]:
            for _ in range(size // 65_536):
                yield bytes(65_536)

        # By its length: refused from the headers, the body is not waited for.
        declared = {"Content-Length": str(500 * 65_536)}
        answer = await brimful.put("/api/files/a.bin", content=body(500 * 65_536), headers=declared)
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_quota_exceeded")
        # Without one: by what has come.
        answer = await brimful.put("/api/files/a.bin", content=body(500 * 65_536))
        assert (answer.status_code, answer.json()["used"]) == (507, 0)
        assert {path for path in storage.rglob("*") if path.is_file()} == before
        pieces = [part("pipeline", "no-op"), *(part("files", bytes([n]) * 4_000, f"{n}.bin") for n in range(3))]
        answer = await brimful.post("/api/jobs/batch", content=form(*pieces), headers=FORM)
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_quota_exceeded")
        # What brings no file is none of it, and neither is an import that is not stored.
        await put(brimful, b"x" * 10_000)
        assert (await usage(brimful, "stored_bytes"))["state"] == "reached"
        urls = form(part("pipeline", "slow"), part("urls", "http://93.184.216.34/a.pdf"))
        answer = await brimful.post("/api/jobs/batch", content=urls, headers=FORM)
        assert answer.status_code != 507
        assert (await submit(brimful)).status_code == 201


async def test_a_schedule_of_a_full_organisation_says_so_and_runs_when_there_is_room(api: Api) -> None:
    async with caller(api, await key_of(api, "Timed")) as timed:
        source = {"type": "items", "items": [{"record": {}}]}
        made = {"name": "hourly", "options": {"pipeline": "no-op"}, "source": source}
        template = (await timed.post("/api/templates", json=made)).json()["id"]
        wanted = {"template_id": template, "cron": "0 * * * *"}
        schedule = (await timed.post("/api/schedules", json=wanted)).json()["id"]
        await limit(api, "Timed", batches_per_day=0)
        scheduler = Scheduler(api.installation.database, api.installation.get(TemplateRunner))
        due = "update schedules set next_run_at = now() - interval '1 second' where id = :id returning 1"

        async def fire() -> dict[str, Any]:
            await query(api, due, id=schedule)
            await scheduler.tick()
            return dict((await timed.get(f"/api/schedules/{schedule}/runs")).json()["runs"][0])

        refused = await fire()
        assert (refused["status"], refused["reason"].partition(":")[0]) == ("failed", "quota_exceeded")
        await limit(api, "Timed", batches_per_day=5)
        assert (await fire())["status"] == "started"
