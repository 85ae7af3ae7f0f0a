"""What tests of signing in with a provider share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.accounts.openid_provider import Provider, serving_provider


@pytest.fixture(scope="module")
async def running_provider() -> AsyncIterator[Provider]:
    async with serving_provider() as provider:
        yield provider


@pytest.fixture
def provider(running_provider: Provider) -> Provider:
    """The provider as it should be."""
    running_provider.reset()
    return running_provider
