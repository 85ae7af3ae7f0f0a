"""Which process a worker is, and who has been silent for too long: no process that lives is taken for dead."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest

from app.kit.ids import new_id
from app.runner.identity import Identity
from app.runner.roll_call import COUNTED_AT_FIRST, INTERVAL, MISSED, RollCall
from app.runner.worker_repository import Heard
from tests.batch_helpers import submit
from tests.live import LiveServer
from tests.patience import patient, within
from tests.runner.test_faults import client_of, follow_through

OWN = Identity.of_this_process()
AT = datetime(2026, 1, 1, tzinfo=UTC)
WORKER = new_id()


@pytest.fixture
def own() -> Identity:
    if OWN is None:
        pytest.skip("the kernel does not say which process this is")
    return OWN


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def isolated() -> list[str]:
    """How to start a process in a PID namespace of its own."""
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("this user may not make PID namespaces")
    return command


def ticks_of(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[19])


def test_a_process_is_gone_when_it_has_ended(own: Identity, child: subprocess.Popen[bytes]) -> None:
    process = own._replace(pid=child.pid, start_ticks=ticks_of(child.pid))
    assert not own.is_gone(process)
    child.send_signal(signal.SIGSTOP)
    assert not own.is_gone(process)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert own.is_gone(process)  # its parent has not asked how it ended, so its number is still there
    child.wait()
    assert own.is_gone(process)


def test_a_number_that_was_given_again_is_another_process(own: Identity, child: subprocess.Popen[bytes]) -> None:
    assert own.is_gone(own._replace(pid=child.pid, start_ticks=ticks_of(child.pid) - 1))
    assert own.is_gone(own._replace(start_ticks=own.start_ticks - 1))
    assert not own.is_gone(own)


def test_nothing_is_said_of_what_cannot_be_seen(own: Identity, child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    gone = own._replace(pid=child.pid)
    assert own.is_gone(gone)
    assert not own.is_gone(gone._replace(namespaces="pid:[1] time:[1]"))
    assert not own.is_gone(gone._replace(boot_id=new_id()))


def heard(*, beats: int = 0, age: float = 0.0, worker_id: UUID = WORKER) -> Heard:
    return Heard(worker_id, AT + timedelta(seconds=INTERVAL * beats), age, None)


def test_a_worker_is_silent_after_five_of_our_heartbeats() -> None:
    roll_call = RollCall()
    for _ in range(MISSED):
        roll_call.note([heard()])
        assert not roll_call.is_silent(heard())
    roll_call.note([heard()])
    assert roll_call.is_silent(heard())
    assert not roll_call.is_silent(heard(beats=1))  # it was heard of since
    roll_call.note([heard(beats=1)])
    assert not roll_call.is_silent(heard(beats=1))


@pytest.mark.parametrize("age", [3600.0, -3600.0])
def test_a_clock_that_jumps_makes_nobody_silent(age: float) -> None:
    roll_call = RollCall()
    for beat in range(3 * MISSED):
        roll_call.note([heard(beats=beat, age=age)])
        assert not roll_call.is_silent(heard(beats=beat, age=age))


@pytest.mark.parametrize("age", [0.0, -3600.0, 3600.0])
def test_a_worker_that_never_says_anything_is_silent_in_the_end(age: float) -> None:
    """Where it was silent before we came, sooner; never at the first look."""
    roll_call = RollCall()
    looks = 0
    while not roll_call.is_silent(heard(age=age)):
        roll_call.note([heard(age=age)])
        looks += 1
    assert looks == 1 + MISSED - (COUNTED_AT_FIRST if age > 0 else 0)


def test_who_is_gone_is_forgotten() -> None:
    roll_call = RollCall()
    for _ in range(2 * MISSED):
        roll_call.note([heard()])
    roll_call.note([])
    assert not roll_call.is_silent(heard())


def test_who_is_seen_to_be_gone_is_told_of_with_the_next_of_our_heartbeats() -> None:
    roll_call, told = RollCall(), []
    roll_call.on_missing = lambda: told.append(len(told))
    roll_call.note([heard()])
    assert told == []
    roll_call.is_gone = lambda worker: worker.id == WORKER
    roll_call.note([heard(beats=1)])  # its last one, written before it died
    assert told == [0]


def unconnected(*, beats: int = 0) -> Heard:
    return heard(beats=beats)._replace(is_connected=False)


def test_who_has_no_connection_is_cut_off_after_two_of_our_heartbeats() -> None:
    roll_call, told = RollCall(), []
    roll_call.on_missing = lambda: told.append(len(told))
    roll_call.note([unconnected()])
    assert told == []
    assert not roll_call.is_cut_off(unconnected())
    roll_call.note([unconnected(beats=1)])
    assert told == [0]
    assert roll_call.is_cut_off(unconnected())
    assert not roll_call.is_cut_off(heard())  # it has one again
    roll_call.note([heard()])
    roll_call.note([unconnected()])
    assert not roll_call.is_cut_off(unconnected())


def test_nobody_is_cut_off_by_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between our two looks the database was away for us as well."""
    roll_call, at = RollCall(), 100.0
    monkeypatch.setattr(time, "monotonic", lambda: at)
    for _ in range(5):
        roll_call.note([unconnected()])
        at += 2 * INTERVAL
        assert not roll_call.is_cut_off(unconnected())


