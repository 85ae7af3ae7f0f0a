"""Result files in a ZIP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from app.extractions.sheet import read_sheet
from app.extractions.sheet_errors import SheetError
from app.extractions.swims import Sheet
from tests.extractions.draw_samples import SAMPLES
from tests.extractions.files import html_writer, hy3_writer, lenex_writer, sdif_writer
from tests.extractions.files.meets import random_meet
from tests.extractions.files.truth import comparable

MEET = random_meet(4)
HY3, SWIMS = hy3_writer.write(MEET)
CL2, _ = sdif_writer.write(MEET)


def zipped(members: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


def read(tmp_path: Path, data: bytes) -> Sheet:
    path = tmp_path / "content"
    path.write_bytes(data)
    return read_sheet(str(path), "Meet Results.zip")


def codes(sheet: Sheet) -> list[str]:
    assert sheet.reading is not None
    return [warning["code"] for warning in sheet.reading["warnings"]]


def test_export_of_meet_manager_counts_once(tmp_path: Path) -> None:
    sheet = read(tmp_path, zipped({"Meet Results.cl2": CL2, "Meet Results.hy3": HY3}))
    assert sheet.layout == "hy3"
    assert comparable(sheet.swims) == comparable(SWIMS)
    assert codes(sheet) == ["MEMBERS_NOT_READ"]
    assert sheet.reading is not None
    assert sheet.reading["confidence"] == "high"


def test_folders_and_what_systems_add_are_left_out(tmp_path: Path) -> None:
    noise = {
        "__MACOSX/._a.hy3": b"\0\5\x16\7" + HY3,
        "x/.DS_Store": b"x",
        "x/._a.hy3": HY3,
        "Thumbs.db": b"x",
        "x/": b"",
    }
    sheet = read(tmp_path, zipped({**noise, "x/a.hy3": HY3}))
    assert comparable(sheet.swims) == comparable(SWIMS)
    assert codes(sheet) == []


def test_names_that_lead_elsewhere_are_only_names(tmp_path: Path) -> None:
    for name in ("/etc/results.hy3", "../../results.hy3", "C:\\Hy-Sport\\results.hy3"):
        assert comparable(read(tmp_path, zipped({name: HY3})).swims) == comparable(SWIMS)
    assert [path.name for path in tmp_path.iterdir()] == ["content"]


def test_several_meets_are_all_read(tmp_path: Path) -> None:
    other, swims = hy3_writer.write(random_meet(9))
    lenex, more = lenex_writer.write(random_meet(8))
    sheet = read(
        tmp_path, zipped({"a.hy3": HY3, "b.hy3": other, "c.lxf": lenex_writer.zipped(lenex), "again.hy3": HY3})
    )
    found = [replace(swim, page=1) for swim in sheet.swims]
    assert comparable(found) == comparable([*SWIMS, *swims, *more])
    assert (sheet.pages, sheet.layout) == (4, "hy3")
    assert sheet.meet == "; ".join([random_meet(9).name, MEET.name, random_meet(8).name]) or MEET.name in (
        sheet.meet or ""
    )


def test_pages_of_a_meet_are_read_together(tmp_path: Path) -> None:
    meet = random_meet(2, prelims=False)
    pages = html_writer.write_pre(meet, one_page_each=True)
    sheet = read(tmp_path, zipped({f"240211F{number:03}.htm": page for number, page in enumerate(pages, 1)}))
    found = [replace(swim, page=1, box=None) for swim in sheet.swims]
    assert (sheet.layout, sheet.pages) == ("hytek", len(pages))
    assert comparable(found) == comparable(html_writer.truth_of(meet))


def test_pdf_in_a_zip(tmp_path: Path) -> None:
    path = SAMPLES / "2026-11-01 Lakeside Invitational.pdf"
    assert read(tmp_path, zipped({"sheet.pdf": path.read_bytes()})).swims == read_sheet(str(path)).swims


def test_broken_member_beside_others_is_reported(tmp_path: Path) -> None:
    lenex, _ = lenex_writer.write(random_meet(8))
    sheet = read(tmp_path, zipped({"a.hy3": HY3, "b.lef": lenex[: len(lenex) // 2], "readme.txt": b"hello"}))
    assert comparable(sheet.swims) == comparable(SWIMS)
    assert sheet.reading is not None
    assert sheet.reading["confidence"] == "check"
    assert "b.lef" in sheet.reading["warnings"][-1]["message"]


def test_zip_without_results_says_so(tmp_path: Path) -> None:
    for members in ({}, {"readme.txt": b"hello"}, {"deep.zip": zipped({"deeper.zip": zipped({"a.hy3": HY3})})}):
        with pytest.raises(SheetError, match="holds no result file") as error:
            read(tmp_path, zipped(members))
        assert error.value.code == "FILE_UNREADABLE"
