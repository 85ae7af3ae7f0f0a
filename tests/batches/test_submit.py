"""Submitting: what the reply says, and which rows there are afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.batch_helpers import get_batch
from tests.conftest import Api
from tests.files.bodies import FORM, form, part, query
from tests.workloads.basic import checksum


def day_of(batch: dict[str, Any]) -> str:
    """The day on which the batch was made, which names its folder."""
    return str(batch["created_at"][:10])


async def submit(api: Api, path: str = "/api/batches", **body: Any) -> dict[str, Any]:
    answer = await api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    reply = dict(answer.json())
    assert answer.headers["Location"] == f"/api/batches/{reply['batch_id']}"
    return reply


async def test_reply_of_every_submission_has_one_shape(api: Api) -> None:
    body = form(part("pipeline", "typed"), part("files", b"x", "KX_Harbour7_Front.png"))
    replies = [
        await submit(api, pipeline="typed", items=[{"record": {}, "name": "KX_Harbour7_Front.png"}]),
        await submit(api, "/api/jobs", pipeline="typed", record={}, record_name="KX_Harbour7_Front.png"),
        (await api.post("/api/jobs/batch", content=body, headers=FORM)).json(),
        (await api.post("/api/jobs", content=body, headers=FORM)).json(),
    ]
    names = ("1-record_Results_{}", "1-record_Results_{}_2", "1-file_Results_{}", "1-file_Results_{}_2")
    for reply, name in zip(replies, names, strict=True):
        batch_id = reply["batch_id"]
        day = day_of(await get_batch(api, batch_id))
        links = {name: f"/api/batches/{batch_id}/{name}" for name in ("jobs", "events", "download")}
        assert reply == {
            "batch_id": batch_id,
            "jobs_count": 1,
            "customer_prefix": None,
            "mixed_customers": False,
            "base_directory_name": name.format(day),
            "status": "pending",
            "warnings": [],
            "links": {"self": f"/api/batches/{batch_id}"} | links,
        }
        for link in reply["links"].values():
            assert (await api.get(link)).status_code == 200


async def test_every_source_in_one_batch(api: Api) -> None:
    file = (await api.put("/api/files/stored.txt", content=b"stored")).json()
    items = [
        {"file_id": file["id"]},
        {"file_id": file["id"], "name": "called otherwise"},
        {"url": "https://example.org/a?b=c"},
        {"record": {"n": [1, 2.5, None, "上海"]}, "name": "the third"},
        {"record": {}},
    ]
    batch = await get_batch(api, (await submit(api, pipeline="typed", items=items))["batch_id"])
    jobs = batch["jobs"]
    assert [job["sequence"] for job in jobs] == [1, 2, 3, 4, 5]
    assert [job["source_type"] for job in jobs] == ["file", "file", "url", "record", "record"]
    assert [job["filename"] for job in jobs] == ["stored.txt", "called otherwise", None, "the third", None]
    assert (jobs[0]["file_size"], jobs[0]["checksum"], jobs[0]["media_type"]) == (6, file["sha256"], "text/plain")
    assert jobs[2]["source_url"] == "https://example.org/a?b=c"
    assert [job["record"] for job in jobs] == [None, None, None, items[3]["record"], {}]
    assert {(job["status"], job["stage"], job["attempt"]) for job in jobs} == {("pending", "queued", 0)}
    assert [step["name"] for step in jobs[0]["steps"]] == ["read", "write"]
    assert {step["status"] for job in jobs for step in job["steps"]} == {"pending"}
    assert batch["total_size"] == 12
    assert batch["counters"] == dict.fromkeys(batch["counters"], 0) | {"total": 5, "pending": 5}


async def test_steps_keep_what_the_pipeline_says_of_them(api: Api) -> None:
    batch_id = (await submit(api, pipeline="typed", items=[{"record": {}}]))["batch_id"]
    found = "select array_agg(s.depends_on::text || s.skip_if_failed order by s.position) from job_steps s"
    found += " join jobs j on j.id = s.job_id where j.batch_id = :id"
    assert await query(api, found, id=batch_id) == ["{}true", "{read}false"]


async def test_each_job_of_several_pipelines_has_its_steps_and_its_item(api: Api) -> None:
    # More than one statement writes, with two pipelines and with one.
    for pipelines, count in ((["typed", "checksum"], 600), (["typed"], 1001)):
        file = (await api.put("/api/files/stored.txt", content=b"stored")).json()
        items = [{"file_id": file["id"], "name": f"{n}"} for n in range(count)]
        batch_id = (await submit(api, pipelines=pipelines, items=items))["batch_id"]
        found = """
        select json_agg(json_build_array(j.sequence, j.item, j.filename, j.source_type, p.key, (
          select array_agg(s.name order by s.position) from job_steps s where s.job_id = j.id)) order by j.sequence)
        from jobs j join pipelines p on p.id = j.pipeline_id where j.batch_id = :id"""
        steps = {"typed": ["read", "write"], "checksum": [step.name for step in checksum.steps]}
        each = [(item, pipeline) for item in range(1, count + 1) for pipeline in pipelines]
        assert await query(api, found, id=batch_id) == [
            [place, item, f"{item - 1}", "file", pipeline, steps[pipeline]]
            for place, (item, pipeline) in enumerate(each, 1)
        ]


async def test_defaults_come_from_the_pipeline_and_are_overruled(api: Api) -> None:
    plain = await get_batch(api, (await submit(api, pipeline="typed", items=[{"record": {}}]))["batch_id"])
    assert (plain["execution_mode"], plain["max_parallel"]) == ("parallel", 5)
    assert plain["settings"] == {"colour": "red", "count": 1}
    assert (plain["metadata"], plain["notification_email"], plain["description"]) == ({}, None, None)
    life = datetime.fromisoformat(plain["expires_at"]) - datetime.fromisoformat(plain["created_at"])
    assert abs(life - timedelta(days=7)) < timedelta(seconds=5)
    assert plain["pipeline"]["key"] == "typed"
    assert plain["pipeline"]["steps"] == ["read", "write"]
    assert plain["created_by"]["name"] == "admin"
    assert plain["total_files"] == 1

    given = {
        "name": "Mine",
        "description": "Two words",
        "params": {"colour": "blue", "count": "3"},
        "metadata": {"order": 7},
        "execution_mode": "sequential",
        "max_parallel": 2,
        "notification_email": "me@example.org",
    }
    own = await get_batch(api, (await submit(api, pipeline="typed", items=[{"record": {}}], **given))["batch_id"])
    assert {name: own[name] for name in given if name != "params"} == {n: v for n, v in given.items() if n != "params"}
    assert own["settings"] == {"colour": "blue", "count": 3}
    assert own["base_directory_name"] == "Mine"


async def test_pipeline_goes_by_key_or_id(api: Api) -> None:
    pipeline_id = (await api.get("/api/pipelines/typed")).json()["id"]
    batch = await get_batch(api, (await submit(api, pipeline=str(pipeline_id), items=[{"record": {}}]))["batch_id"])
    assert batch["pipeline_id"] == pipeline_id


async def test_a_form_carries_a_failure_policy(api: Api) -> None:
    body = form(
        part("pipeline", "checksum"),
        part("failure_policy", '{"threshold": 0.1, "action": "fail"}'),
        part("files", b"content", "a.txt"),
    )
    created = (await api.post("/api/jobs/batch", content=body, headers=FORM)).json()
    batch = (await api.get(f"/api/batches/{created['batch_id']}")).json()["batch"]
    assert batch["failure_policy"] == {"threshold": 0.1, "action": "fail"}
    wrong = form(part("pipeline", "checksum"), part("failure_policy", "fail"), part("files", b"content", "a.txt"))
    answer = await api.post("/api/jobs/batch", content=wrong, headers=FORM)
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", "failure_policy"])


async def test_single_job_is_a_batch_named_after_it(api: Api) -> None:
    file_id = (await api.put("/api/files/sheet.pdf", content=b"x")).json()["id"]
    body = form(part("pipeline", "typed"), part("file", b"x", "upload.pdf"))
    replies = {
        "Single: sheet.pdf": await submit(api, "/api/jobs", pipeline="typed", file_id=file_id),
        "Single: the row": await submit(api, "/api/jobs", pipeline="typed", record={}, record_name="the row"),
        "Single: record": await submit(api, "/api/jobs", pipeline="typed", record={}),
        "Single: https://example.org/a": await submit(api, "/api/jobs", pipeline="typed", url="https://example.org/a"),
        "Single: upload.pdf": (await api.post("/api/jobs", content=body, headers=FORM)).json(),
        "Named": await submit(api, "/api/jobs", pipeline="typed", record={}, name="Named"),
    }
    for name, reply in replies.items():
        assert (await get_batch(api, reply["batch_id"]))["name"] == name
        assert reply["jobs_count"] == 1


async def test_long_single_name_is_cut(api: Api) -> None:
    url = "https://example.org/" + "x" * 1900
    assert (
        len((await get_batch(api, (await submit(api, "/api/jobs", pipeline="typed", url=url))["batch_id"]))["name"])
        == 255
    )


async def test_first_event_tells_of_the_batch_and_of_mixed_customers(api: Api) -> None:
    file = (await api.put("/api/files/stored.txt", content=b"stored")).json()
    for names, mixed in ((["AB_One1_Front.png"] * 2, None), (["AB_One1_Front.png", "CD_Two2_Front.png"], True)):
        items = [{"file_id": file["id"], "name": name} for name in names]
        batch_id = (await submit(api, pipeline="originals", items=items))["batch_id"]
        events = (await api.get(f"/api/batches/{batch_id}/events")).json()["events"]
        assert [(event["id"], event["type"], event["actor"]) for event in events] == [(1, "batch.created", "admin")]
        assert (events[0]["status"], events[0].get("mixed_customers")) == ("pending", mixed)
        assert events[0]["counters"]["pending"] == len(names)


async def test_notification_is_committed_with_the_batch(api: Api) -> None:
    dispatches = "select count(*) from engine.pgqueuer where convert_from(payload, 'UTF8') = :id"
    reply = await submit(api, pipeline="typed", items=[{"record": {}}] * 3)
    assert await query(api, dispatches, id=reply["batch_id"]) == 4
    reply = await submit(api, pipeline="typed", items=[{"record": {}}], max_parallel=2)
    assert await query(api, dispatches, id=reply["batch_id"]) == 2
    reply = await submit(api, pipeline="typed", items=[{"record": {}}], start=False)
    assert await query(api, dispatches, id=reply["batch_id"]) == 0
