"""Starts of `tranche` in odd surroundings: what is given them, and what came of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from app.kit.postgres.server import EmbeddedPostgres
from tests import processes
from tests.patience import patient

ROOT = Path(__file__).resolve().parent.parent
Done = subprocess.CompletedProcess[str]
STARTED = re.compile(r"http://\S+/sign-in\?token=\S+\n")
"""What `tranche sign-in` prints: it needs the data folder, the database, its schema and the first administrator."""
CLEAN = {"PATH": os.environ["PATH"]}
as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root becomes others, mounts, and runs PostgreSQL as another"
)


def end_what_names(folder: Path) -> int:
    """Kill the processes that were started with a path in this folder; how many there were."""
    found = 0
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if f"{folder}/".encode() in command.read_bytes():
                os.kill(int(command.parent.name), signal.SIGKILL)
                found += 1
    return found


def copy_of(used_home: Path, home: Path) -> Path:
    """A data folder with a migrated database and an administrator: to make one takes seconds."""
    home.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", "--", used_home, home], check=True)
    return home


def tranche(home: Path, *arguments: str, **environment: str) -> Done:
    folder = home.parent if home.parent.is_dir() else Path("/")
    done = processes.run([*arguments], CLEAN | {"TRANCHE_HOME": str(home)} | environment, folder)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def wrapped(wrapper: list[str], home: Path, *arguments: str) -> Done:
    """The same inside another program, which makes the machine another one."""
    command = [*wrapper, sys.executable, "-m", "app", *arguments]
    environment = CLEAN | {"TRANCHE_HOME": str(home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=patient(60))
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def has_started(done: Done, home: Path) -> None:
    assert done.returncode == 0, done.stderr
    assert STARTED.fullmatch(done.stdout)
    assert EmbeddedPostgres(home).postmaster_pid() is None


def is_refused(done: Done, said: str, code: int = 1) -> None:
    """One sentence, of which further lines are PostgreSQL's own words."""
    assert done.returncode == code, done.stdout + done.stderr
    first, *others = done.stderr.splitlines()
    assert said.lower() in done.stderr.replace("\n", " ").lower(), done.stderr
    assert code == 2 or all(line.startswith("    ") for line in others), done.stderr
    assert first[:1] == first[:1].upper()
