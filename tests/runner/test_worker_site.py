"""A worker answers /healthz, /readyz and /metrics on a port of its own."""

from __future__ import annotations

import asyncio
import os

import httpx
import pytest

from app.commands.worker_site import PORTS, listen_as_set
from app.kit.service import CannotStart
from app.runner.settings import RunnerSettings
from tests.batch_helpers import run
from tests.conftest import WORKLOADS, Api
from tests.patience import patient
from tests.processes import Process

pytestmark = pytest.mark.own_service


@pytest.fixture(scope="module")
def settings_values() -> dict[str, object]:
    return {"worker": "off"}


def settings(**values: object) -> RunnerSettings:
    return RunnerSettings.model_validate(values)


def test_workers_of_one_machine_take_ports_that_are_free() -> None:
    first, second = listen_as_set(settings()), listen_as_set(settings())
    assert first
    assert second
    with first, second:
        ports = [listener.getsockname()[1] for listener in (first, second)]
        assert ports[0] != ports[1]
        assert set(ports) <= set(PORTS)
        with pytest.raises(CannotStart, match=f"listen on 127.0.0.1:{ports[0]}"):
            listen_as_set(settings(worker_port=ports[0]))


def test_none_is_taken_where_none_is_wanted() -> None:
    assert listen_as_set(settings(worker_port=0)) is None


@pytest.mark.parametrize("token", ["", "a-token-for-the-scraper"])
async def test_a_worker_says_how_it_is(api: Api, token: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRANCHE_")} | {
        "TRANCHE_HOME": str(api.settings.home),
        "DATABASE_URL": api.installation.database.dsn,
        "TRANCHE_PIPELINES_DIR": str(WORKLOADS),
        "TRANCHE_METRICS_TOKEN": token,
    }
    worker = Process(["worker"], environment)
    try:
        assert worker.stdout
        line = await asyncio.to_thread(worker.stdout.readline)
        address = line.split()[-1]
        assert line.endswith(f"worker is ready at {address}\n")
        await run(api, "no-op", [{}])
        async with httpx.AsyncClient(base_url=address, timeout=patient(20)) as local:
            assert (await local.get("/healthz")).json() == {"status": "ok"}
            ready = (await local.get("/readyz")).json()
            assert (ready["status"], ready["runner"]) == ("ready", "embedded")
            assert (await local.get("/api/batches")).status_code == 404
            allowed = {"Authorization": f"Bearer {token}"} if token else {}
            page = (await local.get("/metrics", headers=allowed)).text
            assert 'tranche_jobs_ended_total{code="",pipeline="no-op",status="completed"} 1.0' in page
            assert "tranche_runner_slots 256.0" in page
            assert "tranche_workers{" in page
            refused = {"Authorization": "Bearer wrong-token-0000"} if token else {"X-Forwarded-For": "192.0.2.1"}
            answer = await local.get("/metrics", headers=refused)
            assert answer.status_code == 401
            operator = {"Authorization": f"Bearer {api.key}"}
            assert (await local.get("/metrics", headers=operator | {"Via": "1.1 proxy"})).status_code == 200
    finally:
        worker.terminate()
        assert await asyncio.to_thread(worker.wait, patient(30)) == 0
