"""Text tables whose structure is not that of the textbook: stray quotes, headers of several lines, frames, footers."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from app.reports.table_errors import TableError
from tests.reports.test_delimited import profile

INCH = 'sku,name,price\n1,"Monitor 12"",99\n2,"Cable",5\n3,"Stand",20\n4,"Mouse",9\n5,"Hub",15\n'


def names_of(found: dict[str, Any]) -> list[str]:
    return [column["name"] for column in found["columns"]]


def codes_of(found: dict[str, Any]) -> set[str]:
    return {note["code"] for note in found["notes"]}


def values_of(found: dict[str, Any], place: int) -> set[Any]:
    return {entry["value"] for entry in found["columns"][place]["top_values"]}


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (INCH, {'Monitor 12"', "Cable", "Stand", "Mouse", "Hub"}),
        ('id,name,price\n1,"Big" Jim,2\n2,"Bob",3\n', {'"Big" Jim', "Bob"}),
        ('id,name,price\n1,"say "hi", now",2\n2,"Bob",3\n', {'say "hi", now', "Bob"}),
        ('"id","name","price"\n"1","12" nail","2"\n"2","5" nail","3"\n', {'12" nail', '5" nail'}),
        ('id,name,price\n1,12" nail,2\n2,5" nail,3\n', {'12" nail', '5" nail'}),
        ('id,name,price\n1,"{"a": 1, "b": 2}",2\n2,"{}",3\n', {'{"a": 1, "b": 2}', "{}"}),
        ("id,name,price\n1,'O''Brien',2\n2,'Smith',3\n", {"O'Brien", "Smith"}),
        ('id,name,price\n1,"12 inch,2\n2,plain,3\n3,inch 12",4\n', {'"12 inch', "plain", 'inch 12"'}),
    ],
)
def test_stray_quotes_cost_no_line(tmp_path: Path, content: str, values: set[str]) -> None:
    found = profile(tmp_path, content.encode())
    assert found["rows"] == content.count("\n") - 1
    assert values_of(found, 1) == values
    assert [found["columns"][place]["type"] for place in (0, 2)] == ["integer", "integer"]


def test_mended_quotes_are_said_with_their_lines(tmp_path: Path) -> None:
    found = profile(tmp_path, INCH.encode())
    (said,) = found["notes"]
    assert (said["code"], said["count"], said["lines"], found["confidence"]) == ("QUOTES_MENDED", 1, [2], "check")


@pytest.mark.parametrize(
    "value",
    ["line one\nline two", "12 Main St, Springfield\nIL, USA", "a,b\n\nc,d", 'he said ""hi""\n, and left', "\n"],
)
def test_line_breaks_inside_quotes_stay(tmp_path: Path, value: str) -> None:
    rows = "".join(f'{n},"{value}",{n}\n' for n in range(1, 8))
    found = profile(tmp_path, f"id,note,n\n{rows}".encode())
    assert found["rows"] == 7
    assert found["columns"][2]["max"] == 7
    assert not codes_of(found)


def test_many_quotes_that_never_close_are_read_in_time(tmp_path: Path) -> None:
    rows = "".join(f'{n},"open {n},{n}\n' if n % 3 else f"{n},plain,{n}\n" for n in range(30_000))
    found = profile(tmp_path, f"id,note,n\n{rows}".encode())
    assert (found["rows"], found["columns"][2]["max"]) == (30_000, 29_999)
    assert "QUOTE_NEVER_CLOSES" in codes_of(found)


@pytest.mark.parametrize(
    ("content", "names", "rows", "codes"),
    [
        ("name,name,city\nAda,Lovelace,London\nAlan,Turing,Wilmslow\n", ["name", "name_2", "city"], 2, set()),
        (
            ",2019,2019,2020\nRegion,Sales,Profit,Sales\nN,1,2,3\nS,4,5,6\n",
            ["Region", "2019 Sales"],
            2,
            {"HEADER_LINES"},
        ),
        (",2019,,2020,\nRegion,a,b,a,b\nN,1,2,3,4\nS,4,5,6,7\n", ["Region", "2019 a", "2019 b"], 2, {"HEADER_LINES"}),
        (",2023,\nRegion,Q1,Q2\nNorth,2,4\nSouth,3,5\n", ["Region", "2023 Q1", "2023 Q2"], 2, {"HEADER_LINES"}),
        ("day,n\n#date,#affected+f\n2024-01-01,3\n2024-01-02,4\n", ["day", "n"], 2, {"HEADER_LINES"}),
        ("depth,temp\nm,°C\n1,2.5\n2,3.5\n", ["depth", "temp"], 2, {"HEADER_LINES"}),
        (
            '"Acc:","12",\n\n"From:","01.01.2012",\n\n"D","T","A","C"\n01.01.2012,x,1,y\n02.01.2012,z,2,y\n',
            ["D"],
            2,
            {"PREAMBLE_SKIPPED"},
        ),
        ("country,2001,2002\nFR,1,2\nDE,3,4\n", ["country", "2001", "2002"], 2, set()),
        (",a,b\nx,1,2\ny,3,4\n", ["column_1", "a", "b"], 2, set()),
        ("name,age\nAda,unknown\nBob,33\nCyd,44\n", ["name", "age"], 3, set()),
        ("a,b\n1,2\na,b\n3,4\n", ["a", "b"], 2, {"HEADER_REPEATED"}),
        ("a,b,c\n1,2,3\n# halfway\n4,5,6\n", ["a", "b", "c"], 2, {"COMMENTS_LEFT_OUT"}),
        ("a,b,c\n1,2,3\n4,5,6\n(2 rows)\n", ["a", "b", "c"], 2, {"FOOTER_LEFT_OUT"}),
        ("a,b,c\n1,2,3\n4,5,6\n\nSource: the office\n", ["a", "b", "c"], 2, {"FOOTER_LEFT_OUT"}),
        ("what,n\nx,1\ny,2\nTotal,3\n", ["what", "n"], 3, {"TOTAL_ROW"}),
        ("no,n\n1,1\n2,2\nTotal,3\n", ["no", "n"], 2, {"FOOTER_LEFT_OUT"}),
        ("day,n,m\n2024-01-01,1,2\n2024-01-02,2,3\n\nBalance,3,5\n", ["day", "n"], 2, {"FOOTER_LEFT_OUT"}),
        ("a,b,c\n1,2,3\n,,\n4,5,6\n,,\n,,\n", ["a", "b", "c"], 2, set()),
        ("id,country\n1,NO\n2,NO\n3,SE\n4,NO\n", ["id", "country"], 4, set()),
        ("a,b,c\nlong words,of,a question\n1,2,3\n4,5,6\n", ["a", "b", "c"], 2, {"HEADER_LINES"}),
        ("April 8;1\nApril 9;2\n", ["column_1", "column_2"], 2, set()),
        ("red,small\nblue,large\nred,large\nblue,small\n", ["column_1", "column_2"], 4, {"HEADER_DOUBT"}),
        ("Ada,Oslo\nBob,Rome\n", ["Ada", "Oslo"], 1, {"HEADER_DOUBT"}),
    ],
)
def test_what_names_the_columns(tmp_path: Path, content: str, names: list[str], rows: int, codes: set[str]) -> None:
    found = profile(tmp_path, content.encode())
    assert names_of(found)[: len(names)] == names
    assert (found["rows"], codes_of(found)) == (rows, codes)


@pytest.mark.parametrize(
    "content",
    [
        " id | name  | n\n----+-------+---\n  1 | Ada   | 5\n  2 | Grace | 6\n(2 rows)\n",
        "+--+-----+-+\n|id|name |n|\n+--+-----+-+\n| 1|Ada  |5|\n| 2|Grace|6|\n+--+-----+-+\n",
        "| id | name | n |\n|---:|------|---|\n| 1 | Ada | 5 |\n| 2 | Grace | 6 |\n",
        "id name  n\n-- ----- -\n1  Ada   5\n2  Grace 6\n",
        "ID     NAME     N\n1      Ada      5\n2      Grace    6\n",
        "id||name||n\n1||Ada||5\n2||Grace||6\n",
        "id|~|name|~|n\n1|~|Ada|~|5\n2|~|Grace|~|6\n",
        'id, name, n\n1, "Ada", 5\n2, "Grace", 6\n',
        "\ufeff\ufeffid,name,n\n1,Ada,5\n2,Grace,6\n",
        "sep=;\r\nid;name;n\r\n1;Ada;5\r\n2;Grace;6\r\n",
        "id,name,n\r\r\n1,Ada,5\r\r\n2,Grace,6\r\r\n",
        "id,name,n,\n1,Ada,5,\n2,Grace,6,\n",
        "id,name,n\n1,Ada,5,\n2,Grace,6,\n",
        "|id|name|n|\n|1|Ada|5|\n|2|Grace|6|\n",
        "id\x01name\x01n\n1\x01Ada\x015\n2\x01Grace\x016\n",
        "id name n\n1 Ada 5\n2 Grace 6\n",
    ],
)
def test_the_same_table_however_it_is_drawn(tmp_path: Path, content: str) -> None:
    found = profile(tmp_path, content.encode(), "table.txt")
    assert [name.lower() for name in names_of(found)[:3]] == ["id", "name", "n"]
    assert (found["rows"], found["columns"][0]["type"], found["columns"][2]["max"]) == (2, "integer", 6)
    assert found["column_count"] == 3
    assert values_of(found, 1) == {"Ada", "Grace"}


@pytest.mark.parametrize("value", ["one\rtwo", '"one\rtwo"'])
@pytest.mark.parametrize("place", [0, 3])
def test_a_carriage_return_inside_a_value_stays(tmp_path: Path, value: str, place: int) -> None:
    rows = [f"{n},x,{n}" for n in range(5)]
    rows[place] = f"9,{value},9"
    found = profile(tmp_path, ("id,note,n\n" + "\n".join(rows)).encode())
    assert (found["rows"], found["columns"][2]["max"], found["problems"]["ragged_rows"]) == (5, 9, 0)
    assert "one\rtwo" in values_of(found, 1)


def test_the_delimiter_can_be_decided(tmp_path: Path) -> None:
    content = b"a;b,c\n1;2,3\n4;5,6\n"
    assert names_of(profile(tmp_path, content, delimiter="semicolon")) == ["a", "b,c"]
    assert names_of(profile(tmp_path, content, delimiter=",")) == ["a;b", "c"]


def test_prose_is_still_no_table(tmp_path: Path) -> None:
    text = "It was a bright cold day in April,\nand the clocks were striking; nobody\nlooked at them for 13 years.\n"
    with pytest.raises(TableError, match="NOT_A_TABLE"):
        profile(tmp_path, text.encode(), "story.txt")


@pytest.mark.parametrize("header", ["at\n", ""])
def test_the_blank_inside_a_moment_divides_no_columns(tmp_path: Path, header: str) -> None:
    moments = [f"2024-01-{day:02d} {hour:02d}:30:00" for day in range(1, 29) for hour in range(24)]
    found = profile(tmp_path, (header + "\n".join(moments) + "\nnot yet\n").encode())
    (column,) = found["columns"]
    assert (found["header"], found["rows"]) == (bool(header), len(moments) + 1)
    assert (column["type"], column["distinct"], column["misfits"]) == ("timestamp", len(moments), 1)


@pytest.mark.parametrize("line", [" " * 300_000 + "a", "-" * 300_000, "+-" * 150_000, "'," * 150_000, '"x" ' * 50_000])
def test_hostile_lines_are_read_in_time(tmp_path: Path, line: str) -> None:
    began = process_time()
    with suppress(TableError):
        profile(tmp_path, f"{line}\n{line}\n".encode())
    assert process_time() - began < 20
