"""The service beside the example's ordering platform, both in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import SecretStr

from app.commands.server import listen
from examples.ordering_platform.accounts import Accounts
from examples.ordering_platform.faults import Fault, Faults
from examples.ordering_platform.platform import create_platform

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TOKEN = "the-token-of-the-platform"


class Platform:
    """The running platform: its address, what it keeps, and the faults that can be switched on."""

    def __init__(self, url: str, accounts: Accounts, faults: Faults) -> None:
        self.url, self.accounts, self.faults = url, accounts, faults

    def fail(self, **fault: object) -> None:
        self.faults.active.append(Fault.model_validate(fault))

    def steps_of(self, restaurant: str) -> list[str]:
        """Which effects were asked for, in order."""
        return [step for _, step, name in self.faults.calls if name == restaurant]

    def keys_of(self, restaurant: str, step: str) -> list[str]:
        return [key for key, of, name in self.faults.calls if (of, name) == (step, restaurant)]


@asynccontextmanager
async def running_platform(token: str | None = TOKEN) -> AsyncIterator[Platform]:
    app, listener = create_platform(token), listen("127.0.0.1", 0)
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield Platform(f"http://127.0.0.1:{listener.getsockname()[1]}", app.state.accounts, app.state.faults)
    server.should_exit = True
    await task


@pytest.fixture(scope="session")
async def shared_platform() -> AsyncIterator[Platform]:
    async with running_platform() as platform:
        yield platform


@pytest.fixture(scope="module")
def whole_platform(shared_platform: Platform) -> Platform:
    """The platform without the accounts of modules before."""
    shared_platform.accounts.opened.clear()
    return shared_platform


@pytest.fixture
def platform(whole_platform: Platform) -> Platform:
    """The module's platform without faults and without a past; accounts stay."""
    whole_platform.faults.active.clear()
    whole_platform.faults.calls.clear()
    return whole_platform


@pytest.fixture(scope="module")
def settings_values(whole_platform: Platform) -> dict[str, Any]:
    return {
        "platform_url": whole_platform.url,
        "platform_token": SecretStr(TOKEN),
        "pipelines_dir": EXAMPLES / "registrations",
    }
