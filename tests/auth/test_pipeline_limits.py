"""Keys that are limited to pipelines: they make, change and see batches of these and of no others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, insert

from app.assets.models import HandOver
from tests.auth.people import caller, key_of
from tests.batch_helpers import follow, submit
from tests.conftest import Api
from tests.events.test_list_stream import listening, until
from tests.files.bodies import FORM, form, part

REFUSED = (403, "pipeline_not_permitted")
MISSING = (404, "batch_not_found")


@pytest.fixture(scope="module")
async def limited(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A key of the administrator's that is limited to `no-op`."""
    async with caller(api, await key_of(api, "Default", user="admin", pipelines=["no-op"])) as client:
        yield client


@pytest.fixture(scope="module")
async def batches(api: Api, limited: httpx.AsyncClient) -> dict[str, str]:
    """A batch that the key opens, one of another pipeline, and one that has both."""
    both = {"pipelines": ["no-op", "slow"], "params": {"slow": {"seconds": 0}}}
    made = {"own": await submit(limited, "no-op", [{}], name="own")}
    made["other"] = await submit(api, "slow", [{}], name="other", params={"seconds": 0})
    answer = await api.post("/api/batches", json={"name": "both", "items": [{"record": {}}], **both})
    made["both"] = answer.json()["batch_id"]
    for batch_id in made.values():
        await follow(api, batch_id)
    return made


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


async def test_nothing_is_made_for_another_pipeline(api: Api, limited: httpx.AsyncClient) -> None:
    record: dict[str, Any] = {"record": {}}
    draft = {"pipeline": "slow", "start": False, "items": [record]}
    several = {"pipelines": ["no-op", "slow"], "items": [record]}
    bodies = ({"pipeline": "slow", "items": [record]}, draft, several)
    for body in bodies:
        assert told(await limited.post("/api/batches", json=body)) == REFUSED
    sent = form(part("pipeline", "checksum"), part("files", b"x", "x.txt"))
    for path in ("/api/jobs/batch", "/api/jobs"):
        assert told(await limited.post(path, content=sent, headers=FORM)) == REFUSED
    assert told(await limited.post("/api/jobs", json={"pipeline": "slow", **record})) == REFUSED
    template = {"name": "of another", "options": {"pipeline": "slow"}}
    assert told(await limited.post("/api/templates", json=template)) == REFUSED
    for path in ("/api/restaurants", "/api/plays/", "/api/registration-batches", "/api/batch-reports"):
        assert told(await limited.post(path, json={})) == REFUSED
    assert (await api.get("/api/batches", params={"pipeline": "slow", "search": "of another"})).json()["batches"] == []


async def test_batches_of_other_pipelines_are_not_there(limited: httpx.AsyncClient, batches: dict[str, str]) -> None:
    for name in ("other", "both"):
        for path in (
            "",
            "/jobs",
            "/failures",
            "/audit",
            "/waiting",
            "/export",
            "/download",
            "/events",
            "/result-codes",
        ):
            answer = await limited.get(f"/api/batches/{batches[name]}{path}", headers={"Accept": "application/json"})
            assert told(answer) == MISSING, path
        for command in ("start", "pause", "cancel", "restart", "retry-failed", "archive", "stream-tickets"):
            assert told(await limited.post(f"/api/batches/{batches[name]}/{command}")) == MISSING, command
        assert told(await limited.delete(f"/api/batches/{batches[name]}")) == MISSING
    assert (await limited.get(f"/api/batches/{batches['own']}")).status_code == 200
    assert (await limited.post(f"/api/batches/{batches['own']}/restart")).status_code == 202


async def test_jobs_and_codes_of_other_pipelines_are_not_there(
    api: Api, limited: httpx.AsyncClient, batches: dict[str, str]
) -> None:
    for name in ("other", "both"):
        job = (await api.get(f"/api/batches/{batches[name]}/jobs")).json()["jobs"][0]["id"]
        for path in ("", "/result-codes", "/outputs/result.json"):
            assert told(await limited.get(f"/api/jobs/{job}{path}")) == (404, "job_not_found"), path
        code = (await api.post(f"/api/batches/{batches[name]}/result-codes")).json()["id"]
        assert told(await limited.get(f"/api/result-codes/{code}")) == MISSING
        assert told(await limited.delete(f"/api/result-codes/{code}")) == MISSING


