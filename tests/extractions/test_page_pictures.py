"""Pages of sheets as pictures: the marked row is where the text stands, however the page is turned and cropped."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageChops

from app.extractions.page_pictures import box_of
from app.extractions.pdf.picture import MAX_PIXELS, draw_page
from app.extractions.sheet import read_sheet
from app.extractions.sheet_errors import SheetError
from tests.auth.people import caller, key_of
from tests.conftest import Api
from tests.extractions.bombs import a_pdf, deflated
from tests.extractions.sheets import Drawing
from tests.extractions.test_pipeline import extract
from tests.files.bodies import query

CENTRES = {0: (0, 0), 90: (306, 306), 180: (306, 396), 270: (396, 396)}
"""Around which a sheet is drawn so that it stands upright again on a page that is turned."""
NAMES = ("Okafor, Ada", "Lindqvist, Maya", "Keane, Orla", "Novak, Petra")
Area = tuple[int, int, int, int]


def draw_sheet(path: Path, turn: int = 0, cut: int = 0, shift: int = 0) -> str:
    """A sheet whose page is turned and cropped by `cut` points; its origin lies `shift` points off its corner."""
    drawing = Drawing()
    drawing.pdf.add_page(orientation="landscape" if turn % 180 else "portrait")
    with drawing.pdf.rotation(turn, *CENTRES[turn]):
        drawing.y = 60.0
        drawing.line("HY-TEK's MEET MANAGER 8.0 - 7:36 PM  11/15/2026  Page 1")
        drawing.line("Event 12  Women 200 Yard Freestyle").headers()
        for place, name in enumerate(NAMES, 1):
            drawing.row(str(place), name, "16", "Lakeside", seed="2:05.00", final=f"1:5{place}.10").line("")
    document = pdfium.PdfDocument(drawing.save(path))
    page = document[0]
    left, bottom, right, top = page.get_mediabox()
    page.set_rotation(turn)
    page.set_mediabox(left - shift, bottom - shift, right, top)
    page.set_cropbox(left - shift + cut, bottom - shift + 2 * cut, right - cut, top - cut)
    shown = path.with_name("shown.pdf")
    document.save(str(shown))
    document.close()
    return str(shown)


def read_answer(answer: bytes) -> tuple[str, Image.Image]:
    place, _, picture = answer.partition(b"\n")
    return place.decode(), Image.open(io.BytesIO(picture)).convert("RGB")


def marked(answer: bytes, plain: bytes) -> Area:
    """Where two pictures of a page differ, which is what the answer says as well."""
    place, picture = read_answer(answer)
    area = ImageChops.difference(picture, read_answer(plain)[1]).getbbox()
    assert area is not None
    shares = [float(share) * picture.height for share in place.split("-")]
    assert shares == [pytest.approx(area[1], abs=1), pytest.approx(area[3], abs=1)]
    return area


def place_of(path: str, words: str, width: int) -> Area:
    """Where PDFium's own search and its own conversion see these words on the picture."""
    with pdfium.PdfDocument(path) as document:
        page = document[0]
        textpage = page.get_textpage()
        found = textpage.search(words).get_next()
        assert found, words
        boxes = [textpage.get_charbox(at) for at in range(found[0], sum(found))]
        edges = [min(box[side] for box in boxes) for side in (0, 1)] + [
            max(box[side] for box in boxes) for side in (2, 3)
        ]
        bitmap = page.render(scale=width / page.get_width())
        convert = bitmap.get_posconv(page).to_bitmap
        (x0, x1), (y0, y1) = (sorted(axis) for axis in zip(convert(*edges[:2]), convert(*edges[2:]), strict=True))
        textpage.close()
    return x0, y0, x1, y1


@pytest.mark.parametrize("turn", CENTRES)
@pytest.mark.parametrize(("cut", "shift"), [(0, 0), (12, 0), (12, 40)])
def test_the_marked_row_is_where_the_text_stands(tmp_path: Path, turn: int, cut: int, shift: int) -> None:
    path, width = draw_sheet(tmp_path / "sheet.pdf", turn, cut, shift), 1000
    (swim,) = [swim for swim in read_sheet(path).swims if swim.name == "Lindqvist, Maya"]
    assert swim.box
    left, top, right, bottom = marked(draw_page(path, 1, width, swim.box), draw_page(path, 1, width, None))
    for words in ("Lindqvist, Maya", "1:52.10"):
        x0, y0, x1, y1 = place_of(path, words, width)
        assert left <= x0 < x1 <= right, words
        assert top <= y0 < y1 <= bottom, words
    for other in ("Okafor, Ada", "Keane, Orla"):
        _, y0, _, y1 = place_of(path, other, width)
        assert y1 <= top or bottom <= y0, other
    assert bottom - top < 40


