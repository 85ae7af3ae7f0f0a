"""The services that sheets are read by: with an AI provider, and with files on the network beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Api, make_settings, serving
from tests.extractions.ai_server import AiServer, serving_ai
from tests.kit.web_server import Server
from tests.kit.web_server import serving as serving_files


@pytest.fixture
async def ai() -> AsyncIterator[AiServer]:
    async with serving_ai() as server:
        yield server


@pytest.fixture
async def reader(ai: AiServer, home: Path, database_url: str) -> AsyncIterator[Api]:
    """The service with a provider."""
    settings = make_settings(
        home, database_url, ai_provider="anthropic", ai_model="a-model", ai_key="the-key", ai_base_url=ai.url
    )
    async with serving(settings) as client:
        yield client
        await client.installation.database.stop()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving_files(Server()) as server:
        yield server


@pytest.fixture
async def intranet(home: Path, database_url: str) -> AsyncIterator[Api]:
    """The service where loopback is allowed, as an operator may allow an intranet."""
    async with serving(make_settings(home, database_url, outbound_allow="127.0.0.1, files.intranet")) as client:
        yield client
