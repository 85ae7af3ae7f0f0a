"""Batches whose files go through several pipelines, and pipelines whose steps come from the parameters."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from tests.batch_helpers import follow, get_batch, run
from tests.conftest import Api
from tests.files.bodies import FORM, form, part

NAMES = ("PL_DXB191_Front.png", "PL_DXB191_Back.png")


async def test_every_file_goes_through_every_pipeline(api: Api) -> None:
    body = form(
        part("pipelines", "checksum"),
        part("pipelines", "planned"),
        part("params", '{"planned": {"words": ["hello", "again"]}}'),
        *(part("files", name.encode(), name) for name in NAMES),
    )
    created = (await api.post("/api/jobs/batch", content=body, headers=FORM)).json()
    assert created["jobs_count"] == 4
    await follow(api, created["batch_id"])
    batch = await get_batch(api, created["batch_id"])
    assert batch["status"] == "completed"
    assert (batch["total_files"], batch["total_pipelines"], batch["counters"]["total"]) == (2, 2, 4)
    assert batch["total_size"] == sum(map(len, NAMES))
    assert (batch["pipeline"]["key"], batch["pipelines"]) == ("checksum", ["checksum", "planned"])
    assert [(job["filename"], job["pipeline"]) for job in batch["jobs"]] == [
        (name, key) for name in NAMES for key in ("checksum", "planned")
    ]
    assert [step["name"] for step in batch["jobs"][1]["steps"]] == ["hello", "again"]
    assert batch["jobs"][1]["result"] == {"said": ["again"], "batch": {"words": ["hello", "again"]}}
    assert batch["summary_data"] == {"checksum": {}, "planned": {"jobs": 2}}
    assert (await api.get(f"/api/batches/{batch['id']}/audit")).json()["consistent"]
    archive = (await api.get(f"/api/batches/{batch['id']}/download")).content
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.namelist() == [
            "001 PL_DXB191_Front checksum/checksum.txt",
            "003 PL_DXB191_Back checksum/checksum.txt",
        ]


async def test_restart_keeps_pipelines_and_numbers_the_name(api: Api) -> None:
    pipelines = {"pipelines": ["no-op", "planned"], "params": {"planned": {"words": ["one"]}}}
    batch = await run(api, "no-op", [{}, {}], **pipelines)
    reply = await api.post(f"/api/batches/{batch['id']}/restart")
    await follow(api, reply.json()["new_batch_id"])
    copy = await get_batch(api, reply.json()["new_batch_id"])
    assert copy["status"] == "completed"
    assert (copy["total_pipelines"], copy["counters"]["total"]) == (2, 4)
    assert [job["pipeline"] for job in copy["jobs"]] == ["no-op", "planned"] * 2
    assert copy["base_directory_name"].startswith(batch["base_directory_name"].rpartition("_")[0])
    assert copy["base_directory_name"] != batch["base_directory_name"]


async def test_steps_come_from_the_parameters(api: Api) -> None:
    batch = await run(api, "planned", [{}], params={"words": ["one", "two", "three"]})
    assert batch["status"] == "completed"
    assert [step["name"] for step in batch["jobs"][0]["steps"]] == ["one", "two", "three"]
    assert batch["jobs"][0]["stage"] == "done"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"pipelines": ["no-op", "planned"], "params": {"words": []}}, "invalid_params"),
        ({"pipelines": ["no-op", "planned"], "params": {"planned": 7}}, "invalid_params"),
        ({"pipelines": ["no-op", "nothing"]}, "unknown_pipeline"),
        ({"pipelines": ["no-op", "checksum"]}, "source_not_accepted"),
        ({"pipeline": "planned", "params": {"words": ["twice", "twice"]}}, "invalid_params"),
        ({"pipeline": "planned", "params": {"words": []}}, "invalid_params"),
        ({}, "validation_failed"),
    ],
)
async def test_pipelines_that_do_not_fit_are_refused(api: Api, options: dict[str, Any], code: str) -> None:
    reply = await api.post("/api/batches", json={"items": [{"record": {}}], **options})
    assert (reply.status_code, reply.json()["code"]) == (422, code)
