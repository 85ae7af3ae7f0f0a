"""One call to a JSON API, with a limit on what is read of the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import httpx

MAX_ANSWER_BYTES: Final = 1024 * 1024


class AnswerNotReadable(Exception):
    """The other side answered with something that is no JSON, or too long."""

    code = "ANSWER_NOT_READABLE"


async def call_json(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: Any = None,
    missing: bool = False,
) -> Any:
    """The answer's JSON, or None for a 404 when `missing` may be.

    Raises httpx.HTTPStatusError and httpx.TransportError, which a step's caller knows how to retry, and
    AnswerNotReadable. Redirects are followed by the client's own rules.
    """
    async with http.stream(method, url, headers=dict(headers), json=body) as response:
        if missing and response.status_code == 404:
            return None
        response.raise_for_status()
        content = bytearray()
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > MAX_ANSWER_BYTES:
                raise AnswerNotReadable(f"The answer is longer than {MAX_ANSWER_BYTES:,} bytes.")
    if not content:
        return {}
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise AnswerNotReadable("The answer is not JSON.") from None
