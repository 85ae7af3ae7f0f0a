"""The service under every kind of fault, one after another in random order, while batches come in; then the books.

    python -m bench.chaos [--minutes 10] [--seed N] [--only "kill worker" ...] [--bucket]

Contents are in a folder, with --bucket in a bucket that can be cut off. A line for each fault says how long it lasted,
and how many seconds after it was over as many jobs ran as before. It ends with 1 when a line of the books is not held.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from dataclasses import dataclass

import httpx

from bench.chaos.books import check
from bench.chaos.faults import FAULTS, Fault
from bench.chaos.load import Load
from bench.chaos.watch import Watch
from bench.chaos.world import World, running_world

CALM = 6.0
"""Seconds without a fault before each."""
BACK_WITHIN = 5.0
WAIT_FOR_IT = 40.0
SHOWN = 8


@dataclass
class Outcome:
    """One fault that was done. `back`: seconds after it until as many jobs ran as before; None for never."""

    name: str
    lasted: float
    before: float
    back: float | None


async def _do(fault: Fault, world: World, watch: Watch, dice: random.Random) -> Outcome:
    before = watch.parallelism(CALM / 2)
    began = time.monotonic()
    await fault.act(world, dice)
    over = time.monotonic()
    back = await watch.wait_for(before, over, WAIT_FOR_IT)
    await world.settled()
    outcome = Outcome(fault.name, over - began, before, back)
    told = "never" if back is None else f"{back:.1f} s"
    print(f"  {fault.name:45} lasted {outcome.lasted:5.1f} s, {before:3.0f} jobs run again after {told}", flush=True)
    return outcome


def _order(faults: list[Fault], dice: random.Random) -> list[Fault]:
    """Each once in random order, again and again."""
    order: list[Fault] = []
    while len(order) < 1000:
        order += dice.sample(faults, len(faults))
    return order


async def _run(options: argparse.Namespace) -> bool:
    dice = random.Random(options.seed)
    async with running_world(on_bucket=options.bucket) as world:
        faults = [fault for fault in FAULTS if not options.only or fault.name in options.only]
        for fault in faults:
            if why := fault.needs(world):
                print(f"  {fault.name:45} left out: {why}")
        faults = [fault for fault in faults if not fault.needs(world)]
        headers = {"Authorization": f"Bearer {world.key}"}
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=world.url, headers=headers, timeout=30, limits=limits) as client:
            load, watch = Load(client, random.Random(options.seed)), Watch(world)
            background = [asyncio.create_task(load.run()), asyncio.create_task(watch.run())]
            outcomes: list[Outcome] = []
            until = time.monotonic() + 60 * options.minutes
            for fault in _order(faults, dice):
                await asyncio.sleep(CALM)
                for task in background:
                    if task.done():
                        task.result()
                if time.monotonic() > until:
                    break
                outcomes.append(await _do(fault, world, watch, dice))
            world.shim.set()
            load.stopping = True
            await asyncio.wait(background[:1])
            books = await check(world, load)
            background[1].cancel()
    return _report(outcomes, load, books)


def _report(outcomes: list[Outcome], load: Load, books: dict[str, list[str]]) -> bool:
    late = [outcome for outcome in outcomes if outcome.back is None or outcome.back > BACK_WITHIN]
    print(f"{len(outcomes)} faults, {len(load.jobs)} batches, {sum(load.jobs.values())} jobs, {load.cuts} streams cut")
    books = {**books, f"faults after which it took over {BACK_WITHIN:.0f} s": [outcome.name for outcome in late]}
    for line, wrong in books.items():
        print(f"  {line:45} {len(wrong)}")
        for one in wrong[:SHOWN]:
            print(f"      {one}")
    return not any(books.values())


def main() -> None:
    """Run, check, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--only", nargs="+", choices=[fault.name for fault in FAULTS])
    parser.add_argument("--bucket", action="store_true")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    sys.exit(0 if asyncio.run(_run(options)) else 1)


if __name__ == "__main__":
    main()
