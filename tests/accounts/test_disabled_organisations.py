"""A disabled organisation: nobody gets in, nothing starts, and everything goes on when it is enabled again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from app.notifications import claim_repository
from tests.accounts.test_people import told
from tests.auth.people import caller, cookie_of, key_of
from tests.automation.test_schedules import make_due, make_schedule, runs_of
from tests.batch_helpers import follow, get_batch, submit
from tests.conftest import Api
from tests.patience import within

pytestmark = pytest.mark.own_service


async def set_disabled(api: Api, organisation_id: str, disabled: bool) -> dict[str, Any]:
    answer = await api.patch(f"/api/organisations/{organisation_id}", json={"disabled": disabled})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def organisation_of(client: httpx.AsyncClient) -> str:
    return str((await client.get("/api/session")).json()["organisation"]["id"])


async def actions_of(api: Api, organisation_id: str) -> list[str]:
    connection = await asyncpg.connect(api.installation.database.dsn)
    query = "select action from audit_log where organisation_id = $1 and action like 'organisation.%' order by id"
    found = [row["action"] for row in await connection.fetch(query, organisation_id)]
    await connection.close()
    return found


async def test_people_keys_streams_and_codes_end_and_only_sessions_for_good(api: Api) -> None:
    key = await key_of(api, "Suspended")
    async with caller(api, key) as client, caller(api) as stranger:
        organisation = await organisation_of(client)
        cookie = cookie_of(await stranger.post("/api/session", json={"key": key}))
        done = await submit(client, "no-op", [{}], result_codes=True)
        await follow(client, done)
        code = (await client.post(f"/api/batches/{done}/result-codes", json={})).json()["code"]
        assert (await stranger.get(f"/api/results/{code}")).status_code == 200
        invited = (await client.post("/api/invitations", json={"name": "Late"})).json()["code"]
        draft = await submit(client, "no-op", [{}], start=False)

        async def listen() -> str:
            async with client.stream("GET", f"/api/batches/{draft}/events") as stream:
                assert stream.status_code == 200
                connected.set()
                return "".join([piece async for piece in stream.aiter_text()])

        connected = asyncio.Event()
        listening = asyncio.create_task(listen())
        async with within(20):
            await connected.wait()
            assert (await set_disabled(api, organisation, True))["disabled_at"]
            await listening
        for answer in (await client.get("/api/batches"), await stranger.post("/api/session", json={"key": key})):
            assert told(answer) == (401, "organisation_disabled")
        async with caller(api, cookie=cookie) as browser:
            assert told(await browser.get("/api/batches")) == (401, "not_signed_in")
        assert told(await stranger.get(f"/api/results/{code}")) == (404, "result_not_found")
        refused = await stranger.post("/api/invitations/accept", json={"code": invited})
        assert told(refused) == (404, "invitation_not_found")
        wrong = await stranger.get("/api/batches", headers={"Authorization": f"Bearer {key}x"})
        assert told(wrong) == (401, "invalid_key")
        figures = (await api.get(f"/api/organisations/{organisation}")).json()
        assert figures["disabled_at"]
        assert (await set_disabled(api, organisation, False))["disabled_at"] is None
        assert (await client.get("/api/batches")).status_code == 200
        assert (await stranger.get(f"/api/results/{code}")).status_code == 200
        async with caller(api, cookie=cookie) as browser:
            assert told(await browser.get("/api/batches")) == (401, "not_signed_in")
        assert (await stranger.post("/api/invitations/accept", json={"code": invited})).status_code == 200
    assert await actions_of(api, organisation) == ["organisation.disabled", "organisation.enabled"]


async def test_running_jobs_stop_after_their_step_and_all_go_on_later(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with caller(api, await key_of(api, "Worker")) as client:
        organisation = await organisation_of(client)
        options = {"params": {"gate": str(gate)}, "max_parallel": 2}
        running = await submit(client, "slow", [{} for _ in range(4)], **options)
        async with within(30):
            while (await get_batch(client, running))["counters"]["running"] < 2:
                await asyncio.sleep(0.02)
        queued = await submit(client, "no-op", [{}], start=False)
        await set_disabled(api, organisation, True)
        connection = await asyncpg.connect(api.installation.database.dsn)
        # A batch of theirs is ready to go: whoever asks for work finds nothing of it.
        await connection.execute("update batches set status = 'pending' where id = $1", queued)
        gate.touch()
        async with within(30):
            while await connection.fetchval("select running_jobs from batches where id = $1", running):
                await asyncio.sleep(0.02)
        jobs = "select distinct status, stage from jobs where batch_id = $1 order by 2"
        assert [tuple(row) for row in await connection.fetch(jobs, running)] == [
            ("pending", "queued"),
            ("pending", "wait_again"),
        ]
        # What others submit meanwhile is worked on: the disabled organisation's jobs had their chance to start.
        await follow(api, await submit(api, "slow", [{}], params={"seconds": 0.5}))
        states = "select distinct status from jobs where batch_id = any($1::uuid[])"
        assert [row["status"] for row in await connection.fetch(states, [running, queued])] == ["pending"]
        await set_disabled(api, organisation, False)
        for batch_id in (running, queued):
            # As if the batch had rested for long: whoever changed it lately is expected to start it.
            await connection.execute(
                "update batches set updated_at = now() - interval '1 hour' where id = $1", batch_id
            )
            assert (await follow(client, batch_id))[-1]["type"] == "batch.completed"
        await connection.close()


async def test_schedules_do_not_fire_and_webhooks_wait(api: Api) -> None:
    async with caller(api, await key_of(api, "Punctual")) as client:
        organisation = await organisation_of(client)
        schedule = await make_schedule(client)  # type: ignore[arg-type]
        hook = await client.post("/api/webhooks", json={"url": "http://93.184.216.34/hook"})
        assert hook.status_code == 201, hook.text
        await set_disabled(api, organisation, True)
        await make_due(api, schedule)
        others = await make_schedule(api)
        await make_due(api, others)
        await runs_of(api, others, 1)  # a later time that was looked for: theirs would have been found as well
        connection = await asyncpg.connect(api.installation.database.dsn)
        assert (
            await connection.fetchval("select count(*) from schedule_runs where schedule_id = $1", schedule["id"]) == 0
        )
        keys = [row[0] for row in await connection.fetch("select distinct key_id from webhook_secrets")]
        await connection.execute(
            """insert into webhook_deliveries (id, endpoint_id, event_type, body, next_attempt_at)
               select gen_random_uuid(), $1, 'webhook.test', '{}', now() - interval '1 minute'""",
            hook.json()["id"],
        )
        async with api.installation.database.transaction() as session:
            owed = await claim_repository.list_owed_deliveries(session, keys)
        assert organisation not in [str(one) for one in owed]
        await connection.execute("update webhook_endpoints set enabled = false where id = $1", hook.json()["id"])
        await connection.close()
        await set_disabled(api, organisation, False)
        assert [run["status"] for run in await runs_of(client, schedule, 1)] == ["started"]  # type: ignore[arg-type]


async def test_the_organisation_of_the_last_operators_stays(api: Api) -> None:
    own = await organisation_of(api)
    assert told(await api.patch(f"/api/organisations/{own}", json={"disabled": True})) == (409, "last_operator")
    assert (await api.get("/api/batches")).status_code == 200
    other = (await api.post("/api/organisations", json={"name": api.organisation_named("Second")})).json()["id"]
    assert (await set_disabled(api, other, True))["disabled_at"]
    again = await set_disabled(api, other, True)
    assert again["disabled_at"]
    assert await actions_of(api, other) == ["organisation.created", "organisation.disabled"]
    for body in ({"disabled": "perhaps"}, {"disabled_at": None}):
        answer = await api.patch(f"/api/organisations/{other}", json=body)
        assert told(answer) == (422, "validation_failed")
