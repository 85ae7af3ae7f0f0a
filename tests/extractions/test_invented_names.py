"""Thousands of invented people: every way of writing one finds them, and nobody is ever taken for somebody else."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.extractions.names import NameSearch, Wanted
from app.extractions.names.matching import Match, match
from app.extractions.names.parsing import parse
from app.extractions.names.transliteration import can_be_latin
from app.extractions.sheet_text import find_in_sheet, write_sheet
from app.extractions.swims import Sheet
from tests.extractions.invented_names import Person, cyrillic, person, plain, ways
from tests.extractions.sheets import a_swim

PEOPLE = 1500


@pytest.fixture(scope="module")
def people() -> list[Person]:
    dice = Random(7)
    return [person(dice) for _ in range(PEOPLE)]


def test_every_way_of_writing_finds_the_person_among_all(people: list[Person]) -> None:
    dice = Random(11)
    printed = {}
    for one in people:
        printed[dice.choice(ways(one))] = one
    search = NameSearch(printed)
    for name, one in dice.sample(sorted(printed.items()), 300):
        family = f"{one.particle} {one.family}".strip()
        for typed in (f"{one.given} {family}", f"{family}, {one.given}", plain(f"{one.given} {family}")):
            assert list(search.matches(typed)) == [name], typed


def test_all_ways_of_one_person_match_the_plain_name(people: list[Person]) -> None:
    for one in people:
        typed = parse(f"{one.given} {one.particle} {one.family}".replace("  ", " "))
        missed = [way for way in ways(one) if match(typed, parse(way)) is Match.NONE]
        assert missed == []


def test_people_who_differ_in_a_name_are_never_merged(people: list[Person]) -> None:
    for one, other in pairwise(people[:300]):
        for stranger in (
            replace(one, given=other.given),
            replace(one, family=other.family),
            replace(other, middle=one.middle, second=one.second),
        ):
            typed = parse(f"{one.given} {one.family}")
            assert [way for way in ways(stranger) if match(typed, parse(way)) is not Match.NONE] == []


def test_cyrillic_and_latin_find_each_other(people: list[Person]) -> None:
    latin = [one for one in people if f"{one.given}{one.family}".isascii()][:300]
    search = NameSearch([cyrillic(f"{one.family} {one.given}") for one in latin])
    for one in latin:
        assert list(search.matches(f"{one.given} {one.family}")) == [cyrillic(f"{one.family} {one.given}")]
        assert (
            match(parse(cyrillic(f"{one.given} {one.family}")), parse(f"{one.family}, {one.given}")) is not Match.NONE
        )


@pytest.mark.parametrize(
    ("raw", "spellings"),
    [
        ("щербаков", ["shcherbakov", "serbakov", "scherbakov"]),
        ("юлия", ["yulia", "iuliia", "yuliya", "julija", "ulia"]),
        ("сергей", ["sergei", "sergey", "sergej", "serhei"]),
        ("хрущёв", ["khrushchev", "khrushchyov", "hrusev"]),
        ("цветкова", ["tsvetkova", "cvetkova", "tcvetkova"]),
        ("наталья", ["natalia", "natalya", "natalja"]),
        ("підгайний", ["pidhainyi", "pidhayny", "pidhaynyi"]),
        ("ўладзіслаў", ["uladzislau"]),
    ],
)
def test_passports_and_iso_9(raw: str, spellings: list[str]) -> None:
    assert [spelling for spelling in spellings if not can_be_latin(raw, spelling)] == []
    assert not can_be_latin(raw, spellings[0] + "x")


@given(st.text(max_size=120), st.text(max_size=120))
def test_any_text_is_taken(one: str, other: str) -> None:
    search = NameSearch([one, other])
    search.matches(other)
    search.near(one)


def test_three_thousand_names_take_milliseconds() -> None:
    dice = Random(3)
    names = {dice.choice(ways(person(dice))) for _ in range(3300)}
    text = write_sheet(Sheet("Meet", None, "SCY", "hytek", 9, [a_swim(name) for name in sorted(names)][:3000]))
    taken = []
    for number in range(7):
        start = time.process_time()
        find_in_sheet(text, Wanted(f"Nobody Atall{'abcdefg'[number]}"))
        taken.append(time.process_time() - start)
    assert min(taken) < 0.05
