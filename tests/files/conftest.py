"""The service with small limits and without a runner, so that nothing but the upload itself moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

MIB = 1024 * 1024
LIMITS = {"max_upload_bytes": 8 * MIB, "max_file_bytes": 4 * MIB, "max_files": 50}
PIPELINES = Path(__file__).parent.parent / "batches" / "workloads"


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    return {"worker": "off", "pipelines_dir": PIPELINES} | LIMITS
