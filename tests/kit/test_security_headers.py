"""Over https browsers are told to come by https only, and where the operator wants it, to hosts below this one too."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import Response

from app.kit.web.security_headers import SecurityHeaders


@pytest.mark.parametrize(
    ("seconds", "subdomains", "told"),
    [(60, False, "max-age=60"), (60, True, "max-age=60; includeSubDomains"), (0, True, None)],
)
async def test_strict_transport_security(seconds: int, subdomains: bool, told: str | None) -> None:
    app = SecurityHeaders(Response("."), hsts_seconds=seconds, hsts_subdomains=subdomains)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        assert (await client.get("https://host/")).headers.get("Strict-Transport-Security") == told
        assert "Strict-Transport-Security" not in (await client.get("http://host/")).headers
