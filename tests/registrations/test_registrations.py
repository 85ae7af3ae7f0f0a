"""Registrations on a running platform: the documented example, its retry, its pause."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from app.batches.submission import Notifier
from tests.batch_helpers import follow, stream
from tests.conftest import Api
from tests.registrations.conftest import Platform
from tests.registrations.menus import CONDITIONAL, TWELVE, add_restaurant, dish, menu

BATCHES = "/registration-batches"
PLAIN = [step for step in TWELVE if step not in CONDITIONAL]


async def create(api: Api, restaurant_ids: list[str], **more: Any) -> str:
    """A draft; its id."""
    body = {"restaurant_ids": restaurant_ids, "common_config": {"currency": "NZD"}} | more
    reply = await api.post(BATCHES, json=body)
    assert reply.status_code == 201, reply.text
    assert reply.json() == {"batch_id": reply.json()["batch_id"], "jobs_count": len(restaurant_ids)}
    return str(reply.json()["batch_id"])


async def register(api: Api, restaurant_ids: list[str], **more: Any) -> dict[str, Any]:
    """Start a batch and wait for its end; the batch with its jobs, and its events under `events`."""
    batch_id = await create(api, restaurant_ids, **more)
    started = await api.post(f"{BATCHES}/{batch_id}/start")
    assert set(started.json()) == {"started_at", "first_job_id"}
    events = await follow(api, batch_id)
    return await read(api, batch_id) | {"events": events}


async def read(api: Api, batch_id: str) -> dict[str, Any]:
    batch: dict[str, Any] = (await api.get(f"{BATCHES}/{batch_id}")).json()
    return batch


async def until_paused(api: Api, batch_id: str) -> list[dict[str, Any]]:
    events = []
    async for event in stream(api, batch_id):
        events.append(event)
        if event["type"] == "batch.paused":
            break
    return events


async def hurry(api: Api, batch_id: str) -> None:
    """Let a delayed retry be due now."""
    async with api.installation.database.transaction() as session:
        await session.execute(text("update jobs set run_at = now() where batch_id = :id"), {"id": batch_id})
        await api.installation.get(Notifier).notify(session, batch_id, 1)  # type: ignore[arg-type]


def steps_of(job: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["status"] for step in job["steps"]}


async def test_all_twelve_steps_and_what_the_platform_then_has(api: Api, platform: Platform) -> None:
    full = menu([dish(tags="vegan", imageURL="https://img.example/1.jpg"), dish("Fish", "24.50")], columns=17)
    one = await add_restaurant(api, "Full House", full, attributes={"website": "full.example", "hours": {"mon": "9-5"}})
    options = "optionSetName,optionName,price,menuItems\nSize,Large,3.00,Soup\n"
    assert (await api.put(f"/api/restaurants/{one}/menu", content=options)).json()["kind"] == "option_sets"
    batch = await register(api, [one])
    assert (batch["status"], batch["name"]) == ("completed", "Single: Full House")
    assert list(steps_of(batch["jobs"][0])) == list(TWELVE)
    assert set(steps_of(batch["jobs"][0]).values()) == {"completed"}
    assert platform.steps_of("Full House") == list(TWELVE)
    assert set(platform.faults.per_key()) == {f"{batch['jobs'][0]['id']}:{step}" for step in TWELVE}
    account = platform.accounts.opened[-1]
    assert account.status == "live"
    assert account.parts["menu"] == {"items": 2}
    assert (account.parts["images"], account.parts["item-tags"]) == ({"count": 1}, {"tagged": 1})
    assert account.parts["option-sets"] == {"rows": 1}
    assert account.parts["payments"]["currency"] == "NZD"
    assert account.parts["location"]["hours"] == {"mon": "9-5"}
    restaurant = (await api.get(f"/api/restaurants/{one}")).json()
    assert (restaurant["status"], restaurant["account"]["id"]) == ("live", account.id)
    assert (restaurant["last_batch_id"], restaurant["last_batch_name"]) == (batch["id"], "Single: Full House")


async def test_document_004s_example_and_its_retry(api: Api, platform: Platform) -> None:
    ids = [await add_restaurant(api, name) for name in ("Pizza Palace", "Burger House", "Chicken Shop")]
    platform.fail(kind="error", status=422, step="csv_upload", restaurant="Burger House", times=1)
    batch = await register(api, ids)
    assert batch["name"].startswith("Auckland Outbound Q")
    assert (batch["status"], batch["execution_mode"]) == ("partial", "sequential")
    assert (batch["total"], batch["completed"], batch["failed"]) == (3, 2, 1)
    assert (batch["total_restaurants"], batch["completed_restaurants"], batch["failed_restaurants"]) == (3, 2, 1)
    assert [job["status"] for job in batch["jobs"]] == ["completed", "failed", "completed"]
    failed = batch["jobs"][1]
    assert (failed["restaurant_name"], failed["stage"], failed["error_code"]) == (
        "Burger House",
        "csv_upload",
        "UPSTREAM_4XX",
    )
    assert list(steps_of(failed).values()) == ["completed"] * 3 + ["failed"] + ["skipped"] * 8
    assert platform.steps_of("Burger House") == list(TWELVE[:4])
    assert platform.steps_of("Pizza Palace") == platform.steps_of("Chicken Shop") == PLAIN
    listed = (await api.get(BATCHES, params={"status": "partial", "limit": 1})).json()
    assert listed == [
        {"id": batch["id"], "name": batch["name"], "status": "partial", "total": 3, "completed": 2, "failed": 1}
    ]
    assert (await api.get(f"/api/restaurants/{ids[1]}")).json()["status"] == "failed"

    platform.faults.calls.clear()
    retried = await api.post(f"{BATCHES}/{batch['id']}/retry-failed")
    assert set(retried.json()) == {"new_batch_id"}
    await follow(api, retried.json()["new_batch_id"])
    retry = await read(api, retried.json()["new_batch_id"])
    assert (retry["name"], retry["status"]) == (f"{batch['name']} - Retry", "completed")
    assert [job["restaurant_name"] for job in retry["jobs"]] == ["Burger House"]
    assert [step for _, step, _ in platform.faults.calls] == PLAIN[3:]
    assert (await api.get(f"/api/restaurants/{ids[1]}")).json()["status"] == "live"
    assert len([account for account in platform.accounts.opened if account.name == "Burger House"]) == 1
    untouched = await read(api, batch["id"])
    assert [job["status"] for job in untouched["jobs"]] == ["completed", "failed", "completed"]


async def paused_batch(api: Api, platform: Platform, prefix: str) -> str:
    """Three restaurants of which the first two fail, so that the batch waits for a person."""
    names = [f"{prefix} {number}" for number in (1, 2, 3)]
    ids = [await add_restaurant(api, name) for name in names]
    for name in names[:2]:
        platform.fail(kind="error", status=403, step="location_hours", restaurant=name, times=1)
    batch_id = await create(api, ids)
    await api.post(f"{BATCHES}/{batch_id}/start")
    events = await until_paused(api, batch_id)
    assert [event["type"] for event in events[-2:]] == ["batch.alerted", "batch.paused"]
    batch = await read(api, batch_id)
    assert (batch["status"], batch["pause_reason"]) == ("paused", "failure_threshold")
    assert [job["status"] for job in batch["jobs"]] == ["failed", "failed", "pending"]
    return batch_id


async def test_two_of_three_failing_pause_the_batch_and_resume_goes_on(api: Api, platform: Platform) -> None:
    batch_id = await paused_batch(api, platform, "Resumed")
    assert (await api.post(f"{BATCHES}/{batch_id}/resume")).status_code == 200
    await follow(api, batch_id)
    batch = await read(api, batch_id)
    assert (batch["status"], [job["status"] for job in batch["jobs"]]) == ("partial", ["failed", "failed", "completed"])


async def test_two_of_three_failing_pause_the_batch_and_cancel_ends_it(api: Api, platform: Platform) -> None:
    batch_id = await paused_batch(api, platform, "Cancelled")
    assert set((await api.post(f"{BATCHES}/{batch_id}/cancel")).json()) == {"cancelled_at"}
    await follow(api, batch_id)
    batch = await read(api, batch_id)
    assert (batch["status"], [job["status"] for job in batch["jobs"]]) == (
        "cancelled",
        ["failed", "failed", "cancelled"],
    )
    assert platform.steps_of("Cancelled 3") == []


async def test_two_of_three_failing_pause_the_batch_and_retry_makes_another(api: Api, platform: Platform) -> None:
    batch_id = await paused_batch(api, platform, "Retried")
    platform.faults.calls.clear()
    new_id = (await api.post(f"{BATCHES}/{batch_id}/retry-failed")).json()["new_batch_id"]
    await follow(api, new_id)
    retry = await read(api, new_id)
    assert [(job["restaurant_name"], job["status"]) for job in retry["jobs"]] == [
        ("Retried 1", "completed"),
        ("Retried 2", "completed"),
    ]
    assert platform.steps_of("Retried 1") == PLAIN[2:]
    assert (await read(api, batch_id))["status"] == "paused"
    await api.post(f"{BATCHES}/{batch_id}/cancel")


async def test_a_silent_loss_is_seen_and_tried_again_under_the_same_key(api: Api, platform: Platform) -> None:
    one = await add_restaurant(api, "Silent Loss")
    platform.fail(kind="silent_loss", step="csv_upload", times=1)
    batch_id = await create(api, [one], start=True)
    async for event in stream(api, batch_id):
        if event["type"] == "job.retrying":
            assert event["error_code"] == "EFFECT_NOT_VISIBLE"
            assert "items is nothing, not 1" in event["message"]
            await hurry(api, batch_id)
    assert (await read(api, batch_id))["status"] == "completed"
    keys = platform.keys_of("Silent Loss", "csv_upload")
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def test_faults_that_pass_are_tried_again_and_others_are_not(api: Api, platform: Platform) -> None:
    one = await add_restaurant(api, "Hard Day")
    platform.fail(kind="rate_limit", step="account", times=1, seconds=0)
    platform.fail(kind="error", step="owner_verification", times=1, status=503)
    platform.fail(kind="timeout", step="services", times=1, seconds=5)
    batch_id = await create(api, [one], start=True, common_config={"timeout": 0.3})
    codes = []
    async for event in stream(api, batch_id):
        if event["type"] == "job.retrying":
            codes.append(event["error_code"])
            await hurry(api, batch_id)
    assert codes == ["RATE_LIMIT", "UPSTREAM_5XX", "TIMEOUT"]
    assert (await read(api, batch_id))["status"] == "completed"


async def test_a_restart_adopts_the_account_that_is_there(api: Api, platform: Platform) -> None:
    one = await add_restaurant(api, "Twice Told")
    batch = await register(api, [one])
    new_id = (await api.post(f"{BATCHES}/{batch['id']}/restart")).json()["new_batch_id"]
    await follow(api, new_id)
    assert (await read(api, new_id))["status"] == "completed"
    assert len([account for account in platform.accounts.opened if account.name == "Twice Told"]) == 1


async def test_a_restaurant_without_a_menu_fails_at_the_upload_and_goes_on_from_there(
    api: Api, platform: Platform
) -> None:
    one = (await api.post("/api/restaurants", json={"name": "No Menu"})).json()["id"]
    batch = await register(api, [one], failure_policy={"action": "continue"})
    job = batch["jobs"][0]
    assert (batch["status"], job["stage"], job["error_code"]) == ("failed", "csv_upload", "MENU_MISSING")
    await api.put(f"/api/restaurants/{one}/menu", content=menu())
    new_id = (await api.post(f"{BATCHES}/{batch['id']}/retry-failed")).json()["new_batch_id"]
    await follow(api, new_id)
    assert (await read(api, new_id))["status"] == "completed"
    assert platform.steps_of("No Menu") == PLAIN


async def test_a_type_of_restaurant_goes_through_a_third_partys_steps(api: Api, platform: Platform) -> None:
    ids = [
        await add_restaurant(api, "Chain One", type="Franchise", attributes={"loyalty": "stamps"}),
        await add_restaurant(api, "Corner Shop"),
    ]
    batch = await register(api, ids, common_config={"pipeline_by_type": {"franchise": "franchise-registration"}})
    assert batch["status"] == "completed"
    chain, corner = batch["jobs"]
    assert (chain["pipeline"], corner["pipeline"]) == ("franchise-registration", "restaurant-registration")
    assert [step["name"] for step in chain["steps"]][-3:] == ["test_order", "loyalty_programme", "go_live"]
    assert len(corner["steps"]) == 12
    detail = (await api.get(f"/api/jobs/{chain['id']}")).json()["job"]
    assert detail["steps"][11]["output"]["programme"] == "stamps"
    assert [one["status"] for one in (await api.get("/api/restaurants?search=Chain")).json()["restaurants"]] == ["live"]
