"""LENEX, HY-TEK's and SDIF's files: what was written is what is read, field for field."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from app.extractions.sheet import read_sheet
from app.extractions.swims import Sheet
from tests.extractions.files import hy3_writer, lenex_writer, sdif_writer
from tests.extractions.files.meets import random_meet
from tests.extractions.files.truth import comparable, dates_of

KINDS = {"hy3": hy3_writer, "lenex": lenex_writer, "sdif": sdif_writer}


def read(tmp_path: Path, data: bytes, name: str = "results") -> Sheet:
    path = tmp_path / "content"
    path.write_bytes(data)
    return read_sheet(str(path), name)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("layout", KINDS)
def test_all_rows_with_all_fields(tmp_path: Path, layout: str, seed: int) -> None:
    meet = random_meet(seed)
    data, truth = KINDS[layout].write(meet)
    sheet = read(tmp_path, data)
    assert comparable(sheet.swims) == comparable(truth)
    assert (sheet.layout, sheet.meet, sheet.dates, sheet.course) == (layout, meet.name, dates_of(meet), meet.course)
    assert sheet.reading is not None
    assert (sheet.reading["confidence"], sheet.reading["unread"]) == ("high", 0)


@pytest.mark.parametrize("writer", KINDS.values(), ids=KINDS)
def test_file_with_entries_only_is_named(tmp_path: Path, writer: ModuleType) -> None:
    sheet = read(tmp_path, writer.write(random_meet(3, results=False))[0])
    assert (sheet.layout, sheet.swims) == ("start_list", [])
    assert "entries but no results" in (sheet.reason or "")


@pytest.mark.parametrize("writer", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings(tmp_path: Path, writer: ModuleType, encoding: str) -> None:
    data, truth = writer.write(random_meet(2))
    text = data.decode("utf-8" if writer is lenex_writer else "cp1252")
    if encoding.startswith("utf-16"):
        text = text.replace('encoding="UTF-8"', 'encoding="UTF-16"')
    if writer is hy3_writer and encoding != "cp1252":
        text = "\n".join(line[:128] for line in text.splitlines())  # its checksums are those of another encoding
    assert not text.isascii()
    assert comparable(read(tmp_path, text.encode(encoding)).swims) == comparable(truth)


def test_lenex_that_names_the_wrong_encoding_or_another_one(tmp_path: Path) -> None:
    data, truth = lenex_writer.write(random_meet(2))
    text = data.decode()
    for encoding in ("iso-8859-1", "windows-1252"):
        named = text.replace('encoding="UTF-8"', f'encoding="{encoding}"').encode(encoding)
        assert comparable(read(tmp_path, named).swims) == comparable(truth)


def test_lenex_result_of_two_age_groups_is_a_row_in_each(tmp_path: Path) -> None:
    sheet = read(tmp_path, LENEX)
    rows = [
        (swim.name, swim.section, swim.place, swim.round, swim.status, swim.time, swim.points) for swim in sheet.swims
    ]
    assert rows == [
        ("van der Moor, Ada", "Open", 2, "swim_off", "OK", "1:02.50", "512"),
        ("van der Moor, Ada", "Junior", 1, "swim_off", "OK", "1:02.50", "512"),
        ("Onda, Emi", "Quarterfinals, Open", None, "prelim", "SCR", None, None),
    ]
    first, *_, last = sheet.swims
    assert first.seed_or_prelim is None
    assert (first.event, first.splits, first.age, first.birth_date) == (
        "Women, 100m Backstroke",
        ["30.10"],
        "2008",
        None,
    )
    assert (last.event, last.birth_date, last.seed_or_prelim) == ("Women, 50m Freestyle Kick", "2009-05-04", "40.00")


def test_what_lenex_does_not_know_is_counted_and_not_claimed(tmp_path: Path) -> None:
    strange = LENEX.replace(b'status="WDR"', b'status="MOON"')
    sheet = read(tmp_path, strange)
    assert len(sheet.swims) == 2
    assert sheet.reading is not None
    assert [(one["code"], one["count"]) for one in sheet.reading["warnings"]] == [("RECORDS_NOT_READ", 1)]
    assert sheet.reading["confidence"] == "low"  # one of two is more than a fifth


def test_lenex_with_records_only(tmp_path: Path) -> None:
    records = b'<LENEX version="3.0"><RECORDLISTS><RECORDLIST><RECORDS><RECORD swimtime="00:00:20.91"/></RECORDS>'
    sheet = read(tmp_path, records + b"</RECORDLIST></RECORDLISTS></LENEX>")
    assert (sheet.layout, sheet.swims) == ("records", [])


@pytest.mark.parametrize("writer", [hy3_writer, sdif_writer])
def test_records_that_cannot_be_read_are_counted_with_their_lines(tmp_path: Path, writer: ModuleType) -> None:
    data, truth = writer.write(random_meet(2))
    lines = data.decode("cp1252").split("\r\n")
    swum = [index for index, line in enumerate(lines) if line[:2] in ("E2", "D0")]
    broken = swum[len(swum) // 2]
    lines[broken] = lines[broken][:30]
    lines.insert(4, "QQ something else")
    sheet = read(tmp_path, "\r\n".join(lines).encode("cp1252"))
    assert 0 < len(sheet.swims) < len(truth)
    assert sheet.reading is not None
    assert sheet.reading["confidence"] != "high"
    assert sheet.reading["unread_lines"][0]["text"] == "line 5: QQ something else"
    counted = next(one for one in sheet.reading["warnings"] if one["code"] == "RECORDS_NOT_READ")
    assert (counted["count"] >= 2, "line 5" in counted["message"]) == (True, True)


def test_changed_hy3_record_is_read_and_reported(tmp_path: Path) -> None:
    data, truth = hy3_writer.write(random_meet(2))
    sheet = read(tmp_path, data.replace(b"Hy-Tek, Ltd", b"zzzzzzzzzzz"))
    assert comparable(sheet.swims) == comparable(truth)
    assert sheet.reading is not None
    assert [one["code"] for one in sheet.reading["warnings"]] == ["CHECKSUMS_WRONG"]
    assert sheet.reading["confidence"] == "check"


def test_sdif_without_its_end_or_with_records_missing_is_not_sure(tmp_path: Path) -> None:
    data, _ = sdif_writer.write(random_meet(2))
    lines = data.split(b"\r\n")
    missing = next(index for index, line in enumerate(lines) if line.startswith(b"D0"))
    for changed, code in ((lines[:-2], "FILE_CUT_OFF"), (lines[:missing] + lines[missing + 1 :], "RECORDS_MISSING")):
        reading = read(tmp_path, b"\r\n".join(changed)).reading
        assert reading is not None
        assert code in [one["code"] for one in reading["warnings"]]
        assert reading["confidence"] == "check"


def test_sdif_of_best_times_is_no_meet(tmp_path: Path) -> None:
    sheet = read(tmp_path, sdif_writer.write(random_meet(2), kind="16")[0])
    assert (sheet.layout, sheet.swims) == ("top_times", [])


def test_dates_with_the_day_first_are_told_by_the_file(tmp_path: Path) -> None:
    meet = random_meet(2)
    people = [replace(person, born=person.born.replace(day=25)) for person in meet.people]
    born = {person.number: person.born for person in people}
    data, _ = sdif_writer.write(meet)
    text = data.decode("cp1252")
    for person in meet.people:
        text = text.replace(f"{person.born:%m%d%Y}", f"{born[person.number]:%d%m%Y}")
    first, last = meet.days
    text = text.replace(f"{first:%m%d%Y}", f"{first:%d%m%Y}").replace(f"{last:%m%d%Y}", f"{last:%d%m%Y}")
    sheet = read(tmp_path, text.encode("cp1252"))
    assert sheet.dates == dates_of(meet)
    assert {swim.birth_date for swim in sheet.swims if swim.birth_date} <= {f"{day}" for day in born.values()}


def test_dives_have_points(tmp_path: Path) -> None:
    lines = [
        hy3_writer.record((1, "A107")),
        hy3_writer.record((1, "B1"), (3, "Diving Cup"), (93, "06232026"), (101, "06232026")),
        hy3_writer.record((1, "C1"), (3, "PTS"), (8, "Puerto Sur")),
        hy3_writer.record((1, "D1F"), (4, "    7"), (9, "Onda"), (29, "Emi"), (97, " 11"), (100, "So")),
        hy3_writer.record(
            (1, "E1F"), (4, "    7"), (14, "FG"), (21, "5"), (22, "G"), (23, "  0 12"), (39, " 52"), (43, "   58.40")
        ),
        hy3_writer.record((1, "E2F"), (4, "  105.25"), (12, "Y"), (30, "   1")),
    ]
    (swim,) = read(tmp_path, "\r\n".join(lines).encode()).swims
    assert (swim.kind, swim.event, swim.time) == ("diving", "Girls 12 & Under 3 mtr Diving", "105.25")
    assert (swim.seed_or_prelim, swim.place, swim.age) == ("58.40", 1, "11")


def test_declared_false_start_and_school_year(tmp_path: Path) -> None:
    lines = [
        hy3_writer.record((1, "A107")),
        hy3_writer.record((1, "B1"), (3, "School Cup")),
        hy3_writer.record((1, "C1"), (3, "PTS"), (8, "Puerto Sur")),
        hy3_writer.record((1, "D1F"), (4, "    7"), (9, "Onda"), (29, "Emi"), (97, "  0"), (100, "So")),
        hy3_writer.record(
            (1, "E1F"), (4, "    7"), (14, "FW"), (16, "   100"), (22, "E"), (23, "  0109"), (39, "  5"), (51, "Y")
        ),
        hy3_writer.record((1, "E2F"), (4, "    0.00"), (12, "Y"), (13, "Q7B")),
        hy3_writer.record((1, "H17B"), (5, "Declared false start")),
    ]
    (swim,) = read(tmp_path, "\r\n".join(lines).encode()).swims
    assert (swim.status, swim.note, swim.age, swim.event) == ("DFS", "Declared false start", "SO", "Women 100 Yard IM")


LENEX = b"""<?xml version="1.0" encoding="UTF-8"?>
<LENEX version="3.0"><MEETS><MEET name="Bay Cup" course="LCM"><SESSIONS><SESSION date="2026-03-01" number="1"><EVENTS>
<EVENT eventid="1" number="4" gender="F" round="SOP"><SWIMSTYLE distance="100" relaycount="1" stroke="BACK"/><AGEGROUPS>
<AGEGROUP agegroupid="1" name="Open"><RANKINGS><RANKING place="2" resultid="9"/></RANKINGS></AGEGROUP>
<AGEGROUP agegroupid="2" name="Junior"><RANKINGS><RANKING place="1" resultid="9"/></RANKINGS></AGEGROUP></AGEGROUPS>
</EVENT><EVENT eventid="2" number="5" gender="F" round="QUA">
<SWIMSTYLE distance="50" relaycount="1" stroke="FREE" technique="KICK"/>
<AGEGROUPS><AGEGROUP agegroupid="1" name="Open"/></AGEGROUPS></EVENT>
</EVENTS></SESSION></SESSIONS><CLUBS><CLUB name="Puerto Sur"><ATHLETES>
<ATHLETE athleteid="1" nameprefix="van der" lastname="Moor" firstname="Ada" birthdate="2008-01-01"><RESULTS>
<RESULT resultid="9" eventid="1" swimtime="00:01:02.50" points="512"><SPLITS>
<SPLIT distance="50" swimtime="00:00:30.10"/></SPLITS></RESULT></RESULTS></ATHLETE>
<ATHLETE athleteid="2" lastname="Onda" firstname="Emi" birthdate="2009-05-04">
<ENTRIES><ENTRY eventid="2" entrytime="00:00:40.00"/></ENTRIES>
<RESULTS><RESULT resultid="10" eventid="2" swimtime="NT" status="WDR"/></RESULTS></ATHLETE>
</ATHLETES></CLUB></CLUBS></MEET></MEETS></LENEX>"""
