"""One person in many spellings."""

from __future__ import annotations

import time

import pytest

from app.extractions.swims import Sheet
from tests.extractions.finding import find_swims
from tests.extractions.sheets import a_swim


def _sheet(*names: str) -> Sheet:
    return Sheet("Meet", None, "SCY", "hytek", 1, [a_swim(name, str(number)) for number, name in enumerate(names)])


@pytest.mark.parametrize(
    ("wanted", "printed"),
    [
        ("Lilly King", "King, Lilly"),
        ("King, Lilly", "Lilly King"),
        ("lilly king", "KING Lilly"),
        ("KING, LILLY", "King, Lilly A"),
        ("Lilly A. King", "King, Lilly"),
        ("Lilly A King", "King, Lilly A"),
        ("Jasmine Alkhaldi", "*Alkhaldi, Jasmine"),
        ("Leanne Smith", "Smith, Leanne E S3"),
        ("Jesus Agundez Mora", "Agundez Mora, Jesús"),
        ("Mohamed Samy Hassan", "Hassan, Mohamed Samy"),
        ("Stephen Robert Jones", "Jones, Stephen R"),
        ("Bridget OBrien", "O'Brien, Bridget E"),
        ("Lyle Hayes Macaluso", "Hayes-Macaluso, Lyle"),
        ("Soren Ostergaard", "Østergaard, Søren"),
        ("JT Larson", "Larson, Jt"),
        ("Ben McDade", "McDADE Ben"),
        ("  King ,  Lilly ", "King, Lilly"),
        ("Tessa Brink", "Brink Tessa"),
        ("Brink Tessa", "Brink, Tessa"),
        ("Tessa Brink", "Brink, Tessa Marie"),
        ("Tessa Marie Brink", "Brink, Tessa"),
        ("Tess Brink", "Brink, Theresa (Tess)"),
        ('Theresa "Tess" Brink', "Brink, Theresa"),
        ("Anna Lena Brink", "BRINK Anna-Lena"),
        ("Annalena Brink", "Brink, Anna-Lena"),
        ("Sofia Luna", "LUNA SOL, Sofia"),
        ("Sofia Sol", "Luna Sol, Sofia"),
        ("Sofia Luna y Sol", "Luna Sol, Sofia"),
        ("Chad le Brink", "le BRINK Chad"),
        ("Mo van der Tean", "TEAN, Mo van der"),
        ("Mo van der Tean", "Vandertean, Mo"),
        ("Ciane Fais de Nanu", "FAIS de NANU Ciane"),
        ("Tom O'Last", "O'LAST Tom"),
        ("Jan Müller", "MUELLER Jan"),
        ("Jan Mueller", "Müller, Jan"),
        ("Bjoern Aaberg", "Åberg, Bjørn"),
        ("Lukasz Wojcik", "WÓJCIK Łukasz"),
        ("Djordje Petric", "Petrić, Đorđe"),
        ("Straße Otto", "Strasse, Otto"),
        ("Пётр Нимов", "НИМОВ Петр"),
        ("Пётр Нимов", "Нимов Пётр Иванович"),
        ("Pyotr Shcherbakov", "Щербаков Пётр"),
        ("Petr Ŝerbakov", "Щербаков Пётр"),
        ("Щербаков Пётр", "SHCHERBAKOV Petr"),
        ("Yulia Tsoy", "Цой Юлия"),
        ("Iuliia Tsoi", "Цой Юлия"),
        ("Halyna Hryshchenko", "Грищенко Галина"),
        ("Uladzimir Zhuk", "Жук Уладзімір"),
        ("Giorgos Papadopoulos", "Παπαδόπουλος Γιώργος"),
        ("Tessa Brink", "Brink, Tessa E SB14"),
        ("Tom Brink Jr", "Brink Jr., Tom"),
    ],
)
def test_same_person(wanted: str, printed: str) -> None:
    swims, near = find_swims(_sheet("Roe, Jane", printed), wanted)
    assert [swim.name for swim in swims] == [printed]
    assert near == []


@pytest.mark.parametrize(
    ("wanted", "printed"),
    [
        ("Lilly King", "King, Lillia"),
        ("Lilly B King", "King, Lilly A"),
        ("James Ryan", "Ryan James"),
        ("Gina Ryan", "Ryan, G"),
        ("Jan Muller", "Mueller, Jan"),
        ("Anna Brink", "Brink, Anna-Lena"),
        ("Tessa Brink", "BRINK Sofie"),
        ("Tessa Brink", "Brinkmann, Tessa"),
        ("Mo Tean", "van TEAN Mo"),
        ("Sofia Luna Mar", "Luna Sol, Sofia"),
        ("Пётр Нимов", "Нимов Павел"),
        ("Pavel Nimov", "Нимов Пётр"),
        ("Lily King", "Lilly King"),
        ("Lilly Beth King", "King, Lilly Anne"),
        ("John Smith", "Smith Jr., John"),
    ],
)
def test_somebody_who_may_be_another_is_only_near(wanted: str, printed: str) -> None:
    assert find_swims(_sheet("Roe, Jane", printed), wanted) == ([], [printed])


@pytest.mark.parametrize("printed", ["King, Sarah", "Jordan Goff", "Kingsley, Tom", "Roe, Jane"])
def test_somebody_else_is_neither_found_nor_near(printed: str) -> None:
    assert find_swims(_sheet(printed), "Jordan Wheeler") == ([], [])


def test_swims_come_in_the_order_of_the_sheet_under_all_spellings() -> None:
    swims, _ = find_swims(_sheet("King, Lilly A", "Roe, Jane", "Lilly King", "King, Lilly"), "lilly king")
    assert [swim.event_number for swim in swims] == ["0", "2", "3"]


def test_two_people_who_differ_by_an_initial_are_not_mixed_up() -> None:
    sheet = _sheet("King, Lilly A", "King, Lilly B")
    assert find_swims(sheet, "Lilly King") == ([], ["King, Lilly A", "King, Lilly B"])
    assert [swim.name for swim in find_swims(sheet, "Lilly B King")[0]] == ["King, Lilly B"]


def test_at_most_five_names_are_near_and_the_likest_comes_first() -> None:
    sheet = _sheet(*(f"King, Lill{letter}" for letter in "abcdefgh"), "King, Lillyy")
    swims, near = find_swims(sheet, "Lilly King")
    assert swims == []
    assert len(near) == 5
    assert near[0] == "King, Lillyy"


@pytest.mark.parametrize("wanted", ["", "  ", "*", "123"])
def test_empty_name_finds_nobody(wanted: str) -> None:
    assert find_swims(_sheet("King, Lilly", "1234"), wanted) == ([], [])


def test_a_sheet_of_one_name_finds_the_better_match_and_leaves_the_other() -> None:
    found, _ = find_swims(_sheet("Ryan, James", "James, Ryan"), "James Ryan")
    assert [swim.name for swim in found] == ["Ryan, James"]


def test_a_thousand_names_take_well_under_a_tenth_of_a_second() -> None:
    letters = "abcdefghij"
    names = [f"Fam{a}{b}ily, Giv{b}{c}en {a.upper()}" for a in letters for b in letters for c in letters]
    sheet = _sheet(*names)
    taken = []
    for _ in range(5):
        start = time.process_time()
        find_swims(sheet, "Nobody Atall")
        taken.append(time.process_time() - start)
    assert min(taken) < 0.1
