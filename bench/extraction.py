"""How fast result sheets are read, on sheets the bench draws itself.

    python -m bench.extraction [--pages 122] [--rounds 3]

Three figures for one long sheet of each number of columns:
  text + parse   pages per second of processor time in one process
  one sheet      wall time in a sandboxed child, as the service reads it, with the answer as text
  memory         the most the reading process holds, in MiB, beyond an interpreter with the modules loaded
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import resource
import tempfile
import time
from pathlib import Path

from app.extractions.sheet import read_sheet, read_sheet_text
from app.kit.sandbox import Sandbox
from bench.service import median
from tests.extractions.random_meets import RandomMeet


def draw(folder: Path, columns: int, pages: int) -> tuple[str, int]:
    """A sheet of at least so many pages; its path and how many rows it has."""
    seed = next(seed for seed in range(1000) if RandomMeet(random.Random(seed)).columns == columns)
    meet = RandomMeet(random.Random(seed))
    return meet.draw(folder / f"{columns}.pdf", pages=pages), len(meet.truth)


def measure(path: str, rows: int, rounds: int) -> tuple[int, float, list[float]]:
    """In a child: the pages, the processor seconds of a reading, and the memory before and after in KiB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    gc.disable()  # as in `read_sheet_text`
    seconds: list[float] = []
    for _ in range(rounds):
        start = time.process_time()
        sheet = read_sheet(path)
        seconds.append(time.process_time() - start)
        if len(sheet.swims) != rows:
            raise RuntimeError(f"{len(sheet.swims)} swims read, {rows} drawn")
    return sheet.pages, median(seconds), [before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]


async def run(pages: int, rounds: int) -> None:
    preload = ("app.extractions.sheet",)
    sandbox = Sandbox(workers=2, memory_bytes=2**29, cpu_seconds=120, preload=preload)
    await sandbox.start()
    print(f"{'columns':>8} {'pages':>6} {'rows':>6} {'text + parse':>16} {'one sheet':>10} {'memory':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for columns in (1, 2, 3):
            path, rows = draw(Path(folder), columns, pages)
            count, seconds, (before, after) = await sandbox.run(measure, path, rows, rounds, timeout=300)
            walls: list[float] = []
            for _ in range(rounds):
                start = time.perf_counter()
                await sandbox.run(read_sheet_text, path, timeout=120)
                walls.append(time.perf_counter() - start)
            speed, memory = f"{count / seconds:.0f} pages/s", f"{(after - before) / 1024:.0f} MiB"
            print(f"{columns:>8} {count:>6} {rows:>6} {speed:>16} {median(walls):>8.2f} s {memory:>10}")
    await sandbox.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=122)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    asyncio.run(run(options.pages, options.rounds))
