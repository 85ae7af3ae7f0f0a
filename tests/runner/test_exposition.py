"""What /metrics answers: figures of the process and of the installation, also while the database is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit import exposition
from app.kit.db import Database
from app.kit.exposition import Exposition
from app.kit.health import Health
from app.kit.metrics import DECLARED, InstallationFigures, Samples
from app.runner.figure_repository import JOBS
from tests.auth.people import caller, key_of
from tests.batch_helpers import submit
from tests.conftest import Api

pytestmark = pytest.mark.own_service


@pytest.fixture(scope="module")
def settings_values() -> dict[str, object]:
    return {"worker": "off", "metrics_organisations": 1}


def values(page: str, name: str) -> dict[tuple[str, ...], float]:
    """The samples of one name, by the values of their labels in the order of their names."""
    found = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == name:
                found[tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


async def anew(api: Api) -> str:
    """The page with figures that are read now."""
    for reading in api.installation.get(Exposition)._readings:
        reading.due_at = float("-inf")
    return (await api.get("/metrics")).text


async def test_what_waits_is_told_by_pipeline_and_organisation(api: Api) -> None:
    await submit(api, "no-op", [{}] * 3)
    paused = await submit(api, "slow", [{}])
    await api.post(f"/api/batches/{paused}/pause")
    await submit(api, "slow", [{}], start=False)
    async with caller(api, await key_of(api, "Second")) as second:
        await submit(second, "no-op", [{}] * 2)
    page = await anew(api)
    jobs = {labels: value for labels, value in values(page, "tranche_queue_jobs").items() if value}
    assert jobs == {
        ("Default", "no-op", "waiting"): 3,
        ("Default", "slow", "paused"): 1,
        ("other", "no-op", "waiting"): 2,
    }
    assert set(values(page, "tranche_queue_oldest_seconds")) == {("Default", "no-op"), ("other", "no-op")}
    assert set(values(page, "tranche_queue_stalled_seconds")) == {("Default", "no-op"), ("other", "no-op")}
    batches = values(page, "tranche_batches_open")
    assert (batches["draft",], batches["pending",], batches["paused",]) == (1, 2, 1)
    assert values(page, "tranche_workers") == {("alive",): 0, ("silent",): 0}
    assert values(page, "tranche_trouble") == {("workers", "degraded"): 1}
    assert values(page, "tranche_ready") == {(): 1}


async def test_what_is_only_delayed_or_beyond_a_trial_is_not_stalled(api: Api) -> None:
    trial = await submit(api, "cleanup", [{}] * 2, first_n=1)
    delayed = await submit(api, "flaky", [{}])
    async with api.installation.database.transaction() as session:
        later = "update jobs set run_at = now() + interval '1 hour' where batch_id = :id and sequence = 1"
        for batch_id in (delayed, trial):
            await session.execute(text(later), {"id": batch_id})
    stalled = {pipeline for _, pipeline in values(await anew(api), "tranche_queue_stalled_seconds")}
    assert not {"cleanup", "flaky"} & stalled


async def test_the_database_and_the_disks_are_told(api: Api) -> None:
    page = await anew(api)
    assert values(page, "tranche_database_up") == {(): 1}
    assert values(page, "tranche_database_size_bytes")[()] > 1e6
    assert next(iter(values(page, "tranche_database_info")))[0][:2].isdigit()
    assert set(values(page, "tranche_disk_free_bytes")) == {("uploads",), ("contents",)}
    assert values(page, "tranche_database_pool_size") == {(): api.settings.database_pool_size}
    assert values(page, "tranche_database_pool_connections")["waiting",] == 0


async def test_requests_are_told_by_the_pattern_of_their_path(api: Api) -> None:
    before = values((await api.get("/metrics")).text, "tranche_http_requests_total")
    batch_id = await submit(api, "no-op", [{}], start=False)
    await api.get(f"/api/batches/{batch_id}")
    await api.get("/no/such/place")
    await api.request("PROPFIND", "/api/batches")
    page = (await api.get("/metrics")).text
    assert batch_id not in page
    requests = {
        labels: value - before.get(labels, 0) for labels, value in values(page, "tranche_http_requests_total").items()
    }
    assert requests["GET", "/api/batches/{batch_id}", "200"] == 1
    assert requests["GET", "none", "404"] == 1
    assert [labels for labels in requests if labels[0] == "other"] == [("other", "/api/batches", "405")]
    assert values(page, "tranche_http_problems_total")["method_not_allowed",] >= 1


async def test_scrapes_share_readings_and_costly_ones_are_rare(api: Api) -> None:
    read, go = 0, asyncio.Event()

    async def count(session: AsyncSession) -> Samples:
        nonlocal read
        read += 1
        await go.wait()
        return [(JOBS, ("a", "b", "waiting"), 7)]

    page = Exposition(api.installation.database, Health([]), [InstallationFigures(count, seconds=0)])
    scrapes = [asyncio.create_task(page.text()) for _ in range(3)]
    while not read:
        await asyncio.sleep(0)
    go.set()
    texts = await asyncio.gather(*scrapes)
    assert read == 1
    assert {values(one.decode(), "tranche_queue_jobs")["b", "a", "waiting"] for one in texts} == {7}
    reading = page._readings[0]
    assert reading.due_at >= reading.read_at


@pytest.mark.parametrize("away", ["refused", "hanging"])
async def test_a_page_without_the_database(api: Api, monkeypatch: pytest.MonkeyPatch, away: str) -> None:
    monkeypatch.setattr(exposition, "PATIENCE", 0.2)
    database = Database("postgresql://127.0.0.1:1/nobody") if away == "refused" else api.installation.database

    async def read(session: AsyncSession) -> Samples:
        await session.execute(text("select pg_sleep(1)"))
        return []

    page = Exposition(database, Health([]), [InstallationFigures(read)])
    began = time.monotonic()
    told = (await page.text()).decode()
    assert time.monotonic() - began < 0.9
    assert values(told, "tranche_database_up") == {(): 0}
    assert "tranche_http_requests_total" in told
    assert "process_cpu_seconds_total" in told


async def test_every_family_of_the_page_is_declared(api: Api) -> None:
    """And so it is in docs/metrics.md, and has a scope."""
    page = (await api.get("/metrics")).text
    named = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE tranche_")}
    assert named <= DECLARED.keys()


def test_each_figure_says_what_it_is(api: Api) -> None:
    def words(names: Sequence[str]) -> str:
        return ", ".join(names)

    unclear = [name for name, figure in DECLARED.items() if not figure.meaning or figure.meaning[0].islower()]
    assert not unclear, words(unclear)
    wrong = [name for name, figure in DECLARED.items() if (figure.kind == "counter") != name.endswith("_total")]
    assert not wrong, words(wrong)
