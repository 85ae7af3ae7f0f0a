"""The code of a pipeline changes between two starts of the service: batches go on with the steps they began with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.kit.db import Database
from app.kit.secrets.sealing import Sealer
from app.pipelines.registry import Registry
from app.runner.changes import Changes
from app.runner.work import WorkCache
from tests.batch_helpers import check_log, follow, get_batch, run, stream, submit
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import query
from tests.patience import within

HEAD = """
from app.pipelines.contract import Pipeline, Stop

pipeline = Pipeline("changing", title="Changing", accepts=("record",), version={version})

async def work(name, ctx):
    if ctx.job.record.get("fails") == name:
        return Stop("NOT_YET", "It fails.")
    return {{"by": name, "seen": list(ctx.outputs), "key": ctx.key.partition(":")[2]}}
"""
STEP = """
@pipeline.step({options})
async def {name}(ctx):
    return await work("{name}", ctx)
"""


class Workload:
    """A folder with one pipeline, and the service that is started with it again and again."""

    def __init__(self, folder: Path, home: Path, database_url: str) -> None:
        self._folder, self._home, self._database_url, self._version = folder, home, database_url, 0

    def write(self, *steps: str, **options: str) -> None:
        """Let the pipeline have these steps, with options as they stand in the code."""
        self._version += 1
        code = [STEP.format(name=name, options=options.get(name, "")) for name in steps]
        (self._folder / "changing.py").write_text(HEAD.format(version=self._version) + "".join(code))

    @asynccontextmanager
    async def served(self, *steps: str, **options: str) -> AsyncIterator[Api]:
        """The service with the pipeline of these steps."""
        self.write(*steps, **options)
        async with serving(make_settings(self._home, self._database_url, pipelines_dir=self._folder)) as api:
            yield api


@pytest.fixture
def workload(tmp_path: Path, home: Path, database_url: str) -> Workload:
    return Workload(tmp_path, home, database_url)


async def failed(api: Api, *steps: str) -> str:
    """A batch of which one job fails at each of these steps; its id."""
    batch = await run(api, "changing", [{"fails": step} for step in steps])
    assert {job["status"] for job in batch["jobs"]} == {"failed"}
    return str(batch["id"])


async def retried(api: Api, batch_id: str) -> str:
    """The batch that retries those jobs, which fail no more; its id."""
    record = """update jobs set record = '{}' where batch_id = :batch_id returning 1"""
    await query(api, record, batch_id=batch_id)
    answer = await api.post(f"/api/batches/{batch_id}/retry-failed")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["new_batch_id"])


async def restarted(api: Api, batch_id: str) -> str:
    """The batch that begins anew, at its end; its id."""
    answer = await api.post(f"/api/batches/{batch_id}/restart")
    assert answer.status_code == 202, answer.text
    anew = str(answer.json()["new_batch_id"])
    assert (await follow(api, anew))[-1]["type"] == "batch.completed"
    return anew


async def steps_of(api: Api, batch_id: str) -> list[tuple[str, str, Any]]:
    """What the steps of the batch's first job are called, how they ended, and which function ran."""
    job = (await get_batch(api, batch_id))["jobs"][0]
    steps = (await api.get(f"/api/jobs/{job['id']}")).json()["job"]["steps"]
    return [(step["name"], step["status"], (step["output"] or {}).get("by")) for step in steps]


async def paused(api: Api, batch_id: str, after: int = 0) -> dict[str, Any]:
    """The event that pauses the batch."""
    async with within(30):
        async for event in stream(api, batch_id, after):
            if event["type"] == "batch.paused":
                return event
    raise AssertionError("the stream ended")


async def test_two_steps_were_swapped(workload: Workload) -> None:
    async with workload.served("a", "b", "c") as api:
        batch_id = await failed(api, "b")
    async with workload.served("a", "c", "b") as api:
        again = await retried(api, batch_id)
        assert (await follow(api, again))[-1]["type"] == "batch.completed"
        assert await steps_of(api, again) == [(name, "completed", name) for name in "abc"]


async def test_a_step_was_inserted(workload: Workload) -> None:
    async with workload.served("a", "b") as api:
        batch_id = await failed(api, "b")
    async with workload.served("a", "new", "b") as api:
        again = await retried(api, batch_id)
        events = await follow(api, again)
        assert await steps_of(api, again) == [("a", "completed", "a"), ("b", "completed", "b")]
        assert [event["step"] for event in events if event["type"] == "step.completed"] == ["b"]
        batch = await get_batch(api, again)
        assert (batch["pipeline"]["version"], batch["pipeline"]["steps"]) == (1, ["a", "b"])
        anew = await restarted(api, batch_id)
        assert await steps_of(api, anew) == [(name, "completed", name) for name in ("a", "new", "b")]
        batch = await get_batch(api, anew)
        assert (batch["pipeline"]["version"], batch["pipeline"]["steps"]) == (2, ["a", "new", "b"])


async def test_a_step_that_is_past_was_removed(workload: Workload) -> None:
    async with workload.served("a", "b", "c") as api:
        batch_id = await failed(api, "c")
    async with workload.served("a", "c") as api:
        again = await retried(api, batch_id)
        assert (await follow(api, again))[-1]["type"] == "batch.completed"
        assert await steps_of(api, again) == [(name, "completed", name) for name in "abc"]


