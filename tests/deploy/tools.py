"""The tools that deploy/ is held against, in a virtual environment of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.processes import ROOT


def tools_python() -> Path:
    """Its interpreter; installs what is missing, and skips the test where that cannot be."""
    done = subprocess.run([ROOT / "script" / "deploy-tools"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"script/deploy-tools could not install the tools: {done.stderr}"[:500])
    return ROOT / ".venv" / "deploy" / "bin" / "python"
