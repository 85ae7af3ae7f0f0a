"""The service, allowed to reach this machine, and a receiver on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.conftest import Api
from tests.notifications.receiver import Receiver, receiving

Create = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    return {"outbound_allow": "127.0.0.1", "public_url": "https://tranche.example/"}


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
