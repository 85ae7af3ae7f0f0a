"""The embedded PostgreSQL: adopted, started again, and stopped by the last who uses it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from app.kit.postgres.server import EmbeddedPostgres
from app.kit.postgres.system_user import FALLBACK
from tests.conftest import make_home
from tests.live import LiveServer
from tests.patience import patient
from tests.plain_user import give, run_as_plain_user

USER = """
import asyncio, sys
from pathlib import Path
from app.kit.postgres.server import EmbeddedPostgres
async def run():
    server = EmbeddedPostgres(Path(sys.argv[1]))
    await server.start()
    print(server.postmaster_pid(), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await server.stop()
asyncio.run(run())
"""


class User:
    """A process that uses the embedded PostgreSQL of a home."""

    def __init__(self, home: Path) -> None:
        command = [sys.executable, "-c", USER, str(home)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.postmaster = int(self.process.stdout.readline())

    def leave(self) -> None:
        """End in good order."""
        self.process.communicate("\n", timeout=patient(30))

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=patient(10))


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data folder that every test leaves with its server stopped."""
    folder = make_home()
    yield folder
    server = LiveServer(folder, folder)
    server.destroy()
    shutil.rmtree(server.postgres().socket_dir, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def wait_until(holds: Callable[[], object]) -> float:
    began, seconds = time.monotonic(), patient(15)
    while not holds():
        assert time.monotonic() - began < seconds, f"did not come about in {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - began


async def answer(server: EmbeddedPostgres) -> int:
    connection = await asyncpg.connect(server.dsn, timeout=patient(5))
    try:
        return int(await connection.fetchval("select count(*) from pg_database where datname = 'tranche'"))
    finally:
        await connection.close()


async def test_second_user_adopts_the_server_and_the_last_stops_it(home: Path) -> None:
    first, second = User(home), User(home)
    server = EmbeddedPostgres(home)
    assert first.postmaster == second.postmaster == server.postmaster_pid()
    first.leave()
    assert await answer(server) == 1
    second.leave()
    assert server.postmaster_pid() is None


async def test_server_outlives_a_killed_user_and_is_adopted(home: Path) -> None:
    killed = User(home)
    killed.kill()
    assert await answer(EmbeddedPostgres(home)) == 1
    server = EmbeddedPostgres(home)
    await server.start()
    assert server.postmaster_pid() == killed.postmaster
    await server.stop()
    assert server.postmaster_pid() is None


async def test_killed_server_is_started_again_with_its_rows(home: Path) -> None:
    user, server = User(home), EmbeddedPostgres(home)
    connection = await asyncpg.connect(server.dsn)
    await connection.execute("create table kept as select 7 as n")
    os.kill(user.postmaster, signal.SIGKILL)
    wait_until(lambda: server.postmaster_pid() not in (None, user.postmaster))
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("select 1")
    await server.start()
    connection = await asyncpg.connect(server.dsn)
    assert await connection.fetchval("select n from kept") == 7
    await connection.close()
    await server.stop()
    user.leave()


async def test_the_log_of_a_running_server_stays_short(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.kit.postgres.server_log.MOST_BYTES", 4000)
    server = EmbeddedPostgres(home)
    await server.start()
    log, before = server.data / "server.log", server.data / "server.log.1"
    connection = await asyncpg.connect(server.dsn)
    try:
        for number in range(8):
            said = f"number {number} {'x' * 900}"
            await connection.execute(f"do $$ begin raise warning '%', '{said}'; end $$")
            await server.turn()
            assert log.stat().st_size < 4000 + 2000
        assert "number 7" in log.read_text() + before.read_text()
        assert before.stat().st_size == 4000
        assert stat.S_IMODE(before.stat().st_mode) == 0o600
        assert before.stat().st_uid == log.stat().st_uid
        emptied = log.stat().st_size
        await connection.execute("do $$ begin raise warning 'and at its end'; end $$")
        assert "and at its end" in log.read_text()
        assert log.stat().st_size < emptied + 1000, "the server went on where it had been: a file with a hole"
    finally:
        await connection.close()
        await server.stop()


async def test_process_that_got_the_number_of_a_dead_server(home: Path) -> None:
    """After a restart of the machine or container, the lock file may name a living process that has nothing to do."""
    user, server = User(home), EmbeddedPostgres(home)
    user.kill()
    os.kill(user.postmaster, signal.SIGKILL)
    lock = server.data / "postmaster.pid"
    uid = server.user.uid if server.user else None
    other = subprocess.Popen(["bash", "-c", "exec -a postgres sleep 100"], user=uid)
    lock.write_text("\n".join([str(other.pid), *lock.read_text().split("\n")[1:]]))
    try:
        await server.start()
        assert await answer(server) == 1
        assert server.postmaster_pid() not in (None, other.pid, user.postmaster)
        assert other.poll() is None
        await server.stop()
    finally:
        other.kill()
        other.wait(patient(10))


async def test_home_with_a_long_path_is_still_closed_to_others(home: Path) -> None:
    deep = home / ("long " * 20) / ("name" * 20)
    server = EmbeddedPostgres(deep)
    try:
        await server.start()
        connection = await asyncpg.connect(server.dsn)
        assert await connection.fetchval("show listen_addresses") == ""
        assert await connection.fetchval("show data_directory") == str(deep / "postgres-18")
        await connection.close()
        assert _modes(server.socket_dir, server.data) == [0o700, 0o700]
    finally:
        await server.stop()
        shutil.rmtree(server.socket_dir, ignore_errors=True)


def _modes(*paths: Path) -> list[int]:
    return [stat.S_IMODE(path.stat().st_mode) for path in paths]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the database as another user")
def test_closed_home_stays_closed(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "data")
    assert server.folder.parent == FALLBACK
    assert server.folder != EmbeddedPostgres(closed / "other").folder
    assert _modes(closed) == [0o700]
    assert EmbeddedPostgres(home / "open").folder == home / "open"


async def methods(server: EmbeddedPostgres) -> set[str]:
    connection = await asyncpg.connect(server.dsn, timeout=patient(5))
    try:
        rows = await connection.fetch("select auth_method, error from pg_hba_file_rules")
    finally:
        await connection.close()
    assert not [row["error"] for row in rows if row["error"]]
    return {row["auth_method"] for row in rows}


async def test_only_the_service_is_let_in_by_who_it_is(home: Path) -> None:
    server = EmbeddedPostgres(home)
    await server.start()
    assert await methods(server) == {"peer", "reject"}
    if server.user:  # not even the user that the server runs as
        psql = [server.bin / "psql", "-h", server.socket_dir, "-U", "postgres", "-c", "select 1", "postgres"]
        uid = server.user.uid
        done = await asyncio.to_thread(subprocess.run, psql, user=uid, env={}, capture_output=True, text=True)
        assert "Peer authentication failed" in done.stderr
    await server.stop()


TRUSTING = """# made by an older version
local   all             all                                     trust
local   all             reader                                  scram-sha-256
host    all             all             127.0.0.1/32            trust
host    all             all             10.0.0.0  255.0.0.0     trust
local   replication     all                                     trust
"""


async def test_a_cluster_that_trusted_everybody_is_converted_while_it_runs(home: Path) -> None:
    user, server = User(home), EmbeddedPostgres(home)
    (server.data / "pg_hba.conf").write_text(TRUSTING)
    server._control("reload")
    user.kill()
    assert server.postmaster_pid() == user.postmaster
    await server.start()
    assert server.postmaster_pid() == user.postmaster
    rules = (server.data / "pg_hba.conf").read_text()
    assert not [line for line in rules.splitlines() if "trust" in line and not line.startswith("#")]
    assert "scram-sha-256" in rules
    state = (server.data / "pg_hba.conf").stat()
    assert (state.st_uid, stat.S_IMODE(state.st_mode)) == ((server.data / "PG_VERSION").stat().st_uid, 0o600)
    deadline = time.monotonic() + patient(15)
    while await methods(server) != {"peer", "scram-sha-256"}:  # the server reads its files a moment after it is told to
        assert time.monotonic() < deadline
    await server.stop()


AS_PLAIN_USER = """
import asyncio
import asyncpg
from app.kit.postgres.server import EmbeddedPostgres
async def run():
    server = EmbeddedPostgres(Path({home!r}))
    await server.start()
    connection = await asyncpg.connect(server.dsn)
    rows = await connection.fetch("select distinct auth_method from pg_hba_file_rules order by 1")
    print(await connection.fetchval("select system_user"), [row[0] for row in rows])
    await connection.close()
    await server.stop()
asyncio.run(run())
"""


def test_under_a_plain_user(home: Path) -> None:
    folder = home / "plain"
    folder.mkdir()
    give(folder)
    done = run_as_plain_user(AS_PLAIN_USER.format(home=str(folder)))
    assert done.stdout == "peer:nobody ['peer', 'reject']\n", done.stdout + done.stderr


def test_service_says_503_while_the_database_is_away_and_recovers_by_itself(live_server: LiveServer) -> None:
    with live_server.client() as api:
        check_killed_database(live_server, api)
        check_frozen_database(live_server, api)


def check_killed_database(live_server: LiveServer, api: httpx.Client) -> None:
    pid = live_server.postgres().postmaster_pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    answers: list[httpx.Response] = []

    def is_back() -> bool:
        assert api.get("/healthz").status_code == 200
        body = {"pipeline": "no-op", "items": [{"record": {}}], "start": False}
        answers.append(api.post("/api/batches", json=body))
        return {answer.status_code for answer in answers} == {201, 503}

    wait_until(is_back)
    for refused in (answer for answer in answers if answer.status_code == 503):
        assert refused.json()["code"] == "database_unavailable"
        assert refused.headers["Retry-After"] == "2"
    wait_until(lambda: api.get("/readyz").status_code == 200)


def check_frozen_database(live_server: LiveServer, api: httpx.Client) -> None:
    """Stopped like a machine that hangs: nobody refuses a connection, and nobody takes it."""
    postgres = live_server.postgres()
    pid = postgres.postmaster_pid()
    assert pid
    all_others = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
    command = [
        postgres.bin / "psql",
        "-qc",
        "select 'connected'",
        "-c",
        f"select pg_sleep(1); {all_others}",
        postgres.dsn,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as cutting:
        assert cutting.stdout
        assert any("connected" in line for line in cutting.stdout)
        os.kill(pid, signal.SIGSTOP)
        try:
            cutting.communicate(timeout=patient(10))
            answer = api.get("/api/batches")
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
            assert api.get("/healthz").status_code == 200
        finally:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: api.get("/readyz").status_code == 200)
