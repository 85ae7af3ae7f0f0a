"""The service, allowed to reach this machine, and a receiver on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Api, make_settings, serving
from tests.notifications.receiver import Receiver, receiving

Create = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str) -> AsyncIterator[Api]:
    settings = make_settings(home, database_url, outbound_allow="127.0.0.1", public_url="https://tranche.example/")
    async with serving(settings) as client:
        yield client


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def create(api: Api, receiver: Receiver) -> AsyncIterator[Create]:
    """Makes webhooks, and takes them away after the test."""
    made = []

    async def create(path: str = "/", **more: Any) -> dict[str, Any]:
        reply = await api.post("/api/webhooks", json={"url": receiver.url(path), **more})
        assert reply.status_code == 201, reply.text
        webhook: dict[str, Any] = reply.json()
        made.append(webhook["id"])
        return webhook

    yield create
    for webhook_id in made:
        await api.delete(f"/api/webhooks/{webhook_id}")
