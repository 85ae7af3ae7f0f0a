"""Files made to hurt their reader: each fails by itself, with a code, in a time that grows with its size."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from app.extractions.sheet import read_sheet
from app.extractions.sheet_errors import SheetError
from tests.extractions.files import hy3_writer, lenex_writer, sdif_writer
from tests.extractions.files.meets import random_meet
from tests.extractions.files.test_archives import zipped

MIB = 2**20
LENEX, _ = lenex_writer.write(random_meet(4))
HY3, _ = hy3_writer.write(random_meet(4))
SDIF, _ = sdif_writer.write(random_meet(4))


def code_of(tmp_path: Path, data: bytes, name: str = "results") -> str:
    path = tmp_path / "content"
    path.write_bytes(data)
    try:
        sheet = read_sheet(str(path), name)
    except SheetError as error:
        return error.code
    return f"{sheet.layout} {len(sheet.swims)} {sheet.reading and sheet.reading['confidence']}"


def lenex_bomb() -> bytes:
    """Ten entities, each ten times the one before: a gigabyte."""
    entities = '<!ENTITY a0 "aaaaaaaaaa">' + "".join(
        f'<!ENTITY a{number} "{f"&a{number - 1};" * 10}">' for number in range(1, 9)
    )
    return f'<?xml version="1.0"?><!DOCTYPE LENEX [{entities}]><LENEX version="&a8;"/>'.encode()


LENEX_FILES = {
    "entities that grow": (lenex_bomb(), "FILE_UNREADABLE"),
    "a file of the system": (
        b'<!DOCTYPE LENEX [<!ENTITY x SYSTEM "file:///etc/passwd">]><LENEX version="&x;"/>',
        "FILE_UNREADABLE",
    ),
    "an entity in its content": (
        b'<!DOCTYPE LENEX [<!ENTITY x SYSTEM "http://127.0.0.1/">]><LENEX>&x;</LENEX>',
        "FILE_UNREADABLE",
    ),
    "a parameter entity": (
        b'<!DOCTYPE LENEX [<!ENTITY % x SYSTEM "http://127.0.0.1/x.dtd"> %x;]><LENEX/>',
        "FILE_UNREADABLE",
    ),
    "deep": (b"<LENEX>" + b"<MEET>" * MIB, "RESOURCE_LIMIT"),
    "huge attribute": (b'<LENEX version="' + b"3" * (8 * MIB) + b'"/>', "lenex 0 high"),
    "attribute without end": (b'<LENEX version="' + b"3" * (8 * MIB), "FILE_UNREADABLE"),
    "cut off": (LENEX[: len(LENEX) * 2 // 3], "FILE_UNREADABLE"),
    "NULs": (LENEX[:900] + b"\0" * 100 + LENEX[900:], "FILE_UNREADABLE"),
    "unknown encoding": (b'<?xml version="1.0" encoding="x-moon"?><LENEX/>', "FILE_UNREADABLE"),
    "encoding of many bytes": (b'<?xml version="1.0" encoding="shift_jis"?><LENEX/>', "FILE_UNREADABLE"),
    "too many results": (
        b"<LENEX><MEETS><MEET><CLUBS><CLUB><ATHLETES><ATHLETE>" + b"<RESULT/>" * 200_001,
        "RESOURCE_LIMIT",
    ),
    "results of nothing": (b"<LENEX><CLUBS><RESULT/><RELAYPOSITION/><SPLIT/></CLUBS></LENEX>", "lenex 0 low"),
    "odd numbers": (
        LENEX.replace(b'distance="', b'distance="-').replace(b'place="', b'place="\xc2\xb2'),
        None,
    ),
}


@pytest.mark.parametrize("name", LENEX_FILES)
def test_lenex(tmp_path: Path, name: str) -> None:
    data, code = LENEX_FILES[name]
    found = code_of(tmp_path, data)
    assert code is None or found == code


@pytest.mark.parametrize("data", [HY3, SDIF], ids=["hy3", "sdif"])
def test_records(tmp_path: Path, data: bytes) -> None:
    kind = "hy3" if data is HY3 else "sdif"
    line = data.index(b"\n", 400) + 1
    assert code_of(tmp_path, data[:line] + b"E" * (31 * MIB)).endswith("low")
    assert code_of(tmp_path, data + b"\0" * MIB).startswith(kind)
    assert code_of(tmp_path, data.replace(b" ", b"\0")).startswith(kind)
    assert code_of(tmp_path, data[:line] + b"\r\n" * 1_000_001) == "RESOURCE_LIMIT"
    for end in range(
        0, len(data), 997
    ):  # cut off anywhere it is never an error, and never sure of itself in the middle
        code_of(tmp_path, data[:end])
    for position in range(0, len(data), 1499):
        code_of(tmp_path, data[:position] + b"\xff\0\x1a\xb2" + data[position + 4 :])


def test_line_of_two_hundred_megabytes(tmp_path: Path) -> None:
    assert code_of(tmp_path, HY3[:520] + b"E" * (200 * MIB)) == "RESOURCE_LIMIT"


def test_zip_bombs(tmp_path: Path) -> None:
    zeros = b"\0" * (33 * MIB)
    assert code_of(tmp_path, zipped({"a.hy3": HY3 + zeros})) == "RESOURCE_LIMIT"
    assert code_of(tmp_path, zipped({f"{number}.txt": zeros[: 3 * MIB] for number in range(12)})) == "RESOURCE_LIMIT"
    inner = zipped({"a.hy3": zeros})
    assert code_of(tmp_path, zipped({"a.lxf": inner, "b.lxf": inner})) == "RESOURCE_LIMIT"
    assert code_of(tmp_path, zipped({f"{number}": b"" for number in range(5_001)})) == "RESOURCE_LIMIT"


def test_zip_that_lies_about_its_sizes(tmp_path: Path) -> None:
    """Both places say 10 bytes; it unpacks to 40 MB."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(b"\0" * (40 * MIB)) + packed.flush()
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(body), 10, 1, 0) + b"a" + body
    sizes = (0, 0, 0, len(body), 10, 1, 0, 0, 0, 0, 0, 0)
    central = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, *sizes[:2], *sizes[2:]) + b"a"
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)
    assert code_of(tmp_path, local + central + end) == "FILE_UNREADABLE"


