"""The service without a runner: what a request wrote stays as it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

PIPELINES = Path(__file__).parent / "workloads"


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    return {"worker": "off", "pipelines_dir": PIPELINES}
