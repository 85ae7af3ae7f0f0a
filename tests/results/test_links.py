"""Result codes for their owners: made at success and on demand, shown, listed, closed."""

from __future__ import annotations

import json
import logging
from typing import Any

import asyncpg
import pytest

from app.results.codes import read_code
from tests.auth.people import caller
from tests.batch_helpers import follow, get_batch, run, submit
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import query

pytestmark = pytest.mark.own_service


async def open_json(api: Api, code: str) -> dict[str, Any]:
    async with caller(api) as stranger:
        reply = await stranger.get(f"/api/results/{code}")
    assert reply.status_code == 200, reply.text
    body: dict[str, Any] = reply.json()
    return body


async def test_each_completed_job_gets_a_code_when_the_batch_asks(api: Api) -> None:
    batch = await run(api, "behaviour", [{}, {"do": "stop"}, {}], result_codes=True)
    codes = [job["result_code"] for job in batch["jobs"]]
    assert [bool(code) for code in codes] == [True, False, True]
    assert codes[0] != codes[2]
    one = (await api.get(f"/api/jobs/{batch['jobs'][0]['id']}")).json()["job"]
    listed = (await api.get(f"/api/batches/{batch['id']}/jobs")).json()["jobs"]
    grouped = (await api.get("/api/jobs")).json()["batches"][0]["jobs"]
    assert one["result_code"] == listed[0]["result_code"] == grouped[0]["result_code"] == codes[0]
    found = await open_json(api, codes[2])
    assert (found["kind"], found["sequence"], found["result"]) == ("job", 3, {"did": "succeed"})
    assert found["pipeline"] == {"key": "behaviour", "title": "Does what its record says"}


