"""The service with small limits and without a runner, so that nothing but the upload itself moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Api, make_settings, serving

MIB = 1024 * 1024
LIMITS = {"max_upload_bytes": 8 * MIB, "max_file_bytes": 4 * MIB, "max_files": 50}
PIPELINES = Path(__file__).parent.parent / "batches" / "workloads"


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str) -> AsyncIterator[Api]:
    settings = make_settings(home, database_url, worker="off", pipelines_dir=PIPELINES, **LIMITS)
    async with serving(settings) as client:
        yield client
