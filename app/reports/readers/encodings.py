"""Which encoding a text file has, and reading its lines with the places noted where the bytes do not fit it."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.kit.text_decoding import (
    HIGH,
    SAMPLE,
    STRAY,
    UNDEFINED_IN_CP1252,
    guess_encoding,
    marked_encoding,
    telling_lines,
    wide_encoding,
)
from app.reports.notes import Note
from app.reports.table_errors import EMPTY_FILE, ENCODING_UNKNOWN, NOT_A_TABLE, TableError

CHUNK: Final = 1 << 20
MOST_LISTED: Final = 100
"""So many places of one kind of problem are listed; all are counted."""
MARK: Final = "\udc80"
"""Stands for bytes that the encoding has no character for. No decoder gives out a lone surrogate by itself."""
_CONTROL: Final = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MULTIBYTE_UTF8: Final = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
DAMAGE: Final = 0.01
"""Fewer bytes than this share of a file, that no Western encoding has, are damage and not an encoding of their own."""


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return MARK, error.end


codecs.register_error("reports.mark", _mark)


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec of Python by name, and whether a byte order mark names it. `notes` say what is doubtful."""

    name: str
    bom: bool = False
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class Problems:
    """What was met while reading lines: how much of it, and the first lines it was met on (from 1).

    `marks` are byte order marks that stand where none belongs, and are no part of the text.
    """

    undecodable: int = 0
    nul: int = 0
    marks: int = 0
    undecodable_lines: list[int] = field(default_factory=list)
    nul_lines: list[int] = field(default_factory=list)


def detect_encoding(path: Path) -> Encoding:
    """The encoding of a whole file; raises TableError when it is empty, binary or in no encoding that fits."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
        if marked := marked_encoding(sample):
            return Encoding(marked, bom=True)
        if wide := wide_encoding(sample):
            return Encoding(wide)
        if not sample.strip(b" \t\r\n\x00"):
            rest = any(piece.strip(b" \t\r\n\x00") for piece in iter(lambda: file.read(CHUNK), b""))
            if not rest:
                raise TableError(EMPTY_FILE, "There is nothing in the file.")
        _refuse_binary(sample)
        file.seek(0)
        high, multibyte, undefined, controls = 0, 0, 0, False
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        is_utf8, evidence = True, bytearray()
        for piece in iter(lambda: file.read(CHUNK), b""):
            if piece.isascii():
                is_utf8 = is_utf8 and _decodes(decoder, piece)
                continue
            is_utf8 = is_utf8 and _decodes(decoder, piece)
            if not is_utf8 or high == 0:
                found = len(HIGH.findall(piece))
                high += found
                multibyte += sum(map(len, _MULTIBYTE_UTF8.findall(piece)))
                undefined += len(UNDEFINED_IN_CP1252.findall(piece))
                controls = controls or re.search(rb"[\x80-\x9f]", piece) is not None
                if len(evidence) < SAMPLE:
                    evidence += telling_lines(piece)
        is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    if is_utf8 or multibyte * 2 > high:
        return Encoding("utf-8")
    if undefined and high < path.stat().st_size * DAMAGE:
        return Encoding("utf-8")
    return Encoding(_single_byte(bytes(evidence), high, undefined, has_controls=controls))


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_binary(sample: bytes) -> None:
    controls = len(_CONTROL.findall(sample))
    if controls > len(sample) * 0.02 + 1 or sample.count(0) > len(sample) * 0.3:
        raise TableError(NOT_A_TABLE, "The file is neither text nor a kind of table that can be read.")


def _single_byte(evidence: bytes, high: int, undefined: int, *, has_controls: bool) -> str:
    """The encoding of text that is not UTF-8: another script's if there is enough to tell it by, else a Western one."""
    if guessed := guess_encoding(evidence):
        return guessed
    if not has_controls:
        return "latin-1"
    if undefined <= high * STRAY:
        return "cp1252"
    raise TableError(ENCODING_UNKNOWN, "The text is in no encoding that fits; save it as UTF-8 and send it again.")


def open_text(path: Path, encoding: Encoding, newline: str = "\r") -> io.TextIOWrapper:
    """The text of a file, line ends as they are; bytes that do not fit become MARK.

    Only where lines end with CR does one by itself end a line.
    """
    ends = "" if newline == "\r" else "\n"
    return io.TextIOWrapper(path.open("rb", buffering=CHUNK), encoding.name, "reports.mark", newline=ends)


def noted_lines(text: Iterator[str], problems: Problems) -> Iterator[str]:
    """The lines, without NULs and with U+FFFD where bytes did not fit; what was met is noted in `problems`."""
    for number, line in enumerate(text, 1):
        if "\x00" in line:
            problems.nul += line.count("\x00")
            if len(problems.nul_lines) < MOST_LISTED:
                problems.nul_lines.append(number)
            line = line.replace("\x00", "")
        if not line.isascii():
            if MARK in line:
                problems.undecodable += line.count(MARK)
                if len(problems.undecodable_lines) < MOST_LISTED:
                    problems.undecodable_lines.append(number)
                line = line.replace(MARK, "\N{REPLACEMENT CHARACTER}")
            if line[0] == "\ufeff":
                problems.marks += 1
                line = line.lstrip("\ufeff")
        yield line
