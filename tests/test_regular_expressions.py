"""No regular expression of the code base takes long, whatever a stranger writes: each is tried on its worst texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import pytest

from tests.patience import patient
from tests.regular_expressions import Found, all_patterns, seconds, texts_for

TIMES = 8
SHORT, LONG = 500, TIMES * 500
LOOKS: Final = 3
"""One look may meet a machine that does something else: fractions of a millisecond are told apart."""
MOST_GROWTH: Final = 3 * TIMES
"""Of a text eight times as long: a linear pattern takes eight times as long, a quadratic one sixty-four times."""
NOISE_SECONDS: Final = 0.0005
FULL: Final = 100_000
FULL_SECONDS: Final = 0.5


class Bound(NamedTuple):
    """What keeps the texts short that patterns of a module see, when they are not linear; `seconds` at that length.

    `spaced`: the texts are words with one blank between them.
    """

    characters: int
    seconds: float
    why: str
    spaced: bool = False


CHILD: Final = 0.25
"""Processor seconds in a child process, whose step has a deadline of its own."""
BOUNDS: Final = {
    "app.extractions.layouts": Bound(500, CHILD, "a longer line of a page is not read: pdf/page.py", spaced=True),
    "app.extractions.reading_report": Bound(500, CHILD, "the same lines", spaced=True),
    "app.extractions.pdf.touching": Bound(100, 0.02, "may_hold_age asks for the length first"),
    "app.extractions.files.records": Bound(400, CHILD, "a longer line of a file is not read"),
    "app.batches.copies": Bound(255, 0.02, "a batch's name is not longer"),
    "app.batches.failures": Bound(500, 0.05, "normalise cuts the message first"),
}
OWN_TEXTS: Final = {
    "app.kit.carry_over": "reads our own migration",
    "app.kit.text.charset_tables": "reads our own table",
}
MADE_FOR_A_VALUE: Final = {
    "app.batches.failures": "compiled from the list beside it, and found there",
    "app.events.openings": "the path of a stream, behind the one that the settings give",
    "app.extractions.layouts.omega.tables": "compiled from the list beside it, and found there",
    "app.extractions.layouts.splash.titles": "compiled from the list beside it, and found there",
    "app.kit.table_watch": "our own statements, from names of tables, and remembered by statement",
    "app.kit.secrets.in_logs": "the secrets of the settings, one beside the other, as they are",
    "app.reports.columns.likely": "in a child, from the patterns of columns, on values of at most 200 characters",
    "app.reports.columns.looks": "compiled from the list beside it, and found there",
    "app.reports.readers.dialect": "in a child, on the first 64 KiB of a text: each begins with an edge of a field",
}
PATTERNS, MADE_LATER = all_patterns()


def bound_of(found: Found) -> Bound | None:
    return next((bound for room, bound in BOUNDS.items() if found.place.startswith(room)), None)


def takes_long(found: Found, begin: str, piece: str, end: str) -> str | None:
    """Why a repetition of the piece is too much for the pattern."""
    bound = bound_of(found)

    def text(characters: int) -> str:
        made = begin + piece * max(1, characters // len(piece)) + end
        return " ".join(made.split()) if bound and bound.spaced else made

    if any(seconds(found, text(few)) > 0.02 for few in (24, 100)):
        return "takes exponentially long"
    if bound:
        took = seconds(found, text(bound.characters)[: bound.characters])
        return f"takes {took:.3f} s for {bound.characters}" if took > patient(bound.seconds) else None
    if (short := seconds(found, text(SHORT))) > 0.02:
        return f"takes {short:.3f} s for {SHORT}"
    if all(grows(found, text) for _ in range(LOOKS)):
        return (
            f"takes {seconds(found, text(LONG)):.4f} s for {LONG}, far more than {TIMES} times as long as for {SHORT}"
        )
    return None


def grows(found: Found, text: Callable[[int], str]) -> bool:
    took = seconds(found, text(LONG))
    return took > NOISE_SECONDS and took > MOST_GROWTH * seconds(found, text(SHORT))


def problems_of(found: Found) -> list[str]:
    texts = [(begin, piece, end) for begin, piece in texts_for(found.pattern) for end in ("", "!\n")]
    for begin, piece, end in texts:
        if why := takes_long(found, begin, piece, end):
            return [f"{found.place} {why}: {begin!r}, then {piece!r} again and again, then {end!r}"]
    if bound_of(found):
        return []
    begin, piece, end = max(texts, key=lambda one: seconds(found, one[0] + one[1] * (SHORT // len(one[1])) + one[2]))
    took = seconds(found, begin + piece * (FULL // len(piece)) + end)
    return [f"{found.place} takes {took:.2f} s for {FULL}"] if took > patient(FULL_SECONDS) else []


ROOMS = sorted({".".join(found.place.split(":")[0].split(".")[:3]) for found in PATTERNS})


@pytest.mark.parametrize("room", ROOMS)
def test_no_pattern_takes_long(room: str) -> None:
    mine = [found for found in PATTERNS if ".".join(found.place.split(":")[0].split(".")[:3]) == room]
    tried = [found for found in mine if not found.place.startswith(tuple(OWN_TEXTS))]
    assert [problem for found in tried for problem in problems_of(found)] == []


def test_every_pattern_is_found() -> None:
    assert len(PATTERNS) > 300
    assert {place.split(":")[0] for place in MADE_LATER} == set(MADE_FOR_A_VALUE)


@pytest.mark.parametrize("pattern", [r"{{\s*([^{}]*?)\s*}}", r"(a+)+b", r"\s+$", r"<!--.*?-->"])
def test_a_slow_pattern_is_seen(pattern: str) -> None:
    import re

    assert problems_of(Found("elsewhere", re.compile(pattern), {"search"}))
