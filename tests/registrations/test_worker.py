"""A worker in a process of its own, killed between the platform's success and our commit; and whose token it sends."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.batch_helpers import follow
from tests.conftest import Api, make_settings, serving
from tests.patience import patient, within
from tests.processes import Process
from tests.registrations.conftest import TOKEN, Platform
from tests.registrations.menus import add_restaurant
from tests.registrations.test_registrations import PLAIN, create, read, register


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str, whole_platform: Platform) -> AsyncIterator[Api]:
    """The service without a worker, with the settings that its workers have."""
    own = {"platform_url": whole_platform.url, "platform_token": SecretStr(TOKEN)}
    async with serving(make_settings(home, database_url, worker="off", **own)) as client:
        yield client


@asynccontextmanager
async def worker(api: Api, **environment: str) -> AsyncIterator[Process]:
    """A running worker on the service's database; what is left of it is ended."""
    database = api.settings.database_url
    assert database
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRANCHE_", "DATABASE_URL"))}
    own = {"TRANCHE_HOME": str(api.settings.home), "DATABASE_URL": database.get_secret_value()}
    process = Process(["worker"], clean | own | environment)
    try:
        assert process.stdout
        assert "ready" in await asyncio.to_thread(process.stdout.readline)
        yield process
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, patient(30))


async def test_kill_9_between_the_platforms_success_and_our_commit(api: Api, platform: Platform) -> None:
    one = await add_restaurant(api, "Killed Midway")
    platform.fail(kind="hold", step="account", times=1, seconds=5)
    batch_id = await create(api, [one], start=True)
    environment = {"TRANCHE_PLATFORM_URL": platform.url, "TRANCHE_PLATFORM_TOKEN": TOKEN}
    async with worker(api, **environment) as first:
        async with within(30):
            while not platform.accounts.opened:
                await asyncio.sleep(0.02)
        assert (await read(api, batch_id))["jobs"][0]["stage"] == "account"
        first.kill()
        await asyncio.to_thread(first.wait, patient(10))
    async with worker(api, **environment):
        events = await follow(api, batch_id)
    assert "job.requeued" in [event["type"] for event in events]
    batch = await read(api, batch_id)
    job = batch["jobs"][0]
    assert (batch["status"], job["attempt"] > 1) == ("completed", True)
    assert platform.keys_of("Killed Midway", "account") == [f"{job['id']}:account"] * 2
    assert platform.steps_of("Killed Midway") == ["account", *PLAIN]
    assert [account.name for account in platform.accounts.opened] == ["Killed Midway"]


async def test_the_platform_of_a_caller_is_never_sent_the_operators_token(api: Api, platform: Platform) -> None:
    """The safe client is let into this machine here, so that a caller's own platform can be this one."""
    ids = [await add_restaurant(api, name) for name in ("Own Platform", "Wrong Token")]
    environment = {"TRANCHE_PLATFORM_URL": "http://127.0.0.1:9", "TRANCHE_PLATFORM_TOKEN": TOKEN}
    async with worker(api, TRANCHE_OUTBOUND_ALLOW="127.0.0.1", **environment):
        own = {"base_url": platform.url, "auth": {"token": f"Bearer {TOKEN}"}}
        right = await register(api, ids[:1], common_config=own)
        wrong = await register(api, ids[1:], common_config=own | {"auth": {"token": "Bearer wrong"}})
        none = await register(api, ids[1:], common_config={"base_url": platform.url})
    assert right["status"] == "completed"
    for batch in (wrong, none):
        job = batch["jobs"][0]
        assert (job["error_code"], job["error_message"]) == (
            "UPSTREAM_4XX",
            "The platform answered 401 to POST /accounts: this token is not known",
        )
