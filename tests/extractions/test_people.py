"""People of one name are told apart by club and year of birth, or not at all."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from app.extractions.names import Wanted
from app.extractions.sheet_text import Found, find_in_sheet, write_sheet
from app.extractions.swims import Sheet, Swim
from tests.extractions.sheets import a_swim


def swim(name: str, team: str | None, age: str | None, number: str = "1", kind: str = "individual") -> Swim:
    return replace(a_swim(name, number), team=team, age=age, kind=kind, leg=1 if kind == "relay_leg" else None)


def find(*swims: Swim, dates: str = "10/19/2024", **wanted: object) -> Found:
    sheet = Sheet("Meet", dates, "SCY", "hytek", 1, list(swims))
    return find_in_sheet(write_sheet(sheet), Wanted("Tessa Brink", **wanted))  # type: ignore[arg-type]


TWO = (swim("Brink, Tessa", "Lakeside", "16"), swim("Brink, Tessa", "Harbour City", "13", "2"))


def test_two_people_of_one_name_are_not_merged_and_both_are_shown() -> None:
    found = find(*TWO)
    assert (found.match, found.swims) == ("ambiguous", [])
    assert [(near["name"], near["team"], near["age"], near["events"]) for near in found.near] == [
        ("Brink, Tessa", "Lakeside", "16", [TWO[0].event]),
        ("Brink, Tessa", "Harbour City", "13", [TWO[1].event]),
    ]
    assert found.near_names == ["Brink, Tessa"]


@pytest.mark.parametrize(
    ("wanted", "team"),
    [
        ({"club": "Lakeside"}, "Lakeside"),
        ({"club": "harbour"}, "Harbour City"),
        ({"club": "City Harbour"}, "Harbour City"),
        ({"birth_year": 2008}, "Lakeside"),
        ({"birth_year": 2011}, "Harbour City"),
        ({"birth_year": 2010}, "Harbour City"),
    ],
)
def test_a_club_or_a_year_of_birth_tells_them_apart(wanted: dict[str, object], team: str) -> None:
    found = find(*TWO, **wanted)
    assert [swim["team"] for swim in found.swims] == [team]
    assert (found.match, found.near) == ("exact", [])


@pytest.mark.parametrize("wanted", [{"club": "Northgate"}, {"birth_year": 1990}])
def test_who_contradicts_what_is_printed_is_not_taken(wanted: dict[str, object]) -> None:
    found = find(*TWO, **wanted)
    assert (found.match, found.swims) == (None, [])
    assert [near["team"] for near in found.near] == ["Lakeside", "Harbour City"]


@pytest.mark.parametrize("age", ["2008", "08", "JR", None])
def test_years_of_birth_are_printed_in_many_forms(age: str | None) -> None:
    assert len(find(swim("Brink, Tessa", "Lakeside", age), birth_year=2008).swims) == 1


@pytest.mark.parametrize(
    "other",
    [
        swim("Brink, Tessa", "Lakeside", "16"),
        swim("BRINK Tessa", "Lakeside Swim Team", "16"),
        swim("Brink, Tessa M", "LAKESIDE", None),
        swim("Tessa Brink", None, None),
        swim("Brink, Tessa", "LST", "16"),
        swim("Brink, Tessa", "LKS-NT", "16"),
        swim("Brink, Tessa", "Region Two", "16", kind="relay_leg"),
        swim("Brink, Tessa", "Lakes. Swim Team", "2016"),
    ],
)
def test_one_person_in_two_ways_is_one(other: Swim) -> None:
    found = find(swim("Brink, Tessa", "Lakeside Swim Team", "16"), other)
    assert (found.match, len(found.swims)) == ("exact", 2)


@pytest.mark.parametrize(
    "other",
    [
        swim("Brink, Tessa", "Lakeside", "12"),
        swim("Brink, Tessa", "Harbour", None),
        swim("Brink, Tessa", "Harbour", None, kind="relay_leg"),
        swim("Brink, Tessa", "Lakeside", "2001"),
    ],
)
def test_what_may_be_somebody_else_is_not_merged(other: Swim) -> None:
    assert find(swim("Brink, Tessa", "Lakeside", "16"), other).match == "ambiguous"


def test_a_relay_for_a_region_does_not_hide_the_club() -> None:
    swims = (swim("Brink, Tessa", "Lakeside", "16"), swim("Brink, Tessa", "Region Two", "16", kind="relay_leg"))
    assert len(find(*swims, club="lakeside").swims) == 2


@pytest.mark.parametrize("age", ["²", "9" * 5000, "٣٤", "-", ""])
def test_any_age_is_taken(age: str) -> None:
    people = (swim("Brink, Tessa", "Lakeside", age), swim("Brink, Tessa", "Lakeside", "16", "2"))
    find(*people, birth_year=2008)


def test_a_sheet_of_one_name_in_thousands_of_clubs_takes_time_in_proportion() -> None:
    def taken(people: int) -> float:
        swims = [swim("Brink, Tessa", f"Club {number}", str(number)) for number in range(people)]
        started = time.process_time()
        assert find(*swims).match == "ambiguous"
        return time.process_time() - started

    taken(10)
    assert min(taken(4000) for _ in range(2)) < 20 * max(taken(500), 0.01)  # eight times as many people


def test_the_name_as_asked_for_goes_before_one_that_says_more() -> None:
    found = find(swim("Brink, Tessa", "Lakeside", "16"), swim("Brink, Tessa Marie", "Harbour", "14"))
    assert ([swim["name"] for swim in found.swims], found.match) == (["Brink, Tessa"], "exact")
    assert find(swim("Brink, Tessa Marie", "Harbour", "14")).match == "sure"
    several = find(swim("Brink, Tessa Marie", "Harbour", "14"), swim("Brink, Tessa Sue", "Harbour", "14"))
    assert (several.match, several.near_names) == ("ambiguous", ["Brink, Tessa Marie", "Brink, Tessa Sue"])


def test_near_names_are_never_missing_when_a_family_name_fits() -> None:
    found = find(swim("Brink, Wolfgang", "Lakeside", "50"), swim("Roe, Jane", "Harbour", "12"))
    assert found.near == [
        {"name": "Brink, Wolfgang", "team": "Lakeside", "age": "50", "events": [found.near[0]["events"][0]]}
    ]
