"""Meets on sheets of SPLASH Meet Manager's form, drawn by loaded dice with the truth beside them."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from tests.extractions.splash_languages import LANGUAGES
from tests.extractions.splash_sheets import SplashSheet, Table, Truth


def random_splash(dice: random.Random, language: str, path: Path) -> list[Truth]:
    """Draws a sheet at `path` and returns the rows that are on it."""
    words = LANGUAGES[language]
    sheet = SplashSheet(words, dice, Table.drawn(dice), foot=dice.random() < 0.9, named=dice.random() < 0.8).page()
    form = dice.choice(("{F}, {G}", "{f} {g}", "{F}, {G}", "{g} {F}"))
    for number in range(1, dice.randint(2, 5)):
        sheet.relay = dice.random() < 0.3
        stroke = sheet.one(words.strokes)
        distance = f"4 x {dice.choice((50, 100))}m" if sheet.relay else f"{dice.choice((50, 100, 1500))}m"
        phase = sheet.one(dice.choice(("", words.prelim, words.semifinal, words.final)) or "")
        group = dice.choice(("", sheet.one(words.groups)))
        if sheet.y > 600:
            sheet.page()
        else:
            sheet.y += 24
        sheet.start(
            str(number), f"{sheet.one(words.sexes)}, {distance} {stroke}", group, sheet.one(words.results), phase
        )
        groups = dice.sample(words.groups.split("|"), dice.choice((0, 0, 2)))
        for group in groups or [""]:
            if group:
                sheet.group(group)
            (_relays if sheet.relay else _people)(sheet, form)
    sheet.save(path)
    return sheet.truths


def _person(sheet: SplashSheet, form: str) -> str:
    family, given = sheet.one(sheet.words.families), sheet.one(sheet.words.given)
    return form.format(F=family, f=family, G=given, g=given)


def _clock(dice: random.Random, least: float) -> str:
    minutes, seconds = divmod(least, 60)
    return f"{int(minutes)}:{seconds:05.2f}" if minutes else f"{seconds:.2f}"


def _points(dice: random.Random) -> str:
    return dice.choice((str(dice.randint(90, 999)), f"{dice.randint(1, 30)},00", f"{dice.randint(1, 30)}.50"))


def _people(sheet: SplashSheet, form: str) -> None:
    dice, words, table = sheet.dice, sheet.words, sheet.table
    place, seconds = 0, dice.choice((24.0, 55.0, 700.0))
    dated = table.year < 200 and table.grade is None and table.nation is None and dice.random() < 0.1
    years = dice.choice(("20{:02}",) if dated else ("{:02}", "20{:02}"))
    kind = dice.choice((str, _points, _points))
    below = not table.splits and dice.random() < 0.4
    for index in range(dice.randint(1, 22)):
        tied = index > 0 and dice.random() < 0.08
        place = place if tied else index + 1
        seconds += 0 if tied else dice.uniform(0.01, 2)
        splits = (
            tuple(_clock(dice, seconds * part) for part in (0.24, 0.5, 0.75)) if below and dice.random() < 0.9 else ()
        )
        if table.splits:
            splits = tuple(_clock(dice, seconds * part) for part in (0.4, 0.6))
        name = _person(sheet, form)
        while tied and name in {truth.name for truth in sheet.truths[-3:]}:
            name = _person(sheet, form)
        truth = Truth(
            name,
            sheet.one(words.clubs),
            year := years.format(dice.randint(1, 15)),
            place,
            _clock(dice, seconds),
            points=(str(dice.randint(90, 999)) if kind is str else _points(dice)) if table.points else None,
            fina_points=str(dice.randint(90, 999)) if table.fina else None,
            splits=splits,
            birth_date=f"27.11.{year}" if dated else None,
            note="place shared with the row above, not printed" if tied else None,
        )
        mark = dice.choice(("", "", "Q", "R")) if table.land is None else ""
        sheet.row(truth, printed="" if tied else None, mark=mark, below=2 * below)
        if below and splits:
            first, second, third = (f"{50 * n}m: {time} {time}" for n, time in enumerate(splits, 1))
            sheet.below(first, third)
            sheet.below(second)
    for status, forms in (("DQ", words.dq), ("NS", words.ns), ("SCR", words.scr), ("DNF", "DNF"), ("OK", words.exh)):
        if dice.random() > 0.35:
            continue
        reason = words.reason if status == "DQ" and dice.random() < 0.6 else None
        out = status == "OK"
        truth = Truth(
            _person(sheet, form),
            sheet.one(words.clubs),
            year := years.format(dice.randint(1, 15)),
            None,
            _clock(dice, seconds) if out else None,
            status,
            exhibition=out,
            points=str(dice.randint(90, 999)) if out and table.points else None,
            note=reason,
            birth_date=f"27.11.{year}" if dated else None,
        )
        sheet.row(truth, printed=sheet.one(forms), below=1)
        if reason:
            sheet.below(reason)


def _relays(sheet: SplashSheet, form: str) -> None:
    dice, words, table = sheet.dice, sheet.words, sheet.table
    legs = dice.choice(("one", "one", "two", "bare", "none"))
    local = dice.random() < 0.4
    seconds = 220.0
    count = dice.randint(1, 6)
    for index in range(count):
        seconds += dice.uniform(0.1, 5)
        out = index > 1 and index == count - 1 and dice.random() < 0.5
        team = sheet.one(words.clubs)
        truth = Truth(
            team,
            team,
            None,
            None if out else index + 1,
            None if out else _clock(dice, seconds),
            "DQ" if out else "OK",
            points=str(dice.randint(90, 999)) if table.points and not out else None,
            kind="relay",
        )
        said = dice.choice(("Nordland", "Сасмгая область")) if local else None
        sheet.row(truth, printed=sheet.one(words.dq) if out else None, below=4, said=said)
        if legs == "none":
            continue
        team_row = sheet.truths.pop()
        people = [_person(sheet, form) for _ in range(4)]
        ages = [f"{dice.randint(1, 15):02}" if legs == "one" else None for _ in people]
        times = [] if legs == "bare" else [_clock(dice, dice.uniform(24, 70)) for _ in people]
        for leg, (person, age) in enumerate(zip(people, ages, strict=True), 1):
            swim = replace(team_row, name=person, age=age, kind="relay_leg", leg=leg, splits=tuple(times))
            sheet.truths.append(swim)
        if legs == "one":
            for person, age, time in zip(people, ages, times, strict=True):
                sheet.below(person, age or "", "+0,33", time, step=163)
        else:
            for first in (0, 2):
                x = table.name + 13
                for leg in (first, first + 1):
                    sheet.pdf.text(x, sheet.y, people[leg], 7.5)
                    if times:
                        sheet.pdf.text(x + 120, sheet.y, "+0,55", 7.5)
                        sheet.pdf.text(x + 160, sheet.y, times[leg], 7.5)
                    x += 230
                sheet.y += 10


def draw_list(
    dice: random.Random, language: str, kind: str, said: str, sheet: SplashSheet | None = None
) -> SplashSheet:
    """A page that lists people and times but no results: `said` is what it says it is."""
    words = LANGUAGES[language]
    sheet = (sheet or SplashSheet(words, dice, Table())).page()
    event = f"{sheet.one(words.sexes)}, 50m {sheet.one(words.strokes)}"
    if kind in ("start_list", "entry_list"):
        sheet.start("1", event, "", said, sheet.one(words.prelim))
        marks = [str(lane) for lane in range(1, 7)]
    else:
        sheet.pdf.text(43, sheet.y, said, 12)
        sheet.pdf.right(553, sheet.y, "1 - 12", 10)
        sheet.pdf.text(43, sheet.y + 28, f"1. {event}", 10)
        sheet.y += 46
        marks = ["1.", "2.", "3."]
    for index, mark in enumerate(marks):
        person = Truth(_person(sheet, "{F}, {G}"), sheet.one(words.clubs), "05", None, f"2{index}.17", points="612")
        sheet.row(person, printed=mark)
        sheet.truths.pop()
    return sheet