def test_encrypted_and_damaged_zips(tmp_path: Path) -> None:
    whole = zipped({"a.hy3": HY3})
    flagged = bytearray(whole)
    flagged[6] |= 1
    flagged[whole.index(b"PK\x01\x02") + 8] |= 1
    assert code_of(tmp_path, bytes(flagged)) == "FILE_ENCRYPTED"
    for end in range(4, len(whole), 211):
        assert code_of(tmp_path, whole[:end]) == "FILE_UNREADABLE"
    for position in range(30, len(whole), 53):
        code_of(tmp_path, whole[:position] + b"\xff\xff\xff" + whole[position + 3 :])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.hy3", HY3)
    assert code_of(tmp_path, packed.getvalue()) == "FILE_UNREADABLE"


PIECES = {
    "signs": b"<",
    "open tags": b"<a ",
    "open quotes": b'<a "',
    "comments": b"<!--",
    "tables": b"<table>",
    "tables in cells": b"<table><tr><td>x",
    "cells": b"<td>x",
    "wide cells": b"<td colspan=999 rowspan=999>1",
    "scripts": b"<script>",
    "hidden": b"<p hidden>",
    "entities": b"&amp;",
    "attributes": b"<p a a a a a a a a style=none>",
}


@pytest.mark.parametrize("name", PIECES)
def test_pages_take_time_in_proportion(tmp_path: Path, name: str) -> None:
    def seconds(size: int) -> float:
        began = time.process_time()
        code = code_of(tmp_path, b"<html><body>" + PIECES[name] * (size // len(PIECES[name])))
        assert code in ("FILE_UNREADABLE", "RESOURCE_LIMIT", "unknown 0 low")
        return time.process_time() - began

    seconds(MIB // 64)
    small, large = seconds(MIB // 8), seconds(MIB // 2)
    assert large < 12 * small + 0.2  # four times the size; sixteen times the time would be quadratic


def test_page_too_large_or_with_too_many_words(tmp_path: Path) -> None:
    assert code_of(tmp_path, b"<html>" + b"<p>x" * (3 * MIB)) == "RESOURCE_LIMIT"
    assert code_of(tmp_path, b"<html>" + b"x " * 600_000) == "RESOURCE_LIMIT"


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "results.hy3", "FILE_UNREADABLE"),
        (b"", "results.pdf", "PDF_UNREADABLE"),
        (b"hello", "results.lef", "FILE_UNREADABLE"),
        (b"<?xml version='1.0'?><svg/>", "drawing.svg", "FILE_UNREADABLE"),
        (b'{"a": 1}', "results.json", "FILE_UNREADABLE"),
        (bytes(range(256)) * 64, "results", "FILE_UNREADABLE"),
        (b"PK\x03\x04", "results.zip", "FILE_UNREADABLE"),
        (b"PK\x05\x06" + b"\0" * 18, "empty.zip", "FILE_UNREADABLE"),
    ],
)
def test_what_is_no_sheet_has_a_code(tmp_path: Path, data: bytes, name: str, code: str) -> None:
    assert code_of(tmp_path, data, name) == code
