"""One installation on this machine: a database, the service, and two workers, one of them in namespaces of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.chaos.cluster import Cluster
from bench.chaos.shim import Shim
from tests.files.bucket import Bucket, serving_bucket
from tests.processes import ROOT, free_port

ISOLATED = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
DISK_BYTES = 3 << 30


@dataclass
class Program:
    """`tranche serve` or `tranche worker`, in a process of its own that is started again and again."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[str] | None = None

    async def start(self) -> None:
        """Start it, and wait until it is ready."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*self.arguments],
                cwd=ROOT,
                env=os.environ | self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout
        if not await asyncio.to_thread(self.process.stdout.readline):
            raise RuntimeError(f"{self.arguments[-1]} did not start: {self.log.read_text()[-2000:]}")

    @property
    def pid(self) -> int:
        """Of the program itself, which may be the child of `unshare`."""
        assert self.process
        if "unshare" not in self.arguments:
            return self.process.pid
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else self.process.pid

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def wait(self) -> None:
        assert self.process
        await asyncio.to_thread(self.process.wait, 60)

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        await self.wait()


@dataclass
class World:
    """What the faults are done to. `bucket` holds the contents, where it is not a folder. `full`: the disk can be."""

    home: Path
    cluster: Cluster
    shim: Shim
    bucket: Bucket | None
    url: str
    serve: Program
    workers: list[Program]
    full: bool
    gone: set[UUID] = field(default_factory=set)
    """Workers that were killed: what runs under their names does not run."""

    _starting: set[asyncio.Task[None]] = field(default_factory=set)

    def start_again(self, program: Program) -> None:
        """Start it while the others go on."""
        self._starting.add(asyncio.create_task(program.start()))

    async def settled(self) -> None:
        """Wait until all that were started again are ready."""
        await asyncio.gather(*self._starting)
        self._starting.clear()

    @property
    def programs(self) -> list[Program]:
        return [self.serve, *self.workers]

    @property
    def key(self) -> str:
        return (self.home / "data/admin.key").read_text().strip()

    async def bury(self, program: Program) -> None:
        """Remember whose jobs do not run any more, before the program is killed."""
        with suppress(OSError, asyncpg.PostgresError):
            connection = await asyncpg.connect(self.cluster.dsn)
            inside = Path(f"/proc/{program.pid}/status").read_text().partition("NSpid:")[2].split("\n")[0].split()[-1]
            namespaces = [os.readlink(f"/proc/{program.pid}/ns/{name}") for name in ("pid", "time")]
            query = "select id from workers where pid = $1 and namespaces = $2"
            self.gone |= {row[0] for row in await connection.fetch(query, int(inside), " ".join(namespaces))}
            await connection.close()


def can_isolate() -> bool:
    """Whether this user may make PID namespaces."""
    return bool(shutil.which("unshare")) and not subprocess.run([*ISOLATED, "true"], capture_output=True).returncode


@asynccontextmanager
async def running_world(*, on_bucket: bool) -> AsyncIterator[World]:
    """Everything started; gone afterwards, with its data."""
    home = Path(tempfile.mkdtemp(prefix="tranche-chaos-", dir="/tmp"))
    home.chmod(0o755)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=755", "tmpfs", str(home)]
    full = os.geteuid() == 0 and not subprocess.run(mount, capture_output=True).returncode
    world: World | None = None
    try:
        async with serving_bucket() as (bucket, aws):
            world = _make(home, bucket if on_bucket else None, aws if on_bucket else {}, full=full)
            world.cluster.create()
            for program in world.programs:
                await program.start()
            yield world
    finally:
        if world:
            for program in world.programs:
                if program.process and program.process.poll() is None:
                    program.signal(signal.SIGCONT)
                    await program.kill()
            with suppress(subprocess.CalledProcessError):
                world.cluster.stop("immediate")
        if full:
            subprocess.run(["umount", "-l", str(home)], check=True)
        shutil.rmtree(home, ignore_errors=True)


def _make(home: Path, bucket: Bucket | None, aws: Mapping[str, str], *, full: bool) -> World:
    pipelines = home / "pipelines"
    pipelines.mkdir()
    shutil.copy(Path(__file__).with_name("workload.py"), pipelines / "chaos.py")
    shim = Shim(home, home / "data")
    cluster = Cluster(home, shim.environment | {"CHAOS_FOLDER": ""})
    port = free_port()
    environment = {
        "TRANCHE_HOME": str(home / "data"),
        "TRANCHE_PORT": str(port),
        "TRANCHE_PIPELINES_DIR": str(pipelines),
        "TRANCHE_LOG_LEVEL": "info",
        "TRANCHE_WORKER_SLOTS": "64",
        "TRANCHE_CHILD_PROCESSES": "1",
        "TRANCHE_RATE_ADDRESS_PER_MINUTE": "0",
        "DATABASE_URL": cluster.dsn,
        **shim.environment,
        **aws,
    }
    if bucket:
        environment["TRANCHE_STORAGE_URL"] = "s3://tranche/chaos"
    command = (sys.executable, "-m", "app")
    isolated = ISOLATED if can_isolate() else ()
    return World(
        home,
        cluster,
        shim,
        bucket,
        f"http://127.0.0.1:{port}",
        Program((*command, "serve"), environment, home / "serve.log"),
        [
            Program((*command, "worker"), environment, home / "worker.log"),
            Program((*isolated, *command, "worker"), environment, home / "isolated.log"),
        ],
        full,
    )


def seconds_since(began: float) -> float:
    return time.monotonic() - began
