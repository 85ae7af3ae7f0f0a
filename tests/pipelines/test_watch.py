"""Files of a watched folder change under a running service: it takes what is well, and says what is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.auth.people import caller, key_of
from tests.batch_helpers import follow, get_batch, stream, submit
from tests.conftest import Api, make_settings, serving
from tests.patience import within

CODE = """
import asyncio
from pathlib import Path
from app.pipelines import Pipeline, Retry, StepContext, Stop

pipeline = Pipeline("{key}", title="{title}", accepts=("record",))

@pipeline.step()
async def first(ctx: StepContext) -> dict:
    gate = ctx.job.record.get("gate")
    while gate and not Path(gate).exists():
        await asyncio.sleep(0.02)
    return {{"title": "{title}"}}
"""
SECOND = """
@pipeline.step()
async def second(ctx: StepContext) -> dict:
    return {{"first": ctx.outputs["first"]["title"], "second": "{title}"}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pipelines").mkdir()
    return tmp_path / "pipelines"


@pytest.fixture
async def api(home: Path, database_url: str, folder: Path) -> AsyncIterator[Api]:
    write(folder, "one")
    values: dict[str, Any] = {"pipelines_dir": folder, "pipelines_watch": True}
    async with serving(make_settings(home, database_url, **values)) as client:
        yield client


def write(folder: Path, title: str, *, key: str = "watched", file: str = "a.py", code: str = CODE + SECOND) -> None:
    (folder / file).write_text(code.format(key=key, title=title))


async def read(api: Api) -> dict[str, Any]:
    answer: dict[str, Any] = (await api.get("/api/pipelines")).json()
    return answer


async def titled(api: Api, title: str | None, key: str = "watched") -> None:
    """Wait until the service has the pipeline with this title; with None, until it has none of the key."""
    async with within(20):
        while title != {one["key"]: one["title"] for one in (await read(api))["pipelines"]}.get(key):
            await asyncio.sleep(0.05)


async def problems(api: Api, count: int) -> list[dict[str, Any]]:
    """Wait until so many sources are wrong; what is said of them."""
    async with within(20):
        while len(found := (await read(api))["problems"]) != count:
            await asyncio.sleep(0.05)
    return list(found)


async def test_jobs_that_run_end_with_their_code_and_the_next_have_the_new(
    api: Api, folder: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    batch_id = await submit(api, "watched", [{"gate": str(gate)}, {}], execution_mode="sequential")
    async with within(20):
        assert await anext(event async for event in stream(api, batch_id) if event["type"] == "job.started")
    write(folder, "two")
    await titled(api, "two")
    gate.touch()
    assert (await follow(api, batch_id))[-1]["type"] == "batch.completed"
    results = [job["result"] for job in (await get_batch(api, batch_id))["jobs"]]
    assert results == [{"first": "one", "second": "one"}, {"first": "two", "second": "two"}]


async def test_a_step_that_is_gone_while_jobs_run_pauses_the_batch_until_it_is_back(
    api: Api, folder: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    batch_id = await submit(api, "watched", [{"gate": str(gate)}, {}], execution_mode="sequential")
    async with within(20):
        assert await anext(event async for event in stream(api, batch_id) if event["type"] == "job.started")
    write(folder, "without", code=CODE)
    await titled(api, "without")
    gate.touch()
    async with within(20):
        paused = await anext(event async for event in stream(api, batch_id) if event["type"] == "batch.paused")
    assert (paused["reason"], "The step second is gone." in paused["message"]) == ("PIPELINE_CHANGED", True)
    assert [job["status"] for job in (await get_batch(api, batch_id))["jobs"]] == ["completed", "pending"]
    write(folder, "again")
    await titled(api, "again")
    await api.post(f"/api/batches/{batch_id}/resume")
    assert (await follow(api, batch_id))[-1]["type"] == "batch.completed"
    results = [job["result"] for job in (await get_batch(api, batch_id))["jobs"]]
    assert results == [{"first": "one", "second": "one"}, {"first": "again", "second": "again"}]


async def test_a_file_that_does_not_load_is_told_and_what_it_had_goes_on(api: Api, folder: Path) -> None:
    write(folder, "broken", code=CODE + "\nraise ValueError('not yet')\n")
    [problem] = await problems(api, 1)
    assert (problem["source"], problem["kept"]) == ("a.py", True)
    assert problem["message"] == "line 15: ValueError: not yet"
    assert (await follow(api, await submit(api, "watched", [{}])))[-1]["type"] == "batch.completed"
    wrong = {one["name"]: one for one in (await api.get("/api/status")).json()["wrong"]}["pipelines"]
    assert (wrong["severity"], wrong["detail"]) == ("degraded", "a.py: line 15: ValueError: not yet")
    ready = await api.get("/readyz")
    assert (ready.status_code, "a.py" in ready.text, "1 file with pipelines" in ready.text) == (200, False, True)
    async with caller(api, await key_of(api, "Elsewhere")) as stranger:
        assert (await stranger.get("/api/pipelines")).json()["problems"] == []
    write(folder, "mended")
    await titled(api, "mended")
    assert await problems(api, 0) == []
    assert "pipelines" not in (await api.get("/readyz")).text


async def test_children_run_the_code_of_now(api: Api, folder: Path) -> None:
    child = """
@pipeline.step()
async def second(ctx: StepContext) -> dict:
    return {{"child": await ctx.in_child(compute)}}

def compute() -> str:
    return "{title}"
"""
    for title in ("three", "five", "nine"):
        write(folder, title, code=CODE + child)
        await titled(api, title)
        batch_id = await submit(api, "watched", [{}])
        await follow(api, batch_id)
        assert (await get_batch(api, batch_id))["jobs"][0]["result"] == {"child": title}


async def test_files_come_and_go(api: Api, folder: Path) -> None:
    write(folder, "other", key="other", file="b.py")
    await titled(api, "other", key="other")
    write(folder, "taken", key="other", file="a.py")
    [problem] = await problems(api, 1)
    assert problem["message"] == "two pipelines are called other: this one, and one of b.py"
    (folder / "b.py").unlink()  # which is what was wrong with the first
    await titled(api, "taken", key="other")
    await titled(api, None)
    assert await problems(api, 0) == []
    (folder / "a.py").unlink()
    await titled(api, None, key="other")
    answer = await api.post("/api/batches", json={"pipeline": "other", "items": [{"record": {}}]})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_pipeline")
