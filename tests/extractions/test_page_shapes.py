"""Pages that are turned, cropped, set side by side, hidden in part, or pictures: right rows, or a word about them."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from app.extractions.pdf.page import Pages
from app.extractions.pdf.words import read_pages
from app.extractions.sheet import read_sheet
from app.extractions.sheet_errors import SheetError
from app.extractions.swims import Sheet
from tests.extractions.omega_books import OmegaBook
from tests.extractions.omega_races import Entry, Race
from tests.extractions.raw_pdf import EVENT, HEAD, RawPage, row, shown, write

ONE = row(1, "King, Lilly", "59.46", y=676)
TWO = row(2, "Luper, Sofia", "1:00.10", y=664)
SHEET = shown(*HEAD, *EVENT, *ONE, *TWO)
BOTH = [("King, Lilly", "59.46"), ("Luper, Sofia", "1:00.10")]


def _rows(sheet: Sheet) -> list[tuple[str, str | None]]:
    return [(swim.name, swim.time) for swim in sheet.swims]


def _codes(sheet: Sheet) -> list[tuple[str, int | None, int]]:
    assert sheet.reading
    return [(warning["code"], warning["page"], warning["count"]) for warning in sheet.reading["warnings"]]


def _confidence(sheet: Sheet) -> str:
    assert sheet.reading
    return sheet.reading["confidence"]


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_text_in_any_direction_on_a_page_turned_in_any_way(tmp_path: Path, turns: int, rotate: int) -> None:
    matrix = {1: "0 1 -1 0 792 0", 2: "-1 0 0 -1 612 792", 3: "0 -1 1 0 0 612"}[turns]
    size = "612 792" if turns == 2 else "792 612"
    page = RawPage(f"{matrix} cm\n{SHEET}", f"/MediaBox[0 0 {size}]/Rotate {rotate}")
    sheet = read_sheet(write(tmp_path / "sheet.pdf", page))
    assert (_rows(sheet), _confidence(sheet)) == (BOTH, "high")


def test_words_in_a_margin_that_stand_sideways_are_no_part_of_a_row(tmp_path: Path) -> None:
    margin = (
        "BT /F 10 Tf 0 1 -1 0 28 655 Tm (Lakeside 2026) Tj ET\nBT /F 40 Tf 0.7 0.7 -0.7 0.7 200 600 Tm (DRAFT) Tj ET"
    )
    assert _rows(read_sheet(write(tmp_path / "sheet.pdf", RawPage(f"{margin}\n{SHEET}")))) == BOTH


@pytest.mark.parametrize(
    ("boxes", "dx", "dy"),
    [
        ("/MediaBox[0 0 1000 1400]/CropBox[100 200 712 992]", 100, 200),
        ("/MediaBox[-306 -396 306 396]", -306, -396),
        ("/MediaBox[0 0 1000 1400]/CropBox[712 992 100 200]/Rotate 180", 100, 200),
    ],
)
def test_cropped_page_gives_what_it_shows(tmp_path: Path, boxes: str, dx: float, dy: float) -> None:
    cut = shown(*row(3, "Cut, Away", "58.00", y=676), dx=dx + 640, dy=dy)
    cut += shown((18, 850, "Event 8 Men 50 Yard Freestyle"), *row(1, "Cut, Too", "22.00", y=838), dx=dx, dy=dy)
    page = RawPage(f"{shown(*HEAD, *EVENT, *ONE, *TWO, dx=dx, dy=dy)}\n{cut}", boxes)
    sheet = read_sheet(write(tmp_path / "sheet.pdf", page))
    assert _rows(sheet) == BOTH


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("3 Tr", "0 Tr"),
        ("1 1 1 rg", "0 g"),
        ("q /Clear gs", "Q"),
        ("/OC /Off BDC", "EMC"),
        ("q 0 0 10 10 re W n 7 Tr", "0 Tr Q"),
    ],
)
def test_text_that_is_not_seen_is_left_out_and_reported(tmp_path: Path, before: str, after: str) -> None:
    hidden = shown(*row(3, "Hidden, Ada", "1:01.00", y=652))
    sheet = read_sheet(write(tmp_path / "sheet.pdf", RawPage(f"{SHEET}\n{before}\n{hidden}\n{after}")))
    assert (_rows(sheet), _codes(sheet)) == (BOTH, [("TEXT_LEFT_OUT", 1, 6)])


@pytest.mark.parametrize(
    ("before", "after"),
    [("/OC /On BDC", "EMC"), ("/Span <</MCID 0>> BDC", "EMC"), ("0 g 0 640 612 24 re f 1 g", "0 g")],
)
def test_text_that_is_seen_is_read(tmp_path: Path, before: str, after: str) -> None:
    third = shown(*row(3, "Seen, Ada", "1:01.00", y=652))
    sheet = read_sheet(write(tmp_path / "sheet.pdf", RawPage(f"{SHEET}\n{before}\n{third}\n{after}")))
    assert (_rows(sheet), _codes(sheet)) == ([*BOTH, ("Seen, Ada", "1:01.00")], [])


def test_text_behind_the_picture_of_a_page_is_read_and_never_sure(tmp_path: Path) -> None:
    sheet = read_sheet(write(tmp_path / "sheet.pdf", RawPage(f"q 612 0 0 792 0 0 cm /I Do Q 3 Tr\n{SHEET}")))
    assert _rows(sheet) == BOTH
    assert _codes(sheet) == [("TEXT_FROM_PICTURE", 1, 2)]
    assert _confidence(sheet) != "high"


def test_page_that_is_a_picture_among_pages_of_text_is_reported(tmp_path: Path) -> None:
    picture, empty = RawPage("q 612 0 0 792 0 0 cm /I Do Q"), RawPage("")
    more = RawPage(shown(*HEAD, (18, 700, "Event 8 Women 50 Yard Freestyle"), *EVENT[1:], *ONE))
    sheet = read_sheet(write(tmp_path / "sheet.pdf", RawPage(SHEET), picture, empty, more, RawPage("")))
    assert (len(sheet.swims), sheet.pages) == (3, 5)
    assert _codes(sheet) == [("PAGES_WITHOUT_TEXT", 2, 1)]
    assert _confidence(sheet) == "check"


def test_two_pages_on_one_are_read_one_after_the_other(tmp_path: Path) -> None:
    left = shown(*HEAD, *EVENT, *ONE, *TWO)
    second = ((18, 700, "Event 8 Women 50 Yard Freestyle"), *EVENT[1:], *row(1, "Lee, Ann", "24.10", y=676))
    right = shown(*HEAD, *second, dx=612)
    sheet = read_sheet(write(tmp_path / "sheet.pdf", RawPage(f"{left}\n{right}", "/MediaBox[0 0 1224 792]")))
    assert [(swim.event_number, swim.name, swim.page) for swim in sheet.swims] == [
        ("7", "King, Lilly", 1),
        ("7", "Luper, Sofia", 1),
        ("8", "Lee, Ann", 1),
    ]
    assert (sheet.pages, _confidence(sheet)) == (1, "high")


def test_two_pages_of_a_book_on_one(tmp_path: Path) -> None:
    book = OmegaBook(random.Random(1))
    for number, names in (("8", ("Bo", "Kim")), ("9", ("Åsa", "Uvo"))):
        race = Race(number, f"10{number}", "Men's 50m Butterfly", "Final", "final", "FNL-000100--", "Results")
        book.results(race, [Entry(f"FOSTER {name}", "USA", time="25.10", place=1) for name in names])
    single = pdfium.PdfDocument(book.save(tmp_path / "book.pdf"))
    raw = pdfium.raw.FPDF_ImportNPagesToOne(single, 1190, 842, 2, 1)
    pdfium.PdfDocument(raw).save(str(tmp_path / "two.pdf"))
    swims = read_sheet(str(tmp_path / "book.pdf")).swims
    found = read_sheet(str(tmp_path / "two.pdf"))
    assert len(swims) == 4
    assert [replace(swim, box=None) for swim in found.swims] == [replace(swim, page=1, box=None) for swim in swims]
    assert (_codes(found), _confidence(found)) == ([], "high")


@pytest.mark.parametrize(
    ("drawn", "letters", "name"),
    [
        ("cba fed", "אבגדהו", "דהו אבג"),
        ("edcba", "محمدع", "محمدع"),
        ("ba-dc", "אבגד", "גד-אב"),
    ],
)
def test_names_written_from_right_to_left(tmp_path: Path, drawn: str, letters: str, name: str) -> None:
    codes = {sign: ord(letter) for sign, letter in zip("abcdef", letters, strict=False)}
    page = RawPage(
        shown(*HEAD[:1], (34, 676, "1"), (193, 676, "21"), (446, 676, "59.46")) + f"\n{shown((48, 676, drawn))}"
    )
    path = write(tmp_path / "sheet.pdf", page, codes=codes)
    lines = [line.text for page in Pages(read_pages(path)).lines() for line in page.lines]
    assert f"1 {name} 21 59.46" in lines


@pytest.mark.parametrize("seed", range(40))
def test_damaged_file_is_read_or_refused(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    content = bytearray(Path(write(tmp_path / "sheet.pdf", RawPage(SHEET), RawPage(SHEET))).read_bytes())
    if seed % 4 == 0:
        del content[dice.randrange(len(content)) :]
    for _ in range(dice.randint(1, 40)):
        content[dice.randrange(len(content))] = dice.randrange(256)
    path = tmp_path / "damaged.pdf"
    path.write_bytes(content)
    with suppress(SheetError):
        assert read_sheet(str(path)).reading
