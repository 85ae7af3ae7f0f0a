"""The service without a runner: what a request wrote stays as it was written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Api, make_settings, serving

PIPELINES = Path(__file__).parent / "workloads"


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str) -> AsyncIterator[Api]:
    async with serving(make_settings(home, database_url, worker="off", pipelines_dir=PIPELINES)) as client:
        yield client
