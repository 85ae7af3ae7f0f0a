"""The text a sheet is kept as, and what a child may answer instead of one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.extractions.names import Wanted
from app.extractions.reading_report import report_on
from app.extractions.sheet_text import checked, find_in_sheet, write_sheet
from app.extractions.swims import Sheet
from app.kit.sandbox.cell.confinement import Lent
from app.kit.sandbox.errors import SandboxCrashed
from app.kit.sandbox.sandbox import Sandbox
from tests.extractions.sheets import Drawing, a_swim
from tests.patience import patient


def _sheet(*names: str) -> Sheet:
    swims = [replace(a_swim(name), splits=["11.00", "12.00"]) for name in names]
    sheet = Sheet("Meet", "1/2/2026", "SCY", "hytek", 3, swims, None if names else "Nothing here.")
    sheet.reading = report_on(sheet)
    return sheet


@pytest.mark.parametrize("names", [(), ("King, Lilly",), ("Roe, Jane", "King, Lilly", 'Q", "kind": "x, Ann')])
def test_sheet_survives_its_text(names: tuple[str, ...]) -> None:
    sheet = _sheet(*names)
    text = checked(write_sheet(sheet).encode())
    assert Sheet.from_dict(json.loads(text)) == sheet


def test_swims_of_one_person_are_found_in_the_text() -> None:
    quoted = 'Quote", "kind": "relay, Ann'
    relay = replace(a_swim("Lilly King"), kind="relay")
    sheet = _sheet("King, Lilly", "Roe, Jane\u2028", quoted, "King, Lilly")
    sheet.swims.append(relay)
    text = write_sheet(sheet)
    found = find_in_sheet(text, Wanted("Lilly King"))
    data = sheet.to_dict()
    assert found.swims == [data["swims"][0], data["swims"][3]]
    assert (found.swims_on_sheet, found.near) == (5, [])
    assert found.facts == {name: value for name, value in data.items() if name != "swims"}
    assert find_in_sheet(text, Wanted(quoted)).swims == [data["swims"][2]]


def test_the_text_is_json_with_one_swim_on_each_line() -> None:
    odd = [
        replace(a_swim("Line\nend \\ 'q' \"Q\" \x00 ÄЖ\u2028"), exhibition=True),
        replace(a_swim("1"), place=0, leg=1, box=(0.1, 12.5, 1e300, -0.30000001192092896), splits=['"', "1"]),
        replace(a_swim("null"), age="1", box=(1.0, 0.1, 2.0, 12.5)),
        replace(a_swim("Inf"), box=(float("inf"), 1.0, 2.0, 3.0)),
    ]
    sheet = Sheet('M "', None, "SCY", "hytek", 3, odd)
    data = sheet.to_dict()
    swims = data.pop("swims")
    first, *lines, last = write_sheet(sheet).split("\n")
    assert first == json.dumps(data, ensure_ascii=False)[:-1] + ', "swims": ['
    assert [line.removesuffix(",") for line in lines] == [json.dumps(swim, ensure_ascii=False) for swim in swims]
    assert [line[-1] for line in lines] == [",", ",", ",", "}"]
    assert last == "]}"


@pytest.mark.parametrize("at", [0, 1, 62, 63, 64, 65, 127, 128, 129])
@pytest.mark.parametrize("end", ["", ",,", ", ", "},"])
def test_every_line_of_a_long_answer_has_to_end_as_lines_do(at: int, end: str) -> None:
    text = write_sheet(_sheet(*(f"Roe, Jane {number}" for number in range(130))))
    assert checked(text.encode()) == text
    lines = text.split("\n")
    lines[at + 1] = lines[at + 1].removesuffix(",") + (end if at < 129 or end else ",")
    with pytest.raises(SandboxCrashed):
        checked("\n".join(lines).encode())


@pytest.mark.parametrize(
    ("printed", "forged"),
    [
        ('"place": 1,', '"place": true,'),
        ('"place": 1,', '"place": 1.0,'),
        ('"page": 1,', '"page": [1],'),
        ('"exhibition": false', '"exhibition": 0'),
        ('"kind": ', '"sort": '),
        ('"age": "21", ', ""),
    ],
)
def test_a_swim_of_other_fields_is_refused(printed: str, forged: str) -> None:
    text = write_sheet(_sheet(*["Roe, Jane"] * 3))
    before, found, behind = text.rpartition(printed)
    assert found
    with pytest.raises(SandboxCrashed):
        checked((before + forged + behind).encode())


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff",
        b"{}",
        b"[" * 100_000,
        b'{"meet": 1, "swims": [\n' + b"[" * 1000 + b"\n]}",
        b'{"meet": null, "dates": null, "course": null, "layout": "x", "pages": 1, "reason": null, "swims": [\n{}\n]}',
        write_sheet(_sheet("King, Lilly")).replace("11.00", "1" * 2**16).encode(),
        write_sheet(_sheet("King, Lilly")).replace('"age"', '"age":  "1", "age"').encode(),
        write_sheet(_sheet("King, Lilly")).encode() + b"\n",
        write_sheet(_sheet("King, Lilly")).replace('"confidence": "', '"confidence": "very ').encode(),
        write_sheet(replace(_sheet("King, Lilly"), reading=None)).encode(),
    ],
)
def test_answer_that_is_no_sheet_is_refused(answer: bytes) -> None:
    with pytest.raises(SandboxCrashed):
        checked(answer)


def _many_relays(path: Path) -> str:
    """A sheet of 11,000 swims, each with the long title of its event."""
    drawing = Drawing()
    legs = " ".join(f"{leg}) Swimmer, Ann 2{leg}" for leg in range(1, 9))
    for page in range(1, 26):
        drawing.page().line(f"Event {page}  Women 800 Yard Freestyle Relay {'Presented ' * 44}").relay_headers()
        for place in range(1, 56):
            drawing.y = 90 + 12 * place
            drawing.relay(str(place), "Lakeside", "A", final="9:50.00")
            drawing.y -= 6
            drawing.line(legs, indent=36)
    return drawing.save(path)


async def test_sheet_with_very_many_swims_comes_out_of_the_child(tmp_path: Path) -> None:
    """More than it could answer as JSON, which is decoded in one go while all else waits."""
    path = _many_relays(tmp_path / "sheet.pdf")
    sandbox = Sandbox(workers=1, memory_bytes=2**29, cpu_seconds=60, preload=("app.extractions.sheet",))
    try:
        lent = Lent((path,))
        answer: bytes = await sandbox.run("app.extractions.sheet:read_sheet_text", path, timeout=patient(60), lent=lent)
    finally:
        await sandbox.stop()
    assert len(answer) > 2**23
    assert find_in_sheet(checked(answer), Wanted("Ann Swimmer")).swims_on_sheet == 25 * 55 * 8
