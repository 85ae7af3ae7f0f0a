"""The receiver of docs/webhooks.md: what it takes and what it refuses, and that the page shows it as it is."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.batch_helpers import run
from tests.conftest import Api
from tests.notifications.outbox import recorded

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "webhook_receiver.py"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(32)).decode()
BODY = b'{"type":"batch.completed","data":{"message":"done"}}'
NOW = int(time.time())


@pytest.fixture(scope="module")
def verify() -> Callable[..., Any]:
    spec = importlib.util.spec_from_file_location("webhook_receiver", EXAMPLE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[..., Any] = module.verify
    return found


def signed(*secrets: str, at: int = NOW, body: bytes = BODY) -> dict[str, str | None]:
    moment = datetime.fromtimestamp(at, UTC)
    signatures = [Webhook(secret).sign("msg_1", moment, body.decode()) for secret in secrets]
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": " ".join(signatures)}


@pytest.mark.parametrize("off", [-300, -1, 0, 299])
def test_a_genuine_message_is_taken(verify: Callable[..., Any], off: int) -> None:
    assert verify(BODY, signed(SECRET, at=NOW + off), SECRET, now=NOW)["type"] == "batch.completed"
    assert verify(BODY, signed(OTHER, SECRET, at=NOW + off), SECRET, now=NOW)


@pytest.mark.parametrize(
    ("body", "headers", "secret"),
    [
        (BODY, signed(SECRET, at=NOW - 301), SECRET),
        (BODY, signed(SECRET, at=NOW + 301), SECRET),
        (BODY + b" ", signed(SECRET), SECRET),
        (BODY.replace(b"done", b"gone"), signed(SECRET), SECRET),
        (BODY, signed(SECRET), OTHER),
        (BODY, signed(SECRET) | {"webhook-id": "msg_2"}, SECRET),
        (BODY, signed(SECRET) | {"webhook-timestamp": str(NOW + 1)}, SECRET),
        (BODY, signed(SECRET) | {"webhook-signature": "v1,"}, SECRET),
        (BODY, signed(SECRET) | {"webhook-signature": None}, SECRET),
        (BODY, signed(SECRET) | {"webhook-timestamp": None}, SECRET),
        (BODY, signed(SECRET) | {"webhook-timestamp": "²"}, SECRET),
        (BODY, signed(SECRET) | {"webhook-id": None}, SECRET),
    ],
)
def test_anything_else_is_refused(
    verify: Callable[..., Any], body: bytes, headers: dict[str, str | None], secret: str
) -> None:
    with pytest.raises(ValueError, match=r"webhook|old|signature"):
        verify(body, headers, secret, now=NOW)


def test_the_comparison_takes_constant_time_and_the_page_shows_the_example() -> None:
    example = EXAMPLE.read_text("utf-8")
    assert "hmac.compare_digest(" in example
    assert f"```python\n{example}```" in (ROOT / "docs" / "webhooks.md").read_text("utf-8")


async def test_it_receives_from_the_service(api: Api) -> None:
    webhook = (await api.post("/api/webhooks", json={"url": "http://127.0.0.1/", "enabled": False})).json()
    environment = os.environ | {"WEBHOOK_SECRET": webhook["secret"], "PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, EXAMPLE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, env=environment
    )
    try:
        assert process.stdout
        port = int((await process.stdout.readline()).split()[-1])
        change = {"url": f"http://127.0.0.1:{port}/", "enabled": True}
        assert (await api.patch(f"/api/webhooks/{webhook['id']}", json=change)).status_code == 200
        await run(api, "no-op", [{}], name="First")
        assert await process.stdout.readline() == b'batch.completed "First" is done\n'
        delivery = await recorded(api, webhook["id"], 1)
        await api.post(f"/api/webhooks/{webhook['id']}/deliveries/{delivery['id']}/redeliver")
        assert (await recorded(api, webhook["id"], 2))["status"] == "delivered"
        await run(api, "no-op", [{}], name="Second")
        assert b"Second" in await process.stdout.readline(), "what came again was told once"
    finally:
        process.terminate()
        await process.wait()
        await api.delete(f"/api/webhooks/{webhook['id']}")
