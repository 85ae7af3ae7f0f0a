"""The list of pipelines that clients see, and the rows behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.kit.db import Database
from app.pipelines.registry import Registry
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import query
from tests.workloads.basic import checksum, no_op, slow


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str) -> AsyncIterator[Api]:
    async with serving(make_settings(home, database_url, worker="off")) as client:
        yield client


async def test_every_pipeline_with_its_steps_and_parameters(api: Api) -> None:
    listed = {pipeline["key"]: pipeline for pipeline in (await api.get("/api/pipelines")).json()["pipelines"]}
    assert {"no-op", "slow", "checksum", "behaviour", "pdf-extraction"} <= set(listed)
    assert [step["name"] for step in listed["no-op"]["steps"]] == ["first", "second", "third"]
    assert [step["position"] for step in listed["no-op"]["steps"]] == [0, 1, 2]
    assert listed["no-op"]["accepts"] == ["record", "file"]
    seconds = listed["slow"]["params_schema"]["properties"]["seconds"]
    assert (seconds["type"], seconds["default"]) == ("number", 0.05)
    for key, pipeline in listed.items():
        for name in (key, pipeline["id"]):
            assert (await api.get(f"/api/pipelines/{name}")).json() == pipeline


@pytest.mark.parametrize("name", ["none", "0", "999999999", "%00", "%F0%9F%8F%8A", "x" * 1000, "٣", "-1"])
async def test_unknown_pipeline(api: Api, name: str) -> None:
    answer = await api.get(f"/api/pipelines/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert len(answer.json()["detail"]) < 400


async def test_ids_stay_over_starts_and_rows_follow_the_code(api: Api, database_url: str) -> None:
    before = await query(api, "select id from pipelines where key = 'no-op'")
    await query(api, "update pipelines set title = 'old', version = 0 where key = 'no-op' returning 1")
    database = Database(database_url)
    registries = [Registry([no_op, checksum, slow]), Registry([slow, checksum, no_op])]

    async def save(registry: Registry) -> None:
        async with database.transaction() as session:
            await registry.save(session)

    await asyncio.gather(*(save(registry) for registry in registries * 5))
    await database.stop()
    assert {registry.id_of(no_op) for registry in registries} == {before}
    assert await query(api, "select title from pipelines where key = 'no-op'") == no_op.title
    assert registries[0].get(str(before)) is no_op
