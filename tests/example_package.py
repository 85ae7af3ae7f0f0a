"""The package in examples/link_watch, installed into a folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "link_watch"


def install_example(folder: Path) -> Path:
    """Build the package from a copy outside the repository; returns the folder to put on the path of a service."""
    copy = folder / "link_watch"
    shutil.copytree(EXAMPLE, copy)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    packages = folder / "packages"
    zipfile.ZipFile(next(folder.glob("*.whl"))).extractall(packages)
    return packages