def test_size_of_a_picture(tmp_path: Path) -> None:
    path = draw_sheet(tmp_path / "sheet.pdf")
    assert [read_answer(draw_page(path, 1, width, None))[1].width for width in (100, 1200)] == [100, 1200]
    document = pdfium.PdfDocument.new()
    document.new_page(10, 14_000)
    document.save(str(tmp_path / "ribbon.pdf"))
    picture = read_answer(draw_page(str(tmp_path / "ribbon.pdf"), 1, 2400, None))[1]
    assert picture.width * picture.height <= 1.01 * MAX_PIXELS


def test_a_row_outside_of_what_is_shown_is_not_marked(tmp_path: Path) -> None:
    path = draw_sheet(tmp_path / "sheet.pdf")
    place, picture = read_answer(draw_page(path, 1, 500, (10.0, 5000.0, 90.0, 4990.0)))
    assert place == ""
    assert ImageChops.difference(picture, read_answer(draw_page(path, 1, 500, None))[1]).getbbox() is None


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"place,name\n1,King\n", "NO_PDF"), (b"", "NO_PDF"), (b"%PDF-1.4\n", "PDF_UNREADABLE")],
)
def test_files_without_pages(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "sheet").write_bytes(content)
    with pytest.raises(SheetError) as caught:
        draw_page(str(tmp_path / "sheet"), 1, 500, None)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "box",
    [None, [], [1, 2, 3], ["1", 2, 3, 4], [1, 2, 3, float("nan")], [1, 2, 3, 1e300], [True, 1, 1, 1], {"left": 1}],
)
def test_boxes_that_are_none(box: Any) -> None:
    assert box_of({"box": box}) is None
    assert box_of({"box": [1, 2, 3.5, 4]}) == [1, 2, 3.5, 4]


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Path(draw_sheet(tmp_path_factory.mktemp("sheets") / "sheet.pdf")).read_bytes()


@pytest.fixture(scope="module")
async def job(api: Api, sheet: bytes) -> dict[str, Any]:
    return dict((await extract(api, "Maya Lindqvist", [("sheet.pdf", sheet)]))["jobs"][0])


async def test_picture_of_a_swim(api: Api, job: dict[str, Any]) -> None:
    path = f"/api/extractions/{job['extraction_id']}/pages/1"
    reply = await api.get(path, params={"swim": 0, "width": 800})
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "image/png"), reply.text
    picture = Image.open(io.BytesIO(reply.content))
    assert picture.width == 800
    top, bottom = map(float, reply.headers["Highlighted-Row"].split("-"))
    assert 0.1 < top < bottom < 0.3
    assert picture.convert("RGB").getpixel((400, round((top + bottom) / 2 * picture.height))) != (255, 255, 255)
    assert reply.headers["Cache-Control"] == "private, max-age=3600"
    again = await api.get(path, params={"swim": 0, "width": 800}, headers={"If-None-Match": reply.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await api.get(path, params={"width": 800})
    assert plain.headers["ETag"] != reply.headers["ETag"]
    assert "Highlighted-Row" not in plain.headers


@pytest.mark.parametrize(
    ("page", "params", "status", "code"),
    [
        ("2", {}, 404, "page_not_found"),
        ("2", {"swim": 0}, 404, "swim_not_found"),
        ("1", {"swim": 1}, 404, "swim_not_found"),
        ("0", {}, 422, "validation_failed"),
        ("first", {}, 422, "validation_failed"),
        ("99999999999999999999", {}, 422, "validation_failed"),
        ("1", {"width": 99}, 422, "validation_failed"),
        ("1", {"width": 1_000_000}, 422, "validation_failed"),
        ("1", {"swim": -1}, 422, "validation_failed"),
    ],
)
async def test_what_cannot_be_shown(
    api: Api, job: dict[str, Any], page: str, params: dict[str, int], status: int, code: str
) -> None:
    reply = await api.get(f"/api/extractions/{job['extraction_id']}/pages/{page}", params=params)
    assert (reply.status_code, reply.json()["code"]) == (status, code)


async def test_nobody_else_sees_a_page(api: Api, job: dict[str, Any]) -> None:
    for key, status in ((None, 401), (await key_of(api, "Other"), 404)):
        async with caller(api, key) as stranger:
            reply = await stranger.get(f"/api/extractions/{job['extraction_id']}/pages/1")
        assert reply.status_code == status


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (None, 410, "sheet_gone"),
        (b"place,name\n1,King\n", 422, "sheet_not_pdf"),
        (b"%PDF-1.4\n", 422, "page_not_drawn"),
        (a_pdf(deflated(1000)), 422, "page_not_drawn"),
    ],
    ids=["gone", "table", "broken", "bomb"],
)
async def test_files_that_have_no_picture(
    api: Api, sheet: bytes, content: bytes | None, status: int, code: str
) -> None:
    (job,) = (await extract(api, "Ada Okafor", [("a.pdf", sheet)]))["jobs"]
    file_id = (await api.put("/api/files/other.pdf", content=content)).json()["id"] if content else None
    await query(api, "update jobs set file_id = :file_id where id = :id returning 1", id=job["id"], file_id=file_id)
    reply = await api.get(f"/api/extractions/{job['extraction_id']}/pages/1", params={"swim": 0})
    assert (reply.status_code, reply.json()["code"]) == (status, code)
