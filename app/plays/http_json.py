"""One call to a JSON API, with a limit on what is read of the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx

from app.kit.outbound.reading import exchange, read_json

MAX_ANSWER_BYTES: Final = 1024 * 1024


async def call_json(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: Any = None,
    missing: bool = False,
) -> Any:
    """The answer's JSON, {} when it is empty, or None for a 404 when `missing` may be.

    Raises httpx.HTTPStatusError and httpx.TransportError, which a step's caller knows how to retry, and
    AnswerNotReadable. Redirects are followed by the client's own rules.
    """
    response = await exchange(http, method, url, most=MAX_ANSWER_BYTES, headers=headers, json=body)
    if missing and response.status_code == 404:
        return None
    response.raise_for_status()
    return await read_json(response) if response.content else {}
