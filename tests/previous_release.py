"""The release before this one: where it is, and its wheel, built from the history of this checkout.

At a release COMMIT and HEAD become those of the version that it follows. Nothing else names them.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
COMMIT: Final = "66fbddd172b0f49494ac26e3637b8b5957a08556"
HEAD: Final = "tranche_0020"
"""Its newest migration."""


def unpack_previous_release(folder: Path) -> Path:
    """The folder with its wheel unpacked as `pip install --target` does; the test is skipped in a clone without it."""
    archive = subprocess.run(["git", "archive", "--format=tar", COMMIT], cwd=ROOT, capture_output=True)
    if archive.returncode:
        pytest.skip(f"this clone has no commit {COMMIT}, the release before")
    source, place = folder / "source", folder / "installed"
    source.mkdir()
    subprocess.run(["tar", "-x", "-C", source], input=archive.stdout, check=True)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(place)
    return place
