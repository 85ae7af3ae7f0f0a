"""Runs Python as a user without rights, where the tests themselves are root."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from app.kit.sandbox.cell.opened_code import open_code
from app.kit.sandbox.cell.users import in_a_process

NAME = "nobody"
ROOT = Path(__file__).resolve().parents[1]
BECOME = f"""
import os, pwd, sys
from pathlib import Path
from app.kit.sandbox.cell.opened_code import open_code
user = pwd.getpwnam({NAME!r})
# The tests' Python may lie in a folder of root's alone.
open_code([Path(sys.base_prefix), Path(sys.prefix), Path({str(ROOT)!r})])
os.setgroups([]); os.setresgid(*[user.pw_gid] * 3); os.setresuid(*[user.pw_uid] * 3)
"""


def give(folder: Path) -> None:
    """The folder and what is in it, to the plain user."""
    user = pwd.getpwnam(NAME)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)


def run_as_plain_user(script: str) -> subprocess.CompletedProcess[str]:
    """What became of the script. The test is skipped where nobody can be made a plain user."""
    if os.geteuid() or not in_a_process(lambda: open_code([Path(sys.base_prefix)])):
        pytest.skip("only root can become another user, and the other tests have run as a plain one")
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", BECOME + script]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
