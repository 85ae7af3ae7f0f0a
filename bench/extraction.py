"""How fast result sheets are read, on sheets the bench draws itself.

    python -m bench.extraction [--pages 122] [--book 250] [--rounds 3] [--folder DIR]

For one long sheet of each kind:
  one core    pages per second of processor time in one process
  two cores   pages per second when two children read it at once, as two jobs do, with their answers as text
  report      the share of the report on the reading in that
  wall        how long one child takes for it
  memory      the most the reading process holds, in MiB, beyond an interpreter with the modules loaded
A figure with a limit stands beside it, as `figure / limit`. Then the time for a book of `--book` pages. With `--folder`
the PDFs in there are read as well, whatever they are. bench.cache_hits has the time of a sheet that is known.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from app.extractions.reading_report import report_on
from app.extractions.sheet import read_sheet, read_sheet_text
from app.kit.cell.confinement import Lent
from app.kit.sandbox import Sandbox
from bench.long_sheets import KINDS
from bench.service import median

LEAST_PAGES, LEAST_PAGES_DENSE = 200, 100
MOST_SECONDS_OF_BOOK = 3.0
BOOKS = ("HY-TEK, 2 columns", "Omega")


class Reading(NamedTuple):
    """What reading a sheet takes: processor seconds, of which for the report, and KiB before and at most."""

    pages: int
    swims: int
    seconds: float
    report_seconds: float
    before: int
    most: int


def measure(path: str, rounds: int) -> list[float]:
    """Runs in a child, and answers with the fields of Reading."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    gc.disable()  # as in `read_sheet_text`
    seconds: list[float] = []
    reports: list[float] = []
    for _ in range(rounds):
        start = time.process_time()
        sheet = read_sheet(path)
        seconds.append(time.process_time() - start)
        start = time.process_time()
        report_on(sheet)
        reports.append(time.process_time() - start)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return [sheet.pages, len(sheet.swims), median(seconds), median(reports), before, most]


async def walls(sandbox: Sandbox, path: str, rounds: int, at_once: int) -> float:
    """Median seconds until so many children have read the sheet."""
    took: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        await asyncio.gather(
            *(sandbox.run(read_sheet_text, path, timeout=300, lent=Lent((str(path),))) for _ in range(at_once))
        )
        took.append(time.perf_counter() - start)
    return median(took)


async def show(sandbox: Sandbox, name: str, path: Path, rounds: int, limit: int | None, swims: int | None) -> bool:
    """One line of the table, and whether all of the `swims` that were drawn were read."""
    values = await sandbox.run(measure, str(path), rounds, timeout=600, lent=Lent((str(path),)))
    found = Reading(*(cast(value) for cast, value in zip((int, int, float, float, int, int), values, strict=True)))
    both = 2 * found.pages / await walls(sandbox, str(path), rounds, 2)
    one = await walls(sandbox, str(path), rounds, 1)
    goal = f"/ {limit}" if limit else ""
    print(
        f"{name:<20.20} {found.pages:>5} {found.swims:>6} {found.pages / found.seconds:>9.0f} {both:>9.0f} {goal:<6}"
        f"{found.report_seconds / found.seconds:>7.1%} {one:>7.2f} s {(found.most - found.before) / 1024:>5.0f} MiB",
        flush=True,
    )
    if swims is not None and found.swims != swims:
        print(f"{'':<20} {found.swims - swims:+} swims: {swims} were drawn")
        return False
    return True


async def run(pages: int, book: int, rounds: int, others: list[Path]) -> bool:
    """Prints the table; whether all was read that was drawn."""
    right = True
    sandbox = Sandbox(workers=2, memory_bytes=2**30, cpu_seconds=300, preload=("app.extractions.sheet",))
    await sandbox.start()
    heads = ("kind", "pages", "swims", "one core", "two cores", "", "report", "wall", "memory")
    print("{:<20} {:>5} {:>6} {:>9} {:>9} {:<6}{:>7} {:>9} {:>9}".format(*heads))
    with tempfile.TemporaryDirectory() as scratch:
        for name, draw in KINDS.items():
            path = Path(scratch) / f"{name}.pdf"
            swims = draw(path, pages)
            limit = LEAST_PAGES_DENSE if "3 columns" in name else LEAST_PAGES
            right &= await show(sandbox, name, path, rounds, limit, swims)
        for path in others:
            await show(sandbox, path.stem, path, rounds, None, None)
        for name in BOOKS:
            path = Path(scratch) / "book.pdf"
            KINDS[name](path, book)
            took = await walls(sandbox, str(path), rounds, 1)
            print(f"a book of {book} pages, {name}: {took:.2f} s / {MOST_SECONDS_OF_BOOK:.0f} s")
    await sandbox.stop()
    return right


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=122)
    parser.add_argument("--book", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    others = sorted(options.folder.rglob("*.pdf")) if options.folder else []
    sys.exit(not asyncio.run(run(options.pages, options.book, options.rounds, others)))
