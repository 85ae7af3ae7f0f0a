"""Running plays: data batches in order, each fetched once while it is fresh, then the play's own steps."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from tests.batch_helpers import follow, get_batch
from tests.conftest import Api
from tests.plays.providers import Providers
from tests.plays.test_mappings import make_play

STEPS = [
    "{{greeting}} {{data.hubspot.firstname}}",
    {"name": "Close it", "subject": "About {{ data.linkedin_profile.headline }}", "first": "{{steps.step_1}}"},
]


async def run_play(api: Api, play_id: int, leads: list[Any], **more: Any) -> dict[str, Any]:
    reply = await api.post(f"/api/plays/{play_id}/runs", json={"leads": leads, **more})
    assert reply.status_code == 201, reply.text
    await follow(api, reply.json()["batch_id"])
    return await get_batch(api, reply.json()["batch_id"])


async def readiness(api: Api, play_id: int, lead: str) -> dict[str, Any]:
    reply = await api.get(f"/api/plays/{play_id}/readiness", params={"lead": lead})
    assert reply.status_code == 200
    return dict(reply.json())


async def make_old(api: Api, lead: str) -> None:
    connection = await asyncpg.connect(api.installation.database.dsn)
    await connection.execute("update lead_data set fetched_at = now() - interval '31 days' where lead = $1", lead)
    await connection.close()


async def test_job_has_the_data_batches_in_order_and_then_the_steps(api: Api, providers: Providers) -> None:
    play_id = await make_play(api, play_steps=STEPS, variables={"greeting": "Hi"}, required_batches=[3, 1])
    batch = await run_play(api, play_id, ["ada@example.org", {"email": "Bob@example.org", "name": "Bob"}])
    assert (batch["status"], batch["name"], batch["pipeline"]["key"]) == ("completed", "Email Outreach Play", "play")
    first = batch["jobs"][0]
    assert [step["name"] for step in first["steps"]] == ["linkedin_profile", "hubspot", "step_1", "close_it"]
    assert first["filename"] == "ada@example.org"
    assert first["result"]["output"] == {
        "name": "Close it",
        "subject": "About linkedin_profile of ada@example.org",
        "first": "Hi Ada",
    }
    assert batch["jobs"][1]["filename"] == "bob@example.org"


async def test_data_is_fetched_once_while_it_is_fresh(api: Api, providers: Providers) -> None:
    play_id = await make_play(api, required_batches=[1, 2])
    lead = "once@example.org"
    assert await readiness(api, play_id, lead) | {"required": []} == {
        "play_id": play_id,
        "lead": lead,
        "ready": False,
        "required": [],
    }
    batch = await run_play(api, play_id, [lead] * 12)
    assert batch["counters"]["completed"] == 12
    assert (providers.calls["linkedin_profile", lead], providers.calls["company_enrichment", lead]) == (1, 1)
    ready = await readiness(api, play_id, lead.upper())
    assert ready["ready"]
    assert [(row["number"], row["fresh"]) for row in ready["required"]] == [(1, True), (2, True)]
    await make_old(api, lead)
    stale = await readiness(api, play_id, lead)
    assert (stale["ready"], [row["present"] for row in stale["required"]]) == (False, [True, True])
    await run_play(api, play_id, [lead])
    assert providers.calls["linkedin_profile", lead] == 2


async def test_provider_that_is_busy_is_asked_again(api: Api, providers: Providers) -> None:
    play_id = await make_play(api, required_batches=[3])
    providers.answers[:] = [429, 503]
    batch = await run_play(api, play_id, ["busy@example.org"])
    assert batch["status"] == "completed"
    assert providers.calls["hubspot", "busy@example.org"] == 3
    assert batch["jobs"][0]["result"]["data"]["firstname"] == "Ada"


async def test_lead_that_nobody_knows(api: Api, providers: Providers) -> None:
    play_id = await make_play(api, required_batches=[2, 3], output_type="data", play_steps=["{{lead.email}}"])
    batch = await run_play(api, play_id, ["nobody@example.org"])
    assert batch["jobs"][0]["result"] == {
        "output": "nobody@example.org",
        "data": {"company_enrichment": {"found": False}, "hubspot": {"found": False}},
    }
    missing = await make_play(api, required_batches=[3], play_steps=["{{data.hubspot.firstname}}"])
    failed = (await run_play(api, missing, ["nobody@example.org"]))["jobs"][0]
    assert (failed["status"], failed["error_code"]) == ("failed", "VALUE_MISSING")
    assert "data.hubspot.firstname" in failed["error_message"]


async def test_client_brings_the_data_itself(api: Api, providers: Providers) -> None:
    play_id = await make_play(api, required_batches=[4], play_steps=["{{data.linkedin_posts.0.text}}"])
    body = {"lead": "own@example.org", "batch_number": 4, "data": [{"text": "hello"}]}
    assert (await api.put("/api/lead-data", json=body)).json()["fresh"]
    assert (await readiness(api, play_id, "own@example.org"))["ready"]
    batch = await run_play(api, play_id, ["own@example.org"])
    assert batch["jobs"][0]["result"]["output"] == "hello"
    assert providers.calls["linkedin_posts", "own@example.org"] == 0


async def test_step_that_calls_a_service(api: Api, providers: Providers) -> None:
    request = {"url": f"{providers.url}/echo", "body": {"to": "{{lead.email}}", "n": 1}}
    play_id = await make_play(api, play_steps=[{"name": "send", "request": request}], output_type="all")
    batch = await run_play(api, play_id, ["call@example.org"])
    job = batch["jobs"][0]
    assert job["result"]["steps"] == {"send": {"received": {"to": "call@example.org", "n": 1}}}
    assert providers.bodies[-1]["key"] == f"{job['id']}:send"


async def test_change_of_a_play_leaves_its_runs_alone(api: Api) -> None:
    play_id = await make_play(api, play_steps=["before"])
    reply = await api.post(f"/api/plays/{play_id}/runs", json={"leads": ["a@example.org"], "start": False})
    await api.patch(f"/api/plays/{play_id}", json={"play_steps": ["after", "more"]})
    batch_id = reply.json()["batch_id"]
    await api.post(f"/api/batches/{batch_id}/start")
    await follow(api, batch_id)
    assert (await get_batch(api, batch_id))["jobs"][0]["result"] == {"output": "before"}


@pytest.mark.parametrize(
    ("play", "run", "code"),
    [
        ({}, {"leads": ["a@b.c"]}, "play_not_runnable"),
        ({"play_steps": ["{{who}}"]}, {"leads": ["a@b.c"]}, "play_not_runnable"),
        ({"play_steps": ["x"]}, {"leads": []}, "validation_failed"),
        ({"play_steps": ["x"]}, {"leads": [{"name": "no identity"}]}, "validation_failed"),
        ({"play_steps": ["x"]}, {"leads": ["a@b.c"], "strange": 1}, "validation_failed"),
    ],
)
async def test_run_that_cannot_be(api: Api, play: dict[str, Any], run: dict[str, Any], code: str) -> None:
    play_id = await make_play(api, **play)
    reply = await api.post(f"/api/plays/{play_id}/runs", json=run)
    assert (reply.status_code, reply.json()["code"]) == (422, code)


async def test_same_key_makes_one_play_and_one_run(api: Api) -> None:
    headers = {"Idempotency-Key": "the-same-play"}
    plays = [await api.post("/api/plays/", json={"name": "Once", "play_steps": ["x"]}, headers=headers) for _ in "ab"]
    assert plays[0].json() == plays[1].json()
    path = f"/api/plays/{plays[0].json()['id']}/runs"
    headers = {"Idempotency-Key": "the-same-run"}
    runs = [await api.post(path, json={"leads": ["a@b.c"]}, headers=headers) for _ in "ab"]
    assert runs[0].json() == runs[1].json()
