"""Each thing that a child is kept from, tried from inside a real one, whose own work then goes on."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import socket
import sqlite3
import stat
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from app.kit.sandbox.cell.confinement import Lent, seen_as
from app.kit.sandbox.cell.landlock import landlock_version
from app.kit.sandbox.cell.probe import PROTECTIONS, try_everything
from app.kit.sandbox.cell.seccomp import is_known
from app.kit.sandbox.cell.system_call_numbers import NUMBERS
from app.kit.sandbox.errors import SandboxCrashed
from app.kit.sandbox.sandbox import Sandbox
from tests.kit.cell_attempts import CALLS, FILES, LIMITS, World, attempt
from tests.patience import patient
from tests.plain_user import give, run_as_plain_user

LONG = 600.0
"""Seconds: a limit that no call here reaches."""


def call_by_number(number: int) -> int:
    return int(ctypes.CDLL(None).syscall(number, 0, 0, 0, 0, 0))


def environment() -> list[object]:
    return [dict(os.environ), os.getcwd(), os.umask(0)]


def read_database(path: str) -> object:
    from app.reports.readers.sqlite import _open

    with closing(_open(Path(path))) as database:
        return [list(row) for row in database.execute("select * from t")]


def wait_for_end() -> None:
    threading.Event().wait()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(workers=1, memory_bytes=1 << 28, cpu_seconds=10, preload=[__name__, attempt.__module__])
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("home")
    scratch = folder / "scratch"
    scratch.mkdir(0o700)
    for name in ("content", "other", "secret.key"):
        path = folder / name
        path.write_bytes(b"input")
        path.chmod(0o600)
    with socket.socket(socket.AF_UNIX) as database, socket.socket() as server:
        database.bind(str(folder / "socket"))
        database.listen()
        server.bind(("127.0.0.1", 0))
        server.listen()
        names = (folder / name for name in ("content", "scratch", "other", "secret.key", "socket"))
        yield World(str(folder), *map(str, names), server.getsockname()[1], os.getpid())


def content_and_mode(path: str) -> tuple[bytes, int]:
    return Path(path).read_bytes(), stat.S_IMODE(os.stat(path).st_mode)


def lent(world: World) -> Lent:
    return Lent((world.content,), (world.scratch,))


@pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")
@pytest.mark.parametrize("forbidden", FILES)
async def test_files_of_others_are_closed(sandbox: Sandbox, world: World, forbidden: Callable[[World], None]) -> None:
    found = await sandbox.run(attempt, FILES.index(forbidden), [*world], timeout=LONG, lent=lent(world))
    assert found in (["PermissionError", number, True] for number in (errno.EACCES, errno.EPERM))


@pytest.mark.skipif(not is_known(), reason="this kernel takes no seccomp filter, or not for this processor")
@pytest.mark.parametrize("forbidden", CALLS)
async def test_calls_are_refused(sandbox: Sandbox, world: World, forbidden: Callable[[World], None]) -> None:
    number = len(FILES) + CALLS.index(forbidden)
    found = await sandbox.run(attempt, number, [*world], timeout=LONG, lent=lent(world))
    assert found in (["PermissionError", number, True] for number in (errno.EACCES, errno.EPERM))


@pytest.mark.parametrize(("forbidden", "numbers"), LIMITS)
async def test_limits_hold(
    sandbox: Sandbox, world: World, forbidden: Callable[[World], None], numbers: set[int | None]
) -> None:
    number = len(FILES) + len(CALLS) + [each for each, _ in LIMITS].index(forbidden)
    name, code, goes_on = await sandbox.run(attempt, number, [*world], timeout=LONG, lent=lent(world))
    assert (bool(name), code in numbers, goes_on) == (True, True, True)


@pytest.mark.skipif(not is_known(), reason="this kernel takes no seccomp filter, or not for this processor")
@pytest.mark.parametrize("name", ["bpf", "unshare", "io_uring_setup", "keyctl"])
async def test_calls_that_no_reader_makes_end_the_child(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(SandboxCrashed, match="SIGSYS"):
        await sandbox.run(call_by_number, NUMBERS[os.uname().machine][name], timeout=LONG)


async def test_a_child_has_no_environment(sandbox: Sandbox) -> None:
    assert await sandbox.run(environment, timeout=LONG) == [{}, "/", 0o077]


async def test_the_kernel_says_so_too(sandbox: Sandbox) -> None:
    """Read from outside, as `ps` would."""
    call = asyncio.create_task(sandbox.run(wait_for_end, timeout=LONG))
    server = sandbox._server._running
    assert server
    children = Path(f"/proc/{server[0].pid}/task/{server[0].pid}/children")

    def confined() -> dict[str, list[str]]:
        for pid in children.read_text().split():
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            state = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
            if state.get("Seccomp") == ["2"] or (not is_known() and state["NoNewPrivs"] == ["1"]):
                return state
        return {}

    async with asyncio.timeout(patient(20)):
        while not (state := confined()):
            await asyncio.sleep(0.01)
    call.cancel()
    assert state["NoNewPrivs"] == ["1"]
    assert all(int(state[kind][0], 16) == 0 for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb"))
    if os.geteuid() == 0:
        assert len({*state["Uid"], "0"}) == 3
        assert state["Groups"] == []


async def test_two_children_have_different_users(sandbox: Sandbox) -> None:
    if os.geteuid():
        pytest.skip("the service is not root, so its children are the same user")
    assert (await sandbox.run(os.getresuid, timeout=LONG))[0] != (await sandbox.run(os.getresuid, timeout=LONG))[0]


async def test_an_input_stays_as_it_was(sandbox: Sandbox, world: World) -> None:
    await sandbox.run(attempt, 0, [*world], timeout=LONG, lent=lent(world))
    assert content_and_mode(world.content)[0] == b"input"
    assert content_and_mode(world.content)[1] & 0o177 == 0


@pytest.mark.parametrize("journal", ["delete", "wal"])
async def test_databases_are_read_through_closed_folders(sandbox: Sandbox, tmp_path: Path, journal: str) -> None:
    path = tmp_path / "rows.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"pragma journal_mode = {journal}")
        database.execute("create table t as select 1 as a, 'x' as b")
        database.commit()
        database.execute("pragma wal_checkpoint")
    found = await sandbox.run(read_database, str(path), timeout=LONG, lent=Lent((str(path),)))
    assert found == [[1, "x"]]


def test_arguments_name_what_was_lent_as_the_child_sees_it() -> None:
    names = {"/data/a": "/proc/self/fd/5", "/data/s": "/proc/self/fd/6"}
    given = ["/data/a", {"p": Path("/data/s/part")}, ("/data/ab", 3), b"/data/a"]
    wanted = ["/proc/self/fd/5", {"p": Path("/proc/self/fd/6/part")}, ("/data/ab", 3), b"/data/a"]
    assert seen_as(given, names) == wanted


async def test_every_protection_holds_where_the_kernel_has_them(sandbox: Sandbox) -> None:
    held = await sandbox.run(try_everything, timeout=LONG)
    assert held.keys() == PROTECTIONS.keys()
    if landlock_version() and is_known():
        assert {name for name, holds in held.items() if not holds} <= {"threads"}


AS_PLAIN_USER = """
import asyncio
from app.kit.sandbox.sandbox import Sandbox
from app.kit.sandbox.cell.confinement import Lent
from app.kit.sandbox.cell.probe import try_everything
from tests.kit import cell_attempts
async def run():
    folder = Path({folder!r})
    values = [str(folder / name) for name in ("", "content", "scratch", "other", "secret.key", "socket")]
    sandbox = Sandbox(workers=1, memory_bytes=1 << 28, cpu_seconds=10)
    await sandbox.start()
    held = await sandbox.run(try_everything, [values[3], values[4]], timeout=60)
    lent = Lent((values[1],), (values[2],))
    tries = [await sandbox.run(cell_attempts.attempt, number, [*values, 0, os.getpid()], timeout=60, lent=lent)
             for number in range(len(cell_attempts.FILES) + len(cell_attempts.CALLS))]
    print([name for name in held if not held[name]], [tried for tried in tries if [tried[0], tried[2]] != {expected!r}])
    await sandbox.stop()
asyncio.run(run())
"""


@pytest.mark.skipif(not landlock_version() or not is_known(), reason="this kernel lacks Landlock or seccomp")
def test_a_plain_users_children_are_closed_in_as_well() -> None:
    with tempfile.TemporaryDirectory(prefix="tranche-cell-") as name:
        folder = Path(name)
        (folder / "scratch").mkdir(0o700)
        for each in ("content", "other", "secret.key"):
            (folder / each).write_bytes(b"input")
            (folder / each).chmod(0o600)
        give(folder)
        done = run_as_plain_user(AS_PLAIN_USER.format(folder=name, expected=["PermissionError", True]))
    assert done.stdout in ("[] []\n", "['threads'] []\n"), done.stdout + done.stderr
