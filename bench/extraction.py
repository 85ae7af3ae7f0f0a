"""How fast result sheets are read, on sheets the bench draws itself, beside what PDFium alone takes for the same file.

    python -m bench.extraction [--pages 122] [--book 250] [--rounds 5] [--kind NAME] [--folder DIR]

For one long sheet of each kind, ours and the limit in turns:
  pages/s     when two children read it at once, as two jobs do, with their answers as text; behind it the limit: the
              same two children only load the pages and take the code and the box of every character, by the fewest
              calls there are; and ours as a share of it, which is to be `GOAL`
  ms a page   processor time of one child, ours and the limit's
  report      the share of the report on the reading in that
  wall        how long one child takes for it
  memory      the most the reading process holds, in MiB, beyond an interpreter with the modules loaded
Figures are medians over the rounds, shares medians of the shares of each round. Then the time for a book of `--book`
pages. With `--folder` the PDFs in there are read as well, whatever they are. bench.cache_hits has the time of a sheet
that is known.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from app.extractions.sheet import read_sheet_text
from app.kit.sandbox.cell.confinement import Lent
from app.kit.sandbox.sandbox import Sandbox
from bench.long_sheets import KINDS
from bench.measures import Extent, Measure, at_least, at_most
from bench.service import median
from bench.sheet_readers import Reading, measure, take_boxes

GOAL = 0.45
BOXES = "boxes of the characters alone"
MOST_SECONDS_OF_BOOK = 3.0
BOOKS = ("HY-TEK, 2 columns", "Omega")


async def wall(sandbox: Sandbox, function: Callable[[str], object], path: str, at_once: int) -> float:
    """Seconds until so many children have called the function with the sheet."""
    start = time.perf_counter()
    await asyncio.gather(*(sandbox.run(function, path, timeout=300, lent=Lent((path,))) for _ in range(at_once)))
    return time.perf_counter() - start


class Round(NamedTuple):
    """Ours and the limit, within seconds: walls of two children, processor seconds of one, and ours alone."""

    ours: float
    limit: float
    reading: Reading
    limit_seconds: float
    alone: float


async def take_round(sandbox: Sandbox, path: str) -> Round:
    ours = await wall(sandbox, read_sheet_text, path, 2)
    limit = await wall(sandbox, take_boxes, path, 2)
    values = await sandbox.run(measure, path, timeout=600, lent=Lent((path,)))
    found = Reading(*(cast(value) for cast, value in zip((int, int, float, float, int, int), values, strict=True)))
    limit_seconds = float(await sandbox.run(take_boxes, path, timeout=600, lent=Lent((path,))))
    return Round(ours, limit, found, limit_seconds, await wall(sandbox, read_sheet_text, path, 1))


def show(name: str, taken: list[Round], swims: int | None) -> bool:
    """One line of the table, and whether all of the `swims` that were drawn were read."""
    found = taken[0].reading
    ours = median([2 * found.pages / one.ours for one in taken])
    limit = median([2 * found.pages / one.limit for one in taken])
    share = median([one.limit / one.ours for one in taken])
    own, least = (
        median([seconds * 1000 / found.pages for seconds in column])
        for column in ([one.reading.seconds for one in taken], [one.limit_seconds for one in taken])
    )
    report = median([one.reading.report_seconds / one.reading.seconds for one in taken])
    most = median([(one.reading.most - one.reading.before) / 1024 for one in taken])
    own_share = median([one.limit_seconds / one.reading.seconds for one in taken])
    alone = median([one.alone for one in taken])
    print(
        f"{name:<20.20} {found.pages:>5} {found.swims:>6} {ours:>6.0f} {limit:>6.0f} {share:>5.2f}"
        f" {own:>7.2f} {least:>6.2f} {own_share:>5.2f} {report:>7.1%} {alone:>6.2f} s {most:>5.0f} MiB",
        flush=True,
    )
    if swims is not None and found.swims != swims:
        print(f"{'':<20} {found.swims - swims:+} swims: {swims} were drawn")
        return False
    return True


class Readers:
    """Two children at a time, as a service on two cores has them, for callers that are not async."""

    def __enter__(self) -> Readers:
        self._runner = asyncio.Runner()
        self._sandbox = Sandbox(workers=2, memory_bytes=2**30, cpu_seconds=300, preload=("bench.sheet_readers",))
        self._runner.run(self._sandbox.start())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._sandbox.stop())
        self._runner.close()

    def rounds(self, path: Path, rounds: int) -> list[Round]:
        return [self._runner.run(take_round(self._sandbox, str(path))) for _ in range(rounds)]

    def walls(self, path: Path, rounds: int) -> list[float]:
        return [self._runner.run(wall(self._sandbox, read_sheet_text, str(path), 1)) for _ in range(rounds)]


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name).lower()


def measures(extent: Extent) -> Iterator[Measure]:
    """Pages a second of each kind of sheet, and processor time of a page, beside the boxes of the characters alone."""
    with tempfile.TemporaryDirectory() as scratch, Readers() as readers:
        for name, draw in KINDS.items():
            path = Path(scratch) / f"{name}.pdf"
            draw(path, extent.of(122, 1))
            taken = readers.rounds(path, extent.rounds)
            slug, pages = _slug(name), taken[0].reading.pages
            yield Measure(
                name=f"sheets.{slug}",
                work=f"{name}: two sheets of {pages} pages at once",
                unit="pages/s",
                ours=[2 * pages / one.ours for one in taken],
                limits={BOXES: [2 * pages / one.limit for one in taken]},
                goals=(at_least(GOAL, BOXES),),
            )
            yield Measure(
                name=f"sheets.{slug}.processor",
                work=f"{name}: processor time",
                unit="ms/page",
                ours=[one.reading.seconds * 1000 / pages for one in taken],
                limits={BOXES: [one.limit_seconds * 1000 / pages for one in taken]},
                goals=(at_most(1 / GOAL, BOXES),),
            )
        for name in BOOKS:
            path = Path(scratch) / "book.pdf"
            book = extent.of(250, 1)
            KINDS[name](path, book)
            yield Measure(
                name=f"sheets.book.{_slug(name)}",
                work=f"a book of {book} pages, {name}",
                unit="s",
                ours=readers.walls(path, extent.rounds),
                goals=(at_most(MOST_SECONDS_OF_BOOK),),
            )


def run(pages: int, book: int, rounds: int, kinds: list[str], others: list[Path]) -> bool:
    """Prints the table; whether all was read that was drawn."""
    right = True
    print(f"{'':<33} {'pages/s, of limit':>19} {'ms a page, of limit':>20}")
    heads = ("kind", "pages", "swims", "ours", "limit", "goal", "ours", "limit", "", "report", "wall", "memory")
    print("{:<20} {:>5} {:>6} {:>6} {:>6} {:>5} {:>7} {:>6} {:>5} {:>7} {:>8} {:>9}".format(*heads))
    with tempfile.TemporaryDirectory() as scratch, Readers() as readers:
        for name in kinds:
            path = Path(scratch) / f"{name}.pdf"
            swims = KINDS[name](path, pages)
            right &= show(name, readers.rounds(path, rounds), swims)
        for path in others:
            show(path.stem, readers.rounds(path, rounds), None)
        for name in (name for name in BOOKS if name in kinds):
            path = Path(scratch) / "book.pdf"
            KINDS[name](path, book)
            took = median(readers.walls(path, rounds))
            print(f"a book of {book} pages, {name}: {took:.2f} s / {MOST_SECONDS_OF_BOOK:.0f} s")
    return right


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=122)
    parser.add_argument("--book", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kind", action="append", choices=list(KINDS), default=[])
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    others = sorted(options.folder.rglob("*.pdf")) if options.folder else []
    kinds = options.kind or list(KINDS)
    sys.exit(not run(options.pages, options.book, options.rounds, kinds, others))
