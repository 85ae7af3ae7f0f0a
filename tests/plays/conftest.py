"""The service with providers of data that the tests hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.conftest import Api, make_settings, serving
from tests.plays.providers import Providers


@pytest.fixture(scope="module")
async def providers() -> AsyncIterator[Providers]:
    async with Providers() as running:
        yield running


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str, providers: Providers) -> AsyncIterator[Api]:
    settings = make_settings(
        home,
        database_url,
        outbound_allow="127.0.0.1",
        hubspot_url=providers.url,
        hubspot_token=SecretStr("hubspot-token"),
        data_provider_url=providers.url + "/data/{{type}}?lead={{lead}}",
        data_provider_token=SecretStr("data-token"),
    )
    async with serving(settings) as client:
        yield client
