"""Where a secret could be found: what commands say, processes, files, dumps and backups."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path

from app.kit.postgres.programs import find_binaries
from tests import processes
from tests.audit.sentinels import Sentinels
from tests.live import LiveServer


def run_commands(server: LiveServer, planted: Sentinels) -> dict[str, bytes]:
    """What the command line says, beside the running service."""
    said = {}
    for words in (
        "doctor",
        "doctor --json",
        "audit",
        "users list",
        "organisations list",
        "keys list",
        "organisations limit Default",
        f"organisations export Default {server.home / 'exported'}",
        "users invite Bob",
        "sign-in",
        "keys create another",
        "migrate nothing",
    ):
        done = processes.run(words.split(), server.environment, server.home)
        output = (done.stdout + done.stderr).encode()
        if words in ("users invite Bob", "sign-in", "keys create another"):  # which tell a secret, this once
            assert done.returncode == 0, done.stderr
            told = max(done.stdout.replace("=", " ").replace("\n", " ").split(), key=len)
            planted.add(f"what `{words}` told", told)
        else:
            said[f"tranche {words}"] = output
    said |= {str(path): path.read_bytes() for path in (server.home / "exported").rglob("*") if path.is_file()}
    return said


def processes_of(server: LiveServer) -> dict[str, bytes]:
    """Command lines of the service, of PostgreSQL and of all processes below them; environments of all but the service,
    which was given its settings there."""
    parents = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    assert server.process
    database = server.postgres().postmaster_pid()
    assert database
    found, below = {}, {server.process.pid, database}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    for one in below:
        for name in ("cmdline", "environ") if one != server.process.pid else ("cmdline",):
            with suppress(OSError):
                command = Path(f"/proc/{one}/comm").read_text().strip()
                found[f"/proc/{one}/{name}: {command}"] = Path(f"/proc/{one}/{name}").read_bytes()
    return found


def everything_in(home: Path) -> dict[str, bytes]:
    """Every file of the installation but those that are there to hold secrets, and what was told to this test."""
    kept = {"secret.key", "admin.key", "file_secret.key"}
    files = (path for path in home.rglob("*") if path.is_file() and not path.is_symlink() and path.name not in kept)
    return {str(path): path.read_bytes() for path in files}


def dump(server: LiveServer) -> bytes:
    command: list[str | Path] = [find_binaries() / "pg_dump", f"--dbname={server.postgres().dsn}"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def backup(server: LiveServer) -> dict[str, bytes]:
    folder = server.home / "kept"
    done = processes.run(["backup", str(folder)], server.environment, server.home)
    assert done.returncode == 0, done.stderr
    files = {f"backup {path.name}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    restore: list[str | Path] = [find_binaries() / "pg_restore", "--file=-", folder / "database.dump"]
    plain = subprocess.run(restore, capture_output=True, check=True).stdout
    return files | {"backup, as text": plain, "tranche backup": (done.stdout + done.stderr).encode()}