async def submit_until_both_run(
    api: httpx.AsyncClient, database: asyncpg.Connection[asyncpg.Record], seconds: float
) -> list[str]:
    """Batches of six jobs. One process may take all there are at first."""
    batches: list[str] = []
    async with within(40):
        while await database.fetchval("select count(*) from workers where running > 0") < 2:
            batches.append(await submit(api, "slow", [{} for _ in range(6)], params={"seconds": seconds}))
            await asyncio.sleep(0.5)
    return batches


async def test_a_worker_in_a_pid_namespace_of_its_own_beside_one_with_the_same_host_name(
    live_server: LiveServer, isolated: list[str]
) -> None:
    """As in containers that share a host name: neither sees the other's process."""
    command = [*isolated, sys.executable, "-m", "app", "worker"]
    environment = live_server.environment | {"DATABASE_URL": live_server.postgres().dsn}
    worker = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    database = await asyncpg.connect(live_server.postgres().dsn)
    try:
        assert worker.stdout
        assert "ready" in await asyncio.to_thread(worker.stdout.readline)
        async with client_of(live_server) as api:
            batches = await submit_until_both_run(api, database, 3)
            hosts = await database.fetch("select host, namespaces from workers")
            assert len({row["host"] for row in hosts}) == 1
            assert len({row["namespaces"] for row in hosts}) == 2
            logs = [await follow_through(api, batch_id) for batch_id in batches]
        types = [event["type"] for log in logs for event in log]
        assert "job.requeued" not in types
        assert types.count("job.completed") == 6 * len(batches)
    finally:
        await database.close()
        worker.kill()
        await asyncio.to_thread(worker.wait, patient(10))


@pytest.mark.parametrize("where", ["beside", "isolated"])
async def test_a_killed_worker_is_noticed_before_it_is_silent(
    live_server: LiveServer, where: str, request: pytest.FixtureRequest
) -> None:
    """By the kernel, or where its process cannot be seen by the database, which has lost its connection."""
    wrapper = request.getfixturevalue("isolated") if where == "isolated" else []
    environment = live_server.environment | {"DATABASE_URL": live_server.postgres().dsn}
    database = await asyncpg.connect(live_server.postgres().dsn)
    (serving,) = await database.fetch("select id from workers")
    command = [*wrapper, sys.executable, "-m", "app", "worker"]
    worker = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert worker.stdout
        assert "ready" in await asyncio.to_thread(worker.stdout.readline)
        async with client_of(live_server) as api:
            batches = await submit_until_both_run(api, database, 4)
            worker.kill()
            heard_of = await database.fetchval("select seen_at from workers where id <> $1", serving["id"])
            logs = [await follow_through(api, batch_id) for batch_id in batches]
        types = [event["type"] for log in logs for event in log]
        assert types.count("job.completed") == 6 * len(batches)
        requeued_at = await database.fetchval("select min(created_at) from events where type = 'job.requeued'")
        assert timedelta(seconds=2.5) <= requeued_at - heard_of < timedelta(seconds=INTERVAL * (MISSED - 1))
        assert await database.fetchval("select count(*) from workers") == 1
    finally:
        await database.close()
        worker.kill()
        await asyncio.to_thread(worker.wait, patient(10))
