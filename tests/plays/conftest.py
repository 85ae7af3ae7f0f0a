"""The service with providers of data that the tests hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from tests.plays.providers import Providers


@pytest.fixture(scope="session")
async def providers() -> AsyncIterator[Providers]:
    async with Providers() as running:
        yield running


@pytest.fixture(scope="module")
def settings_values(providers: Providers) -> dict[str, Any]:
    return {
        "outbound_allow": "127.0.0.1",
        "hubspot_url": providers.url,
        "hubspot_token": SecretStr("hubspot-token"),
        "data_provider_url": providers.url + "/data/{{type}}?lead={{lead}}",
        "data_provider_token": SecretStr("data-token"),
    }
