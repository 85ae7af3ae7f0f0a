"""What a hostile child can write: a folder that fills up ends it, whatever the files in it are like."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.kit.sandbox.cell.confinement import Lent
from app.kit.sandbox.errors import DiskNearlyFull, ResourceLimitExceeded
from app.kit.sandbox.sandbox import Sandbox
from app.kit.sandbox.scratch import measure
from tests.patience import patient

MIB = 2**20
MOST = 64 * MIB


def fill(folder: str, each: int) -> None:
    """Write files for as long as one is let."""
    block, number = os.urandom(MIB), 0
    while True:
        with open(f"{folder}/{number}", "wb", buffering=0) as file:
            for _ in range(each):
                file.write(block)
        number += 1


def fill_with_names(folder: str) -> None:
    for number in range(10**9):
        os.mkdir(f"{folder}/{number}")


def fill_deep(folder: str) -> None:
    while True:
        folder = f"{folder}/d"
        os.mkdir(folder)
        with open(f"{folder}/f", "wb") as file:
            file.write(os.urandom(8 * MIB))


def write_and_remove(folder: str, times: int) -> int:
    """As databases spill: never much at a time."""
    for _ in range(times):
        with open(f"{folder}/spill", "wb") as file:
            file.write(bytes(16 * MIB))
        os.remove(f"{folder}/spill")
    return times


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(workers=1, memory_bytes=256 * MIB, cpu_seconds=120, scratch_bytes=MOST, preload=[__name__])
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.mark.parametrize(("function", "more"), [(fill, (4,)), (fill, (64,)), (fill_deep, ())])
async def test_a_child_that_fills_its_folder_is_ended(
    sandbox: Sandbox, tmp_path: Path, function: object, more: tuple[int, ...]
) -> None:
    lent = Lent(folders=(str(tmp_path),))
    with pytest.raises(ResourceLimitExceeded, match="scratch space") as caught:
        await sandbox.run(function, str(tmp_path), *more, timeout=patient(60), lent=lent)  # type: ignore[arg-type]
    assert caught.value.code == "RESOURCE_LIMIT"
    # Far less than the 1 GiB of each file that the kernel would let it have.
    assert measure([str(tmp_path)]).size < 1024 * MIB


async def test_a_child_that_makes_names_is_ended(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(ResourceLimitExceeded, match="scratch files"):
        await sandbox.run(fill_with_names, str(tmp_path), timeout=patient(60), lent=Lent(folders=(str(tmp_path),)))


async def test_calls_that_share_a_child_are_watched(sandbox: Sandbox, tmp_path: Path) -> None:
    lent = Lent(folders=(str(tmp_path),))
    with pytest.raises(ResourceLimitExceeded, match="scratch space"):
        await sandbox.run(fill, str(tmp_path), 4, timeout=patient(60), group="one", lent=lent)


async def test_what_is_removed_again_does_not_count(sandbox: Sandbox, tmp_path: Path) -> None:
    lent = Lent(folders=(str(tmp_path),))
    assert await sandbox.run(write_and_remove, str(tmp_path), 20, timeout=patient(60), lent=lent) == 20


async def test_a_disk_that_runs_full_ends_who_fills_it_to_try_again(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that are open and have no name are in no folder; the free space tells of them."""
    states = iter([(10 * MOST, MOST), (MOST - 1, MOST)])
    monkeypatch.setattr("app.kit.sandbox.scratch._free", lambda folder: next(states))
    lent = Lent(folders=(str(tmp_path),))
    with pytest.raises(DiskNearlyFull) as caught:
        await sandbox.run(wait, timeout=patient(60), lent=lent)
    assert caught.value.code == "DISK_NEARLY_FULL"


def wait() -> None:
    while True:
        os.sched_yield()