@pytest.mark.parametrize("sort", ["-created_at", "name", "status"])
async def test_lists_counts_and_searches_leave_them_out(
    api: Api, limited: httpx.AsyncClient, batches: dict[str, str], sort: str
) -> None:
    for asked in ({}, {"search": "o"}, {"status": "completed"}, {"pipeline": "slow"}, {"pipeline": "no-op"}):
        mine = (await limited.get("/api/batches", params={**asked, "sort": sort})).json()["batches"]
        every = (await api.get("/api/batches", params={**asked, "sort": sort})).json()["batches"]
        assert [one["id"] for one in mine] == [one["id"] for one in every if one["pipelines"] == ["no-op"]]
    counts = (await limited.get("/api/batches/counts")).json()["by_status"]
    assert sum(counts.values()) == len((await limited.get("/api/batches")).json()["batches"])
    groups = (await limited.get("/api/jobs", params={"sort": sort})).json()["batches"]
    assert {tuple(group["batch_metadata"]["pipelines"]) for group in groups} == {("no-op",)}


async def test_the_stream_of_the_list_leaves_them_out(api: Api, limited: httpx.AsyncClient) -> None:
    async with listening(limited) as events:
        async with listening(api) as all_events:
            other = await submit(api, "slow", [{}], params={"seconds": 0})
            await until(all_events, other, status="completed")
        own = await submit(api, "no-op", [{}])
        seen = set()
        async for event in events:
            seen.add(event["batch"]["id"])
            if event["batch"]["id"] == own and event["batch"]["status"] == "completed":
                break
    assert own in seen
    assert other not in seen


async def test_templates_and_schedules_of_other_pipelines_are_not_there(api: Api, limited: httpx.AsyncClient) -> None:
    hidden, shown = [
        (await api.post("/api/templates", json={"name": f"all of {key}", "options": {"pipeline": key}})).json()["id"]
        for key in ("slow", "no-op")
    ]
    timed = {"template_id": hidden, "cron": "0 9 * * *"}
    schedule = (await api.post("/api/schedules", json=timed)).json()["id"]
    assert told(await limited.get(f"/api/templates/{hidden}")) == (404, "template_not_found")
    assert told(await limited.post(f"/api/templates/{hidden}/run")) == (404, "template_not_found")
    assert told(await limited.post("/api/schedules", json=timed)) == (404, "template_not_found")
    assert told(await limited.post(f"/api/schedules/{schedule}/run")) == (404, "schedule_not_found")
    assert [one["id"] for one in (await limited.get("/api/templates")).json()["templates"]] == [shown]
    assert (await limited.get("/api/schedules")).json()["schedules"] == []
    other = {"options": {"pipeline": "slow"}, "source": {"type": "items", "items": [{"record": {}}]}}
    assert told(await limited.post(f"/api/templates/{shown}/run", json=other)) == REFUSED
    tagged = {"source": {"type": "files", "tag": "anything"}}
    assert told(await limited.post(f"/api/templates/{shown}/run", json=tagged)) == REFUSED
    assert told(await limited.patch(f"/api/templates/{shown}", json={"options": {"pipeline": "slow"}})) == REFUSED
    run = {"source": {"type": "items", "items": [{"record": {}}]}}
    assert (await limited.post(f"/api/templates/{shown}/run", json=run)).status_code == 201


async def test_no_hand_over_follows_without_its_pipeline(api: Api, limited: httpx.AsyncClient) -> None:
    """`auto_upload_enabled` makes a batch of `hand-over` follow, also where somebody else asked for it."""
    wanted = {"auto_upload_enabled": True}
    record: dict[str, Any] = {"record": {}}
    for options in (wanted, {"monday_sync_enabled": True}):
        body = {"pipeline": "no-op", "items": [record], **options}
        assert told(await limited.post("/api/batches", json=body)) == REFUSED
        sent = form(part("pipeline", "no-op"), part("files", b"x", "x.txt"), *(part(name, "true") for name in options))
        assert told(await limited.post("/api/jobs/batch", content=sent, headers=FORM)) == REFUSED
        template = {"name": "handed over", "options": {"pipeline": "no-op", **options}}
        assert told(await limited.post("/api/templates", json=template)) == REFUSED
    own = (await limited.post("/api/templates", json={"name": "plain", "options": {"pipeline": "no-op"}})).json()["id"]
    run = {"options": wanted, "source": {"type": "items", "items": [record]}}
    assert told(await limited.post(f"/api/templates/{own}/run", json=run)) == REFUSED
    assert (
        told(await limited.patch(f"/api/templates/{own}", json={"options": {"pipeline": "no-op", **wanted}})) == REFUSED
    )
    # What the same user asked for with a key that is not limited.
    draft = {"pipeline": "no-op", "items": [record], "start": False}
    waiting, ended = [await submit(api, "no-op", [{}], start=start) for start in (False, True)]
    await follow(api, ended)
    async with api.installation.database.transaction() as session:
        for batch_id in (waiting, ended):
            values = {"batch_id": UUID(batch_id), "auto_upload_enabled": True, "monday_sync_enabled": False}
            await session.execute(insert(HandOver).values(**values, started_at=func.now()))
    assert told(await limited.post(f"/api/batches/{waiting}/start")) == REFUSED
    assert told(await limited.post(f"/api/batches/{ended}/restart")) == REFUSED
    assert (await limited.post("/api/batches", json=draft)).status_code == 201
    made = {"name": "of another key", "options": {"pipeline": "no-op", "start": False, **wanted}}
    hidden = (await api.post("/api/templates", json=made)).json()["id"]
    timed = {"template_id": hidden, "cron": "0 9 * * *"}
    assert told(await limited.post(f"/api/templates/{hidden}/run")) == (404, "template_not_found")
    assert told(await limited.post("/api/schedules", json=timed)) == (404, "template_not_found")
    both = await key_of(api, "Default", user="admin", pipelines=["no-op", "hand-over"])
    async with caller(api, both) as wider:
        assert (await wider.get(f"/api/templates/{hidden}")).status_code == 200
        # It may; what is missing is the account.
        assert told(await wider.post(f"/api/batches/{ended}/restart")) == (422, "connection_missing")