async def test_a_step_that_is_needed_was_removed_and_put_back(workload: Workload) -> None:
    async with workload.served("a", "b", "c") as api:
        batch_id = await failed(api, "b")
    async with workload.served("a", "c") as api:
        again = await retried(api, batch_id)
        event = await paused(api, again)
        assert event["reason"] == "PIPELINE_CHANGED"
        assert "The step b is gone." in event["message"]
        assert "resume the batch; or cancel it, and restart it" in event["message"]
        batch = await get_batch(api, again)
        assert (batch["status"], batch["pause_reason"]) == ("paused", "PIPELINE_CHANGED")
        assert batch["jobs"][0]["attempt"] == 0  # not even claimed
        waiting = (await api.get(f"/api/batches/{again}/waiting")).json()
        assert [(one["code"], one["message"]) for one in waiting["reasons"]] == [("pipeline_changed", event["message"])]
        await api.post(f"/api/batches/{again}/resume")  # too early: it pauses again, and says the same
        assert (await paused(api, again, after=event["id"]))["message"] == event["message"]
    async with workload.served("a", "b", "c") as api:
        assert (await api.post(f"/api/batches/{again}/resume")).status_code == 200
        events = await follow(api, again)
        assert events[-1]["type"] == "batch.completed"
        assert [one["type"] for one in events].count("batch.paused") == 2
        assert await steps_of(api, again) == [(name, "completed", name) for name in "abc"]


async def test_a_batch_whose_step_is_gone_can_be_cancelled_and_restarted(workload: Workload) -> None:
    async with workload.served("a", "b", "c") as api:
        batch_id = await failed(api, "b")
    async with workload.served("a", "c") as api:
        again = await retried(api, batch_id)
        await paused(api, again)
        assert (await api.post(f"/api/batches/{again}/cancel")).status_code == 200
        check_log(await follow(api, again))
        anew = await restarted(api, again)
        assert await steps_of(api, anew) == [("a", "completed", "a"), ("c", "completed", "c")]


async def test_a_step_was_renamed(workload: Workload) -> None:
    async with workload.served("a", "old", "c") as api:
        batch_id = await failed(api, "old", "c")
    async with workload.served("a", "new", "c", new='was="old"', c='depends_on=("new",)') as api:
        again = await retried(api, batch_id)
        events = await follow(api, again)
        assert events[-1]["type"] == "batch.completed"
        assert await steps_of(api, again) == [
            ("a", "completed", "a"),
            ("old", "completed", "new"),
            ("c", "completed", "c"),
        ]
        jobs = (await get_batch(api, again))["jobs"]
        # It is called in the batch as it was, also in the key that its effects go by; the code sees it as it is now.
        assert {event["stage"] for event in events if event.get("stage")} == {"old", "c", "done"}
        assert [job["result"]["seen"] for job in jobs] == [["a", "new"], ["a", "new"]]
        steps = (await api.get(f"/api/jobs/{jobs[0]['id']}")).json()["job"]["steps"]
        assert [step["output"]["key"] for step in steps] == ["a", "old", "c"]


async def test_a_step_now_depends_on_one_that_the_batch_does_not_have(workload: Workload) -> None:
    async with workload.served("a", "b") as api:
        batch_id = await failed(api, "b")
    async with workload.served("a", "new", "b", b='depends_on=("new",)') as api:
        event = await paused(api, await retried(api, batch_id))
        assert "The step b now depends on new, not among the steps before it." in event["message"]


async def test_a_batch_of_the_release_before_goes_on_by_the_names_of_its_jobs_steps(workload: Workload) -> None:
    async with workload.served("a", "b", "c") as api:
        batch_id = await failed(api, "b")
        await query(api, "update batches set plans = null where id = :batch_id returning 1", batch_id=batch_id)
    async with workload.served("a", "c", "b") as api:
        again = await retried(api, batch_id)
        assert (await follow(api, again))[-1]["type"] == "batch.completed"
        assert await steps_of(api, again) == [(name, "completed", name) for name in "abc"]


async def test_a_batch_that_waits_over_the_start(workload: Workload) -> None:
    async with workload.served("a", "b", "c") as api:
        batch_id = await submit(api, "changing", [{}, {}], first_n=1)
        await paused(api, batch_id)
    async with workload.served("c", "b", "a") as api:
        await api.post(f"/api/batches/{batch_id}/resume")
        assert (await follow(api, batch_id))[-1]["type"] == "batch.completed"
        jobs = (await get_batch(api, batch_id))["jobs"]
        assert [job["result"] for job in jobs] == [{"by": "c", "seen": ["a", "b"], "key": "c"}] * 2


async def test_a_process_of_before_leaves_the_batch_to_those_that_have_the_step(workload: Workload) -> None:
    async with workload.served("a", "b") as api:
        batch_id = await failed(api, "b")
        # Another process was started with newer code meanwhile, as in an upgrade of several machines.
        await query(api, "update pipelines set version = 99 where key = 'changing' returning 1")
        plans = '{"changing": {"version": 99, "steps": ["a", "x"]}}'
        await query(api, f"update batches set plans = $${plans}$$::jsonb where id = :id returning 1", id=batch_id)
        again = await retried(api, batch_id)
        have = api.installation.get
        works = await WorkCache(have(Database), have(Registry), have(Sealer)).of(UUID(again))
        assert [await Changes(have(Database)).find(work) for work in works.values()] == ["outdated"]
        assert (await get_batch(api, again))["status"] == "pending"