async def test_without_being_asked_there_is_none(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    assert (batch["result_codes"], batch["jobs"][0]["result_code"]) == (False, None)


async def test_a_retry_makes_codes_as_its_parent_did(api: Api) -> None:
    batch = await run(api, "flaky", [{"stop": True}], result_codes=True, failure_policy={"action": "continue"})
    reply = await api.post(f"/api/batches/{batch['id']}/retry-failed")
    new_id = reply.json()["new_batch_id"]
    await follow(api, new_id)
    retried = await get_batch(api, new_id)
    assert retried["jobs"][0]["status"] == "completed"
    assert (await open_json(api, retried["jobs"][0]["result_code"]))["result"] == retried["jobs"][0]["result"]


async def test_code_on_demand_for_a_job_and_for_a_batch(api: Api) -> None:
    batch = await run(api, "no-op", [{}, {}])
    job = batch["jobs"][1]
    reply = await api.post(f"/api/jobs/{job['id']}/result-codes", json={"expires_in": 3600})
    assert reply.status_code == 201, reply.text
    made = reply.json()
    assert (made["job_id"], made["batch_id"]) == (job["id"], batch["id"])
    assert made["links"]["page"] == f"/r/{made['code']}"
    assert made["expires_at"] > made["created_at"]
    assert (await api.get(reply.headers["Location"])).json() == made
    found = await open_json(api, made["code"].lower())
    assert (found["sequence"], found["result"], found["expires_at"]) == (2, {"sequence": 2}, made["expires_at"])

    whole = (await api.post(f"/api/batches/{batch['id']}/result-codes")).json()
    assert (whole["job_id"], whole["expires_at"]) == (None, None)
    found = await open_json(api, whole["code"])
    assert (found["kind"], found["counters"]["completed"]) == ("batch", 2)
    assert [part["result"]["sequence"] for part in found["jobs"]] == [1, 2]
    listed = (await api.get(f"/api/batches/{batch['id']}/result-codes")).json()
    assert listed == {"result_codes": [whole], "next_cursor": None}


async def test_lists_come_in_pages(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    made = [(await api.post(f"/api/batches/{batch['id']}/result-codes")).json()["id"] for _ in range(3)]
    path = f"/api/batches/{batch['id']}/result-codes"
    first = (await api.get(path, params={"limit": 2})).json()
    rest = (await api.get(path, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [code["id"] for code in first["result_codes"] + rest["result_codes"]] == made[::-1]
    assert rest["next_cursor"] is None


async def test_revoked_code_opens_nothing_and_the_batch_reads_differently(api: Api) -> None:
    batch = await run(api, "no-op", [{}], result_codes=True)
    path = f"/api/batches/{batch['id']}"
    tag = (await api.get(path)).headers["ETag"]
    (link,) = (await api.get(f"/api/jobs/{batch['jobs'][0]['id']}/result-codes")).json()["result_codes"]
    assert link["code"] == batch["jobs"][0]["result_code"]
    assert (await api.delete(f"/api/result-codes/{link['id']}")).status_code == 204
    assert (await api.delete(f"/api/result-codes/{link['id']}")).status_code == 404
    async with caller(api) as stranger:
        assert (await stranger.get(f"/api/results/{link['code']}")).status_code == 404
    again = await api.get(path, headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert again.json()["batch"]["jobs"][0]["result_code"] is None


async def test_same_idempotency_key_makes_one_code(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    path, headers = f"/api/batches/{batch['id']}/result-codes", {"Idempotency-Key": "a-code"}
    first = await api.post(path, json={"expires_in": 600}, headers=headers)
    second = await api.post(path, json={"expires_in": 600}, headers=headers)
    assert second.json() == first.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (await api.post(path, json={"expires_in": 601}, headers=headers)).status_code == 422
    assert len((await api.get(path)).json()["result_codes"]) == 1


@pytest.mark.parametrize("body", [{"expires_in": 59}, {"expires_in": 10**12}, {"expires_in": "soon"}, {"other": 1}])
async def test_bad_wishes_are_refused(api: Api, body: dict[str, Any]) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    assert (await api.post(f"/api/batches/{batch_id}/result-codes", json=body)).status_code == 422


async def test_code_is_neither_stored_nor_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        batch = await run(api, "no-op", [{}], result_codes=True)
        path = f"/api/batches/{batch['id']}/result-codes"
        made = (await api.post(path, headers={"Idempotency-Key": "kept"})).json()["code"]
        codes = [batch["jobs"][0]["result_code"], made]
        for code in codes:
            await open_json(api, code)
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("tranche"))
    connection = await asyncpg.connect(api.installation.database.dsn)
    tables = await connection.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
    dump = ""
    for table in tables:
        rows = await connection.fetch(f'select to_jsonb(t)::text from "{table[0]}" t')
        dump += "\n".join(row[0] for row in rows)
    await connection.close()
    assert json.dumps(batch["name"]) in dump
    assert not [code for code in codes if code in dump or code in logged]


async def test_deleting_the_batch_closes_its_codes(api: Api) -> None:
    batch = await run(api, "no-op", [{}], result_codes=True)
    assert (await api.delete(f"/api/batches/{batch['id']}")).status_code == 204
    async with caller(api) as stranger:
        assert (await stranger.get(f"/api/results/{batch['jobs'][0]['result_code']}")).status_code == 404
    assert not await query(api, "select count(*) from result_links where batch_id = :id", id=batch["id"])


async def test_a_code_of_another_key_still_opens_its_result(api: Api) -> None:
    batch = await run(api, "no-op", [{}], result_codes=True)
    job, code = batch["jobs"][0]["id"], batch["jobs"][0]["result_code"]
    settings = make_settings(
        api.settings.home, api.installation.database.dsn, secret_key="another key of another machine"
    )
    async with serving(settings) as other:
        (link,) = (await other.get(f"/api/jobs/{job}/result-codes")).json()["result_codes"]
        assert (link["code"], link["links"]) == (None, None)
        assert (await other.get(f"/api/jobs/{job}")).json()["job"]["result_code"] is None
        assert (await open_json(other, read_code(code)))["result"] == {"sequence": 1}
