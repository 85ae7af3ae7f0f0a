"""Files that are no readable sheet, and pages that are not upright."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from fpdf import FPDF

from app.extractions.sheet import read_sheet
from app.extractions.sheet_errors import NO_TEXT_LAYER, PDF_ENCRYPTED, PDF_UNREADABLE, SheetError
from tests.extractions.raw_pdf import write_row
from tests.extractions.sheets import Drawing


def _code(path: Path) -> str:
    with pytest.raises(SheetError) as caught:
        read_sheet(str(path))
    assert caught.value.message
    return caught.value.code


def _one_event() -> Drawing:
    drawing = Drawing().page().line("Event 7 Women 100 Yard Breaststroke").headers()
    return drawing.row("1", "Lilly King", "21", "Indiana University", seed="NT", final="59.46", mark="B", points="9")


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"place,name\n1,King\n", b"\x00" * 500])
def test_file_that_is_no_pdf_is_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sheet.pdf"
    path.write_bytes(content)
    assert _code(path) == PDF_UNREADABLE


def test_first_half_of_a_pdf_is_unreadable(tmp_path: Path) -> None:
    path = Path(_one_event().save(tmp_path / "whole.pdf"))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 4])
    assert _code(path) == PDF_UNREADABLE


def test_encrypted_pdf_is_told_apart_from_a_broken_one(tmp_path: Path) -> None:
    drawing = _one_event()
    drawing.pdf.set_encryption(owner_password="owner", user_password="user")
    assert _code(Path(drawing.save(tmp_path / "sheet.pdf"))) == PDF_ENCRYPTED


def test_pdf_that_only_forbids_copying_is_read(tmp_path: Path) -> None:
    drawing = _one_event()
    drawing.pdf.set_encryption(owner_password="owner")
    assert len(read_sheet(drawing.save(tmp_path / "sheet.pdf")).swims) == 1


def test_page_without_characters_has_no_text_layer(tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.rect(20, 20, 100, 100, style="F")
    path = tmp_path / "scan.pdf"
    pdf.output(str(path))
    assert _code(path) == NO_TEXT_LAYER


def test_missing_file_is_not_taken_for_a_bad_sheet(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"missing\.pdf"):
        read_sheet(str(tmp_path / "missing.pdf"))


def test_error_survives_the_way_out_of_a_process() -> None:
    error = pickle.loads(pickle.dumps(SheetError(PDF_ENCRYPTED, "The PDF is protected by a password.")))
    assert (error.code, error.message) == (PDF_ENCRYPTED, "The PDF is protected by a password.")
    assert error.args == (error.code, error.message, None)


@pytest.mark.parametrize(
    "codes",
    [
        {"f": 0x03D0},  # Cambria's glyph for f
        {chr(code): 0xF000 + code for code in range(33, 127)},  # everything in the private use area
        {chr(code): 0xF000 + code for code in range(32, 127)},  # blanks too
    ],
)
def test_fonts_that_call_letters_by_other_codes(tmp_path: Path, codes: dict[str, int]) -> None:
    swims = read_sheet(write_row(tmp_path / "sheet.pdf", codes)).swims
    assert [(s.name, s.age, s.team, s.event, s.time) for s in swims] == [
        ("Luper, Sofia", "21", "USC", "Women 100 Yard Breaststroke", "59.46")
    ]


def test_cells_drawn_from_right_to_left_in_one_go_come_apart(tmp_path: Path) -> None:
    path = write_row(tmp_path / "sheet.pdf", {}, show_time="[(59.46) 9000 (58.00)] TJ")
    swims = read_sheet(path).swims
    assert [(s.time, s.seed_or_prelim) for s in swims] == [("59.46", "58.00")]


def test_a_line_of_endless_digits_takes_no_time(tmp_path: Path) -> None:
    drawing = _one_event().line("Event 8 " + "1" * 200_000).line("Women " + "1 " * 100_000)
    start = time.process_time()
    assert len(read_sheet(drawing.save(tmp_path / "sheet.pdf")).swims) == 1
    assert time.process_time() - start < 20


@pytest.mark.parametrize(("turns", "centre"), [(90, (306, 306)), (180, (306, 396)), (270, (396, 396))])
def test_page_drawn_sideways_and_shown_upright_reads_the_same(
    tmp_path: Path, turns: int, centre: tuple[float, float]
) -> None:
    upright = read_sheet(_one_event().save(tmp_path / "upright.pdf"))

    drawing = Drawing()
    drawing.pdf.add_page(orientation="portrait" if turns == 180 else "landscape")
    with drawing.pdf.rotation(turns, *centre):
        drawing.y = 40.0
        drawing.line("HY-TEK's MEET MANAGER 8.0 - 7:36 PM  11/15/2026  Page 1")
        drawing.line("Event 7 Women 100 Yard Breaststroke").headers()
        drawing.row("1", "Lilly King", "21", "Indiana University", seed="NT", final="59.46", mark="B", points="9")
    document = pdfium.PdfDocument(drawing.save(tmp_path / "sideways.pdf"))
    document[0].set_rotation(turns)
    document.save(str(tmp_path / "shown.pdf"))
    document.close()

    assert read_sheet(str(tmp_path / "shown.pdf")).swims == upright.swims
