"""The faults. Each returns when the harm is done or, where something was away, when it is back.

A program that was killed is started again behind it: the others are to do its work meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import asyncpg

from bench.chaos.world import Program, World

Act = Callable[[World, random.Random], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """`needs`: why it cannot be done in this world, or an empty text."""

    name: str
    act: Act
    needs: Callable[[World], str] = lambda world: ""


async def _kill(world: World, program: Program) -> None:
    await world.bury(program)
    await program.kill()
    world.start_again(program)


async def kill_serve(world: World, dice: random.Random) -> None:
    await _kill(world, world.serve)


async def kill_worker(world: World, dice: random.Random) -> None:
    await _kill(world, world.workers[0])


async def kill_isolated(world: World, dice: random.Random) -> None:
    await _kill(world, world.workers[1])


async def terminate(world: World, dice: random.Random) -> None:
    program = dice.choice(world.programs)
    program.signal(signal.SIGTERM)
    await program.wait()
    world.start_again(program)


async def stop_and_continue(world: World, dice: random.Random) -> None:
    program = dice.choice(world.programs)
    program.signal(signal.SIGSTOP)
    await asyncio.sleep(dice.uniform(12, 40))
    program.signal(signal.SIGCONT)


async def kill_all(world: World, dice: random.Random) -> None:
    for program in world.programs:
        await world.bury(program)
    os.kill(world.cluster.postmaster, signal.SIGKILL)
    for program in world.programs:
        await program.kill()
    await _start_cluster(world)
    for program in world.programs:
        await program.start()


async def kill_postmaster(world: World, dice: random.Random) -> None:
    os.kill(world.cluster.postmaster, signal.SIGKILL)
    await _start_cluster(world)


async def _start_cluster(world: World) -> None:
    """Orphaned backends of a killed postmaster need a moment to leave."""
    for _ in range(40):
        try:
            await asyncio.to_thread(world.cluster.start)
            return
        except Exception:
            await asyncio.sleep(0.25)
    raise RuntimeError("PostgreSQL does not start again")


async def restart_database(world: World, dice: random.Random) -> None:
    await asyncio.to_thread(world.cluster.stop)
    await asyncio.sleep(11)
    await asyncio.to_thread(world.cluster.start)


async def kill_backend(world: World, dice: random.Random) -> None:
    """A backend that dies takes all others along: PostgreSQL starts itself anew."""
    connection = await asyncpg.connect(world.cluster.dsn)
    query = (
        "select pid from pg_stat_activity where application_name like 'tranche%' and backend_type = 'client backend'"
    )
    pids = [row[0] for row in await connection.fetch(query)]
    os.kill(dice.choice(pids), signal.SIGKILL)
    connection.terminate()
    await _until_it_answers(world)


async def cut_connections(world: World, dice: random.Random) -> None:
    connection = await asyncpg.connect(world.cluster.dsn)
    query = """select pg_terminate_backend(pid) from pg_stat_activity
      where application_name like 'tranche%' and pid <> pg_backend_pid()"""
    await connection.execute(query)
    await connection.close()


async def _until_it_answers(world: World) -> None:
    while True:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection = await asyncpg.connect(world.cluster.dsn)
            await connection.close()
            return
        await asyncio.sleep(0.1)


async def fill_disk(world: World, dice: random.Random) -> None:
    """The one disk of the database and of the contents."""
    ballast = world.home / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(min(1 << 20, max(4096, shutil.disk_usage(world.home).free // 2))))
    await asyncio.sleep(12)
    ballast.unlink()
    await _until_it_answers(world)


async def break_writes(world: World, dice: random.Random) -> None:
    world.shim.set(broken=True)
    await asyncio.sleep(8)
    world.shim.set()


async def put_clock_forward(world: World, dice: random.Random) -> None:
    world.shim.set(clock=3600)


async def put_clock_back(world: World, dice: random.Random) -> None:
    world.shim.set(clock=-3600)
    await asyncio.sleep(8)
    world.shim.set()


async def cut_bucket(world: World, dice: random.Random) -> None:
    assert world.bucket
    world.bucket.down = True
    await asyncio.sleep(10)
    world.bucket.down = False


def _shim(world: World) -> str:
    return "" if world.shim.environment else "no C compiler"


FAULTS = (
    Fault("kill serve", kill_serve),
    Fault("kill worker", kill_worker),
    Fault(
        "kill worker in a PID namespace of its own",
        kill_isolated,
        lambda world: "" if "unshare" in world.workers[1].arguments else "no PID namespaces",
    ),
    Fault("terminate", terminate),
    Fault("stop and continue", stop_and_continue),
    Fault("kill all", kill_all),
    Fault("kill postmaster", kill_postmaster),
    Fault("restart database", restart_database),
    Fault("kill backend", kill_backend),
    Fault("cut connections", cut_connections),
    Fault("full disk", fill_disk, lambda world: "" if world.full else "no disk of its own (needs root)"),
    Fault("writes fail", break_writes, _shim),
    Fault("clock forward", put_clock_forward, _shim),
    Fault("clock back", put_clock_back, _shim),
    Fault("cut bucket", cut_bucket, lambda world: "" if world.bucket else "contents are in a folder"),
)
