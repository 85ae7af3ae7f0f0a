"""Long sheets of each kind for the benchmarks: drawn as the tests draw theirs, joined where those are short."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pypdfium2

from tests.extractions.german_sheets import random_protocol
from tests.extractions.maestro_sheets import random_maestro
from tests.extractions.omega_books import OmegaBook
from tests.extractions.random_meets import RandomMeet
from tests.extractions.splash_languages import LANGUAGES
from tests.extractions.splash_meets import random_splash

Draw = Callable[[Path, int], int]
"""Draws a sheet of at least so many pages; how many swims are on it."""


def hytek(columns: int) -> Draw:
    """One long meet of that many columns."""

    def draw(path: Path, pages: int) -> int:
        seed = next(seed for seed in range(1000) if RandomMeet(random.Random(seed)).columns == columns)
        meet = RandomMeet(random.Random(seed))
        meet.draw(path, pages=pages)
        return len(meet.truth)

    return draw


def joined(draw_one: Callable[[random.Random, Path], int]) -> Draw:
    """As many short sheets, each with dice of its own, as fill the pages."""

    def draw(path: Path, pages: int) -> int:
        book, swims, seed = pypdfium2.PdfDocument.new(), 0, 0
        while len(book) < pages:
            swims += draw_one(random.Random(seed), path)
            part = pypdfium2.PdfDocument(path)
            book.import_pages(part)
            part.close()
            seed += 1
        book.save(path)
        book.close()
        return swims

    return draw


def _omega(dice: random.Random, path: Path) -> int:
    book = OmegaBook(dice)
    book.draw(path, 12)
    return len(book.truth)


def _easywk(dice: random.Random, path: Path) -> int:
    return len(random_protocol(dice, path))


def _splash(dice: random.Random, path: Path) -> int:
    return len(random_splash(dice, dice.choice(sorted(LANGUAGES)), path))


def _maestro(path: Path, pages: int) -> int:
    return len(random_maestro(random.Random(2), path, pages))


KINDS: dict[str, Draw] = {
    "HY-TEK, 1 column": hytek(1),
    "HY-TEK, 2 columns": hytek(2),
    "HY-TEK, 3 columns": hytek(3),
    "Omega": joined(_omega),
    "EasyWk": joined(_easywk),
    "SPLASH": joined(_splash),
    "Meet Maestro": _maestro,
}
