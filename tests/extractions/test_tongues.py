"""Meets in the languages of Meet Manager, with decimal commas, accents of their own and years that touch the clubs."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from app.extractions.sheet import read_sheet
from app.extractions.swims import Swim
from tests.extractions.random_meets import RandomMeet
from tests.extractions.tongues import ENGLISH, TONGUES

_DATES = (
    *("28-03-2026", "28/3/2026", "11/13/2026 to 11/15/2026", "13-Nov-26", "13-Nov-2026 to 15-Nov-2026"),
    *("28-03-2026 a 29-03-2026", "2026-03-28"),
)
_COURSES = ("SCY", "LCM", "SCM")


def _meet(seed: int) -> RandomMeet:
    dice = random.Random(seed * 7 + 1)
    tongue = dice.choice([ENGLISH, *TONGUES.values()])
    return RandomMeet(
        random.Random(seed),
        tongue=tongue,
        comma=dice.random() < 0.6,
        accents=dice.random() < 0.5,
        glued=tongue is ENGLISH and dice.random() < 0.5,
        dates=dice.choice(_DATES),
    )


@pytest.mark.parametrize("part", range(4))
def test_every_row_in_every_language_and_no_other(tmp_path: Path, part: int) -> None:
    pages = sure = 0
    for seed in range(part, 40, 4):
        meet = _meet(seed)
        sheet = read_sheet(meet.draw(tmp_path / "sheet.pdf"))
        drawn, found = Counter(map(repr, meet.truth)), Counter(map(repr, sheet.swims))
        assert (drawn - found, found - drawn) == (Counter(), Counter()), f"meet {seed}"
        assert (sheet.meet, sheet.dates) == ("Lakeside Invitational", meet.dates), f"meet {seed}"
        assert sheet.course in (_COURSES[meet.tongue.courses.index(meet.course)], None), f"meet {seed}"
        assert sheet.reading is not None
        pages += sheet.pages
        sure += sheet.pages - len(sheet.reading["pages_to_check"])
    assert sure >= 0.95 * pages


def _rows(swims: list[Swim]) -> set[tuple[object, ...]]:
    return {(swim.page, swim.name, swim.time, swim.status, swim.place, swim.team, swim.age, swim.leg) for swim in swims}


@pytest.mark.parametrize("unknown", ["name", "team", "result", "all heads", "event", "sex", "course", "sections"])
def test_no_page_is_sure_that_lost_rows_to_a_word_nobody_knows(tmp_path: Path, unknown: str) -> None:
    for seed, tongue in enumerate(TONGUES.values()):
        heads = list(tongue.heads)
        for index, what in ((0, "name"), (2, "team"), (6, "result")):
            heads[index] = "Zwk" if unknown in (what, "all heads") else heads[index]
        changed = {
            "event": {"event": "Zwk"},
            "sex": {"sexes": ("Zwk", "Qrt")},
            "course": {"courses": ("Zwk", "Zwk", "Zwk")},
            "sections": {"final": "Zwk *", "prelims": "Zwks"},
        }.get(unknown, {"heads": tuple(heads)})
        meet = RandomMeet(random.Random(seed), tongue=replace(tongue, **changed), comma=seed % 2 > 0)  # type: ignore[arg-type]
        sheet = read_sheet(meet.draw(tmp_path / "sheet.pdf"))
        assert sheet.reading is not None
        doubted = {page["page"] for page in sheet.reading["pages_to_check"]}
        drawn = Counter(row[0] for row in _rows(meet.truth))
        lost = Counter(row[0] for row in _rows(meet.truth) - _rows(sheet.swims))
        assert not [page for page in lost if lost[page] > 0.02 * drawn[page] and page not in doubted], f"meet {seed}"
