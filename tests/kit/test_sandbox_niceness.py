"""Which of an organisation's children goes first for the processors."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from app.kit.sandbox.cell.confinement import Lent
from app.kit.sandbox.sandbox import Sandbox
from app.kit.turns import Party

LONG = 30.0


def niceness_when_both_are_here(mine: str, other: str) -> int:
    """How nice this child is, told once the other one is here as well."""
    Path(mine).touch()
    while not Path(other).exists():
        os.sched_yield()
    return os.getpriority(os.PRIO_PROCESS, 0)


async def test_further_children_of_an_organisation_take_what_the_first_leaves(tmp_path: Path) -> None:
    sandbox = Sandbox(workers=2, memory_bytes=2**28, cpu_seconds=20)
    await sandbox.start()
    tmp_path.chmod(0o777)  # noqa: ASYNC240 - a moment, in a test
    first, second = tmp_path / "first", tmp_path / "second"

    async def run(mine: Path, other: Path, organisation: str) -> int:
        return await sandbox.run(
            niceness_when_both_are_here,
            str(mine),
            str(other),
            timeout=LONG,
            lent=Lent((), (str(tmp_path),)),
            owner=Party(organisation),
        )

    try:
        own = await asyncio.gather(run(first, second, "a"), run(second, first, "a"))
        for path in (first, second):
            path.unlink()
        others = await asyncio.gather(run(first, second, "a"), run(second, first, "b"))
    finally:
        await sandbox.stop()
    base = os.getpriority(os.PRIO_PROCESS, 0)
    assert sorted(own) == [min(base + 10, 19), min(base + 19, 19)]
    assert others == [min(base + 10, 19)] * 2
