"""Who may read /metrics, and that nobody is told of other tenants' workers and jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from tests.auth.people import caller, key_of
from tests.batch_helpers import submit
from tests.conftest import Api, fresh_database, make_settings, serving
from tests.database import PostgresServer

pytestmark = pytest.mark.own_service
TOKEN = "a-token-for-the-scraper"


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code") if answer.status_code >= 400 else None


async def test_without_a_token_programs_on_this_machine_and_operators_read(api: Api) -> None:
    async with caller(api) as local:
        assert (await local.get("/metrics")).status_code == 200
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
            answer = await local.get("/metrics", headers={header: "127.0.0.1"})
            assert told(answer) == (401, "not_signed_in"), header
    assert (await api.get("/metrics", headers={"X-Forwarded-For": "203.0.113.5"})).status_code == 200
    async with caller(api, await key_of(api, "Second")) as admin:
        assert told(await admin.get("/metrics")) == (403, "permission_missing")


@pytest.fixture(scope="module")
async def with_token(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> AsyncIterator[Api]:
    home: Path = tmp_path_factory.mktemp("token")
    async with fresh_database(postgres) as url:
        settings = make_settings(home, url, metrics_token=SecretStr(TOKEN), worker="off")
        async with serving(settings) as api:
            yield api


async def test_with_a_token_nobody_reads_without_it_but_operators(with_token: Api) -> None:
    assert (await with_token.get("/metrics")).status_code == 200
    async with caller(with_token) as local:
        assert told(await local.get("/metrics")) == (401, "not_signed_in")
    async with caller(with_token, TOKEN) as scraper:
        assert (await scraper.get("/metrics")).status_code == 200
        assert told(await scraper.get("/api/workers")) == (401, "invalid_key")
    async with caller(with_token, TOKEN[:-1]) as wrong:
        assert told(await wrong.get("/metrics")) == (401, "invalid_key")


async def test_tenants_are_not_told_of_workers_and_of_the_jobs_of_others(api: Api) -> None:
    busy = await submit(api, "slow", [{}], params={"seconds": 0, "gate": "never"})
    async with caller(api, await key_of(api, "Second")) as second:
        waiting = await submit(second, "no-op", [{}], start=False)
        for client, batch_id, shown in ((second, waiting, False), (api, busy, True)):
            answer = await client.get(f"/api/batches/{batch_id}/waiting")
            assert bool(answer.json()["workers"]) == shown
            assert ('"pid"' in answer.text, '"host"' in answer.text) == (shown, shown)
        status = (await second.get("/api/status")).json()
        assert status["slots"]["used"] == 0
    await api.post(f"/api/batches/{busy}/cancel")
