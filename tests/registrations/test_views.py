"""The views of registration batches, with rows as a client makes them."""

from __future__ import annotations

from uuid import UUID

from tests.batch_helpers import submit
from tests.batch_views import view
from tests.conftest import Api
from tests.registrations.conftest import Platform
from tests.registrations.menus import TWELVE, add_restaurant
from tests.registrations.test_registrations import create, read, register

REGISTRATION_BATCH_JOBS = """id name organisation_id execution_mode status total_restaurants completed_restaurants
failed_restaurants settings created_by created_at updated_at started_at completed_at cancelled_at""".split()
OF_BATCH = "batch_job_id = :id order by "


async def test_a_batch_its_jobs_and_their_steps(api: Api, platform: Platform) -> None:
    names = ["Views Pizza", "Views Burger"]
    ids = [await add_restaurant(api, name) for name in names]
    platform.fail(kind="error", status=422, step="website", restaurant="Views Burger", times=1)
    batch = await register(api, ids, name="Auckland Views")
    (row,) = await view(api, "registration_batch_jobs", "id = :id", id=batch["id"])
    assert list(row) == REGISTRATION_BATCH_JOBS
    counts = [row[f"{word}_restaurants"] for word in ("total", "completed", "failed")]
    assert (row["name"], row["execution_mode"], row["status"], counts) == (
        *("Auckland Views", "sequential", "completed"),
        [2, 1, 1],
    )
    assert (row["settings"]["currency"], row["cancelled_at"]) == ("NZD", None)

    jobs = await view(api, "registration_jobs", OF_BATCH + "sequence", id=batch["id"])
    assert [(job["name"], job["status"], job["restaurant_id"]) for job in jobs] == [
        (names[0], "completed", UUID(ids[0])),
        (names[1], "failed", UUID(ids[1])),
    ]
    assert {job["organisation_id"] for job in jobs} == {row["organisation_id"]}
    steps = await view(api, "registration_job_steps", OF_BATCH + "registration_job_id, step_number", id=batch["id"])
    assert len({step["id"] for step in steps}) == len(steps) == 24
    second = [step for step in steps if step["registration_job_id"] == jobs[1]["id"]]
    assert [(step["step_number"], step["step_name"]) for step in second] == list(enumerate(TWELVE, 1))
    known = {step["name"]: step["status"] for step in batch["jobs"][1]["steps"]}
    assert {step["step_name"]: step["status"] for step in second} == known
    failed = next(step for step in second if step["status"] == "failed")
    assert (failed["step_name"], failed["error_code"]) == ("website", jobs[1]["error_code"])
    logged = await view(api, "batch_operation_logs", "batch_job_id = :id", id=batch["id"])
    assert {entry["registration_job_id"] for entry in logged} == {None, *(job["id"] for job in jobs)}


async def test_words_before_the_end_and_what_is_no_registration(api: Api) -> None:
    draft = await create(api, [await add_restaurant(api, "Views Draft")])
    (row,) = await view(api, "registration_batch_jobs", "id = :id", id=draft)
    assert (row["status"], row["total_restaurants"], row["started_at"]) == ("draft", 1, None)
    (job,) = await view(api, "registration_jobs", OF_BATCH + "sequence", id=draft)
    assert (job["status"], str(job["id"])) == ("pending", (await read(api, draft))["jobs"][0]["id"])
    steps = await view(api, "registration_job_steps", OF_BATCH + "step_number", id=draft)
    assert [step["status"] for step in steps] == ["pending"] * 12
    other = await submit(
        api, "play", [{"restaurant_id": "none of ours"}], params={"play_id": 1, "required_batches": [1]}, start=False
    )
    assert await view(api, "registration_batch_jobs", "id = :id", id=other) == []
    assert await view(api, "registration_jobs", OF_BATCH + "sequence", id=other) == []
    odd = await submit(api, "restaurant-registration", [{"restaurant_id": "none of ours"}], start=False)
    (job,) = await view(api, "registration_jobs", OF_BATCH + "sequence", id=odd)
    assert job["restaurant_id"] is None