async def test_pipelines_that_a_key_does_not_open_are_not_listed(api: Api, limited: httpx.AsyncClient) -> None:
    assert [one["key"] for one in (await limited.get("/api/pipelines")).json()["pipelines"]] == ["no-op"]
    every = (await api.get("/api/pipelines")).json()["pipelines"]
    assert len(every) > 5
    other = next(one for one in every if one["key"] == "slow")
    for name in ("slow", other["id"], "nothing"):
        assert (await limited.get(f"/api/pipelines/{name}")).status_code == 404
    assert (await limited.get("/api/pipelines/no-op")).status_code == 200


async def test_an_idempotency_key_of_another_key_answers_nothing(api: Api, limited: httpx.AsyncClient) -> None:
    body, repeated = {"pipeline": "slow", "items": [{"record": {}}], "start": False}, {"Idempotency-Key": "somebody's"}
    assert (await api.post("/api/batches", json=body, headers=repeated)).status_code == 201
    again = await limited.post("/api/batches", json=body, headers=repeated)
    assert told(again) == (422, "idempotency_key_reused")
    own = {**body, "pipeline": "no-op"}
    first, second = [await limited.post("/api/batches", json=own, headers={"Idempotency-Key": "own"}) for _ in range(2)]
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"


async def test_reports_and_swims_of_batches_with_other_pipelines_are_not_there(api: Api) -> None:
    async with caller(api, await key_of(api, "Default", user="admin", pipelines=["data-report"])) as limited:
        table = b"name,age\nAda,36\nBo,41\n"
        ids = []
        for pipelines in (["data-report"], ["data-report", "no-op"]):
            sent = form(*(part("pipelines", key) for key in pipelines), part("files", table, "people.csv"))
            made = await api.post("/api/jobs/batch", content=sent, headers=FORM)
            assert made.status_code == 201, made.text
            ids.append(made.json()["batch_id"])
            await follow(api, ids[-1])
        reports = {one["batch_id"]: one["id"] for one in (await api.get("/api/reports")).json()["reports"]}
        assert set(ids) <= set(reports)
        seen = {one["batch_id"] for one in (await limited.get("/api/reports")).json()["reports"]}
        assert (ids[0] in seen, ids[1] in seen) == (True, False)
        listed = {one["id"] for one in (await limited.get("/api/batch-reports")).json()["batch_reports"]}
        assert (ids[0] in listed, ids[1] in listed) == (True, False)
        own, other = reports[ids[0]], reports[ids[1]]
        assert (await limited.get(f"/api/reports/{own}")).status_code == 200
        for path in ("", "/comparison"):
            assert told(await limited.get(f"/api/reports/{other}{path}")) == (404, "report_not_found")
        assert told(await limited.delete(f"/api/reports/{other}")) == (404, "report_not_found")
        compared = await limited.get(f"/api/reports/{own}/comparison", params={"with": other})
        assert told(compared) == (404, "report_not_found")
        for path in ("", "/files"):
            assert (await limited.get(f"/api/batch-reports/{ids[1]}{path}")).status_code == 404
        job = (await api.get(f"/api/batches/{ids[1]}/jobs")).json()["jobs"][0]["id"]
        again = f"/api/batch-reports/{ids[1]}/files/{job}/read-again"
        assert (await limited.post(again, json={"params": {}})).status_code == 404


async def test_what_concerns_all_pipelines_is_refused(limited: httpx.AsyncClient) -> None:
    for path in ("/api/files", "/api/webhooks", "/api/extractions", "/api/reports", "/api/plays/", "/api/restaurants"):
        assert told(await limited.get(path)) == REFUSED, path
    assert told(await limited.get("/api/keys")) == (403, "admin_only")
    assert (await limited.put("/api/files/a.txt", content=b"x")).status_code == 201
    session = (await limited.get("/api/session")).json()
    assert (session["pipelines"], session["permissions"]) == (["no-op"], ["read", "submit", "manage"])
