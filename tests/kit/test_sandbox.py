"""The sandbox against real faults: bombs, spins, signals, lies on the pipe, and the death of every process involved."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import resource
import signal
import stat
import sys
import time
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import pytest
import pytest_asyncio

from app.kit.sandbox.cell.confinement import Lent
from app.kit.sandbox.errors import ChildLost, ResourceLimitExceeded, SandboxCrashed, SandboxError, SandboxTimeout
from app.kit.sandbox.sandbox import Sandbox
from app.kit.sandbox.server import HEAD
from tests.patience import patient

MIB = 1 << 20
LONG = 600
"""Seconds: a limit that no call here reaches."""


class OwnError(Exception):
    """Takes other arguments than it leaves in `args`, as errors with a code do."""

    def __init__(self, code: str, *, page: int) -> None:
        super().__init__(f"{code} on page {page}")
        self.code, self.page = code, page


def echo(*args: object) -> object:
    return args[0] if len(args) == 1 else list(args)


def bomb() -> int:
    hoard = []
    while True:
        hoard.append(bytearray(16 * MIB))  # zeroed by the kernel on first touch, so this costs no processor time


def spin() -> None:
    while True:
        pass


def hold(fifo: str) -> None:
    """Say who we are and keep the pipe open: its end tells the test that this process is gone."""
    with open(fifo, "w") as pipe:
        print(os.getpid(), file=pipe, flush=True)
        signal.pause()


def kill_self(number: int) -> None:
    os.kill(os.getpid(), number)


def fail(kind: str) -> None:
    if kind == "own":
        raise OwnError("TORN", page=3)
    if kind == "system":
        os.stat("/no/such/file")
    if kind == "foreign":
        raise zipfile.BadZipFile("not a zip")
    if kind == "undecodable":
        b"\xff".decode()
    raise SystemExit("enough")


def grow(size: int) -> bytes:
    return b"x" * size


def not_json() -> object:
    return {1, 2}


def surroundings() -> dict[str, Any]:
    names = ("RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_CPU")
    limits = {name: list(resource.getrlimit(getattr(resource, name))) for name in names}
    files = [os.readlink(f"/proc/self/fd/{number}") for number in (0, 1, 2)]
    return {
        "limits": limits,
        "files": files,
        "leader": os.getpgid(0) == os.getpid(),
        "session": os.getsid(0) == os.getsid(os.getppid()),
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
    }


def crowd(folder: str) -> int:
    """How many of us are at work at this moment."""
    mine = Path(folder, str(os.getpid()))
    mine.touch()
    deadline = time.monotonic() + 0.02
    most = 0
    while time.monotonic() < deadline:
        most = max(most, len(os.listdir(folder)))
    mine.unlink()
    return most


def lie(answer: str) -> None:
    """Write an answer past our own code, as a parser with corrupted memory could."""
    for number in range(3, 256):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                kind, body = (text.encode("latin-1") for text in (answer[:1], answer[1:]))
                os.write(number, HEAD.pack(kind, len(body)) + body)
    os._exit(0)


def lie_about_length(size: int, answer: str) -> None:
    for number in range(3, 256):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                os.write(number, HEAD.pack(b"B", size) + answer.encode())
    os._exit(0)


def leave(code: int) -> None:
    os._exit(code)  # not handed over as it is: a run that measures coverage puts a function of its own in its place


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(workers=2, memory_bytes=256 * MIB, cpu_seconds=1, preload=[__name__])
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
def fifo(tmp_path: Path) -> str:
    return make_fifo(tmp_path)


def make_fifo(tmp_path: Path) -> str:
    """In a folder that may be lent, as `lend` does, and open to whoever a child is."""
    path = tmp_path / "lent" / "fifo"
    path.parent.mkdir()
    os.mkfifo(path)
    path.chmod(0o666)
    return str(path)


def lend(path: str) -> Lent:
    """The folder that a file is in."""
    return Lent(folders=(str(Path(path).parent),))


async def holder(fifo: str) -> tuple[int, TextIO]:
    """The pid of the process that holds the pipe, and our end of the pipe."""
    pipe: TextIO = await asyncio.to_thread(open, fifo)
    return int(await asyncio.to_thread(pipe.readline)), pipe


async def gone(pipe: TextIO) -> bool:
    """Waits for the last holder of the pipe to end."""
    with pipe:
        return await asyncio.wait_for(asyncio.to_thread(pipe.read), patient(10)) == ""


def server_pid(sandbox: Sandbox) -> int:
    running = sandbox._server._running
    assert running
    return running[0].pid


@pytest.mark.parametrize(
    "value", [None, True, -1.5, "é\x00\ud800", b"", b"\x00\xff", {"a": [1, {"b": None}]}, [], 2**70]
)
async def test_result_comes_back_as_it_is(sandbox: Sandbox, value: object) -> None:
    assert await sandbox.run(echo, value, timeout=LONG) == value


async def test_child_starts_clean(sandbox: Sandbox) -> None:
    seen = await sandbox.run(surroundings, timeout=LONG)
    assert seen["limits"] == {
        "RLIMIT_NOFILE": [256, 256],
        "RLIMIT_CORE": [0, 0],
        "RLIMIT_FSIZE": [1 << 30, 1 << 30],
        "RLIMIT_CPU": [1, 2],
    }
    assert seen["files"] == ["/dev/null"] * 3
    assert seen["leader"]
    assert seen["session"], "its niceness would count for nothing beside the other children's"
    assert seen["nice"] == min(os.nice(0) + 10, 19)


async def test_memory_bomb_is_a_resource_limit(sandbox: Sandbox) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ResourceLimitExceeded, match="bomb needed more than 268,435,456 bytes of memory") as caught:
        await sandbox.run(bomb, timeout=LONG)
    assert caught.value.code == "RESOURCE_LIMIT"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024


async def test_memory_of_one_call_can_be_set(sandbox: Sandbox) -> None:
    assert len(await sandbox.run(grow, 20 * MIB, timeout=LONG)) == 20 * MIB
    with pytest.raises(ResourceLimitExceeded):
        await sandbox.run(grow, 20 * MIB, timeout=LONG, memory_bytes=16 * MIB)


async def test_native_code_that_aborts_for_want_of_memory_is_a_resource_limit(sandbox: Sandbox) -> None:
    with pytest.raises(ResourceLimitExceeded, match="abort was aborted: 268,435,456 bytes of memory were too few"):
        await sandbox.run(os.abort, timeout=LONG)


async def test_spin_is_a_resource_limit(sandbox: Sandbox) -> None:
    with pytest.raises(ResourceLimitExceeded, match="spin used more than 1 seconds of processor time"):
        await sandbox.run(spin, timeout=LONG)


async def test_wall_time_kills_the_child(sandbox: Sandbox, fifo: str) -> None:
    call = asyncio.create_task(sandbox.run(hold, fifo, timeout=patient(0.5), lent=lend(fifo)))
    _, pipe = await holder(fifo)
    with pytest.raises(SandboxTimeout, match="hold took longer than") as caught:
        await call
    assert caught.value.code == "TIMEOUT"
    assert await gone(pipe)


@pytest.mark.parametrize(
    ("function", "argument", "message"),
    [
        (leave, 3, "leave left with exit code 3"),
        (leave, 0, "leave left with exit code 0"),
        (kill_self, signal.SIGSEGV, "kill_self died of SIGSEGV"),
        (fail, "foreign", "zipfile.BadZipFile: not a zip"),
        (fail, "undecodable", "builtins.UnicodeDecodeError: 'utf-8' codec can't decode"),
        (fail, "exit", "builtins.SystemExit: enough"),
        (lie, "J{", "not JSON"),
        (lie, "J" + "[" * 100_000, "not JSON"),
        (lie, "E" + json.dumps(["subprocess", "Popen", "text", "", '[["true"], {}]']), "subprocess.Popen: text"),
        (lie, "E" + json.dumps(["builtins", "SystemExit", "text", "", "[[1], {}]"]), "builtins.SystemExit: text"),
        (lie, "E" + json.dumps(["app.kit.sandbox.sandbox", "os.system", "text", "", '[["true"], {}]']), "text"),
        (lie, "E[1]", "not JSON"),
        (lie, "E" + json.dumps([1, 2, 3, 4, "5"]), "not JSON"),
        # Of another room than the function's: the runner would take it for its own word.
        (lie, "E" + json.dumps(["app.runner.context", "JobFenced", "text", "", "[[], {}]"]), "JobFenced: text"),
        (lie, "E" + json.dumps(["tests.no_such_module", "Exception", "text", "", "[[], {}]"]), "Exception: text"),
        (lie, pickle.dumps(OwnError).decode("latin-1"), "not JSON"),
    ],
)
async def test_crash(sandbox: Sandbox, function: Callable[[object], None], argument: object, message: str) -> None:
    with pytest.raises(SandboxCrashed, match=message) as caught:
        await sandbox.run(function, argument, timeout=LONG)
    assert caught.value.code == "CHILD_CRASHED"


async def test_exceptions_of_the_function_are_raised_here(sandbox: Sandbox) -> None:
    with pytest.raises(OwnError, match="TORN on page 3") as own:
        await sandbox.run(fail, "own", timeout=LONG)
    assert (own.value.code, own.value.page) == ("TORN", 3)
    assert "in fail" in own.value.__notes__[0]
    with pytest.raises(FileNotFoundError) as system:
        await sandbox.run(fail, "system", timeout=LONG)
    assert system.value.errno == 2
    with pytest.raises(TypeError, match="not JSON serializable"):
        await sandbox.run(not_json, timeout=LONG)


async def test_answers_of_another_length_than_they_say(sandbox: Sandbox) -> None:
    with pytest.raises(ResourceLimitExceeded, match="larger than 67,108,864 bytes"):
        await sandbox.run(lie_about_length, 2**64 - 1, "", timeout=LONG)
    with pytest.raises(SandboxCrashed, match="left with exit code 0"):
        await sandbox.run(lie_about_length, 1000, "too little", timeout=LONG)
    assert await sandbox.run(lie_about_length, 3, "and too much", timeout=LONG) == b"and"


def test_errors_can_be_pickled() -> None:
    for kind in (SandboxError, ResourceLimitExceeded, SandboxTimeout, SandboxCrashed):
        copy = pickle.loads(pickle.dumps(kind("why")))
        assert (type(copy), copy.message, copy.code) == (kind, "why", kind.code)


async def test_result_over_the_limit(fifo: str) -> None:
    small = Sandbox(workers=1, memory_bytes=256 * MIB, cpu_seconds=5, preload=[__name__], max_result=MIB)
    try:
        assert len(await small.run(grow, MIB, timeout=LONG)) == MIB
        with pytest.raises(ResourceLimitExceeded, match="larger than 1,048,576 bytes"):
            await small.run(grow, MIB + 1, timeout=LONG)
        with pytest.raises(ResourceLimitExceeded, match="larger than 131,072 bytes"):
            await small.run(echo, "x" * MIB, timeout=LONG)
    finally:
        await small.stop()


async def test_cancelling_kills_the_child(sandbox: Sandbox, fifo: str) -> None:
    call = asyncio.create_task(sandbox.run(hold, fifo, timeout=600, lent=lend(fifo)))
    pid, pipe = await holder(fifo)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert await gone(pipe)


async def test_fifty_calls_share_two_workers_and_the_loop_stays_free(sandbox: Sandbox, tmp_path: Path) -> None:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - before)

    watcher = asyncio.create_task(watch())
    crowds = await asyncio.gather(
        *(sandbox.run(crowd, str(tmp_path), timeout=LONG, lent=Lent(folders=(str(tmp_path),))) for _ in range(50))
    )
    watcher.cancel()
    assert len(crowds) == 50
    assert max(crowds) == 2
    assert longest < patient(0.5)


async def test_no_descriptors_pile_up(sandbox: Sandbox) -> None:
    await sandbox.run(echo, 1, timeout=LONG)
    folders = [f"/proc/{pid}/fd" for pid in (os.getpid(), server_pid(sandbox))]
    before = [len(os.listdir(folder)) for folder in folders]
    for _ in range(5):
        for function in (bomb, not_json, hold):
            with pytest.raises((ResourceLimitExceeded, TypeError, SandboxTimeout)):
                await sandbox.run(function, *["/dev/null"] * (function is hold), timeout=0.2, memory_bytes=16 * MIB)
    # The server closes its end of the last call right after it has answered it.
    assert all(len(os.listdir(folder)) <= count + 2 for folder, count in zip(folders, before, strict=True))


async def test_killed_fork_server_is_replaced(sandbox: Sandbox, fifo: str) -> None:
    call = asyncio.create_task(sandbox.run(hold, fifo, timeout=600, lent=lend(fifo)))
    _, pipe = await holder(fifo)
    old = server_pid(sandbox)
    os.kill(old, signal.SIGKILL)
    assert await asyncio.gather(*(sandbox.run(echo, n, timeout=LONG) for n in range(5))) == [0, 1, 2, 3, 4]
    with pytest.raises(ChildLost, match="hold was stopped") as caught:
        await call
    assert caught.value.momentary
    assert await gone(pipe)
    assert server_pid(sandbox) != old


async def test_stop_kills_what_runs(fifo: str) -> None:
    sandbox = Sandbox(workers=1, memory_bytes=256 * MIB, cpu_seconds=5)
    call = asyncio.create_task(sandbox.run(hold, fifo, timeout=600, lent=lend(fifo)))
    _, pipe = await holder(fifo)
    await sandbox.stop()
    with pytest.raises(ChildLost, match="stopped"):
        await call
    assert await gone(pipe)
    with pytest.raises(ChildLost, match="The sandbox is stopped"):
        await sandbox.run(echo, 1, timeout=LONG)
    await sandbox.start()
    assert await sandbox.run(echo, 1, timeout=LONG) == 1
    await sandbox.stop()


async def test_unknown_preload_fails_at_start() -> None:
    sandbox = Sandbox(workers=1, memory_bytes=256 * MIB, cpu_seconds=5, preload=["no_such_module_here"])
    with pytest.raises(ChildLost, match="does not start"):
        await sandbox.start()


async def test_service_killed_takes_server_and_child_along(tmp_path: Path, fifo: str) -> None:
    script = tmp_path / "service.py"
    script.write_text(
        "import asyncio, sys\n"
        f"sys.path[:] = {sys.path!r}\n"
        "from app.kit.sandbox.sandbox import Sandbox\n"
        f"from {__name__} import hold, lend\n"
        "sandbox = Sandbox(workers=1, memory_bytes=1 << 28, cpu_seconds=5)\n"
        f"asyncio.run(sandbox.run(hold, {fifo!r}, timeout=600, lent=lend({fifo!r})))\n"
    )
    # Measured coverage would be complained of on standard error when the service is killed.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    service = await asyncio.create_subprocess_exec(sys.executable, script, stderr=asyncio.subprocess.PIPE, env=env)
    _, pipe = await holder(fifo)
    service.kill()
    assert await gone(pipe)
    # The fork server holds the service's standard error, so its end is the end of both.
    _, errors = await asyncio.wait_for(service.communicate(), patient(10))
    assert (service.returncode, errors) == (-signal.SIGKILL, b"")
