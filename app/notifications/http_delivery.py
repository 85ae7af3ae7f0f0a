"""One try of one webhook: signed, sent to an address that was checked, and answered or not."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final
from uuid import UUID

import httpx
from standardwebhooks import Webhook

from app.kit.outbound.addresses import parse_url
from app.kit.outbound.client import UrlNotAllowed, retry_after
from app.kit.outbound.reading import read_beginning
from app.kit.secrets.values import HIDDEN
from app.notifications.sender import ClaimedMessage
from app.notifications.service import message_id

log = logging.getLogger("tranche.webhooks")
TIMEOUT_SECONDS: Final = 15.0
EXCERPT_BYTES: Final = 1000
EXCERPT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class WebhookMessage(ClaimedMessage):
    """One delivery, ready to be sent. `hidden`: texts of it that are not shown, nor where the answer repeats them."""

    delivery_id: UUID
    endpoint_id: UUID
    url: str = field(repr=False)
    body: str = field(repr=False)
    secrets: Sequence[str] = field(repr=False)
    hidden: frozenset[str] = field(repr=False)
    attempts: int
    tries: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try. `status`: HTTP's, None without an answer. `excerpt`: the beginning of the body."""

    milliseconds: int
    status: int | None = None
    error: str | None = None
    excerpt: str | None = None
    wait: float | None = None


async def post(client: httpx.AsyncClient, message: WebhookMessage) -> Answer:
    """Send once. It never raises for what the receiver or the network does."""
    began = time.monotonic()
    try:
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            client.stream(
                "POST",
                parse_url(message.url),
                content=message.body.encode(),
                headers=signed_headers(message),
                timeout=TIMEOUT_SECONDS,
                follow_redirects=False,
            ) as response,
        ):
            milliseconds = int((time.monotonic() - began) * 1000)
            status = response.status_code
            error = None if response.is_success else f"HTTP_{status}: the receiver answered with status {status}"
            wait = retry_after(response.headers.get("Retry-After", "")) if status in (429, 503) else None
            # For the owner. The status is known by now, so nothing that happens here is a failure.
            beginning = await read_beginning(response, EXCERPT_BYTES, EXCERPT_SECONDS)
            excerpt = beginning.decode(errors="replace").replace("\x00", "\ufffd")
            for secret in message.hidden:
                excerpt = excerpt.replace(secret, HIDDEN)
            return Answer(milliseconds, status, error, excerpt or None, wait)
    except UrlNotAllowed as refused:
        error = f"{refused.code}: {refused}"
    except (TimeoutError, httpx.TimeoutException):
        error = f"TIMEOUT: no answer within {TIMEOUT_SECONDS:g} seconds"
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError):
        error = "NETWORK_ERROR: the connection failed"
    except Exception:  # counts as a try, or it would be sent again without end
        log.exception("delivery %s could not be sent", message.delivery_id)
        error = "UNEXPECTED_ERROR: the message could not be sent; it has been logged"
    return Answer(int((time.monotonic() - began) * 1000), error=error)


def signed_headers(message: WebhookMessage) -> dict[str, str]:
    """The headers of one try: the same id each time, the present moment, a signature for each secret that counts."""
    now, name = datetime.now(UTC), message_id(message.delivery_id)
    return {
        "Content-Type": "application/json",
        "User-Agent": f"Tranche/{version('tranche')}",
        "Accept-Encoding": "identity",
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(name, now, message.body) for secret in message.secrets),
    }
